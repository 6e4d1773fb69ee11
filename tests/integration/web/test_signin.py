"""The first account, signing in, and what does not let anybody in."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import httpx2
import pytest

from bot.web.signin import safe_next
from storage.enums import InvitePurpose, Role
from storage.queries import users
from tests.integration.web.conftest import CSRF, PASSWORD, Office, code_of
from tests.loopback import NO_TLS

SECRET = re.compile(r'id="secret"[^>]*>([A-Z2-7 ]+)<')
CODES = re.compile(r"<li><code>([a-z2-7-]+)</code></li>")


async def submit(
    browser: httpx2.AsyncClient, page: str, action: str, **fields: str
) -> httpx2.Response:
    """Open a page and send its form, as a browser does."""
    token = CSRF.search((await browser.get(page)).text)
    assert token is not None
    return await browser.post(action, data={"csrf": unescape(token[1]), **fields})


async def sign_in(
    browser: httpx2.AsyncClient, login: str, password: str, code: str
) -> httpx2.Response:
    return await submit(browser, "/signin", "/signin", login=login, password=password, code=code)


@pytest.fixture
async def browser(small_office: Office) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=small_office.url, timeout=20, verify=NO_TLS)


async def test_the_first_run_makes_one_admin_and_no_second(office: Office) -> None:
    token = await office.link(InvitePurpose.SETUP)
    async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as browser:
        entered = {"company": "杭州远山", "name": "王敏", "login": "wangmin"}
        weak = await submit(
            browser, f"/setup/{token}", f"/setup/{token}", **entered, password="wangmin2026"
        )
        assert weak.status_code == 422
        assert "杭州远山" in weak.text
        assert "wangmin2026" not in weak.text
        sent = await submit(
            browser, f"/setup/{token}", f"/setup/{token}", **entered, password=PASSWORD
        )
        assert (sent.status_code, sent.headers["location"]) == (303, f"/setup/{token}/totp")
        assert await office.road.database.read(users.count_users) == 0  # nothing before the code
        page = (await browser.get(f"/setup/{token}/totp")).text
        found = SECRET.search(page)
        assert found is not None
        secret = found[1].replace(" ", "")
        wrong = await submit(browser, f"/setup/{token}/totp", f"/setup/{token}/totp", code="000000")
        assert wrong.status_code == 422
        done = await submit(
            browser, f"/setup/{token}/totp", f"/setup/{token}/totp", code=code_of(secret)
        )
        assert done.status_code == 200
        codes = CODES.findall(done.text)
        assert len(set(codes)) == 10
        console = await browser.get("/console/alerts")
        assert console.status_code == 200
        assert "杭州远山" in console.text
        assert office.road.rulebook.company == "杭州远山"
    again = await office.http.get(f"/setup/{token}")
    assert again.status_code == 404
    late = await office.link(InvitePurpose.SETUP)
    assert (await office.http.get(f"/setup/{late}")).status_code == 404
    async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as other:
        entered_by = await sign_in(other, "wangmin", PASSWORD, codes[0])
        assert entered_by.status_code == 303
        used = await sign_in(other, "wangmin", PASSWORD, codes[0])
        assert used.status_code == 401


async def test_an_invited_colleague_keeps_role_and_login(office: Office) -> None:
    admin = await office.user("admin", Role.HR_ADMIN)
    invited = await office.write(
        lambda tx: users.create_user(tx, login="lilei", name="李磊", role=Role.MANAGER)
    )
    token = await office.link(InvitePurpose.SETUP, user_id=invited)
    async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as browser:
        page = await browser.get(f"/setup/{token}")
        assert 'value="lilei"' in page.text
        sent = await submit(
            browser, f"/setup/{token}", f"/setup/{token}",
            company="另一家公司", name="李磊", login="root", password=PASSWORD,
        )  # fmt: skip
        assert sent.status_code == 303
        found = SECRET.search((await browser.get(f"/setup/{token}/totp")).text)
        assert found is not None
        done = await submit(
            browser, f"/setup/{token}/totp", f"/setup/{token}/totp",
            code=code_of(found[1].replace(" ", "")),
        )  # fmt: skip
        assert 'href="/console"' in done.text  # leads on to the first page this role may open
        assert (await browser.get("/console", follow_redirects=True)).status_code == 200
        assert (await browser.get("/console/candidates")).status_code == 200
        assert (await browser.get("/console/alerts")).status_code == 403
    row = await office.road.database.read(lambda tx: users.get_user(tx, invited))
    assert (row.login, row.role) == ("lilei", "manager")
    assert "远山科技" in (await office.get(admin, "/console/alerts")).text


async def test_password_and_code_open_a_session_and_a_code_works_once(office: Office) -> None:
    secret = await office.account("wangmin")
    code = code_of(secret)
    async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as browser:
        done = await sign_in(browser, "wangmin", PASSWORD, code)
        assert done.status_code == 303
        cookie = done.headers["set-cookie"]
        assert all(part in cookie for part in ("sid=", "HttpOnly", "SameSite=lax", "Path=/"))
        assert (await browser.get("/console/alerts")).status_code == 200
    async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as other:
        assert (await sign_in(other, "wangmin", PASSWORD, code)).status_code == 401


async def test_every_wrong_sign_in_is_answered_alike(office: Office) -> None:
    secret = await office.account("wangmin")
    wrong = (
        ("nobody", PASSWORD, "123456"),
        ("admin", "admin", "000000"),
        ("wangmin", "not the password", code_of(secret)),
        ("wangmin", PASSWORD, "000000"),
    )
    pages = []
    for login, password, code in wrong:
        async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as browser:
            answer = await sign_in(browser, login, password, code)
            assert answer.status_code == 401
            assert password not in answer.text or password == "admin"
            pages.append(re.sub(r'value="[^"]*"| autofocus|\?v=\w+', "", answer.text))
    assert len(set(pages)) == 1


async def test_five_failures_make_the_sixth_wait_and_time_forgives(office: Office) -> None:
    secret = await office.account("wangmin")
    async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as browser:
        for _ in range(5):
            assert (await sign_in(browser, "wangmin", "wrong", "1")).status_code == 401
        right = await sign_in(browser, "wangmin", PASSWORD, code_of(secret))
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) > 0
        office.clock.advance(timedelta(seconds=31))
        assert (await sign_in(browser, "wangmin", PASSWORD, code_of(secret))).status_code == 303


async def test_one_address_may_not_try_everybody(small_office: Office) -> None:
    who = small_office.site.hidden("address", small_office.site.hidden("ip", "127.0.0.1")[:32])
    await small_office.write(lambda tx: users.failed(tx, [who] * 20))
    secret = await small_office.account("wangmin")
    async with httpx2.AsyncClient(base_url=small_office.url, timeout=20, verify=NO_TLS) as browser:
        assert (await sign_in(browser, "wangmin", PASSWORD, code_of(secret))).status_code == 429
        small_office.clock.advance(timedelta(minutes=5, seconds=1))
        assert (await sign_in(browser, "wangmin", PASSWORD, code_of(secret))).status_code == 303


async def test_a_sign_in_link_works_once(small_office: Office) -> None:
    user = await small_office.user("demo", Role.HR_ADMIN)
    token = await small_office.link(InvitePurpose.SIGNIN, user_id=user.id)
    async with httpx2.AsyncClient(base_url=small_office.url, timeout=20, verify=NO_TLS) as browser:
        assert (await browser.get(f"/signin/{token}")).status_code == 303
        assert (await browser.get("/console/alerts")).status_code == 200
    assert (await small_office.http.get(f"/signin/{token}")).status_code == 404


async def test_signing_out_ends_the_session_everywhere_it_is_known(small_office: Office) -> None:
    user = await small_office.user("wangmin", Role.HR)
    out = await small_office.post(user, "/console/signout")
    assert out.status_code == 303
    assert '"cookies"' in out.headers["clear-site-data"]
    again = await small_office.get(user, "/console/alerts")
    assert again.headers["location"].startswith("/signin?next=/console/alerts&ended=1")


@pytest.mark.parametrize(("role", "minutes"), [(Role.HR, 30), (Role.HR_ADMIN, 15)])
async def test_an_idle_session_ends(small_office: Office, role: Role, minutes: int) -> None:
    user = await small_office.user("wangmin", role)
    small_office.clock.advance(timedelta(minutes=minutes - 1))
    assert (await small_office.get(user, "/console/alerts")).status_code == 200
    small_office.clock.advance(timedelta(minutes=minutes - 1))
    page = await small_office.get(user, "/console/alerts")
    assert page.status_code == 200
    small_office.clock.advance(timedelta(minutes=minutes + 1))
    assert (await small_office.get(user, "/console/alerts")).status_code == 303


async def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(
    small_office: Office,
) -> None:
    user = await small_office.user("wangmin", Role.HR)
    for _ in range(3):
        small_office.clock.advance(timedelta(minutes=11))
        page = await small_office.get(
            user, "/console/alerts", **{"HX-Request": "true", "HX-Trigger": "alert-list-refresh"}
        )
    assert page.headers["hx-redirect"].startswith("/signin")


async def test_a_changed_role_or_a_disabled_account_counts_on_the_next_call(
    small_office: Office,
) -> None:
    user = await small_office.user("wangmin", Role.HR)
    assert (await small_office.get(user, "/console/alerts")).status_code == 200
    await small_office.write(lambda tx: users.change_user(tx, user.id, role="manager"))
    assert (await small_office.get(user, "/console/alerts")).status_code == 303


async def test_only_pages_of_the_console_are_gone_on_to() -> None:
    assert safe_next("/console/candidates/c_abc") == "/console/candidates/c_abc"
    for foreign in (
        "//evil.cn", "https:evil", "/\\evil", "/console/../x", "/console//evil.cn",
        "/console%0d%0aSet-Cookie:a=b", "javascript:alert(1)", "/signin", "",
    ):  # fmt: skip
        assert safe_next(foreign) == "/console"

"""Attacks on joining by sign-in: A08 of the security reference, login CSRF and fixation, A36."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

from bot.web.limits import Buckets
from storage.enums import Role
from tests.integration.web.conftest import Office
from tests.integration.web.stands import Stand, Visitor, asked, visitor, way_in
from tests.integration.web.test_join import bound, hall, invited, kept, links, tied


@pytest.fixture
async def both(database_url: str, tmp_path: Path) -> Any:
    """An office with WeCom on each kind of database."""
    async with hall(database_url, tmp_path, "wecom") as (office, [stand]):
        yield office, stand


@pytest.fixture
async def small(sqlite_url: str, tmp_path: Path) -> Any:
    """An office with WeCom where the kind of database makes no difference."""
    async with hall(sqlite_url, tmp_path, "wecom") as (office, [stand]):
        yield office, stand


async def refused_as_state(office: Office, browser: Visitor, url: str) -> None:
    """Turned away with a page that says so, and nothing of it stays."""
    before = await kept(office)
    page = await browser.open(url)
    assert page.status_code == 403, url
    assert "这次登录不能继续" in page.text
    assert await kept(office) == before


async def test_a08_only_the_state_of_this_browser_s_own_page_is_taken(
    small: tuple[Office, Stand],
) -> None:
    office, stand = small
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    stand.lina.confirm()
    async with visitor() as mine, visitor() as other:
        back = await mine.signs_in(made.url)
        theirs = asked(await other.signs_in(made.url))["state"]
        state = asked(back)["state"]
        for wrong in (
            back.replace(f"&state={state}", ""),
            back.replace(state, ""),
            back.replace(state, theirs),
            back.replace(state, state[:-1]),
            back.replace(state, f"{state}0"),
            back.replace(state, state.upper()),
            back.replace(state, "%E7%8A%B6%E6%80%81"),
            back.replace(state, "%ED%A0%80"),
            back.replace(state, "x" * 3000),
        ):
            assert wrong != back
            await refused_as_state(office, mine, wrong)
        async with visitor() as nobody:
            await refused_as_state(office, nobody, back)
        await refused_as_state(office, other, back)
        assert (await mine.open(back)).status_code == 200
    await office.until(lambda: tied(office, stand, stand.lina.address, hr.id))
    notes = [one for one in await links(office, "invite.join") if one.outcome == "refused"]
    assert {(one.object, one.details["why"]) for one in notes} == {(made.id, "state")}
    assert len(notes) == 10  # each but the one that brought no cookie of ours
    assert all(one.ip_hmac and one.request_id for one in notes)


async def test_a08_a_state_is_good_once_whoever_kept_the_cookie(
    both: tuple[Office, Stand],
) -> None:
    office, stand = both
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    stand.lina.confirm()
    async with visitor() as browser, visitor() as thief:
        back = await browser.signs_in(made.url)
        stolen = {"Cookie": f"join={browser.http.cookies['join']}"}
        done = await browser.open(back)
        assert done.status_code == 200
        gone = SimpleCookie(done.headers["set-cookie"])["join"]
        assert (gone.value, gone["max-age"]) == ("", "0")
        await refused_as_state(office, browser, back)
        before = await kept(office)
        stand.zhao.confirm()
        fresh = asked(await thief.signs_in(made.url))["code"]
        replay = back.replace(asked(back)["code"], fresh)
        page = await thief.http.get(replay, headers=stolen)
        assert page.status_code == 403
        assert (await kept(office))[1] == before[1]
    assert await bound(office, stand, stand.zhao.address) is None


async def test_a08_a_state_lives_five_minutes(small: tuple[Office, Stand]) -> None:
    office, stand = small
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    stand.lina.confirm()
    async with visitor() as browser:
        back = await browser.signs_in(made.url)
        office.clock.advance(timedelta(minutes=5))
        await refused_as_state(office, browser, back)
        back = await browser.signs_in(made.url)
        office.clock.advance(timedelta(minutes=4, seconds=50))
        assert (await browser.open(back)).status_code == 200


async def test_a08_a_state_of_one_platform_is_none_at_another(
    sqlite_url: str, tmp_path: Path
) -> None:
    names = ("dingtalk", "wecom")
    async with hall(sqlite_url, tmp_path, *names) as (office, [dingtalk, wecom]):
        hr = await office.user("hr", Role.HR)
        made = await invited(office, hr, dingtalk)
        dingtalk.lina.confirm()
        async with visitor() as browser:
            back = asked(await browser.signs_in(made.url))
            code = wecom.fake.oauth_code(wecom.fake.member("LiNa"))
            there = f"{office.url}/join/wecom?code={code}&state={back['state']}"
            await refused_as_state(office, browser, there)
            before = await kept(office)
            swapped = f"{office.url}/join/dingtalk?authCode={code}&state={back['state']}"
            page = await browser.open(swapped)
            assert (page.status_code, "没有确认" in page.text) == (403, True)
            assert await kept(office) == before
            # The name of another platform's code is not the name of this one's.
            back = asked(await browser.signs_in(made.url))
            plain = f"{office.url}/join/dingtalk?code={back['authCode']}&state={back['state']}"
            assert (await browser.open(plain)).status_code == 400


async def test_a08_a_cookie_that_is_not_ours_is_none(small: tuple[Office, Stand]) -> None:
    office, stand = small
    made = await invited(office, await office.user("hr", Role.HR), stand)
    stand.lina.confirm()
    async with visitor() as browser:
        back = await browser.signs_in(made.url)
        good = browser.http.cookies["join"]
        changed = f"{good[:-4]}{'AAAA' if good[-4:] != 'AAAA' else 'BBBB'}"
        browser.http.cookies.clear()
        for value in ("", "x", "é", "a.b.c", "v1.AAAA.BBBB.CCCC.DDDD", "=" * 3000, changed):
            header = f"join={value}".encode("utf-8", "surrogatepass")
            before = await kept(office)
            page = await browser.http.get(back, headers=[(b"Cookie", header)])
            assert page.status_code == 403
            assert await kept(office) == before


async def test_login_csrf_a_victim_is_not_tied_by_an_attacker_s_link(
    small: tuple[Office, Stand],
) -> None:
    """The attacker begins with their own invite and lets the victim's browser end it."""
    office, stand = small
    attacker = await office.user("mallory", Role.HR)
    made = await invited(office, attacker, stand)
    async with visitor() as theirs, visitor() as victim:
        stand.zhao.confirm()
        back = await theirs.signs_in(made.url)
        await refused_as_state(office, victim, back)
        # Nor does it help that the victim is half-way through an invite of their own.
        own = await invited(office, await office.user("victim", Role.HR), stand)
        await victim.open(own.url)
        await refused_as_state(office, victim, back)
        # The platform's page, opened with a state of the attacker's, sends to nowhere.
        stand.lina.confirm()
        forged = way_in((await theirs.open(made.url)).text)
        sent = await victim.open(forged)
        await refused_as_state(office, victim, sent.headers["location"])
    for who in (stand.lina, stand.zhao):
        assert await bound(office, stand, who.address) is None


async def test_nothing_begins_without_a_press_on_our_own_page(
    small: tuple[Office, Stand],
) -> None:
    """No address of ours leads to the platform by itself, so no foreign page can start it."""
    office, stand = small
    made = await invited(office, await office.user("hr", Role.HR), stand)
    stand.lina.confirm()
    async with visitor() as browser:
        for address in (made.url, f"{office.url}/join/wecom", f"{made.url}/go"):
            answer = await browser.open(address)
            assert "location" not in answer.headers
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        for method in ("POST", "PUT", "DELETE"):
            assert (await browser.http.request(method, made.url)).status_code == 405
    assert stand.told().count("oauth2") + stand.told().count("wwlogin") == 0


async def test_the_cookie_is_held_to_this_host_and_kept_from_scripts(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with hall(sqlite_url, tmp_path, "wecom", secure=True) as (office, [stand]):
        made = await invited(office, await office.user("hr", Role.HR), stand)
        async with visitor() as browser:
            page = await browser.open(made.url)
        [(name, cookie)] = SimpleCookie(page.headers["set-cookie"]).items()
        assert name == "__Host-join"
        assert (cookie["path"], cookie["max-age"], cookie["domain"]) == ("/", "300", "")
        assert (cookie["secure"], cookie["httponly"]) == (True, True)
        assert cookie["samesite"] == "lax"
        token, state = made.url.rpartition("/")[2], asked(way_in(page.text))["state"]
        assert token not in cookie.value
        assert state not in cookie.value


@pytest.mark.parametrize("name", ["dingtalk", "feishu", "wecom"])
async def test_a_code_the_platform_refuses_ties_nobody_and_one_may_begin_again(
    sqlite_url: str, tmp_path: Path, name: str
) -> None:
    async with hall(sqlite_url, tmp_path, name) as (office, [stand]):
        hr = await office.user("hr", Role.HR)
        made = await invited(office, hr, stand)
        sign_in = stand.channel.limits.sign_in
        assert sign_in is not None
        stand.lina.confirm()
        async with visitor() as browser:
            before = await kept(office)
            for code, status, words in (
                ("never", 403, "没有确认您的身份"),
                ("", 400, "没有完成"),
            ):
                back = await browser.signs_in(made.url)
                good = asked(back)[sign_in.code]
                page = await browser.open(back.replace(good, code))
                assert (page.status_code, words in page.text) == (status, True)
                assert way_in(page.text) == made.url.removeprefix(office.url)
            back = await browser.signs_in(made.url)
            stand.down()
            page = await browser.open(back)
            assert (page.status_code, "暂时连不上" in page.text) == (503, True)
            assert int(page.headers["retry-after"]) > 0
            assert await kept(office) == before
            assert (await browser.joins(made.url)).status_code == 200
        await office.until(lambda: tied(office, stand, stand.lina.address, hr.id))


async def test_a08_somebody_of_another_company_is_nobody_here(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with hall(sqlite_url, tmp_path, "dingtalk", "wecom") as (office, [dingtalk, wecom]):
        hr = await office.user("hr", Role.HR)
        outsiders = {
            dingtalk: lambda: dingtalk.fake.sign_in_as(dingtalk.fake.outsider("un-out")),
            wecom: lambda: wecom.fake.sign_in_as(wecom.fake.customer("小王")),
        }
        async with visitor() as browser:
            for stand, arrives in outsiders.items():
                made = await invited(office, hr, stand)
                arrives()
                before = await kept(office)
                page = await browser.joins(made.url)
                assert (page.status_code, "不是本企业" in page.text) == (403, True)
                assert await kept(office) == before
        notes = await links(office, "invite.join")
        assert [(one.outcome, one.details["why"]) for one in notes] == [("refused", "code")] * 2


async def test_a36_one_address_asks_no_more_than_its_pace(sqlite_url: str, tmp_path: Path) -> None:
    pace = Buckets(rate=0.01, burst=3)
    async with hall(sqlite_url, tmp_path, "wecom", join_pace=pace) as (office, [stand]):
        made = await invited(office, await office.user("hr", Role.HR), stand)
        async with visitor() as browser:
            seen = [(await browser.open(made.url)).status_code for _ in range(4)]
            late = await browser.open(f"{office.url}/join/wecom?state=x&code=y")
        assert seen == [200, 200, 200, 429]
        assert (late.status_code, late.headers["content-type"][:9]) == (429, "text/html")
        assert int(late.headers["retry-after"]) > 0


async def test_what_cannot_be_stored_is_said(small: tuple[Office, Stand]) -> None:
    office, stand = small
    made = await invited(office, await office.user("hr", Role.HR), stand)
    stand.lina.confirm()
    async with visitor() as browser:
        back = await browser.signs_in(made.url)
        office.road.database.close()
        page = await browser.open(back)
    assert (page.status_code, page.headers["content-type"][:9]) == (503, "text/html")

"""/console/settings: connecting the platforms alerts arrive on, and choosing between them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from storage.enums import InvitePurpose, Role
from storage.queries import users
from tests.integration.web.conftest import PASSWORD, Office, Person, code_of, cookie_header
from tests.integration.web.stands import Stand, visitor
from tests.integration.web.test_chat import SALARY, open_alerts
from tests.integration.web.test_join import hall, links, tied
from tests.integration.web.test_signin import SECRET, submit
from tests.loopback import NO_TLS

HOME = "/console/settings"


@pytest.fixture
async def two(sqlite_url: str, tmp_path: Path) -> AsyncIterator[tuple[Office, Stand, Stand]]:
    """An office with DingTalk and WeCom."""
    names = ("dingtalk", "wecom")
    async with hall(sqlite_url, tmp_path, *names) as (office, [dingtalk, wecom]):
        yield office, dingtalk, wecom


async def connect(office: Office, who: Person, stand: Stand) -> None:
    """As people do it: the button, the link, the sign-in."""
    page = await office.post(who, f"{HOME}/chats/{stand.name}")
    assert page.status_code == 200
    found = re.search(rf'value="({office.url}/join/{stand.name}/[\w-]+)"', page.text)
    assert found, page.text
    stand.lina.confirm()
    async with visitor() as browser:
        assert (await browser.joins(found[1])).status_code == 200
    await office.until(lambda: tied(office, stand, stand.lina.address, who.id))


def row(html: str, channel: str) -> str:
    """The line of one platform, as text."""
    [found] = [
        part for part in html.split("<li>")[1:] if f"/console/settings/chats/{channel}" in part
    ]
    return re.sub(r"<[^>]+>|\s+", " ", found.partition("</li>")[0])


async def test_every_platform_that_carries_cards_is_offered(
    two: tuple[Office, Stand, Stand],
) -> None:
    office, *_ = two
    hr = await office.user("hr", Role.HR)
    page = (await office.get(hr, HOME)).text
    for channel in ("dingtalk", "wecom"):
        assert "未连接" in row(page, channel)
    assert "chats/webchat" not in page
    assert "chats/telegram" not in page
    for off in ("webchat", "telegram", "nothing"):
        answer = await office.post(hr, f"{HOME}/chats/{off}")
        assert (answer.status_code, "没有启用" in answer.text) == (409, True)


async def test_cards_go_to_the_one_connected_last_or_chosen_and_to_no_other(
    two: tuple[Office, Stand, Stand],
) -> None:
    office, dingtalk, wecom = two
    hr = await office.user("hr", Role.HR)
    await connect(office, hr, wecom)
    assert "预警发到这里" in row((await office.get(hr, HOME)).text, "wecom")
    await connect(office, hr, dingtalk)
    page = (await office.get(hr, HOME)).text
    assert "预警发到这里" in row(page, "dingtalk")
    assert "预警改发到这里" in row(page, "wecom")

    async def alarmed(name: str, there: Stand, elsewhere: Stand) -> None:
        quiet = cards(elsewhere)
        candidate = await office.candidate(name, owner=hr.id)
        token = await office.chat(candidate)
        await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
        await office.until(lambda: open_alerts(office, candidate))

        async def came() -> bool:
            return name in cards(there)

        await office.until(came)
        assert cards(elsewhere) == quiet

    await alarmed("欧阳知远", dingtalk, wecom)
    moved = await office.post(hr, f"{HOME}/chats/wecom/prefer")
    assert moved.headers["location"] == f"{HOME}?said=chat_preferred"
    assert "预警发到这里" in row((await office.get(hr, HOME)).text, "wecom")
    await alarmed("司马清流", wecom, dingtalk)
    [chosen] = await links(office, "user.prefer_chat")
    assert (chosen.object, chosen.details) == (hr.id, {"channel": "wecom"})


def cards(stand: Stand) -> str:
    """Everything that was sent to anybody there, as one text."""
    if stand.name == "wecom":
        sent = [one.body for one in stand.fake.state.calls if one.endpoint == "message/send"]
    else:
        sent = [one.body for one in stand.fake.calls if "oToMessages" in one.path]
        sent += [one.body for one in stand.fake.calls if "/card/" in one.path]
    return str(sent)


async def test_what_is_disconnected_is_nobodys_and_may_be_connected_again(
    two: tuple[Office, Stand, Stand],
) -> None:
    office, _, wecom = two
    hr = await office.user("hr", Role.HR)
    await connect(office, hr, wecom)
    for _ in range(2):
        done = await office.post(hr, f"{HOME}/chats/wecom/unlink")
        assert done.headers["location"] == f"{HOME}?said=chat_unlinked"
    assert len(await links(office, "user.unlink")) == 1
    assert "未连接" in row((await office.get(hr, HOME)).text, "wecom")
    none = await office.post(hr, f"{HOME}/chats/wecom/prefer")
    assert none.status_code == 409
    await connect(office, hr, wecom)


async def test_nobody_chooses_or_disconnects_for_somebody_else(
    two: tuple[Office, Stand, Stand],
) -> None:
    office, _, wecom = two
    hr, other = await office.user("hr", Role.HR), await office.user("other", Role.HR)
    await connect(office, hr, wecom)
    await office.post(other, f"{HOME}/chats/wecom/unlink")
    await office.post(other, f"{HOME}/chats/wecom/prefer")
    assert await tied(office, wecom, wecom.lina.address, hr.id)
    foreign = await office.http.post(
        f"{HOME}/chats/wecom/unlink",
        data={"csrf": other.csrf},
        headers=cookie_header(hr),
    )
    assert foreign.status_code == 403
    accounts = await office.road.database.read(lambda tx: users.chat_accounts(tx, hr.id))
    assert [one.channel for one in accounts] == ["wecom"]


async def test_an_account_on_a_platform_that_stopped_can_still_be_let_go(
    two: tuple[Office, Stand, Stand],
) -> None:
    office, dingtalk, wecom = two
    hr = await office.user("hr", Role.HR)
    await connect(office, hr, dingtalk)
    await connect(office, hr, wecom)
    channels = dict(office.road.channels)
    del channels["wecom"]
    office.road.channels = channels
    page = (await office.get(hr, HOME)).text
    assert "渠道已停用" in row(page, "wecom")
    assert "预警发到这里" in row(page, "dingtalk")
    assert (await office.post(hr, f"{HOME}/chats/wecom/prefer")).status_code == 409
    await office.post(hr, f"{HOME}/chats/wecom/unlink")
    assert "chats/wecom" not in (await office.get(hr, HOME)).text


async def test_the_first_account_is_led_to_where_alerts_are_connected(
    two: tuple[Office, Stand, Stand],
) -> None:
    office, *_ = two
    token = await office.link(InvitePurpose.SETUP)
    here = f"/setup/{token}"
    async with httpx2.AsyncClient(base_url=office.url, timeout=20, verify=NO_TLS) as browser:
        await submit(
            browser, here, here, company="杭州远山", name="王敏", login="wangmin", password=PASSWORD
        )
        secret = SECRET.search((await browser.get(f"{here}/totp")).text)
        assert secret is not None
        code = code_of(secret[1].replace(" ", ""))
        saved = await submit(browser, f"{here}/totp", f"{here}/totp", code=code)
        assert 'href="/console/settings"' in saved.text
        assert "在哪里收到预警" in (await browser.get(HOME)).text

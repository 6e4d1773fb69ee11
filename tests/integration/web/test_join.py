"""An invite by sign-in: who opens it, signs in on the platform, and is tied like everybody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from bot import desk
from bot.channels.base import Channel
from bot.desk import Invited
from storage.database import Tx
from storage.enums import Role, Stage
from storage.queries import alerts, audit, invites, users
from storage.queries.common import table, update
from storage.tables import Identity, Invite, Message
from tests.integration.web.conftest import Office, Person, running, viewer
from tests.integration.web.stands import (
    PHONE_IN_WECOM,
    STANDS,
    Stand,
    asked,
    visitor,
    way_in,
    written,
)


@asynccontextmanager
async def hall(
    database_url: str, folder: Path, *names: str, **more: Any
) -> AsyncIterator[tuple[Office, list[Stand]]]:
    """An office with these platforms."""
    async with AsyncExitStack() as stack:
        stands = [await stack.enter_async_context(STANDS[name]()) for name in names]
        channels: dict[str, Channel] = {stand.name: stand.channel for stand in stands}
        yield (
            await stack.enter_async_context(
                running(database_url, folder, channels=lambda _: channels, **more)
            ),
            stands,
        )


@pytest.fixture(params=sorted(STANDS))
async def each(
    request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Office, Stand]]:
    """An office with each of the platforms."""
    async with hall(sqlite_url, tmp_path, request.param) as (office, [stand]):
        yield office, stand


@pytest.fixture
async def both(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Office, Stand]]:
    """An office with WeCom on each kind of database."""
    async with hall(database_url, tmp_path, "wecom") as (office, [stand]):
        yield office, stand


@pytest.fixture
async def small(sqlite_url: str, tmp_path: Path) -> AsyncIterator[tuple[Office, Stand]]:
    """The same where the kind of database makes no difference."""
    async with hall(sqlite_url, tmp_path, "wecom") as (office, [stand]):
        yield office, stand


async def invited(office: Office, who: Person, stand: Stand, **more: Any) -> Invited:
    return await desk.invite_colleague(office.road, viewer(who), who.id, stand.name, **more)


async def bound(office: Office, stand: Stand, address: str) -> Any:
    return await office.road.database.read(lambda tx: invites.bound(tx, stand.name, address))


async def tied(office: Office, stand: Stand, address: str, user_id: str) -> bool:
    found = await bound(office, stand, address)
    return found is not None and found.user_id == user_id


async def kept(office: Office) -> tuple[int, int]:
    """How many messages and how many chats are stored."""

    def read(tx: Tx) -> tuple[int, int]:
        counts = [
            tx.scalar(sa.select(sa.func.count()).select_from(table(model)))
            for model in (Message, Identity)
        ]
        return counts[0], counts[1]

    return await office.road.database.read(read)


async def links(office: Office, action: str) -> list[Any]:
    rows = await office.road.database.read(lambda tx: list(audit.entries(tx)))
    return [row for row in rows if row.action == action]


# The whole way


async def test_a_colleague_signs_in_and_is_tied_greeted_and_alerted(
    each: tuple[Office, Stand],
) -> None:
    office, stand = each
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    assert made.url.startswith(f"{office.url}/join/{stand.name}/")
    stand.lina.confirm()
    async with visitor() as browser:
        page = await browser.open(made.url)
        assert "姓名hr" in page.text
        assert "远山科技" in page.text
        done = await browser.joins(made.url)
    assert done.status_code == 200
    assert "已连接，请回到聊天" in done.text
    await office.until(lambda: tied(office, stand, stand.lina.address, hr.id))

    async def greeted() -> bool:
        return any("姓名hr" in text for text in stand.lina.texts())

    await office.until(greeted)
    assert stand.zhao.texts() == []
    [receiver] = await office.road.database.read(
        lambda tx: alerts.receivers(tx, hr.id, office.road.channels)
    )
    assert receiver.channel == stand.name
    [bind] = await links(office, "identity.bind")
    assert (bind.object, bind.details["channel"]) == (hr.id, stand.name)
    assert [one.outcome for one in await links(office, "invite.join")] == ["done"]


async def test_who_has_joined_is_tied_as_the_candidate_they_were(
    both: tuple[Office, Stand],
) -> None:
    office, stand = both
    joiner = await office.candidate("沈知远", stage=Stage.ONBOARDED)
    key = await office.key()
    made = await office.http.post(
        f"/api/v1/candidates/{joiner}/invites", json={"channel": "wecom"}, headers=key
    )
    url = made.json()["url"]
    assert url.startswith(f"{office.url}/join/wecom/")
    stand.lina.confirm()
    async with visitor() as browser:
        page = await browser.open(url)
        assert "沈知远" in page.text
        assert "招聘助手" in page.text
        assert (await browser.joins(url)).status_code == 200

    async def theirs() -> bool:
        found = await bound(office, stand, stand.lina.address)
        return found is not None and found.candidate_id == joiner

    await office.until(theirs)


async def test_somebody_who_has_not_joined_is_no_member_unless_it_is_said(
    small: tuple[Office, Stand],
) -> None:
    office, _ = small
    person = await office.candidate(stage=Stage.ACCEPTED)
    key, path = await office.key(), f"/api/v1/candidates/{person}/invites"
    plain = await office.http.post(path, json={"channel": "wecom"}, headers=key)
    assert plain.status_code == 503  # customer service is off here, and nothing else reaches them
    said = await office.http.post(path, json={"channel": "wecom", "member": True}, headers=key)
    assert said.json()["url"].startswith(f"{office.url}/join/wecom/")
    joined = await office.candidate(stage=Stage.CONFIRMED)
    path = f"/api/v1/candidates/{joined}/invites"
    denied = await office.http.post(path, json={"channel": "wecom", "member": False}, headers=key)
    assert denied.status_code == 503


async def test_the_token_reaches_neither_platform_nor_log_nor_referrer(
    each: tuple[Office, Stand], caplog: pytest.LogCaptureFixture
) -> None:
    office, stand = each
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    token = made.url.rpartition("/")[2]
    stand.lina.confirm()
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as lines:
        async with visitor() as browser:
            page = await browser.open(made.url)
            assert token not in page.text
            assert page.headers["referrer-policy"] == "no-referrer"
            assert page.headers["cache-control"] == "no-store"
            assert token not in written(dict(page.headers))
            done = await browser.joins(made.url)
            assert done.headers["referrer-policy"] == "no-referrer"
            assert token not in done.text
        await office.until(lambda: tied(office, stand, stand.lina.address, hr.id))
    assert stand.told().count("'state'") == 1
    assert token not in stand.told()
    [asked_for] = [one for one in lines if one.get("route") == "/join/{channel}/{token}"][:1]
    assert asked_for["status"] == 200
    ours = [line.getMessage() for line in caplog.records if line.name.startswith("bot")]
    assert token not in written(lines) + written(ours)


async def test_looking_at_an_invite_uses_nothing_up(small: tuple[Office, Stand]) -> None:
    office, stand = small
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    before = await kept(office)
    async with visitor() as browser:
        states = {asked(way_in((await browser.open(made.url)).text))["state"] for _ in range(3)}
    assert len(states) == 3
    assert all(len(state) == 64 and state.isalnum() for state in states)
    assert await kept(office) == before
    stand.lina.confirm()
    async with visitor() as browser:
        assert (await browser.joins(made.url)).status_code == 200


async def test_the_platforms_own_browser_gets_the_form_made_for_it(
    small: tuple[Office, Stand],
) -> None:
    office, stand = small
    made = await invited(office, await office.user("hr", Role.HR), stand)
    async with visitor() as desktop, visitor(**{"User-Agent": PHONE_IN_WECOM}) as phone:
        outside, inside = await desktop.open(made.url), await phone.open(made.url)
    assert "/wwlogin/sso/login?" in way_in(outside.text)
    assert "用企业微信扫码" in outside.text
    assert "/connect/oauth2/authorize?" in way_in(inside.text)
    assert way_in(inside.text).endswith("#wechat_redirect")
    assert "用企业微信扫码" not in inside.text
    for page in (outside, inside):
        redirect = asked(way_in(page.text))["redirect_uri"]
        assert redirect == f"{office.url}/join/wecom"


async def test_of_two_who_sign_in_at_once_one_is_tied(both: tuple[Office, Stand]) -> None:
    office, stand = both
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    async with visitor() as first, visitor() as second:
        stand.lina.confirm()
        one = await first.signs_in(made.url)
        stand.zhao.confirm()
        two = await second.signs_in(made.url)
        pages = await asyncio.gather(first.open(one), second.open(two))
    assert {page.status_code for page in pages} <= {200, 410}

    async def settled() -> Any:
        found = [await bound(office, stand, who.address) for who in (stand.lina, stand.zhao)]
        return [row.user_id for row in found if row is not None and row.user_id]

    assert await office.until(settled) == [hr.id]

    async def told() -> bool:
        loser = stand.zhao if await tied(office, stand, stand.lina.address, hr.id) else stand.lina
        refused = [page for page in pages if page.status_code == 410]
        return bool(refused) or any("失效" in text for text in loser.texts())

    await office.until(told)


# What an invite is worth


async def test_an_invite_that_is_not_good_says_so_and_keeps_nothing(
    both: tuple[Office, Stand],
) -> None:
    office, stand = both
    hr, gone = await office.user("hr", Role.HR), await office.user("gone", Role.HR)
    used, late, revoked, orphan = [
        (await invited(office, who, stand, days=days)).url
        for who, days in ((hr, 9), (hr, 1), (hr, 9), (gone, 9))
    ]

    def spoil(tx: Tx) -> None:
        invite = table(Invite)
        for url, change in ((used, {"used_at": tx.now}), (revoked, {"revoked_at": tx.now})):
            digest = invites.token_hash(url.rpartition("/")[2])
            update(tx, Invite, invite.c.token_hash == digest, **change)
        users.change_user(tx, gone.id, disabled_at=tx.now)

    await office.write(spoil)
    office.clock.advance(timedelta(days=2))
    before = await kept(office)
    expected = {
        used: (410, "已经用过"),
        late: (410, "已经失效"),
        revoked: (410, "已经失效"),
        orphan: (410, "已经失效"),
        f"{office.url}/join/wecom/{'x' * 43}": (404, "找不到这个邀请"),
        f"{office.url}/join/wecom/%E4%BD%A0": (404, "找不到这个邀请"),
        f"{office.url}/join/webchat/{'x' * 43}": (404, "404"),
        f"{office.url}/join/telegram/{'x' * 43}": (404, "404"),
        f"{office.url}/join/nothing": (404, "404"),
    }
    async with visitor() as browser:
        for url, (status, words) in expected.items():
            page = await browser.open(url)
            assert page.status_code == status, url
            assert words in page.text
            assert page.headers["content-type"].startswith("text/html")
            assert "set-cookie" not in page.headers
    assert await kept(office) == before


async def test_a_token_of_another_channel_or_purpose_is_unknown(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with hall(sqlite_url, tmp_path, "wecom", "dingtalk") as (office, [wecom, dingtalk]):
        hr = await office.user("hr", Role.HR)
        made = await invited(office, hr, dingtalk)
        token = made.url.rpartition("/")[2]
        chat = await office.chat(await office.candidate())
        async with visitor() as browser:
            for strange in (token, chat):
                page = await browser.open(f"{office.url}/join/wecom/{strange}")
                assert page.status_code == 404
                assert "姓名hr" not in page.text
            wecom.lina.confirm()
            dingtalk.lina.confirm()
            assert (await browser.joins(made.url)).status_code == 200


async def test_an_invite_that_ends_on_the_way_ties_nobody(both: tuple[Office, Stand]) -> None:
    office, stand = both
    hr = await office.user("hr", Role.HR)
    made = await invited(office, hr, stand)
    stand.lina.confirm()
    before = await kept(office)
    async with visitor() as browser:
        back = await browser.signs_in(made.url)
        await office.write(
            lambda tx: update(tx, Invite, table(Invite).c.id == made.id, expires_at=tx.now)
        )
        page = await browser.open(back)
    assert (page.status_code, "已经失效" in page.text) == (410, True)
    assert await kept(office) == before
    [note] = await links(office, "invite.join")
    assert (note.outcome, note.details["why"]) == ("refused", "expired")


async def test_an_account_that_is_somebody_elses_stays_theirs(both: tuple[Office, Stand]) -> None:
    office, stand = both
    hr, other = await office.user("hr", Role.HR), await office.user("other", Role.HR)
    stand.lina.confirm()
    async with visitor() as browser:
        first = await invited(office, hr, stand)
        assert (await browser.joins(first.url)).status_code == 200
        await office.until(lambda: tied(office, stand, stand.lina.address, hr.id))
        before = await kept(office)
        second = await invited(office, other, stand)
        page = await browser.joins(second.url)
        assert (page.status_code, "已经连接过" in page.text) == (409, True)
        assert "姓名hr" not in page.text
        assert await tied(office, stand, stand.lina.address, hr.id)
        assert (await kept(office))[1] == before[1]
        again = await invited(office, hr, stand)
        assert (await browser.joins(again.url)).status_code == 200

    async def known() -> bool:
        return any("我在" in text for text in stand.lina.texts())

    await office.until(known)

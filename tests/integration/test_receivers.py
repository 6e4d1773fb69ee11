"""Where an alert's card goes when a colleague is found on several platforms: to one of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pytest

from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import Role
from storage.queries import alerts, intake, users
from storage.queries.common import table, update
from storage.tables import Identity
from storage.vault import Vault
from tests.clock import FakeClock

ALL = ("dingtalk", "feishu", "telegram", "wecom")


@dataclass(kw_only=True)
class Team:
    """Colleagues, and the accounts they tied, one after the other."""

    database: Database
    clock: FakeClock
    vault: Vault

    async def colleague(self, login: str, role: Role = Role.HR) -> str:
        return await self.database.write(
            lambda tx: users.create_user(tx, login=login, name=login, role=role)
        )

    async def ties(self, user_id: str, channel: str, address: str = "") -> None:
        self.clock.advance(60)
        where = channel, address or user_id

        def work(tx: Tx) -> None:
            intake.open_conversation(tx, self.vault, *where)
            identity = table(Identity)
            here = (identity.c.channel == channel) & (identity.c.address == where[1])
            update(tx, Identity, here, user_id=user_id, linked_at=tx.now)

        await self.database.write(work)

    async def loses(self, user_id: str, channel: str) -> None:
        await self.database.write(
            lambda tx: intake.set_reachable(tx, channel, user_id, reachable=False)
        )

    async def to(self, owner: str | None, channels: Collection[str] = ALL) -> list[str]:
        rows = await self.database.read(lambda tx: alerts.receivers(tx, owner, channels))
        return sorted(row.channel for row in rows)

    async def prefers(self, user_id: str, channel: str) -> bool:
        self.clock.advance(60)
        return await self.database.write(lambda tx: users.prefer_chat(tx, user_id, channel))


@pytest.fixture
def team(database: Database, clock: FakeClock) -> Team:
    return Team(database=database, clock=clock, vault=Vault(Keystore.generate()))


async def test_a_card_goes_to_the_account_tied_last(team: Team) -> None:
    hr = await team.colleague("hr")
    assert await team.to(hr) == []
    for channel in ("wecom", "telegram", "dingtalk"):
        await team.ties(hr, channel)
        assert await team.to(hr) == [channel]


async def test_a_choice_outweighs_what_was_tied_before_it_until_something_newer_is(
    team: Team,
) -> None:
    hr = await team.colleague("hr")
    for channel in ("wecom", "telegram"):
        await team.ties(hr, channel)
    assert await team.prefers(hr, "wecom")
    assert await team.to(hr) == ["wecom"]
    assert not await team.prefers(hr, "feishu")
    assert await team.to(hr) == ["wecom"]
    await team.ties(hr, "dingtalk")
    assert await team.to(hr) == ["dingtalk"]


async def test_where_it_cannot_arrive_the_next_one_takes_it(team: Team) -> None:
    hr = await team.colleague("hr")
    for channel in ("wecom", "telegram", "dingtalk"):
        await team.ties(hr, channel)
    await team.loses(hr, "dingtalk")
    assert await team.to(hr) == ["telegram"]
    assert await team.to(hr, ("webchat", "wecom")) == ["wecom"]
    assert await team.to(hr, ()) == []
    await team.database.write(lambda tx: users.unlink_chat(tx, hr, "telegram"))
    assert await team.to(hr) == ["wecom"]


async def test_two_accounts_of_one_platform_are_one_place(team: Team) -> None:
    hr = await team.colleague("hr")
    await team.ties(hr, "wecom", "old")
    await team.ties(hr, "wecom", "new")
    [row] = await team.database.read(lambda tx: alerts.receivers(tx, hr, ALL))
    accounts = await team.database.read(lambda tx: users.chat_accounts(tx, hr))
    assert len(accounts) == 2
    assert await team.prefers(hr, "wecom")
    [again] = await team.database.read(lambda tx: alerts.receivers(tx, hr, ALL))
    assert again.id == row.id


async def test_nobodys_case_reaches_every_hr_once_and_no_manager(team: Team) -> None:
    for login, role in (("a", Role.HR), ("b", Role.HR_ADMIN), ("c", Role.MANAGER)):
        somebody = await team.colleague(login, role)
        await team.ties(somebody, "telegram")
        await team.ties(somebody, "wecom")
    assert await team.to(None) == ["wecom", "wecom"]
    gone = await team.colleague("d")
    await team.ties(gone, "wecom")
    await team.database.write(lambda tx: users.change_user(tx, gone, disabled_at=tx.now))
    assert await team.to(None) == ["wecom", "wecom"]
    assert await team.to(gone) == []


async def test_what_somebody_asks_for_reaches_them_whatever_their_role(team: Team) -> None:
    async def reached(user_id: str) -> str | None:
        row = await team.database.read(lambda tx: alerts.reached(tx, user_id, ALL))
        return None if row is None else str(row.channel)

    manager = await team.colleague("m", Role.MANAGER)
    other = await team.colleague("o", Role.HR)
    assert await reached(manager) is None
    await team.ties(other, "wecom")
    assert await reached(manager) is None
    await team.ties(manager, "telegram")
    await team.ties(manager, "feishu")
    assert await reached(manager) == "feishu"
    await team.loses(manager, "feishu")
    assert await reached(manager) == "telegram"
    await team.database.write(lambda tx: users.change_user(tx, manager, disabled_at=tx.now))
    assert await reached(manager) is None
    assert await team.to(manager) == []  # alerts are for HR

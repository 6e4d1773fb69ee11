"""Colleagues ask over each real platform's stand-in, and the candidate's page shows who asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.messages import Receipt, Received
from storage.enums import OutboxStatus, Role, Stage
from storage.queries import audit, people
from storage.queries.common import table
from storage.tables import Outbox
from storage.viewer import SYSTEM
from tests.contract.channel_places import Place, Shown
from tests.integration.web.conftest import Office, Person
from tests.integration.web.test_portrait_card import PLATFORMS, house, ties


@dataclass
class Colleague:
    """One of ours, who writes to the bot over a platform."""

    office: Office
    place: Place

    async def write(self, text: str, *, says: str) -> Shown:
        """What they are shown next that says this."""
        assert self.place.write is not None
        before = len(self._saying(says))
        await self.office.site.door.accept(await self.place.write(text))
        return await self._shown(says, before)

    async def press(self, shown: Shown, action: str, *, says: str) -> Shown:
        """A press of a button they have before them."""
        assert self.place.press is not None
        assert action in shown.actions
        before = len(self._saying(says))
        receipt = await self._receipt()
        pressed = await self.place.press(receipt, action)
        await self.office.site.door.accept(Received(messages=(pressed,)))
        return await self._shown(says, before)

    def _saying(self, says: str) -> list[Shown]:
        return [one for one in self.place.shown() if says in one.text.replace("\u200b", "")]

    async def _shown(self, says: str, before: int) -> Shown:
        async def there() -> list[Shown]:
            return self._saying(says)[before:]

        [*_, found] = await self.office.until(there)
        return found

    async def _receipt(self) -> Receipt:
        """Of the last thing that reached them, once all has."""
        rows = table(Outbox)
        newest = rows.select().order_by(rows.c.id.desc())

        async def last() -> str | None:
            found = await self.office.road.database.read(lambda tx: tx.all(newest))
            gone = all(row.status == OutboxStatus.SENT for row in found)
            return next((row.receipt for row in found if row.receipt), None) if gone else None

        return Receipt(await self.office.until(last))


@asynccontextmanager
async def asking(
    url: str, folder: Path, name: str, role: Role
) -> AsyncIterator[tuple[Colleague, Person]]:
    async with house(url, folder, name) as (office, place):
        who = await office.user("asks", role)
        await ties(office, place, who.id)
        yield Colleague(office, place), who


async def deeds(office: Office, action: str) -> list[Any]:
    rows = await office.road.database.read(lambda tx: audit.page(tx, limit=100))
    return [row for row in rows if row.action == action]


@pytest.mark.parametrize("name", PLATFORMS)
async def test_a_manager_asks_by_surname_presses_and_is_told(
    database_url: str, tmp_path: Path, name: str
) -> None:
    async with asking(database_url, tmp_path, name, Role.MANAGER) as (manager, who):
        office = manager.office
        hr, other = await office.user("hr", Role.HR), await office.user("other", Role.MANAGER)
        seats = [
            await office.position(title=title, owner_id=hr.id, manager_id=by)
            for title, by in (("后端工程师", who.id), ("产品经理", who.id), ("设计师", other.id))
        ]
        start = office.clock().date() + timedelta(days=20)
        one = await office.candidate("张伟", position_id=seats[0])
        two = await office.candidate(
            "张伟", position_id=seats[1], stage=Stage.ACCEPTED, start_on=start
        )
        theirs = await office.candidate("韩冰", position_id=seats[2])

        which = await manager.write("张伟到哪一步了", says="您问的是哪一位")
        assert set(which.actions) == {f"qa:status:{one}", f"qa:status:{two}"}
        told = await manager.press(which, f"qa:status:{two}", says="张伟（产品经理）")
        assert f"{start.month}月{start.day}日" in told.text
        assert "一件事" in told.text

        nobody = await manager.write("韩冰到哪一步了", says="没有找到您负责范围内")
        unknown = await manager.write("秦朗宇到哪一步了", says="没有找到您负责范围内")
        assert nobody.text == unknown.text

        page = (await office.get(hr, f"/console/candidates/{two}")).text
        assert "姓名asks（用人经理）问了：到哪一步了" in page
        assert "还没有人问过" in (await office.get(hr, f"/console/candidates/{one}")).text
        assert [row.object for row in await deeds(office, "candidate.ask")] == [two]
        assert theirs not in page


@pytest.mark.parametrize("name", PLATFORMS)
async def test_hr_hands_a_case_over_and_it_is_audited(
    database_url: str, tmp_path: Path, name: str
) -> None:
    async with asking(database_url, tmp_path, name, Role.HR) as (hr, who):
        office = hr.office
        taker = await office.user("li", Role.HR)
        candidate = await office.candidate("欧阳静", owner=who.id)
        sure = await hr.write("把欧阳静转给姓名li", says="确认把欧阳静")
        yes = f"qz:{candidate}:{taker.id}"
        await hr.press(sure, yes, says="已把欧阳静")
        row = await office.road.database.read(
            lambda tx: people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
        )
        assert row.owner_id == taker.id
        [deed] = await deeds(office, "candidate.transfer")
        assert deed.details == {"to": taker.id, "from": who.id, "via": name}
        assert deed.actor == who.id
        await hr.write("欧阳静到哪一步了", says="没有找到您负责范围内")  # not theirs any more


async def test_a_manager_sees_no_list_of_who_asked(sqlite_url: str, tmp_path: Path) -> None:
    async with house(sqlite_url, tmp_path, "telegram") as (office, _):
        manager = await office.user("m", Role.MANAGER)
        seat = await office.position(manager_id=manager.id)
        candidate = await office.candidate(position_id=seat)
        page = (await office.get(manager, f"/console/candidates/{candidate}")).text
        assert "张三" in page
        assert "谁问过" not in page

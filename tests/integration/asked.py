"""A company whose colleagues ask the bot in their own chats, over a platform without buttons."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bot import asking, pipeline
from bot.messages import Address, Inbound, Received
from bot.words import SHANGHAI
from nlp.scheme import Severity
from storage.database import Tx
from storage.enums import MessageKind, Role, Stage, StepKind
from storage.queries import (
    accesses,
    alerts,
    audit,
    intake,
    merging,
    offers,
    people,
    record,
    steps,
    users,
)
from storage.queries.accesses import AccessRow
from storage.queries.common import table, update
from storage.tables import Candidate, Conversation, Identity
from storage.viewer import SYSTEM, Viewer
from tests.integration.town import Town

#: Words a candidate said, and what of a person nobody but HR may read.
QUOTE = "老婆不同意去外地，另一家给到三万二"
PAY = "28500"
OWN_WORDS = "陪母亲做完透析"

HR, OTHER_HR, ADMIN = "李娜", "王敏", "赵管理"
MANAGER, OTHER_MANAGER, AUDITOR = "周强", "刘芳", "孙审计"
ROLES = {
    HR: Role.HR,
    OTHER_HR: Role.HR,
    ADMIN: Role.HR_ADMIN,
    MANAGER: Role.MANAGER,
    OTHER_MANAGER: Role.MANAGER,
    AUDITOR: Role.AUDITOR,
}
WORKING = (HR, OTHER_HR, ADMIN)
MANAGERS = (MANAGER, OTHER_MANAGER)
#: The candidates of the matrix, and who may know of them.
OWN, THEIRS, NOBODYS, ERASED, MERGED = "陈一鸣", "韩冰", "吴桐", "郑爽朗", "许嘉禾"
SEEN_BY = {
    OWN: {HR, ADMIN, MANAGER},
    THEIRS: {OTHER_HR, ADMIN, OTHER_MANAGER},
    NOBODYS: {HR, OTHER_HR, ADMIN},
    ERASED: set(),
    MERGED: set(),
}


@dataclass
class Chats:
    """Colleagues with chats, their candidates, and what is said."""

    town: Town
    ids: dict[str, str] = field(default_factory=dict)
    talks: dict[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def today(self) -> date:
        return self.town.clock().astimezone(SHANGHAI).date()

    async def write(self, work: Any) -> Any:
        return await self.town.database.write(work)

    async def colleague(self, name: str, role: Role) -> str:
        """Somebody of ours, with a chat."""
        address = f"app/{name}"

        def work(tx: Tx) -> tuple[str, str]:
            who = users.create_user(tx, login=f"u{len(self.ids)}", name=name, role=role)
            intake.open_conversation(tx, self.town.road.vault, "post", address)
            update(tx, Identity, table(Identity).c.address == address, user_id=who)
            talks = table(Conversation)
            return who, str(tx.first(talks.select().where(talks.c.address == address)).id)

        self.ids[name], self.talks[name] = await self.write(work)
        return self.ids[name]

    async def position(self, title: str, *, hr: str = "", manager: str = "") -> str:
        def work(tx: Tx) -> str:
            return people.create_position(
                tx, SYSTEM, title=title, owner_id=self.ids.get(hr), manager_id=self.ids.get(manager)
            )

        return str(await self.write(work))

    async def candidate(
        self,
        name: str,
        position: str | None,
        stage: Stage = Stage.ACCEPTED,
        *,
        hr: str = "",
        start_in: int | None = None,
    ) -> str:
        start = self.today + timedelta(days=start_in) if start_in is not None else None

        def work(tx: Tx) -> str:
            return people.create_candidate(
                tx, self.town.road.vault, SYSTEM, name=name, stage=stage, position_id=position,
                owner_id=self.ids.get(hr), start_on=start,
            )  # fmt: skip

        return str(await self.write(work))

    async def burden(self, candidate_id: str) -> None:
        """Everything that only HR may read: an alert with a quote, pay, own words, a score."""

        def work(tx: Tx) -> None:
            vault = self.town.road.vault
            row = people.get_candidate(tx, vault, SYSTEM, candidate_id)
            key = vault.key(tx, row.subject_id)
            day = self.today + timedelta(days=3)
            for kind in (StepKind.FAMILY, StepKind.MEDICAL, StepKind.CHECK, StepKind.RESIGNATION):
                steps.plan(tx, key, row.id, kind, day, source="test")
            steps.plan(
                tx, key, row.id, StepKind.OTHER, day, source="test", words=OWN_WORDS, token="1"
            )
            offers.draft(tx, key, row.id, {"base": PAY, "months": 13}, by=self.ids["李娜"])
            alerts.raise_alert(
                tx, key, candidate_id=row.id, conversation_id=None, topic="salary",
                severity=Severity.TODAY.value, rank=2, quote=QUOTE, question="salary",
                evidence=[], due_at=tx.now + timedelta(hours=4),
            )  # fmt: skip
            record.factor(
                tx, candidate_id=row.id, rule="competing_offer", adds=40.0, fades_after_days=30.0,
                source="m_1", at=tx.now, spans=[],
            )  # fmt: skip
            record.score(tx, row.id, 77, "high")

        await self.write(work)

    async def _in(self, name: str, kind: MessageKind, text: str) -> list[str]:
        before = len(await self.said())
        self.number += 1
        message = Inbound(
            external_id=f"q{self.number}", sender=Address("post", f"app/{name}"),
            kind=kind, text=text, sent_at=self.town.clock(),
        )  # fmt: skip
        await self.town.door.accept(Received(messages=(message,)))
        await pipeline.handle(self.town.road, self.talks[name])
        return (await self.said())[before:]

    async def ask(self, name: str, text: str) -> str:
        """What somebody is told when they type this: everything, as one text."""
        return "\n".join(await self._in(name, MessageKind.TEXT, text))

    async def press(self, name: str, action: str) -> str:
        """What somebody is told when they press this."""
        return "\n".join(await self._in(name, MessageKind.PRESS, action))

    async def said(self) -> list[str]:
        """Everything that left, once all has left."""
        for _ in range(500):
            if not {"new", "sending"} & set(await self.town.statuses()):
                return [text for text, _ in self.town.post.said]
            await asyncio.sleep(0.01)
        raise AssertionError(await self.town.statuses())

    async def accesses(self, candidate_id: str) -> list[AccessRow]:
        return await self.town.database.read(lambda tx: accesses.of(tx, SYSTEM, candidate_id))

    async def deeds(self, action: str) -> list[Any]:
        rows = await self.town.database.read(lambda tx: audit.page(tx, limit=200))
        return [row for row in rows if row.action == action]

    async def state(self, name: str) -> dict[str, Any]:
        talks = table(Conversation)
        row = await self.town.database.read(
            lambda tx: tx.first(talks.select().where(talks.c.id == self.talks[name]))
        )
        return dict(row.state or {})

    def viewer(self, name: str, role: Role) -> Viewer:
        return Viewer.of_user(self.ids[name], name, role)


def buttons(text: str) -> Sequence[str]:
    """The choices a text numbers."""
    return re.findall(r"^\d\. (.+)$", text, re.MULTILINE)


async def staffed(town: Town) -> Chats:
    """Colleagues of every role, each with a chat."""
    town.road.pause = town.road.longest = timedelta(0)
    await town.database.write(lambda tx: asking.sync(tx, town.road.rulebook))
    made = Chats(town)
    for name, role in ROLES.items():
        await made.colleague(name, role)
    await made.colleague("高远", Role.HR)  # who takes cases over
    return made


async def hired(chats: Chats) -> dict[str, str]:
    """The candidates of the matrix, each with everything that only HR may read; their ids."""
    ours = await chats.position("后端工程师", hr=HR, manager=MANAGER)
    theirs = await chats.position("前端工程师", hr=OTHER_HR, manager=OTHER_MANAGER)
    monday = 7 - chats.today.weekday()
    ids = {
        OWN: await chats.candidate(OWN, ours, start_in=monday + 1),
        THEIRS: await chats.candidate(THEIRS, theirs, start_in=monday + 2),
        NOBODYS: await chats.candidate(NOBODYS, None),
        ERASED: await chats.candidate(ERASED, ours),
        MERGED: await chats.candidate(MERGED, ours),
    }
    for name in (OWN, THEIRS, NOBODYS):
        await chats.burden(ids[name])

    def gone(tx: Tx) -> None:
        vault = chats.town.road.vault
        update(tx, Candidate, table(Candidate).c.id == ids[ERASED], erased_at=tx.now)
        merging.merge(tx, vault, SYSTEM, kept=ids[OWN], gone=ids[MERGED])

    await chats.write(gone)
    return ids

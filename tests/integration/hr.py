"""One HR with an installation that is not started, and ways to be spoken to and to judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot import desk, pipeline
from bot.app import App
from bot.messages import Address, Inbound, Received
from bot.pipeline import Road
from storage.database import Tx
from storage.enums import Author, MessageKind, Stage, Verdict
from storage.queries import alerts, backfill, people
from storage.queries.backfill import PastMessage
from storage.viewer import SYSTEM, Viewer

NAME = "张三丰"


@dataclass(kw_only=True)
class Desk:
    """An installation that is not started, with one HR and ways to speak and judge."""

    app: App
    road: Road
    hr: Viewer
    said: int = 0

    def write(self, work: Any) -> Any:
        return self.road.database.submit(work).result(20)

    def candidate(self, name: str = NAME, stage: Stage = Stage.OFFER) -> tuple[str, str, str]:
        """A candidate; their id, conversation and address."""
        address = f"w_{name}"

        def work(tx: Tx) -> tuple[str, str, str]:
            made = people.create_candidate(
                tx, self.road.vault, self.hr, name=name, stage=stage, owner_id=self.hr.id
            )
            talk = backfill.talk(
                tx, self.road.vault, candidate_id=made, channel="webchat", address=address
            )
            return made, talk.id, address

        found: tuple[str, str, str] = self.write(work)
        return found

    async def say(self, talk: tuple[str, str, str], *texts: str) -> str:
        """The candidate speaks in one breath and is read; the uid of the last message."""
        stored: Sequence[Any] = ()
        for text in texts:
            self.said += 1
            message = Inbound(
                external_id=f"e{self.said}",
                sender=Address("webchat", talk[2]),
                kind=MessageKind.TEXT,
                text=text,
                sent_at=self.road.now(),
            )
            stored = await self.app.door.accept(Received(messages=(message,)))
        await pipeline.handle(self.road, talk[1])
        return str(stored[0].uid)

    def answered(self, talk: tuple[str, str, str], text: str) -> None:
        """HR wrote something to the candidate a while ago."""

        def work(tx: Tx) -> None:
            row = backfill.talk_by_id(tx, talk[1])
            past = PastMessage(
                uid=f"m_past{self.said}", author=Author.HR, author_id=self.hr.id, text=text,
                at=tx.now,
            )  # fmt: skip
            backfill.messages(tx, self.road.vault.key(tx, row.subject_id), row, [past])

        self.said += 1
        self.write(work)

    async def judge(self, uid: str, verdict: Verdict) -> None:
        """Say what the alert of a message was worth."""
        rows = await self.road.database.read(
            lambda tx: alerts.page(tx, self.road.vault, SYSTEM, limit=100)
        )
        [alert] = [row for row in rows if row.source == uid]
        cause = f"test:{uid}:{verdict}"
        await desk.judge(self.road, self.hr, alert.id, verdict, cause=cause)

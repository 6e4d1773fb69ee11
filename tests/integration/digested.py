"""A house whose colleagues have chats, for tests of what their digests tell."""

from __future__ import annotations

from datetime import timedelta

from bot import digests
from bot.app import App
from bot.pipeline import Road
from storage.database import Tx
from storage.enums import AlertStatus, Author, Stage, StepKind, Verdict
from storage.queries import alerts, appraisal, backfill, invitations, people, steps
from storage.queries.appraisal import Begun
from storage.queries.backfill import PastMessage
from storage.viewer import SYSTEM, Viewer
from tests.clock import FakeClock
from tests.indebted import Case, House


class Firm:
    """A house whose colleagues have chats, and the clock that sends digests."""

    def __init__(self, app: App, clock: FakeClock) -> None:
        self.app, self.clock = app, clock
        self.house = House(app.database, clock, vault=app.road.vault)
        for viewer, address in [
            (self.house.hr, "hr"),
            (self.house.other, "other"),
            (self.house.boss, "boss"),
        ]:
            self.house.chat(viewer, address)

    @property
    def road(self) -> Road:
        return self.app.road

    async def tick(self, **later: float) -> int:
        self.clock.advance(timedelta(**later))
        return await digests.send(self.road, self.app.clock)

    def told(self, address: str = "hr") -> list[str]:
        return self.house.said(address)

    def silent(self, case: Case) -> None:
        begun = Begun(
            candidate_id=case.id, key=case.key, rule="silence", adds=20, fades_after_days=14,
            facts=[], words=["30 小时没有回复"],
        )  # fmt: skip
        self.house.run(lambda tx: appraisal.begin(tx, [begun]))

    def step(self, case: Case, kind: StepKind, in_days: int, words: str = "") -> None:
        day = self.clock().date() + timedelta(days=in_days)
        self.house.run(
            lambda tx: steps.plan(
                tx, case.key, case.id, kind, day, source="user:u", words=words, token=words
            )
        )

    def stuck(self, case: Case, survey: str = "motivation") -> None:
        def work(tx: Tx) -> None:
            made = invitations.plan(
                tx, candidate_id=case.id, survey_id=survey, anchor="a", due_on=tx.now.date()
            )
            assert made is not None
            invitations.stopped(tx, made, why="late", fallback="page")

        self.house.run(work)

    def judged(self, topic: str, hits: int, misses: int) -> None:
        """So many alerts of a kind, judged by 王敏."""

        def work(tx: Tx) -> None:
            for number in range(hits + misses):
                made = people.create_candidate(
                    tx, self.road.vault, SYSTEM, name=f"旧{number}", stage=Stage.CONFIRMED,
                    owner_id=self.house.admin.id,
                )  # fmt: skip
                row = people.get_candidate(tx, self.road.vault, SYSTEM, made)
                raised = alerts.raise_alert(
                    tx, self.road.vault.key(tx, row.subject_id), candidate_id=made,
                    conversation_id=None, topic=topic, severity="today", rank=2, quote="x",
                    question=topic, evidence=[], due_at=tx.now,
                )  # fmt: skip
                alerts.judge(
                    tx, alert_id=raised.alert_id, user_id=self.house.hr.id,
                    verdict=Verdict.USEFUL if number < hits else Verdict.FALSE_ALARM,
                    status=AlertStatus.RESOLVED, via="console", cause=f"{topic}{number}",
                )  # fmt: skip

        self.house.run(work)

    def talked(self, case: Case, *said: tuple[Author, float], by: Viewer | None = None) -> None:
        """What was said with somebody, so many hours ago each."""

        def work(tx: Tx) -> None:
            talk = backfill.talk(
                tx, self.road.vault, candidate_id=case.id, channel="webchat", address=case.id
            )
            past = [
                PastMessage(
                    uid=f"m_{case.id[2:20]}{number}", author=author,
                    author_id=by.id if by and author is Author.HR else None, text="话",
                    at=tx.now - timedelta(hours=hours),
                )
                for number, (author, hours) in enumerate(said)
            ]  # fmt: skip
            backfill.messages(tx, case.key, talk, past)

        self.house.run(work)

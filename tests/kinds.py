"""People about whom alerts are raised and judged, straight into a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.words import SHANGHAI
from storage.crypto import new_public_id
from storage.database import Database, Tx
from storage.enums import AlertStatus, Role, Stage, Verdict
from storage.queries import alerts, offers, people, standings, users
from storage.queries.standings import Changed
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer

DEMOTE: dict[str, Any] = {"below": 0.7, "over": 30, "back_at": 0.8}
USEFUL, FALSE, HANDLED = Verdict.USEFUL, Verdict.FALSE_ALARM, Verdict.HANDLED


class Turned(Protocol):
    """A clock that a test turns."""

    def __call__(self) -> datetime: ...
    def advance(self, by: timedelta) -> object: ...


class Kinds:
    """Two HRs and an admin, with people about whom alerts are raised and judged."""

    def __init__(self, database: Database, vault: Vault, clock: Turned) -> None:
        self.database, self.vault, self.clock = database, vault, clock
        self.hr, self.other, self.admin = (
            self.user(login, role)
            for login, role in (("wang", Role.HR), ("li", Role.HR), ("zhao", Role.HR_ADMIN))
        )
        self.made = 0

    def write(self, work: Callable[[Tx], Any]) -> Any:
        return self.database.submit(work).result(20)

    def user(self, login: str, role: Role) -> Viewer:
        made = self.write(lambda tx: users.create_user(tx, login=login, name=login, role=role))
        return Viewer.of_user(made, login, role)

    def candidate(self, owner: Viewer | None = None) -> str:
        self.made += 1
        name, whose = f"候选{self.made}", (owner or self.hr).id
        made: str = self.write(
            lambda tx: people.create_candidate(
                tx, self.vault, SYSTEM, name=name, stage=Stage.OFFER, owner_id=whose
            )
        )
        return made

    def alert(self, candidate_id: str, topic: str = "salary", source: str | None = "m_1") -> str:
        def work(tx: Tx) -> str:
            row = people.get_candidate(tx, self.vault, SYSTEM, candidate_id)
            raised = alerts.raise_alert(
                tx,
                self.vault.key(tx, row.subject_id),
                candidate_id=candidate_id,
                conversation_id=None,
                topic=topic,
                severity="today",
                rank=2,
                quote="低于两万不来",
                question=topic,
                evidence=[],
                due_at=tx.now + timedelta(hours=4),
                source=source,
            )
            return raised.alert_id

        made: str = self.write(work)
        return made

    def say(self, alert_id: str, verdict: Verdict, *, by: Viewer | None = None) -> None:
        self.clock.advance(timedelta(seconds=1))
        self.write(lambda tx: said(tx, alert_id, verdict, (by or self.hr).id))

    def judged(self, hits: int, misses: int, topic: str = "salary") -> list[str]:
        """Alerts of a kind, the hits first; their ids."""
        made = []
        for verdict in [USEFUL] * hits + [FALSE] * misses:
            made.append(self.alert(self.candidate(), topic))
            self.say(made[-1], verdict)
        return made

    def rate(self, topic: str = "salary") -> standings.Rate:
        rows: tuple[standings.Rate, ...] = self.write(lambda tx: standings.rates(tx))
        [found] = [one for one in rows if one.topic == topic]
        return found

    def decide(self, topic: str = "salary") -> Changed | None:
        self.clock.advance(timedelta(seconds=1))
        found: Changed | None = self.write(lambda tx: standings.judge(tx, topic, **DEMOTE))
        return found

    def ended(self, candidate_id: str, outcome: str, *, days: int = 0) -> None:
        def work(tx: Tx) -> None:
            row = people.get_candidate(tx, self.vault, SYSTEM, candidate_id)
            offers.end(
                tx,
                self.vault.key(tx, row.subject_id),
                candidate_id,
                outcome=outcome,
                reason="pay",
                note="",
                on_day=(tx.now.astimezone(SHANGHAI) + timedelta(days=days)).date(),
                cost=None,
                by=self.hr.id,
            )

        self.write(work)

    def missed(self, viewer: Viewer) -> tuple[int, int]:
        now: datetime = self.clock()
        found = self.write(
            lambda tx: standings.missed(
                tx, viewer, since=now - timedelta(days=30), until=now + timedelta(days=1)
            )
        )
        return found.withdrawals, found.silent


def said(tx: Tx, alert_id: str, verdict: Verdict, user_id: str) -> None:
    alerts.judge(
        tx,
        alert_id=alert_id,
        user_id=user_id,
        verdict=verdict,
        status=AlertStatus.RESOLVED,
        via="console",
        cause=new_public_id("x"),
    )

"""A company that owes its candidates something, for tests on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bot.owed import Owed, owed
from bot.rulebook import Rulebook
from storage.crypto import Keystore, SubjectKey
from storage.database import Database, Tx
from storage.enums import Role, Stage
from storage.queries import alerts, intake, offers, people, scheduled, users
from storage.queries.common import insert, table, update
from storage.tables import Identity, Interview
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer
from tests.builders import a_rulebook
from tests.clock import FakeClock
from tests.said import said


@dataclass
class Case:
    """A candidate with their key."""

    id: str
    key: SubjectKey


class House:
    """Two HR colleagues, an admin and a manager; positions, people, and what is owed to them."""

    def __init__(self, database: Database, clock: FakeClock, *, vault: Vault | None = None) -> None:
        self.database, self.clock = database, clock
        self.vault = vault or Vault(Keystore.generate())
        self.rules: Rulebook = a_rulebook()
        self.hr = self.colleague("王敏", Role.HR)
        self.other = self.colleague("李娜", Role.HR)
        self.admin = self.colleague("总管", Role.HR_ADMIN)
        self.boss = self.colleague("赵经理", Role.MANAGER)
        self.stranger = self.colleague("钱经理", Role.MANAGER)
        self.seat = self.position(owner=self.hr)

    def run(self, work: Callable[[Tx], Any]) -> Any:
        return self.database.submit(work).result(10)

    def colleague(self, name: str, role: Role) -> Viewer:
        made = self.run(lambda tx: users.create_user(tx, login=name, name=name, role=role))
        return Viewer.of_user(made, name, role)

    def position(self, *, owner: Viewer | None) -> str:
        return str(
            self.run(
                lambda tx: people.create_position(
                    tx,
                    SYSTEM,
                    title="后端工程师",
                    owner_id=owner.id if owner else None,
                    manager_id=self.boss.id,
                )
            )
        )

    def case(
        self,
        name: str,
        stage: Stage = Stage.OFFER,
        *,
        owner: Viewer | None = None,
        seat: str = "",
        start_in: int | None = None,
    ) -> Case:
        start = None if start_in is None else self.clock().date() + timedelta(days=start_in)

        def work(tx: Tx) -> Case:
            made = people.create_candidate(
                tx,
                self.vault,
                SYSTEM,
                name=name,
                stage=stage,
                position_id=seat or self.seat,
                owner_id=owner.id if owner else None,
                start_on=start,
            )
            row = people.get_candidate(tx, self.vault, SYSTEM, made)
            return Case(made, self.vault.key(tx, row.subject_id))

        found: Case = self.run(work)
        return found

    def answer(self, case: Case, hours: float) -> None:
        self.run(
            lambda tx: scheduled.plan_at(
                tx,
                kind="answer_due",
                person_id=case.id,
                anchor=f"m{hours}",
                at=tx.now + timedelta(hours=hours),
            )
        )

    def alert(
        self,
        case: Case,
        topic: str,
        *,
        quote: str = "再不回我就不来了",
        severity: str = "now",
        rank: int = 3,
    ) -> str:
        raised: alerts.Raised = self.run(
            lambda tx: alerts.raise_alert(
                tx,
                case.key,
                candidate_id=case.id,
                conversation_id=None,
                topic=topic,
                severity=severity,
                rank=rank,
                quote=quote,
                question=topic,
                evidence=[],
                due_at=tx.now + timedelta(minutes=30),
            )
        )
        return raised.alert_id

    def card(self, case: Case, *points: tuple[str, str, date]) -> str:
        def work(tx: Tx) -> str:
            offer = offers.draft(tx, case.key, case.id, {"base": 18_000}, by=self.hr.id)
            offers.move(tx, case.id, offer.id, "sent")
            body = {
                "agreed": [["固定薪资", "18,000 元/月"]],
                "open": [{"what": w, "who": who, "by": by.isoformat()} for w, who, by in points],
            }
            offers.write_card(tx, case.key, case.id, body, offer_id=offer.id, by=self.hr.id)
            return offer.id

        return str(self.run(work))

    def interview(self, case: Case, hours_ago: float, *, by: Viewer | None = None) -> str:
        number = f"v_{case.id}_{hours_ago}"[:40]
        row = {
            "id": number,
            "candidate_id": case.id,
            "at": self.clock() - timedelta(hours=hours_ago),
            "interviewer_id": by.id if by else None,
            "created_at": self.clock(),
            "number": 1,
        }
        self.run(lambda tx: insert(tx, Interview, row))
        return number

    def chat(self, viewer: Viewer, address: str) -> None:
        """Give a colleague a chat of their own."""

        def work(tx: Tx) -> None:
            intake.open_conversation(tx, self.vault, "post", address)
            update(tx, Identity, table(Identity).c.address == address, user_id=viewer.id)

        self.run(work)

    def said(self, address: str) -> list[str]:
        """What was said in a colleague's chat."""
        found: list[str] = self.run(lambda tx: said(tx, self.vault, address))
        return found

    def owed(self, viewer: Viewer, **more: Any) -> tuple[Owed, ...]:
        found: tuple[Owed, ...] = self.run(
            lambda tx: owed(tx, self.vault, self.rules, viewer, **more)
        )
        return found

    def told(self, viewer: Viewer, **more: Any) -> list[tuple[str, str, bool]]:
        return [(one.name, one.kind, one.overdue) for one in self.owed(viewer, **more)]

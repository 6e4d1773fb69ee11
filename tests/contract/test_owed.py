"""「我欠候选人的」 on SQLite and PostgreSQL: what is owed to whom, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from bot.owed import Owed, owed
from storage.crypto import Keystore, SubjectKey
from storage.database import Database, Tx
from storage.enums import AlertStatus, Duty, Role, Stage, Verdict
from storage.queries import alerts, duties, offers, people, scheduled, users
from storage.queries.common import insert, table, update
from storage.tables import Away, Candidate, Interview, Teammate
from storage.vault import Vault
from storage.viewer import SYSTEM, Permission, Viewer
from tests.builders import a_rulebook
from tests.clock import FakeClock

Run = Callable[[Callable[[Tx], Any]], Any]


@dataclass
class Case:
    """A candidate with their key."""

    id: str
    key: SubjectKey


class House:
    """Two HR colleagues, an admin and a manager; positions, people, and what is owed to them."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.vault, self.rules = Vault(Keystore.generate()), a_rulebook()
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

    def alert(self, case: Case, topic: str) -> str:
        raised: alerts.Raised = self.run(
            lambda tx: alerts.raise_alert(
                tx,
                case.key,
                candidate_id=case.id,
                conversation_id=None,
                topic=topic,
                severity="now",
                rank=3,
                quote="再不回我就不来了",
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

    def owed(self, viewer: Viewer, **more: Any) -> tuple[Owed, ...]:
        found: tuple[Owed, ...] = self.run(
            lambda tx: owed(tx, self.vault, self.rules, viewer, **more)
        )
        return found

    def told(self, viewer: Viewer, **more: Any) -> list[tuple[str, str, bool]]:
        return [(one.name, one.kind, one.overdue) for one in self.owed(viewer, **more)]


@pytest.fixture
def house(database: Database, clock: FakeClock) -> House:
    return House(database, clock)


def test_nothing_owed_is_nothing(house: House) -> None:
    house.case("陈一鸣")
    assert house.owed(house.hr) == ()
    assert house.owed(house.boss) == ()


def test_an_answer_is_owed_until_it_is_given_and_then_overdue(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    house.answer(case, 6)
    [one] = house.owed(house.hr)
    assert (one.name, one.position, one.what) == ("陈一鸣", "后端工程师", "答复对方")
    assert one.by == house.clock() + timedelta(hours=6)
    assert not one.overdue
    house.clock.advance(timedelta(hours=7))
    assert house.told(house.hr) == [("陈一鸣", "answer", True)]  # whatever the clock has done
    alert = house.alert(case, "overdue")
    assert [(one.kind, one.ref) for one in house.owed(house.hr)] == [("overdue", alert)]
    house.run(
        lambda tx: scheduled.cancel(tx, kind="answer_due", person_id=case.id),
    )
    judge = _judge(alert, house.hr)
    house.run(judge)
    assert house.owed(house.hr) == ()


def _judge(alert: str, viewer: Viewer) -> Callable[[Tx], Any]:
    return lambda tx: alerts.judge(
        tx,
        alert_id=alert,
        user_id=viewer.id,
        verdict=Verdict.HANDLED,
        status=AlertStatus.RESOLVED,
        via="console",
        cause=f"c{alert}",
    )


def test_one_who_asks_for_a_person_is_one_line_and_the_law_another(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    house.answer(case, 6)
    house.alert(case, "handover")
    house.alert(case, "erase")
    house.alert(case, "salary")  # a worry is no debt
    assert house.told(house.hr) == [("陈一鸣", "erase", False), ("陈一鸣", "handover", False)]
    house.alert(case, "overdue")
    assert house.told(house.hr) == [("陈一鸣", "overdue", True), ("陈一鸣", "erase", False)]


def test_a_draft_is_owed_and_late_after_the_nudge(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    offer = house.run(
        lambda tx: offers.draft(tx, case.key, case.id, {"base": 18_000}, by=house.hr.id)
    )
    [one] = house.owed(house.hr)
    assert (one.kind, one.overdue, one.ref) == ("offer", False, offer.id)
    assert "18" not in one.what
    house.clock.advance(timedelta(hours=26))
    assert house.told(house.hr) == [("陈一鸣", "offer", True)]
    house.run(lambda tx: offers.move(tx, case.id, offer.id, "sent"))
    assert house.owed(house.hr) == ()


def test_our_side_of_a_card_is_owed_and_theirs_is_not(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    today = house.clock().date()
    offer = house.card(
        case,
        ("班车线路", "company", today - timedelta(days=1)),
        ("体检报告", "candidate", today),
        ("工位", "company", today),
    )
    found = house.owed(house.hr)
    assert [(one.what, one.overdue) for one in found] == [
        ("承诺卡上待我方答复：班车线路", True),
        ("承诺卡上待我方答复：工位", False),
    ]
    assert found[1].by == today
    house.run(lambda tx: offers.move(tx, case.id, offer, "declined"))
    assert house.owed(house.hr) == ()


def test_a_change_asked_for_is_owed_until_it_is_answered(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    body = {"what": "想晚一周入职"}
    asked = house.run(
        lambda tx: offers.ask_change(tx, case.key, case.id, body, side="candidate", source="m:1")
    )
    house.run(
        lambda tx: offers.ask_change(tx, case.key, case.id, body, side="company", source="m:2")
    )
    [one] = house.owed(house.hr)
    assert (one.kind, one.what, one.ref) == ("change", "答复变更请求：想晚一周入职", asked)
    house.run(lambda tx: offers.settle(tx, case.key, case.id, asked, "agreed", by=house.hr.id))
    assert house.owed(house.hr) == ()


def test_a_hello_is_the_manager_s_and_hr_sees_whose(house: House) -> None:
    near, far = (
        house.case("陈一鸣", Stage.ACCEPTED, start_in=2),
        house.case("远方", Stage.ACCEPTED, start_in=30),
    )
    [mine] = house.owed(house.boss)
    [hers] = house.owed(house.hr)
    assert mine.what.endswith("入职，之前打个招呼")
    assert hers.what.endswith("入职，请赵经理打个招呼")
    assert (mine.candidate_id, mine.by) == (near.id, house.clock().date() + timedelta(days=2))
    assert house.owed(house.stranger) == house.owed(house.other) == ()
    day = mine.by.isoformat() if isinstance(mine.by, date) else ""
    house.run(lambda tx: duties.take(tx, near.key, near.id, Duty.GREETING, day, by=house.boss.id))
    assert house.owed(house.boss) == house.owed(house.hr) == ()
    assert far.id


def test_feedback_is_owed_by_who_was_there(house: House) -> None:
    case = house.case("陈一鸣", Stage.INTERVIEW)
    house.interview(case, 2)  # nobody named: the position's manager
    house.interview(case, 84, by=house.stranger)
    assert house.told(house.boss) == [("陈一鸣", "feedback", False)]
    assert house.told(house.stranger) == [("陈一鸣", "feedback", True)]
    assert [one.what for one in house.owed(house.hr)] == [
        "10月29日 面试的反馈（钱经理）",
        "11月2日 面试的反馈（赵经理）",
    ]
    house.run(
        lambda tx: update(
            tx, Interview, Interview.__table__.c.candidate_id == case.id, verdict="yes"
        )  # type: ignore[attr-defined]
    )
    assert house.owed(house.boss) == house.owed(house.hr) == ()


def test_a_manager_is_told_nothing_of_chats_offers_and_cards(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    house.answer(case, 1)
    house.alert(case, "overdue")
    house.card(case, ("签字费 20000", "company", house.clock().date()))
    house.run(lambda tx: offers.draft(tx, case.key, case.id, {"base": 1}, by=house.hr.id))
    assert house.owed(house.boss) == ()
    assert len(house.owed(house.hr)) == 2  # the draft replaced the card's offer
    auditor = house.colleague("审计", Role.AUDITOR)
    assert house.owed(auditor) == ()


def test_each_sees_their_own_cases_and_with_all_what_they_may_know_of(house: House) -> None:
    elsewhere, nobody = house.position(owner=house.other), house.position(owner=None)
    for name, owner, seat in [
        ("我的", house.hr, house.seat),
        ("岗位的", None, house.seat),
        ("别人的", house.other, house.seat),
        ("别处的", None, elsewhere),
        ("无主的", None, nobody),
    ]:
        house.answer(house.case(name, owner=owner, seat=seat), 5)

    def names(viewer: Viewer, *, mine: bool = True) -> set[str]:
        return {one.name for one in house.owed(viewer, mine=mine)}

    assert names(house.hr) == {"我的", "岗位的", "无主的"}
    assert names(house.hr, mine=False) == {"我的", "岗位的", "别人的", "无主的"}
    assert names(house.other) == {"别人的", "别处的", "无主的"}
    assert names(house.admin) == {"无主的"}
    assert len(names(house.admin, mine=False)) == 5


def test_what_nobody_owns_is_the_team_s(house: House) -> None:
    nobody = house.position(owner=None)
    house.answer(house.case("无主的", seat=nobody), 5)
    row = {"position_id": nobody, "user_id": house.other.id, "added_at": house.clock()}
    house.run(lambda tx: insert(tx, Teammate, row))
    assert house.told(house.other) == [("无主的", "answer", False)]
    assert house.owed(house.hr) == ()


def test_an_erased_person_is_owed_nothing_here(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    house.answer(case, 1)
    house.interview(case, 3, by=house.stranger)
    where = table(Candidate).c.id == case.id
    house.run(lambda tx: update(tx, Candidate, where, erased_at=tx.now))
    assert house.owed(house.hr) == house.owed(house.stranger) == ()


def test_the_most_pressing_come_first_and_no_more_than_asked_for(house: House) -> None:
    for number in range(7):
        house.answer(house.case(f"候选人{number}", owner=house.hr), 10 - number)
    late = house.case("迟到的", owner=house.hr)
    house.alert(late, "overdue")
    found = house.owed(house.hr, limit=3)
    assert [one.name for one in found] == ["迟到的", "候选人6", "候选人5"]


def test_a_key_sees_what_its_scopes_allow(house: House) -> None:
    case = house.case("陈一鸣", owner=house.hr)
    house.answer(case, 5)
    house.case("新人", Stage.ACCEPTED, start_in=1)
    house.run(lambda tx: offers.draft(tx, case.key, case.id, {"base": 1}, by=house.hr.id))
    key = Viewer(
        id="k_1",
        name="key",
        role=None,
        permissions=frozenset({Permission.ALERT_READ}),
        sees_all=True,
    )
    assert [one.kind for one in house.owed(key, mine=False)] == ["answer"]


def test_a_deputy_is_owed_to_as_well(house: House) -> None:
    house.answer(house.case("陈一鸣", owner=house.hr, seat=house.position(owner=house.other)), 5)
    row = {
        "id": "w_1",
        "user_id": house.hr.id,
        "deputy_id": house.other.id,
        "from_on": house.clock().date(),
        "until_on": house.clock().date(),
        "active": True,
        "created_at": house.clock(),
    }
    assert house.owed(house.other) == ()
    house.run(lambda tx: insert(tx, Away, row))
    assert house.told(house.other) == [("陈一鸣", "answer", False)]

"""The alerts' own record, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.crypto import Keystore, new_public_id
from storage.database import Database, Tx
from storage.enums import AlertStatus, Role, Stage, Verdict
from storage.queries import alerts, offers, people, standings, users
from storage.queries.standings import Changed
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer
from tests.clock import FakeClock

DEMOTE: dict[str, Any] = {"below": 0.7, "over": 30, "back_at": 0.8}
USEFUL, FALSE, HANDLED = Verdict.USEFUL, Verdict.FALSE_ALARM, Verdict.HANDLED


class Office:
    """Two HRs and an admin, with people about whom alerts are raised and judged."""

    def __init__(self, database: Database, vault: Vault, clock: FakeClock) -> None:
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
                on_day=(tx.now + timedelta(days=days)).date(),
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


@pytest.fixture
def office(database: Database, clock: FakeClock) -> Office:
    return Office(database, Vault(Keystore.generate()), clock)


def test_a_rate_has_its_interval(office: Office) -> None:
    office.judged(2, 1)
    found = office.rate()
    assert (found.hits, found.judged, found.demoted_at, found.by) == (2, 3, None, "")
    assert (found.low, found.high) == pytest.approx((0.20766, 0.93851), abs=0.00005)


def test_the_last_word_of_a_person_counts(office: Office) -> None:
    first, _ = office.judged(0, 2)
    office.say(first, USEFUL, by=office.other)
    assert (office.rate().hits, office.rate().judged) == (1, 2)
    office.say(first, FALSE)
    assert (office.rate().hits, office.rate().judged) == (0, 2)


def test_handling_it_says_nothing_against_an_earlier_word(office: Office) -> None:
    wrong, bare = office.alert(office.candidate()), office.alert(office.candidate())
    office.say(wrong, FALSE)
    office.say(wrong, HANDLED)
    office.say(bare, HANDLED)
    assert (office.rate().hits, office.rate().judged) == (1, 2)


def test_a_verdict_outlives_the_evidence_that_joins_later(office: Office) -> None:
    who = office.candidate()
    alert_id = office.alert(who)
    office.write(
        lambda tx: alerts.judge(
            tx,
            alert_id=alert_id,
            user_id=office.hr.id,
            verdict=USEFUL,
            status=AlertStatus.ACKNOWLEDGED,
            via="console",
            cause="c1",
        )
    )
    assert office.alert(who, source="m_2") == alert_id
    assert (office.rate().hits, office.rate().judged) == (1, 1)
    office.say(alert_id, FALSE)
    assert (office.rate().hits, office.rate().judged) == (1, 2)


def test_only_the_last_thirty_count(office: Office) -> None:
    office.judged(0, 5)
    office.judged(30, 0)
    assert (office.rate().hits, office.rate().judged) == (30, 30)


def test_under_seventy_percent_it_is_demoted_and_at_eighty_it_is_back(office: Office) -> None:
    office.judged(20, 9)
    assert office.decide() is None  # 69 % of 29: too few to say
    office.judged(1, 0)
    assert office.decide() is None  # 21 of 30 is 70 %
    office.judged(0, 1)  # the oldest hit leaves: 20 of 30
    gone = office.decide()
    assert gone is not None
    assert (gone.demoted, gone.hits, gone.judged) == (True, 20, 30)
    assert office.write(standings.demoted) == {"salary"}
    assert office.decide() is None  # known already
    office.judged(20, 0)  # the older hits leave, and one miss
    assert office.rate().hits == 21
    assert office.decide() is None  # 70 % is not enough to come back
    office.judged(3, 0)
    assert office.rate().hits == 24
    back = office.decide()
    assert back is not None
    assert (back.demoted, back.hits, back.judged) == (False, 24, 30)
    assert office.write(standings.demoted) == frozenset()
    assert office.decide() is None


def test_kinds_do_not_count_for_each_other(office: Office) -> None:
    office.judged(0, 30, "social")
    office.judged(30, 0, "salary")
    assert office.decide("salary") is None
    assert office.decide("social") is not None
    assert office.write(standings.demoted) == {"social"}


def test_put_back_by_hand_it_begins_anew(office: Office) -> None:
    old = office.judged(0, 30)
    assert office.decide() is not None
    office.clock.advance(timedelta(seconds=1))
    back = office.write(lambda tx: standings.restore(tx, "salary", user_id=office.admin.id))
    assert back is not None
    assert (back.demoted, back.hits, back.judged) == (False, 0, 30)
    assert office.rate().by == "zhao"
    assert (office.rate().hits, office.rate().judged) == (0, 0)
    again = office.write(lambda tx: standings.restore(tx, "salary", user_id=office.admin.id))
    assert again is None
    assert office.decide() is None
    office.judged(0, 29)
    assert office.decide() is None
    office.say(old[0], FALSE)  # said anew, it is a new word
    gone = office.decide()
    assert gone is not None
    assert (gone.hits, gone.judged, office.rate().by) == (0, 30, "")


def test_two_verdicts_at_once_demote_once(office: Office) -> None:
    office.judged(20, 8)
    last = [office.alert(office.candidate()) for _ in range(2)]

    def work(alert_id: str) -> Callable[[Tx], Changed | None]:
        def judge(tx: Tx) -> Changed | None:
            said(tx, alert_id, FALSE, office.hr.id)
            return standings.judge(tx, "salary", **DEMOTE)

        return judge

    both = [office.database.submit(work(one)) for one in last]
    wait(both, 20)
    changed = [one.result() for one in both]
    assert changed.count(None) == 1
    assert office.write(standings.demoted) == {"salary"}


def test_withdrawals_without_an_alert_before(office: Office) -> None:
    mine, other = office.hr, office.other
    heard, silent, late, own = (office.candidate() for _ in range(4))
    office.alert(heard, "decline")
    office.alert(own, "handover", source=None)  # of ourselves: nothing was heard
    office.clock.advance(timedelta(seconds=60))
    for one in (heard, silent, late, own):
        office.ended(one, "declined")
    office.clock.advance(timedelta(seconds=60))
    office.alert(late, "decline")  # only when it was over
    theirs = office.candidate(other)
    office.ended(theirs, "reneged")
    joined, gone = office.candidate(), office.candidate()
    office.ended(joined, "joined")
    office.ended(gone, "declined", days=-60)
    assert office.missed(mine) == (4, 3)
    assert office.missed(other) == (1, 1)
    assert office.missed(office.admin) == (5, 4)
    assert office.missed(SYSTEM) == (5, 4)


def test_the_newest_ending_holds_and_is_known_since_its_first(office: Office) -> None:
    mended, came = office.candidate(), office.candidate()
    for one in (mended, came):
        office.ended(one, "declined")
    office.clock.advance(timedelta(seconds=60))
    office.alert(mended, "decline")
    office.clock.advance(timedelta(seconds=60))
    office.ended(mended, "declined")  # the reason mended: no warning came of that
    office.ended(came, "joined")
    assert office.missed(office.hr) == (1, 1)


def test_whoever_was_moved_by_hand_withdrew_too(office: Office) -> None:
    who = office.candidate()
    office.write(lambda tx: people.set_stage(tx, office.hr, who, Stage.RENEGED))
    assert office.missed(office.hr) == (1, 1)

"""Promises of surveys, invitations and answers on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from storage.crypto import Keystore, SubjectKey, new_public_id
from storage.database import Database, Tx
from storage.enums import InvitationStatus, Role, Stage
from storage.errors import Conflict, NotFound, Stale
from storage.queries import merging, people, surveys
from storage.queries.common import insert
from storage.queries.editions import Edition
from storage.queries.surveys import InvitationRow
from storage.tables import Invitation
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer
from tests.clock import FakeClock

Run = Callable[[Callable[[Tx], Any]], Any]
DAY7 = Edition(
    id="day7",
    title="入职第七天回访",
    digest="a" * 40,
    definition={"id": "day7", "questions": [{"id": "mood"}]},
)
LATER = replace(DAY7, title="入职一周回访", digest="b" * 40, definition={"id": "day7"})


@pytest.fixture
def run(database: Database) -> Run:
    return lambda work: database.submit(work).result(10)


@pytest.fixture
def vault() -> Vault:
    return Vault(Keystore.generate())


class Person:
    """A candidate who can be invited."""

    def __init__(self, run: Run, vault: Vault, name: str = "陈一鸣", **more: Any) -> None:
        self._run, self._vault = run, vault
        self.id: str = run(
            lambda tx: people.create_candidate(
                tx, vault, SYSTEM, name=name, stage=Stage.ONBOARDED, **more
            )
        )

    def invited(self, anchor: str = "onboarded:2026-11-02") -> str:
        made = new_public_id("iv")
        values = {"id": made, "candidate_id": self.id, "survey_id": "day7", "anchor": anchor}
        self._run(
            lambda tx: insert(tx, Invitation, {**values, "status": "planned", "created_at": tx.now})
        )
        return made

    def asked(self, anchor: str = "onboarded:2026-11-02") -> InvitationRow:
        made = self.invited(anchor)
        self._run(lambda tx: surveys.begin(tx, made, DAY7.digest, via="webchat"))
        row: InvitationRow = self._run(lambda tx: surveys.get(tx, self.id, made))
        return row

    def says(self, row: InvitationRow, value: Any, text: str = "", question: str = "mood") -> Any:
        return self._run(
            lambda tx: surveys.put_answer(
                tx, self.key(tx), row, question, value, text, source="m_1"
            )
        )

    def key(self, tx: Tx) -> SubjectKey:
        row = people.get_candidate(tx, self._vault, SYSTEM, self.id)
        return self._vault.key(tx, row.subject_id)


@pytest.fixture
def who(run: Run, vault: Vault) -> Person:
    run(lambda tx: surveys.sync(tx, [DAY7]))
    return Person(run, vault)


# --- what can be sent ---------------------------------------------------------------------------


def test_a_file_read_again_changes_nothing_and_an_edited_one_is_a_new_edition(run: Run) -> None:
    assert run(lambda tx: surveys.sync(tx, [DAY7])) == 1
    assert run(lambda tx: surveys.sync(tx, [DAY7])) == 0
    assert run(lambda tx: surveys.sync(tx, [LATER])) == 1
    [row] = run(surveys.surveys)
    assert (row.title, row.digest, row.origin, row.enabled) == (
        LATER.title, LATER.digest, "file", True,
    )  # fmt: skip
    assert run(lambda tx: surveys.sync(tx, [DAY7])) == 1  # back again: its edition is there
    assert run(lambda tx: surveys.survey(tx, "day7")).definition == DAY7.definition


def test_what_hr_uploaded_goes_before_the_file(run: Run) -> None:
    run(lambda tx: surveys.sync(tx, [DAY7]))
    run(lambda tx: surveys.put(tx, LATER, by="u_1"))
    assert run(lambda tx: surveys.sync(tx, [DAY7])) == 0
    row = run(lambda tx: surveys.survey(tx, "day7"))
    assert (row.digest, row.origin, row.changed_by) == (LATER.digest, "console", "u_1")


def test_a_survey_that_left_the_files_is_off_and_one_turned_off_stays_off(run: Run) -> None:
    other = replace(DAY7, id="day3", digest="c" * 40)
    run(lambda tx: surveys.sync(tx, [DAY7, other]))
    run(lambda tx: surveys.switch(tx, "day3", False, by="u_1"))
    run(lambda tx: surveys.sync(tx, [other]))
    assert [(row.id, row.enabled) for row in run(surveys.surveys)] == [
        ("day3", False), ("day7", False),
    ]  # fmt: skip
    with pytest.raises(NotFound):
        run(lambda tx: surveys.switch(tx, "day9", True, by="u_1"))
    with pytest.raises(NotFound):
        run(lambda tx: surveys.survey(tx, "day9"))


# --- who is asked what --------------------------------------------------------------------------


def test_the_questions_stand_from_when_it_opens(run: Run, who: Person) -> None:
    row = who.asked()
    run(lambda tx: surveys.sync(tx, [LATER]))
    row = run(lambda tx: surveys.get(tx, who.id, row.id))
    assert (row.digest, row.definition) == (DAY7.digest, DAY7.definition)
    assert (row.status, row.via, row.revision) == (InvitationStatus.OPEN, "webchat", 1)


def test_one_survey_at_a_time(run: Run, who: Person) -> None:
    first, second = who.asked(), who.invited("hr:2")
    with pytest.raises(Conflict):
        run(lambda tx: surveys.begin(tx, second, DAY7.digest, via="webchat"))
    assert run(lambda tx: surveys.open_of(tx, who.id)).id == first.id
    run(lambda tx: surveys.close(tx, first.id, first.revision, InvitationStatus.REFUSED))
    run(lambda tx: surveys.begin(tx, second, DAY7.digest, via="page"))
    assert run(lambda tx: surveys.open_of(tx, who.id)).id == second
    with pytest.raises(Conflict):  # it was opened and ended: never twice
        run(lambda tx: surveys.begin(tx, first.id, DAY7.digest, via="page"))
    with pytest.raises(NotFound):
        run(lambda tx: surveys.begin(tx, "iv_none", DAY7.digest, via="page"))


def test_of_two_that_open_at_once_one_opens(database: Database, run: Run, who: Person) -> None:
    made = [who.invited(f"hr:{number}") for number in range(4)]
    start, results = threading.Barrier(4), list[str]()

    def opens(one: str) -> None:
        start.wait()
        try:
            database.submit(lambda tx: surveys.begin(tx, one, DAY7.digest, via="webchat")).result(
                10
            )
            results.append("opened")
        except Conflict:
            results.append("refused")

    threads = [threading.Thread(target=opens, args=(one,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["opened", "refused", "refused", "refused"]


def test_chat_and_page_never_answer_over_each_other(run: Run, who: Person) -> None:
    row = who.asked()
    moved = run(lambda tx: surveys.move(tx, row.id, row.revision, at_question="mood"))
    assert moved == row.revision + 1
    with pytest.raises(Stale):
        run(lambda tx: surveys.move(tx, row.id, row.revision, at_question="why"))
    with pytest.raises(Stale):
        run(lambda tx: surveys.close(tx, row.id, row.revision, InvitationStatus.DONE))
    run(lambda tx: surveys.close(tx, row.id, moved, InvitationStatus.DONE, why="chat"))
    ended = run(lambda tx: surveys.get(tx, who.id, row.id))
    assert (ended.status, ended.why, ended.at_question) == (InvitationStatus.DONE, "chat", "mood")
    assert ended.closed_at is not None
    with pytest.raises(Stale):  # an answer after the end
        run(lambda tx: surveys.move(tx, row.id, ended.revision, at_question="mood"))
    assert run(lambda tx: surveys.open_of(tx, who.id)) is None


def test_an_invitation_of_somebody_else_is_not_found(run: Run, vault: Vault, who: Person) -> None:
    row = who.asked()
    other = Person(run, vault, "李四")
    with pytest.raises(NotFound):
        run(lambda tx: surveys.get(tx, other.id, row.id))
    assert run(lambda tx: surveys.open_of(tx, other.id)) is None


def test_a_list_shows_the_viewers_people_page_by_page(
    run: Run, vault: Vault, who: Person, clock: FakeClock
) -> None:
    mine = Person(run, vault, "王五", owner_id=None)
    for number in range(3):
        clock.advance(timedelta(minutes=1))
        mine.invited(f"hr:{number}")
    clock.advance(timedelta(minutes=1))
    theirs = who.asked()
    hr = Viewer.of_user("u_hr", "李娜", Role.HR)
    auditor = Viewer.of_user("u_a", "审计", Role.AUDITOR)
    found = run(lambda tx: surveys.responses(tx, SYSTEM, limit=2))
    assert found[0].id == theirs.id
    last = (found[1].created_at, found[1].id)
    rest = run(lambda tx: surveys.responses(tx, SYSTEM, after=last, limit=5))
    assert len({row.id for row in (*found, *rest)}) == 4
    assert run(lambda tx: surveys.responses(tx, auditor)) == []
    assert len(run(lambda tx: surveys.responses(tx, hr, candidate_id=mine.id))) == 3
    only = run(lambda tx: surveys.responses(tx, hr, status=InvitationStatus.OPEN))
    assert [row.id for row in only] == [theirs.id]
    assert run(lambda tx: surveys.responses(tx, hr, survey_id="day3")) == []
    assert [row.anchor for row in run(lambda tx: surveys.of_candidate(tx, mine.id))] == [
        "hr:2", "hr:1", "hr:0",
    ]  # fmt: skip


# --- what they said -----------------------------------------------------------------------------


def test_an_edit_is_kept_beside_what_it_changed(run: Run, who: Person, clock: FakeClock) -> None:
    row = who.asked()
    assert who.says(row, 3, "三分吧")
    clock.advance(timedelta(days=3))
    assert who.says(row, 4, "还是四分")
    assert who.says(row, 4, "还是四分") is None  # the same again is nothing new
    stands = run(lambda tx: surveys.answers(tx, who.key(tx), row.id))
    assert [(one.question, one.value, one.text) for one in stands.values()] == [
        ("mood", 4, "还是四分")
    ]
    old, new = run(lambda tx: surveys.history(tx, who.key(tx), row.id))
    assert (old.value, old.superseded_at, new.superseded_at) == (3, clock(), None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (None, "说不清楚" * 4_000),
        (["pay", "growth"], "钱，然后是发展"),
        (
            {"low": 18_000, "high": None, "currency": "CNY", "period": "month", "months": 13},
            "18k起",
        ),
        ("2026-12-01", "12月1号"),
        (2.5, "2.5"),
    ],
)
def test_an_answer_comes_back_as_it_was_given_and_lies_sealed(
    run: Run, who: Person, value: Any, text: str
) -> None:
    row = who.asked()
    who.says(row, value, text)
    [answer] = run(lambda tx: surveys.answers(tx, who.key(tx), row.id)).values()
    assert (answer.value, answer.text) == (value, text)
    [sealed] = run(lambda tx: tx.all(surveys.sa.select(surveys.ANSWER.c.value_sealed)))
    assert not text or text[:4] not in sealed.value_sealed


def test_answers_move_with_a_merged_record_and_back(run: Run, vault: Vault, who: Person) -> None:
    double = Person(run, vault, "陈一鸣")
    row = double.asked()
    double.says(row, 2, "两分")
    merge = run(lambda tx: merging.merge(tx, vault, SYSTEM, kept=who.id, gone=double.id))
    assert run(lambda tx: surveys.open_of(tx, who.id)).id == row.id
    assert run(lambda tx: surveys.answers(tx, who.key(tx), row.id))["mood"].value == 2
    run(lambda tx: merging.undo(tx, vault, SYSTEM, merge))
    assert run(lambda tx: surveys.answers(tx, double.key(tx), row.id))["mood"].value == 2


def test_two_processes_that_start_at_once_bring_a_survey_in_once(database: Database) -> None:
    brought = threading.Event()

    def slowly(tx: Tx) -> int:
        changed = surveys.sync(tx, [DAY7])
        brought.set()
        time.sleep(0.3)  # the other one begins while this is not committed
        return changed

    first = database.submit(slowly)
    assert brought.wait(10)
    second = database.submit(lambda tx: surveys.sync(tx, [DAY7]))
    assert first.result(10) == 1
    assert second.result(10) in (0, 1)
    rows = database.submit_read(surveys.surveys).result(10)
    assert [(row.id, row.title) for row in rows] == [("day7", DAY7.title)]

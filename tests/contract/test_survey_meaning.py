"""Promises of what survey answers leave behind, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot import records
from bot.appraisal import Appraised, appraise
from bot.surveys import meaning
from bot.surveys.shape import Given, Kind, Question
from bot.turn import AddFact, Outcome
from storage.crypto import Keystore, SubjectKey
from storage.database import Database, Tx
from storage.enums import Stage
from storage.queries import people, profile
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.builders import NOW, a_rulebook

Run = Callable[[Callable[[Tx], Any]], Any]
BOOK = a_rulebook()


@pytest.fixture
def run(database: Database) -> Run:
    return lambda work: database.submit(work).result(10)


@pytest.fixture
def vault() -> Vault:
    return Vault(Keystore.generate())


@pytest.fixture
def who(run: Run, vault: Vault) -> str:
    def work(tx: Tx) -> str:
        return people.create_candidate(tx, vault, SYSTEM, name="陈一鸣", stage=Stage.ONBOARDED)

    return str(run(work))


def key_of(tx: Tx, vault: Vault, who: str) -> SubjectKey:
    return vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)


def keep(run: Run, vault: Vault, who: str, *facts: AddFact) -> Appraised:
    def work(tx: Tx) -> Appraised:
        records.about_candidate(
            tx,
            key_of(tx, vault, who),
            vault=vault,
            rules=BOOK,
            candidate_id=who,
            conversation_id=None,
            source="m_1",
            said_at=tx.now,
            outcome=Outcome(flow="survey", facts=facts),
            channels={},
        )
        return appraise(tx, vault, BOOK, who)

    found = run(work)
    assert isinstance(found, Appraised)
    return found


def answered(run: Run, vault: Vault, who: str, about: str, value: Any, text: str) -> Appraised:
    question = Question(id="q1", ask="怎么样？", kind=Kind.SCALE, low=1, high=5, about=about)
    given = Given(value=value, text=text)
    return keep(
        run, vault, who, *meaning.meant(BOOK, "week1", question, given, None, now=NOW).facts
    )


def test_an_answer_stands_in_the_record_with_its_survey(run: Run, vault: Vault, who: str) -> None:
    answered(run, vault, who, "team", 2, "两分吧")
    [said] = run(lambda tx: profile.statements(tx, key_of(tx, vault, who), who))
    assert (said.kind, said.value, said.source) == ("joined.team", 2, "survey:week1:q1")


def test_risk_follows_and_is_taken_back_with_a_better_answer(
    run: Run, vault: Vault, who: str
) -> None:
    low = answered(run, vault, who, "team", 2, "两分吧")
    assert [one.rule for one in low.held] == ["told_low_mood"]
    assert low.score == 20
    better = answered(run, vault, who, "team", 4, "改成四分")
    assert (better.held, better.score) == ((), 0)
    history = run(lambda tx: profile.statements(tx, key_of(tx, vault, who), who, history=True))
    assert {one.value: one.superseded_at is None for one in history} == {2: False, 4: True}


def test_a_first_motive_of_pay_reaches_the_rule_that_reads_it(
    run: Run, vault: Vault, who: str
) -> None:
    found = keep(run, vault, who, AddFact(kind="own.motive_first", value="pay", source="survey:m"))
    assert [one.rule for one in found.held] == ["pay_first"]


def test_a_refusal_and_a_protected_answer_move_nothing(run: Run, vault: Vault, who: str) -> None:
    secret = "我怀孕了，团队也还不熟"
    found = answered(run, vault, who, "career_plan", secret, secret)
    assert found.score == 0
    found = keep(run, vault, who, meaning.closed("week1", meaning.REFUSED))
    assert (found.score, found.held) == (0, ())
    assert run(lambda tx: profile.statements(tx, key_of(tx, vault, who), who)) == []
    kept = run(lambda tx: people.facts(tx, key_of(tx, vault, who), who))
    assert {(row.kind, value) for row, value in kept} == {
        ("protected_told", "q1"),
        ("survey_refused", "week1"),
    }

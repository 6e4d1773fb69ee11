"""Promises of the appraisal on SQLite and PostgreSQL: factors begin, stay, reword and end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.appraisal import Appraised, appraise
from bot.profile import values
from storage.crypto import Keystore, SubjectKey
from storage.database import Database, Tx
from storage.enums import Level, Stage, StepKind
from storage.queries import merging, people, profile, steps
from storage.queries.common import table
from storage.queries.profile import NewStatement
from storage.tables import Factor, Step
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.builders import a_rulebook
from tests.clock import FakeClock

Run = Callable[[Callable[[Tx], Any]], Any]
BOOK = a_rulebook()


@pytest.fixture
def run(database: Database) -> Run:
    return lambda work: database.submit(work).result(10)


@pytest.fixture
def vault() -> Vault:
    return Vault(Keystore.generate())


def a_person(tx: Tx, vault: Vault, told: dict[tuple[str, str], str], **position: Any) -> str:
    seat = people.create_position(tx, SYSTEM, title="后端工程师", **position)
    who = people.create_candidate(
        tx, vault, SYSTEM, name="陈一鸣", stage=Stage.OFFER, position_id=seat
    )
    tell(tx, vault, who, told)
    return who


def tell(tx: Tx, vault: Vault, who: str, told: dict[tuple[str, str], str]) -> list[str]:
    key = vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)
    said = [
        NewStatement(kind=kind, item=item, value=values.parse(BOOK.profile.kinds[kind], text))
        for (kind, item), text in told.items()
    ]
    return profile.state(tx, key, who, said, source="form:u_1", said_at=tx.now)


def key_of(tx: Tx, vault: Vault, who: str) -> SubjectKey:
    return vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)


def planned(run: Run, vault: Vault, who: str, kind: StepKind, day: date, **more: str) -> str:
    """A step of HR's; its id."""
    step: str = run(
        lambda tx: steps.plan(tx, key_of(tx, vault, who), who, kind, day, source="form:u_1", **more)
    )
    return step


def looked(run: Run, vault: Vault, who: str) -> Appraised:
    found: Appraised = run(lambda tx: appraise(tx, vault, BOOK, who))
    return found


def factors(run: Run) -> list[tuple[str, bool]]:
    rows = table(Factor)
    found = run(
        lambda tx: tx.all(sa.select(rows.c.rule, rows.c.ended_at).order_by(rows.c.at, rows.c.rule))
    )
    return [(row.rule, row.ended_at is None) for row in found]


JUMPS = {
    ("job.from", "d"): "2026-02",
    ("job.pay", "d"): "17k",
    ("job.left_tag", "d"): "薪资",
    ("job.from", "c"): "2025-05",
    ("job.pay", "c"): "13k",
    ("job.left_tag", "c"): "薪资",
    ("job.from", "b"): "2024-08",
    ("job.pay", "b"): "9.5k",
    ("job.left_tag", "b"): "薪资",
    ("job.from", "a"): "2023-12",
    ("job.pay", "a"): "7k",
    ("job.left_tag", "a"): "薪资",
}


def test_four_jobs_left_over_pay_are_seen_before_a_word_was_said(run: Run, vault: Vault) -> None:
    who = run(lambda tx: a_person(tx, vault, JUMPS, budget_low=15_000, budget_high=18_000))
    found = looked(run, vault, who)
    assert {one.rule for one in found.held} == {"left_over_pay", "steep_rises", "many_jobs"}
    row = run(lambda tx: people.get_candidate(tx, vault, SYSTEM, who))
    assert (row.score, row.level) == (55, Level.MEDIUM.value)


def test_the_same_record_again_changes_nothing(run: Run, vault: Vault, clock: FakeClock) -> None:
    who = run(lambda tx: a_person(tx, vault, JUMPS))
    looked(run, vault, who)
    before = factors(run)
    clock.advance(timedelta(days=1))
    looked(run, vault, who)
    assert factors(run) == before


def test_a_correction_ends_the_factor_and_keeps_it_in_the_history(run: Run, vault: Vault) -> None:
    who = run(lambda tx: a_person(tx, vault, {("own.notice_days", ""): "60"}))
    assert [one.rule for one in looked(run, vault, who).held] == ["long_notice"]
    run(lambda tx: tell(tx, vault, who, {("own.notice_days", ""): "30"}))
    found = looked(run, vault, who)
    assert (found.held, found.score) == ((), 0)
    assert factors(run) == [("long_notice", False)]


def test_other_facts_under_the_same_rule_begin_it_anew(run: Run, vault: Vault) -> None:
    who = run(lambda tx: a_person(tx, vault, {("own.notice_days", ""): "60"}))
    looked(run, vault, who)
    run(lambda tx: tell(tx, vault, who, {("own.notice_days", ""): "90"}))
    looked(run, vault, who)
    assert sorted(factors(run)) == [("long_notice", False), ("long_notice", True)]


def test_a_step_that_is_late_counts_until_it_is_done(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    who = run(lambda tx: a_person(tx, vault, {}))
    day = date(2026, 11, 3)
    planned(run, vault, who, StepKind.RESIGNATION, day)
    assert looked(run, vault, who).held == ()
    clock.advance(timedelta(days=2))
    [late] = looked(run, vault, who).held
    assert (late.rule, late.words) == ("late_step", ("到期未完成：提交离职申请",))
    [step] = run(lambda tx: steps.steps(tx, key_of(tx, vault, who), who))
    run(lambda tx: steps.take(tx, who, step.id, on=day, by="u_1"))
    assert looked(run, vault, who).held == ()


def test_a_step_that_was_dropped_is_neither_late_nor_on_time(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    who = run(lambda tx: a_person(tx, vault, {}))
    step = planned(run, vault, who, StepKind.MEDICAL, date(2026, 11, 3))
    clock.advance(timedelta(days=2))
    assert [one.rule for one in looked(run, vault, who).held] == ["late_step"]
    run(lambda tx: steps.drop(tx, key_of(tx, vault, who), who, step, reason="不用体检", by="u_1"))
    found = looked(run, vault, who)
    assert (found.held, found.known.steps) == ((), ())


def test_a_step_of_the_release_before_is_told_by_its_name(run: Run, vault: Vault) -> None:
    who = run(lambda tx: a_person(tx, vault, {}))
    old = {
        "id": "st_1", "candidate_id": who, "name": "交离职信", "due_on": date(2026, 11, 3),
        "source": "form:u_1", "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }  # fmt: skip
    run(lambda tx: tx.run(sa.insert(table(Step)).values(**old)))
    [step] = run(lambda tx: steps.steps(tx, key_of(tx, vault, who), who))
    assert (step.kind, step.words, step.open) == (StepKind.OTHER, "交离职信", True)


def test_steps_go_with_a_merge_and_come_back_and_open_ones_of_both_stay_apart(
    run: Run, vault: Vault
) -> None:
    kept = run(lambda tx: a_person(tx, vault, {}))
    gone = run(lambda tx: a_person(tx, vault, {}))
    day = date(2026, 12, 3)
    for who in (kept, gone):
        planned(run, vault, who, StepKind.PAPERS, day)
    planned(run, vault, gone, StepKind.OTHER, day, words="还电脑", token="n_1")
    dropped = planned(run, vault, gone, StepKind.MEDICAL, day)
    run(
        lambda tx: steps.drop(
            tx, key_of(tx, vault, gone), gone, dropped, reason="不用体检", by="u_1"
        )
    )

    def told(who: str) -> list[tuple[str, str, str]]:
        rows = run(lambda tx: steps.steps(tx, key_of(tx, vault, who), who))
        return sorted((str(row.kind), row.words, row.reason) for row in rows)

    before = {who: told(who) for who in (kept, gone)}
    merged = run(lambda tx: merging.merge(tx, vault, SYSTEM, kept=kept, gone=gone))
    assert told(kept) == [
        ("medical", "", "不用体检"),
        ("other", "还电脑", ""),
        ("papers", "", ""),
    ]
    run(lambda tx: merging.undo(tx, vault, SYSTEM, merged))
    assert {who: told(who) for who in (kept, gone)} == before


def test_what_a_check_found_otherwise_counts_until_it_is_corrected(run: Run, vault: Vault) -> None:
    who = run(lambda tx: a_person(tx, vault, {("job.until", "a"): "2025-04"}))

    def find(tx: Tx) -> None:
        key = vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)
        [said] = profile.statements(tx, key, who)
        profile.found_otherwise(tx, key, who, said.id, "离职是 2025 年 1 月", by="u_1")

    run(find)
    [found] = looked(run, vault, who).held
    assert (found.rule, found.words) == ("discrepancy", ("与核实不符：离职是 2025 年 1 月",))
    run(lambda tx: tell(tx, vault, who, {("job.until", "a"): "2025-01"}))
    assert looked(run, vault, who).held == ()


def test_a_wish_far_above_the_budget_makes_the_match_red(run: Run, vault: Vault) -> None:
    told = {("expect.pay", ""): "20k", ("expect.city", ""): "杭州"}
    who = run(lambda tx: a_person(tx, vault, told, budget_high=15_000, city="上海"))
    found = looked(run, vault, who)
    assert found.match.score is not None
    assert found.match.score < BOOK.match.thresholds.warn
    assert "low_match" in {one.rule for one in found.held}


def test_words_of_a_factor_are_sealed(run: Run, vault: Vault) -> None:
    who = run(lambda tx: a_person(tx, vault, JUMPS))
    looked(run, vault, who)
    rows = table(Factor)
    stored = run(lambda tx: tx.all(sa.select(rows.c.words_sealed)))
    assert stored
    assert not [row for row in stored if "涨薪" in row.words_sealed or "薪资" in row.words_sealed]

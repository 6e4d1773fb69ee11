"""``yinuo export endings``: what each rule added before the outcome, and nothing known after it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from typer.testing import CliRunner

from bot import accounts, app
from bot.appraisal import appraise
from bot.cli import cli
from bot.errors import BotError
from bot.risk import cases
from bot.web import exporting
from bot.words import SHANGHAI
from config.settings import Settings
from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import Stage
from storage.queries import audit, offers, people
from storage.queries.common import table, update
from storage.tables import Candidate, Factor
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.builders import a_rulebook
from tests.clock import FakeClock
from tests.contract.test_appraisal import tell

BOOK = a_rulebook()
WANTED = exporting.Wanted(format=exporting.Format.CSV, masked=exporting.whole)
Run = Callable[[Callable[[Tx], Any]], Any]


class Ground:
    def __init__(self, vault: Vault) -> None:
        self.vault, self.rulebook = vault, BOOK


@pytest.fixture
def vault() -> Vault:
    return Vault(Keystore.generate())


@pytest.fixture
def run(database: Database) -> Run:
    return lambda work: database.submit(work).result(10)


def a_person(run: Run, vault: Vault, name: str = "=1+1") -> str:
    def work(tx: Tx) -> str:
        return people.create_candidate(tx, vault, SYSTEM, name=name, stage=Stage.ACCEPTED)

    found: str = run(work)
    return found


def told(run: Run, vault: Vault, who: str, **said: str) -> None:
    def work(tx: Tx) -> None:
        tell(tx, vault, who, {(key.replace("_", ".", 1), ""): one for key, one in said.items()})
        appraise(tx, vault, BOOK, who)

    run(work)


def end(run: Run, vault: Vault, who: str, outcome: str, on_day: date) -> None:
    def work(tx: Tx) -> None:
        key = vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)
        offers.end(
            tx, key, who, outcome=outcome, reason="pay", note="", on_day=on_day, cost=None, by="u_1"
        )

    run(work)


def exported(run: Run, vault: Vault, *, days: int = 1) -> exporting.Exported:
    made: exporting.Exported = run(
        lambda tx: exporting.endings(tx, Ground(vault), SYSTEM, WANTED, days=days)
    )
    return made


def lines(made: exporting.Exported) -> dict[str, dict[str, str]]:
    rows = csv.DictReader(io.StringIO(made.data.decode("utf-8-sig"), newline=""))
    return {row["id"]: row for row in rows}


def day_of(clock: FakeClock, days: int = 0) -> date:
    return (clock() + timedelta(days=days)).astimezone(SHANGHAI).date()


def test_what_became_known_on_the_day_or_after_it_changes_nothing(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    who = a_person(run, vault)
    told(run, vault, who, own_notice_days="60")
    on_day = day_of(clock, 5)
    clock.advance(timedelta(days=6))
    end(run, vault, who, "reneged", on_day)
    before = lines(exported(run, vault))
    assert before[who]["long_notice"] != ""
    assert before[who]["long_notice@"] == day_of(clock, -6).isoformat()
    assert before[who]["pay_first"] == ""
    # After it HR learns more, and takes back what held.
    told(run, vault, who, own_notice_days="30", own_motive_first="薪资")
    assert lines(exported(run, vault)) == before


def test_what_was_taken_back_before_the_outcome_does_not_count(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    who = a_person(run, vault)
    told(run, vault, who, own_notice_days="60")
    clock.advance(timedelta(days=3))
    told(run, vault, who, own_notice_days="30")
    on_day = day_of(clock, 2)
    clock.advance(timedelta(days=9))
    end(run, vault, who, "joined", on_day)
    assert lines(exported(run, vault))[who]["long_notice"] == ""
    assert float(lines(exported(run, vault, days=4))[who]["long_notice"]) > 0


def test_the_value_is_what_was_left_on_the_day_that_is_asked_for(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    who = a_person(run, vault)
    clock.advance(timedelta(days=4))
    told(run, vault, who, own_motive_first="薪资")
    began = day_of(clock)
    on_day = day_of(clock, 20)
    clock.advance(timedelta(days=30))
    end(run, vault, who, "joined", on_day)
    near, far = (float(lines(exported(run, vault, days=n))[who]["pay_first"]) for n in (1, 15))
    assert 0 < near < far < BOOK.risk["pay_first"].adds
    assert lines(exported(run, vault, days=1))[who]["pay_first@"] == began.isoformat()
    early = lines(exported(run, vault, days=21))[who]
    assert (early["pay_first"], early["pay_first@"]) == ("", "")


def test_somebody_we_did_not_know_yet_is_left_out_and_counted(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    late = a_person(run, vault)
    end(run, vault, late, "joined", day_of(clock))
    made = exported(run, vault)
    assert (made.count, made.left_out, lines(made)) == (0, 1, {})


def test_the_newest_word_on_how_it_ended_holds_and_the_erased_are_not_told_of(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    one, gone, open_ = (a_person(run, vault) for _ in range(3))
    clock.advance(timedelta(days=9))
    for who in (one, gone):
        end(run, vault, who, "joined", day_of(clock, -2))
    clock.advance(timedelta(minutes=1))
    end(run, vault, one, "left", day_of(clock, -1))
    erased = table(Candidate).c.id == gone
    run(lambda tx: update(tx, Candidate, erased, erased_at=tx.now))
    rows = lines(exported(run, vault))
    assert {who: row["outcome"] for who, row in rows.items()} == {one: "left"}
    assert open_ not in rows


def test_every_case_can_be_read_back_as_it_was_written(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    outcomes = ("joined", "renegotiated", "declined", "reneged", "rescinded", "left")
    people_ = [a_person(run, vault) for _ in outcomes]
    for who in people_:
        told(run, vault, who, own_motive_first="薪资")
    clock.advance(timedelta(days=9))
    for who, outcome in zip(people_, outcomes, strict=True):
        end(run, vault, who, outcome, day_of(clock, -1))
    found = cases.read(exported(run, vault).data.decode("utf-8-sig"), BOOK.risk)
    assert (len(found), found.skipped) == (5, 1)
    assert found.rules == tuple(BOOK.risk)
    place = found.rules.index("pay_first")
    assert (found.values[:, place] > 0).all()
    assert (found.lead[:, place] > 0).all()
    assert sorted(found.ids) == sorted(
        who for who, how in zip(people_, outcomes, strict=True) if how != "rescinded"
    )
    assert found.broken.sum() == 4


def test_a_contribution_that_lowers_a_score_stays_a_number(
    run: Run, vault: Vault, clock: FakeClock
) -> None:
    who = a_person(run, vault)
    lowering = next(name for name, rule in BOOK.risk.items() if rule.adds < 0)

    def work(tx: Tx) -> None:
        row = {
            "id": "r_1", "candidate_id": who, "rule": lowering, "adds": -25.0,
            "fades_after_days": 60.0, "at": tx.now, "source": "m_1", "spans": [],
        }  # fmt: skip
        tx.run(table(Factor).insert().values(**row))

    run(work)
    clock.advance(timedelta(days=3))
    end(run, vault, who, "joined", day_of(clock, -1))
    made = exported(run, vault)
    assert -25 < float(lines(made)[who][lowering]) < 0
    assert cases.read(made.data.decode("utf-8-sig"), BOOK.risk).values.min() < 0


def test_the_command_writes_a_file_that_backtest_reads(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINUO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("YINUO_DATABASE_URL", database_url)
    settings = Settings()
    database, vault = app.open_storage(settings, shared=True)
    past = datetime.now(UTC) - timedelta(days=40)

    def fill(tx: Tx) -> None:
        for number in range(12):
            who = people.create_candidate(
                tx, vault, SYSTEM, name=f"张{number}", stage=Stage.ACCEPTED
            )
            tell(tx, vault, who, {("own.motive_first", ""): "薪资" if number < 6 else "发展"})
            appraise(tx, vault, BOOK, who)
            update(tx, Candidate, table(Candidate).c.id == who, created_at=past)
            key = vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)
            offers.end(
                tx, key, who, outcome="reneged" if number < 6 else "joined", reason="pay",
                note="", on_day=past.date() + timedelta(days=9), cost=None, by="u_1",
            )  # fmt: skip
        update(tx, Factor, table(Factor).c.id.is_not(None), at=past)

    database.submit(fill).result(20)
    path = tmp_path / "cases.csv"
    ran = CliRunner().invoke(cli, ["export", "endings", str(path)])
    assert ran.exit_code == 0, (ran.output, ran.exception)
    assert f"已导出 12 个结局到 {path}" in ran.output
    assert path.stat().st_mode & 0o777 == 0o600
    judged = CliRunner().invoke(cli, ["risk", "backtest", str(path)])
    assert judged.exit_code == 0, (judged.output, judged.exception)
    assert "12 个案例" in judged.output
    assert "AUC 1.000" in judged.output
    assert "张" not in path.read_text("utf-8-sig")
    book = tmp_path / "cases.xlsx"
    assert accounts.export_endings(settings, book, days=1).count == 12
    rows = python_calamine.CalamineWorkbook.from_path(str(book)).get_sheet_by_name("结局")
    table_ = rows.to_python()
    assert table_[0][:3] == ["id", "outcome", "on_day"]
    assert {type(cell) for row in table_[1:] for cell in row[3::2]} == {float, str}
    rows_ = database.submit_read(lambda tx: audit.page(tx, limit=9)).result()
    assert [row.action for row in rows_].count("endings.export") == 2
    database.close()
    with pytest.raises(BotError, match="结尾"):
        accounts.export_endings(settings, tmp_path / "cases.txt", days=1)

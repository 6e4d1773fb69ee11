"""Spreadsheets into a real record and out again: all or nothing, once, and nobody else's."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rulebook import Rulebook
from bot.sheets import opening
from bot.sheets.plan import Plan
from bot.web import exporting, importing
from bot.web.exporting import Exported, Format, Wanted
from bot.web.importing import Brought, Unfit
from bot.web.masking import mask_phone
from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import Role, Stage
from storage.queries import audit, people, profile, users
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer
from tests.builders import a_rulebook

OPERATOR = Viewer(id="operator", name="operator", role=None, sees_all=True)
CSV = """姓名,手机,应聘职位,阶段,期望薪资,公司,入职年月,离职年月,离职前薪资
张三,13812345678,后端工程师 · 杭州,发放 offer,20k,星河科技,2021-03,至今,18k*14薪
,,,,,云上,2018-01,2021-02,12k
李四,13912345678,,,,,,,
王五,,,,,,,,
"""
PLACES = "职位名称,城市,月薪下限,月薪上限\n后端工程师,杭州,18k,25k\n"


@dataclass(frozen=True)
class Ground:
    vault: Vault
    rulebook: Rulebook


@dataclass(frozen=True)
class House:
    """An installation without its road: what an import and an export stand on."""

    database: Database
    ground: Ground

    def run(self, work: Callable[[Tx], Any]) -> Any:
        return self.database.submit(work).result(60)

    def bring(self, data: bytes, viewer: Viewer = OPERATOR) -> Brought:
        told = understood(data)
        done: Brought = self.run(
            lambda tx: importing.bring(tx, self.ground, viewer, told, masked=mask_phone)
        )
        return done

    def plan(self, data: bytes, viewer: Viewer = OPERATOR) -> Plan:
        told = understood(data)
        made: Plan = self.database.submit_read(
            lambda tx: importing.plan(tx, self.ground, viewer, told, masked=mask_phone)
        ).result(60)
        return made

    def export(
        self, format: Format = Format.CSV, viewer: Viewer = OPERATOR, **more: Any
    ) -> Exported:
        wanted = Wanted(format=format, **{"masked": exporting.whole, **more})
        made: Exported = self.database.submit_read(
            lambda tx: exporting.candidates(tx, self.ground, viewer, wanted)
        ).result(60)
        return made

    def places(self) -> bytes:
        wanted = Wanted(format=Format.CSV, masked=exporting.whole)
        made: Exported = self.database.submit_read(
            lambda tx: exporting.positions(tx, self.ground, OPERATOR, wanted)
        ).result(60)
        return made.data

    def everybody(self, viewer: Viewer = OPERATOR) -> list[people.CandidateRow]:
        found: list[people.CandidateRow] = self.run(
            lambda tx: people.page_candidates(tx, self.ground.vault, viewer, limit=500)
        )
        return found

    def statements(self, candidate_id: str) -> list[Any]:
        def work(tx: Tx) -> list[Any]:
            row = people.get_candidate(tx, self.ground.vault, SYSTEM, candidate_id)
            key = self.ground.vault.key(tx, row.subject_id)
            return profile.statements(tx, key, candidate_id, history=True)

        found: list[Any] = self.run(work)
        return found

    def deeds(self) -> list[str]:
        return [row.action for row in self.run(lambda tx: list(audit.entries(tx)))]

    def user(self, login: str, role: Role = Role.HR) -> Viewer:
        made = self.run(lambda tx: users.create_user(tx, login=login, name=login, role=role))
        return Viewer.of_user(made, login, role)


def understood(data: bytes) -> Any:
    book = asyncio.run(opening.opened(data))
    return importing.understood(book, a_rulebook().sheets)


@pytest.fixture
def house(database: Database) -> House:
    return House(database, Ground(Vault(Keystore.generate()), a_rulebook()))


def table(data: bytes) -> list[dict[str, str]]:
    """An exported CSV without ids and without the line that says whose copy it is."""
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    kept = [dict(row) for row in rows if not str(row["编号"]).startswith("# ")]
    return [{key: value for key, value in row.items() if key != "编号"} for row in kept]


def test_a_file_becomes_records_with_source_day_and_who(house: House) -> None:
    house.bring(PLACES.encode())
    plan = house.plan(CSV.encode())
    assert house.everybody() == []  # the dry run writes nothing
    assert [len(plan.created), len(plan.changed), plan.faults] == [3, 0, ()]
    done = house.bring(CSV.encode())
    assert (done.created, done.changed) == (3, 0)
    rows = {row.name: row for row in house.everybody()}
    zhang = rows["张三"]
    assert (zhang.phone, zhang.stage, zhang.position_title) == (
        "+8613812345678", Stage.OFFER, "后端工程师",
    )  # fmt: skip
    said = house.statements(zhang.id)
    assert {row.source for row in said} == {"import:operator"}
    assert len({row.said_at for row in said}) == 1
    assert len({row.item for row in said if row.kind.startswith("job.")}) == 2
    assert house.deeds().count("candidate.create") == 3
    assert house.deeds().count("candidates.import") == 2


def test_the_same_file_again_changes_nothing(house: House) -> None:
    house.bring(PLACES.encode())
    for data in (CSV.encode(), PLACES.encode()):
        house.bring(data)
        before = [(row, house.statements(row.id)) for row in house.everybody()]
        assert house.plan(data).is_empty
        done = house.bring(data)
        assert (done.places, done.created, done.changed) == (0, 0, 0)
        assert [(row, house.statements(row.id)) for row in house.everybody()] == before


def test_a_changed_file_corrects_and_keeps_what_was(house: House) -> None:
    house.bring(PLACES.encode())
    house.bring(CSV.encode())
    mended = CSV.replace("20k", "22k").replace("12k", "13k")
    done = house.bring(mended.encode())
    assert (done.created, done.changed) == (0, 1)
    zhang = next(row for row in house.everybody() if row.name == "张三")
    pays = [row for row in house.statements(zhang.id) if row.kind == "expect.pay"]
    assert {(row.value["low"], row.superseded_at is None) for row in pays} == {
        (20000, False),
        (22000, True),
    }
    items = {row.item for row in house.statements(zhang.id) if row.kind == "job.pay"}
    assert len(items) == 2


def test_two_at_once_bring_nobody_twice(house: House) -> None:
    house.bring(PLACES.encode())
    told = understood(CSV.encode())
    waiting = [
        house.database.submit(
            lambda tx: importing.bring(tx, house.ground, OPERATOR, told, masked=mask_phone)
        )
        for _ in range(4)
    ]
    assert sorted(one.result(60).created for one in waiting) == [0, 0, 0, 3]
    assert len(house.everybody()) == 3


def test_a_whole_company_goes_in_at_once_beside_nobody(house: House) -> None:
    """Without a bound, as the command line brings it: what was exported has to fit in again."""
    rows = "".join(f"人{n},138{n:08}\n" for n in range(260))
    assert house.bring(f"姓名,手机\n{rows}".encode()).created == 260
    made = house.export(Format.XLSX)
    assert made.count == 260
    assert house.plan(made.data).is_empty


def test_one_fault_and_nothing_is_written(house: House) -> None:
    house.bring(PLACES.encode())
    wrong = CSV + "赵六,13712345678,没有的职位,,,,,,\n"
    before = house.deeds()
    with pytest.raises(Unfit) as unfit:
        house.bring(wrong.encode())
    assert [str(fault) for fault in unfit.value.plan.faults] == [
        "第 6 行「应聘职位」：没有这个职位，请先建好，或写进「职位」表"
    ]
    assert house.everybody() == []
    assert house.deeds() == before


def test_what_breaks_in_the_middle_leaves_nothing_behind(house: House) -> None:
    """A position that goes away between the plan and its writing takes everything with it."""
    told = understood(CSV.replace("后端工程师 · 杭州", "").encode())

    def work(tx: Tx) -> None:
        importing.bring(tx, house.ground, OPERATOR, told, masked=mask_phone)
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        house.run(work)
    assert house.everybody() == []


def test_nobody_learns_of_somebody_elses_people(house: House) -> None:
    mine, theirs = house.user("mine"), house.user("theirs")
    data = "姓名,手机,期望薪资\n张三,13812345678,20k\n".encode()
    house.bring(data, theirs)
    plan = house.plan(data.replace(b"20k", b"25k"), mine)
    assert (len(plan.created), plan.faults, plan.notes) == (1, (), ())
    house.bring(data, mine)
    assert len(house.everybody(mine)) == len(house.everybody(theirs)) == 1
    assert house.plan(data, mine).is_empty
    assert len(house.everybody()) == 2
    [own] = house.everybody(mine)
    other = next(row for row in house.everybody() if row.id != own.id)
    # An id one may not know of is as good as one that does not exist.
    for id_ in (other.id, "c_nobody"):
        row = f"编号,姓名,手机,期望薪资\n{id_},张三,13812345678,30k\n".encode()
        [step] = house.plan(row, mine).changed
        assert step.id == own.id


def test_hr_brings_people_for_a_colleagues_position_and_still_sees_them(house: House) -> None:
    mine, theirs = house.user("mine"), house.user("theirs")
    house.bring(PLACES.encode(), theirs)
    house.bring(CSV.encode(), mine)
    assert house.plan(CSV.encode(), mine).is_empty
    seen = {row.name for row in house.everybody(theirs)}
    assert "张三" in seen


def test_managers_and_auditors_have_nothing_to_export(house: House) -> None:
    house.bring(CSV.replace("后端工程师 · 杭州", "").encode())
    for role in (Role.MANAGER, Role.AUDITOR):
        assert house.export(viewer=house.user(f"u{role}", role)).count == 0
    assert house.export(viewer=house.user("hr2")).count == 3  # nobody's are everybody's


def test_a_masked_export_has_no_number_and_comes_back_by_its_ids(house: House) -> None:
    house.bring(PLACES.encode())
    house.bring(CSV.encode())
    made = house.export(masked=mask_phone)
    assert "13812345678" not in made.data.decode()
    assert "138****5678" in made.data.decode()
    assert house.plan(made.data).is_empty
    mended = made.data.decode().replace("月薪20000元", "月薪21000元").encode()
    assert [step.kinds for step in house.plan(mended).changed] == [("expect.pay",)]


def test_more_than_allowed_is_not_exported(house: House) -> None:
    house.bring(CSV.replace("后端工程师 · 杭州", "").encode())
    assert house.export(most=3).count == 3
    with pytest.raises(exporting.TooMany):
        house.export(most=2)
    assert house.export(most=1, stage=Stage.OFFER).count == 1


# --- out and in again -------------------------------------------------------------------------

_EVIL = ["=1+1", "+1", "-2+3", "@SUM(A1)", "＝1", "'=1", "''", 'a","=1', "=cmd|' /C calc'!A0", "#"]
_VISIBLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12
)
_LINES = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_categories=["C"]), st.sampled_from("\n,;'\"")),
    min_size=1,
    max_size=40,
)
_NAMES = st.builds(lambda head, rest: head + rest, st.sampled_from(["", *_EVIL]), _VISIBLE)
_TEXTS = st.builds(
    lambda head, rest: (head + rest).strip(), st.sampled_from(["", *_EVIL]), _LINES
).filter(bool)
_MONTHS = st.builds(
    lambda year, month: f"{year}-{month:02}", st.integers(1990, 2026), st.integers(1, 12)
)
_WORK = st.fixed_dictionaries(
    {"公司": _TEXTS, "入职年月": _MONTHS},
    optional={
        "担任职位": _TEXTS,
        "离职年月": st.one_of(_MONTHS, st.just("至今")),
        "离职前薪资": st.sampled_from(["18k", "18-20k*14薪", "税后9千", "月薪9万以上"]),
        "离职原因（原话）": _TEXTS,
        "离职原因": st.sampled_from(["薪资", "发展"]),
    },
)
_PERSON = st.fixed_dictionaries(
    {"姓名": _NAMES},
    optional={
        "手机": st.integers(0, 10**8 - 1).map(lambda number: f"138{number:08}"),
        "阶段": st.sampled_from(["面试", "已接受", "未录用"]),
        "入职日期": st.dates().map(str).filter(lambda day: "1900" < day < "2099"),
        "期望薪资": st.sampled_from(["20k", "年薪30万", "月薪8.5万"]),
        "职业规划": _TEXTS,
        "看重什么": st.sampled_from(["成长", "成长、收入"]),
        "离职通知期（天）": st.sampled_from(["30", "0"]),
    },
)


def as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """A file as somebody careful would write it: guarded, with every column."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO(newline="")
    from bot.sheets.cells import guarded

    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([guarded(row.get(head, "")) for head in heads] for row in rows)
    return out.getvalue().encode()


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Rows about some people, each with an employment or some; whose a row is is clear."""
    rows: list[dict[str, str]] = []
    seen: set[str] = set()
    for person in draw(st.lists(_PERSON, min_size=1, max_size=4)):
        keys = {person["姓名"], person.get("手机", person["姓名"])}
        if keys & seen:
            continue
        seen |= keys
        works = draw(st.lists(_WORK, max_size=3, unique_by=lambda one: str(sorted(one.items()))))
        rows.append({**person, **(works[0] if works else {})})
        whose = {key: person[key] for key in ("姓名", "手机") if key in person}
        rows.extend({**whose, **work} for work in works[1:])
    return as_csv(rows)


@pytest.mark.parametrize("format", Format)
def test_what_leaves_comes_back_equal(house: House, format: Format) -> None:
    """Export, into an empty database, export: the same rows, whatever candidates wrote."""

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(files())
    def holds(data: bytes) -> None:
        empty = House(house.database, house.ground)
        with fresh(empty):
            empty.bring(data)
            first = empty.export(format)
            rows = table(empty.export().data)
        with fresh(empty):
            empty.bring(first.data)
            assert table(empty.export().data) == rows
            assert empty.plan(first.data).is_empty

    holds()


class fresh:
    """The database as it was, once the block ends."""

    def __init__(self, house: House) -> None:
        self.house = house

    def __enter__(self) -> None:
        assert self.house.everybody() == []

    def __exit__(self, *_: object) -> None:
        self.house.run(wiped)


def wiped(tx: Tx) -> None:
    """Take everybody away again; the audit chain stays, as it must."""
    from storage.queries.common import table as rows_of
    from storage.tables import Candidate, Consent, Fact, Factor, Position

    for model in (Factor, Fact, Consent, Candidate, Position):
        tx.run(rows_of(model).delete())


def test_a_workbook_brings_its_positions_along(house: House) -> None:
    house.bring(PLACES.encode())
    house.bring(CSV.encode())
    made, places = house.export(Format.XLSX), house.places()
    rows = table(house.export().data)
    house.run(wiped)
    done = house.bring(made.data)
    assert (done.places, done.created) == (1, 3)
    assert table(house.export().data) == rows
    assert house.places().splitlines()[:-1] == places.splitlines()[:-1]
    assert house.plan(made.data).is_empty

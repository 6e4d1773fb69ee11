"""Promises of the record on SQLite and PostgreSQL: statements, corrections, merges, undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import Role, Stage
from storage.errors import Conflict, NotFound
from storage.queries import alerts, intake, merging, people, profile, scheduled
from storage.queries.common import insert, table
from storage.queries.profile import NewStatement
from storage.tables import Alert, Fact, Identity, Offer, Scheduled
from storage.tables import SubjectKey as SubjectKeyRow
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer
from tests.clock import FakeClock

PAY = {"low": 18000, "high": 18000, "months": None, "net": False}
MORE = {**PAY, "low": 20000, "high": 20000}


@pytest.fixture
def vault() -> Vault:
    return Vault(Keystore.generate())


@pytest.fixture
def run(database: Database) -> Callable[[Callable[[Tx], Any]], Any]:
    return lambda work: database.submit(work).result(10)


def add(tx: Tx, vault: Vault, name: str = "陈一鸣", phone: str | None = None) -> str:
    return people.create_candidate(tx, vault, SYSTEM, name=name, stage=Stage.OFFER, phone=phone)


def state(
    tx: Tx, vault: Vault, who: str, *said: NewStatement, source: str = "form:u_1"
) -> list[str]:
    return profile.state(tx, key_of(tx, vault, who), who, said, source=source, said_at=tx.now)


def key_of(tx: Tx, vault: Vault, who: str) -> Any:
    return vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)


def told(tx: Tx, vault: Vault, who: str, *, history: bool = False) -> dict[tuple[str, str], Any]:
    rows = profile.statements(tx, key_of(tx, vault, who), who, history=history)
    return {(row.kind, row.item): row.value for row in rows}


def test_a_correction_keeps_the_old_value_and_its_day(
    run: Callable[..., Any], vault: Vault, clock: FakeClock
) -> None:
    who = run(lambda tx: add(tx, vault))
    first = clock()
    run(lambda tx: state(tx, vault, who, NewStatement(kind="expect.pay", value=PAY)))
    clock.advance(timedelta(days=3))
    run(lambda tx: state(tx, vault, who, NewStatement(kind="expect.pay", value=MORE)))
    assert run(lambda tx: told(tx, vault, who)) == {("expect.pay", ""): MORE}
    rows = run(lambda tx: profile.statements(tx, key_of(tx, vault, who), who, history=True))
    assert [(row.value, row.said_at, row.superseded_at) for row in rows] == [
        (PAY, first, clock()),
        (MORE, clock(), None),
    ]


def test_saying_the_same_again_keeps_who_verified_it(run: Callable[..., Any], vault: Vault) -> None:
    who = run(lambda tx: add(tx, vault))
    [fact] = run(lambda tx: state(tx, vault, who, NewStatement(kind="expect.pay", value=PAY)))
    run(lambda tx: profile.verify(tx, who, fact, by="u_2"))
    again = run(lambda tx: state(tx, vault, who, NewStatement(kind="expect.pay", value=PAY)))
    assert again == []
    [row] = run(lambda tx: profile.statements(tx, key_of(tx, vault, who), who))
    assert (row.id, row.verified_by) == (fact, "u_2")


def test_entries_of_a_group_do_not_replace_each_other(
    run: Callable[..., Any], vault: Vault
) -> None:
    who = run(lambda tx: add(tx, vault))
    said = [NewStatement(kind="job.company", value=f"公司{n}", item=f"j{n}") for n in range(3)]
    run(lambda tx: state(tx, vault, who, *said))
    assert len(run(lambda tx: told(tx, vault, who))) == 3


def test_a_statement_of_somebody_else_cannot_be_verified_or_taken_back(
    run: Callable[..., Any], vault: Vault
) -> None:
    who, other = run(lambda tx: (add(tx, vault), add(tx, vault, "李雷")))
    [fact] = run(lambda tx: state(tx, vault, who, NewStatement(kind="expect.pay", value=PAY)))
    with pytest.raises(NotFound):
        run(lambda tx: profile.verify(tx, other, fact, by="u_2"))
    assert run(lambda tx: profile.take_back(tx, other, [fact])) == []
    assert run(lambda tx: profile.take_back(tx, who, [fact, "f_forged"])) == [fact]
    assert run(lambda tx: told(tx, vault, who)) == {}


def test_values_are_sealed(run: Callable[..., Any], vault: Vault) -> None:
    who = run(lambda tx: add(tx, vault))
    run(
        lambda tx: state(
            tx, vault, who, NewStatement(kind="job.company", value="星河科技", item="j")
        )
    )
    stored = run(lambda tx: tx.scalar(sa.select(table(Fact).c.value_sealed)))
    assert "星河" not in stored


def two(tx: Tx, vault: Vault) -> tuple[str, str]:
    """The same person twice: both with an expectation, one with a chat, alerts and a plan."""
    kept, gone = (
        add(tx, vault, phone="13812345678"),
        add(tx, vault, "陈一鸣（微信）", "13812345678"),
    )
    state(tx, vault, kept, NewStatement(kind="expect.pay", value=PAY))
    state(
        tx,
        vault,
        gone,
        NewStatement(kind="expect.pay", value=MORE),
        NewStatement(kind="own.notice_days", value=30),
    )
    intake.open_conversation(tx, vault, "telegram", "77", candidate_id=gone)
    for who, topics in ((kept, ["salary"]), (gone, ["salary", "decline"])):
        for topic in topics:
            alerts.raise_alert(
                tx,
                key_of(tx, vault, who),
                candidate_id=who,
                conversation_id=None,
                topic=topic,
                severity="today",
                rank=2,
                quote=f"{topic} {who}",
                question=topic,
                evidence=[],
                due_at=tx.now,
            )
    scheduled.plan_at(tx, kind="nudge", person_id=gone, anchor="a", at=tx.now, about={})
    return kept, gone


def whole(tx: Tx, vault: Vault, who: str) -> dict[str, Any]:
    """Everything of a record that a merge touches."""
    alert, plan, identity = table(Alert), table(Scheduled), table(Identity)
    keys = table(SubjectKeyRow)
    quotes = alerts.page(tx, vault, SYSTEM, candidate_id=who, limit=50)
    return {
        "told": told(tx, vault, who, history=False),
        "alerts": sorted((one.topic, str(one.status), one.quote) for one in quotes),
        "count": tx.scalar(
            sa.select(sa.func.count()).select_from(alert).where(alert.c.candidate_id == who)
        ),
        "plans": tx.scalar(
            sa.select(sa.func.count()).select_from(plan).where(plan.c.person_id == who)
        ),
        "chats": [
            row.address
            for row in tx.all(sa.select(identity.c.address).where(identity.c.candidate_id == who))
        ],
        "keys": sorted(
            row.id for row in tx.all(sa.select(keys.c.id).where(keys.c.candidate_id == who))
        ),
    }


def test_a_merge_joins_everything_and_its_undo_is_exact(
    run: Callable[..., Any], vault: Vault, clock: FakeClock
) -> None:
    kept, gone = run(lambda tx: two(tx, vault))
    before = run(lambda tx: (whole(tx, vault, kept), whole(tx, vault, gone)))
    clock.advance(timedelta(hours=1))
    assert run(lambda tx: merging.same_phone(tx, SYSTEM, kept)) == [gone]
    merge = run(lambda tx: merging.merge(tx, vault, SYSTEM, kept=kept, gone=gone))
    joined = run(lambda tx: whole(tx, vault, kept))
    assert joined["told"] == {("expect.pay", ""): PAY, ("own.notice_days", ""): 30}
    assert [topic for topic, status, _ in joined["alerts"] if status == "open"] == [
        "decline",
        "salary",
    ]
    assert (joined["count"], joined["plans"], joined["chats"]) == (3, 1, ["77"])
    assert len(joined["keys"]) == 2
    with pytest.raises(NotFound):
        run(lambda tx: people.get_candidate(tx, vault, SYSTEM, gone))
    clock.advance(timedelta(hours=1))
    assert run(lambda tx: merging.undo(tx, vault, SYSTEM, merge)) == (kept, gone)
    assert run(lambda tx: (whole(tx, vault, kept), whole(tx, vault, gone))) == before
    with pytest.raises(Conflict):
        run(lambda tx: merging.undo(tx, vault, SYSTEM, merge))


def test_nobody_merges_what_they_may_not_see(run: Callable[..., Any], vault: Vault) -> None:
    kept, gone = run(lambda tx: two(tx, vault))
    auditor = Viewer.of_user("u_9", "审计", Role.AUDITOR)
    with pytest.raises(NotFound):
        run(lambda tx: merging.merge(tx, vault, auditor, kept=kept, gone=gone))
    with pytest.raises(Conflict):
        run(lambda tx: merging.merge(tx, vault, SYSTEM, kept=kept, gone=kept))


def test_a_record_with_offers_does_not_go(run: Callable[..., Any], vault: Vault) -> None:
    def offer(tx: Tx, who: str) -> None:
        row = {"id": f"o_{who}", "candidate_id": who, "number": 1, "state": "draft"}
        insert(tx, Offer, {**row, "terms_sealed": "", "created_at": tx.now})

    kept, gone = run(lambda tx: two(tx, vault))
    run(lambda tx: offer(tx, gone))
    with pytest.raises(Conflict):
        run(lambda tx: merging.merge(tx, vault, SYSTEM, kept=kept, gone=gone))
    run(lambda tx: merging.merge(tx, vault, SYSTEM, kept=gone, gone=kept))  # turned round

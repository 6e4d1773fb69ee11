"""Promises of proposals on SQLite and PostgreSQL: sealed, somebody's own, settled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import Stage
from storage.errors import Conflict, NotFound
from storage.queries import merging, people, proposals
from storage.queries.common import table
from storage.tables import Proposal
from storage.vault import Vault
from storage.viewer import SYSTEM

BODY = {"fields": [{"kind": "expect.pay", "text": "18k"}], "left_out": 2}


@pytest.fixture
def vault() -> Vault:
    return Vault(Keystore.generate())


@pytest.fixture
def run(database: Database) -> Callable[[Callable[[Tx], Any]], Any]:
    return lambda work: database.submit(work).result(10)


def add(tx: Tx, vault: Vault, name: str = "陈一鸣") -> str:
    return people.create_candidate(tx, vault, SYSTEM, name=name, stage=Stage.INTERVIEW)


def key_of(tx: Tx, vault: Vault, who: str) -> Any:
    return vault.key(tx, people.get_candidate(tx, vault, SYSTEM, who).subject_id)


def keep(tx: Tx, vault: Vault, who: str, source: str = "attachment:t_1") -> str:
    return proposals.create(tx, key_of(tx, vault, who), who, BODY, source=source, by="u_1")


def listed(tx: Tx, vault: Vault, who: str, *, settled: bool = False) -> list[Any]:
    return proposals.of_candidate(tx, key_of(tx, vault, who), who, settled=settled)


def test_a_proposal_is_kept_sealed_and_opened_as_it_was(
    run: Callable[..., Any], vault: Vault
) -> None:
    who = run(lambda tx: add(tx, vault))
    made = run(lambda tx: keep(tx, vault, who))
    [row] = run(lambda tx: listed(tx, vault, who))
    assert (row.id, row.state, row.body, row.created_by) == (made, "new", BODY, "u_1")
    stored = run(lambda tx: tx.scalar(sa.select(table(Proposal).c.body_sealed)))
    assert "18k" not in stored


def test_one_of_somebody_else_is_not_found(run: Callable[..., Any], vault: Vault) -> None:
    who, other = run(lambda tx: (add(tx, vault), add(tx, vault, "李雷")))
    made = run(lambda tx: keep(tx, vault, who))
    with pytest.raises(NotFound):
        run(lambda tx: proposals.get(tx, key_of(tx, vault, other), other, made))
    with pytest.raises(Conflict):
        run(lambda tx: proposals.settle(tx, other, made, "done"))
    assert run(lambda tx: listed(tx, vault, other)) == []
    assert len(run(lambda tx: listed(tx, vault, who))) == 1


def test_what_is_settled_stays_so(run: Callable[..., Any], vault: Vault) -> None:
    who = run(lambda tx: add(tx, vault))
    made = run(lambda tx: keep(tx, vault, who))
    assert run(lambda tx: proposals.waiting(tx, who, source="attachment:t_1")) == made
    run(lambda tx: proposals.settle(tx, who, made, "dropped"))
    assert run(lambda tx: proposals.waiting(tx, who, source="attachment:t_1")) is None
    with pytest.raises(Conflict):
        run(lambda tx: proposals.settle(tx, who, made, "done"))
    with pytest.raises(Conflict):
        run(lambda tx: proposals.rewrite(tx, key_of(tx, vault, who), who, made, {}))
    assert run(lambda tx: listed(tx, vault, who)) == []
    [row] = run(lambda tx: listed(tx, vault, who, settled=True))
    assert (row.state, row.body, row.settled_at is not None) == ("dropped", BODY, True)


def test_a_merge_takes_proposals_along_and_gives_them_back(
    run: Callable[..., Any], vault: Vault
) -> None:
    kept, gone = run(lambda tx: (add(tx, vault), add(tx, vault)))
    run(lambda tx: keep(tx, vault, gone))
    merge = run(lambda tx: merging.merge(tx, vault, SYSTEM, kept=kept, gone=gone))
    assert [row.body for row in run(lambda tx: listed(tx, vault, kept))] == [BODY]
    run(lambda tx: merging.undo(tx, vault, SYSTEM, merge))
    assert [row.body for row in run(lambda tx: listed(tx, vault, gone))] == [BODY]

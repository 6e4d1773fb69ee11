"""Promises of offers, cards, requests and endings on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from storage.crypto import Keystore, SubjectKey
from storage.database import Database, Tx
from storage.enums import Stage
from storage.errors import Conflict, NotFound
from storage.queries import offers, people
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.clock import FakeClock

Run = Callable[[Callable[[Tx], Any]], Any]
TERMS = {"base": 16_000}


@pytest.fixture
def run(database: Database) -> Run:
    return lambda work: database.submit(work).result(10)


@pytest.fixture
def vault() -> Vault:
    return Vault(Keystore.generate())


@pytest.fixture
def who(run: Run, vault: Vault) -> tuple[str, SubjectKey]:
    def work(tx: Tx) -> tuple[str, SubjectKey]:
        made = people.create_candidate(tx, vault, SYSTEM, name="陈一鸣", stage=Stage.OFFER)
        return made, vault.key(tx, people.get_candidate(tx, vault, SYSTEM, made).subject_id)

    made: tuple[str, SubjectKey] = run(work)
    return made


def test_a_new_version_replaces_and_changes_nothing_of_the_old(
    run: Run, who: tuple[str, SubjectKey]
) -> None:
    person, key = who
    first = run(lambda tx: offers.draft(tx, key, person, TERMS, by="u_1"))
    run(lambda tx: offers.move(tx, person, first.id, "sent", answer_by=date(2026, 11, 6)))
    second = run(lambda tx: offers.draft(tx, key, person, {"base": 17_000}, by="u_1"))
    rows = run(lambda tx: offers.offers(tx, key, person))
    assert [(row.id, row.number, row.state, row.terms["base"]) for row in rows] == [
        (second.id, 2, "draft", 17_000),
        (first.id, 1, "replaced", 16_000),
    ]
    assert rows[1].answer_by == date(2026, 11, 6)


@pytest.mark.parametrize("path", [["accepted"], ["declined"], ["sent", "sent"], ["sent", "draft"]])
def test_an_offer_goes_only_where_its_state_allows(
    run: Run, who: tuple[str, SubjectKey], path: list[str]
) -> None:
    person, key = who
    made = run(lambda tx: offers.draft(tx, key, person, TERMS, by="u_1"))
    for state in path[:-1]:
        run(lambda tx, state=state: offers.move(tx, person, made.id, state))
    with pytest.raises(Conflict):
        run(lambda tx: offers.move(tx, person, made.id, path[-1]))


def test_an_offer_of_somebody_else_is_not_found(run: Run, who: tuple[str, SubjectKey]) -> None:
    person, key = who
    made = run(lambda tx: offers.draft(tx, key, person, TERMS, by="u_1"))
    with pytest.raises(NotFound):
        run(lambda tx: offers.move(tx, "c_other", made.id, "sent"))


def test_a_card_is_confirmed_by_each_side_once(
    run: Run, who: tuple[str, SubjectKey], clock: FakeClock
) -> None:
    person, key = who
    offer = run(lambda tx: offers.draft(tx, key, person, TERMS, by="u_1"))
    card = run(
        lambda tx: offers.write_card(tx, key, person, {"agreed": []}, offer_id=offer.id, by="u_1")
    )
    assert run(lambda tx: offers.confirm(tx, person, card.id, by="u_1"))
    at = clock()
    clock.advance(timedelta(hours=1))
    assert not run(lambda tx: offers.confirm(tx, person, card.id, by="u_2"))
    assert run(lambda tx: offers.confirm(tx, person, card.id, via="page"))
    [row] = run(lambda tx: offers.cards(tx, key, person))
    assert (row.ours_at, row.ours_by, row.theirs_at, row.theirs_via) == (at, "u_1", clock(), "page")


def test_a_card_that_was_replaced_cannot_be_confirmed(
    run: Run, who: tuple[str, SubjectKey]
) -> None:
    person, key = who
    offer = run(lambda tx: offers.draft(tx, key, person, TERMS, by="u_1"))

    def write(tx: Tx) -> offers.PledgeRow:
        return offers.write_card(tx, key, person, {"agreed": []}, offer_id=offer.id, by="u_1")

    old, new = run(write), run(write)
    assert (old.number, new.number) == (1, 2)
    with pytest.raises(Conflict):
        run(lambda tx: offers.confirm(tx, person, old.id, via="page"))
    with pytest.raises(NotFound):
        run(lambda tx: offers.confirm(tx, "c_other", new.id, via="page"))


@pytest.mark.parametrize("ended", ["withdrawn", "declined", "replaced"])
def test_a_card_whose_offer_ended_cannot_be_confirmed(
    run: Run, who: tuple[str, SubjectKey], ended: str
) -> None:
    person, key = who
    offer = run(lambda tx: offers.draft(tx, key, person, TERMS, by="u_1"))
    run(lambda tx: offers.move(tx, person, offer.id, "sent"))
    card = run(
        lambda tx: offers.write_card(tx, key, person, {"agreed": []}, offer_id=offer.id, by="u_1")
    )
    if ended == "replaced":
        run(lambda tx: offers.draft(tx, key, person, TERMS, by="u_1"))
    else:
        run(lambda tx: offers.move(tx, person, offer.id, ended))
    for side in ({"via": "page"}, {"by": "u_1"}):
        with pytest.raises(Conflict, match=ended):
            run(lambda tx, side=side: offers.confirm(tx, person, card.id, **side))


def test_the_same_sentence_asks_once_and_is_settled_once(
    run: Run, who: tuple[str, SubjectKey]
) -> None:
    person, key = who

    def ask(tx: Tx) -> str:
        body = {"what": "月薪涨到20k"}
        return offers.ask_change(tx, key, person, body, side="candidate", source="message:m_1")

    first = run(ask)
    assert run(ask) == first
    words = "预算已到上限"
    run(lambda tx: offers.settle(tx, key, person, first, "refused", by="u_1", answer=words))
    with pytest.raises(Conflict):
        run(lambda tx: offers.settle(tx, key, person, first, "agreed", by="u_1"))
    with pytest.raises(NotFound):
        run(lambda tx: offers.settle(tx, key, "c_other", first, "agreed", by="u_1"))
    [row] = run(lambda tx: offers.requests(tx, key, person))
    assert (row.state, row.settled_by) == ("refused", "u_1")
    assert row.body == {"what": "月薪涨到20k", "answer": words}


def test_the_newest_ending_holds_and_the_older_stays(
    run: Run, who: tuple[str, SubjectKey], clock: FakeClock
) -> None:
    person, key = who

    def end(tx: Tx, outcome: str) -> str:
        return offers.end(
            tx,
            key,
            person,
            outcome=outcome,
            reason="pay",
            note="另一家给了22k",
            on_day=date(2026, 11, 2),
            cost=8_000,
            by="u_1",
        )

    run(lambda tx: end(tx, "joined"))
    clock.advance(timedelta(days=1))
    run(lambda tx: end(tx, "reneged"))
    rows = run(lambda tx: offers.endings(tx, key, person))
    assert [(row.outcome, row.note, row.cost) for row in rows] == [
        ("reneged", "另一家给了22k", 8_000),
        ("joined", "另一家给了22k", 8_000),
    ]

"""Many people of one file are written together: what stands then is what one by one leaves."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import filing
from bot.web import importing, intake
from bot.web.masking import mask_phone
from storage.database import Database, Tx
from storage.enums import Author, Role, Stage
from storage.errors import NotFound
from storage.queries import arrivals, audit, backfill, people, profile
from storage.queries.appraisal import words_of
from storage.queries.arrivals import NewCandidate
from storage.queries.backfill import PastMessage
from storage.queries.common import table
from storage.queries.profile import NewStatement
from storage.tables import Factor
from storage.viewer import SYSTEM
from tests.benchmarks.bench_import import people as people_file
from tests.benchmarks.bench_import import positions as positions_file
from tests.integration import test_sheets
from tests.integration.test_sheets import OPERATOR, House, understood

house = test_sheets.house
COUNT = 24
#: A person with a number, and one with nothing but a name: nothing is told of either.
MORE = "平安,13900000001,,面试,,,,,,,,,,\n无言,,,,,,,,,,,,,\n"


def everything(house: House) -> dict[str, Any]:
    """All that is known of everybody, by name and number, without ids."""

    def work(tx: Tx) -> dict[str, Any]:
        vault, rows = house.ground.vault, table(Factor)
        found = {}
        for row in people.page_candidates(tx, vault, SYSTEM, limit=500):
            key = vault.key(tx, row.subject_id)
            told = profile.statements(tx, key, row.id, history=True)
            fields = {one.id: (one.kind, repr(one.value)) for one in told}
            factors = tx.all(sa.select(rows).where(rows.c.candidate_id == row.id))
            found[row.name, row.phone] = (
                (row.score, row.level, row.stage, row.position_title, row.owner_id),
                Counter((*fields[one.id], one.source, one.superseded_at) for one in told),
                Counter(
                    (
                        one.rule,
                        one.adds,
                        tuple(words_of(key, one)),
                        tuple(sorted(fields[fact] for fact in one.facts)),
                        one.ended_at,
                    )
                    for one in factors
                ),
            )
        return found

    found: dict[str, Any] = house.run(work)
    return found


def deeds(house: House) -> list[tuple[str, str]]:
    """What the chain says was done, and to which fields; it has to be whole."""

    def work(tx: Tx) -> list[tuple[str, str]]:
        assert audit.verify(tx, house.ground.vault.keystore).ok
        return [(one.action, repr(sorted(one.details.items()))) for one in audit.entries(tx)]

    found: list[tuple[str, str]] = house.run(work)
    return found


def one_by_one(house: House, data: bytes) -> None:
    """The same people as forms would bring them, each statement filed by itself."""
    told = understood(data)

    def work(tx: Tx, person: Any) -> None:
        seats = {one.title: one.id for one in importing.all_positions(tx, OPERATOR)}
        whose = intake.add_candidate(
            tx,
            house.ground,
            OPERATOR,
            name=person.name,
            stage=person.stage or Stage.INTERVIEW,
            phone=person.phone,
            position_id=seats[person.position] if person.position else None,
        )
        said = [NewStatement(kind=kind, value=value) for kind, value in person.told.items()]
        for number, job in enumerate(person.works):
            said += [
                NewStatement(kind=kind, value=value, item=f"j_{number}")
                for kind, value in job.told.items()
            ]
        if said:
            row = people.get_candidate(tx, house.ground.vault, OPERATOR, whose)
            key = house.ground.vault.key(tx, row.subject_id)
            source = f"import:{OPERATOR.id}"
            filing.stated(tx, house.ground, OPERATOR, whose, key, said, source=source)

    for person in told.people:
        house.run(lambda tx, person=person: work(tx, person))


def wiped(house: House) -> None:
    house.run(test_sheets.wiped)


def test_risk_and_record_equal_those_of_one_by_one(house: House) -> None:
    data = (people_file(COUNT) + MORE).encode()
    house.bring(positions_file().encode())
    start = len(deeds(house))
    house.bring(data)
    together, done = everything(house), deeds(house)[start:]
    wiped(house)
    house.bring(positions_file().encode())
    start = len(deeds(house))
    one_by_one(house, data)
    assert everything(house) == together
    assert len(together) == COUNT + 2
    assert len({found[0][0] for found in together.values()}) > 2  # scores that differ
    assert done[-1][0] == "candidates.import"
    assert done[:-1] == deeds(house)[start:]


def test_what_changes_is_appraised_as_one_change_would_be(house: House) -> None:
    """Everybody's wish rises; one of them has talked with us and leaves a question unanswered."""
    house.bring(positions_file().encode())
    house.bring(people_file(COUNT).encode())
    speaker = house.everybody()[0]
    house.run(lambda tx: talked(tx, house, speaker.id))
    house.bring(people_file(COUNT, rise=9).encode())
    changed = everything(house)

    def again(tx: Tx) -> None:
        for row in people.page_candidates(tx, house.ground.vault, SYSTEM, limit=500):
            filing.appraisal.appraise(tx, house.ground.vault, house.ground.rulebook, row.id)

    house.run(again)
    assert everything(house) == changed  # nothing was left for an appraisal of each to find
    ended = [one for found in changed.values() for one in found[2] if one[4] is not None]
    assert ended
    silent = {name for name, found in changed.items() if "silence" in {one[0] for one in found[2]}}
    assert silent == {(speaker.name, speaker.phone)}


def talked(tx: Tx, house: House, candidate_id: str) -> None:
    """They answered within the hour, three times; our last question has waited a working day."""
    vault, noon = house.ground.vault, tx.now - timedelta(days=4)
    asked = [(noon + timedelta(hours=2 * n + m), m) for n in range(3) for m in range(2)]
    asked.append((tx.now - timedelta(days=3), 0))
    talk = backfill.talk(tx, vault, candidate_id=candidate_id, channel="webchat", address="a")
    past = [
        PastMessage(
            uid=f"m_{n}",
            author=Author.CANDIDATE if theirs else Author.BOT,
            author_id=None,
            text="好了" if theirs else "好了吗？",
            at=at,
        )
        for n, (at, theirs) in enumerate(asked)
    ]
    backfill.messages(tx, vault.key(tx, talk.subject_id), talk, past)


def test_many_are_put_up_for_a_position_each_and_noted(house: House) -> None:
    bare = "姓名,手机\n" + "".join(f"人{n},138{n:08}\n" for n in range(5))
    house.bring(bare.encode())
    house.bring("职位名称,城市\n甲,杭州\n乙,上海\n".encode())
    start = len(deeds(house))
    to = "姓名,手机,应聘职位\n" + "".join(f"人{n},138{n:08},{'甲乙'[n % 2]}\n" for n in range(5))
    assert house.bring(to.encode()).changed == 5
    assert Counter(row.position_title for row in house.everybody()) == {"甲": 3, "乙": 2}
    assert Counter(action for action, _ in deeds(house)[start:]) == {
        "candidate.assign": 5,
        "candidates.import": 1,
    }


def test_nobody_is_put_up_by_who_may_not_see_them(house: House, database: Database) -> None:
    mine, theirs = house.user("mine"), house.user("theirs")

    def work(tx: Tx) -> None:
        seat = people.create_position(tx, SYSTEM, title="甲")
        new = [NewCandidate(name=n, stage=Stage.OFFER, owner_id=theirs.id) for n in "一二"]
        [(first, _), (second, _)] = arrivals.create(tx, house.ground.vault, SYSTEM, new)
        arrivals.assign(tx, theirs, [first, second], seat)
        arrivals.assign(tx, mine, [first, second], seat)

    with pytest.raises(NotFound):
        house.run(work)
    assert house.everybody() == []


def test_nobody_is_added_for_a_position_out_of_sight(house: House) -> None:
    manager = house.user("boss", Role.MANAGER)

    def work(tx: Tx) -> None:
        seat = people.create_position(tx, SYSTEM, title="甲")
        new = [NewCandidate(name="一", stage=Stage.OFFER, position_id=seat)]
        arrivals.create(tx, house.ground.vault, manager, new)

    with pytest.raises(NotFound):
        house.run(work)
    assert house.everybody() == []


def test_no_links_are_added_for_no_deeds(house: House) -> None:
    house.run(lambda tx: audit.append_all(tx, house.ground.vault.keystore, OPERATOR, []))
    assert deeds(house) == []


def test_a_fault_in_the_last_row_of_many_leaves_nothing(house: House) -> None:
    house.bring(positions_file().encode())
    before = deeds(house)
    wrong = people_file(600) + "多余,13912345678,没有的职位,,,,,,,,,,,\n"
    plan = house.plan(wrong.encode())
    assert [fault.column for fault in plan.faults] == ["应聘职位"]
    with pytest.raises(importing.Unfit):
        house.bring(wrong.encode())
    assert house.everybody() == []
    assert deeds(house) == before


def test_a_break_after_the_first_hundreds_takes_them_back(house: House) -> None:
    house.bring(positions_file().encode())
    before = deeds(house)
    told = understood(people_file(520).encode())

    def work(tx: Tx) -> None:
        importing.bring(tx, house.ground, OPERATOR, told, masked=mask_phone)
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        house.run(work)
    assert house.everybody() == []
    assert deeds(house) == before

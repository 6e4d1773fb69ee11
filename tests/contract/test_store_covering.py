"""Who is told of a candidate and who may know of them, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import Role, Stage
from storage.errors import Conflict, NotFound
from storage.queries import absences, covering, people, teams, users
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer

TODAY = date(2026, 11, 2)
DAY = timedelta(days=1)
Run = Callable[[Callable[[Tx], Any]], Any]


class Office:
    """Colleagues by name, their positions and candidates."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.vault = Vault(Keystore.generate())
        self.roles: dict[str, Role] = {}

    def user(self, name: str, role: Role = Role.HR) -> str:
        made: str = self.run(lambda tx: users.create_user(tx, login=name, name=name, role=role))
        self.roles[made] = role
        return made

    def position(self, owner: str | None = None, team: tuple[str, ...] = ()) -> str:
        def work(tx: Tx) -> str:
            made = people.create_position(tx, SYSTEM, title="工程师", owner_id=owner)
            teams.change(tx, SYSTEM, made, team)
            return made

        made: str = self.run(work)
        return made

    def candidate(self, owner: str | None = None, position: str | None = None) -> str:
        made: str = self.run(
            lambda tx: people.create_candidate(
                tx,
                self.vault,
                SYSTEM,
                name="张三",
                stage=Stage.OFFER,
                owner_id=owner,
                position_id=position,
            )
        )
        return made

    def away(self, user: str, deputy: str, first: date = TODAY, last: date = TODAY) -> str:
        made: str = self.run(
            lambda tx: absences.add(
                tx,
                user_id=user,
                deputy_id=deputy,
                from_on=first,
                until_on=last,
                today=TODAY,
                by=user,
            )
        )
        return made

    def leaves(self, user: str) -> None:
        self.run(lambda tx: users.change_user(tx, user, disabled_at=tx.now))

    def viewer(self, user: str) -> Viewer:
        return Viewer.of_user(user, user, self.roles[user])

    def sees(self, user: str) -> set[str]:
        rows = self.run(
            lambda tx: people.page_candidates(tx, self.vault, self.viewer(user), limit=500)
        )
        return {row.id for row in rows}

    def told(self, candidate: str) -> list[tuple[str, str]]:
        found = self.run(lambda tx: covering.first(tx, candidate))
        assert {one.level for one in found} <= {0}
        return [(one.user_id, one.instead_of) for one in found]

    def help(self, candidate: str) -> list[str]:
        found = self.run(lambda tx: covering.helpers(tx, candidate))
        assert {one.level for one in found} <= {1}
        return [one.user_id for one in found]


@pytest.fixture
def run(database: Database) -> Run:
    return lambda work: database.submit(work).result(10)


@pytest.fixture
def office(run: Run) -> Office:
    return Office(run)


def test_the_owner_is_told_and_else_the_positions(office: Office) -> None:
    own, other = office.user("own"), office.user("other")
    position = office.position(other)
    assert office.told(office.candidate(own, position)) == [(own, "")]
    assert office.told(office.candidate(None, position)) == [(other, "")]
    assert office.help(office.candidate(own, position)) == [other]
    assert office.help(office.candidate(None, position)) == []


def test_nobodys_case_is_the_teams_and_else_every_hrs(office: Office) -> None:
    one, two = office.user("one"), office.user("two", Role.HR_ADMIN)
    office.user("m", Role.MANAGER)
    office.leaves(office.user("gone"))
    assert office.told(office.candidate()) == [(one, ""), (two, "")]
    shared = office.position(None, (one,))
    assert office.told(office.candidate(None, shared)) == [(one, "")]
    three = office.user("three")
    office.away(one, three)
    assert office.told(office.candidate(None, shared)) == [(three, "one")]
    assert office.told(office.candidate()) == [(three, ""), (two, "")]


def test_a_deputy_is_told_and_sees_while_somebody_is_away_and_not_a_day_longer(
    office: Office, run: Run
) -> None:
    own, deputy, stranger = office.user("own"), office.user("deputy"), office.user("stranger")
    mate = office.user("mate")
    by_position = office.candidate(None, office.position(own))
    by_owner = office.candidate(own)
    shared = office.candidate(mate, office.position(mate, (own,)))
    theirs = {by_position, by_owner, shared}
    office.away(own, deputy, TODAY + DAY, TODAY + 2 * DAY)

    def now() -> tuple[set[str], list[tuple[str, str]]]:
        assert office.sees(own) == theirs
        assert office.sees(stranger) == set()
        assert office.told(shared) == [(mate, "")]
        return office.sees(deputy), office.told(by_owner)

    assert now() == (set(), [(own, "")])
    for days, there in ((0, False), (1, True), (1, True), (2, True), (3, False), (4, False)):
        today = TODAY + days * DAY
        run(lambda tx, today=today: absences.switch(tx, today=today, limit=10))
        expected = (theirs, [(deputy, "own")]) if there else (set(), [(own, "")])
        assert now() == expected, days
        assert office.help(shared) == [deputy if there else own]
    assert run(lambda tx: absences.switch(tx, today=TODAY + 5 * DAY, limit=10)) == []


def test_who_comes_home_early_has_their_cases_back_at_once(office: Office, run: Run) -> None:
    own, deputy, other = office.user("own"), office.user("deputy"), office.user("other")
    case = office.candidate(own)
    absence = office.away(own, deputy, TODAY, TODAY + 9 * DAY)
    assert (office.sees(deputy), office.told(case)) == ({case}, [(deputy, "own")])
    with pytest.raises(NotFound):
        run(lambda tx: absences.end(tx, office.viewer(other), absence))
    with pytest.raises(NotFound):  # nor does the deputy say when they are back
        run(lambda tx: absences.end(tx, office.viewer(deputy), absence))
    assert office.sees(deputy) == {case}
    run(lambda tx: absences.end(tx, office.viewer(own), absence))
    assert (office.sees(deputy), office.told(case)) == (set(), [(own, "")])
    with pytest.raises(Conflict):
        run(lambda tx: absences.end(tx, office.viewer(own), absence))
    run(lambda tx: absences.switch(tx, today=TODAY + DAY, limit=10))
    assert office.sees(deputy) == set()
    office.away(own, deputy, TODAY + DAY, TODAY + DAY)  # those days are free again


def test_a_deputy_who_is_away_passes_on_once(office: Office) -> None:
    own, second, third, fourth = (office.user(name) for name in ("own", "b", "c", "d"))
    admin = office.user("admin", Role.HR_ADMIN)
    case = office.candidate(own)
    office.away(own, second)
    office.away(second, third)
    assert office.told(case) == [(third, "own")]
    assert office.sees(third) == {case}
    office.away(third, fourth)
    assert office.told(case) == [(admin, "")]
    assert office.sees(fourth) == set()


def test_two_who_stand_in_for_each_other_leave_it_to_the_team_and_else_the_admins(
    office: Office,
) -> None:
    own, other, mate = office.user("own"), office.user("other"), office.user("mate")
    admin, boss = office.user("admin", Role.HR_ADMIN), office.user("boss", Role.HR_ADMIN)
    office.away(own, other)
    office.away(other, own)
    case = office.candidate(own)
    assert office.told(case) == [(admin, ""), (boss, "")]
    assert office.told(office.candidate(own, office.position(own, (mate,)))) == [(mate, "")]
    office.away(boss, admin)
    assert office.told(case) == [(admin, "")]
    office.leaves(admin)
    assert office.told(case) == [(boss, "")]  # nobody else is left


def test_who_left_or_works_no_cases_any_more_is_skipped_everywhere(
    office: Office, run: Run
) -> None:
    own, deputy, mate = office.user("own"), office.user("deputy"), office.user("mate")
    admin = office.user("admin", Role.HR_ADMIN)
    case = office.candidate(own, office.position(own, (mate,)))
    office.away(own, deputy)
    assert office.told(case) == [(deputy, "own")]
    assert office.help(case) == [mate]
    run(lambda tx: users.change_user(tx, deputy, role=Role.MANAGER.value))
    office.roles[deputy] = Role.MANAGER
    assert office.told(case) == [(mate, "")]
    assert office.sees(deputy) == set()
    office.leaves(mate)
    assert office.told(case) == [(admin, "")]
    assert office.help(case) == []
    assert [one.user_id for one in run(covering.admins)] == [admin]


def test_a_team_sees_its_position_and_whoever_left_it_does_not(office: Office, run: Run) -> None:
    own, mate, other = office.user("own"), office.user("mate"), office.user("other")
    position = office.position(own, (mate,))
    case, elsewhere = office.candidate(other, position), office.candidate(own)
    assert office.sees(mate) == {case}
    assert office.sees(own) == {case, elsewhere}
    assert office.help(case) == [own, mate]
    manager = office.user("m", Role.MANAGER)
    with pytest.raises(NotFound):
        run(lambda tx: teams.change(tx, SYSTEM, position, [mate, manager]))
    changed = run(lambda tx: teams.change(tx, SYSTEM, position, [other]))
    assert (changed.added, changed.removed) == ((other,), (mate,))
    assert office.sees(mate) == set()
    assert [one.name for one in run(lambda tx: teams.team(tx, position))] == ["other"]


@pytest.mark.parametrize("wrong", ["self", "manager", "gone", "over", "backwards", "twice"])
def test_what_is_no_absence_is_refused(office: Office, wrong: str) -> None:
    own, deputy = office.user("own"), office.user("deputy")
    office.away(own, deputy, TODAY + 5 * DAY, TODAY + 7 * DAY)
    first, last = TODAY, TODAY + DAY
    if wrong == "self":
        deputy = own
    if wrong == "manager":
        deputy = office.user("m", Role.MANAGER)
    if wrong == "gone":
        office.leaves(deputy)
    if wrong == "over":
        first, last = TODAY - 3 * DAY, TODAY - DAY
    if wrong == "backwards":
        first, last = TODAY + DAY, TODAY
    if wrong == "twice":
        last = TODAY + 5 * DAY
    with pytest.raises((Conflict, NotFound)):
        office.away(own, deputy, first, last)


@pytest.mark.parametrize("seed", range(6))
def test_whoever_is_told_may_know_of_the_candidate_and_hr_sees_nothing_else(
    office: Office, seed: int
) -> None:
    """Against a second, plain account of what scope promises, in offices made by chance."""
    chance = random.Random(seed)
    hr = [office.user(f"u{n}", chance.choice([Role.HR] * 4 + [Role.HR_ADMIN])) for n in range(7)]
    maybe = [*hr, None]
    places = {}
    for _ in range(5):
        owner, team = chance.choice(maybe), tuple(chance.sample(hr, chance.choice([0, 0, 1, 2])))
        places[office.position(owner, team)] = (owner, team)
    cases = {}
    for _ in range(14):
        owner, place = chance.choice(maybe), chance.choice([*places, None])
        cases[office.candidate(owner, place)] = (owner, place)
    deputies = {}
    for one in chance.sample(hr, 4):
        deputy = chance.choice([other for other in hr if other != one])
        office.away(one, deputy)
        deputies[one] = deputy
    left = set(chance.sample(hr, 1))
    for one in left:
        office.leaves(one)

    def acts(user: str) -> set[str]:
        direct = {one for one, deputy in deputies.items() if deputy == user}
        passed = {one for one, deputy in deputies.items() if deputy in direct - left}
        return {user} | direct | passed

    for user in set(hr) - left:
        mine = acts(user)
        expected = {
            case
            for case, (owner, place) in cases.items()
            if office.roles[user] is Role.HR_ADMIN
            or owner in mine
            or (place and (places[place][0] in mine or set(places[place][1]) & mine))
            or (owner is None and (place is None or places[place][0] is None))
        }
        assert office.sees(user) == expected
    for case in cases:
        told = [*office.told(case), *((one, "") for one in office.help(case))]
        if not told:
            assert all(office.roles[one] is Role.HR for one in set(hr) - left)
        ids = [one for one, _ in told]
        assert len(ids) == len(set(ids))
        assert not set(ids) & left
        for one in ids:
            assert case in office.sees(one)

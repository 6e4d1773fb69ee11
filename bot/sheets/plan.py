"""What an import would do: who is new, what changes, what cannot be. Pure: the dry run is this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.profile.values import Value
from bot.sheets.definition import Layout
from bot.sheets.entries import Fault, Person, Place, Understood, Work
from bot.sheets.positions import Seat, Seats, called, key_of
from storage.enums import Stage

Field = tuple[str, str]  # kind, item
#: An employment that is not known yet; each gets a name of its own when it is filed.
NEW = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A candidate we have. ``shown`` is the number as people may see it; ``mine``: the viewer's
    own, whatever position they are up for."""

    id: str
    name: str
    phone: str
    shown: str
    position_id: str | None
    stage: Stage
    start_on: date | None
    mine: bool = True
    told: Mapping[Field, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """What an import may see of what is there, all of it the viewer's to see.

    ``namesakes``: everybody without a number, and whoever else has a name that stands without one
    in the file.
    """

    people: Sequence[Known] = ()
    namesakes: Sequence[Known] = ()
    seats: Sequence[Seat] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What becomes of one person. ``id`` is empty for somebody new.

    ``said`` are statements that are new or differ; those of employments in ``works``, by the item
    they belong to. ``position`` is a Seat's id or, for one of the same file, its whole name.
    """

    person: Person
    id: str = ""
    said: Mapping[str, Value] = field(default_factory=dict)
    works: tuple[tuple[str, Mapping[str, Value]], ...] = ()
    position: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of all that is said, each once."""
        of_works = (kind for _, told in self.works for kind in told)
        return tuple(dict.fromkeys((*self.said, *of_works)))

    @property
    def changes(self) -> bool:
        """Whether anything is to be written."""
        return bool(not self.id or self.said or self.works or self.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of it. With ``faults`` nothing is done."""

    places: tuple[Place, ...]
    steps: tuple[Step, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]

    @property
    def created(self) -> tuple[Step, ...]:
        """People who are new."""
        return tuple(step for step in self.steps if not step.id)

    @property
    def changed(self) -> tuple[Step, ...]:
        """People we have, of whom something new is said."""
        return tuple(step for step in self.steps if step.id and step.changes)

    @property
    def unchanged(self) -> int:
        """People of whom the file says nothing new."""
        return len(self.steps) - len(self.created) - len(self.changed)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be written."""
        return not (self.places or self.created or self.changed)


def planned(told: Understood, have: Have, layout: Layout) -> Plan:
    """What a file comes to, given what there is."""
    made = _Planning(told, have, layout)
    places = made.places(told.places)
    steps = tuple(step for person in told.people if (step := made.step(person)) is not None)
    faults = (*told.faults, *made.faults)
    return Plan(places=places, steps=steps, faults=faults, notes=(*told.notes, *made.notes))


class _Planning:
    def __init__(self, told: Understood, have: Have, layout: Layout) -> None:
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []
        self._layout, self._have = layout, have
        # A position of the same file is known by its whole name until it is made.
        coming = [
            Seat(
                id=called(one),
                title=one.title,
                department=one.department,
                city=one.city,
                level=one.level,
            )
            for one in told.places
        ]
        there = {key_of(seat) for seat in have.seats}
        seats = [*have.seats, *(one for one in coming if key_of(one) not in there)]
        self._seats = Seats(seats)
        self._ids = {one.id: one for one in have.people}
        self._phones, self._names = _by(have.people, "phone"), _by(have.namesakes, "name")
        self._taken: dict[str, Person] = {}

    def places(self, told: Sequence[Place]) -> tuple[Place, ...]:
        """Positions that are new."""
        there = {key_of(seat) for seat in self._have.seats}
        return tuple(one for one in told if key_of(one) not in there)

    def step(self, person: Person) -> Step | None:
        """What becomes of a person; None when that is not clear."""
        before = len(self.faults)
        known = self._known(person)
        position = self._position(person, known)
        if len(self.faults) > before:
            return None
        if known is None:
            works = tuple((NEW, work.told) for work in person.works)
            return Step(person=person, said=person.told, works=works, position=position)
        if (other := self._taken.setdefault(known.id, person)) is not person:
            self._wrong(person, "name", f"和第 {other.line} 行是同一个候选人")
            return None
        self._kept(person, known)
        said = {
            kind: value
            for kind, value in person.told.items()
            if known.told.get((kind, "")) != value
        }
        works = tuple(_works(person.works, known.told))
        return Step(person=person, id=known.id, said=said, works=works, position=position)

    # --- who --------------------------------------------------------------------------------

    def _known(self, person: Person) -> Known | None:
        by_id = self._ids.get(person.id) if person.id else None
        if by_id is not None:
            return self._same(person, by_id)
        if person.masked:
            self._wrong(person, "phone", "号码被遮住了；新的候选人请写完整的号码，或者留空")
            return None
        if person.phone:
            by_phone = self._phones.get(person.phone, [])
            if len(by_phone) > 1:
                self._wrong(person, "phone", "有几份档案用这个号码，请先把它们合并")
                return None
            if by_phone:
                return self._same(person, by_phone[0])
            if any(not one.phone for one in self._names.get(person.name, [])):
                self._note(person, "name", "已有一份同名、没有手机号的档案；如是同一个人，请合并")
            return None
        return self._by_name(person)

    def _by_name(self, person: Person) -> Known | None:
        same = self._names.get(person.name, [])
        bare = [one for one in same if not one.phone and self._at(person, one)]
        if len(bare) == 1 and len(same) == 1:
            return bare[0]
        if same:
            says = "已有同名的候选人，分不清是不是同一个人；请写手机号，或用导出的表（带编号）修改"
            self._wrong(person, "phone", says)
        return None

    def _at(self, person: Person, known: Known) -> bool:
        """Whether a namesake is up for the position a file says, as far as it says one."""
        if not person.position or known.position_id is None:
            return True
        return any(seat.id == known.position_id for seat in self._seats.meant(person.position))

    def _same(self, person: Person, known: Known) -> Known | None:
        if person.name != known.name:
            self._wrong(person, "name", f"编号或手机号是「{known.name}」的，姓名不一样，请核对")
            return None
        return known

    # --- what -------------------------------------------------------------------------------

    def _position(self, person: Person, known: Known | None) -> str | None:
        """The position to put somebody up for; None when there is nothing to do."""
        if not person.position:
            return None
        found = self._seats.meant(person.position)
        if known is not None and known.position_id is not None:
            if all(seat.id != known.position_id for seat in found):
                says = "和档案里的不同，导入不改；请在候选人的页面上改"
                self._note(person, "position", says)
            return None
        if len(found) != 1:
            if found:
                like = "、".join(f"「{called(seat)}」" for seat in found[:3])
                says = f"有几个职位都叫这个名字，请写清楚：{like}"
            else:
                says = "没有这个职位，请先建好，或写进「职位」表"
            self._wrong(person, "position", says)
            return None
        if known is not None and not (known.mine or found[0].ours):
            # They would be the colleague's from then on, and out of the viewer's sight.
            self._note(person, "position", "这个职位由同事负责，导入不改派")
            return None
        return found[0].id

    def _kept(self, person: Person, known: Known) -> None:
        """What an import never changes of somebody we have."""
        if person.phone and person.phone != known.phone:
            self._note(person, "phone", "和档案里的不同，导入不改")
        if person.masked and person.masked != known.shown:
            self._note(person, "phone", "和档案里的不同，导入不改")
        if person.stage is not None and person.stage is not known.stage:
            word = self._layout.stages[known.stage.value]
            self._note(person, "stage", f"现在是「{word}」，导入不改；请在候选人的页面上改")
        if person.start_on is not None and person.start_on != known.start_on:
            self._note(person, "start_on", "和档案里的不同，导入不改")

    def _wrong(self, person: Person, key: str, says: str) -> None:
        self.faults.append(self._fault(person, key, says))

    def _note(self, person: Person, key: str, says: str) -> None:
        self.notes.append(self._fault(person, key, says))

    def _fault(self, person: Person, key: str, says: str) -> Fault:
        label = self._layout.candidates.of(key).label
        return Fault(sheet=person.sheet, line=person.line, column=label, says=says)


def _by(known: Sequence[Known], field: str) -> dict[str, list[Known]]:
    """The people of each value of a field, in order."""
    found: dict[str, list[Known]] = {}
    for one in known:
        found.setdefault(getattr(one, field), []).append(one)
    return found


def _works(
    works: Sequence[Work], told: Mapping[Field, Value]
) -> Sequence[tuple[str, Mapping[str, Value]]]:
    """Employments that are new or of which something new is said, by their item."""
    items: dict[str, dict[str, Value]] = {}
    for (kind, item), value in told.items():
        if item:
            items.setdefault(item, {})[kind] = value
    left = dict(items)
    waiting = list(works)
    # What is known word for word is taken out first, then what says less than we know, the fullest
    # first: neither may be taken for a change of another employment.
    for covers in (_equal, _within):
        for work in sorted(waiting, key=lambda one: -len(one.told)):
            fits = [item for item, known in left.items() if covers(work.told, known)]
            if fits:
                del left[fits[0]]
                waiting.remove(work)
    found = []
    for work in waiting:
        item = next((item for item, known in left.items() if _is_same(work.told, known)), NEW)
        known = left.pop(item, {})
        new = {kind: value for kind, value in work.told.items() if known.get(kind) != value}
        found.append((item, new))
    return found


def _equal(told: Mapping[str, Value], known: Mapping[str, Value]) -> bool:
    return told == known


def _within(told: Mapping[str, Value], known: Mapping[str, Value]) -> bool:
    return told.items() <= known.items()


def _is_same(told: Mapping[str, Value], known: Mapping[str, Value]) -> bool:
    """The same employment: company and beginning, or the company where one has no beginning."""
    if told.get("job.company") != known.get("job.company") or "job.company" not in told:
        return False
    begins = told.get("job.from"), known.get("job.from")
    return begins[0] == begins[1] or None in begins

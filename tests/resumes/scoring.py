"""How well proposals agree with the truth: precision and recall of each field."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bot.profile import values
from bot.profile.definition import ProfileDefinition
from bot.resume.proposal import Proposal, Proposed
from tests.resumes.people import Person

#: Of every layout, these people; every person is drawn by several layouts.
EACH = 3


def month(at: tuple[int, int] | None) -> str:
    """The stored form of a month."""
    return "now" if at is None else f"{at[0]}-{at[1]:02d}"


def truth(who: Person) -> dict[tuple[str, int], str]:
    """What a perfect reader proposes: by kind and number of the employment (-1: none)."""
    told = {
        ("expect.pay", -1): who.expects,
        ("expect.city", -1): who.city,
        ("expect.start", -1): who.start,
        ("own.skills", -1): "\n".join(who.skills),
        ("own.education", -1): "\n".join((who.school, who.major, who.degree)),
    }
    for at, job in enumerate(who.jobs):
        told |= {
            ("job.company", at): job.company,
            ("job.title", at): job.title,
            ("job.from", at): month(job.begins),
            ("job.until", at): month(job.until),
        }
        if job.pay:
            told["job.pay", at] = job.pay
        if job.reason:
            told["job.left_because", at] = job.reason
    return told


def agrees(kind: str, found: Proposed, wanted: str, definition: ProfileDefinition) -> bool:
    """Whether a proposed field says what is true. Amounts and dates are compared as stored."""
    if kind in ("own.skills", "own.education"):
        return all(part in found.text for part in wanted.split("\n"))
    if found.ask or kind in ("expect.city", "job.company", "job.title", "job.left_because"):
        return found.text == wanted
    stored = values.parse(definition.kinds[kind], found.text)
    if kind in ("job.from", "job.until"):
        return bool(stored == wanted)
    return bool(stored == values.parse(definition.kinds[kind], wanted))


@dataclass
class Score:
    """Counts by kind: right, proposed, true."""

    right: Counter[str] = field(default_factory=Counter)
    proposed: Counter[str] = field(default_factory=Counter)
    true: Counter[str] = field(default_factory=Counter)
    misses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self,
        name: str,
        who: Person,
        made: Proposal,
        definition: ProfileDefinition,
        *,
        untold: frozenset[str] = frozenset(),
    ) -> None:
        """Count one résumé. ``untold``: kinds its layout has no place for."""
        items = list(dict.fromkeys(one.item for one in made.fields if one.item))
        found = {
            (one.kind, items.index(one.item) if one.item else -1): one
            for one in made.fields
            if one.kind != "job.left_tag"
        }
        wanted = truth(who)
        wanted = {key: text for key, text in wanted.items() if key[0] not in untold}
        for (kind, at), text in wanted.items():
            self.true[kind] += 1
            one = found.get((kind, at))
            if one is not None and agrees(kind, one, text, definition):
                self.right[kind] += 1
            else:
                got = "nothing" if one is None else repr(one.text)
                self.misses[name].append(f"{who.name} {kind}[{at}]: {got}, not {text!r}")
        for (kind, at), one in found.items():
            self.proposed[kind] += 1
            if (kind, at) not in wanted:
                self.misses[name].append(f"{who.name} {kind}[{at}]: {one.text!r}, not nothing")

    def precision(self, kind: str) -> float:
        """Of what was proposed, the share that was right."""
        return self.right[kind] / self.proposed[kind] if self.proposed[kind] else 0.0

    def recall(self, kind: str) -> float:
        """Of what is true, the share that was proposed."""
        return self.right[kind] / self.true[kind]

    @property
    def overall(self) -> tuple[float, float]:
        """Precision and recall over all fields."""
        right, proposed, true = (sum(c.values()) for c in (self.right, self.proposed, self.true))
        return right / proposed, right / true

    def table(self) -> str:
        """For people: a line a field."""
        lines = [f"{'field':<18} {'prec.':>6} {'recall':>6} {'true':>5}"]
        lines += (
            f"{kind:<18} {self.precision(kind):6.3f} {self.recall(kind):6.3f} {self.true[kind]:5d}"
            for kind in sorted(self.true)
        )
        precision, recall = self.overall
        lines.append(f"{'all':<18} {precision:6.3f} {recall:6.3f} {sum(self.true.values()):5d}")
        return "\n".join(lines)


def drawn(
    layouts: Sequence[tuple[str, Callable[[Person], bytes]]], people: Sequence[Person]
) -> Iterable[tuple[str, Person, bytes]]:
    """Every layout with ``EACH`` of the people, another first one each time."""
    for at, (name, made) in enumerate(layouts):
        for step in range(EACH):
            who = people[(at * 3 + step) % len(people)]
            yield name, who, made(who)

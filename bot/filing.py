"""What people of ours file about a candidate: state, correct, verify, take back, merge.

Each function is one unit of work: it checks the viewer's view, writes, appraises, and adds its link
to the audit chain in the same commit. What can mean two things is asked back, field by field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot import appraisal, casework
from bot.errors import Conflict
from bot.pipeline import Road
from bot.profile import values
from bot.profile.definition import ProfileDefinition
from bot.profile.doubt import Doubtful
from bot.profile.forbidden import names_protected
from bot.profile.profile import Contradiction, contradictions
from bot.words import SHANGHAI
from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import StepKind
from storage.queries import merging, profile, steps
from storage.queries.audit import Deed
from storage.queries.people import CandidateRow
from storage.queries.profile import NewStatement
from storage.viewer import Viewer

Field = tuple[str, str]  # kind, item


#: Kinds in free words that may not carry a protected detail; names and skills may sound like one.
_FREE = frozenset({"job.left_because", "job.conduct", "expect.plan"})
_PROTECTED = "提到了受保护的信息（年龄、性别、婚育、籍贯、民族、健康等），请去掉后再保存"


class Unclear(Conflict):
    """Fields that could not be understood. ``asks`` says, in Chinese, what to ask for each."""

    def __init__(self, asks: Mapping[Field, str]) -> None:
        super().__init__("some fields are unclear")
        self.asks = dict(asks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What came of it: the new statements' ids, and what does not fit together now."""

    ids: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]


def understood(
    definition: ProfileDefinition, told: Mapping[Field, str]
) -> tuple[NewStatement, ...]:
    """Fields as people wrote them, parsed. Raises ``Unclear`` naming every field to ask about."""
    said, asks = [], {}
    for (kind, item), text in told.items():
        if kind not in definition.kinds:
            asks[kind, item] = "没有这一项"
        elif definition.repeats(kind) != bool(item):
            asks[kind, item] = "这一项属于某段工作经历" if not item else "这一项只有一个"
        else:
            try:
                value = values.parse(definition.kinds[kind], text)
            except Doubtful as doubt:
                asks[kind, item] = str(doubt)
            else:
                if kind in _FREE and names_protected(text):
                    asks[kind, item] = _PROTECTED
                said.append(NewStatement(kind=kind, item=item, value=value))
    if asks:
        raise Unclear(asks)
    return tuple(said)


def new_item() -> str:
    """A name for one more entry of a group, for example one more job."""
    return new_public_id("j")


async def state(
    road: Road, viewer: Viewer, candidate_id: str, told: Mapping[Field, str], *, source: str
) -> Filed:
    """File what somebody said of a candidate; saying it again changes nothing.

    ``source`` says where it comes from: ``form:<user>``, ``resume:<proposal>`` …

    Raises ``Unclear`` and ``NotFound``.
    """
    said = understood(road.rulebook.profile, told)

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> Filed:
        return stated(tx, road, viewer, row.id, key, said, source=source)

    return await casework.about(road, viewer, candidate_id, work)


def stated(
    tx: Tx,
    road: casework.Ground,
    viewer: Viewer,
    candidate_id: str,
    key: SubjectKey,
    said: Sequence[NewStatement],
    *,
    source: str,
) -> Filed:
    """File understood statements inside the caller's unit of work, which checked the view."""
    ids = profile.state(tx, key, candidate_id, said, source=source, said_at=tx.now)
    casework.noted_all(tx, road, viewer, [deed(candidate_id, said)])
    found = appraisal.appraise(tx, road.vault, road.rulebook, candidate_id)
    today = tx.now.astimezone(SHANGHAI).date()
    return Filed(ids=tuple(ids), contradictions=contradictions(found.known.profile, today))


def deed(candidate_id: str, said: Sequence[NewStatement]) -> Deed:
    """What the audit chain keeps of a statement: the names of its fields."""
    fields = sorted({one.kind for one in said})
    return Deed(action="record.state", object_id=candidate_id, details={"fields": fields})


async def verify(
    road: Road, viewer: Viewer, candidate_id: str, fact_id: str, *, found: str = ""
) -> None:
    """Say that a statement was checked; with ``found``, that the check found something else.

    Raises ``NotFound``, also for a statement that was corrected meanwhile.
    """

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> None:
        if found:
            profile.found_otherwise(tx, key, row.id, fact_id, found, by=viewer.id)
        else:
            profile.verify(tx, row.id, fact_id, by=viewer.id)
        action = "record.doubt" if found else "record.verify"
        casework.noted(tx, road, viewer, action, row.id, {"statement": fact_id})
        appraisal.appraise(tx, road.vault, road.rulebook, row.id)

    await casework.about(road, viewer, candidate_id, work)


async def take_back(road: Road, viewer: Viewer, candidate_id: str, *fact_ids: str) -> int:
    """Statements that do not hold any more, with nothing in their place; how many stood."""

    def work(tx: Tx, row: CandidateRow, _: SubjectKey) -> int:
        stood = profile.take_back(tx, row.id, fact_ids)
        if stood:  # the chain names what was there, never what a form claims
            casework.noted(tx, road, viewer, "record.take_back", row.id, {"statements": stood})
            appraisal.appraise(tx, road.vault, road.rulebook, row.id)
        return len(stood)

    return await casework.about(road, viewer, candidate_id, work)


async def plan_step(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    kind: StepKind,
    due_on: date,
    *,
    words: str = "",
    token: str = "",
) -> None:
    """Note something the candidate is to do by a day. The same kind again moves the day.

    Of kind ``other`` it is told in ``words``; ``token`` makes a form sent twice one step. Raises
    ``MayNotAsk`` for words that the law forbids to ask.
    """
    casework.lawful(road, words)

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> None:
        step_id = steps.plan(
            tx, key, row.id, kind, due_on, source=f"form:{viewer.id}", words=words, token=token
        )
        details = {"step": step_id, "kind": str(kind), "due_on": due_on.isoformat()}
        casework.noted(tx, road, viewer, "record.step", row.id, details)
        appraisal.appraise(tx, road.vault, road.rulebook, row.id)

    await casework.about(road, viewer, candidate_id, work)


async def step_moved(
    road: Road, viewer: Viewer, candidate_id: str, step_id: str, due_on: date
) -> None:
    """It is due another day. Raises ``NotFound`` for a step that is closed or another's."""

    def work(tx: Tx, row: CandidateRow, _: SubjectKey) -> None:
        steps.move(tx, row.id, step_id, due_on)
        details = {"step": step_id, "due_on": due_on.isoformat()}
        casework.noted(tx, road, viewer, "record.step", row.id, details)
        appraisal.appraise(tx, road.vault, road.rulebook, row.id)

    await casework.about(road, viewer, candidate_id, work)


async def step_taken(road: Road, viewer: Viewer, candidate_id: str, step_id: str, on: date) -> None:
    """The candidate did it that day. Raises ``NotFound`` as ``step_moved`` does."""

    def work(tx: Tx, row: CandidateRow, _: SubjectKey) -> None:
        steps.take(tx, row.id, step_id, on=on, by=viewer.id)
        details = {"step": step_id, "on": on.isoformat()}
        casework.noted(tx, road, viewer, "record.step_taken", row.id, details)
        appraisal.appraise(tx, road.vault, road.rulebook, row.id)

    await casework.about(road, viewer, candidate_id, work)


async def step_dropped(
    road: Road, viewer: Viewer, candidate_id: str, step_id: str, reason: str
) -> None:
    """It is not to be done any more. Raises ``NotFound`` as ``step_moved`` does."""

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> None:
        steps.drop(tx, key, row.id, step_id, reason=reason, by=viewer.id)
        casework.noted(tx, road, viewer, "record.step_dropped", row.id, {"step": step_id})
        appraisal.appraise(tx, road.vault, road.rulebook, row.id)

    await casework.about(road, viewer, candidate_id, work)


async def merge(road: Road, viewer: Viewer, *, kept: str, gone: str) -> str:
    """Join two records of one person; the merge's id. Raises ``NotFound`` and ``Conflict``."""

    def work(tx: Tx) -> str:
        merge_id = merging.merge(tx, road.vault, viewer, kept=kept, gone=gone)
        casework.noted(tx, road, viewer, "record.merge", kept, {"gone": gone, "merge": merge_id})
        appraisal.appraise(tx, road.vault, road.rulebook, kept)
        return merge_id

    return await road.database.write(work)


async def unmerge(road: Road, viewer: Viewer, merge_id: str) -> tuple[str, str]:
    """Take a merge apart; the two records. Raises ``NotFound`` and ``Conflict``."""

    def work(tx: Tx) -> tuple[str, str]:
        kept, gone = merging.undo(tx, road.vault, viewer, merge_id)
        casework.noted(tx, road, viewer, "record.unmerge", kept, {"gone": gone, "merge": merge_id})
        for one in (kept, gone):
            appraisal.appraise(tx, road.vault, road.rulebook, one)
        return kept, gone

    return await road.database.write(work)

"""Résumés as proposals: read a file, keep what it says, confirm it field by field, or drop it.

A file's words become part of the record only through ``confirm``. Raises of all: ``NotFound`` when
the viewer may not know of the candidate or may not read what they wrote.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from bot import attachments, casework, filing
from bot.errors import NotFound
from bot.filing import Field, Filed
from bot.pipeline import Road
from bot.resume import proof, reading
from bot.resume.document import Unreadable
from bot.resume.proposal import Proposal, Proposed
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import media, proposals
from storage.queries.people import CandidateRow
from storage.queries.proposals import ProposalRow
from storage.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A kept proposal. ``state``: new, done, dropped."""

    id: str
    source: str
    state: str
    created_at: datetime
    proposal: Proposal

    @classmethod
    def of(cls, row: ProposalRow) -> Waiting:
        """A stored proposal."""
        return cls(
            id=row.id,
            source=row.source,
            state=row.state,
            created_at=row.created_at,
            proposal=Proposal.of_json(row.body),
        )

    @property
    def undecided(self) -> tuple[Proposed, ...]:
        """Fields nobody has confirmed yet; none once the proposal is settled."""
        fields = self.proposal.fields if self.state == proposals.NEW else ()
        return tuple(one for one in fields if not one.confirmed)


async def from_attachment(road: Road, viewer: Viewer, attachment_id: str) -> Waiting:
    """Read a file somebody attached in chat. Asked again while it waits, the same proposal.

    Raises ``NotFound`` and ``Unreadable``.
    """
    _may_read(viewer)
    attached = await road.database.read(
        lambda tx: media.readable(tx, road.vault, viewer, attachment_id)
    )
    if attached.candidate_id is None or attached.size > proof.MOST_BYTES:
        raise Unreadable("文件超过 10 MB，请对方发小一些的版本")
    source = f"attachment:{attached.id}"
    standing = await _standing(road, viewer, attached.candidate_id, source)
    if standing is not None:
        return standing
    data = bytearray()
    async with aclosing(attachments.stream(road, attached)) as stream:  # type: ignore[type-var]
        async for part in stream:
            data += part
    return await _keep(road, viewer, attached.candidate_id, bytes(data), source)


async def from_upload(road: Road, viewer: Viewer, candidate_id: str, data: bytes) -> Waiting:
    """Read a file one of ours brought. Only what it says is kept. Raises ``Unreadable``."""
    _may_read(viewer)
    await casework.about(road, viewer, candidate_id, lambda *_: None)  # before any work is done
    return await _keep(road, viewer, candidate_id, data, f"upload:{viewer.id}")


async def waiting(
    road: Road, viewer: Viewer, candidate_id: str, *, settled: bool = False
) -> Sequence[Waiting]:
    """Proposals about a candidate that wait, newest first; with ``settled`` also the others."""
    _may_read(viewer)

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> list[Waiting]:
        found = proposals.of_candidate(tx, key, row.id, settled=settled)
        return [Waiting.of(one) for one in found]

    return await casework.about(road, viewer, candidate_id, work)


async def confirm(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    proposal_id: str,
    chosen: Mapping[Field, str],
) -> Filed:
    """File chosen fields, as proposed or as HR corrected them, with source ``resume:<id>``.

    The rest goes on waiting; with the last field the proposal is done. Raises ``filing.Unclear``
    naming fields that cannot be understood or that this proposal does not have (then nothing is
    filed), and ``Conflict`` for a proposal that is settled.
    """
    _may_read(viewer)
    said = filing.understood(road.rulebook.profile, chosen)

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> Filed:
        found = Waiting.of(proposals.get(tx, key, row.id, proposal_id))
        unknown = set(chosen) - {(one.kind, one.item) for one in found.proposal.fields}
        if unknown:
            raise filing.Unclear(dict.fromkeys(unknown, "这份简历里没有这一项"))
        fields = tuple(
            replace(one, text=chosen[one.kind, one.item], ask="", confirmed=True)
            if (one.kind, one.item) in chosen
            else one
            for one in found.proposal.fields
        )
        after = replace(found.proposal, fields=fields)
        proposals.rewrite(tx, key, row.id, proposal_id, after.as_json())
        if all(one.confirmed for one in fields):
            proposals.settle(tx, row.id, proposal_id, proposals.DONE)
        return filing.stated(tx, road, viewer, row.id, key, said, source=f"resume:{proposal_id}")

    return await casework.about(road, viewer, candidate_id, work)


async def drop(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    proposal_id: str,
    *,
    only: Collection[Field] | None = None,
) -> None:
    """Let go of what is not confirmed, or of ``only`` some of it: its words are not kept.

    With the last field the proposal is settled. Raises ``Conflict`` for one that is already.
    """
    _may_read(viewer)

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> None:
        found = Waiting.of(proposals.get(tx, key, row.id, proposal_id)).proposal
        fields = tuple(
            one
            for one in found.fields
            if one.confirmed or (only is not None and (one.kind, one.item) not in only)
        )
        after = replace(found, fields=fields)
        proposals.rewrite(tx, key, row.id, proposal_id, after.as_json())
        if all(one.confirmed for one in fields):
            state = proposals.DONE if fields else proposals.DROPPED
            proposals.settle(tx, row.id, proposal_id, state)
        casework.noted(tx, road, viewer, "resume.drop", row.id, {"proposal": proposal_id})

    await casework.about(road, viewer, candidate_id, work)


async def _standing(road: Road, viewer: Viewer, candidate_id: str, source: str) -> Waiting | None:
    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> Waiting | None:
        found = proposals.waiting(tx, row.id, source=source)
        return None if found is None else Waiting.of(proposals.get(tx, key, row.id, found))

    return await casework.about(road, viewer, candidate_id, work)


async def _keep(road: Road, viewer: Viewer, candidate_id: str, data: bytes, source: str) -> Waiting:
    made = await reading.read(data, road.rulebook.profile, new_item=filing.new_item)

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> Waiting:
        made_id = proposals.create(tx, key, row.id, made.as_json(), source=source, by=viewer.id)
        details = {
            "proposal": made_id,
            "source": source,
            "fields": sorted({one.kind for one in made.fields}),
        }
        casework.noted(tx, road, viewer, "resume.read", row.id, details)
        return Waiting.of(proposals.get(tx, key, row.id, made_id))

    return await casework.about(road, viewer, candidate_id, work)


def _may_read(viewer: Viewer) -> None:
    """A résumé has pay and reasons: whoever may not read chats may not read it either."""
    if Permission.CHAT_READ not in viewer.permissions:
        raise NotFound

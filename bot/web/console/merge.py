"""/console/candidates/{id}/merge: two records of one person become one, and two again."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from bot import filing
from bot.errors import Conflict, NotFound
from bot.profile import values
from bot.web import record_views as shapes
from bot.web.console import portrait
from bot.web.console.common import go, language, site_of
from bot.web.errors import Invalid
from bot.web.masking import mask_phone
from bot.web.notices import sorry
from bot.web.security import Principal, needs
from bot.web.site import Site
from bot.web.strict import read_form
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import audit, media, merging, people, profile, timeline, users
from storage.queries.people import CandidateRow
from storage.viewer import Permission, Viewer

FOUND = 20
HERE, OTHER = "here", "other"
router = APIRouter(prefix="/console/candidates/{candidate_id}/merge", include_in_schema=False)
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]


@router.get("")
async def page(
    request: Request,
    who: Writer,
    candidate_id: str,
    q: Annotated[str, Query(max_length=60)] = "",
    other: Annotated[str, Query(max_length=60)] = "",
    keep: Annotated[str, Query(max_length=10)] = HERE,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Search for the double; with ``other``, what a merge would do.

    Raises ``NotFound`` also for another record the viewer may not know of.
    """
    return await _page(request, who, candidate_id, q.strip(), other, keep, said=said)


async def _page(
    request: Request,
    who: Principal,
    candidate_id: str,
    query: str = "",
    other: str = "",
    keep: str = HERE,
    *,
    said: str = "",
    why: str = "",
    status: int = 200,
) -> Response:
    viewer = who.viewer

    def make(tx: Tx, site: Site, row: CandidateRow, key: SubjectKey) -> shapes.MergePage:
        preview = None
        if other and other != row.id:
            double = people.get_candidate(tx, site.road.vault, viewer, other)
            keystore, details = site.road.vault.keystore, {"page": "merge"}
            audit.append(tx, keystore, viewer, "candidate.read", double.id, details=details)
            preview = _preview(tx, site, viewer, row, double, keep)
        found = _found(tx, site, viewer, row, query)
        return shapes.MergePage(
            head=portrait.head(viewer, row, "merge"),
            query=query,
            found=found,
            searched=bool(query),
            preview=preview,
            merged=_merged(tx, row.id),
        )

    return await portrait.show(
        request,
        who,
        candidate_id,
        "merge",
        make,
        said=said,
        flashes=sorry(language(who), why) if why else (),
        status=status,
    )


def _found(
    tx: Tx, site: Site, viewer: Viewer, row: CandidateRow, query: str
) -> tuple[shapes.Double, ...]:
    """Records with the same phone, then those the search finds; each once."""
    vault = site.road.vault
    same = [
        people.get_candidate(tx, vault, viewer, one)
        for one in merging.same_phone(tx, viewer, row.id)[:FOUND]
    ]
    named = people.find_candidates(tx, vault, viewer, query, limit=FOUND) if query else []
    known = {row.id, *(one.id for one in same)}
    return (
        *(_double(one, "phone") for one in same),
        *(_double(one, "found") for one in named if one.id not in known),
    )


def _double(row: CandidateRow, why: Literal["phone", "found"] = "found") -> shapes.Double:
    return shapes.Double(
        id=row.id,
        name=row.name,
        position=row.position_title,
        stage=row.stage.value,
        phone=mask_phone(row.phone) if row.phone else "",
        owner=row.owner_name,
        created_at=row.created_at,
        why=why,
    )


def _preview(
    tx: Tx, site: Site, viewer: Viewer, row: CandidateRow, double: CandidateRow, keep: str
) -> shapes.MergePreview:
    kept, gone = (double, row) if keep == OTHER else (row, double)
    mine, theirs = (_told(tx, site, one) for one in (kept, gone))
    kinds = site.road.rulebook.profile.kinds
    vault, once = site.road.vault, [kind for kind, item in theirs if not item]
    swapped = HERE if keep == OTHER else OTHER
    swap = urlencode({"other": double.id, "keep": swapped})
    carried = media.of_candidate(tx, vault, viewer, gone.id)
    talks = timeline.conversations_of(tx, viewer, gone.id)
    return shapes.MergePreview(
        kept=_double(kept),
        gone=_double(gone),
        clashes=tuple(
            shapes.Clash(label=kinds[kind].label, kept=mine[kind, ""], gone=theirs[kind, ""])
            for kind in once
            if (kind, "") in mine and mine[kind, ""] != theirs[kind, ""]
        ),
        added=tuple(kinds[kind].label for kind in once if (kind, "") not in mine),
        jobs=len({item for _, item in theirs if item}),
        files=len(carried),
        channels=tuple(sorted({talk.channel for talk in talks})),
        swap_url=f"/console/candidates/{row.id}/merge?{swap}",
        blocked=blocked(tx, kept.id, gone.id),
    )


def _told(tx: Tx, site: Site, row: CandidateRow) -> dict[tuple[str, str], str]:
    kinds = site.road.rulebook.profile.kinds
    rows = profile.statements(tx, site.road.vault.key(tx, row.subject_id), row.id)
    return {
        (one.kind, one.item): values.shown(kinds[one.kind], one.value)
        for one in rows
        if one.kind in kinds
    }


def blocked(tx: Tx, kept: str, gone: str) -> str:
    """Why two records may not be merged like this: a key of the words ``merge.blocked``.

    Offers and cards do not move, so the record that has them is the one that has to stay.
    """
    if not merging.offered(tx, gone):
        return ""
    return "both" if merging.offered(tx, kept) else "turn"


def _merged(tx: Tx, candidate_id: str) -> tuple[shapes.Merged, ...]:
    rows = merging.merges(tx, candidate_id)
    names = users.names(tx, [row.merged_by for row in rows])
    return tuple(
        shapes.Merged(
            id=row.id,
            by=names.get(row.merged_by, ""),
            at=row.merged_at,
            undone_at=row.undone_at,
            kept_here=row.kept_id == candidate_id,
        )
        for row in rows
    )


@router.post("")
async def merge(request: Request, who: Writer, candidate_id: str) -> Response:
    """Join them. A record nobody may know of and one that is not there are answered alike."""
    form, road = await read_form(request), site_of(request).road
    other, keep = form.get("other", ""), form.get("keep", "")
    if keep not in (HERE, OTHER):
        raise Invalid({"keep": "unknown"})
    if other == candidate_id:
        return await _page(request, who, candidate_id, why="merge_same", status=422)
    kept, gone = (other, candidate_id) if keep == OTHER else (candidate_id, other)
    if await road.database.read(lambda tx: blocked(tx, kept, gone)):
        return await _page(request, who, candidate_id, why="merge_offers", status=409)
    try:
        await filing.merge(road, who.viewer, kept=kept, gone=gone)
    except NotFound:  # the other one, or this page's, which then is no page either
        return await _page(request, who, candidate_id, why="merge_unknown", status=409)
    except Conflict:
        return await _page(request, who, candidate_id, why="merge_offers", status=409)
    return go(f"/console/candidates/{kept}/merge?said=merged")


@router.post("/{merge_id}/undo")
async def undo(request: Request, who: Writer, candidate_id: str, merge_id: str) -> Response:
    """Two records again; only of a merge into this one that stands."""
    road = site_of(request).road

    def stands(tx: Tx) -> bool:
        return any(
            row.id == merge_id and row.kept_id == candidate_id and row.undone_at is None
            for row in merging.merges(tx, candidate_id)
        )

    try:
        if not await road.database.read(stands):
            raise Conflict("no such merge stands")
        await filing.unmerge(road, who.viewer, merge_id)
    except (Conflict, NotFound):
        return await _page(request, who, candidate_id, why="merge_undone", status=409)
    return go(f"/console/candidates/{candidate_id}/merge?said=unmerged")

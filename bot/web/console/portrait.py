"""What the pages of one candidate's record share: whose it is, the audit's link, who said what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fastapi import Request, Response

from bot.web import views
from bot.web.console.common import html, language, site_of
from bot.web.notices import done
from bot.web.record_views import Head, Source, Tab
from bot.web.security import Principal
from bot.web.shell import inside
from bot.web.site import Site
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import audit, people, users
from storage.queries.people import CandidateRow
from storage.viewer import Permission, Viewer

Make = Callable[[Tx, Site, CandidateRow, SubjectKey], object]
#: Which permission opens which page. A manager sees the record alone, and of that the shared kinds.
TABS: Mapping[Tab, Permission] = {
    "record": Permission.CANDIDATE_READ,
    "match": Permission.CHAT_READ,
    "risk": Permission.CHAT_READ,
    "outcome": Permission.CANDIDATE_WRITE,
    "resume": Permission.CHAT_READ,
    "responses": Permission.SURVEY_READ,
    "merge": Permission.CANDIDATE_WRITE,
}
#: How sources begin, and the word for each; what stands behind the colon is an id.
_SOURCES = frozenset(
    {"form", "resume", "import", "message", "survey", "upload", "attachment", "check"}
)


def head(viewer: Viewer, row: CandidateRow, tab: Tab) -> Head:
    """The top of a page about a candidate."""
    return Head(
        id=row.id,
        name=row.name,
        position=row.position_title,
        stage=row.stage.value,
        level=row.level,
        score=row.score,
        tab=tab,
        tabs=tuple(one for one, needed in TABS.items() if viewer.may(needed)),
    )


async def show(
    request: Request,
    who: Principal,
    candidate_id: str,
    tab: Tab,
    make: Make,
    *,
    said: str = "",
    flashes: tuple[views.Flash, ...] = (),
    status: int = 200,
) -> Response:
    """A page about one candidate the viewer may know of. Raises ``NotFound``.

    Looking is a deed: it stands in the audit chain or is not shown. A form that comes back as it
    was sent is no further look.
    """
    site = site_of(request)
    looked = status == 200

    def work(tx: Tx) -> tuple[views.Shell, object]:
        vault = site.road.vault
        row = people.get_candidate(tx, vault, who.viewer, candidate_id)
        if looked:
            details = {"page": tab}
            audit.append(tx, vault.keystore, who.viewer, "candidate.read", row.id, details=details)
        shell = inside(
            tx,
            site,
            who,
            active="candidates",
            path=f"/console/candidates/{row.id}/{tab}",
            flashes=flashes or done(language(who), said),
        )
        return shell, make(tx, site, row, vault.key(tx, row.subject_id))

    database = site.road.database
    shell, page = await (database.write(work) if looked else database.read(work))
    return html(site, f"console/{tab}.html", shell, page=page, status=status)


class Sources:
    """Sources of statements as people read them, with the names of our people."""

    def __init__(self, tx: Tx, sources: Iterable[str], people_ids: Iterable[str | None]) -> None:
        forms = [one.partition(":")[2] for one in sources if one.startswith(("form:", "upload:"))]
        self._names = users.names(tx, [*forms, *(one for one in people_ids if one)])

    def name(self, user_id: str | None) -> str:
        """Whoever did something; empty for nobody."""
        return self._names.get(user_id, "") if user_id else ""

    def of(self, source: str) -> Source:
        """A stored source."""
        kind, _, rest = source.partition(":")
        if kind not in _SOURCES:
            return Source(kind="message" if source.startswith("m_") else "other")
        return Source(kind=kind, by=self._names.get(rest, ""))

"""Where a candidate stands with their consents, as their page shows it."""

from __future__ import annotations

from dataclasses import replace

from bot import consenting
from bot.agreeing import MOST_NOTE
from bot.consent import API, FORM, PAPER
from bot.web.consent_views import ConsentLink, ConsentPart
from bot.web.security import Principal
from bot.web.site import Site
from storage.database import Tx
from storage.errors import NotFound
from storage.queries import consents, users
from storage.queries.consents import ConsentRow
from storage.queries.people import CandidateRow
from storage.viewer import Permission


def shown(tx: Tx, site: Site, who: Principal, row: CandidateRow) -> ConsentPart:
    """The ledger of a candidate the viewer may know of."""
    book = site.road.rulebook
    links = consents.ledger(tx, who.viewer, row.id)
    writes = who.viewer.may(Permission.CANDIDATE_WRITE)
    analysed = consenting.analysed(tx, book, row.id)
    return ConsentPart(
        analysed=analysed,
        links=tuple(_link(tx, site, one) for one in reversed(links)),
        by_form=book.form.name if analysed and not links and book.form is not None else "",
        items=tuple((key, one.name) for key, one in book.consents.items.items()) if writes else (),
        most_note=MOST_NOTE,
    )


def _link(tx: Tx, site: Site, one: ConsentRow) -> ConsentLink:
    items = site.road.rulebook.consents.items
    name = items[one.item].name if one.item in items else one.item
    link = ConsentLink(item=name, answer=one.answer.value, at=one.at, source="chat")
    if one.source.startswith(FORM):
        return replace(link, source="form", detail=one.source.removeprefix(FORM))
    if one.source.startswith(API):
        return replace(link, source="api", detail=one.source.removeprefix(API))
    if one.source.startswith(PAPER):
        user_id, _, note = one.source.removeprefix(PAPER).partition(":")
        return replace(link, source="paper", detail=note, by=_name(tx, user_id))
    return link


def _name(tx: Tx, user_id: str) -> str:
    try:
        return str(users.get_user(tx, user_id).name)
    except NotFound:  # disabled since
        return ""

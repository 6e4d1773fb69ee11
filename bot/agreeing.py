"""Consents that reach us outside of a chat: on paper, in a form, over the interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from bot import consenting
from bot.appraisal import appraise
from bot.casework import Ground, decide
from bot.consent import ANALYSIS, API, PAPER, SetConsent
from bot.errors import NotFound
from bot.pipeline import Road
from scheduler.engine import CONVERSATION
from storage.database import Tx
from storage.enums import ConsentAnswer
from storage.queries import consents, people, turns
from storage.queries.audit import Deed
from storage.queries.consents import NewConsent
from storage.viewer import Viewer

#: How long the note to a paper, and the source an interface names, may be.
MOST_NOTE, MOST_SOURCE = 25, 50


async def on_paper(road: Road, viewer: Viewer, candidate_id: str, item: str, note: str) -> None:
    """Record a consent that was given on paper; ``note`` says where the paper is.

    What the candidate said in the last days and was never read is read now. Raises ``NotFound``
    for a person the viewer may not know of, or an item that is not defined.
    """
    if item not in road.rulebook.consents.items:
        raise NotFound("no such item")
    link = SetConsent(
        item=item,
        answer=ConsentAnswer.GIVEN,
        notice=road.rulebook.consents.version(item),
        source=f"{PAPER}{viewer.id}:{note[:MOST_NOTE]}",
    )

    def work(tx: Tx) -> None:
        row = people.get_candidate(tx, road.vault, viewer, candidate_id)
        turns.touch(tx, row.id, row.version)
        talks = consenting.keep(tx, road.vault, road.rulebook, viewer, row.id, [link])
        road.engine.wake(tx, CONVERSATION, talks)
        if item == ANALYSIS:
            appraise(tx, road.vault, road.rulebook, row.id)

    await decide(road, work)


def brought(
    tx: Tx,
    ground: Ground,
    made_at: Mapping[str, datetime],
    told: Collection[tuple[str, str]] = (),
) -> dict[str, list[Deed]]:
    """Record what new candidates (id, and when they were made) consented to before they came.

    The company's own form counts where the settings say that it asks. ``told``: items and where
    each was given, as whoever brings them says it. What is to be noted in the audit chain, by
    candidate: the caller does it in its place. Raises ``NotFound`` for an unknown item.
    """
    form, book = ground.rulebook.form, ground.rulebook
    given = {item: f"{API}{source}"[: len(API) + MOST_SOURCE] for item, source in told}
    if given.keys() - book.consents.items.keys():
        raise NotFound("no such item")
    new = []
    for candidate_id, at in made_at.items():
        covered = {ANALYSIS: form.source} if form is not None and form.covers(at) else {}
        new += [
            NewConsent(
                candidate_id=candidate_id,
                item=item,
                answer=ConsentAnswer.GIVEN,
                notice=book.consents.version(item),
                source=source,
            )
            for item, source in (covered | given).items()
        ]
    if new:
        consents.put(tx, new)
    deeds: dict[str, list[Deed]] = {candidate_id: [] for candidate_id in made_at}
    for one in new:
        deeds[one.candidate_id].append(consents.deed(one))
    return deeds

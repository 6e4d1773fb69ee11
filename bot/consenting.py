"""Consents in the database: where somebody stands, and what follows from an answer.

Whoever makes something of what a candidate says asks ``stands`` first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.consent import ANALYSIS, READ_BACK, ConsentSeen, SetConsent, holds, stands
from bot.rulebook import Rulebook
from storage.database import Tx
from storage.enums import ConsentAnswer
from storage.queries import consents, scheduled
from storage.queries.consents import ConsentRow, Last, NewConsent
from storage.vault import Vault
from storage.viewer import Viewer


def seen(
    tx: Tx, rulebook: Rulebook, candidate_id: str, *, item: str = ANALYSIS, is_open: bool = False
) -> ConsentSeen:
    """Where a candidate stands with an item. ``is_open``: see ``ConsentSeen``."""
    last = consents.last_of(tx, [candidate_id], item)[candidate_id]
    made_at = consents.made_at(tx, candidate_id)
    by_form = item == ANALYSIS and made_at is not None and _covers(rulebook, made_at)
    return _seen(last, by_form=by_form, is_open=is_open)


def _covers(rulebook: Rulebook, made_at: datetime) -> bool:
    return rulebook.form is not None and rulebook.form.covers(made_at)


def _seen(last: Last, *, by_form: bool, is_open: bool = False) -> ConsentSeen:
    answer, asked = last.answer, last.asked
    return ConsentSeen(
        answer=answer.answer if answer else None,
        notice=answer.notice if answer else "",
        source=answer.source if answer else "",
        answered_at=answer.at if answer else None,
        asked_at=asked.at if asked else None,
        asked_notice=asked.notice if asked else "",
        by_form=by_form,
        open=is_open,
    )


def analysed(tx: Tx, rulebook: Rulebook, candidate_id: str) -> bool:
    """Whether what a candidate says, or answers, may be read and made something of."""
    return stands(seen(tx, rulebook, candidate_id), rulebook.analysis_version)


def analysed_of(tx: Tx, rulebook: Rulebook, made_at: Mapping[str, datetime]) -> set[str]:
    """Those of some candidates (with when their records were made) who may be analysed."""
    version = rulebook.analysis_version
    last = consents.last_of(tx, made_at, ANALYSIS)
    return {
        candidate_id
        for candidate_id, at in made_at.items()
        if stands(_seen(last[candidate_id], by_form=_covers(rulebook, at)), version)
    }


def standing_of(
    tx: Tx, rulebook: Rulebook, candidate_ids: Collection[str]
) -> dict[str, list[ConsentRow]]:
    """The recorded consents that stand today, by candidate. Ask who may know of them first."""
    items = rulebook.consents.items
    return {
        candidate_id: [
            one
            for one in links
            if one.item in items
            and holds(one.source, one.notice, rulebook.consents.version(one.item))
        ]
        for candidate_id, links in consents.standing_of(tx, candidate_ids).items()
    }


def keep(
    tx: Tx,
    vault: Vault,
    rulebook: Rulebook,
    viewer: Viewer,
    candidate_id: str,
    new: Sequence[SetConsent],
    *,
    but: Collection[str] = (),
) -> list[str]:
    """Add links to a candidate's consents, with what follows from them; the conversations to wake.

    A yes lets what was said before be read. A no or a withdrawal ends what the words had added to
    the score, and what was planned for a day they named. A no where there was a yes is a
    withdrawal. ``but``: uids that are not read back. The caller appraises after it.
    """
    talks: list[str] = []
    for one in new:
        answer = one.answer
        if answer is ConsentAnswer.REFUSED:
            stood = seen(tx, rulebook, candidate_id, item=one.item)
            if stood.answer is ConsentAnswer.GIVEN or (stood.by_form and stood.answer is None):
                answer = ConsentAnswer.WITHDRAWN
        link = NewConsent(
            candidate_id=candidate_id,
            item=one.item,
            answer=answer,
            notice=one.notice,
            source=one.source,
        )
        consents.add(tx, vault.keystore, viewer, [link])
        if one.item != ANALYSIS:
            continue
        if answer is ConsentAnswer.GIVEN:
            talks += consents.read_back(tx, candidate_id, since=tx.now - READ_BACK, but=but)
        elif answer is not ConsentAnswer.ASKED:
            consents.end_heard(tx, candidate_id)
            scheduled.cancel(tx, kind="deadline", person_id=candidate_id)
    return talks

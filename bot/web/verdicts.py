"""What people said of readings as labelled messages to train from, in the shape of ``nlp.corpus``.

Nobody is named in them: numbers, addresses and names are masked, and a line says whose it is by
a pseudonym that only this installation can make again.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator, Sequence

from bot import rows
from bot.hearing import read_as
from bot.web.free_text import mask_free_text
from bot.web.names import mask_names
from nlp.corpus import Example
from nlp.reading import Turn
from nlp.scheme import Condition, Intent, needs_alert
from storage import crypto
from storage.database import Tx
from storage.enums import Review, Stage, Verdict
from storage.queries import timeline, verdicts
from storage.queries.review import Labels
from storage.queries.verdicts import Judged
from storage.vault import Vault
from storage.viewer import Viewer

PAGE = 200
ORIGIN = "verdict"


def examples(tx: Tx, vault: Vault, viewer: Viewer) -> Iterator[Example]:
    """Every reading that people judged, oldest first, one line each."""
    colleagues = verdicts.staff_names(tx)
    after: int | None = 0
    while after is not None:
        found, after = verdicts.page(tx, vault, viewer, after=after, limit=PAGE)
        for judged in found:
            made = _example(tx, vault, judged, colleagues)
            if made is not None:
                yield made


def labels_of(judged: Judged) -> tuple[Labels, bool] | None:
    """The labels people leave a reading with, and whether it needs a person to see it.

    A person's own labels win. A false alarm, and what was harmless, doubts nothing: a condition
    that would be an alarm by itself goes with it. What was followed up hesitates at least. None:
    nothing was said that tells.
    """
    read, alert = judged.read, True
    if judged.corrected is not None:
        corrected = judged.corrected
        alert = needs_alert(
            [Intent(name) for name in corrected.intents],
            corrected.commitment,
            reported=corrected.reported,
            condition=Condition(corrected.condition),
        )
        return corrected, alert
    if judged.verdict is Verdict.FALSE_ALARM:
        return _calm(read), False
    if judged.review is Review.FOLLOW_UP:
        return _with(read, commitment=min(-1, read.commitment)), alert
    if judged.verdict is Verdict.USEFUL:
        return read, alert
    if judged.review is Review.HARMLESS:
        return _calm(read), False
    return None


def _calm(read: Labels) -> Labels:
    hard = read.condition == Condition.HARD
    condition = str(Condition.NONE) if hard else read.condition
    return _with(read, commitment=max(0, read.commitment), condition=condition)


def _with(read: Labels, *, commitment: int, condition: str | None = None) -> Labels:
    return Labels(
        intents=read.intents,
        commitment=commitment,
        reported=read.reported,
        condition=read.condition if condition is None else condition,
    )


def _example(tx: Tx, vault: Vault, judged: Judged, colleagues: Sequence[str]) -> Example | None:
    told = labels_of(judged)
    if told is None or not told[0].intents:
        return None
    labels, alert = told
    names = [judged.candidate_name, *colleagues]
    said = timeline.by_uids(tx, vault, judged.covers)
    if not said:
        return None
    before = rows.before(tx, vault, judged.conversation_id, said[0].id)
    return Example(
        id=f"v-{pseudonym(vault, judged.id)}",
        text=masked("\n".join(one.text for one in said), names),
        stage=judged.stage or read_as(Stage(judged.stage_now)),
        context=tuple(Turn(role=turn.role, text=masked(turn.text, names)) for turn in before),
        intents=frozenset(Intent(name) for name in labels.intents),
        commitment=labels.commitment,
        reported=labels.reported,
        condition=Condition(labels.condition),
        alert=alert,
        voice=f"hr-{pseudonym(vault, judged.candidate_id)}",
        origin=ORIGIN,
    )


def masked(text: str, names: Sequence[str]) -> str:
    """A text without numbers, addresses and these people's names.

    Numbers and addresses go first: a name inside a mail address is part of the address.
    """
    return mask_names(mask_free_text(text), names)


def pseudonym(vault: Vault, object_id: str) -> str:
    """The same for the same object in this installation; it tells nobody which one it is."""
    key = crypto.derive(vault.keystore, "verdict-voice")
    digest = hmac.digest(key, object_id.encode(), "sha256")[:10]
    return base64.b32encode(digest).decode().lower()

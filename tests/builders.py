"""One valid object each; a test overrides what matters to it.

>>> a_candidate(name="陈一鸣").name
'陈一鸣'
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from bot import rulebook
from bot.consent import ConsentSeen
from bot.hearing import spans_in
from bot.rulebook import Rulebook
from bot.turn import AlertSeen, CandidateSeen, Context, Heard, InviteSeen, Said, StaffSeen
from config import files
from nlp.reading import Evidence, Reading
from nlp.scheme import Condition, Intent, Severity, needs_alert, severity_of
from storage.enums import AlertStatus, MessageKind, Role, Stage
from tests.clock import START
from tests.consented import FORM

#: A Monday, 09:00 in Shanghai.
NOW = START
ALERT_ID = "a_" + "k" * 26


@cache
def a_rulebook() -> Rulebook:
    """The rulebook of ``config/`` as it is shipped."""
    return rulebook.parse("示例科技", files.read, files.read_folder, form=FORM)


@cache
def an_asking_rulebook() -> Rulebook:
    """The same, of a company whose bot asks for consent itself."""
    return replace(a_rulebook(), form=None)


def a_candidate(**changes: Any) -> CandidateSeen:
    """A candidate with an open offer."""
    return replace(
        CandidateSeen(
            id="c_1",
            name="陈一鸣",
            stage=Stage.OFFER,
            version=1,
            position_title="后端工程师",
            owner_id="u_1",
            owner_name="李娜",
            start_on=None,
        ),
        **changes,
    )


def a_colleague(**changes: Any) -> StaffSeen:
    """One of ours."""
    return replace(StaffSeen(id="u_1", name="李娜", role=Role.HR), **changes)


def an_invite(**changes: Any) -> InviteSeen:
    """An unused invite of a candidate."""
    seen = InviteSeen(
        id="i_1", candidate_id="c_1", user_id=None, name="陈一鸣", position_title="后端工程师"
    )
    return replace(seen, **changes)


def an_alert(**changes: Any) -> AlertSeen:
    """An open alert."""
    seen = AlertSeen(
        id=ALERT_ID,
        candidate_id="c_1",
        topic="salary",
        severity=Severity.TODAY,
        status=AlertStatus.OPEN,
        verdict=None,
        revision=1,
    )
    return replace(seen, **changes)


def said(text: str, *, at: datetime = NOW, number: int = 1, **changes: Any) -> Said:
    """One message."""
    message = Said(id=number, uid=f"m_{number}", text=text, kind=MessageKind.TEXT, sent_at=at)
    return replace(message, **changes)


def a_context(*texts: str, **changes: Any) -> Context:
    """A greeted candidate says ``texts`` in one breath, two seconds apart."""
    lines = texts or ("你好",)
    return replace(
        Context(
            conversation_id="k_1",
            channel="telegram",
            version=1,
            state={"greeted": True},
            muted=False,
            said=tuple(
                said(text, number=n, at=NOW + timedelta(seconds=2 * n))
                for n, text in enumerate(lines, start=1)
            ),
            candidate=a_candidate(),
            consent=ConsentSeen(by_form=True),
            company="示例科技",
        ),
        **changes,
    )


def a_press(action: str, **changes: Any) -> Context:
    """A colleague presses the button of an open alert."""
    values: dict[str, Any] = {
        "said": (said(action, kind=MessageKind.PRESS),),
        "candidate": None,
        "staff": a_colleague(),
        "pressed": an_alert(),
        "state": {},
    }
    return a_context(**(values | changes))


def a_reading(*intents: Intent, **changes: Any) -> Reading:
    """A reading; whether it is an alert and how urgent follows from the scheme."""
    about = intents or (Intent.SOCIAL,)
    values: dict[str, Any] = {
        "commitment": 0,
        "reported": False,
        "condition": Condition.NONE,
        "scores": dict.fromkeys(about, 0.9),
        "model": "test@0",
    } | changes
    alert = needs_alert(
        about, values["commitment"], reported=values["reported"], condition=values["condition"]
    )
    values.setdefault("alert", alert)
    values.setdefault(
        "severity",
        severity_of(about, values["commitment"], alert=values["alert"], stage="offer"),
    )
    return Reading(intents=about, **values)


def evidence(text: str, words: str, intent: Intent) -> Evidence:
    """The evidence of an intent: where ``words`` stand in ``text``."""
    start = text.index(words)
    return Evidence(start=start, end=start + len(words), text=words, intent=intent)


def heard(context: Context, *intents: Intent, **changes: Any) -> Heard:
    """What was read in a context's utterance; without evidence given, all of it is evidence."""
    about = intents or (Intent.SOCIAL,)
    changes.setdefault("evidence", (evidence(context.text, context.text, about[0]),))
    reading = a_reading(*about, **changes)
    return Heard(reading=reading, spans=spans_in(context.said, reading))

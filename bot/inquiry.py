"""What a colleague asks the bot, as a turn sees it, and what they may ask it to do.

Whatever the asker may not know is not in here: a decision cannot tell what it was not given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from storage.enums import Level, Role, Stage

#: What the last answer was about is good for so many minutes of a talk.
REMEMBERED_MINUTES = 30
#: A list says so many people one by one, and how many more there are.
LISTED = 8
#: People of one name that are offered as buttons: a number that is typed has one digit.
OFFERED = 9

_KEPT = "inquiry"
_C, _U = "c_[a-z2-7]{26}", "u_[a-z2-7]{26}"
_ASK = re.compile(rf"qa:([a-z_]{{1,20}}):({_C})", re.ASCII)
_DEED = re.compile(rf"(qs|qy):({_C}):([a-z0-9_-]{{1,32}})|(qt|qz):({_C}):({_U})", re.ASCII)
CANCEL = "qn:no"
#: What the event of an invitation is called that a person sent.
BY_HAND = "by_hand:"
#: What a press asks that takes a deed back, or whose deed is not offered any more.
CANCELLED, GONE = "cancelled", "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something with a day. ``overdue``: it is past."""

    what: str
    by: date | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """An open alert, for who may read alerts."""

    topic: str
    question: str
    quote: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Somebody, as far as the asker may know.

    ``theirs`` are the candidate's steps, ``unnamed`` whether there are others that are not told;
    ``ours`` is what the company owes. ``attention``: somebody should look after them now.
    ``greets``: nobody has said hello before the first day yet. Of HR only: ``waits``, ``level``,
    ``reasons``, ``hint`` (what helps against the strongest), ``silent_since``.
    """

    id: str
    name: str
    position: str
    stage: Stage
    stage_on: date
    start_on: date | None = None
    owner: str = ""
    theirs: tuple[Due, ...] = ()
    unnamed: bool = False
    ours: tuple[Due, ...] = ()
    attention: bool = False
    greets: bool = False
    waits: tuple[Waits, ...] = ()
    level: Level | None = None
    reasons: tuple[str, ...] = ()
    hint: str = ""
    silent_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Somebody of one name, to be told apart by position and day."""

    id: str
    name: str
    position: str
    stage: Stage
    start_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What we owe somebody, in one line."""

    candidate_id: str
    name: str
    position: str
    what: str
    by: datetime | date | None
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A survey that may be sent, or a colleague who may take a case over."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a colleague wants done of a candidate: ``survey`` or ``transfer``, and of what.

    ``sure``: they have seen what will be done and said yes.
    """

    kind: str
    candidate_id: str
    what: str
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a talk was about: the last question, whom it was answered of, whom or what was offered
    to choose from, and what was done last."""

    ask: str = ""
    about: tuple[str, ...] = ()
    which: tuple[str, ...] = ()
    deed: Deed | None = None
    done: Deed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueSeen:
    """A question of a colleague, and all that may be said to it.

    ``ask`` is the intent, empty: it was not understood. ``found`` are the people it names: one, or
    several of one name. ``briefs`` are who the answer is about, ``more`` how many others it would
    list. ``nobody``: a name that nobody in the asker's sight bears, or a press for nobody.
    """

    role: Role
    ask: str
    home: str = ""
    found: tuple[Named, ...] = ()
    briefs: tuple[Brief, ...] = ()
    owed: tuple[Owed, ...] = ()
    more: int = 0
    nobody: bool = False
    span: str = ""  # the days that were asked about, in words
    options: tuple[Option, ...] = ()
    deed: Deed | None = None
    deed_done: bool = False  # this very deed was done just now: pressed twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something of a candidate is told to a colleague: kept, and shown to the candidate's HR."""

    candidate_id: str
    what: str


def remembered(state: Mapping[str, Any], now: datetime) -> Memory:
    """What a conversation's state remembers of the last question, while it is fresh."""
    kept = state.get(_KEPT)
    if kept is None:
        return Memory()
    if now - datetime.fromisoformat(kept["at"]) > timedelta(minutes=REMEMBERED_MINUTES):
        return Memory()
    deed, done = kept["deed"], kept["done"]
    return Memory(
        ask=kept["ask"],
        about=tuple(kept["about"]),
        which=tuple(kept["which"]),
        deed=Deed(**deed) if deed else None,
        done=Deed(**done) if done else None,
    )


def remembering(state: Mapping[str, Any], memory: Memory, now: datetime) -> dict[str, Any]:
    """A conversation's state with what there is to remember: ids, and no words."""
    return {**state, _KEPT: {**asdict(memory), "at": now.isoformat()}}


def asking(ask: str, candidate_id: str) -> str:
    """What a button that names one of several people comes back as; at most 64 bytes.

    >>> len(asking("send_survey", "c_" + "k" * 26))
    43
    """
    return f"qa:{ask}:{candidate_id}"


def asked(text: str) -> tuple[str, str] | None:
    """Intent and candidate of a press; None for anything we never sent."""
    found = _ASK.fullmatch(text)
    return (found[1], found[2]) if found else None


_CODES: Mapping[tuple[str, bool], str] = {
    ("survey", False): "qs",
    ("survey", True): "qy",
    ("transfer", False): "qt",
    ("transfer", True): "qz",
}


def deed(one: Deed) -> str:
    """What a button under a deed comes back as; at most 64 bytes."""
    return f"{_CODES[one.kind, one.sure]}:{one.candidate_id}:{one.what}"


def wanted(text: str) -> Deed | None:
    """The deed of a press; None for anything we never sent."""
    found = _DEED.fullmatch(text)
    if found is None:
        return None
    code, who, what = found[1] or found[4], found[2] or found[5], found[3] or found[6]
    kind, sure = next(key for key, value in _CODES.items() if value == code)
    return Deed(kind=kind, candidate_id=who, what=what, sure=sure)


def is_ours(text: str) -> bool:
    """Whether an action is one of these."""
    return text == CANCEL or asked(text) is not None or wanted(text) is not None

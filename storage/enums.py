"""Values that are stored. Standard library only, so that pure code may use them."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where a candidate stands: first the road, then the ways it ends."""

    INTERVIEW = "interview"
    OFFER = "offer"
    ACCEPTED = "accepted"
    ONBOARDED = "onboarded"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    RENEGED = "reneged"
    RESCINDED = "rescinded"
    REJECTED = "rejected"
    LEFT = "left"


#: Stages in which nothing is expected of anybody any more.
ENDED = frozenset({Stage.DECLINED, Stage.RENEGED, Stage.RESCINDED, Stage.REJECTED, Stage.LEFT})
#: Stages in which somebody is a colleague: on the company's own platforms they are a member.
JOINED = frozenset({Stage.ONBOARDED, Stage.CONFIRMED})


class StepKind(StrEnum):
    """What somebody does on the way to their first day; ``other`` is told in HR's own words."""

    RESIGNATION = "resignation"
    RELEASE = "release"
    FAMILY = "family"
    MEDICAL = "medical"
    CHECK = "check"
    PAPERS = "papers"
    CONTRACT = "contract"
    OTHER = "other"


class Duty(StrEnum):
    """What the company owes a candidate by the clock, besides answers."""

    OFFER = "offer"
    GREETING = "greeting"
    FEEDBACK = "feedback"


class Opinion(StrEnum):
    """What somebody thought of a candidate after a talk: a statement of theirs, no decision."""

    YES = "yes"
    UNSURE = "unsure"
    NO = "no"


class Role(StrEnum):
    """Who may log in to the console."""

    HR = "hr"
    HR_ADMIN = "hr_admin"
    MANAGER = "manager"
    AUDITOR = "auditor"


class Direction(StrEnum):
    """Which way a message went, seen from the company."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Author(StrEnum):
    """Who said it."""

    CANDIDATE = "candidate"
    STAFF = "staff"
    BOT = "bot"
    HR = "hr"


class MessageKind(StrEnum):
    """What came in or went out."""

    TEXT = "text"
    PRESS = "press"
    UNSUPPORTED = "unsupported"
    NOTE = "note"


class MediaKind(StrEnum):
    """What is attached to a message."""

    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"


class MediaState(StrEnum):
    """Where the bytes of an attachment are: at the platform, in our store, or nowhere."""

    NEW = "new"
    KEPT = "kept"
    GONE = "gone"


class MessageStatus(StrEnum):
    """Inbound: new, done, dead. Outbound: queued, held, sent, dead, ambiguous."""

    NEW = "new"
    DONE = "done"
    DEAD = "dead"
    QUEUED = "queued"
    HELD = "held"
    SENT = "sent"
    AMBIGUOUS = "ambiguous"


class OutboxStatus(StrEnum):
    """Life of one thing to send. ``held``: the platform lets us write when they have written."""

    NEW = "new"
    SENDING = "sending"
    HELD = "held"
    SENT = "sent"
    DEAD = "dead"
    AMBIGUOUS = "ambiguous"


class OutboxKind(StrEnum):
    """What an outbox row carries: words, or a reference to an alert's or a candidate's card."""

    TEXT = "text"
    CARD = "card"
    PORTRAIT = "portrait"
    ANSWER = "answer"


class AlertStatus(StrEnum):
    """open until somebody looks, acknowledged while somebody works on it, resolved for good."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """What a person said of an alert; also the names of the buttons."""

    USEFUL = "useful"
    FALSE_ALARM = "false_alarm"
    HANDLED = "handled"


class NoticeState(StrEnum):
    """What became of showing an alert to one colleague: it waits for its moment, it was sent as a
    card, it is told with others in one message (folded), or there is nothing to show any more."""

    WAITING = "waiting"
    SENT = "sent"
    FOLDED = "folded"
    DROPPED = "dropped"


class AlertEventKind(StrEnum):
    """What happened to an alert besides verdicts."""

    RAISED = "raised"
    JOINED = "joined"
    ESCALATED = "escalated"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    REPLIED = "replied"


class Review(StrEnum):
    """What a person said of a reading that was too unsure to alarm; also the buttons' names."""

    HARMLESS = "harmless"
    FOLLOW_UP = "follow_up"
    LABELLED = "labelled"


class Level(StrEnum):
    """Risk in words, weakest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class ScheduledStatus(StrEnum):
    """Life of one planned moment."""

    PENDING = "pending"
    FIRED = "fired"
    CANCELLED = "cancelled"
    MISSED = "missed"


class InvitePurpose(StrEnum):
    """What a one-time link opens."""

    SETUP = "setup"
    SIGNIN = "signin"
    CHAT = "chat"
    PLEDGE = "pledge"
    SURVEY = "survey"
    CODE = "code"
    DATA = "data"


class InviteState(StrEnum):
    """What a link is worth now."""

    WAITING = "waiting"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ConsentAnswer(StrEnum):
    """A link of somebody's consents, in the order they come."""

    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class InvitationStatus(StrEnum):
    """Life of one survey for one candidate.

    planned until its moment; open while it is being answered. Then done, refused by the
    candidate, unanswered after the reminders; or never asked: cancelled (it makes no sense any
    more), missed (its time passed while we were down), unreachable (no channel let us).
    """

    PLANNED = "planned"
    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    CANCELLED = "cancelled"
    MISSED = "missed"
    UNREACHABLE = "unreachable"

"""All tables. One file per aggregate; importing this module registers every one of them."""

from sqlmodel import SQLModel

from storage.tables.alerting import Alert, AlertAction, Card
from storage.tables.offers import ChangeRequest, Ending, Merge, Offer, Pledge, Proposal
from storage.tables.people import (
    Candidate,
    Fact,
    Factor,
    Identity,
    Invite,
    Position,
    Step,
    SubjectKey,
)
from storage.tables.talk import Attachment, AttachmentPart, Conversation, Message, Reading
from storage.tables.trust import (
    ApiKey,
    AuditRow,
    ChainHead,
    IdempotencyKey,
    LoginAttempt,
    Setting,
    User,
    WebSession,
)
from storage.tables.work import Budget, CronRun, Outbox, Queue, Scheduled

metadata = SQLModel.metadata

__all__ = [
    "Alert",
    "AlertAction",
    "ApiKey",
    "Attachment",
    "AttachmentPart",
    "AuditRow",
    "Budget",
    "Candidate",
    "Card",
    "ChainHead",
    "ChangeRequest",
    "Conversation",
    "CronRun",
    "Ending",
    "Fact",
    "Factor",
    "IdempotencyKey",
    "Identity",
    "Invite",
    "LoginAttempt",
    "Merge",
    "Message",
    "Offer",
    "Outbox",
    "Pledge",
    "Position",
    "Proposal",
    "Queue",
    "Reading",
    "Scheduled",
    "Setting",
    "Step",
    "SubjectKey",
    "User",
    "WebSession",
    "metadata",
]

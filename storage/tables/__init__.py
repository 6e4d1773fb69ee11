"""All tables. One file per aggregate; importing this module registers every one of them."""

from sqlmodel import SQLModel

from storage.tables.alerting import Alert, AlertAction, Card
from storage.tables.asking import Answer, Invitation, Survey, SurveyVersion
from storage.tables.desk import (
    Access,
    AlertEvent,
    Away,
    Interview,
    KindStanding,
    MissedCase,
    Notice,
    Teammate,
)
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
    Consent,
    IdempotencyKey,
    LoginAttempt,
    Setting,
    User,
    WebSession,
)
from storage.tables.work import Budget, CronRun, Outbox, Queue, Scheduled

metadata = SQLModel.metadata

__all__ = [
    "Access",
    "Alert",
    "AlertAction",
    "AlertEvent",
    "Answer",
    "ApiKey",
    "Attachment",
    "AttachmentPart",
    "AuditRow",
    "Away",
    "Budget",
    "Candidate",
    "Card",
    "ChainHead",
    "ChangeRequest",
    "Consent",
    "Conversation",
    "CronRun",
    "Ending",
    "Fact",
    "Factor",
    "IdempotencyKey",
    "Identity",
    "Interview",
    "Invitation",
    "Invite",
    "KindStanding",
    "LoginAttempt",
    "Merge",
    "Message",
    "MissedCase",
    "Notice",
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
    "Survey",
    "SurveyVersion",
    "Teammate",
    "User",
    "WebSession",
    "metadata",
]

"""Whoever a query is run for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from storage.enums import Role


class Permission(StrEnum):
    """What a route or a command needs. Every route names exactly one."""

    PUBLIC = "public"  # no login: sign-in page, webhooks, the candidate's own chat link
    SIGNED_IN = "signed_in"  # any console login: one's own settings
    CANDIDATE_READ = "candidate.read"
    CANDIDATE_WRITE = "candidate.write"
    CHAT_READ = "chat.read"
    CHAT_WRITE = "chat.write"
    ALERT_READ = "alert.read"
    ALERT_WRITE = "alert.write"
    POSITION_READ = "position.read"
    POSITION_WRITE = "position.write"
    OFFER_READ = "offer.read"
    OFFER_WRITE = "offer.write"
    SURVEY_READ = "survey.read"
    SURVEY_WRITE = "survey.write"
    ABSENCE_WRITE = "absence.write"  # one's own; whoever sees all: everybody's
    USER_WRITE = "user.write"
    AUDIT_READ = "audit.read"
    METRICS_READ = "metrics.read"


_WORKING = frozenset(
    {
        Permission.SIGNED_IN,
        Permission.CANDIDATE_READ,
        Permission.CANDIDATE_WRITE,
        Permission.CHAT_READ,
        Permission.CHAT_WRITE,
        Permission.ALERT_READ,
        Permission.ALERT_WRITE,
        Permission.POSITION_READ,
        Permission.POSITION_WRITE,
        Permission.OFFER_READ,
        Permission.OFFER_WRITE,
        Permission.SURVEY_READ,
        Permission.SURVEY_WRITE,
        Permission.ABSENCE_WRITE,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.HR: _WORKING,
    Role.HR_ADMIN: _WORKING | {Permission.USER_WRITE, Permission.METRICS_READ},
    # A manager sees people of the own positions, never the chat, pay or the score's reasons.
    Role.MANAGER: frozenset(
        {Permission.SIGNED_IN, Permission.CANDIDATE_READ, Permission.POSITION_READ}
    ),
    Role.AUDITOR: frozenset({Permission.SIGNED_IN, Permission.AUDIT_READ}),
}

#: Scopes an API key may carry; "all" is every one of them.
KEY_SCOPES = frozenset(
    permission
    for permission in Permission
    if permission not in (Permission.PUBLIC, Permission.SIGNED_IN)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A console user, an API key, or the product itself, with what they may do."""

    id: str
    name: str
    role: Role | None  # None for keys and the product itself
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    sees_all: bool = False
    request_id: str = ""
    ip_hmac: str = ""

    @classmethod
    def of_user(cls, user_id: str, name: str, role: Role, *, request_id: str = "") -> Viewer:
        """A person signed in to the console or known in a chat."""
        return cls(
            id=user_id,
            name=name,
            role=role,
            permissions=ROLE_PERMISSIONS[role],
            sees_all=role is Role.HR_ADMIN,
            request_id=request_id,
        )

    def may(self, permission: Permission) -> bool:
        """Whether this viewer has a permission."""
        return permission is Permission.PUBLIC or permission in self.permissions


#: The product acting by itself: reading, alerting, planning. It decides nothing about people.
SYSTEM = Viewer(
    id="system",
    name="一诺",
    role=None,
    permissions=frozenset(Permission),
    sees_all=True,
)

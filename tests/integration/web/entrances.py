"""What a good request of each route carries, for tests that knock at every door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.posting import Letter
from bot.words import SHANGHAI

AHEAD = "2026-12-01"
#: Stands for the id of an HR colleague whom nothing is about.
DEPUTY = "@deputy"
IN_WEEKS = {
    f"{end}_on": (datetime.now(SHANGHAI) + timedelta(days=30)).date().isoformat()
    for end in ("from", "until")
}
LABELS = {"intent-salary": "1", "commitment": "-1", "condition": "none"}
#: Routes about one candidate's or one position's things, and what a good request carries.
FORMS: Mapping[str, dict[str, str]] = {
    "/console/candidates": {"name": "新人", "stage": "offer"},
    "/console/candidates/import/confirm": {"draft": ""},
    "/console/candidates/export": {"purpose": "report", "format": "csv"},
    "/console/positions": {"title": "新职位"},
    "/console/positions/{position_id}": {"title": "新职位"},
    "/console/candidates/{candidate_id}/stage": {"stage": "accepted"},
    "/console/candidates/{candidate_id}/reply": {"text": "您好"},
    "/console/candidates/{candidate_id}/handover": {},
    "/console/candidates/{candidate_id}/release": {},
    "/console/candidates/{candidate_id}/card": {},
    "/console/candidates/{candidate_id}/code": {},
    "/console/candidates/{candidate_id}/consents": {"item": "analysis", "note": "柜 3"},
    "/console/candidates/{candidate_id}/invites": {"channel": "webchat"},
    "/console/candidates/{candidate_id}/offers": {"base": "16000", "months": "12"},
    "/console/candidates/{candidate_id}/offers/{offer_id}/send": {},
    "/console/candidates/{candidate_id}/offers/{offer_id}/settle": {"state": "accepted"},
    "/console/candidates/{candidate_id}/pledges": {},
    "/console/candidates/{candidate_id}/pledges/{card_id}/confirm": {},
    "/console/candidates/{candidate_id}/pledges/link": {},
    "/console/candidates/{candidate_id}/requests": {"what": "早点入职", "side": "company"},
    "/console/candidates/{candidate_id}/requests/{request_id}/answer": {"state": "agreed"},
    "/console/candidates/{candidate_id}/record": {"item": "", "f:expect.city": "杭州"},
    "/console/candidates/{candidate_id}/record/{fact_id}/verify": {},
    "/console/candidates/{candidate_id}/record/take-back": {"fact:f_none": "1"},
    "/console/candidates/{candidate_id}/interviews": {
        "day": AHEAD,
        "clock": "14:30",
        "token": "vw_" + "a" * 26,
    },
    "/console/candidates/{candidate_id}/interviews/{interview_id}/cancel": {},
    "/console/candidates/{candidate_id}/interviews/{interview_id}/told": {"verdict": "yes"},
    "/console/candidates/{candidate_id}/steps": {"kind": "papers", "due_on": AHEAD},
    "/console/candidates/{candidate_id}/steps/{step_id}/taken": {"on_day": "2026-11-01"},
    "/console/candidates/{candidate_id}/steps/{step_id}/moved": {"due_on": AHEAD},
    "/console/candidates/{candidate_id}/steps/{step_id}/dropped": {"reason": "不用了"},
    "/console/candidates/{candidate_id}/responses": {"survey": "week1", "via": "chat"},
    "/console/candidates/{candidate_id}/responses/{invitation_id}/letter": {
        "way": "mail",
        "to": "a@example.com",
    },
    "/console/candidates/{candidate_id}/responses/{invitation_id}/link": {},
    "/console/candidates/{candidate_id}/responses/{invitation_id}/stop": {},
    "/console/surveys/{survey_id}": {"enabled": "on"},
    "/console/candidates/{candidate_id}/outcome": {
        "outcome": "renegotiated",
        "reason": "pay",
        "on_day": "2026-11-01",
    },
    "/console/candidates/{candidate_id}/resume/attachments/{attachment_id}": {},
    "/console/candidates/{candidate_id}/resume/{proposal_id}/confirm": {"item": "", "rest": "drop"},
    "/console/candidates/{candidate_id}/resume/{proposal_id}/drop": {},
    "/console/candidates/{candidate_id}/merge": {"other": "c_none", "keep": "here"},
    "/console/candidates/{candidate_id}/merge/{merge_id}/undo": {},
    "/console/alerts/{alert_id}/verdict": {"verdict": "useful"},
    "/console/alerts/{alert_id}/labels": LABELS,
    "/console/alerts/record/kinds/{kind}/restore": {},
    "/console/alerts/record/missed/{candidate_id}": {"found": "unsaid", "days": "90"},
    "/console/alerts/record/missed/{candidate_id}/labels/{reading_id}": {
        "intent-salary": "1",
        "commitment": "-1",
        "condition": "none",
    },
    "/console/alerts/{alert_id}/reply": {
        "text": "您好",
        "once": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    },
    "/console/alerts/{alert_id}/snooze": {"until": "morning"},
    "/console/review/{reading_id}/answer": {"answer": "harmless"},
    "/console/review/{reading_id}/labels": LABELS,
    "/console/settings/language": {"language": "en", "next": "/console/settings"},
    "/console/settings/absences": {"deputy": DEPUTY, **IN_WEEKS},
    "/console/settings/absences/{absence_id}/end": {},
    "/console/settings/chats/{channel}": {},
    "/console/settings/chats/{channel}/prefer": {},
    "/console/settings/chats/{channel}/unlink": {},
    "/console/settings/sessions/{session_id}/revoke": {},
    "/console/signout": {},
}
FILES = {
    "/console/candidates/import": {"file": ("人.csv", "姓名,手机\n王新,13700000001\n".encode())},
    "/console/surveys": {
        "file": (
            "welcome.yaml",
            "title: 欢迎\nquestions: [{id: a, ask: 好吗, kind: text}]".encode(),
        )
    },
}
QUERIES = {"/console/surveys/{survey_id}/answers.{format}": "?purpose=report"}
BODIES: Mapping[str, dict[str, Any]] = {
    "/api/v1/candidates": {"name": "新人"},
    "/api/v1/positions": {"title": "新职位"},
    "/api/v1/positions/{position_id}": {"city": "苏州"},
    "/api/v1/positions/{position_id}/team": {"user_ids": []},
    "/api/v1/users/{user_id}/absences": {"deputy_id": DEPUTY, **IN_WEEKS},
    "/api/v1/candidates/{candidate_id}/stage": {"stage": "accepted"},
    "/api/v1/candidates/{candidate_id}/messages": {"text": "您好"},
    "/api/v1/candidates/{candidate_id}/invites": {"channel": "webchat"},
    "/api/v1/candidates/{candidate_id}/interviews": {"at": f"{AHEAD}T14:30:00+08:00"},
    "/api/v1/candidates/{candidate_id}/offers": {"base": 16_000},
    "/api/v1/candidates/{candidate_id}/requests": {"what": "早点入职"},
    "/api/v1/candidates/{candidate_id}/responses": {"survey_id": "week1", "via": "page"},
    "/api/v1/alerts/kinds/{kind}/restore": {},
    "/api/v1/alerts/{alert_id}/snooze": {},
    "/api/v1/alerts/{alert_id}/verdict": {"verdict": "useful"},
}


class Taker:
    """A service that takes every letter."""

    def fits(self, to: str) -> bool:
        return bool(to)

    async def send(self, letter: Letter) -> None:
        assert letter.to
        assert "/f/" in letter.text

    async def check(self) -> None:
        raise AssertionError("only the doctor checks")

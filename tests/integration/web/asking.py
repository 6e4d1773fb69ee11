"""A candidate who is asked a survey, and what a test reads of it."""

from __future__ import annotations

from typing import Any

from bot import asking
from bot.surveys.definition import parse
from storage.database import Tx
from storage.enums import Role
from storage.queries import audit, people, surveys
from storage.queries.surveys import AnswerRow, InvitationRow
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, viewer

WEEK1 = parse(
    {
        "id": "week1",
        "title": "入职第一周",
        "intro": "四个问题，两分钟。只有招聘同事看得到。",
        "thanks": "谢谢您，都记下了。",
        "questions": [
            {
                "id": "pay",
                "ask": "薪资怎么算，清楚吗？",
                "kind": "choice",
                "options": [
                    {"value": "yes", "label": "清楚"},
                    {"value": "no", "label": "不清楚"},
                ],
                "required": True,
                "alerts": [{"if": "{pay} = no", "topic": "salary", "severity": "now"}],
            },
            {"id": "what", "ask": "哪里不清楚？", "kind": "text", "when": "{pay} = no"},
            {"id": "team", "ask": "和团队相处几分？", "kind": "scale", "range": [1, 5]},
            {
                "id": "likes",
                "ask": "最看重什么？",
                "kind": "ranking",
                "options": [
                    {"value": "pay", "label": "薪资"},
                    {"value": "growth", "label": "发展"},
                    {"value": "team", "label": "团队"},
                ],
            },
            {"id": "wish", "ask": "期望薪资？", "kind": "money"},
            {"id": "day", "ask": "哪天方便聊？", "kind": "date"},
        ],
    }
)


class Asked:
    """One candidate with a chat, one HR, and a survey that can be sent."""

    def __init__(self, office: Office, hr: Person, candidate: str, chat: str) -> None:
        self.office, self.hr, self.id, self.chat = office, hr, candidate, chat
        self._said = 0

    @property
    def viewer(self) -> Any:
        return viewer(self.hr)

    async def sent(self, via: asking.Via = "chat") -> asking.Sent:
        return await asking.send(self.office.road, self.viewer, self.id, "week1", via)

    async def say(self, text: str) -> None:
        self._said += 1
        body = {"text": text, "client_id": f"c-{self._said}"}
        answer = await self.office.http.post(f"/chat/{self.chat}/messages", json=body)
        assert answer.status_code == 202

    async def heard(self) -> list[dict[str, Any]]:
        """What we said in the chat, oldest first."""
        answer = await self.office.http.get(f"/chat/{self.chat}/messages")
        return [one for one in answer.json()["items"] if one["direction"] == "out"]

    async def hears(self, words: str, times: int = 1) -> dict[str, Any]:
        async def told() -> Any:
            found = [one for one in await self.heard() if words in one["text"]]
            return found[-1] if len(found) >= times else None

        made: dict[str, Any] = await self.office.until(told)
        return made

    async def read(self, work: Any) -> Any:
        vault = self.office.road.vault

        def whole(tx: Tx) -> Any:
            row = people.get_candidate(tx, vault, SYSTEM, self.id)
            return work(tx, vault.key(tx, row.subject_id))

        return await self.office.road.database.read(whole)

    async def row(self) -> InvitationRow:
        rows: list[InvitationRow] = await self.read(
            lambda tx, key: surveys.of_candidate(tx, self.id)
        )
        return rows[0]

    async def answers(self) -> dict[str, AnswerRow]:
        made = (await self.row()).id
        found: dict[str, AnswerRow] = await self.read(
            lambda tx, key: surveys.answers(tx, key, made)
        )
        return found

    async def values(self) -> dict[str, Any]:
        return {name: one.value for name, one in (await self.answers()).items()}

    async def actions(self) -> list[str]:
        rows = await self.office.road.database.read(lambda tx: audit.page(tx, limit=200))
        return [row.action for row in rows]


async def asked(office: Office, name: str = "张三丰") -> Asked:
    await office.write(lambda tx: surveys.sync(tx, [asking.edition(WEEK1)]))
    hr = await office.user(f"hr{len(office.people)}", Role.HR)
    place = await office.position(owner_id=hr.id)
    candidate = await office.candidate(name, position_id=place)
    return Asked(office, hr, candidate, await office.chat(candidate))

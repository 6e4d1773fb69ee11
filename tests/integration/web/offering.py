"""A candidate with an offer, and what a test reads off its pages."""

from __future__ import annotations

import re
from typing import Any

import httpx2

from storage.enums import Role
from storage.queries import audit, offers, people
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person

GOOD = {
    "base": "16,000",
    "months": "13",
    "level": "P6",
    "city": "杭州",
    "start_on": "2026-12-15",
    "contract_months": "36",
    "probation_months": "6",
    "probation_pay": "12,800",
    "name_0": "绩效奖",
    "amount_0": "12000",
    "per_0": "quarter",
    "when_0": "季度考核达到 B",
    "notes": "每周三可以在家办公",
}
LINK = re.compile(r"/f/([A-Za-z0-9_-]{40,64})")


class Case:
    """One candidate with a chat, one HR, and what they do."""

    def __init__(self, office: Office, hr: Person, candidate: str, chat: str) -> None:
        self.office, self.hr, self.id, self.chat = office, hr, candidate, chat

    @property
    def here(self) -> str:
        return f"/console/candidates/{self.id}"

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        return await self.office.post(self.hr, f"{self.here}{path}", **fields)

    async def page(self) -> str:
        answer = await self.office.get(self.hr, f"{self.here}/offers")
        assert answer.status_code == 200
        return answer.text

    async def read(self, work: Any) -> Any:
        vault = self.office.road.vault

        def whole(tx: Any) -> Any:
            row = people.get_candidate(tx, vault, SYSTEM, self.id)
            return work(tx, vault.key(tx, row.subject_id))

        return await self.office.road.database.read(whole)

    async def offers(self) -> list[offers.OfferRow]:
        return list(await self.read(lambda tx, key: offers.offers(tx, key, self.id)))

    async def cards(self) -> list[offers.PledgeRow]:
        return list(await self.read(lambda tx, key: offers.cards(tx, key, self.id)))

    async def requests(self) -> list[offers.RequestRow]:
        return list(await self.read(lambda tx, key: offers.requests(tx, key, self.id)))

    async def sent(self, **fields: str) -> str:
        """Draft and send an offer; the token of the link that came in the chat."""
        kept = await self.post("/offers", **{**GOOD, **fields})
        assert kept.headers["location"].endswith("said=offer_kept"), kept.text
        return await self.linked(f"/offers/{(await self.offers())[0].id}/send")

    async def linked(self, path: str, **fields: str) -> str:
        """Do what sends a link; its token, once the chat has said it."""
        before = len(await self.links())
        answer = await self.post(path, **fields)
        assert answer.headers["location"].endswith("said=link_sent"), answer.text

        async def newer() -> list[str]:
            return (await self.links())[before:]

        [token] = await self.office.until(newer)
        return str(token)

    async def links(self) -> list[str]:
        """Tokens of the links said in the chat, in their order."""
        said = (await self.office.http.get(f"/chat/{self.chat}/messages")).json()["items"]
        return [found[1] for one in said if (found := LINK.search(one["text"]))]

    async def actions(self) -> list[str]:
        rows = await self.office.road.database.read(lambda tx: audit.page(tx, limit=200))
        return [row.action for row in rows]


async def a_case(office: Office, name: str = "张三", **position: Any) -> Case:
    login = f"hr{len(office.people)}"
    hr = await office.user(login, Role.HR)
    place = await office.position(owner_id=hr.id, **position)
    candidate = await office.candidate(name, position_id=place)
    return Case(office, hr, candidate, await office.chat(candidate))


def card_of(html: str) -> str:
    """The card a page would confirm."""
    found = re.search(r'name="card" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def once_of(html: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', html)
    assert found is not None
    return found[1]

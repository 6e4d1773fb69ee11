"""What may not be asked is refused before it is sent, with the article; there is no way around."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from storage.database import Tx
from storage.enums import Role
from storage.queries.common import table
from storage.tables import Message
from tests.integration.web.conftest import Office

ASKED = (
    "您结婚了吗？",
    "请问您有孩子吗",
    "近期有怀孕的打算吗？",
    "您是乙肝携带者吗？",
    "您信什么教？",
)


async def ours(office: Office) -> int:
    """How many messages of ours are stored."""

    def work(tx: Tx) -> list[Any]:
        message = table(Message)
        return tx.all(message.select().where(message.c.author == "hr"))

    return len(await office.road.database.read(work))


@pytest.mark.parametrize("text", ASKED)
async def test_the_console_refuses_and_says_why_beside_the_words(office: Office, text: str) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await office.chat(candidate)
    before = await ours(office)
    path = f"/console/candidates/{candidate}/reply"
    answer = await office.post(hr, path, text=text)
    assert answer.status_code == 422
    page = unescape(answer.text)
    why = office.road.rulebook.forbidden.why(text)
    assert "第" in why  # an article
    assert f'id="reply-why" role="alert">{why}</p>' in page
    assert f">\n{text}</textarea>" in page
    assert "机器人已静音" not in page  # nothing was said, so the bot goes on
    for way in ({"force": "1"}, {"override": "true"}, {"confirm": "yes"}):
        assert (await office.post(hr, path, text=text, **way)).status_code == 422
    assert await ours(office) == before


@pytest.mark.parametrize("text", ASKED)
async def test_the_interface_refuses_and_names_the_article(office: Office, text: str) -> None:
    key = await office.key()
    candidate = await office.candidate()
    await office.chat(candidate)
    answer = await office.http.post(
        f"/api/v1/candidates/{candidate}/messages", json={"text": text}, headers=key
    )
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["title"] == "may_not_ask"
    assert problem["detail"] == office.road.rulebook.forbidden.why(text)
    assert await ours(office) == 0


@pytest.mark.parametrize(
    "text", ["和家里商量好了吗？", "婚假按国家规定，材料带齐就行。", "体检约了吗？"]
)
async def test_what_only_sounds_like_it_is_sent(office: Office, text: str) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await office.chat(candidate)
    answer = await office.post(hr, f"/console/candidates/{candidate}/reply", text=text)
    assert answer.status_code == 303
    assert await ours(office) == 1


async def test_a_refusal_tells_nothing_of_a_person_the_viewer_may_not_know(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    answer = await office.post(hr, f"/console/candidates/c_{'a' * 26}/reply", text=ASKED[0])
    assert answer.status_code == 404

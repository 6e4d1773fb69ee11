"""What may not be asked is refused before it is sent, with the article; there is no way around."""

from __future__ import annotations

from datetime import date
from html import unescape
from typing import Any

import pytest

from bot import offering
from bot.errors import MayNotAsk
from bot.offers.pledge import Open, Side
from storage.database import Tx
from storage.enums import Role, Stage
from storage.queries.common import table
from storage.tables import Message, Step
from tests.integration.web.conftest import Office, viewer
from tests.integration.web.test_steps import TOKEN, in_days

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


async def test_a_step_s_own_words_are_looked_at_too(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(stage=Stage.OFFER)
    path = f"/console/candidates/{candidate}/steps"
    sent = {"kind": "other", "words": "说明您是不是党员", "due_on": in_days(office, 4)}
    sent["token"] = TOKEN
    answer = await office.post(hr, path, **sent)
    assert answer.status_code == 422
    assert office.road.rulebook.forbidden.why(sent["words"]) in unescape(answer.text)
    assert "什么都没有发出" in answer.text

    def kept(tx: Tx) -> list[Any]:
        return tx.all(table(Step).select())

    assert await office.road.database.read(kept) == []
    assert (await office.post(hr, path, **{**sent, "words": "带好材料"})).status_code == 303
    assert len(await office.road.database.read(kept)) == 1


async def test_what_is_written_into_a_card_or_an_answer_is_looked_at(office: Office) -> None:
    hr = viewer(await office.user("hr", Role.HR))
    candidate = await office.candidate(stage=Stage.OFFER)
    with pytest.raises(MayNotAsk, match="43"):
        await offering.answer_change(
            office.road, hr, candidate, "x", "agreed", answer="可以，不过您打算要孩子吗？"
        )
    point = Open(what="候选人说明是否怀孕", who=Side.CANDIDATE, by=date(2027, 1, 5))
    with pytest.raises(MayNotAsk, match="怀孕"):
        await offering.send(office.road, hr, candidate, "x", answer_by=None, open_points=(point,))

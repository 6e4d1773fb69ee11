"""What the console shows of a talk that went on elsewhere, or did not get through."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.delivery import HELD
from storage.database import Tx
from storage.enums import Author, MessageStatus, OutboxStatus, Role
from storage.queries import asides, backfill
from storage.queries.common import table, update
from storage.tables import Conversation, Identity, Message, Outbox
from tests.integration.web.conftest import Office, Person


async def talked(office: Office, who: Person, reply: str) -> tuple[str, Any]:
    """A candidate whom somebody of HR has written to, and their conversation."""
    candidate = await office.candidate()
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": "在吗"})
    await office.post(who, f"/console/candidates/{candidate}/reply", text=reply)

    async def sent() -> bool:
        rows = await office.road.database.read(lambda tx: tx.all(table(Outbox).select()))
        return bool(rows) and {row.status for row in rows} == {"sent"}

    await office.until(sent)
    [talk] = await office.road.database.read(lambda tx: tx.all(table(Conversation).select()))
    return candidate, talk


def bubble_of(page: str, words: str) -> str:
    """The line of the timeline that says something."""
    lines = re.findall(r'<li class="(?:bubble-row|happening).*?</li>', page, re.DOTALL)
    [found] = [line for line in lines if words in line]
    return str(found)


async def test_what_a_colleague_said_in_the_platform_is_told_apart(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, talk = await talked(office, hr, "我在控制台里说的")

    def aside(by: str, text: str) -> asides.NewAside:
        return asides.NewAside(
            channel=talk.channel, address=talk.address, by=by, external_id=f"k:{text}",
            text=text, sent_at=office.clock(),
        )  # fmt: skip

    def work(tx: Tx) -> None:
        update(tx, Identity, table(Identity).c.id == talk.identity_id, user_id=None)
        for by, text in (("li", "材料收到了"), ("li", "[接入了会话]"), ("li", "[图片] 合影")):
            assert asides.put_aside(tx, office.road.vault, aside(by, text))
        key = office.road.vault.key(tx, talk.subject_id)
        past = {"author": Author.HR, "author_id": None, "at": office.clock()}
        backfill.messages(tx, key, talk, [backfill.PastMessage(uid="m_p", text="以前说的", **past)])

    await office.write(work)
    page = (await office.get(hr, f"/console/candidates/{candidate}")).text
    said = bubble_of(page, "材料收到了")
    assert "在网页聊天里说的" in said
    assert "<strong><bdi>同事</bdi></strong>" in said
    assert "已发送" not in said
    happened = bubble_of(page, "接入了会话")
    assert happened.startswith('<li class="happening"')
    assert "同事 在网页聊天里" in happened
    assert "[接入了会话]" not in page
    assert bubble_of(page, "[图片] 合影").startswith('<li class="bubble-row')
    for words in ("我在控制台里说的", "以前说的"):
        own = bubble_of(page, words)
        assert ("在网页聊天里说的" in own, "已发送" in own) == (False, True)


@pytest.mark.parametrize(
    ("state", "stored", "zh", "en"),
    [
        ("held", HELD["used"], "回复条数已用完", "As many messages as the platform allows"),
        (
            "dead",
            "钉钉拒绝了这条消息（40035）",
            "（40035）",
            "DingTalk refused this message (40035)",
        ),
        ("ambiguous", "no answer in time", "平台没有及时回应", "no answer in time"),
    ],
)
async def test_a_message_that_did_not_get_through_says_why_in_ones_own_language(
    small_office: Office, state: str, stored: str, zh: str, en: str
) -> None:
    hr = await small_office.user("hr", Role.HR)
    candidate, _ = await talked(small_office, hr, "今晚方便吗")

    def work(tx: Tx) -> None:
        out = table(Message).c.direction == "outbound"
        update(tx, Message, out, status=MessageStatus(state).value)
        update(tx, Outbox, table(Outbox).c.id > 0, status=OutboxStatus(state).value, error=stored)

    await small_office.write(work)
    for language, why in (("zh", zh), ("en", en)):
        await small_office.post(hr, "/console/settings/language", language=language, next="/")
        page = (await small_office.get(hr, f"/console/candidates/{candidate}")).text
        told = bubble_of(page, "今晚方便吗")
        words = small_office.site.pages.words[language]
        assert why in told
        assert words.t(f"candidate.do.{state}") in told
        assert words.label("state", state) in told
        assert "lang=" not in told

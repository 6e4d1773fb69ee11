"""``/hooks/telegram`` of the running product: A20, A29 and A30 of the list of bad inputs, and one
message over both ways in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from bot.channels import telegram
from bot.messages import Received
from config.settings import TelegramSettings
from storage.queries import intake
from storage.queries.common import table
from storage.tables import Message, Outbox
from tests.fakes.telegram import FakeTelegram, FakeUser
from tests.integration.web.conftest import Office

SECRET = "5ec7e7" * 8
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(limits=False) as running:
        running.hold()  # what is said waits until the test brings it
        yield running


@pytest.fixture
async def channel(office: Office, fake: FakeTelegram) -> AsyncIterator[telegram.Telegram]:
    """Telegram beside the office's chat page; not listening."""
    settings = TelegramSettings.model_validate({"bot_token": fake.token, "api_base": fake.api_base})
    made = telegram.build(settings, secret=SECRET, base_url=office.url)
    assert isinstance(made, telegram.Telegram)
    office.road.channels["telegram"] = made  # type: ignore[index] # the office's own dictionary
    yield made
    await made.stop()


@pytest.fixture
async def li(office: Office, fake: FakeTelegram) -> FakeUser:
    """A candidate who is bound to this chat."""
    who = await office.candidate("李娜")
    await office.write(
        lambda tx: intake.open_conversation(
            tx, office.road.vault, "telegram", "700", candidate_id=who
        )
    )
    return fake.user(700, "李娜")


def waiting(fake: FakeTelegram) -> list[dict[str, Any]]:
    """Updates as they would be pushed."""
    return [update.body for update in fake.state.updates]


async def push(office: Office, body: Any, secret: str | None = SECRET) -> httpx2.Response:
    headers = {} if secret is None else {HEADER: secret}
    return await office.http.post("/hooks/telegram", json=body, headers=headers)


async def rows(office: Office, model: Any) -> list[Any]:
    return await office.road.database.read(
        lambda tx: tx.all(table(model).select().order_by(table(model).c.id))
    )


async def inbound(office: Office) -> list[tuple[str, str]]:
    """What is kept of what came in, once all of it is answered: our state of it, and its id."""

    async def done() -> bool:
        found = [row for row in await rows(office, Message) if row.direction == "inbound"]
        return all(row.status != "new" for row in found)

    await office.until(done)
    found = await rows(office, Message)
    return [(row.status, row.external_id) for row in found if row.direction == "inbound"]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET.upper(), "x" * 9000])
async def test_a20_a29_without_our_secret_403_and_nothing_is_stored(
    office: Office, channel: telegram.Telegram, fake: FakeTelegram, li: FakeUser, secret: str | None
) -> None:
    li.say("你好")
    [update] = waiting(fake)
    for body in (update, {"nonsense": 1}):
        answer = await push(office, body, secret)
        assert (answer.status_code, answer.json()["title"]) == (403, "refused")
    assert await rows(office, Message) == []


async def test_a29_an_update_that_is_repeated_is_acknowledged_and_ignored(
    office: Office, channel: telegram.Telegram, fake: FakeTelegram, li: FakeUser
) -> None:
    li.say("你好")
    [update] = waiting(fake)
    for _ in range(3):
        assert (await push(office, update)).status_code == 200
    assert len(await inbound(office)) == 1
    assert (office.road.counts.accepted, office.road.counts.duplicates) == (1, 2)


async def test_a29_an_edit_is_stored_beside_the_first(
    office: Office, channel: telegram.Telegram, fake: FakeTelegram, li: FakeUser
) -> None:
    said = li.say("下周一来")
    li.edit(said, "我不去了，抱歉")
    first, edited = waiting(fake)
    for update in (first, edited, edited, first):
        assert (await push(office, update)).status_code == 200
    ids = [id for _, id in await inbound(office)]
    assert ids == [f"m:700:{said}", f"e:700:{said}:{edited['update_id']}"]


async def test_a30_the_same_message_four_times_at_once_is_one_message_and_one_reply(
    office: Office, channel: telegram.Telegram, fake: FakeTelegram, li: FakeUser
) -> None:
    li.say("我的进度")
    [update] = waiting(fake)
    answers = await asyncio.gather(*(push(office, update) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert [status for status, _ in await inbound(office)] == ["done"]
    assert len({row.idem for row in await rows(office, Outbox)}) == 2  # a greeting, an answer
    assert len(await rows(office, Outbox)) == 2


async def test_what_was_pushed_and_is_polled_again_is_one_message(
    office: Office, channel: telegram.Telegram, fake: FakeTelegram, li: FakeUser
) -> None:
    """Whoever changes the mode gets again what was not confirmed in the old one."""
    own = fake.business(fake.user(900, "王敏"))
    said = li.say("你好")
    li.edit(said, "您好")
    own.hears(li, "在吗")  # of nobody we know: kept in neither mode
    for update in waiting(fake):
        assert (await push(office, update)).status_code == 200
    before = await inbound(office)
    taken: list[Received] = []

    async def accept(received: Received) -> None:
        await office.site.door.accept(received)
        taken.append(received)

    listening = asyncio.create_task(channel.listen(accept))
    fake.release()
    await fake.until(lambda: fake.pending == 0)
    listening.cancel()
    await asyncio.wait([listening])
    assert len(taken) == 3
    assert await inbound(office) == before
    assert len(before) == 2


async def test_while_telegram_does_not_answer_a_push_is_to_come_again(
    office: Office, channel: telegram.Telegram, fake: FakeTelegram, li: FakeUser
) -> None:
    own = fake.business(fake.user(900, "王敏"))
    fake.state.updates.clear()
    own.hears(li, "在吗")
    [update] = waiting(fake)
    fake.fail_next("getBusinessConnection", 502)
    answer = await push(office, update)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert (await push(office, update)).status_code == 200

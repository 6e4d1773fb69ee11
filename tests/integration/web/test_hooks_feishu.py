"""Feishu's webhook through the real application: attacks leave nothing, a message is one."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.feishu import Feishu
from bot.channels.feishu_config import configured
from bot.channels.feishu_door import NONCE, SIGNATURE, TIMESTAMP
from bot.delivery import ChannelDelivery
from bot.messages import HttpCall
from scheduler.sender import Outlet, Sender
from storage.database import Tx
from storage.enums import InvitePurpose, MediaState, OutboxStatus, Role
from storage.queries import media
from storage.queries.common import table
from storage.tables import Alert, Attachment, Conversation, Identity, Message, Outbox, SubjectKey
from tests import samples_of_files as some
from tests.contract.place_feishu import (
    ENCRYPT_KEY,
    TOKEN,
    Settings,
    feishu_call,
    feishu_channel,
    feishu_fake,
    feishu_sealed,
    until,
)
from tests.fakes import feishu_inbound as written
from tests.fakes.feishu import FakeFeishu
from tests.fakes.feishu_crypto import signature
from tests.integration.web.conftest import Office

GENUINE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "contract/payloads/feishu/text.json").read_text("utf-8")
)
MOST_S = 0.05


@pytest.fixture
async def hooked(office: Office) -> AsyncIterator[Office]:
    """An installation that Feishu pushes to, by the installation's clock."""
    config = configured(Settings(mode="webhook", bot_open_id="ou_robot"), base_url=office.url)
    channel = Feishu(replace(config, now=office.clock))
    office.road.channels["feishu"] = channel  # type: ignore[index] # the office's own dictionary
    yield office
    await channel.stop()


def event(text: str = "我再考虑一下", **header: str) -> bytes:
    made = copy.deepcopy(GENUINE)
    made["header"] |= header
    made["event"]["message"]["content"] = json.dumps({"text": text})
    return json.dumps(made).encode()


async def post(office: Office, call: HttpCall, **more: str) -> Any:
    headers = {
        name: value.encode("utf-8", "surrogatepass")
        for name, value in (call.headers | more).items()
    }
    return await office.http.post("/hooks/feishu", content=call.body, headers=headers)


async def rows(office: Office, model: Any) -> list[Any]:
    return await office.road.database.read(lambda tx: tx.all(table(model).select()))


async def inbound(office: Office) -> list[Any]:
    return [row for row in await rows(office, Message) if row.direction == "inbound"]


def _attacks() -> Iterator[tuple[str, HttpCall]]:
    """A20 to A26, as one POST each. Nobody outside has the keys, so none is signed rightly but
    the replay, and those about time."""
    call = feishu_call(event())
    good = call.headers[SIGNATURE]

    def changed(**headers: str) -> HttpCall:
        return replace(call, headers=call.headers | headers)

    def timed(stamp: str) -> HttpCall:
        headers = {TIMESTAMP: stamp, NONCE: "n", SIGNATURE: signature(stamp, "n", ENCRYPT_KEY,
                                                                      call.body)}  # fmt: skip
        return replace(call, headers=headers)

    yield "A20 unsigned", bare(call.body)
    yield "A20 in the clear", bare(event())
    yield "A20 one bit", replace(call, body=call.body[:-3] + b'A"}')
    yield "A20 another token", feishu_call(event(token="wrong"))
    for name in (TIMESTAMP, NONCE, SIGNATURE):
        yield (
            f"A20 without {name}",
            replace(
                call, headers={key: value for key, value in call.headers.items() if key != name}
            ),
        )
    yield "A21 accents", changed(**{SIGNATURE: "é" * 64})
    yield "A21 empty", changed(**{SIGNATURE: ""})
    yield "A21 long", changed(**{SIGNATURE: "0" * 30_000})
    yield "A21 twice in one", changed(**{SIGNATURE: f"{good}, {good}"})
    yield "A22 another nonce", changed(**{NONCE: "n2"})
    yield "A22 ten minutes old", feishu_call(event(), age_s=600)
    now = int(time.time())
    for stamp in (now - 301, now + 302, -now, now * 1000, 10**19):
        yield f"A23 {stamp - now}", timed(str(stamp))
    yield "A23 1e9", timed("1e9")
    yield from _bodies(call)


def bare(body: bytes) -> HttpCall:
    return HttpCall(method="POST", headers={}, query={}, body=body)


def _bodies(call: HttpCall) -> Iterator[tuple[str, HttpCall]]:
    deep = json.dumps({"encrypt": feishu_sealed(b"[" * 2_000)}).encode()
    for name, body in (
        ("A24 deep", b"[" * 200_000),
        ("A24 deep and sealed", deep),
        ("A24 many", b'{"encrypt":[' + b"1," * 100_000 + b"1]}"),
        ("A24 number", b'{"encrypt":' + b"1" * 200_000 + b"}"),
        ("A25 utf-16", '{"encrypt":"YQ=="}'.encode("utf-16")),
        ("A25 two", b'{"encrypt":"YQ==","encrypt":"Yg=="}'),
        ("A25 nothing", b""),
        ("A26 padding", json.dumps({"encrypt": feishu_sealed(event())[:-24]}).encode()),
        ("A26 key", json.dumps({"encrypt": feishu_sealed(event(), "other")}).encode()),
    ):
        yield name, bare(body)
        yield f"{name}, badly signed", replace(call, body=body)


async def test_whoever_is_not_feishu_is_refused_alike_at_once_and_leaves_nothing(
    hooked: Office,
) -> None:
    answers: dict[str, set[str]] = {}
    for name, call in _attacks():
        best = 1.0
        for _ in range(3):
            started = time.process_time()
            answer = await post(hooked, call)
            best = min(best, time.process_time() - started)
            said = f"{answer.status_code} {json.dumps({**answer.json(), 'request_id': ''})}"
            answers.setdefault(said, set()).add(name)
        assert best < MOST_S, name
    assert len(answers) == 1, answers
    assert next(iter(answers)).startswith("403 ")
    for model in (Message, Conversation, Identity, SubjectKey, Outbox, Attachment):
        assert await rows(hooked, model) == [], model


async def test_a_header_that_comes_twice_opens_nothing(hooked: Office) -> None:
    call = feishu_call(event())
    good = call.headers.pop(SIGNATURE)
    for pair in (("0" * 64, "1" * 64), (good, "0" * 64)):
        headers = [*call.headers.items(), *((SIGNATURE, value) for value in pair)]
        answer = await hooked.http.post("/hooks/feishu", content=call.body, headers=headers)
        assert answer.status_code == 403
    assert await rows(hooked, Message) == []


async def test_what_is_signed_and_nonsense_is_told_to_feishu_and_not_stored(
    hooked: Office,
) -> None:
    header = json.loads(event())["header"]
    for inside in ({"header": {**header, "token": TOKEN}}, {"header": header, "event": {}}):
        answer = await post(hooked, feishu_call(json.dumps(inside).encode()))
        assert answer.status_code == 400
    assert await rows(hooked, Message) == []


async def test_four_deliveries_at_once_are_one_message_and_one_reply(hooked: Office) -> None:
    calls = [feishu_call(event(event_id=f"e{n}"), nonce=f"n{n}") for n in range(4)]
    answers = await asyncio.gather(*(post(hooked, call) for call in calls))
    assert {answer.status_code for answer in answers} == {200}

    async def answered() -> list[Any]:
        return await rows(hooked, Outbox)

    await hooked.until(answered)
    assert len(await inbound(hooked)) == len(await rows(hooked, Conversation)) == 1
    assert len(await answered()) == 1


async def test_a_message_is_known_again_however_late_it_comes(hooked: Office) -> None:
    """Feishu repeats for 7 h 20 min, signed anew; the message's own id tells, in the database."""
    for number, hours in enumerate((0.0, 0.1, 1.3, 7.4, 8.5, 200.0)):
        hooked.clock.ahead = timedelta(hours=hours)
        call = feishu_call(event(event_id=f"e{number}"), age_s=-3600 * hours)
        assert (await post(hooked, call)).status_code == 200
        old = feishu_call(event(event_id="e0"), age_s=0)
        assert (await post(hooked, old)).status_code == (200 if hours == 0 else 403)
    assert len(await inbound(hooked)) == 1
    assert (hooked.road.counts.accepted, hooked.road.counts.duplicates) == (1, 6)


async def test_what_cannot_be_stored_is_asked_for_again(hooked: Office) -> None:
    hooked.road.database.close()
    assert (await post(hooked, feishu_call(event()))).status_code == 503


# --- with a platform at the other end -----------------------------------------------------------


@asynccontextmanager
async def connected(office: Office) -> AsyncIterator[tuple[FakeFeishu, Sender]]:
    """Feishu on a long connection, and what is said goes back there."""
    async with feishu_fake() as fake, feishu_channel(fake) as channel:
        office.road.channels["feishu"] = channel  # type: ignore[index]
        outlet = Outlet(delivery=ChannelDelivery(office.road, channel), rate=500, burst=500,
                        dedupes=True)  # fmt: skip
        sender = Sender(office.road.database, office.road.engine, {"feishu": outlet},
                        owner="feishu", now=office.clock)  # fmt: skip

        async def accept(received: Any) -> None:
            await office.site.door.accept(received)

        task = asyncio.create_task(channel.listen(accept))
        await until(fake, lambda: fake.sockets.connections)
        try:
            yield fake, sender
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def sent(office: Office, sender: Sender, count: int) -> None:
    """Everything that was said to anybody has left."""

    async def done() -> bool:
        await sender.woken("feishu")
        found = [row for row in await rows(office, Outbox) if row.channel == "feishu"]
        return len(found) >= count and {row.status for row in found} == {OutboxStatus.SENT.value}

    await office.until(done)


async def test_nothing_of_a_candidate_is_ever_shown_into_a_group(office: Office) -> None:
    """Answers and cards go to the one person, also where they called us among others."""
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate("王小明", owner=hr.id)
    async with connected(office) as (fake, sender):
        li, wang = fake.member("李娜"), fake.outsider("王小明")
        group = fake.group("招聘", li, wang)
        staff = await office.link(InvitePurpose.CHAT, channel="feishu", user_id=hr.id)
        theirs = await office.link(InvitePurpose.CHAT, channel="feishu", candidate_id=candidate)
        li.say(f"/start {staff}")
        wang.say(f"/start {theirs}")
        await sent(office, sender, 4)  # two are asked for a link when they open the chat
        wang.say("@小助手 我手上有别家offer，薪资比你们高很多，我再考虑一下", group.id)

        async def alarmed() -> list[Any]:
            return await rows(office, Alert)

        await office.until(alarmed)
        li.say("@小助手 王小明怎么样了", group.id)
        await sent(office, sender, 6)
        [shown] = [seen for seen in li.received() if seen.card]
        assert "王小明" in shown.text
        assert group.texts() == []
        assert {row.address for row in await rows(office, Conversation)} == {
            li.open_id, wang.open_id,
        }  # fmt: skip


async def test_a_file_is_fetched_by_its_message_and_its_key(office: Office) -> None:
    async with connected(office) as (fake, _):
        li = fake.member("李娜")
        li.send(written.file(fake.state, "简历.pdf", some.PDF))

        async def kept() -> bool:
            return [row.state for row in await rows(office, Attachment)] == [MediaState.KEPT.value]

        await office.until(kept)

        def read(tx: Tx) -> Any:
            [row] = tx.all(table(Attachment).select())
            return media.attachment(tx, office.road.vault, row.id)

        found = await office.road.database.read(read)
        assert (found.name, found.size) == ("简历.pdf", len(some.PDF))
        assert found.ref.startswith("om_")

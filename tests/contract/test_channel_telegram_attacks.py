"""Attacks on Telegram's webhook, by their numbers in the list of bad inputs.

Telegram signs nothing: one secret in a header stands for the whole call, which has no time of its
own either. So A22 rests on ids alone, and A23 is about the dates inside. A26 has no envelope to
break; what it asks for, that a refusal says nothing, is tested of the secret. A27 and the callback
of A28 are DingTalk's; what is left of A28 is that no address in an update is ever called.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels.base import Channel
from bot.errors import GiveUp, Malformed, Refused
from bot.messages import HttpCall
from tests.contract.channel_places import (
    SECRET,
    SECRET_HEADER,
    channel_of,
    offline_telegram,
    signed,
    started,
)
from tests.fakes.telegram import FakeTelegram

HELLO = (Path(__file__).parent / "payloads/telegram/text_chinese.json").read_bytes()
BUSINESS = (Path(__file__).parent / "payloads/telegram/business_message.json").read_bytes()


@pytest.fixture
async def channel() -> AsyncIterator[Channel]:
    made = offline_telegram()
    yield made
    await made.stop()


def with_secret(secret: str) -> HttpCall:
    good = signed(HELLO)
    return replace(good, headers=good.headers | {SECRET_HEADER: secret})


async def refusal(channel: Channel, call: HttpCall) -> str:
    with pytest.raises(Refused) as caught:
        await channel.receive(call)
    return str(caught.value)


# A20, A21, A26: the secret


async def test_a20_without_the_secret_or_with_one_bit_of_it_flipped_nothing_is_let_in(
    channel: Channel,
) -> None:
    assert (await channel.receive(signed(HELLO))).messages
    bare = HttpCall(method="POST", headers={}, query={}, body=HELLO)
    await refusal(channel, bare)
    await refusal(channel, replace(bare, query={SECRET_HEADER: SECRET, "secret_token": SECRET}))
    for at in range(len(SECRET) * 7):
        flipped = bytearray(SECRET.encode())
        flipped[at // 7] ^= 1 << at % 7
        await refusal(channel, with_secret(flipped.decode()))


async def test_a20_what_is_refused_is_not_even_looked_at(channel: Channel) -> None:
    for body in (b"", b"\xff", b"{", b"[" * 1_000_000, BUSINESS):
        await refusal(channel, replace(with_secret("wrong"), body=body))


@pytest.mark.parametrize(
    "secret",
    [
        *("é" * 64, "a" * 1_000_000, "", "\udc80" * 48, "\x00", " "),
        *(SECRET[:-1], f"{SECRET}0", f" {SECRET}", f"{SECRET} ", f"{SECRET}\x00"),
        *(SECRET.upper(), SECRET * 2, f"{SECRET}, {SECRET}", f"{SECRET};{SECRET}"),
        SECRET.translate({ord("5"): "５"}),
    ],
)
async def test_a21_a_strange_secret_is_refused(channel: Channel, secret: str) -> None:
    await refusal(channel, with_secret(secret))


async def test_a26_a_refusal_does_not_say_how_much_was_right(channel: Channel) -> None:
    tries = {"first": f"0{SECRET[1:]}", "last": f"{SECRET[:-1]}0", "none": "0" * len(SECRET)}
    words, took = set(), {}
    for name, secret in tries.items():
        times = []
        for _ in range(300):
            began = time.perf_counter()
            words.add(await refusal(channel, with_secret(secret)))
            times.append(time.perf_counter() - began)
        took[name] = statistics.median(times)
    assert len(words) == 1
    assert max(took.values()) - min(took.values()) < 0.005


# A22, A23: again, and out of time


async def test_a22_a_replay_now_or_much_later_has_the_ids_of_the_first(channel: Channel) -> None:
    for body in (HELLO, BUSINESS):
        first = await channel.receive(signed(body))
        assert await channel.receive(signed(body)) == first
        old = json.loads(body)
        inner = old.get("message") or old["business_message"]
        inner["date"] -= 86_400 * 300
        again = await channel.receive(signed(json.dumps(old).encode()))
        assert again.messages[0].external_id == first.messages[0].external_id


@pytest.mark.parametrize(
    "date",
    [
        *(-1, 0, 301, 1e9, 10**20, 1793581200_000, 2**63 - 1, -(2**63), 2**53, 253402300799),
        *("1793581200", "ms", "", None, True, [1], {"a": 1}, 1793581200.5),
    ],
)
async def test_a23_a_date_of_any_kind_is_a_moment_or_malformed(channel: Channel, date: Any) -> None:
    for body in (HELLO, BUSINESS):
        data = json.loads(body)
        (data.get("message") or data["business_message"])["date"] = date
        try:
            received = await channel.receive(signed(json.dumps(data).encode()))
        except Malformed:
            continue
        for message in received.messages:
            message.sent_at.astimezone().isoformat()


# A24, A25: documents, which are JSON here


def update(**more: Any) -> bytes:
    data = json.loads(HELLO)
    data["message"] |= more
    return json.dumps(data).encode()


DOCUMENTS = {
    "deep_list": b"[" * 100_000,
    "deep_object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep_inside": update()[:-2] + b',"x":' + b"[" * 30 + b"]" * 30 + b"}}",
    "large": update(text="a" * 1_000_000),
    "wide": b'{"update_id":1,"x":[' + b"1," * 200_000 + b"1]}",
    "long_number": b'{"update_id":' + b"9" * 5_000 + b"}",
    "not_finite": b'{"update_id":1,"x":[NaN,Infinity,-1e999]}',
    "half_a_character": update(text="\ud800"),
    "half_a_key": b'{"update_id":1,"\\udfff":1}',
    "utf16": b"\xff\xfe" + HELLO.decode().encode("utf-16-le"),
    "bom": b"\xef\xbb\xbf" + HELLO,
    "not_utf8": HELLO.replace("我".encode(), b"\xff") if "我".encode() in HELLO else b"\xff",
    "xml": b'<!DOCTYPE x [<!ENTITY a "ha">]><xml>&a;</xml>',
    "two": HELLO + HELLO,
    "unclosed": HELLO[:-5],
    "list": b"[" + HELLO + b"]",
    "nothing": b"",
    "form": b"update_id=1&message=2",
}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
async def test_a24_a25_no_document_bites(channel: Channel, name: str) -> None:
    call = signed(DOCUMENTS[name])
    best = 1.0
    for _ in range(3):
        began = time.perf_counter()
        with pytest.raises(Malformed):
            await channel.receive(call)
        best = min(best, time.perf_counter() - began)
    assert best < 0.05
    tracemalloc.start()
    with pytest.raises(Malformed):
        await channel.receive(call)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


async def test_a25_the_last_of_two_equal_keys_counts_and_nothing_breaks(channel: Channel) -> None:
    twice = b'{"update_id":1,"message":5,' + HELLO.strip()[1:]
    assert (await channel.receive(signed(twice))).messages


# A28: addresses


INSIDE = "http://169.254.169.254/latest/meta-data"


async def test_a28_no_address_in_an_update_is_called() -> None:
    """The suite fails whoever tries to leave the machine, even when that is swallowed."""
    async with FakeTelegram(limits=False) as fake, channel_of(fake) as channel:
        await fake.until(lambda: fake.commands)
        calls = len(fake.calls)
        link = {"type": "text_link", "offset": 0, "length": 1, "url": INSIDE}
        body = update(text="看", entities=[link], photo_url=INSIDE, webhook=INSIDE)
        assert (await channel.receive(signed(body))).messages
        file = {"file_id": INSIDE, "file_unique_id": "u", "file_name": INSIDE, "url": INSIDE}
        data = json.loads(update(document=file))
        del data["message"]["text"]
        received = await channel.receive(signed(json.dumps(data).encode()))
        assert received.messages[0].media == ()  # no id of Telegram's: nothing is fetched
        await asyncio.sleep(0.1)
        assert [call.method for call in fake.calls[calls:] if call.method != "getupdates"] == []


async def test_a28_a_file_is_fetched_from_telegram_and_from_nowhere_else() -> None:
    async with FakeTelegram(limits=False) as fake, channel_of(fake) as channel:
        li = started(fake)
        file_id = li.seen(li.send_document("a.pdf")).file_id
        assert file_id is not None
        for elsewhere in (str(Path(__file__)), "/etc/hostname"):
            fake.state.files[file_id].on_disk = elsewhere
            with pytest.raises(GiveUp):
                await anext(aiter(channel.fetch(file_id)))
        for elsewhere in (INSIDE, "//169.254.169.254/x", "../../bot/x"):
            fake.state.files[file_id].on_disk = elsewhere
            with pytest.raises(GiveUp):  # asked for below our own address, where nothing is
                await anext(aiter(channel.fetch(file_id)))


# A30: at once


async def test_a30_the_same_update_four_times_at_once_is_one_message(channel: Channel) -> None:
    for body in (HELLO, BUSINESS):
        received = await asyncio.gather(*(channel.receive(signed(body)) for _ in range(4)))
        assert len({one.messages[0].external_id for one in received}) == 1

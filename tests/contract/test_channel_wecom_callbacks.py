"""Callbacks of WeCom: what is let in, what is refused, and what it is decoded to."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.channels import wecom
from bot.channels.wecom_envelope import Envelope, Pair, guard
from bot.errors import Malformed, NotReady, Refused
from bot.messages import Received
from tests.contract.place_wecom import (
    BASE_URL,
    CRYPTO,
    HELLO,
    PATIENT,
    Door,
    WeComSection,
    channel_of,
    genuine,
    offline_wecom,
    refused,
    sealed,
)
from tests.fakes.wecom import CallbackRefused, FakeWeCom
from tests.fakes.wecom_crypto import CallbackCrypto

HERE = Path(__file__).parent
PAYLOADS = HERE / "payloads/wecom"


@pytest.fixture
def channel() -> wecom.WeCom:
    return offline_wecom()


# Genuine calls


async def test_the_same_call_has_the_same_ids_and_no_other_call_has_them(
    channel: wecom.WeCom,
) -> None:
    ids: list[str] = []
    for path in sorted(PAYLOADS.glob("*.xml")):
        first, again = [await channel.receive(genuine(path)) for _ in range(2)]
        assert first == again
        ids += [message.external_id for message in first.messages]
    assert len(ids) == len(set(ids)) > 10


VECTORS = json.loads((PAYLOADS / "sealed/vectors.json").read_text(encoding="utf-8"))
XML = "<xml><ToUserName><![CDATA[c]]></ToUserName><Encrypt><![CDATA[{}]]></Encrypt></xml>"
BODIES = [XML, "<xml><Encrypt>{}</Encrypt></xml>", '{{"encrypt": "{}"}}', '{{"Encrypt": "{}"}}']


def opener(corp_id: str) -> Envelope:
    pair = Pair(VECTORS["token"], VECTORS["aes_key"])
    return Envelope(corp_id, [pair], window=timedelta(minutes=5))


def at(vector: dict[str, str]) -> datetime:
    return datetime.fromtimestamp(int(vector["timestamp"]), UTC)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ["text", "kf"])
def test_published_vectors_open_in_every_envelope(name: str, body: str) -> None:
    vector = VECTORS[name]
    call = vector, body.format(vector["encrypt"]).encode(), at(vector)
    assert opener(VECTORS["corp_id"]).open(*call) == vector["inside"]
    with pytest.raises(Refused):
        opener("wx0000000000000000").open(*call)


def test_the_published_word_is_echoed_even_if_its_plus_signs_became_spaces() -> None:
    vector = VECTORS["echo"]
    for echo in (vector["encrypt"], vector["encrypt"].replace("+", " ")):
        query = vector | {"echostr": echo}
        assert opener(VECTORS["corp_id"]).echo(query, at(vector)) == vector["inside"]


async def test_the_console_can_save_our_url_and_is_refused_with_another_key() -> None:
    async with FakeWeCom(**PATIENT) as fake, channel_of(fake) as channel, Door(channel) as door:
        await fake.save_callback(door.url)
        with pytest.raises(CallbackRefused):
            await fake.save_callback(door.url, token="another")
        with pytest.raises(CallbackRefused):
            await fake.save_callback(door.url, aes_key="Z" * 43)


async def test_what_members_do_arrives_over_the_wire() -> None:
    async with FakeWeCom(**PATIENT) as fake, channel_of(fake) as channel, Door(channel) as door:
        await fake.save_callback(door.url)
        boss = fake.member("Boss", "王总")
        fake.callbacks.duplicate_next()
        boss.write("李娜到哪一步了？")
        first, again = await door.next(), await door.next()
        assert first == again
        assert [message.text for message in first.messages] == ["李娜到哪一步了？"]
        fake.customer().enter()
        [pull] = (await door.next()).pulls
        assert (pull.channel, pull.account) == ("wecom", fake.account.open_kfid)
        assert pull.token
        for how in ("signature", "ciphertext", "receiveid", "padding", "length", "plain"):
            fake.callbacks.tamper_next(how)
            boss.write("假的")
        await fake.settled()
        assert door.heard.empty()
        assert {status for status in door.statuses if status != 200} == {403, 400}


async def test_two_pairs_are_live_while_they_are_rotated() -> None:
    new = CallbackCrypto("newToken", "N" * 43, CRYPTO.receiveid)
    section = WeComSection(
        callback_token=SecretStr(new.token),
        callback_aes_key=SecretStr("N" * 43),
        old_callback_token=SecretStr(CRYPTO.token),
        old_callback_aes_key=WeComSection().callback_aes_key,
    )
    channel = wecom.build(section, secret="", base_url=BASE_URL)
    for crypto in (new, CRYPTO):
        [message] = (await channel.receive(sealed(HELLO, crypto=crypto))).messages
        assert message.text == "你好"
    mixed = CallbackCrypto(new.token, "M" * 43, CRYPTO.receiveid)
    with pytest.raises(Refused):
        await channel.receive(sealed(HELLO, crypto=mixed))


@pytest.mark.parametrize(
    ("token", "aes_key"), [("", "x"), ("口令", "A" * 43), ("ok", "A" * 42), ("a" * 33, "A" * 43)]
)
def test_secrets_the_console_never_shows_are_refused_at_the_start(token: str, aes_key: str) -> None:
    section = WeComSection(callback_token=SecretStr(token), callback_aes_key=SecretStr(aes_key))
    if not token:  # nothing is received then
        channel = wecom.build(section, secret="", base_url=BASE_URL)
        with pytest.raises(Refused):
            asyncio.run(channel.receive(sealed(HELLO)))
        return
    with pytest.raises(NotReady, match="YINUO_WECOM__ENCODING_AES_KEY"):
        wecom.build(section, secret="", base_url=BASE_URL)


async def test_a_call_for_another_app_is_refused_and_none_named_is_fine(
    channel: wecom.WeCom,
) -> None:
    await refused(channel, sealed(HELLO.replace("1000002", "1000003")))
    for inner in (HELLO.replace("1000002", ""), HELLO.replace("<AgentID>1000002</AgentID>", "")):
        assert (await channel.receive(sealed(inner, AgentID=""))).messages


INNERS = [
    "<xml></xml>",
    "<xml>text</xml>",
    "<a><MsgType>text</MsgType></a>",
    "<xml><MsgType>text</MsgType></xml>",
    "<xml><MsgType><a/></MsgType></xml>",
    "<xml><MsgType>event</MsgType></xml>",
    "<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event></xml>",
    "<xml><MsgType>text</MsgType><FromUserName>a/b</FromUserName></xml>",
    "{}",
    '{"MsgType": 1e999}',
    "[1]",
    "",
]


@pytest.mark.parametrize("inner", INNERS)
async def test_a_sealed_message_that_makes_no_sense_is_malformed(
    channel: wecom.WeCom, inner: str
) -> None:
    with pytest.raises(Malformed):
        await channel.receive(sealed(inner))


async def test_a_message_in_json_is_read_like_one_in_xml(channel: wecom.WeCom) -> None:
    inner = {"MsgType": "text", "FromUserName": "LiSi", "Content": "你好", "MsgId": 1}
    call = sealed(json.dumps(inner | {"CreateTime": 1760000000, "AgentID": 1000002}))
    assert await channel.receive(call) == await channel.receive(sealed(HELLO))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_nothing_but_refused_or_malformed_comes_out_of_any_bytes(data: Any) -> None:
    alphabet = st.sampled_from([*'<>/!?&;[]{}":, \n', "xml", "Encrypt", "<![CDATA[", "]]>", "好"])
    text = "".join(data.draw(st.lists(st.one_of(alphabet, st.characters()), max_size=60)))
    channel = offline_wecom()
    calls = [
        replace(sealed(HELLO), body=text.encode("utf-8", "surrogatepass")),
        sealed(text.encode("utf-8", "replace").decode()),
    ]
    for call in calls:
        try:
            assert isinstance(asyncio.run(channel.receive(call)), Received)
        except (Refused, Malformed):
            continue


def test_the_guard_lets_the_platforms_own_forms_through() -> None:
    for path in PAYLOADS.glob("*.xml"):
        guard(path.read_bytes())
    guard(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n<xml><a b='c'>d</a><e/></xml>")
    guard(b"<xml><a><![CDATA[x]]]]><![CDATA[>y]]></a></xml>")

"""What every channel promises, over each of them. Telegram talks to its stand-in over loopback.

A new channel adds itself to ``places.CHANNELS``, captured calls to ``payloads/<name>`` and
what they decode to in ``golden/<name>``.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.channels import base
from bot.channels.base import Channel, join_url
from bot.channels.plain_text import units
from bot.errors import DeliveryError, GiveUp, Malformed, Refused, TryLater
from bot.messages import Button, Card, Content, HttpCall, Received
from storage.enums import MessageKind
from tests.contract.channel_places import (
    BASE_URL,
    SECRET,
    SECRET_HEADER,
    Place,
)
from tests.contract.decoded import as_json
from tests.contract.places import CHANNELS
from tests.full_card import DRAFT, a_full_card

HERE = Path(__file__).parent
ALERT = "a_" + "k3" * 13
CHINESE = "[\u4e00-\u9fff]"


@pytest.fixture(params=sorted(CHANNELS))
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with CHANNELS[request.param].place() as opened:
        yield opened


# What a channel is


def test_every_channel_is_under_this_suite() -> None:
    assert base.discover() == sorted(CHANNELS)


@pytest.mark.parametrize("name", base.discover())
def test_a_channel_module_exports_what_the_application_needs(name: str) -> None:
    module = base.load(name)
    assert inspect.isclass(module.Config)
    assert {"secret", "base_url"} <= set(inspect.signature(module.build).parameters)


def test_a_channel_has_every_method_of_the_protocol(place: Place) -> None:
    methods = {name for name, _ in inspect.getmembers(Channel, inspect.isfunction)}
    wanted = {name for name in methods if not name.startswith("_")}
    assert wanted >= {"start", "stop", "receive", "listen", "render", "send", "noticed"}
    for name in wanted:
        promised = inspect.signature(getattr(Channel, name)).parameters
        kept = inspect.signature(getattr(type(place.channel), name)).parameters
        assert list(kept) == list(promised), name


def test_limits_are_usable(place: Place) -> None:
    limits = place.channel.limits
    assert limits.text >= 1_000
    assert limits.buttons >= 0
    assert limits.rate > 0
    assert limits.burst >= 1


# In


def _captured() -> list[tuple[str, Path]]:
    folders = (HERE / "payloads").iterdir()
    return sorted(
        (folder.name, path)
        for folder in folders
        for path in folder.iterdir()
        if path.suffix in (".json", ".xml")
    )


def call(name: str, path: Path) -> HttpCall:
    return CHANNELS[name].call(path.read_bytes())


def offline(name: str) -> Channel:
    return CHANNELS[name].offline()


def golden(name: str, path: Path) -> Any:
    here = HERE / "golden" / name / "inbound" / f"{path.stem}.json"
    return json.loads(here.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "path"), _captured(), ids=lambda value: getattr(value, "stem", value)
)
async def test_each_captured_call_decodes_to_its_golden_form(name: str, path: Path) -> None:
    received = await offline(name).receive(call(name, path))
    assert as_json(received) == golden(name, path)
    # Only a group is shown anything at once, and only that we heard.
    assert received.reply == b"" or path.stem in ("text_in_group", "mention_without_words")
    for message in received.messages:
        assert message.sent_at.utcoffset() is not None


@pytest.mark.parametrize(
    ("name", "path"), _captured(), ids=lambda value: getattr(value, "stem", value)
)
async def test_the_same_call_twice_carries_the_same_ids(name: str, path: Path) -> None:
    channel = offline(name)
    first = await channel.receive(call(name, path))
    again = await channel.receive(call(name, path))
    assert [m.external_id for m in first.messages] == [m.external_id for m in again.messages]


async def test_different_calls_never_share_an_id() -> None:
    ids = [
        (name, message.external_id)
        for name, path in _captured()
        for message in (await offline(name).receive(call(name, path))).messages
    ]
    assert len(ids) == len(set(ids)) > 10


@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET[:-1], SECRET.upper(), "秘密", "\udc80"]
)
async def test_a_call_without_our_secret_accepts_nothing(secret: str | None) -> None:
    genuine = call("telegram", HERE / "payloads/telegram/text_chinese.json")
    headers = {name: value for name, value in genuine.headers.items() if name != SECRET_HEADER}
    if secret is not None:
        headers[SECRET_HEADER] = secret
    with pytest.raises(Refused):
        await offline("telegram").receive(replace(genuine, headers=headers))


@pytest.mark.parametrize(
    ("name", "path"), _captured(), ids=lambda value: getattr(value, "stem", value)
)
async def test_a_call_that_proves_nothing_accepts_nothing(name: str, path: Path) -> None:
    """Without what proves it, or with a proof of something else. Each channel attacks its own."""
    genuine = call(name, path)
    with pytest.raises((Refused, Malformed)):
        await offline(name).receive(replace(genuine, headers={}, query={}))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b"\xff", b'{"update_id": NaN}'])
async def test_nonsense_is_refused_or_malformed_and_nothing_else(place: Place, body: bytes) -> None:
    with pytest.raises((Refused, Malformed)):
        await place.channel.receive(CHANNELS[place.channel.name].call(body))


# Out

CARD = Card(
    title="立即 · 其他机会",
    quote="我手上还有一家<字节>的 offer，薪资 & 奖金都高一些",
    lines=(("候选人", "李娜"), ("职位", "后端工程师"), ("请在此前处理", "今天 18:00")),
    question="对方给了什么条件？最看重哪一点？",
    buttons=tuple(
        Button(label, actions.action(ALERT, v))
        for label, v in zip(("有用", "误报", "已处理", "稍后"), Press, strict=True)
    ),
    link=f"{BASE_URL}/console/alerts/a_1",
    said="李娜 · 11月28日 周六 14:05",
    advice="建议回复：李娜您好，有别的机会很正常，谢谢您告诉我。您最看重的是哪一点？",
    before="之前的对话：\n我方：offer 您看过了吗？\n对方：看过了，谢谢",
)


async def test_a_text_arrives_as_it_was_said(place: Place) -> None:
    text = '<b>1 & 2</b> "三" *四* _五_ [六](七) `八` 👨‍👩‍👧\n第二行'
    await place.say(Content(text=text))
    assert [shown.text for shown in place.shown()] == [text]


async def test_a_long_chinese_text_splits_within_the_limit_and_never_inside_a_character(
    place: Place,
) -> None:
    family = "👨‍👩‍👧‍👦"
    text = "".join(f"第{n}句，我们一家{family}都很在意落户e\u0301👍🏽。" for n in range(700))
    await place.say(Content(text=text))
    parts = [shown.text for shown in place.shown()]
    assert "".join(parts) == text
    for part in parts:
        assert 0 < units(part) <= place.channel.limits.text
        assert not part.startswith(("\u200d", "\u0301", "\U0001f3fd"))
        assert not part.endswith("\u200d")
        assert part.count(family) == part.count("👨")
        assert unicodedata.category(part[0]) not in ("Mn", "Cs")


async def test_a_card_says_everything_on_it(place: Place) -> None:
    await place.say(CARD)
    [shown] = place.shown()
    wanted = [CARD.title, CARD.quote, CARD.question, CARD.link, CARD.said, CARD.advice]
    wanted += CARD.before.splitlines()
    for said in wanted + [word for line in CARD.lines for word in line]:
        assert said in shown.text


async def test_the_fullest_alert_is_one_card_with_the_whole_draft(place: Place) -> None:
    full = a_full_card()
    await place.say(full)
    [shown] = place.shown()
    wanted = [full.title, full.quote, full.said, full.question, full.note, DRAFT]
    for said in wanted + [word for line in full.lines for word in line]:
        assert said in shown.text
    assert shown.actions == tuple(button.action for button in full.buttons)


async def test_a_card_keeps_every_button_answerable(place: Place) -> None:
    await place.say(CARD)
    [shown] = place.shown()
    assert shown.actions == tuple(button.action for button in CARD.buttons)


async def test_choices_beyond_the_limit_become_numbered_text(place: Place) -> None:
    many = tuple(Button(f"选项甲{n}", f"do:{n}") for n in range(place.channel.limits.buttons + 5))
    await place.say(Content(text="请选择", buttons=many))
    shown = place.shown()[-1]
    assert 0 < len(shown.actions) <= place.channel.limits.buttons
    for button in many:
        assert button.action in shown.actions or f". {button.label}" in shown.text


async def test_a_press_returns_the_action_we_sent_and_a_forged_one_is_nothing(place: Place) -> None:
    [receipt] = await place.say(CARD)
    if place.press is None:  # its presses come over routes of ours, which know who is there
        assert place.shown()[0].actions[0] == CARD.buttons[0].action
        return
    message = await place.press(receipt, CARD.buttons[1].action)
    assert message.kind is MessageKind.PRESS
    assert message.sender == place.person
    assert actions.parse(message.text) == (ALERT, list(Press)[1])
    forged = await place.press(receipt, f"al:{ALERT}:fired")
    assert actions.parse(forged.text) is None


async def test_a_replaced_card_stands_where_the_old_one_stood(place: Place) -> None:
    if not place.channel.limits.editable:
        pytest.skip("the platform cannot change what was sent")
    [receipt] = await place.say(CARD)
    judged = Card(
        title=CARD.title,
        quote=CARD.quote,
        lines=CARD.lines,
        question=CARD.question,
        note="王敏 已标记已处理 · 14:02",
    )
    [payload] = place.channel.render(judged)
    for key in ("edit", "again"):  # the answer to the first may have been lost
        changed = await place.channel.send(place.person, payload, key=key, replaces=receipt)
        assert changed == receipt
    if place.press is not None:
        [shown] = place.shown()
        assert judged.note in shown.text
        assert shown.actions == ()


async def test_the_same_key_again_is_not_said_again(place: Place) -> None:
    first = await place.say(Content(text="只说一次"), key="once")
    seen = len(place.shown())
    payload = place.channel.render(Content(text="只说一次"))[0]
    assert await place.channel.send(place.person, payload, key="once#0") == first[0]
    assert len(place.shown()) == seen


async def test_a_quote_of_any_length_leaves_the_card_one_message(place: Place) -> None:
    long = Card(
        title="t", quote="很长的话。" * 4_000, lines=(("甲", "乙"),), question="问？",
        said="李娜 · 11月28日 周六 14:05", advice="建议回复：" + "长" * 200, before="很长。" * 400,
    )  # fmt: skip
    assert len(place.channel.render(long)) == 1
    await place.say(long)
    assert "问？" in place.shown()[0].text


async def test_noticing_a_press_twice_does_no_harm(place: Place) -> None:
    for external_id in ("q:404", "q:404", "m:1:2"):
        await place.channel.noticed(external_id, "已记录")


async def test_an_attachment_that_does_not_exist_is_a_delivery_error(place: Place) -> None:
    with pytest.raises(DeliveryError):
        async for _ in place.channel.fetch("nothing"):
            pass


# Life


@pytest.mark.parametrize("member", [False, True])
async def test_the_invite_link_carries_the_token(place: Place, member: bool) -> None:
    await place.channel.check()
    url = place.channel.invite_url(BASE_URL, "tok-EN_1", member=member)
    assert url.endswith("tok-EN_1")
    assert place.channel.limits.link_is_chat == url.startswith(f"{BASE_URL}/chat/")


async def test_a_member_is_invited_to_sign_in_wherever_members_can(place: Place) -> None:
    await place.channel.check()
    channel = place.channel
    invited = channel.invite_url(BASE_URL, "tok-EN_1", member=True)
    by_signing_in = invited == f"{BASE_URL}/join/{channel.name}/tok-EN_1"
    assert by_signing_in == (channel.limits.sign_in is not None)


# Signing in

STATE = "S1" * 32
BACK = "https://hr.example.com/join?a=1&b=2"


@pytest.mark.parametrize("in_app", [False, True])
def test_the_page_to_sign_in_on_is_told_where_to_send_back(place: Place, in_app: bool) -> None:
    url = place.channel.sign_in_url(BACK, STATE, in_app=in_app)
    assert (url is None) == (place.channel.limits.sign_in is None) == (place.code is None)
    if url is not None:
        asked = parse_qs(urlsplit(url).query)
        assert urlsplit(url).scheme == "https"
        assert (asked["redirect_uri"], asked["state"]) == ([BACK], [STATE])


async def test_a_code_says_once_who_signed_in(place: Place) -> None:
    back = join_url(BASE_URL, place.channel.name)
    if place.code is None:
        with pytest.raises(GiveUp, match=CHINESE):
            await place.channel.signed_in("code", back)
        return
    code = place.code()
    assert await place.channel.signed_in(code, back) == place.person
    for used in (code, "never", "", "a b", "码", "x" * 600, "\n"):
        with pytest.raises(GiveUp, match=CHINESE):
            await place.channel.signed_in(used, back)
    assert await place.channel.signed_in(place.code(), back) == place.person


async def test_somebody_who_is_no_member_is_told_so(place: Place) -> None:
    if place.foreign is None:  # the platform itself turns them away, or nobody signs in
        assert place.channel.name in ("feishu", "telegram", "webchat")
        return
    with pytest.raises(GiveUp, match="成员"):
        await place.channel.signed_in(place.foreign(), join_url(BASE_URL, place.channel.name))


async def test_a_sign_in_nobody_answers_is_later(place: Place) -> None:
    if place.down is None or place.code is None:
        assert place.channel.limits.sign_in is None
        return
    back = join_url(BASE_URL, place.channel.name)
    code = place.code()
    place.down()
    with pytest.raises(TryLater):
        await place.channel.signed_in(code, back)
    assert await place.channel.signed_in(place.code(), back) == place.person


@pytest.mark.parametrize("name", base.discover())
async def test_a_start_survives_a_platform_that_is_down(name: str) -> None:
    channel = offline(name)
    await channel.start()
    listening = asyncio.create_task(channel.listen(_nobody))
    await asyncio.sleep(0.2)
    assert not listening.done() or listening.exception() is None
    await channel.stop()
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


@pytest.mark.parametrize("name", base.discover())
async def test_a_channel_may_be_stopped_that_was_never_started(name: str) -> None:
    await offline(name).stop()


async def test_what_works_passes_its_check(place: Place) -> None:
    await place.channel.check()


async def _nobody(_: Received) -> None:
    raise AssertionError("nothing can have arrived")

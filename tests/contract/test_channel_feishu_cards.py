"""What the Feishu channel says and shows: words, cards, changes, files, the group's bot, people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.channels import feishu_draw as draw
from bot.channels.feishu import Feishu
from bot.channels.feishu_content import ref
from bot.errors import GiveUp, TryLater, Unknown
from bot.messages import Address, Button, Card, Content, Receipt
from tests.clock import FakeClock
from tests.contract.channel_places import BASE_URL
from tests.contract.place_feishu import (
    Plain,
    feishu_channel,
    feishu_fake,
    on_the_phone,
)
from tests.fakes import feishu_inbound as written
from tests.fakes.feishu import FakeFeishu, Member, Unconfirmed
from tests.full_card import a_full_card

CARDS = Path(__file__).parent / "golden/feishu/cards"
KNOWN = {"bot_open_id": "ou_known"}


@pytest.fixture
async def fake() -> AsyncIterator[FakeFeishu]:
    async with feishu_fake() as running:
        yield running


@pytest.fixture
def li(fake: FakeFeishu) -> Member:
    return fake.member("李娜", mobile="13800000001", email="li@example.com")


@pytest.fixture
async def channel(fake: FakeFeishu) -> AsyncIterator[Feishu]:
    async with feishu_channel(fake, section=KNOWN) as running:
        yield running


def card(**more: Any) -> Card:
    given: dict[str, Any] = {
        "title": "立即 · 其他机会",
        "quote": "我手上还有一家 offer，薪资高一些",
        "lines": (("候选人", "李娜"), ("职位", "后端工程师"), ("请在此前处理", "今天 18:00")),
        "question": "对方给了什么条件？最看重哪一点？",
        "buttons": tuple(
            Button(label, actions.action("a_" + "k3" * 13, press))
            for label, press in zip(("有用", "误报", "已处理", "稍后"), Press, strict=True)
        ),
        "link": f"{BASE_URL}/console/alerts/a_1",
        "said": "李娜 · 11月28日 周六 14:05",
        "advice": "建议回复：李娜您好，有别的机会很正常，谢谢您告诉我。您最看重的是哪一点？",
        "before": "之前的对话：\n我方：offer 您看过了吗？\n对方：看过了，谢谢",
    }
    return Card(**given | more)


async def put(
    channel: Feishu, to: str, content: Content | Card, key: str = "k", old: Receipt | None = None
) -> Receipt:
    [payload] = channel.render(content)
    return await channel.send(Address("feishu", to), payload, key=key, replaces=old)


# Words

HOSTILE = (
    '<at user_id="all"></at> 大家好',
    "<b>粗</b> [点我](https://evil.example) **重** `码`",
    "&lt;at user_id=&quot;all&quot;&gt;",
)


@pytest.mark.parametrize("text", HOSTILE)
async def test_words_are_never_markup(
    fake: FakeFeishu, channel: Feishu, li: Member, text: str
) -> None:
    await put(channel, li.open_id, Content(text=text))
    [seen] = li.received()
    assert seen.rings == ()
    assert seen.kind == "post"
    assert [shown.text for shown in on_the_phone(fake, li)] == [text]


async def test_plain_words_are_a_plain_text(channel: Feishu, li: Member) -> None:
    await put(channel, li.open_id, Content(text="好的，\n周三见！"))
    assert [(seen.kind, seen.text) for seen in li.received()] == [("text", "好的，\n周三见！")]


@pytest.mark.parametrize("unit", ["长", '"', "\n\n行", "😀", "<"])
async def test_a_long_text_fits_whatever_it_is_made_of(
    fake: FakeFeishu, li: Member, unit: str
) -> None:
    async with feishu_channel(fake, section=KNOWN, per_chat=100) as channel:
        payloads = channel.render(Content(text=f"始{unit * 20_000}终"[:30_000]))
        for part, payload in enumerate(payloads):
            written = json.dumps(payload["content"], ensure_ascii=False).encode()
            assert len(written) < draw.MAX_BYTES
            await channel.send(Address("feishu", li.open_id), payload, key=str(part))
    assert len(li.received()) == len(payloads)


async def test_choices_hang_under_the_last_part_of_a_text(channel: Feishu) -> None:
    content = Content(text="字" * 12_000, buttons=(Button("同意", "do:yes"),))
    first, last = channel.render(content)
    assert first["msg_type"] == "text"
    assert last["msg_type"] == "interactive"


async def test_what_data_loss_prevention_stops_goes_again_without_numbers() -> None:
    async with feishu_fake(dlp=True) as fake, feishu_channel(fake, section=KNOWN) as channel:
        li = fake.member("李娜")
        await put(channel, li.open_id, Content(text="电话13800138000，邮箱 li.na@example.com。"))
        receipt = await put(channel, li.open_id, card(quote="打 13800138000"), key="card")
        again = card(quote="打 13800138000", note="已处理", buttons=())
        await put(channel, li.open_id, again, key="note", old=receipt)
    text, shown = li.texts()
    assert text == "电话138****8000，邮箱 l***。"
    assert "138****8000" in shown
    assert "已处理" in shown


async def test_dlp_that_minds_something_else_is_given_up(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    fake.faults.refuse_next("send", 230028)
    with pytest.raises(GiveUp, match="审核"):
        await put(channel, li.open_id, Content(text="没有号码"))


# Cards

GOLDEN_CARDS = {
    "everything": a_full_card(),
    "open": card(),
    "judged_still_open": card(note="王敏 已标记有用 · 14:02", buttons=card().buttons[1:]),
    "resolved": card(note="王敏 已标记已处理 · 14:02", buttons=()),
    "quiet": card(quiet=True, lines=(), link=""),
    "hostile": card(
        quote='<at id=all></at> **x** [y](z) "', lines=(("候选人", "<font>李</font>"),), note="`a`"
    ),
    "long_quote": card(quote="很长的一句“话”\n" * 3_000),
}


@pytest.mark.parametrize("name", sorted(GOLDEN_CARDS))
async def test_a_card_is_drawn_as_its_golden_one_and_the_platform_takes_it(
    fake: FakeFeishu, channel: Feishu, li: Member, name: str
) -> None:
    [payload] = channel.render(GOLDEN_CARDS[name])
    golden = await asyncio.to_thread((CARDS / f"{name}.json").read_text, encoding="utf-8")
    assert payload == json.loads(golden)
    await channel.send(Address("feishu", li.open_id), payload, key="k")
    [seen] = li.received()
    assert seen.rings == ()
    assert seen.card is not None
    assert seen.card.schema == "2.0"
    assert GOLDEN_CARDS[name].quote.strip()[1:6] in seen.text


@pytest.mark.parametrize("quote", ["<at id=all>", "\n", '"', "\x01", "长", "😀"])
async def test_a_card_of_any_quote_fits(channel: Feishu, li: Member, quote: str) -> None:
    [payload] = channel.render(card(quote=f"始{quote * 20_000}"))
    assert len(json.dumps(payload["content"], ensure_ascii=False).encode()) <= draw.MAX_BYTES
    await channel.send(Address("feishu", li.open_id), payload, key="k")
    [seen] = li.received()
    assert (seen.rings, card().question in seen.text) == ((), True)


@pytest.mark.parametrize("trouble", ["recalled", "old", "gone", "not ours"])
async def test_a_card_that_cannot_be_changed_is_sent_anew(trouble: str) -> None:
    clock = FakeClock(datetime.now(UTC))
    async with feishu_fake(clock=lambda: clock().timestamp()) as fake:
        li = fake.member("李娜")
        async with feishu_channel(fake, section=KNOWN, now=clock) as channel:
            first = await put(channel, li.open_id, card())
            if trouble == "recalled":
                fake.state.messages[first.value].recalled = True
            elif trouble == "old":
                clock.advance(timedelta(days=15))
            elif trouble == "gone":
                fake.faults.refuse_next("patch", 230110)
            else:
                first = Receipt("hook:k")
            again = await put(channel, li.open_id, card(note="好"), key="2", old=first)
    assert again != first
    assert "好" in li.card(again.value).text


async def test_a_card_that_says_something_else_by_the_next_try_is_not_taken_for_the_first(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    """The answer was lost, somebody acted meanwhile, and the card is drawn as it stands now."""
    fake.faults.drop_after("send")
    with pytest.raises(Unknown):
        await put(channel, li.open_id, card())
    receipt = await put(channel, li.open_id, card(note="王敏 已标记误报", buttons=()))
    assert "已标记误报" in li.card(receipt.value).text
    assert [button.value for button in li.card(receipt.value).buttons if button.value] == []


async def test_a_card_is_for_one_person_and_goes_into_no_group(
    fake: FakeFeishu, li: Member
) -> None:
    group = fake.group("招聘", li)
    hook = fake.hook(group)
    choices = Content(text="选一个", buttons=card().buttons)
    async with feishu_channel(fake, section=KNOWN | {"group_hook": Plain(hook.url)}) as channel:
        for number, address in enumerate((group.id, "hook")):
            for content in (card(), choices):
                with pytest.raises(GiveUp, match="不发到群里"):
                    await put(channel, address, content, key=f"{number}{content.buttons}")
        receipt = await put(channel, li.open_id, card())
        with pytest.raises(RuntimeError, match="cannot be forwarded"):
            li.forward(receipt.value, group.id)
    assert list(group.messages()) == []


async def test_a_change_nobody_answered_is_made_again(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    first = await put(channel, li.open_id, card())
    fake.faults.drop_after("patch")
    with pytest.raises(Unknown):
        await put(channel, li.open_id, card(note="好"), key="2", old=first)
    assert await put(channel, li.open_id, card(note="好"), key="2", old=first) == first
    assert len(li.received()) == 1


async def test_a_text_is_changed_where_it_stands(channel: Feishu, li: Member) -> None:
    first = await put(channel, li.open_id, Content(text="一"))
    changed = await put(channel, li.open_id, Content(text="<二>"), key="2", old=first)
    assert changed == first
    assert li.texts() == ["<二>"]


async def test_noticing_says_nothing_more(fake: FakeFeishu, channel: Feishu) -> None:
    before = len(fake.calls)
    await channel.noticed("press:e1", "已记录")
    assert len(fake.calls) == before


# Files


async def test_a_file_is_streamed(channel: Feishu, fake: FakeFeishu, li: Member) -> None:
    data = bytes(range(256)) * 1_000
    sent = written.file(fake.state, "简历.pdf", data)
    message = li.send(sent)
    media = ref(message, sent.content["file_key"], "file")
    chunks = [chunk async for chunk in channel.fetch(media)]
    assert b"".join(chunks) == data
    assert len(chunks) > 1
    fake.console.revoke_tokens()
    assert b"".join([chunk async for chunk in channel.fetch(media)]) == data


async def test_a_picture_is_asked_for_as_one(fake: FakeFeishu, channel: Feishu, li: Member) -> None:
    sent = written.image(fake.state)
    message = li.send(sent)
    media = ref(message, sent.content["image_key"], "image")
    assert b"".join([chunk async for chunk in channel.fetch(media)]) == written.PIXEL
    [call] = fake.calls_of("resource")
    assert call.query == {"type": "image"}


async def test_what_cannot_be_fetched_is_given_up_or_later(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    sent = written.file(fake.state, "大.zip", b"x", size=200 * 1024 * 1024)
    message = li.send(sent)
    for media in (ref(message, sent.content["file_key"], "file"), ref(message, "k", "file"), "x"):
        with pytest.raises(GiveUp, match="附件"):
            await anext(aiter(channel.fetch(media)))
    small = written.file(fake.state, "小.txt", b"x")
    media = ref(li.send(small), small.content["file_key"], "file")
    for order in (fake.faults.fail_next, fake.faults.limit_next, fake.faults.drop_before):
        order("resource")
        with pytest.raises(TryLater):
            await anext(aiter(channel.fetch(media)))


async def test_files_of_outsiders_may_be_out_of_reach() -> None:
    guess = Unconfirmed(external_p2p_downloads=False)
    async with feishu_fake(unconfirmed=guess) as fake, feishu_channel(fake) as channel:
        outside, sent = fake.outsider("王芳"), written.image(fake.state)
        media = ref(outside.send(sent), sent.content["image_key"], "image")
        with pytest.raises(GiveUp, match="附件"):
            await anext(aiter(channel.fetch(media)))


# The group's own bot


async def test_the_groups_bot_posts_signed_words(fake: FakeFeishu, li: Member) -> None:
    group = fake.group("招聘", li)
    hook = fake.hook(group, "hook-secret")
    section = KNOWN | {"group_hook": Plain(hook.url), "group_hook_secret": Plain(hook.secret)}
    async with feishu_channel(fake, section=section) as channel:
        receipt = await put(channel, "hook", Content(text="有一条提醒"))
        assert await put(channel, "hook", Content(text="有一条提醒")) == receipt
        await put(channel, "hook", Content(text="<at>"), key="2")
    assert group.texts() == ["有一条提醒", "<at>"]


@pytest.mark.parametrize(
    ("code", "wanted"), [(11232, TryLater), (19021, TryLater), (19001, GiveUp), (9499, GiveUp)]
)
async def test_what_the_groups_bot_answers_is_understood(
    fake: FakeFeishu, code: int, wanted: type[Exception]
) -> None:
    hook = fake.hook(fake.group("招聘", fake.member("李娜")))
    section = KNOWN | {"group_hook": Plain(hook.url)}
    async with feishu_channel(fake, section=section) as channel:
        fake.faults.refuse_next("hook", code, status=200)
        with pytest.raises(wanted):
            await put(channel, "hook", Content(text="好"))
        fake.faults.drop_after("hook")
        with pytest.raises(GiveUp, match="可能已送达"):  # nothing there drops a second one
            await put(channel, "hook", Content(text="好"))


async def test_a_wrong_signature_and_too_long_a_post_are_named(fake: FakeFeishu) -> None:
    hook = fake.hook(fake.group("招聘", fake.member("李娜")), "right")
    section = KNOWN | {"group_hook": Plain(hook.url), "group_hook_secret": Plain("wrong")}
    async with feishu_channel(fake, section=section) as channel:
        with pytest.raises(TryLater, match="GROUP_HOOK_SECRET"):
            await put(channel, "hook", Content(text="好"))
        with pytest.raises(GiveUp, match="长度"):
            await put(channel, "hook", Content(text="字" * 8_000), key="2")


# People of the company


async def test_people_are_found_by_number_and_address(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    numbers = [f"139{n:08}" for n in range(60)] + ["13800000001"]
    found = await channel.find(mobiles=numbers, emails=["li@example.com", "x@example.com"])
    assert found == {"13800000001": li.open_id, "li@example.com": li.open_id}
    assert len(fake.calls_of("lookup")) == 2
    fake.console.withdraw("contact:user.id:readonly")
    with pytest.raises(TryLater, match=r"contact:user\.id:readonly"):
        await channel.find(mobiles=["13800000001"])


async def test_a_sign_in_says_who_it_was_where_it_was_begun(channel: Feishu, li: Member) -> None:
    here = "https://hr.example.com/join/feishu"
    url = channel.sign_in_url(here, "state1", in_app=True)
    assert url is not None
    assert url.startswith("https://accounts.feishu.cn/open-apis/authen/v1/authorize?client_id=")
    back = li.follow_login(url)
    assert back.endswith("&state=state1")
    code = back.partition("code=")[2].partition("&")[0]
    with pytest.raises(GiveUp, match="20071"):
        await channel.signed_in(code, "https://evil.example.com/join/feishu")
    assert await channel.signed_in(code, here) == Address("feishu", li.open_id)
    with pytest.raises(GiveUp, match="20065"):
        await channel.signed_in(code, here)


async def test_a_deployment_of_ones_own_has_its_own_page(fake: FakeFeishu, li: Member) -> None:
    section = KNOWN | {"sign_in_base": f"{fake.base_url}/"}
    async with feishu_channel(fake, section=section) as channel:
        url = channel.sign_in_url("https://hr.example.com/join/feishu", "s1", in_app=False)
        assert url is not None
        assert url.startswith(f"{fake.base_url}/open-apis/authen/v1/authorize?")


async def test_a_sign_in_nobody_answered_is_later(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    for order in (fake.faults.drop_before, fake.faults.fail_next, fake.faults.limit_next):
        order("login")
        with pytest.raises(TryLater):
            await channel.signed_in(li.login_code(), "")

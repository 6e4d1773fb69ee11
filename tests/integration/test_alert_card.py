"""An alert's card on the phones of two colleagues: what it says, what a press does, and what a bad
press does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot import desk
from bot.words import moment
from storage.database import Tx
from storage.enums import AlertStatus, Role, Verdict
from storage.queries.common import table, update
from storage.tables import AlertAction, AlertEvent, Candidate, Conversation, Identity, User
from tests.integration.colleagues import NAMES, PLATFORMS, Office
from tests.integration.hr import Desk

REFUSAL = "到不了两万我就不过去了"
LATER = "稍后"


@pytest.fixture(params=sorted(PLATFORMS))
async def office(request: pytest.FixtureRequest, hr_desk: Desk) -> AsyncIterator[Office]:
    async with PLATFORMS[request.param]() as platform:
        made = Office(hr_desk, platform)
        made.talk = made.candidate()
        await made.says(made.talk, REFUSAL)
        yield made


async def rows(office: Office, model: Any) -> list[Any]:
    wanted = table(model).select()
    return await office.desk.road.database.read(lambda tx: tx.all(wanted))


def last_of(office: Office) -> list[tuple[str, list[str]]]:
    """The newest card on each phone."""
    return [phone.cards()[-1] for phone in office.phones]


async def test_the_card_says_what_was_said_when_and_what_to_answer(office: Office) -> None:
    alert = await office.alert()
    for (text, labels), name in zip(last_of(office), NAMES, strict=True):
        assert REFUSAL in text
        assert f"欧阳建国 · {moment(alert.raised_at)[:6]}" in text
        assert "期望的数字和底线各是多少" in text
        assert "建议回复：欧阳建国您好" in text
        assert labels[:4] == ["有用", "误报", "已处理", LATER]
        assert name not in text or name != NAMES[0]


async def test_what_was_said_before_is_on_the_card(office: Office) -> None:
    again = "薪资不到两万的话，我就不去了"
    await office.says(office.talk, again)
    for text, _ in last_of(office):
        assert again in text
        before = text.split("之前的对话：")[1]
        assert f"对方：{REFUSAL}" in before or "我方：" in before
        assert again not in before  # it is quoted already


async def test_put_off_by_one_it_says_so_on_both_and_stays_open(office: Office) -> None:
    await office.press(0, LATER)
    alert = await office.alert()
    assert (alert.status, alert.verdict) == (AlertStatus.OPEN, None)
    assert alert.snoozed_until is not None
    for phone in office.phones:
        [(text, labels)] = phone.cards()  # changed where it stood, nothing new
        assert f"李娜 已推迟到 {moment(alert.snoozed_until)}" in text
        assert LATER not in labels
        assert {"有用", "误报", "已处理"} <= set(labels)
    [event] = [one for one in await rows(office, AlertEvent) if one.kind == "snoozed"]
    assert event.user_id == office.viewers[0].id


async def test_a_verdict_of_the_other_ends_it_on_both(office: Office) -> None:
    await office.press(0, LATER)
    await office.press(1, "已处理")
    alert = await office.alert()
    assert (alert.status, alert.verdict, alert.snoozed_until) == (
        AlertStatus.RESOLVED,
        Verdict.HANDLED,
        None,
    )
    for text, labels in last_of(office):
        assert "赵敏 已标记已处理" in text
        assert "已推迟到" not in text
        assert "建议回复" not in text
        assert not {"有用", "误报", "已处理", LATER} & set(labels)


# Bad presses


async def test_pressed_twice_is_pressed_once(office: Office) -> None:
    alert = await office.alert()
    await office.press(0, LATER)
    await office.forge(0, f"al:{alert.id}:later")  # it was under their thumb already
    assert len([one for one in await rows(office, AlertEvent) if one.kind == "snoozed"]) == 1
    after = await office.alert()
    if notes := office.phones[0].notes():
        assert notes[-1] == f"已经推迟到 {moment(after.snoozed_until)}"
    assert after.revision == alert.revision + 1
    await office.press(0, "有用")
    await office.forge(0, f"al:{alert.id}:useful")
    assert len(await rows(office, AlertAction)) == 1
    if notes := office.phones[0].notes():
        assert notes[-1] == "已经记过了"


async def test_pressed_by_the_other_too_the_first_one_stands(office: Office) -> None:
    alert = await office.alert()
    await office.press(0, LATER)
    until = (await office.alert()).snoozed_until
    await office.forge(1, f"al:{alert.id}:later")
    assert (await office.alert()).snoozed_until == until
    for text, _ in last_of(office):
        assert "李娜 已推迟到" in text
        assert "赵敏 已推迟到" not in text
    if notes := office.phones[1].notes():
        assert notes[-1] == f"已经推迟到 {moment(until)}"


async def test_pressed_after_closing_it_stays_closed(office: Office) -> None:
    alert = await office.alert()
    await office.press(0, "误报")
    await office.leave()
    closed = await office.alert()
    assert closed.status is AlertStatus.RESOLVED
    if office.platform.name == "wecom":
        return  # a closed card has nothing to press there, and a client cannot add it
    await office.forge(1, f"al:{alert.id}:later")
    after = await office.alert()
    assert (after.status, after.snoozed_until) == (AlertStatus.RESOLVED, None)
    assert office.phones[1].notes()[-1] == "这条预警已处理完，不用再推迟"
    assert after.revision == closed.revision


@pytest.mark.parametrize(
    "forged", ["al:a_aaaaaaaaaaaaaaaaaaaaaaaaaa:later", "al:a_x:later", "al:{id}:fired", "later"]
)
async def test_a_forged_press_changes_nothing(office: Office, forged: str) -> None:
    before = await office.alert()
    await office.forge(0, forged.replace("{id}", before.id))
    after = await office.alert()
    assert after == before
    if notes := office.phones[0].notes():
        assert notes[-1] == "这张卡片已不能操作"


@pytest.mark.parametrize("why", ["somebody else's", "not HR any more", "left"])
async def test_who_may_not_see_it_any_more_is_refused_and_their_card_forgets(
    office: Office, why: str
) -> None:
    alert, other = await office.alert(), office.viewers[1].id

    def work(tx: Tx) -> None:
        if why == "somebody else's":
            candidate = table(Candidate)
            update(tx, Candidate, candidate.c.id == office.talk[0], owner_id=office.viewers[0].id)
        elif why == "not HR any more":
            update(tx, User, table(User).c.id == other, role=Role.MANAGER.value)
        else:
            update(tx, User, table(User).c.id == other, disabled_at=tx.now)

    office.desk.write(work)
    await office.press(1, LATER)
    after = await office.alert()
    assert (after.revision, after.snoozed_until) == (alert.revision, None)
    if notes := office.phones[1].notes():
        assert notes[-1] == "这张卡片已不能操作"  # as for a forged one
    await office.press(0, LATER)
    (mine, _), (theirs, labels) = last_of(office)
    assert REFUSAL in mine
    assert "这条预警已不由您跟进" in theirs
    for word in (REFUSAL, "欧阳建国", "建议回复", alert.id):
        assert word not in theirs
    assert labels == []


async def test_a_card_is_never_shown_to_whom_the_chat_was_tied_to_instead(office: Office) -> None:
    def work(tx: Tx) -> None:
        identity = table(Identity)
        where = identity.c.address == office.phones[1].address
        update(tx, Identity, where, user_id=None)

    office.desk.write(work)
    await office.press(0, LATER)
    _, (theirs, _) = last_of(office)
    assert REFUSAL not in theirs


async def test_where_wecom_s_code_has_expired_the_card_comes_anew(hr_desk: Desk) -> None:
    async with PLATFORMS["wecom"]() as platform:
        office = Office(hr_desk, platform)
        await office.says(office.candidate(), REFUSAL)
        assert platform.clock is not None
        await desk.snooze(
            hr_desk.road, office.viewers[0], (await office.alert()).id, None, cause="console:1"
        )
        platform.clock.seconds += 72 * 3600 + 1
        await office.leave()
        for phone in office.phones:
            _, (text, labels) = phone.cards()
            assert "李娜 已推迟到" in text
            assert labels == ["有用", "误报", "已处理"]
        await office.press(1, "有用")
        assert (await office.alert()).verdict is Verdict.USEFUL


async def test_the_office_is_what_it_seems(office: Office) -> None:
    """Each phone belongs to one colleague, and both are shown the alert."""
    talks = [one for one in await rows(office, Conversation) if one.channel == office.platform.name]
    assert len(talks) == len(office.phones) == 2
    assert all(len(phone.cards()) == 1 for phone in office.phones)

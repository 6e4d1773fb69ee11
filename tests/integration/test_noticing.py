"""Who is told of an alert, when and how often, on each kind of database."""

from __future__ import annotations

import asyncio

import pytest

from bot import reminding
from storage.enums import AlertStatus, NoticeState
from tests.integration import bureau
from tests.integration.bureau import DIGEST, NOW, TODAY, Bureau, at_hour
from tests.integration.town import Town

SENT, WAITING, FOLDED = (
    NoticeState.SENT.value, NoticeState.WAITING.value, NoticeState.FOLDED.value
)  # fmt: skip


@pytest.fixture
async def office(town: Town) -> Bureau:
    return await bureau.opened(town)


# --- who -----------------------------------------------------------------------------------------


async def test_whose_case_it_is_gets_the_card_and_nobody_else(office: Bureau) -> None:
    alert = await office.raises(await office.candidate())
    assert office.seen("owner") == ["话1"]
    assert office.seen("mate") == office.seen("boss") == []
    assert await office.notices(alert) == {"owner": (SENT, "", 0)}
    [(kind, about)] = await office.events(alert)
    assert (kind, about["severity"]) == ("raised", "today")


async def test_of_nobody_s_case_every_hr_is_told(office: Bureau) -> None:
    office.position = ""
    await office.raises(await office.candidate())
    assert [office.seen(one) for one in ("owner", "mate", "boss")] == [["话1"]] * 3


async def test_who_has_no_chat_is_told_when_they_have_one(office: Bureau) -> None:
    await office.colleague("new", "赵新", chat=False)
    await office.seat("new")
    alert = await office.raises(await office.candidate())
    assert await office.notices(alert) == {"new": (WAITING, "no_chat", 0)}
    await office.tick(minutes=11)
    assert office.seen("new") == []
    await office.connect("new")
    await office.tick(minutes=11)
    assert office.seen("new") == ["话1"]


# --- when ----------------------------------------------------------------------------------------


async def test_at_night_it_waits_for_the_morning_and_has_the_time_from_then_on(
    office: Bureau,
) -> None:
    await office.to(22)
    alert = await office.raises(await office.candidate())
    urgent = await office.raises(await office.candidate(), NOW)
    assert office.seen("owner") == ["话2"]  # what cannot wait
    assert await office.notices(alert) == {"owner": (WAITING, "quiet", 0)}
    await office.tick(hours=1)
    assert office.seen("owner")[1:] == []
    assert at_hour((await office.alert(alert)).due_at) == "12:30"
    await office.judges("owner", urgent, AlertStatus.RESOLVED)
    before = len(office.seen("owner"))
    await office.to(8, 31)
    await office.tick()
    assert office.seen("owner")[before:] == ["话1"]
    assert await office.notices(alert) == {"owner": (SENT, "", 0)}
    await office.tick(minutes=1)
    assert len(office.seen("owner")) == before + 1


async def test_what_was_settled_at_night_is_told_to_nobody_in_the_morning(office: Bureau) -> None:
    await office.to(23)
    alert = await office.raises(await office.candidate())
    await office.judges("owner", alert, AlertStatus.RESOLVED)
    await office.to(9)
    await office.tick()
    assert office.seen("owner") == []
    assert await office.notices(alert) == {"owner": ("dropped", "quiet", 0)}


async def test_small_things_and_bad_kinds_are_left_to_the_digest(office: Bureau) -> None:
    alert = await office.raises(await office.candidate(), DIGEST, "terms")
    assert await office.notices(alert) == {"owner": (FOLDED, "minor", 0)}
    await office.tick(hours=30)
    assert office.seen("owner") == []
    assert (await office.alert(alert)).escalation == 0


async def test_a_mild_doubt_of_what_matters_most_is_told_all_the_same(office: Bureau) -> None:
    alert = await office.raises(await office.candidate(), DIGEST, "salary")
    assert office.seen("owner") == ["话1"]
    await office.tick(hours=30)
    assert (await office.alert(alert)).escalation == 0  # it hurries nobody


async def test_what_becomes_graver_leaves_the_digest(office: Bureau) -> None:
    who = await office.candidate()
    alert = await office.raises(who, DIGEST, "terms")
    assert await office.raises(who, TODAY, "terms") == alert
    assert office.seen("owner") == ["话2"]
    assert [kind for kind, _ in await office.events(alert)] == ["raised", "joined"]


async def test_the_same_again_waits_until_it_has_cooled_and_graver_does_not(
    office: Bureau,
) -> None:
    who, other = await office.candidate(), await office.candidate("李四")
    for one in (who, other):
        alert = await office.raises(one)
        await office.judges("owner", alert, AlertStatus.RESOLVED)
    seen = len(office.seen("owner"))
    await office.tick(hours=1)
    again = await office.raises(who)
    assert again != alert
    assert await office.notices(again) == {"owner": (WAITING, "cooldown", 0)}
    await office.raises(who)  # more of it does not break the cool-down
    assert office.seen("owner")[seen:] == []
    await office.raises(other, NOW)
    assert office.seen("owner")[seen:] == ["话5"]
    await office.to(22, 30)
    await office.tick()
    assert office.seen("owner")[seen:][-1] != "话4"
    await office.to(8, 31)
    await office.tick()
    assert "话4" in office.seen("owner")[seen:]


# --- how often -----------------------------------------------------------------------------------


async def test_more_evidence_changes_the_card_without_a_sound(office: Bureau) -> None:
    office.editable()
    who = await office.candidate()
    await office.raises(who)
    for _ in range(3):
        await office.raises(who)
    assert office.seen("owner") == ["话1", "*话2", "*话3", "*话4"]
    await office.tick(minutes=11)
    await office.raises(who)
    assert office.seen("owner")[4:] == ["*话5", "张三「薪资」有了新的情况，上面的卡片已更新。"]
    await office.raises(who, NOW)
    assert office.seen("owner")[6:] == [
        "*话6", "张三「薪资」升级为立即，上面的卡片已更新，请先看这一条。"
    ]  # fmt: skip


async def test_where_no_card_can_be_changed_more_evidence_is_shown_once_in_a_while(
    office: Bureau,
) -> None:
    who = await office.candidate()
    alert = await office.raises(who)
    for _ in range(5):
        await office.raises(who)
    assert office.seen("owner") == ["话1"]
    assert await office.notices(alert) == {"owner": (WAITING, "joined", 0)}
    await office.tick(minutes=11)
    assert office.seen("owner") == ["话1", "话6"]
    await office.tick(minutes=11)
    assert office.seen("owner") == ["话1", "话6"]


async def test_a_burst_is_ten_cards_and_one_message(office: Bureau) -> None:
    made = [await office.raises(await office.candidate(f"候选{n}")) for n in range(14)]
    urgent = await office.raises(await office.candidate(), NOW)
    assert len(office.seen("owner")) == 10
    await office.tick(seconds=61)
    await office.tick(seconds=20)
    [text] = office.seen("owner")[10:]
    assert text.startswith("另有 5 条预警等您看：立即 1 · 今天 4。http")
    assert await office.notices(urgent) == {"owner": (FOLDED, "limit", 0)}
    # Another few while the window is full: they are told together at its end.
    more = [await office.raises(await office.candidate(f"后来{n}")) for n in range(3)]
    await office.tick(minutes=2)
    assert len(office.seen("owner")) == 11
    await office.tick(minutes=9)
    states = [await office.notices(one) for one in [*made, *more]]
    assert all(one["owner"][0] in (SENT, FOLDED) for one in states)
    assert len(office.seen("owner")) == 14  # the window is over: a card each


async def test_two_clocks_tell_once(office: Bureau) -> None:
    await office.to(23)
    for n in range(14):
        await office.raises(await office.candidate(f"候选{n}"))
    await office.to(8, 31)
    await asyncio.gather(*(reminding.tick(office.road) for _ in range(4)))
    await office.settle()
    seen = office.seen("owner")
    cards = [one for one in seen if one.startswith("话")]
    assert len(cards) == len(set(cards)) == 10
    [folded] = [one for one in seen if not one.startswith("话")]
    assert folded.startswith("另有 4 条预警等您看")


# --- untouched -----------------------------------------------------------------------------------


async def test_untouched_past_its_time_it_goes_to_the_team_and_then_to_the_admins(
    office: Bureau,
) -> None:
    alert = await office.raises(await office.candidate())
    await office.tick(hours=3.9)
    assert office.seen("mate") == []
    await office.tick(hours=0.2)
    await office.tick(minutes=1)
    assert office.seen("mate") == [
        "下面的预警过了处理时间，王敏还没有处理，请您接手（1 条）。",
        "话1",
    ]
    assert office.seen("boss") == []
    await office.tick(hours=1.8)
    assert office.seen("boss") == []
    await office.tick(hours=0.3)
    await office.tick(hours=1)
    assert office.seen("boss") == [
        "下面的预警过了处理时间，王敏还没有处理，请您接手（1 条）。",
        "话1",
    ]
    assert len(office.seen("mate")) == 2
    assert await office.notices(alert) == {
        "owner": (SENT, "", 0), "mate": (SENT, "", 1), "boss": (SENT, "", 2)
    }  # fmt: skip
    assert [about for kind, about in await office.events(alert) if kind == "escalated"] == [
        {"level": 1, "to": ["李娜"], "left_by": ["王敏"]},
        {"level": 2, "to": ["陈总"], "left_by": ["王敏"]},
    ]
    await office.judges("boss", alert, AlertStatus.RESOLVED)
    assert all(len(office.seen(one)) == n for one, n in (("owner", 2), ("mate", 3), ("boss", 3)))


async def test_what_somebody_looked_at_or_put_off_stays_where_it_is(office: Bureau) -> None:
    looked = await office.raises(await office.candidate())
    later = await office.raises(await office.candidate())
    await office.judges("owner", looked, AlertStatus.ACKNOWLEDGED)
    await office.put_off(later, 6)
    await office.tick(hours=5)
    assert office.seen("mate") == []
    assert {(await office.alert(one)).escalation for one in (looked, later)} == {0}


async def test_without_a_chat_it_goes_up_all_the_same(office: Bureau) -> None:
    await office.colleague("new", "赵新", chat=False)
    await office.seat("new", "mate")
    await office.raises(await office.candidate())
    await office.tick(hours=4.1)
    assert office.seen("mate")[0].startswith("下面的预警过了处理时间，赵新还没有处理")
    await office.colleague("other", "钱二", chat=False)
    await office.seat("new", "other")  # nobody of the circle has a chat: straight to the admins
    alert = await office.raises(await office.candidate())
    await office.tick(hours=4.1)
    assert (await office.alert(alert)).escalation == 2
    assert "话2" in office.seen("boss")


async def test_at_night_only_what_cannot_wait_goes_up(office: Bureau) -> None:
    await office.to(18)
    calm = await office.raises(await office.candidate())
    await office.to(21, 30)
    urgent = await office.raises(await office.candidate(), NOW)
    await office.tick(minutes=45)
    assert (await office.alert(calm)).escalation == 0
    assert (await office.alert(urgent)).escalation == 1
    assert office.seen("mate")[-1] == "话2"
    await office.to(8, 31)
    await office.tick()
    assert office.seen("mate")[-1] == "话1"


async def test_who_is_alone_is_reminded(office: Bureau) -> None:
    await office.seat("boss")
    alert = await office.raises(await office.candidate())
    await office.tick(hours=4.1)
    await office.tick(hours=4)
    assert (await office.alert(alert)).escalation == 2
    [_, reminder] = office.seen("boss")
    assert reminder.startswith("有 1 条预警过了处理时间还没有处理")


async def test_what_was_told_to_nobody_goes_nowhere(office: Bureau) -> None:
    """As alerts of the time before there were notices."""
    office.road.channels, channels = {}, office.road.channels
    alert = await office.raises(await office.candidate())
    office.road.channels = channels
    await office.tick(hours=30)
    assert (await office.alert(alert)).escalation == 0
    assert office.seen("mate") == office.seen("owner") == []


# --- put off -------------------------------------------------------------------------------------


@pytest.mark.parametrize("editable", [True, False])
async def test_what_was_put_off_comes_back_and_has_its_time_again(
    office: Bureau, editable: bool
) -> None:
    if editable:
        office.editable()
    who = await office.candidate()
    alert = await office.raises(who)
    await office.put_off(alert, 5)
    await office.raises(who)  # more of it does not wake it
    await office.tick(hours=4.9)
    before = len(office.seen("owner"))
    await asyncio.gather(*(reminding.tick(office.road) for _ in range(3)))
    await office.tick(hours=0.2)
    await asyncio.gather(*(reminding.tick(office.road) for _ in range(3)))
    await office.settle()
    words = "放到稍后的预警到时间了：张三「薪资」，上面的卡片又可以处理了。"
    shown = ["*话2", words] if editable else ["话2"]
    assert office.seen("owner")[before:] == shown
    row = await office.alert(alert)
    assert row.snoozed_until is None
    assert row.escalation == 0
    assert row.due_at > office.town.clock()
    assert [kind for kind, _ in await office.events(alert)] == ["raised", "joined", "woken"]


async def test_what_becomes_graver_is_not_put_off_any_more(office: Bureau) -> None:
    who = await office.candidate()
    alert = await office.raises(who)
    await office.put_off(alert, 24)
    await office.raises(who, NOW)
    assert office.seen("owner") == ["话1", "话2"]
    assert (await office.alert(alert)).snoozed_until is None

"""Digests on each kind of database: what each colleague is told, in their own chat, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import digests
from bot.app import build
from config.settings import Settings
from scheduler.clock import Clock
from storage.aead import SealBroken
from storage.crypto import Keystore
from storage.database import Tx
from storage.enums import (
    Author,
    NoticeState,
    Stage,
    StepKind,
)
from storage.queries import alerts, offers, people
from storage.queries.common import insert, table, update
from storage.tables import Away, CronRun, KindStanding, Notice, Outbox, Position
from storage.viewer import SYSTEM
from tests.clock import FakeClock
from tests.indebted import House
from tests.integration.digested import Firm
from tests.integration.post import Post

PAY = "38,500"


@pytest.fixture
def firm(settings: Settings, clock: FakeClock) -> Iterator[Firm]:
    """On Monday, 2 November 2026, 08:30: nothing is due yet."""
    Keystore.create(settings.keystore_path)
    clock.advance(-timedelta(minutes=30))
    app = build(settings, now=clock)
    app.road.channels = {**app.road.channels, "post": Post(clock)}
    yield Firm(app, clock)
    app.database.close()


async def test_nobody_is_told_nothing(firm: Firm) -> None:
    firm.house.case("陈一鸣", owner=firm.house.hr)
    assert await firm.tick(hours=1) > 0  # it was their turn
    assert firm.told() == firm.told("other") == firm.told("boss") == []


async def test_the_morning_of_an_hr_in_one_message(firm: Firm) -> None:
    house = firm.house
    case = house.case("陈一鸣", owner=house.hr)
    house.alert(case, "salary", quote="薪资\n这块能不能再谈谈", severity="today", rank=2)
    house.alert(case, "decline", quote="我可能不来了")
    firm.clock.advance(1)
    house.alert(case, "overdue")
    house.card(case, ("班车线路", "company", firm.clock().date() - timedelta(days=3)))
    firm.silent(house.case("沉默的", owner=house.hr))
    house.case("新来的", Stage.ACCEPTED, owner=house.hr, start_in=0)
    firm.step(house.case("周末该交的", owner=house.hr), StepKind.RESIGNATION, -1)
    firm.step(house.case("有事的", owner=house.hr), StepKind.OTHER, 0, "带毕业证")
    firm.step(house.case("以后的", owner=house.hr), StepKind.MEDICAL, 1)
    house.interview(house.case("来面的", owner=house.hr), -6)
    firm.stuck(house.case("收不到的", owner=house.hr))
    await firm.tick(hours=1.5)
    [daily, _] = firm.told()
    assert daily.split("\n") == [
        "【今日要看】11月2日",
        "待处理预警 3 条：立即 2 · 今天 1",
        "· 立即 陈一鸣 拒绝或不来「我可能不来了」已过期",
        "· 立即 陈一鸣 我方未答复「再不回我就不来了」已过期",
        "· 今天 陈一鸣 薪资「薪资 这块能不能再谈谈」已过期",
        "我们已经逾期 3 件",
        "· 陈一鸣：承诺卡上待我方答复：班车线路（已逾期）",
        "· 陈一鸣：兑现答应过的答复（已逾期）",
        "· 新来的：11月2日 入职，请赵经理打个招呼（已逾期）",
        "今天入职 1 人：新来的（后端工程师）",
        "今天面试 1 场：来面的（14:30）",
        "今天到期的步骤 2 项：周末该交的（提交离职申请）、有事的（带毕业证）",
        "超过平时时间没有回复 1 人：沉默的（后端工程师）",
        "没发出去的问卷 1 份：收不到的《面试前后的几个问题》",
        f"打开：{firm.road.base_url}/console/alerts?show=mine",
    ]


async def test_cards_that_never_came_and_kinds_that_were_demoted_are_told(firm: Firm) -> None:
    house = firm.house
    one, two = house.case("甲", owner=house.hr), house.case("乙", owner=house.hr)
    folded = house.alert(one, "salary", severity="today", rank=2)
    house.alert(two, "consider", severity="today", rank=2)
    done = house.alert(two, "logistics", severity="digest", rank=1)

    def work(tx: Tx) -> None:
        for alert, why in [(folded, "limit"), (done, "minor")]:
            row = {
                "alert_id": alert, "user_id": house.hr.id, "state": NoticeState.FOLDED.value,
                "why": why, "due_at": tx.now, "created_at": tx.now,
            }  # fmt: skip
            insert(tx, Notice, row)
        standing = {"topic": "consider", "demoted_at": tx.now, "hits": 9, "judged": 30}
        insert(tx, KindStanding, {**standing, "changed_at": tx.now})

    house.run(work)
    await firm.tick(hours=1)
    text = firm.told()[0]
    assert "待处理预警 3 条：今天 2 · 留意 1" in text
    assert "其中没有单独发卡片 2 条：短时间内太多，已合并 1 · 留意 1" in text
    assert "命中率低、已转入每日摘要的类别：犹豫 1" in text


async def test_who_put_an_alert_off_is_not_told_of_it(firm: Firm) -> None:
    house = firm.house
    alert = house.alert(house.case("陈一鸣", owner=house.hr), "salary", severity="today", rank=2)
    until = firm.clock() + timedelta(days=1)
    where = table(alerts.Alert).c.id == alert
    house.run(lambda tx: update(tx, alerts.Alert, where, snoozed_until=until))
    await firm.tick(hours=1)
    assert firm.told() == []
    await firm.tick(days=1)
    assert "待处理预警 1 条" in firm.told()[0]


async def test_a_day_is_told_once_however_often_clocks_tick(firm: Firm) -> None:
    firm.house.alert(firm.house.case("陈一鸣", owner=firm.house.hr), "salary")
    assert await firm.tick() == 0  # 08:30
    await firm.tick(minutes=30)
    first = firm.told()
    assert len(first) == 1
    others = [Clock(firm.app.database, now=firm.clock) for _ in range(3)]
    for clock in others:
        assert await digests.send(firm.road, clock) == 0
    for _ in range(5):
        assert await firm.tick(minutes=90) == 0
    assert firm.told() == first
    await firm.tick(days=1, hours=-7)
    assert len(firm.told()) == 2
    assert firm.told()[1].startswith("【今日要看】11月3日")


async def test_what_was_claimed_long_ago_is_forgotten(firm: Firm) -> None:
    def plant(tx: Tx) -> None:
        for days, slot in ((401, "old"), (399, "young")):
            at = firm.clock() - timedelta(days=days)
            insert(tx, CronRun, {"name": "digest.daily", "slot": slot, "at": at})

    firm.house.run(plant)
    firm.house.case("陈一鸣", owner=firm.house.hr)
    await firm.tick(hours=1)
    slots = firm.house.run(lambda tx: [row.slot for row in tx.all(table(CronRun).select())])
    assert "young" in slots
    assert "old" not in slots


async def test_what_came_after_the_hour_waits_for_the_next_morning(firm: Firm) -> None:
    await firm.tick(hours=1)
    firm.house.alert(firm.house.case("陈一鸣", owner=firm.house.hr), "salary")
    assert await firm.tick(hours=2) == 0
    assert firm.told() == []


async def test_after_days_down_only_today_is_told(firm: Firm) -> None:
    firm.house.alert(firm.house.case("陈一鸣", owner=firm.house.hr), "salary")
    await firm.tick(days=2, hours=4)  # Wednesday, 12:30
    daily = [text for text in firm.told() if text.startswith("【今日要看】")]
    assert [text.split("\n")[0] for text in daily] == ["【今日要看】11月4日"]


async def test_in_the_evening_nothing_is_told_any_more(firm: Firm) -> None:
    firm.house.alert(firm.house.case("陈一鸣", owner=firm.house.hr), "salary")
    assert await firm.tick(hours=10) == 0  # 18:30
    assert await firm.tick(days=5) == 0  # Saturday
    assert firm.told() == []


async def test_an_absent_colleague_s_is_told_to_their_deputy(firm: Firm) -> None:
    house = firm.house
    seat = house.position(owner=house.hr)
    house.alert(house.case("陈一鸣", owner=house.hr, seat=seat), "salary")
    row = {
        "id": "w_1", "user_id": house.hr.id, "deputy_id": house.other.id, "active": True,
        "from_on": firm.clock().date(), "until_on": firm.clock().date(), "created_at": firm.clock(),
    }  # fmt: skip
    house.run(lambda tx: insert(tx, Away, row))
    await firm.tick(hours=1)
    assert firm.told() == []
    away = [text for text in firm.told("other") if text.startswith("【今日要看】")]
    assert len(away) == 1
    assert "陈一鸣" in away[0]


async def test_who_has_no_chat_or_left_is_told_nothing_and_stops_nobody(firm: Firm) -> None:
    house = firm.house
    for owner in (house.hr, house.admin, house.other):
        house.alert(house.case(f"{owner.name}的", owner=owner), "salary")
    users = table(alerts.User)
    where = users.c.id == house.other.id
    house.run(lambda tx: update(tx, alerts.User, where, disabled_at=tx.now))
    await firm.tick(hours=1)
    assert len(firm.told()) == 1
    assert firm.told("other") == []
    house.chat(house.admin, "admin")
    await firm.tick(hours=1)
    assert firm.told("admin") == []  # no morning for who has just tied a chat
    await firm.tick(days=1)
    assert "总管的" in firm.told("admin")[0]


async def test_the_week_of_an_hr(firm: Firm) -> None:
    house = firm.house
    firm.judged("salary", 24, 5)
    firm.judged("consider", 6, 24)
    firm.judged("social", 1, 1)  # too few to say anything
    standing = {"topic": "consider", "demoted_at": firm.clock(), "hits": 6, "judged": 30}
    changed = {**standing, "changed_at": firm.clock()}
    house.run(lambda tx: insert(tx, KindStanding, changed))
    late = house.case("欠着的", owner=house.hr)
    house.answer(late, 4)
    house.case("要来的", Stage.ACCEPTED, owner=house.hr, start_in=9)
    asked, day = Author.CANDIDATE, 24.0
    firm.talked(
        late, (asked, 3 * day), (asked, 3 * day - 1), (Author.BOT, 3 * day - 1.5),
        (Author.HR, 3 * day - 2), (asked, 2 * day + 6), (Author.HR, 2 * day + 5), by=house.hr,
    )  # fmt: skip
    lost = house.case("走了的", owner=house.hr)

    def ends(tx: Tx) -> None:
        people.set_stage(tx, SYSTEM, lost.id, Stage.DECLINED)
        offers.end(
            tx, lost.key, lost.id, outcome="declined", reason="pay", note="",
            on_day=tx.now.date() - timedelta(days=3), cost=None, by=house.hr.id,
        )  # fmt: skip

    house.run(ends)
    await firm.tick(hours=1)
    [weekly] = [text for text in firm.told() if text.startswith("【每周小结】")]
    assert weekly.split("\n") == [
        "【每周小结】11月2日",
        "我欠候选人 1 件，逾期 0 件",
        "· 欠着的：答复对方（12:30 前）",
        "两周内入职 1 人",
        "· 11月11日 要来的（后端工程师）",
        "预警命中率（近 30 条，括号内为 95% 区间）",
        "· 犹豫 20%（10–37%，6/30）",
        "· 薪资 83%（65–92%，24/29）",
        "命中率低、已转入每日摘要的类别：犹豫",
        "上周拒绝或反悔 1 人，其中 1 人事先没有任何预警",
        "上周我的答复用时中位数：1.5 小时（2 次）",
        f"打开：{firm.road.base_url}/console/owed",
    ]
    for _ in range(4):
        await firm.tick(days=1)
    assert len([text for text in firm.told() if text.startswith("【每周小结】")]) == 1
    await firm.tick(days=3)
    assert len([text for text in firm.told() if text.startswith("【每周小结】")]) == 2


async def test_a_week_that_begins_with_holidays_or_a_day_down_is_told_later(firm: Firm) -> None:
    firm.house.case("要来的", Stage.ACCEPTED, owner=firm.house.hr, start_in=9)
    await firm.tick(days=1, hours=1)  # Monday was spent down
    titles = [text.split("\n")[0] for text in firm.told()]
    assert titles == ["【每周小结】11月3日"]


async def test_a_manager_s_week_holds_what_they_owe_and_nothing_of_the_rest(firm: Firm) -> None:
    """No pay, no words of a chat, no score, no health, no family."""
    house = firm.house
    case = house.case("陈一鸣", Stage.ACCEPTED, owner=house.hr, start_in=2)
    house.case("别处的", Stage.ACCEPTED, start_in=1, seat=_elsewhere(house))
    house.alert(case, "salary", quote=f"少于{PAY}我不来")
    house.alert(case, "family_location", quote="我怀孕了，家里不同意")
    house.answer(case, 1)
    house.card(case, (f"签字费 {PAY}", "company", firm.clock().date()))
    firm.step(case, StepKind.OTHER, 0, "孕检")
    firm.step(case, StepKind.MEDICAL, 0)
    firm.silent(case)
    firm.stuck(case)
    house.interview(house.case("面过的", Stage.INTERVIEW), 30)
    await firm.tick(hours=1)
    assert firm.told("boss") == [
        "【本周提醒】11月2日\n"
        "我欠候选人 2 件，逾期 0 件\n"
        "· 面过的：11月1日 面试的反馈（11月3日 前）\n"
        "· 陈一鸣：11月4日 入职，之前打个招呼（11月4日 前）\n"
        "两周内入职 1 人\n"
        "· 11月4日 陈一鸣（后端工程师）\n"
        f"打开：{firm.road.base_url}/console/owed"
    ]
    await firm.tick(days=1)
    assert len(firm.told("boss")) == 1  # managers have no daily one


def _elsewhere(house: House) -> str:
    seat = house.position(owner=house.hr)
    where = table(Position).c.id == seat
    house.run(lambda tx: update(tx, Position, where, manager_id=house.stranger.id))
    return seat


async def test_the_longest_morning_is_one_message_with_the_rest_counted(firm: Firm) -> None:
    house = firm.house
    for number in range(60):
        case = house.case(f"欧阳候选人的名字很长很长{number}", owner=house.hr, start_in=0)
        house.alert(case, "salary", quote="这句话很长" * 20)
        house.alert(case, "overdue")
        firm.silent(case)
        firm.step(case, StepKind.RESIGNATION, 0)
    await firm.tick(hours=1)
    text = next(text for text in firm.told() if text.startswith("【今日要看】"))
    assert len(text.encode()) <= 1900
    assert text.count("\n") < 20
    assert "待处理预警 120 条" in text
    assert "我们已经逾期 60 件" in text
    assert "超过平时时间没有回复 50+ 人" in text
    assert "条，都在：" in text


async def test_one_that_fails_keeps_nobody_else_s_and_is_tried_again(firm: Firm) -> None:
    house = firm.house
    for owner in (house.hr, house.other):
        house.alert(house.case(f"{owner.name}的", owner=owner), "salary")
    case = house.case("坏的", owner=house.hr)
    broken = house.alert(case, "decline")
    where = table(alerts.Alert).c.id == broken
    [row] = house.run(lambda tx: tx.all(table(alerts.Alert).select().where(where)))
    house.run(lambda tx: update(tx, alerts.Alert, where, quote_sealed="v1.broken"))
    with pytest.raises(SealBroken):
        await firm.tick(hours=1)
    assert firm.told() == []
    assert len(firm.told("other")) == 1
    house.run(lambda tx: update(tx, alerts.Alert, where, quote_sealed=row.quote_sealed))
    await firm.tick(minutes=1)
    assert "坏的" in firm.told()[0]
    assert len(firm.told("other")) == 1


async def test_claim_message_and_sending_are_one_commit(firm: Firm) -> None:
    firm.house.alert(firm.house.case("陈一鸣", owner=firm.house.hr), "salary")
    await firm.tick(hours=1)
    slots = firm.house.run(lambda tx: tx.all(table(CronRun).select()))
    sends = firm.house.run(lambda tx: tx.all(table(Outbox).select()))
    claimed = {f"{row.name}:{row.slot}" for row in slots if row.name.startswith("digest.")}
    assert {row.idem for row in sends} <= claimed
    assert len(sends) == 1

"""Planned steps on the record: agreed, overdue, taken, moved, dropped; the risk follows."""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from typing import Any

import pytest

from bot import jobs
from bot.words import SHANGHAI
from storage.enums import Role, Stage
from storage.queries import appraisal, audit, people, steps
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, cookie_header
from tests.integration.web.test_record import EVIL, text_of

TOKEN = "n_abcdefghij234567"


def path_of(candidate: str) -> str:
    return f"/console/candidates/{candidate}/steps"


def in_days(office: Office, days: int) -> str:
    today: date = office.road.now().astimezone(SHANGHAI).date()
    return (today + timedelta(days=days)).isoformat()


async def kept(office: Office, candidate: str) -> list[steps.StepRow]:
    def read(tx: Any) -> list[steps.StepRow]:
        row = people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
        return steps.steps(tx, office.road.vault.key(tx, row.subject_id), candidate)

    found: list[steps.StepRow] = await office.road.database.read(read)
    return found


async def risks(office: Office, candidate: str) -> list[str]:
    def read(tx: Any) -> list[str]:
        rows = appraisal.history(tx, candidate)
        return [row.rule for row in rows if row.ended_at is None]

    found: list[str] = await office.road.database.read(read)
    return found


async def test_a_step_is_agreed_overdue_and_taken_and_the_risk_follows(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    who = await office.candidate(stage=Stage.ACCEPTED)
    record = f"/console/candidates/{who}/record"
    made = await office.post(hr, path_of(who), kind="resignation", due_on=in_days(office, 3))
    assert made.headers["location"] == f"{record}?said=step_planned#steps"
    page = text_of((await office.get(hr, record)).text)
    assert "提交离职申请" in page
    assert "逾期" not in page
    assert await risks(office, who) == []
    office.clock.advance(timedelta(days=5))
    hr = await office.user("later", Role.HR)
    page = (await office.get(hr, record)).text
    assert "逾期 2 天" in page
    assert 'class="said step is-late"' in page
    # Each press appraises: another step, and the one that is late counts.
    await office.post(hr, path_of(who), kind="papers", due_on=in_days(office, 9))
    assert await risks(office, who) == ["late_step"]
    late = (await kept(office, who))[0]
    sent = await office.post(hr, f"{path_of(who)}/{late.id}/taken", on_day=in_days(office, -1))
    assert sent.headers["location"] == f"{record}?said=step_taken#steps"
    assert await risks(office, who) == []
    [taken] = [one for one in await kept(office, who) if not one.open]
    assert (taken.taken_on, taken.closed_by) == (
        date.fromisoformat(in_days(office, -1)), hr.id,
    )  # fmt: skip
    page = text_of((await office.get(hr, record)).text)
    assert "昨天完成" in page
    assert "已完成或不做了 1 步" in page


async def test_the_same_kind_again_moves_its_day_and_after_it_is_closed_begins_anew(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    who = await office.candidate()
    for days in (3, 3, 8):
        sent = await office.post(hr, path_of(who), kind="medical", due_on=in_days(office, days))
        assert sent.status_code == 303
    [step] = await kept(office, who)
    assert step.due_on == date.fromisoformat(in_days(office, 8))
    await office.post(hr, f"{path_of(who)}/{step.id}/moved", due_on=in_days(office, 10))
    [step] = await kept(office, who)
    assert step.due_on == date.fromisoformat(in_days(office, 10))
    await office.post(hr, f"{path_of(who)}/{step.id}/dropped", reason="改到入职后体检")
    await office.post(hr, path_of(who), kind="medical", due_on=in_days(office, 20))
    old, new = await kept(office, who)
    assert (old.dropped, old.reason, new.open) == (True, "改到入职后体检", True)
    page = text_of((await office.get(hr, f"/console/candidates/{who}/record")).text)
    assert re.search("不做了 ?: 改到入职后体检", page)


async def test_a_step_that_was_dropped_counts_no_more(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    who = await office.candidate()
    await office.post(hr, path_of(who), kind="release", due_on=in_days(office, 0))
    office.clock.advance(timedelta(days=2))
    hr = await office.user("later", Role.HR)
    await office.post(hr, path_of(who), kind="papers", due_on=in_days(office, 9))
    assert await risks(office, who) == ["late_step"]
    late = (await kept(office, who))[0]
    await office.post(hr, f"{path_of(who)}/{late.id}/dropped", reason="对方已离职")
    assert await risks(office, who) == []


async def test_own_words_are_sealed_and_a_form_sent_twice_is_one_step(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    who = await office.candidate()
    form = {"kind": "other", "words": EVIL[:60], "due_on": in_days(office, 4), "token": TOKEN}
    for _ in range(2):
        assert (await office.post(hr, path_of(who), **form)).status_code == 303
    await office.post(hr, path_of(who), **{**form, "token": f"{TOKEN}b", "words": "还电脑"})
    assert sorted(one.words for one in await kept(office, who)) == sorted([EVIL[:60], "还电脑"])
    page = (await office.get(hr, f"/console/candidates/{who}/record")).text
    assert EVIL[:60] not in page

    def raw(tx: Any) -> str:
        return repr([tuple(row) for row in tx.all(steps.STEP.select())])

    assert "还电脑" not in await office.road.database.read(raw)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": ""}, "请选择一步"),
        ({"kind": "bribe"}, "请选择一步"),
        ({"due_on": ""}, "请选择一个日期"),
        ({"due_on": "20261231"}, "请选择一个日期"),
        ({"due_on": "2026-02-30"}, "请选择一个日期"),
        ({"due_on": "2020-01-01"}, "请选择今天或以后的日期"),
        ({"due_on": "9999-12-31"}, "请选择两年以内的日期"),
        ({"kind": "other", "words": ""}, "请用一行写明是什么事"),
        ({"kind": "other", "words": "长" * 61}, "请用一行写明是什么事"),
        ({"kind": "other", "words": "一\n二"}, "请用一行写明是什么事"),
        ({"kind": "other", "words": "提供已婚证明"}, "受保护的信息"),
        ({"kind": "other", "words": "还电脑", "token": "../x"}, "请选择一步"),
    ],
)
async def test_a_form_that_does_not_hold_together_comes_back_with_its_words(
    small_office: Office, wrong: dict[str, str], says: str
) -> None:
    office = small_office
    hr = await office.user("hr", Role.HR)
    who = await office.candidate()
    form = {"kind": "papers", "words": "", "due_on": in_days(office, 3), "token": TOKEN, **wrong}
    sent = await office.post(hr, path_of(who), **form)
    assert sent.status_code == 422
    assert says in sent.text
    assert '<details class="add" open>' in sent.text
    assert await kept(office, who) == []


@pytest.mark.parametrize(
    ("do", "form", "says"),
    [
        ("taken", {"on_day": ""}, "请选择一个日期"),
        ("taken", {"on_day": "9999-01-01"}, "日期不能在将来"),
        ("taken", {"on_day": "1899-01-01"}, "请选择一个日期"),
        ("moved", {"due_on": "2020-01-01"}, "请选择今天或以后的日期"),
        ("dropped", {"reason": " "}, "为什么不做了"),
        ("dropped", {"reason": "长" * 301}, "为什么不做了"),
        ("dropped", {"reason": "她怀孕了"}, "受保护的信息"),
    ],
)
async def test_a_step_is_closed_only_by_a_form_that_holds(
    small_office: Office, do: str, form: dict[str, str], says: str
) -> None:
    office = small_office
    hr = await office.user("hr", Role.HR)
    who = await office.candidate()
    await office.post(hr, path_of(who), kind="papers", due_on=in_days(office, 3))
    [step] = await kept(office, who)
    sent = await office.post(hr, f"{path_of(who)}/{step.id}/{do}", **form)
    assert sent.status_code == 422
    assert says in sent.text
    assert '<details class="mend step-mend" open>' in sent.text
    [same] = await kept(office, who)
    assert same == step


async def test_a_step_of_somebody_else_or_one_that_is_closed_is_gone(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    mine, other = await office.candidate(), await office.candidate()
    await office.post(hr, path_of(other), kind="papers", due_on=in_days(office, 3))
    [step] = await kept(office, other)
    good = {"on_day": in_days(office, 0), "due_on": in_days(office, 5), "reason": "不用了"}
    for do in ("taken", "moved", "dropped"):
        for step_id in (step.id, "st_none"):
            sent = await office.post(hr, f"{path_of(mine)}/{step_id}/{do}", **good)
            assert sent.status_code == 409
            assert "请看现在的状态" in sent.text
    assert await kept(office, other) == [step]
    await office.post(hr, f"{path_of(other)}/{step.id}/taken", **good)
    again = await office.post(hr, f"{path_of(other)}/{step.id}/dropped", **good)
    assert again.status_code == 409


async def test_nobody_plans_for_people_they_may_not_know_of(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    theirs = await office.candidate(
        position_id=await office.position(owner_id=(await office.user("o", Role.HR)).id)
    )
    sent = await office.post(hr, path_of(theirs), kind="papers", due_on=in_days(office, 3))
    assert sent.status_code == 404
    none = await office.post(hr, path_of("c_none"), kind="papers", due_on=in_days(office, 3))
    assert none.status_code == 404
    without = await office.http.post(
        path_of(theirs), data={"kind": "papers"}, headers=cookie_header(hr)
    )
    assert without.status_code == 403
    assert await kept(office, theirs) == []


async def test_a_manager_reads_what_is_due_and_no_words_of_ours(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    manager = await office.user("manager", Role.MANAGER)
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    who = await office.candidate(position_id=position)
    await office.post(hr, path_of(who), kind="papers", due_on=in_days(office, 3))
    form = {"kind": "other", "words": "谈 25k 的事", "due_on": in_days(office, 4), "token": TOKEN}
    await office.post(hr, path_of(who), **form)
    dropped = next(one for one in await kept(office, who) if one.kind == "papers")
    await office.post(hr, f"{path_of(who)}/{dropped.id}/dropped", reason="薪资没谈拢")
    page = text_of((await office.get(manager, f"/console/candidates/{who}/record")).text)
    assert "交齐入职材料" in page
    assert "其他" in page
    for hidden in ("25k", "薪资没谈拢", "约定一步", "已完成 改到哪天"):
        assert hidden not in page
    refused = await office.post(manager, path_of(who), kind="papers", due_on=in_days(office, 3))
    assert refused.status_code == 403


async def test_the_deeds_stand_in_the_audit_chain_without_words(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    who = await office.candidate()
    form = {"kind": "other", "words": "还电脑", "due_on": in_days(office, 4), "token": TOKEN}
    await office.post(hr, path_of(who), **form)
    [step] = await kept(office, who)
    await office.post(hr, f"{path_of(who)}/{step.id}/moved", due_on=in_days(office, 6))
    await office.post(hr, f"{path_of(who)}/{step.id}/dropped", reason="电脑已寄回")

    def read(tx: Any) -> list[Any]:
        return [row for row in audit.entries(tx) if row.object == who]

    rows = await office.road.database.read(read)
    assert sorted(row.action for row in rows) == [
        *("record.step", "record.step", "record.step_dropped"),
    ]
    assert all(row.details["step"] == step.id for row in rows)
    assert "电脑" not in repr(rows)


async def test_the_candidate_is_told_the_next_step_with_its_day(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    who = await office.candidate(stage=Stage.ACCEPTED)
    token = await office.chat(who)
    day = date.fromisoformat(in_days(office, 3))
    await office.post(hr, path_of(who), kind="papers", due_on=in_days(office, 7))
    await office.post(hr, path_of(who), kind="resignation", due_on=day.isoformat())
    await office.http.post(f"/chat/{token}/messages", json={"text": "我的进度"})

    async def answers() -> list[str]:
        told = await office.http.get(f"/chat/{token}/messages")
        return [one["text"] for one in told.json()["items"] if "目前阶段" in one["text"]]

    [answer] = await office.until(answers)
    later = day + timedelta(days=4)
    assert (
        f"约好的下一件事：提交离职申请（{day.month}月{day.day}日）、"
        f"交齐入职材料（{later.month}月{later.day}日）" in answer
    )


async def test_a_day_that_passes_counts_though_nobody_does_anything(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    who, gone = [await office.candidate(stage=stage) for stage in (Stage.ACCEPTED, Stage.RENEGED)]
    for one in (who, gone):
        await office.post(hr, path_of(one), kind="resignation", due_on=in_days(office, 3))
    assert await jobs.reappraise(office.road) == 1
    assert await risks(office, who) == []
    office.clock.advance(timedelta(days=5))
    assert await risks(office, who) == []
    assert await jobs.reappraise(office.road) == 1
    assert await risks(office, who) == ["late_step"]
    assert await risks(office, gone) == []
    await jobs.reappraise(office.road)
    assert await risks(office, who) == ["late_step"], "once, however often it is looked at"


async def test_everybody_is_looked_at_page_by_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_APPRAISED", 4)
    many = jobs._APPRAISED * 2
    for _ in range(many):
        await office.candidate(stage=Stage.OFFER)
    assert await jobs.reappraise(office.road) == many


async def test_two_that_look_at_once_begin_a_factor_once(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    who = await office.candidate(stage=Stage.ACCEPTED)
    await office.post(hr, path_of(who), kind="resignation", due_on=in_days(office, 3))
    office.clock.advance(timedelta(days=5))
    await asyncio.gather(*(jobs.reappraise(office.road) for _ in range(6)))
    assert await risks(office, who) == ["late_step"]

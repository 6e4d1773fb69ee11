"""预期匹配度 and 风险 in the console: explained on one page each, deciding nothing."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from bot import filing
from bot.appraisal import appraise
from bot.web.console.risk import course
from storage.enums import Role, Stage
from storage.queries import people, record
from storage.queries.common import table, update
from storage.tables import Factor
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, viewer
from tests.integration.web.test_chat import SALARY, open_alerts
from tests.integration.web.test_record import EVIL, actions, told
from tests.integration.web.test_record import text_of as words_of


def path_of(candidate: str, page: str) -> str:
    return f"/console/candidates/{candidate}/{page}"


async def seated(office: Office, hr: Person, **more: Any) -> str:
    """A candidate for a position in 杭州 with a budget of 14k to 16k."""
    position = await office.position(
        budget_low=14_000, budget_high=16_000, city="杭州", owner_id=hr.id,
        culture=("growth", "team"), **more,
    )  # fmt: skip
    return await office.candidate(position_id=position, start_on=date(2026, 12, 15))


async def jumper(office: Office, hr: Person, candidate: str) -> None:
    """Four jobs in three years, each left over pay with rises over 30 %."""
    jobs = [("2023-12", "7k"), ("2024-08", "9.5k"), ("2025-05", "13k"), ("2026-02", "17k")]
    said = {("expect.pay", ""): "23k"}
    for begins, amount in jobs:
        item = filing.new_item()
        said |= {
            ("job.from", item): begins,
            ("job.pay", item): amount,
            ("job.left_tag", item): "薪资",
        }
    source = f"form:{hr.id}"
    await filing.state(office.road, viewer(hr), candidate, said, source=source)


async def test_the_match_is_shown_with_its_parts_and_what_would_raise_each(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await seated(office, hr)
    await told(
        office, hr, candidate, expect_pay="17k", expect_city="上海", expect_values="成长、稳定",
        expect_start="2026-12-10",
    )  # fmt: skip
    page = (await office.get(hr, path_of(candidate, "match"))).text
    words = words_of(page)
    # Pay 88 of 35, culture 50 of 15, place 30 of 15, start 100 of 10: 5280 of 75 known percent.
    assert re.search(r'score-figure band-fair"><span class="num">70</span>', page)
    assert "期望超出预算 6%（差 1,000 元/月）" in words
    assert "最看重的这里给不了：稳定" in words
    assert "希望在 上海，岗位在 杭州" in words
    assert "能按时到岗" in words
    assert "可信度 75%" in words
    assert "60 分以下请先谈清再推进，80 分以上视为匹配" in words
    assert "职业规划还没有问到" in words
    assert "不决定任何人的去留" in words


async def test_nothing_known_is_no_number_and_says_what_to_ask(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    words = words_of((await office.get(hr, path_of(candidate, "match"))).text)
    assert "还无法比对" in words
    assert "可信度 0%" in words
    for ask in ("期望薪资还没有问到", "候选人看重什么还没有问到", "最早到岗日期还没有问到"):
        assert ask in words
    await told(office, hr, candidate, expect_pay="17k", expect_plan="做架构师")
    words = words_of((await office.get(hr, path_of(candidate, "match"))).text)
    assert words.count("还没有为候选人指定职位") == 2


async def test_the_score_is_explained_by_what_it_rests_on(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await seated(office, hr)
    await jumper(office, hr, candidate)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    await office.until(lambda: open_alerts(office, candidate))
    page = (await office.get(hr, path_of(candidate, "risk"))).text
    words = words_of(page)
    rules = office.road.rulebook.risk
    for name in ("over_expectation", "left_over_pay", "steep_rises", "many_jobs"):
        assert rules[name].says in words
        assert rules[name].ask in words
    assert "期望 23k，上一份 17k，高 35%" in words
    assert "4 次因薪资离职" in words
    assert "期望薪资 23,000 元/月 HR 填写 姓名hr" in words
    assert "离职原因 薪资 2025-05 HR 填写" in words  # which of the four jobs
    plain = re.sub(r'<span class="mark-label">.*?</span></mark>', "", page)
    assert SALARY.replace(" ", "") in words_of(plain).replace(" ", "")
    assert re.search(r'href="/console/candidates/c_\w+#m-m_\w+"', page)
    assert "辅助判断" in words
    assert "权重 +25，现在计 +25" in words
    row = await office.road.database.read(
        lambda tx: people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
    )
    assert f'<span class="num">{row.score}</span><small>/ 100' in page


async def test_no_word_of_either_page_decides(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await seated(office, hr)
    await jumper(office, hr, candidate)
    for page in ("match", "risk"):
        words = words_of((await office.get(hr, path_of(candidate, page))).text)
        for verdict in ("不予录用", "建议拒绝", "建议淘汰", "不合格", "不推荐", "不可信", "会反悔"):
            assert verdict not in words


async def test_what_the_record_does_not_bear_out_any_more_counts_no_more(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await seated(office, hr)
    await told(office, hr, candidate, own_notice_days="60")
    rule = office.road.rulebook.risk["long_notice"]
    path = path_of(candidate, "risk")
    assert "正在计分的依据 1" in words_of((await office.get(hr, path)).text)
    await told(office, hr, candidate, own_notice_days="30")
    words = words_of((await office.get(hr, path)).text)
    assert "正在计分的依据 0" in words
    assert "不再计分的 1 条" in words
    assert f"{rule.says} +10" in words
    assert "起不再成立" in words


async def test_the_course_of_the_score_is_what_stood_each_day(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await seated(office, hr)
    await told(office, hr, candidate, own_notice_days="60")
    factor = table(Factor)

    def age(tx: Any) -> list[Any]:
        theirs = factor.c.candidate_id == candidate
        begun = office.road.now() - timedelta(days=45)
        update(tx, Factor, theirs, at=begun, fades_after_days=90.0, adds=40.0)
        return tx.all(factor.select().where(theirs))

    rows = await office.write(age)
    drawn = course(rows, office.road.now())
    assert drawn is not None
    heights = [100 - int(point.split(",")[1]) for point in drawn.line.split()]
    assert len(heights) == 46
    assert (heights[0], heights[-1]) in ((40, 20), (39, 20))
    assert heights == sorted(heights, reverse=True)
    page = (await office.get(hr, path_of(candidate, "risk"))).text
    assert f'points="{drawn.line[:20]}' in page
    assert "权重 +40，现在计 +20" in words_of(page)
    ended = await office.write(
        lambda tx: update(tx, Factor, factor.c.candidate_id == candidate,
                          ended_at=office.road.now() - timedelta(days=10))
    )  # fmt: skip
    assert ended == 1
    rows = await office.write(
        lambda tx: tx.all(factor.select().where(factor.c.candidate_id == candidate))
    )
    after = course(rows, office.road.now())
    assert after is not None
    heights = [100 - int(point.split(",")[1]) for point in after.line.split()]
    assert heights[-9:] == [0] * 9
    assert heights[-13] > 20
    assert course([], office.road.now()) is None


async def test_what_they_are_made_of_is_not_for_managers_and_not_for_colleagues(
    office: Office,
) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    manager, auditor = await office.user("m", Role.MANAGER), await office.user("a", Role.AUDITOR)
    candidate = await seated(office, hr, manager_id=manager.id)
    for page in ("match", "risk"):
        path = path_of(candidate, page)
        assert (await office.get(hr, path)).status_code == 200
        assert (await office.get(manager, path)).status_code == 403
        assert (await office.get(auditor, path)).status_code == 403
        foreign = await office.get(other, path)
        none = await office.get(other, path_of("c_none", page))
        assert (foreign.status_code, none.status_code) == (404, 404)
    listed = (await office.get(manager, f"/console/candidates/{candidate}")).text
    assert f"/console/candidates/{candidate}/record" in listed
    assert f"/console/candidates/{candidate}/risk" not in listed
    assert await actions(office, candidate) == ["candidate.read"] * 3


async def test_words_in_evidence_are_never_markup(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(EVIL, stage=Stage.OFFER)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": f"{EVIL}，{SALARY}"})
    await office.until(lambda: open_alerts(office, candidate))
    await told(office, hr, candidate, expect_city=EVIL, own_notice_days="60")
    fact = (await office.road.database.read(lambda tx: tx.all(table(Factor).select())))[0]
    assert fact.candidate_id == candidate
    doubted = await office.get(hr, path_of(candidate, "record"))
    [statement] = re.findall(r'id="s-(f_\w+)"', doubted.text)[:1]
    await office.post(
        hr, path_of(candidate, f"record/{statement}/verify"), otherwise="1", found=EVIL
    )
    await office.write(lambda tx: appraise(tx, office.road.vault, office.road.rulebook, candidate))
    for page in ("risk", "match"):
        html = (await office.get(hr, path_of(candidate, page))).text
        assert "<img" not in html
        assert "&lt;img" in html
    assert "与核实不符" in (await office.get(hr, path_of(candidate, "risk"))).text


async def test_motives_are_shown_in_order_with_where_they_were_heard(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await seated(office, hr)
    path = path_of(candidate, "match")
    assert "动机，由重到轻" not in words_of((await office.get(hr, path)).text)
    await told(office, hr, candidate, own_motives="发展、团队、薪资")
    before = words_of((await office.get(hr, path)).text)
    assert "发展 本人排第 1 团队 本人排第 2 薪资 本人排第 3" in before
    await heard_of_pay(office, candidate)
    after = words_of((await office.get(hr, path)).text)
    assert "发展 本人排第 1 薪资 本人排第 3 谈到薪资时态度松动 · " in after
    assert "团队 本人排第 2" in after


async def heard_of_pay(office: Office, candidate: str) -> None:
    def work(tx: Any) -> None:
        record.factor(
            tx, candidate_id=candidate, rule="pay_pressure", adds=20, fades_after_days=21,
            source="m_pay", at=tx.now, spans=[],
        )  # fmt: skip

    await office.road.database.write(work)

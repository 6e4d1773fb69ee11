"""The three stories the product exists for, from the record to the outcome, with real messages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot import filing, offering
from bot.appraisal import appraise
from bot.offering import Outcome, Stopped
from bot.offers.terms import Bonus, Per, Terms
from storage.enums import Stage
from storage.queries import alerts, offers, people
from storage.viewer import SYSTEM
from tests.integration.hr import Desk


def seat(hr_desk: Desk, who: str, low: int, high: int) -> None:
    def work(tx: Any) -> None:
        made = people.create_position(
            tx,
            hr_desk.hr,
            title="后端工程师",
            budget_low=low,
            budget_high=high,
            owner_id=hr_desk.hr.id,
        )
        people.assign(tx, hr_desk.hr, who, made)

    hr_desk.write(work)


def look(hr_desk: Desk, who: str) -> Any:
    return hr_desk.write(lambda tx: appraise(tx, hr_desk.road.vault, hr_desk.road.rulebook, who))


def key_of(tx: Any, hr_desk: Desk, who: str) -> Any:
    return hr_desk.road.vault.key(
        tx, people.get_candidate(tx, hr_desk.road.vault, hr_desk.hr, who).subject_id
    )


async def test_a_jumper_is_seen_before_the_offer(hr_desk: Desk) -> None:
    """Four jobs in three years, each left over pay with rises over 30 %, budget 18k."""
    talk = hr_desk.candidate(stage=Stage.INTERVIEW)
    seat(hr_desk, talk[0], 16_000, 18_000)
    jobs = [("2023-12", "7k"), ("2024-08", "9.5k"), ("2025-05", "13k"), ("2026-02", "17k")]
    told = {("expect.pay", ""): "23k"}
    for begins, amount in jobs:
        item = filing.new_item()
        told |= {
            ("job.from", item): begins,
            ("job.pay", item): amount,
            ("job.left_because", item): "薪资涨幅太小",
            ("job.left_tag", item): "薪资",
        }
    await filing.state(hr_desk.road, hr_desk.hr, talk[0], told, source=f"form:{hr_desk.hr.id}")
    found = look(hr_desk, talk[0])
    assert {one.rule for one in found.held} >= {
        "over_expectation",
        "left_over_pay",
        "steep_rises",
        "many_jobs",
    }
    rules = hr_desk.road.rulebook.risk
    assert all(rules[one.rule].ask for one in found.held)
    row = hr_desk.write(
        lambda tx: people.get_candidate(tx, hr_desk.road.vault, hr_desk.hr, talk[0])
    )
    assert row.score >= 80
    with pytest.raises(Stopped) as stopped:
        await offering.draft(hr_desk.road, hr_desk.hr, talk[0], Terms(base=23_000))
    assert [one.kind for one in stopped.value.objections] == ["budget"]


async def test_one_who_agrees_to_everything_but_the_pay(hr_desk: Desk) -> None:
    """Says 「再考虑」「看看」 whenever pay comes up; 20k on a 16k budget; 16k + 4k fits."""
    talk = hr_desk.candidate()
    seat(hr_desk, talk[0], 14_000, 16_000)
    await filing.state(
        hr_desk.road,
        hr_desk.hr,
        talk[0],
        {("expect.pay", ""): "20k"},
        source=f"form:{hr_desk.hr.id}",
    )
    await hr_desk.say(talk, "岗位和团队我都很满意")
    await hr_desk.say(talk, "薪资这块我还想再考虑一下")
    await hr_desk.say(talk, "工资的话我再看看吧")
    found = look(hr_desk, talk[0])
    assert found.match.score is not None
    assert found.match.score < hr_desk.road.rulebook.match.thresholds.warn
    open_alerts = hr_desk.write(lambda tx: alerts.page(tx, hr_desk.road.vault, SYSTEM))
    assert {alert.topic for alert in open_alerts} == {"salary"}
    bonus = Bonus(name="绩效奖", amount=4_000, per=Per.MONTH, when="月度考核达到 B")
    terms = Terms(base=16_000, bonuses=(bonus,), probation_months=6, probation_pay=12_800)
    made = await offering.draft(hr_desk.road, hr_desk.hr, talk[0], terms, reason="绩效部分达成才付")
    assert [one.kind for one in made.objections] == ["budget"]


async def test_one_who_asks_for_more_after_the_yes(hr_desk: Desk) -> None:
    """Accepted 18k, next day 「希望月薪涨到20k，否则不去」."""
    talk = hr_desk.candidate(stage=Stage.OFFER)
    seat(hr_desk, talk[0], 16_000, 18_000)
    terms = Terms(base=18_000, probation_months=6, probation_pay=14_400, start_on=date(2026, 12, 1))
    made = await offering.draft(hr_desk.road, hr_desk.hr, talk[0], terms)
    card = await offering.send(
        hr_desk.road, hr_desk.hr, talk[0], made.offer.id, answer_by=date(2026, 11, 6)
    )
    assert hr_desk.write(
        lambda tx: offering.confirmed(tx, hr_desk.road, talk[0], card.id, via="webchat")
    )
    await offering.settle(hr_desk.road, hr_desk.hr, talk[0], made.offer.id, "accepted")
    who = hr_desk.write(
        lambda tx: people.get_candidate(tx, hr_desk.road.vault, hr_desk.hr, talk[0])
    )
    assert (who.stage, who.start_on) == (Stage.ACCEPTED, date(2026, 12, 1)), (
        "the yes moves the stage"
    )
    uid = await hr_desk.say(talk, "希望月薪涨到20k，否则不去")
    [alert] = hr_desk.write(lambda tx: alerts.page(tx, hr_desk.road.vault, SYSTEM))
    assert (alert.severity, alert.quote) == ("now", "希望月薪涨到20k，否则不去")
    [asked] = hr_desk.write(lambda tx: offers.requests(tx, key_of(tx, hr_desk, talk[0]), talk[0]))
    assert (asked.side, asked.state, asked.source) == ("candidate", "open", f"message:{uid}")
    await offering.answer_change(hr_desk.road, hr_desk.hr, talk[0], asked.id, "refused")
    await offering.end(
        hr_desk.road,
        hr_desk.hr,
        talk[0],
        Outcome.RENEGED,
        reason="pay",
        note="另一家给了 20k",
        on_day=date(2026, 11, 3),
        cost=8_000,
    )
    row = hr_desk.write(
        lambda tx: people.get_candidate(tx, hr_desk.road.vault, hr_desk.hr, talk[0])
    )
    assert row.stage is Stage.RENEGED
    [ending] = hr_desk.write(lambda tx: offers.endings(tx, key_of(tx, hr_desk, talk[0]), talk[0]))
    assert (ending.outcome, ending.cost) == ("reneged", 8_000)


async def test_a_sentence_asks_for_nothing_where_no_card_stands(hr_desk: Desk) -> None:
    talk = hr_desk.candidate(stage=Stage.OFFER)
    await hr_desk.say(talk, "希望月薪涨到20k，否则不去")
    assert (
        hr_desk.write(lambda tx: offers.requests(tx, key_of(tx, hr_desk, talk[0]), talk[0])) == []
    )

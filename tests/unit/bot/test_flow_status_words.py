"""我的进度 and 帮助."""

from __future__ import annotations

from datetime import date

import pytest

from bot.conversation.flows import status_words
from bot.turn import StepSeen
from storage.enums import ENDED, Stage, StepKind
from tests.builders import NOW, a_candidate, a_colleague, a_context, a_rulebook

PROGRESS = (
    "我的进度",
    "我的进度？",
    "进度",
    "查进度",
    "查一下进度",
    "看下我的进度",
    "我的面试进度怎么样了",
    "请问我的应聘进度如何",
    "麻烦帮我查询一下进度",
    "现在到哪一步了",
    "我走到哪一步了？",
    "流程到哪了",
    "我现在是什么阶段",
    "想了解一下进度",
    "我的offer流程走到哪一步了呢",
    "我的OFFER进度",
    "进展如何",
    "你好，请问我的进度",
    "我的申请状态",
    "目前什么进度",
    "入职流程到哪里了",
    "能看看我的进度吗",
    "我的进度怎么样了",
)
OTHER = (
    "考虑进度",
    "项目进度怎么样",
    "我会跟进度",
    "我在赶进度",
    "离职进度有点慢",
    "你们的进度太慢了",
    "进度太慢我不想等了",
    "我的进度和别人不一样",
    "手上的项目进度紧",
    "家里到哪一步了都不知道，我不来了",
    "什么阶段涨薪",
    "我的状态不太好",
    "帮助很大，谢谢",
    "我帮助过他",
    "怎么用社保卡",
    "",
)


@pytest.mark.parametrize("text", PROGRESS)
def test_progress_is_asked_for_in_varied_wordings(text: str) -> None:
    context = a_context(text)
    assert status_words.wants(context, None)
    [reply] = status_words.step(context, None, a_rulebook(), now=NOW).replies
    assert "后端工程师" in reply.text


@pytest.mark.parametrize("text", OTHER)
def test_a_message_that_says_more_is_not_such_a_word(text: str) -> None:
    assert not status_words.wants(a_context(text), None)


@pytest.mark.parametrize("text", ["帮助", "help", "HELP", "/help", "/start", "菜单", "怎么用？"])
def test_help_is_there_when_asked_for(text: str) -> None:
    context = a_context(text)
    assert status_words.wants(context, None)
    [reply] = status_words.step(context, None, a_rulebook(), now=NOW).replies
    assert reply.text == a_rulebook().replies.help.strip()


def test_two_messages_count_as_one_question() -> None:
    assert status_words.wants(a_context("你好", "我的进度"), None)
    assert not status_words.wants(a_context("我的进度", "另外薪资能谈吗"), None)


def test_a_long_text_is_refused_before_it_is_matched() -> None:
    assert not status_words.wants(a_context("查一下" * 1000), None)


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_words_of_its_own_and_no_score(stage: Stage) -> None:
    text = status_words.progress(a_context(candidate=a_candidate(stage=stage)), a_rulebook())
    assert a_rulebook().replies.stages[stage] in text
    assert "{" not in text
    assert "风险" not in text
    assert "分" not in text


def test_the_start_date_is_told_once_it_is_known() -> None:
    candidate = a_candidate(stage=Stage.ACCEPTED, start_on=date(2026, 12, 1))
    assert "（12月1日）" in status_words.progress(a_context(candidate=candidate), a_rulebook())
    without = status_words.progress(
        a_context(candidate=a_candidate(stage=Stage.ACCEPTED)), a_rulebook()
    )
    assert "按约定的日期入职。" in without


def test_the_program_answers_for_itself_while_a_person_has_taken_over() -> None:
    outcome = status_words.step(a_context("我的进度", muted=True), None, a_rulebook(), now=NOW)
    assert len(outcome.replies) == 1
    assert outcome.muted is None


def test_only_a_candidate_has_a_progress() -> None:
    assert not status_words.wants(a_context("我的进度", candidate=None), None)
    assert not status_words.wants(a_context("帮助", candidate=None, staff=a_colleague()), None)


def test_the_next_step_is_named_with_its_day() -> None:
    step = StepSeen(kind=StepKind.MEDICAL, words="", due_on=date(2026, 12, 3))
    told = status_words.progress(
        a_context(candidate=a_candidate(stage=Stage.ACCEPTED, steps=(step,))), a_rulebook()
    )
    assert told.endswith(
        "约好的下一件事：预约入职体检（12月3日）。已经做好，或日期有变，直接告诉我就行。"
    )


def test_a_step_in_our_own_words_is_told_as_it_was_written() -> None:
    step = StepSeen(kind=StepKind.OTHER, words="还{owner}电脑", due_on=date(2026, 12, 3))
    told = status_words.progress(
        a_context(candidate=a_candidate(stage=Stage.ACCEPTED, steps=(step,))), a_rulebook()
    )
    assert "约好的下一件事：还{owner}电脑（12月3日）" in told


@pytest.mark.parametrize("stage", sorted(ENDED))
def test_where_it_ended_no_step_is_asked_for(stage: Stage) -> None:
    step = StepSeen(kind=StepKind.MEDICAL, words="", due_on=date(2026, 12, 3))
    told = status_words.progress(
        a_context(candidate=a_candidate(stage=stage, steps=(step,))), a_rulebook()
    )
    assert "约好" not in told

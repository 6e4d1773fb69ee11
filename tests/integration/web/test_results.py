"""Results of a survey in the console: figures for many, words only for whoever may read them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.surveys.definition import digest, plain
from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import InvitationStatus, Role
from storage.queries import people, surveys
from storage.queries.common import insert
from storage.queries.surveys import Edition
from storage.tables import Invitation
from storage.viewer import ROLE_PERMISSIONS, SYSTEM, Permission
from tests.builders import a_rulebook
from tests.integration.web.asking import WEEK1
from tests.integration.web.conftest import Office, Person
from tests.integration.web.test_record import actions, text_of

PATH = "/console/results?survey=week1"
EVIL = "<script>alert(1)</script>食堂太贵"


async def answered(office: Office, position: str, marks: list[int], words: str = "") -> list[str]:
    """People of a position who have finished the survey with these marks."""
    made = []
    for mark in marks:
        who = await office.candidate(position_id=position)
        made.append(who)
        answers: dict[str, tuple[Any, str]] = {"team": (mark, f"{mark}分"), "pay": ("no", "不清楚")}
        if words:
            answers["what"] = (words, words)

        def work(tx: Tx, who: str = who, answers: Any = answers) -> None:
            row = people.get_candidate(tx, office.road.vault, SYSTEM, who)
            key = office.road.vault.key(tx, row.subject_id)
            asked = new_public_id("iv")
            planned = {
                "id": asked,
                "candidate_id": who,
                "survey_id": "week1",
                "anchor": f"by_hand:{asked}",
                "status": InvitationStatus.PLANNED.value,
                "created_at": tx.now,
            }
            insert(tx, Invitation, planned)
            surveys.begin(tx, asked, digest(WEEK1), via="page")
            for question, (value, text) in answers.items():
                opened = surveys.get(tx, who, asked)
                surveys.put_answer(tx, key, opened, question, value, text, source="page")
            surveys.close(tx, asked, surveys.get(tx, who, asked).revision, InvitationStatus.DONE)

        await office.write(work)
    return made


@pytest.fixture
async def hr(office: Office) -> Person:
    edition = Edition(id="week1", title=WEEK1.title, digest=digest(WEEK1), definition=plain(WEEK1))
    await office.write(lambda tx: surveys.sync(tx, [edition]))
    return await office.user("hr", Role.HR)


async def shown(office: Office, who: Person) -> str:
    answer = await office.get(who, PATH)
    assert answer.status_code == 200
    return text_of(answer.text)


async def test_fewer_than_five_are_shown_to_nobody(office: Office, hr: Person) -> None:
    position = await office.position(owner_id=hr.id, department="支付")
    await answered(office, position, [1, 2, 3, 4])
    page = await shown(office, hr)
    assert "回答不足 5 人，暂不显示" in page
    assert "平均" not in page
    assert "支付" not in page


async def test_figures_of_many_are_shown_and_small_groups_hidden(
    office: Office, hr: Person
) -> None:
    first = await office.position(owner_id=hr.id, title="后端", department="支付")
    other = await office.position(owner_id=hr.id, title="风控岗", department="风控")
    await answered(office, first, [4, 4, 4])
    await answered(office, other, [1, 1, 1, 1])
    await answered(office, first, [5, 3, 4])
    page = await shown(office, hr)
    assert "回收率约 100%" in page
    assert "10 人 平均 2.8" in page
    assert "风控" not in page
    assert "支付" not in page  # the whole less 支付 would be 风控
    assert "有分组不足 5 人" in page
    await answered(office, other, [5] * 5)
    page = await shown(office, hr)
    assert "支付 6 人 4.0" in page
    assert "风控 9 人 3.2" in page


async def test_words_are_for_whoever_may_read_them(office: Office, hr: Person) -> None:
    manager = await office.user("manager", Role.MANAGER)
    position = await office.position(owner_id=hr.id, manager_id=manager.id, title="后端")
    await answered(office, position, [5] * 5, EVIL)
    other = await office.user("hr2", Role.HR)
    page = (await office.get(hr, PATH)).text
    assert "食堂太贵" in page
    assert "<script>alert" not in page
    seen = await shown(office, manager)
    assert "平均 5.0" in seen
    assert "食堂太贵" not in seen
    assert "陈一鸣" not in seen
    nothing = await shown(office, other)  # of people who are another's
    assert "食堂太贵" not in nothing
    assert "回答不足 5 人" in nothing


async def test_looking_is_audited_and_an_unknown_survey_is_not_there(
    office: Office, hr: Person
) -> None:
    await shown(office, hr)
    assert "survey.results" in await actions(office, "week1")
    assert (await office.get(hr, "/console/results?survey=nothing")).status_code == 404
    assert (await office.get(hr, "/console/results")).status_code == 200
    auditor = await office.user("auditor", Role.AUDITOR)
    assert (await office.get(auditor, PATH)).status_code == 403


def test_who_sees_answers_is_said_before_the_first_question_and_is_so() -> None:
    """The introductions promise what the permissions keep: words are not for managers."""
    reads = {role for role, may in ROLE_PERMISSIONS.items() if Permission.SURVEY_READ in may}
    assert reads == {Role.HR, Role.HR_ADMIN}
    for survey in a_rulebook().surveys.values():
        assert survey.named
        assert "记名" in survey.intro
        assert "招聘同事和人事负责人看得到原文" in survey.intro
        assert "经理看不到" in survey.intro or "上级看不到" in survey.intro

"""What HR has done from their own chat: cases handed over, surveys sent, what waits today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import pipeline
from bot.conversation.router import decide
from bot.messages import Address, Inbound, Received
from storage.database import Tx
from storage.enums import MessageKind, NoticeState
from storage.errors import Stale
from storage.queries import alerts, duties, invitations, notices, people, steps
from storage.queries.common import table, update
from storage.tables import Position, User
from storage.viewer import SYSTEM
from tests.integration.asked import (
    AUDITOR,
    HR,
    MANAGER,
    OTHER_HR,
    OWN,
    QUOTE,
    THEIRS,
    Chats,
    buttons,
)  # fmt: skip


async def owner_of(chats: Chats, candidate_id: str) -> str | None:
    row = await chats.town.database.read(
        lambda tx: people.get_candidate(tx, chats.town.road.vault, SYSTEM, candidate_id)
    )
    return row.owner_id


async def test_a_case_is_handed_over_after_a_yes_once_and_the_other_is_told(
    chats: Chats, firm: dict[str, str]
) -> None:
    asked = await chats.ask(HR, f"把{OWN}转给{OTHER_HR}")
    assert f"确认把{OWN}（后端工程师）转给{OTHER_HR}吗" in asked
    assert await owner_of(chats, firm[OWN]) == chats.ids[HR]
    done = await chats.ask(HR, "确认")
    assert f"已把{OWN}（后端工程师）转给{OTHER_HR}" in done
    assert f"{HR}把{OWN}（后端工程师）转给您跟进" in done  # in the other's chat
    assert "待处理的预警1条" in done
    assert await owner_of(chats, firm[OWN]) == chats.ids[OTHER_HR]
    taker = chats.ids[OTHER_HR]
    words = chats.town.road.rulebook.answers
    assert await chats.press(HR, f"qz:{firm[OWN]}:{taker}") == words.deed_known
    [deed] = await chats.deeds("candidate.transfer")
    assert deed.details == {"to": taker, "from": chats.ids[HR], "via": "post"}
    assert OWN in await chats.ask(OTHER_HR, f"{OWN}到哪一步了")


async def test_with_a_case_go_its_open_alerts_to_whoever_has_it_now(
    chats: Chats, firm: dict[str, str]
) -> None:
    [alert] = await chats.town.database.read(lambda tx: alerts.unresolved(tx, firm[OWN]))
    await chats.write(
        lambda tx: notices.put(
            tx, alert.id, chats.ids[HR], state=NoticeState.WAITING, why="quiet", level=0,
            revision=1, due_at=tx.now + timedelta(hours=1), sent_at=None,
        )
    )  # fmt: skip
    await chats.ask(HR, f"把{OWN}转给{OTHER_HR}")
    await chats.ask(HR, "确认")
    rows = await chats.town.database.read(lambda tx: notices.of_alert(tx, alert.id))
    states = {row.user_id: row.state for row in rows}
    assert states == {chats.ids[HR]: "dropped", chats.ids[OTHER_HR]: "sent"}
    assert any(QUOTE in text for text in await chats.said()), "the card is with the other"


async def test_who_is_no_manager_of_theirs_any_more_is_told_nothing_that_was_read_before(
    chats: Chats, firm: dict[str, str]
) -> None:
    road, talk = chats.town.road, chats.talks[MANAGER]
    message = Inbound(
        external_id="race", sender=Address("post", f"app/{MANAGER}"), kind=MessageKind.TEXT,
        text=f"{OWN}到哪一步了", sent_at=chats.town.clock(),
    )  # fmt: skip
    await chats.town.door.accept(Received(messages=(message,)))
    turned = await pipeline.look(road, talk)
    assert turned is not None
    outcome = decide(turned.context, None, road.rulebook, now=road.now())
    assert OWN in outcome.replies[0].text
    await chats.write(lambda tx: update(tx, Position, sa.true(), manager_id=None))
    with pytest.raises(Stale):
        await pipeline.record(road, turned, None, outcome)
    assert await chats.accesses(firm[OWN]) == []


async def test_a_no_changes_nothing_and_the_yes_after_it_is_too_late(
    chats: Chats, firm: dict[str, str]
) -> None:
    words = chats.town.road.rulebook.answers
    await chats.ask(HR, f"把{OWN}转给{OTHER_HR}")
    assert await chats.ask(HR, "先不办") == words.deed_kept
    assert await chats.press(HR, f"qz:{firm[OWN]}:{chats.ids[OTHER_HR]}") == words.deed_gone
    assert await owner_of(chats, firm[OWN]) == chats.ids[HR]


@pytest.mark.parametrize("to", ["没有这个人", MANAGER, AUDITOR, HR])
async def test_nobody_who_does_not_work_cases_takes_one(
    chats: Chats, firm: dict[str, str], to: str
) -> None:
    told = await chats.ask(HR, f"把{OWN}转给{to}")
    assert told.startswith("没有找到可以接手的 HR 同事")


async def test_a_colleague_who_left_takes_nothing(chats: Chats, firm: dict[str, str]) -> None:
    await chats.ask(HR, f"把{OWN}转给{OTHER_HR}")

    def leaves(tx: Tx) -> None:
        update(tx, User, table(User).c.id == chats.ids[OTHER_HR], disabled_at=tx.now)

    await chats.write(leaves)
    assert await chats.ask(HR, "确认") == chats.town.road.rulebook.answers.deed_gone
    assert await owner_of(chats, firm[OWN]) == chats.ids[HR]


async def test_a_survey_is_chosen_confirmed_and_planned_for_now(
    chats: Chats, firm: dict[str, str]
) -> None:
    asked = await chats.ask(HR, f"给{OWN}发问卷")
    titles = buttons(asked)
    assert titles, asked
    sure = await chats.ask(HR, "1")
    assert f"《{titles[0]}》" in sure
    assert await chats.deeds("survey.send") == []
    done = await chats.ask(HR, "确认")
    assert f"已安排给{OWN}发《{titles[0]}》" in done
    [deed] = await chats.deeds("survey.send")
    assert deed.object == firm[OWN]

    def planned(tx: Tx) -> list[Any]:
        return [row for row in invitations.of(tx, firm[OWN]) if row.status == "planned"]

    [row] = await chats.town.database.read(planned)
    assert (row.due_on, row.created_by) == (chats.today, chats.ids[HR])
    again = await chats.ask(HR, f"给{OWN}发问卷")
    assert titles[0] not in buttons(again)  # it is on its way


async def test_what_waits_today_is_told_gravest_first_with_its_words(
    chats: Chats, firm: dict[str, str]
) -> None:
    told = await chats.ask(HR, "今天要处理的有哪些")
    assert told.startswith("今天要处理的（共2条）：")  # the own case, and nobody's
    assert f"{OWN}（后端工程师）薪资" in told
    assert QUOTE in told
    assert THEIRS not in told


async def test_hr_is_told_the_reasons_and_no_number(chats: Chats, firm: dict[str, str]) -> None:
    told = await chats.ask(HR, f"{OWN}的风险原因")
    assert "· 候选人提到其他公司的机会" in told
    assert "77" not in told
    assert "不做任何决定" in told


async def test_a_hello_that_was_said_is_not_asked_for_again(
    chats: Chats, firm: dict[str, str]
) -> None:
    def greet(tx: Tx) -> None:
        vault = chats.town.road.vault
        row = people.get_candidate(tx, vault, SYSTEM, firm[OWN])
        key = vault.key(tx, row.subject_id)
        assert row.start_on is not None
        duties.take(
            tx, key, row.id, duties.Duty.GREETING, row.start_on.isoformat(), by=chats.ids[MANAGER]
        )
        for one in steps.steps(tx, key, row.id):
            steps.take(tx, row.id, one.id, on=chats.today, by="test")

    await chats.write(greet)
    told = await chats.ask(MANAGER, f"{OWN}到哪一步了")
    assert "打个招呼" not in told
    assert "未完成" not in told
    assert "双方目前都没有欠着的事" in told

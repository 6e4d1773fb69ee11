"""A message that its platform does not let us send, as HR sees it."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.delivery import HELD
from storage.database import Tx
from storage.enums import MessageStatus, OutboxStatus, Role
from storage.queries import intake
from storage.queries.common import table, update
from storage.tables import Message, Outbox
from tests.integration.web.conftest import Office, Person
from tests.integration.web.uploads import rows


async def held(office: Office, who: Person, candidate: str) -> None:
    """A reply that its platform does not let us send."""
    await office.post(who, f"/console/candidates/{candidate}/reply", text="材料收到了")

    async def sent() -> bool:
        return [row.status for row in await rows(office, Outbox)] == ["sent"]

    await office.until(sent)

    def hold(tx: Tx) -> None:
        values = {"status": OutboxStatus.HELD.value, "error": HELD["late"]}
        update(tx, Outbox, table(Outbox).c.id > 0, **values)
        out = table(Message).c.direction == "outbound"
        update(tx, Message, out, status=MessageStatus.HELD.value, channel="wecom")

    await office.write(hold)


async def test_a_held_message_says_why_it_waits_and_what_can_be_done(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await office.chat(candidate)
    await held(office, hr, candidate)
    page = (await office.get(hr, f"/console/candidates/{candidate}")).text
    state = re.search(r'<div class="trouble is-held">(.*?)</div>', page, re.DOTALL)
    assert state is not None
    assert "<svg" in state[1]
    assert "未发出，等对方开口" in state[1]
    words = office.site.pages.words["zh"]
    why, then = HELD["late"].split("。")
    assert (why in state[1], then in state[1]) == (True, True)
    assert words.t("candidate.do.held") in state[1]
    assert f'<a href="#invites">{words.t("candidate.held_link")}</a>' in page
    office.clock.advance(intake.HELD_FOR + timedelta(minutes=1))
    hr.cookie = (await office.user("later", Role.HR)).cookie
    late = (await office.get(hr, f"/console/candidates/{candidate}")).text
    assert words.t("candidate.held_late") in late
    assert words.t("candidate.do.held") not in late
    assert then not in late  # "it leaves by itself" is no longer true

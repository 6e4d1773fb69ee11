"""「谁问过」 in a real browser: a manager asks in chat, HR reads on the page who asked."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bot.messages import Address, Inbound, Received
from storage.database import Tx
from storage.enums import MessageKind, Role
from storage.queries import intake
from storage.queries.common import table, update
from storage.tables import Candidate, Identity, Position
from tests.e2e.browser import watched
from tests.e2e.office import Served
from tests.e2e.preview import small

pytestmark = pytest.mark.browser


def manager_asks(opened: Served, candidate: str, name: str) -> None:
    """A manager of the candidate's position types a question in their own chat, and is answered."""
    office, at = opened.office, f"w_{secrets.token_hex(8)}"

    async def asks() -> None:
        login = f"m{secrets.token_hex(3)}"
        manager = await office.user(login, Role.MANAGER)

        def work(tx: Tx) -> None:
            intake.open_conversation(tx, office.road.vault, "webchat", at)
            update(tx, Identity, table(Identity).c.address == at, user_id=manager.id)
            rows = table(Candidate)
            row = tx.first(rows.select().where(rows.c.id == candidate))
            update(tx, Position, table(Position).c.id == row.position_id, manager_id=manager.id)

        await office.write(work)
        message = Inbound(
            external_id=secrets.token_hex(8), sender=Address("webchat", at),
            kind=MessageKind.TEXT, text=f"{name}到哪一步了？", sent_at=office.clock(),
        )  # fmt: skip
        await office.site.door.accept(Received(messages=(message,)))
        hr: Any = await office.user(f"x{secrets.token_hex(3)}", Role.HR)

        async def kept() -> bool:
            page = await office.get(hr, f"/console/candidates/{candidate}")
            return f"姓名{login}（用人经理）问了" in page.text

        await office.until(kept)

    opened.do(asks())


@pytest.mark.parametrize("wide", [1280, 390])
def test_hr_reads_who_asked_what_and_when(browser: Browser, opened: Served, wide: int) -> None:
    name = "闻人晓" if wide > 1000 else "闻人静"
    candidate, _ = opened.candidate(name)
    with opened.hr(browser, f"asked{wide}") as desk:
        page = desk.new_page()
        page.set_viewport_size({"width": wide, "height": 900})
        with watched(page) as complaints:
            page.goto(f"{opened.url}/console/candidates/{candidate}")
            part = page.get_by_role("region", name="谁问过")
            expect(part).to_contain_text("还没有人问过")
            manager_asks(opened, candidate, name)
            page.reload()
            line = part.get_by_role("listitem")
            expect(line).to_have_count(1)
            expect(line).to_contain_text("（用人经理）问了：到哪一步了")
            expect(line).to_contain_text("网页")
            part.scroll_into_view_if_needed()
            assert page.evaluate("document.documentElement.scrollWidth") == wide
            assert small(page, wide) == []
        assert complaints == []

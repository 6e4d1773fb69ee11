"""「发到我的聊天」 in a real browser: from a chat that is not connected yet to the card in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from bot.channels.wecom import WeCom
from storage.database import Tx
from storage.migrate import upgrade
from storage.queries import intake
from storage.queries.common import table, update
from storage.tables import Identity
from tests.contract.place_wecom import FAST, config_of
from tests.e2e.browser import chromium, watched
from tests.e2e.office import Served, served
from tests.e2e.preview import small
from tests.fakes.wecom import FakeWeCom, Limits, Member

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def wecom() -> Iterator[FakeWeCom]:
    with FakeWeCom(limits=Limits(per_app_and_member=())) as running:
        yield running


@pytest.fixture(scope="module")
def opened(wecom: FakeWeCom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'yinuo.db'}"
    upgrade(url)
    config = config_of(wecom, sign_in_base=wecom.sign_in_base, kf=False, per_member=FAST)
    with served(url, folder, channels=lambda _: {"wecom": WeCom(config)}) as made:
        yield made


def connected(opened: Served, member: Member, login: str) -> None:
    """The member's account belongs to this colleague, as the join page leaves it."""
    office, at = opened.office, f"app/{member.userid.lower()}"

    def work(tx: Tx) -> None:
        intake.open_conversation(tx, office.road.vault, "wecom", at)
        identity = table(Identity)
        here = (identity.c.channel == "wecom") & (identity.c.address == at)
        update(tx, Identity, here, user_id=office.people[login].id, linked_at=tx.now)

    opened.do(office.write(work))


@pytest.mark.parametrize("wide", [1280, 390])
def test_a_card_is_two_presses_away(
    browser: Browser, opened: Served, wecom: FakeWeCom, wide: int
) -> None:
    login, member = f"hr{wide}", wecom.member(f"LiNa{wide}", "李娜")
    name = f"赵{wide}"
    candidate, _ = opened.candidate(name)
    with opened.hr(browser, login) as desk:
        page = desk.new_page()
        page.set_viewport_size({"width": wide, "height": 900})
        with watched(page) as complaints:
            page.goto(f"{opened.url}/console/candidates/{candidate}")
            page.get_by_role("link", name="连接聊天收卡片").click()
            expect(page).to_have_url(f"{opened.url}/console/settings")
            connected(opened, member, login)
            page.goto(f"{opened.url}/console/candidates/{candidate}")
            assert page.evaluate("document.documentElement.scrollWidth") == wide
            assert small(page, wide) == []
            page.get_by_role("button", name="发到我的聊天").click()
            expect(page.get_by_text("卡片已发往你的聊天")).to_be_visible()
        assert complaints == []

    async def arrived() -> bool:
        return any(f"立体画像 · {name}" in str(one.content) for one in member.messages())

    opened.do(opened.office.until(arrived))

"""Every shipped survey in a real browser: a phone, a keyboard, no script, both themes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bot import asking
from bot.surveys.shape import Kind, Survey
from storage.database import Tx
from storage.enums import InvitationStatus, Role
from storage.migrate import upgrade
from storage.queries import surveys
from storage.queries.surveys import InvitationRow
from tests.builders import a_rulebook
from tests.e2e.browser import chromium, watched
from tests.e2e.office import Served, served
from tests.e2e.preview import small
from tests.integration.web.conftest import viewer

pytestmark = pytest.mark.browser
SHIPPED = a_rulebook().surveys
#: What is typed into a field, by kind of its question.
TYPED = {
    Kind.TEXT: "都挺好，交接到月底",
    Kind.MONEY: "18到20k，14薪",
    Kind.NUMBER: "3",
    Kind.DATE: "2026-12-03",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'yinuo.db'}"
    upgrade(url)
    with served(url, folder) as made:
        made.do(made.office.write(lambda tx: asking.sync(tx, made.office.road.rulebook)))
        yield made


def sent(opened: Served, survey: Survey, login: str) -> tuple[str, str]:
    """A candidate who was sent a survey's page; the id and the link."""
    candidate, _ = opened.candidate("欧阳雪堃")
    admin = viewer(opened.do(opened.office.user(login, Role.HR_ADMIN)))
    road = opened.office.road
    made = opened.do(asking.send(road, admin, candidate, survey.id, "page"))
    return candidate, made.url


def filled(page: Page, survey: Survey) -> None:
    """Answer what the page asks, from its first field on, with the keyboard alone."""
    for question in survey.questions:
        box = page.locator(f"#q-{question.id}")
        if not box.count():
            continue
        match question.kind:
            case Kind.CHOICE | Kind.SCALE | Kind.MULTI:
                first = box.locator("input").first
                reach(page, first.get_attribute("id") or "")
                page.keyboard.press("Space")
                expect(first).to_be_checked()
            case Kind.RANKING:
                reach(page, f"r-{question.id}-0")
                page.keyboard.press("ArrowDown")
            case Kind.DATE:
                reach(page, f"f-{question.id}")
                page.keyboard.type("12032026")
                expect(page.locator(f"#f-{question.id}")).to_have_value(TYPED[Kind.DATE])
            case _:
                reach(page, f"f-{question.id}")
                page.keyboard.press("Control+a")
                page.keyboard.type(TYPED[question.kind])


def reach(page: Page, wanted: str) -> None:
    """Tab until a field has the focus; it has to come within one round."""
    for _ in range(120):
        if page.evaluate("document.activeElement.id") == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never comes to {wanted}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_it_is_filled_with_the_keyboard_alone(
    opened: Served, browser: Browser, name: str, theme: str
) -> None:
    survey = SHIPPED[name]
    candidate, link = sent(opened, survey, f"{name}{theme}"[:20])
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        locale="en-US",
        color_scheme="dark" if theme == "dark" else "light",
        java_script_enabled=True,
    )
    page = context.new_page()
    with watched(page) as complaints:
        page.goto(link)
        for _ in range(len(survey.questions)):
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert small(page, 390) == []
            filled(page, survey)
            if folder := os.environ.get("YINUO_SHOTS"):
                page.screenshot(path=f"{folder}/survey-{name}-{theme}.png", full_page=True)
            submit = page.get_by_role("button", name="提交")
            for _ in range(60):
                if submit.evaluate("node => node === document.activeElement"):
                    break
                page.keyboard.press("Tab")
            with page.expect_navigation():
                page.keyboard.press("Enter")
            if page.get_by_text("已提交，谢谢您").count():
                break
        expect(page.get_by_role("heading", name="已提交，谢谢您")).to_be_visible()
    assert complaints == []
    road = opened.office.road
    rows = opened.do(road.database.read(_of(candidate)))
    assert [one.status for one in rows] == [InvitationStatus.DONE]
    context.close()


def _of(candidate: str) -> Callable[[Tx], list[InvitationRow]]:
    return lambda tx: surveys.of_candidate(tx, candidate)


def test_it_works_without_any_script(opened: Served, browser: Browser) -> None:
    survey = SHIPPED["week1"]
    candidate, link = sent(opened, survey, "noscript")
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="zh-CN"
    )
    page = context.new_page()
    page.goto(link)
    page.get_by_label("清楚", exact=True).check()
    page.get_by_role("button", name="先保存").click()
    expect(page.get_by_role("status")).to_contain_text("已保存")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("heading", name="已提交")).to_be_visible()
    rows = opened.do(opened.office.road.database.read(_of(candidate)))
    assert rows[0].status is InvitationStatus.DONE
    context.close()

"""The report of ``yinuo risk`` in a real browser: on a phone, at a desk, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bot import risk_page
from bot.risk.fit import fit
from bot.risk.weights import written
from tests.builders import a_rulebook
from tests.e2e.browser import chromium
from tests.unit.bot.test_risk_outcomes import RULES, drawn

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def page_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rules = a_rulebook().risk
    cases = drawn(400, {"silence": 1.0, "pay_first": 0.5, "late_step": 0.0})
    found = fit(cases, {name: written(rules)[name] for name in RULES})
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(risk_page.fitted("很长的文件名" * 12 + ".csv", rules, cases, found), "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1280, 390])
def test_a_report_fits_its_window(browser: Browser, page_at: Path, wide: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": wide, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_at.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == wide
    assert (said, asked) == ([], [page_at.as_uri()])
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('svg text')].map(one => "
        "parseFloat(getComputedStyle(one).fontSize) * one.ownerSVGElement.getScreenCTM().a))"
    )
    assert smallest >= 9.5  # pixels, as they are drawn
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == {"light": "rgb(244, 245, 242)", "dark": "rgb(17, 24, 27)"}[scheme]
    page.emulate_media(media="print")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert len(page.pdf(format="A4")) > 10_000
    page.close()

"""What the candidate's page is made of: light, legible, and known to webviews of some years ago."""

from __future__ import annotations

import gzip
import re

import pytest

from bot.web.ops import served
from bot.web.pages import STATIC_DIR
from tests.unit.bot.test_templates import every_sample, render

CHAT_SCRIPTS = [f"chat{part}.js" for part in ("", "_send", "_files", "_live")]
#: Younger than Chrome 69 and iOS 12, which the apps' own browsers were until lately.
YOUNG = re.compile(
    r"=>|\?\.(?!\d)|\?\?|\*\*|`|\b(?:let|const|class|async|await|import|export)\b|\.\.\."
    r"|\.(?:at|flat|flatMap|replaceAll|matchAll|replaceChildren|finally|allSettled|any)\("
    r"|\b(?:structuredClone|globalThis|queueMicrotask|ResizeObserver|AbortSignal)\b"
)
YOUNG_STYLE = re.compile(
    r"[^{}]*:(?:is|where|has)\([^{}]*|(?<![a-z-])inset:|aspect-ratio|(?<![a-z-])(?:clamp|min|max)\("
    r"|overflow-wrap: anywhere|\{[^{}]*display: (?:inline-)?flex[^{}]*(?<![a-z-])gap:[^{}]*"
    r"|(?<!height: 100%; height: )100[dsl]vh"
)


@pytest.mark.parametrize("name", CHAT_SCRIPTS)
def test_the_candidate_page_speaks_to_webviews_of_some_years_ago(name: str) -> None:
    code = re.sub(r"//.*", "", served(STATIC_DIR / name).decode())
    code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', code)
    assert YOUNG.findall(code) == []


@pytest.mark.parametrize("name", ["chat.css", "chat_plain.css", "error.css"])
def test_its_styles_do_too(name: str) -> None:
    assert YOUNG_STYLE.findall(served(STATIC_DIR / name).decode()) == []


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_of_the_candidate_page_stand_out_from_what_is_behind_them(scheme: str) -> None:
    css = (STATIC_DIR / "chat.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\n *\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", blocks[0]))
    if scheme == "dark":
        colours |= dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", blocks[1]))
    for ink, behind in (
        *(("ink", one) for one in ("paper", "card", "mine", "bad-soft")),
        *(("ink-2", one) for one in ("paper", "card", "mine")),
        *(("ink-3", one) for one in ("paper", "card")),
        *(("accent", one) for one in ("paper", "card")),
        *(("bad", one) for one in ("paper", "card")),
        *(("warn", one) for one in ("paper", "warn-soft")),
        ("on-accent", "accent"),
        ("on-accent", "accent-strong"),
    ):
        light, dark = sorted((luminance(colours[ink]), luminance(colours[behind])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, behind)


def test_what_is_served_is_what_was_written_without_indents_and_comments() -> None:
    for path in STATIC_DIR.glob("*.[cj]s*"):
        written = re.sub(r"(?m)^\s*//.*$|/\*[^*]*\*/", "", path.read_text("utf-8"))
        lines = [line.strip() for line in written.splitlines() if line.strip()]
        assert served(path).decode().split("\n")[:-1] == lines, path.name
    vendored = next(STATIC_DIR.glob("vendor/htmx-*/htmx.min.js"))
    assert served(vendored) == vendored.read_bytes()


def test_the_candidate_page_is_light() -> None:
    html = render(next(sample for sample in every_sample() if sample.name == "chat"))
    loaded = re.sub(r"<noscript>.*?</noscript>", "", html, flags=re.DOTALL)
    files = re.findall(r'(?:src|href)="/static/([^"?]+)', loaded)
    assert files == ["icon.svg", "chat.css", *CHAT_SCRIPTS]
    parts = [html.encode(), *(served(STATIC_DIR / name) for name in files)]
    assert sum(map(len, parts)) < 40_000
    assert len(parts[0]) + sum(len(gzip.compress(part)) for part in parts[1:]) < 22_000

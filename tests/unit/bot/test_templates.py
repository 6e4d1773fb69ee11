"""The pages keep their promises: nobody's HTML is trusted, and the policy holds."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.web import public_views as public
from bot.web import talk_views as talk
from bot.web import views
from bot.web.pages import LANGUAGES, STATIC_DIR, Pages, icon, read_words, static_url
from bot.web.reasons import Reason
from tests.e2e import (
    alert_record_samples,
    alert_samples,
    copy_samples,
    entry_samples,
    offer_samples,
    owed_samples,
    record_samples,
    review_samples,
    samples,
)
from tests.e2e.sampling import EVIL, NOW, ZONE, Sample, shell
from tests.e2e.sheets_samples import sheets_samples
from tests.e2e.survey_samples import survey_samples

ROOT = Path(__file__).resolve().parents[3]
WORDS_DIR = ROOT / "config" / "words"
TEMPLATES = ROOT / "bot" / "web" / "templates"
PAGES = Pages(WORDS_DIR, ZONE)
WORDS = {language: read_words(WORDS_DIR / f"{language}.yaml") for language in LANGUAGES}


def every_sample() -> list[Sample]:
    """Every page and every part of one, in every state worth looking at."""
    return [
        *entry_samples.entry_samples(),
        *samples.console_samples(),
        *samples.partial_samples(),
        *alert_samples.alert_samples(),
        *review_samples.all_samples(),
        *alert_record_samples.alert_record_samples(),
        *alert_record_samples.pieces(),
        *owed_samples.owed_samples(),
        *sheets_samples(),
        *offer_samples.offer_samples(),
        *copy_samples.copy_samples(),
        *survey_samples(),
        *record_samples.all_samples(),
    ]


class Tags(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def render(sample: Sample, language: str = "zh") -> str:
    context = dict(sample.context)
    context["shell"] = replace(context["shell"], language=language)
    return PAGES.render(sample.template, language=language, **context)


def template_files() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def test_every_template_is_rendered_by_a_sample() -> None:
    rendered = {sample.template for sample in every_sample()}
    frames = {"base.html", "plain.html", "macros.html", "copy_parts.html", "console/base.html"}
    files = {path.relative_to(TEMPLATES).as_posix() for path in template_files()}
    assert files == rendered | frames


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sample", every_sample(), ids=lambda sample: sample.name)
def test_a_page_obeys_the_content_security_policy(sample: Sample, language: str) -> None:
    html = render(sample, language)
    for tag, attributes in Tags(html).found:
        assert tag not in ("style", "base", "object", "iframe", "embed"), tag
        assert "style" not in attributes, (tag, attributes)
        handlers = [name for name in attributes if name.startswith(("on", "hx-on", "hx-vars"))]
        assert handlers == [], (tag, attributes)
        if tag == "script":
            assert (attributes.get("src") or "").startswith("/static/")
        for name in ("src", "action", "hx-get", "hx-post"):
            address = attributes.get(name)
            assert address is None or re.match(r"/(?!/)|data:image/", address), address
        if tag == "link":
            assert (attributes["href"] or "").startswith("/static/")
    assert not re.search(r"<script[^>]*>[^<]", html)


@pytest.mark.parametrize("sample", every_sample(), ids=lambda sample: sample.name)
def test_a_form_that_writes_carries_the_session_token(sample: Sample) -> None:
    html = render(sample)
    forms = re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", html, re.DOTALL)
    if sample.template in (
        "chat.html",
        "pledge.html",
        "survey.html",
        "copy.html",
    ):  # the link itself is the candidate's proof
        assert all("csrf" not in form for form in forms)
    else:
        token = 'name="csrf" value="csrf-token-of-this-session"'
        assert [form for form in forms if token not in form] == []


@pytest.mark.parametrize("sample", every_sample(), ids=lambda sample: sample.name)
def test_every_field_has_a_label_and_every_picture_words(sample: Sample) -> None:
    tags = Tags(render(sample)).found
    labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    for tag, attributes in tags:
        if tag in ("select", "textarea") or (tag == "input" and attributes.get("type") != "hidden"):
            assert attributes.get("id") in labelled, attributes
        if tag == "img":
            assert attributes.get("alt"), attributes


@pytest.mark.parametrize("sample", every_sample(), ids=lambda sample: sample.name)
def test_an_id_stands_once_on_a_page(sample: Sample) -> None:
    ids = [attributes["id"] for _, attributes in Tags(render(sample)).found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_a_label_or_swap_points_at_is_on_the_page() -> None:
    for sample in [
        *samples.console_samples(),
        *alert_samples.alert_samples(),
        *review_samples.review_samples(),
        *owed_samples.owed_samples(),
        *record_samples.record_samples(),
    ]:
        tags = Tags(render(sample)).found
        ids = {attributes["id"] for _, attributes in tags if "id" in attributes}
        for _, attributes in tags:
            for name in ("for", "aria-labelledby", "aria-describedby", "data-copy"):
                assert attributes.get(name) is None or attributes[name] in ids, attributes
            for target in re.findall(r"#([\w-]+)", attributes.get("hx-select-oob") or ""):
                assert target in ids, target


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_page_says_its_language(language: str) -> None:
    expected = {"zh": '<html lang="zh-CN">', "en": '<html lang="en">'}[language]
    for sample in [
        *entry_samples.entry_samples(),
        *samples.console_samples(),
        *alert_samples.alert_samples(),
        *review_samples.review_samples(),
        *owed_samples.owed_samples(),
        *record_samples.record_samples(),
    ]:
        assert expected in render(sample, language), sample.name


def test_words_of_a_person_are_never_html() -> None:
    evil = (views.Segment(text=EVIL), views.Segment(text=EVIL, intent="salary"))
    card = replace(
        samples.URGENT, candidate_name=EVIL, quote=evil, question=EVIL, suggestion=EVIL,
        turns=(views.Turn(author="candidate", text=EVIL),), position=EVIL, topic=EVIL,
    )  # fmt: skip
    entry = replace(
        samples.ENTRIES[5], segments=evil, author_name=EVIL, outbound=True, state="dead",
        reason=Reason(EVIL, EVIL, "en"),
    )  # fmt: skip
    happened = replace(entry, id="e", kind="event", aside=True)
    page = replace(
        samples.CANDIDATE, name=EVIL, alerts=(card,),
        timeline=talk.Timeline(days=talk.by_day([entry, happened], ZONE)),
        facts=(views.AgreedFact(name=EVIL, value=EVIL, source=EVIL, at=NOW),),
        factors=(views.RiskFactor(reason=EVIL, points=1, at=NOW, quote=evil),),
    )  # fmt: skip
    console = PAGES.render("console/candidate.html", language="zh", shell=shell(), page=page)
    message = public.ChatMessage(
        id=EVIL, direction="out", author="hr", name=EVIL, text=EVIL, at=NOW,
        buttons=(public.ChatButton(label=EVIL, value=EVIL),),
    )  # fmt: skip
    chat_page = replace(entry_samples.CHAT, company=EVIL, position=EVIL, messages=(message,))
    chat = PAGES.render("chat.html", language="zh", shell=shell(), page=chat_page)
    for html in (console, chat):
        assert EVIL not in html
        assert "&lt;script&gt;" in html


def test_words_of_a_person_cannot_turn_the_text_around_them() -> None:
    html = render(next(sample for sample in every_sample() if sample.name == "candidate"))
    assert "<blockquote><bdi>" in html
    assert re.search(r'<div class="bubble">\s*<bdi>', html)


def test_evidence_is_marked_with_what_it_is_about() -> None:
    html = PAGES.render(
        "console/_alert_card.html", language="zh", shell=shell(), card=samples.SALARY
    )
    marked = re.findall(r"<mark>(.*?)<span", html)
    assert marked == ["薪资这块能不能再谈谈，少于 28k 我确实没法接"]
    assert "（依据：</span>薪资<" in html


def test_a_handled_alert_says_who_and_when() -> None:
    html = PAGES.render(
        "console/_alert_card.html", language="zh", shell=shell(), card=samples.JUDGED
    )
    assert "王敏" in html
    assert "今天 14:26" in html
    assert "更改判断" in html


def test_an_overdue_alert_says_by_how_much() -> None:
    html = PAGES.render(
        "console/_alert_card.html", language="zh", shell=shell(), card=samples.URGENT
    )
    assert "已超时 1 小时" in html


def test_a_locked_sign_in_cannot_be_sent() -> None:
    page = public.SigninPage(error="locked", wait_minutes=15)
    html = PAGES.render("signin.html", language="zh", shell=entry_samples.OUTSIDE, page=page)
    assert "15 分钟" in html
    assert re.search(r"<button[^>]* disabled>", html)


def test_the_page_of_a_muted_bot_offers_to_release_it() -> None:
    muted = PAGES.render(
        "console/_takeover.html", language="zh", shell=shell(), page=samples.CANDIDATE
    )
    free = replace(samples.CANDIDATE, takeover=views.Takeover(channel="webchat"))
    speaking = PAGES.render("console/_takeover.html", language="zh", shell=shell(), page=free)
    assert "/console/candidates/c1/release" in muted
    assert "release" not in speaking
    assert "你接手后机器人会静音" in speaking
    assert "handover" not in speaking
    serving = replace(free, takeover=views.Takeover(channel="wecom", client=True))
    taking = PAGES.render("console/_takeover.html", language="zh", shell=shell(), page=serving)
    assert "我在企业微信里接待" in taking
    assert 'action="/console/candidates/c1/handover"' in taking


def test_a_moment_reads_in_the_company_time_zone() -> None:
    words = PAGES.words["zh"]
    assert words.full(NOW, NOW) == "今天 14:30"
    assert words.full(NOW - timedelta(hours=15), NOW) == "昨天 23:30"
    assert words.full(NOW + timedelta(days=7), NOW) == "12月1日 周二 14:30"
    assert words.full(NOW + timedelta(days=60), NOW) == "2027年1月23日 14:30"
    assert PAGES.words["en"].full(NOW + timedelta(days=7), NOW) == "Tue 1 Dec 14:30"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=59), "马上到期"),
        (timedelta(minutes=59), "还剩 59 分钟"),
        (timedelta(hours=47), "还剩 47 小时"),
        (timedelta(days=2), "还剩 2 天"),
        (timedelta(minutes=-1), "已超时 1 分钟"),
        (timedelta(days=-3), "已超时 3 天"),
    ],
)
def test_a_due_time_reads_as_what_is_left(span: timedelta, words: str) -> None:
    assert PAGES.words["zh"].due(NOW + span, NOW) == words


def test_the_timeline_breaks_at_local_midnight() -> None:
    late = replace(samples.ENTRIES[1], at=NOW.replace(hour=15, minute=59))  # 23:59 in Shanghai
    early = replace(samples.ENTRIES[2], at=NOW.replace(hour=16, minute=1))
    days = talk.by_day([late, early], ZONE)
    assert [day.day.isoformat() for day in days] == ["2026-11-24", "2026-11-25"]


def test_a_language_we_do_not_speak_is_answered_in_chinese() -> None:
    page = public.ErrorPage(status=404, request_id="r1")
    html = PAGES.render("error.html", language="fr", shell=entry_samples.OUTSIDE, page=page)
    assert "没有找到这一页" in html


def test_an_unknown_icon_is_refused() -> None:
    with pytest.raises(ValueError, match="no vendored icon"):
        icon("no-such-icon")


def test_the_vendored_files_are_those_of_the_manifest() -> None:
    vendor = STATIC_DIR / "vendor"
    manifest = json.loads((vendor / "manifest.json").read_text("utf-8"))
    found = {
        path.relative_to(vendor).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == manifest["files"]


def test_the_vendored_versions_are_those_of_package_json() -> None:
    manifest = json.loads((STATIC_DIR / "vendor" / "manifest.json").read_text("utf-8"))
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    assert {package["name"]: package["version"] for package in manifest["packages"]} == wanted
    folders = {path.name for path in (STATIC_DIR / "vendor").iterdir() if path.is_dir()}
    assert all((STATIC_DIR / "vendor" / folder / "LICENSE").is_file() for folder in folders)


def test_a_changed_file_gets_a_new_address() -> None:
    content = (STATIC_DIR / "console.css").read_bytes()
    assert static_url("console.css").endswith(hashlib.sha256(content).hexdigest()[:10])


def test_our_scripts_never_write_html() -> None:
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\("
    )
    own = [path for path in STATIC_DIR.glob("*.js") if sinks.search(path.read_text("utf-8"))]
    assert own == []

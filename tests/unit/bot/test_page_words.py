"""Words of the pages: in both languages, for every stored value, and none that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from jinja2 import FileSystemLoader, nodes

from bot.alerts.digest import OwedWords
from bot.alerts.later import Later
from bot.match.match import Part
from bot.offering import Outcome
from bot.offers.pledge import Side
from bot.offers.terms import Per
from bot.profile.definition import Type
from bot.responding import Standing
from bot.surveys.shape import Event, Kind
from bot.web import public_views as public
from bot.web.console import responses
from bot.web.console.outcome import REASONS
from bot.web.console.portrait import TABS
from bot.web.exporting import Purpose
from bot.web.pages import LANGUAGES, Pages, environment, read_words
from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN, Condition, Intent, Severity
from storage.enums import (
    AlertEventKind,
    Author,
    ConsentAnswer,
    InvitationStatus,
    Level,
    MediaKind,
    NoticeState,
    Review,
    Role,
    Stage,
    StepKind,
    Verdict,
)
from storage.queries.missed_cases import Found
from tests.e2e.sampling import ZONE

ROOT = Path(__file__).resolve().parents[3]
WORDS_DIR = ROOT / "config" / "words"
TEMPLATES = ROOT / "bot" / "web" / "templates"
PAGES = Pages(WORDS_DIR, ZONE)
WORDS = {language: read_words(WORDS_DIR / f"{language}.yaml") for language in LANGUAGES}

#: Groups of words that are looked up by a value, and the values that must have a word.
GROUPS: dict[str, set[str]] = {
    "stage": {stage.value for stage in Stage},
    "step_kind": {kind.value for kind in StepKind},
    "severity": {severity.value for severity in Severity},
    "level": {level.value for level in Level},
    "intent": {intent.value for intent in Intent},
    "topic": {intent.value for intent in Intent},
    "verdict": {verdict.value for verdict in Verdict},
    "role": {role.value for role in Role},
    "author": {author.value for author in Author},
    "channel": {"webchat", "telegram", "wecom", "dingtalk", "feishu"},
    "state": {"queued", "new", "sending", "held", "sent", "dead", "ambiguous"},
    "media": {kind.value for kind in MediaKind},
    "invite_state": {"waiting", "used", "expired", "revoked"},
    "nav": {"alerts", "review", "candidates", "positions", "settings"},
    "answer": {review.value for review in Review},
    "condition": {condition.value for condition in Condition},
    "commitment": {str(step) for step in range(COMMITMENT_MIN, COMMITMENT_MAX + 1)},
    "review.show": {"open", "done"},
    "alerts.show": {"open", "mine", "handled"},
    "alert.event": {kind.value for kind in AlertEventKind} | {verdict.value for verdict in Verdict},
    "alert.escalated": {"1", "2"},
    "alert.raised_to": {"1", "2"},
    "alert.later_for": {later.value for later in Later},
    "alert.told_how": {state.value for state in NoticeState if state is not NoticeState.DROPPED},
    "alert.why": {"quiet", "cooldown", "limit", "demoted", "minor", "snoozed", "no_chat"},
    "signin.error": {"credentials", "code", "locked", "expired"},
    "positions": {
        f"{field}{hint}"
        for field in ("budget_low_k", "budget_high_k", "months")
        for hint in ("", "_hint")
    },
    "join": {"invite.title"}
    | {
        f"{kind}.{part}"
        for kind in get_args(public.Joining)
        if kind != "invite"
        for part in ("title", "text")
    },
    "error": {
        f"{kind}.{part}" for kind in (403, 404, 429, 500, "chat") for part in ("title", "text")
    },
    "chat": {
        *("sending", "sent", "waiting", "failed", "retry", "me", "program", "long", "too_long"),
        *("refused", "slow", "uploading", "chosen"),
    },
    "candidate.do": {"unsupported", "held", "dead", "ambiguous"},
    "purpose": {purpose.value for purpose in Purpose},
    "offer_state": {"draft", "sent", "accepted", "declined", "withdrawn", "replaced"},
    "request_state": {"open", "agreed", "refused", "taken_back"},
    "request_source": {"page", "message", "console"},
    "side": {side.value for side in Side},
    "per": {per.value for per in Per},
    "pledge.gone": {
        f"{kind}.{part}" for kind in ("revoked", "expired") for part in ("title", "text")
    },
    "pledge.note": {
        *("confirmed", "asked", "stale", "used", "revoked", "expired", "empty", "many"),
        "colleague",
    },
    "copy.gone": {
        f"{kind}.{part}" for kind in ("revoked", "expired") for part in ("title", "text")
    },
    "copy.by": {"candidate", "bot", "hr"},
    "copy.source": {"message", "resume", "form", "import", "other"},
    "copy.answer": {answer.value for answer in ConsentAnswer},
    "survey.end": {
        f"{kind}.{part}"
        for kind in get_args(Standing)
        if kind != "open"
        for part in ("title", "text")
    },
    "survey.note": {"saved", "more", "faults", "moved", "shut", "colleague"},
    "survey.fault": {
        *("required", "choice", "twice", "number", "money", "date", "range", "several", "long"),
    },
    "surveys.event": set(Event),
    "surveys.kind": set(Kind),
    "surveys.origin": {"file", "console"},
    "response.way": set(responses.WAYS),
    "response.status": set(InvitationStatus),
    "response.where": {"chat", "page"},
    "chat.quick": {"progress", "person", "help"},
    "owed.what": set(OwedWords.model_fields),
    "owed.show": {"mine", "all"},
    "portrait.tab": set(TABS),
    "source": {"form", "resume", "import", "message", "survey", "upload", "attachment", "check"}
    | {"other"},
    "kind_hint": {kind.value for kind in Type},
    "match.band": {"none", "low", "fair", "good"},
    "match.lacks": {f"{part}_{side}" for part in Part for side in ("candidate", "role")},
    "outcome.kind": set(Outcome),
    "ending_reason": set(REASONS),
    "resume.state": {"done", "dropped"},
    "merge.blocked": {"both", "turn"},
    "consent.answer": {answer.value for answer in ConsentAnswer},
    "consent.source": {"chat", "form", "paper", "api"},
    "privacy.line": {"purpose", "necessity", "impact", "kinds", "receiver", "period"},
    "risk.was": {"faded", "ended"},
    "missed_found": set(Found),
}


def template_files() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def word_calls() -> Iterator[tuple[str, str, nodes.Expr]]:
    """(template, function, first argument) of every t() and label() in the templates."""
    jinja = environment(PAGES.words["zh"])
    for path in template_files():
        tree = jinja.parse(path.read_text("utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in ("t", "label"):
                yield path.name, call.node.name, call.args[0]


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()


def test_both_languages_fill_the_same_places() -> None:
    def places(word: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(word) if name}

    # Chinese writes "11月", English "Nov": the month is the one place that differs.
    differing = {
        key
        for key, word in WORDS["zh"].items()
        if places(word) != places(WORDS["en"][key]) and not key.startswith("time.date")
    }
    assert differing == set()


def test_no_word_is_empty() -> None:
    assert [
        key for words in WORDS.values() for key, word in words.items() if not word.strip()
    ] == []


def test_every_word_a_template_asks_for_exists() -> None:
    missing = []
    for template, function, argument in word_calls():
        if function == "label":
            assert isinstance(argument, nodes.Const)
            known = any(key.startswith(f"{argument.value}.") for key in WORDS["zh"])
            if not known:
                missing.append((template, argument.value))
        elif isinstance(argument, nodes.Const) and argument.value not in WORDS["zh"]:
            missing.append((template, argument.value))
        elif isinstance(argument, nodes.Concat):
            prefix = argument.nodes[0]
            assert isinstance(prefix, nodes.Const)
            if prefix.value.removesuffix(".") not in GROUPS:
                missing.append((template, prefix.value))
    assert missing == []


@pytest.mark.parametrize("group", GROUPS)
def test_every_stored_value_has_a_word(group: str) -> None:
    assert {value for value in GROUPS[group] if f"{group}.{value}" not in WORDS["zh"]} == set()


def test_a_template_is_compiled_once_and_speaks_each_language() -> None:
    pages = {language: environment(PAGES.words[language]) for language in LANGUAGES}
    zh, en = (pages[language].get_template("signin.html") for language in ("zh", "en"))
    assert zh.root_render_func.__code__ is en.root_render_func.__code__
    title = "signin.error.credentials"
    assert pages["zh"].from_string("{{ t(key) }}").render(key=title) == WORDS["zh"][title]
    assert pages["en"].from_string("{{ t(key) }}").render(key=title) == WORDS["en"][title]


def test_a_changed_template_is_compiled_anew(tmp_path: Path) -> None:
    made = environment(PAGES.words["zh"])
    made.loader = FileSystemLoader(tmp_path)
    for text in ("早", "晚"):
        (tmp_path / "page.html").write_text(text, "utf-8")
        made.cache.clear()
        assert made.get_template("page.html").render() == text

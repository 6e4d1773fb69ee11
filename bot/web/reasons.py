"""Why something did not leave or arrive, in the language of whoever looks.

Channels say it in sentences, some with a platform's code or a name behind them, and that is what
is stored. ``config/words/reasons.yaml`` knows their sentences by code, in both languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot.web.views import Language

PATH = Path(__file__).resolve().parents[2] / "config" / "words" / "reasons.yaml"
PLATFORMS = (
    ("企业微信", "WeCom"), ("钉钉", "DingTalk"), ("飞书", "Feishu"), ("Telegram", "Telegram"),
)  # fmt: skip
_PLATFORM = "{platform}"
_SPACES = re.compile(r"\s+")
#: A sentence with less than this of a known one in front is another sentence.
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Reason:
    """``why``, and ``then``: what happens next or what to do. ``language`` is not the viewer's
    where a channel said what we do not know."""

    why: str
    then: str
    language: Language


@cache
def _known() -> dict[str, dict[Language, str]]:
    """Sentences in both languages by what they look like in either."""
    codes: dict[str, dict[Language, str]] = yaml.safe_load(PATH.read_text("utf-8"))
    known: dict[str, dict[Language, str]] = {}
    for both in codes.values():
        platforms = PLATFORMS if _PLATFORM in both["zh"] else (("", ""),)
        for zh, en in platforms:
            made: dict[Language, str] = {
                "zh": both["zh"].replace(_PLATFORM, zh),
                "en": both["en"].replace(_PLATFORM, en),
            }
            known |= {_bare(said): made for said in made.values()}
    return known


def _bare(said: str) -> str:
    return _SPACES.sub("", said)


def reason(language: Language, stored: str) -> Reason:
    """What is stored beside a message or a file, as the viewer reads it.

    >>> reason("en", "企业微信拒绝了这条消息（95007）").why
    'WeCom refused this message (95007)'
    """
    sentences = [part for part in stored.split("。") if part.strip()]
    said = [_said(language, part) for part in sentences]
    if not said or any(one is None for one in said):
        return Reason(stored, "", "zh" if _is_chinese(stored) else "en")
    why, *then = [one for one in said if one is not None]
    stop = "。" if language == "zh" else ". "
    return Reason(why, stop.join(then), language)


def _said(language: Language, sentence: str) -> str | None:
    """One sentence; None for what we do not know. Chinese as it was said is right as it is."""
    if language == "zh" and _is_chinese(sentence):
        return sentence.strip()
    bare = _bare(sentence)
    found = _known().get(bare)
    if found is not None:
        return found[language]
    heads = [head for head in _known() if len(head) >= _SHORTEST and bare.startswith(head)]
    if not heads:
        return None
    head = max(heads, key=len)
    return _known()[head][language] + _rest(language, bare[len(head) :])


def _rest(language: Language, rest: str) -> str:
    """What stands behind a known sentence: a code in brackets, a reason of its own, names."""
    code = re.fullmatch(r"（([^（）]*)）", rest)
    if code is not None:
        return f" ({code[1]})"
    if rest.startswith("："):
        return f": {_said(language, rest[1:]) or rest[1:]}"
    return f" {rest}"


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= one <= "\u9fff" for one in text)

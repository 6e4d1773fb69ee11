"""Why something did not arrive, in both languages: every sentence of every channel is known."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import yaml

from bot import channels
from bot.delivery import HELD
from bot.web.reasons import PATH, Reason, reason

#: Names of the tables in which channels and the road keep what HR reads of a failure.
TABLES = (
    *("WORDS", "PAGES", "HELD", "STATES", "REFUSED", "FAILURES", "CONSOLE", "FORBIDDEN"),
    *("NOT_DELIVERED", "BROKE_OFF", "TOO_LARGE"),
)
CHINESE = re.compile("[\u4e00-\u9fff]")
#: A console's own names stay as people will find them there.
NAMES = re.compile("「[^」]*」|“[^”]*”")


def sentences() -> Iterator[str]:
    """Everything that may stand beside a message or a file."""
    parts = [f"bot.channels.{part.name}" for part in pkgutil.iter_modules(channels.__path__)]
    for module in ("bot.delivery", "bot.attachments", *parts):
        for table in TABLES:
            said: Any = getattr(import_module(module), table, {})
            told = said.values() if isinstance(said, dict) else (said,)
            yield from (text for text in told if not text.startswith("["))  # a message's own words


def test_every_reason_a_channel_gives_can_be_read_in_english() -> None:
    told = set(sentences())
    assert len(told) > 100
    unknown = {
        said
        for said in told
        if (found := reason("en", said)).language != "en"
        or CHINESE.search(NAMES.sub("", found.why + found.then))
    }
    assert unknown == set(), f"not in {PATH.name}, or only by its beginning"


def test_chinese_stays_as_it_was_said() -> None:
    for said in sentences():
        found = reason("zh", said)
        assert "。".join(part for part in (found.why, found.then) if part) == said.strip()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("企业微信拒绝了这条消息（95007）", "WeCom refused this message (95007)"),
        (
            "微信没有送达这条消息：对方拒收了客服消息",
            "WeChat did not deliver this message: they refuse customer service messages",
        ),
        (
            "应用缺少权限，请在飞书开发者后台“权限管理”开通后重新发布版本：im:message",
            "The app lacks a right; grant it in Feishu's “权限管理” and publish a version again: "
            "im:message",
        ),
        (
            "连不上 Telegram，请检查网络或代理（502）",
            "Telegram cannot be reached; check the network or the proxy (502)",
        ),
    ],
)
def test_codes_and_names_behind_a_sentence_are_kept(said: str, why: str) -> None:
    assert reason("en", said) == Reason(why, "", "en")


def test_what_can_be_done_is_told_apart_from_why() -> None:
    found = reason("en", HELD["late"])
    assert found.why == "Their last message is longer ago than the platform allows"
    assert found.then == "It leaves by itself when they write again; you can also call or mail"


def test_our_own_english_is_told_in_chinese() -> None:
    assert reason("zh", "its sender was killed again and again").why.startswith("发送它的进程")


def test_what_nobody_knows_stays_and_says_its_language() -> None:
    assert reason("en", "平台说了句新话") == Reason("平台说了句新话", "", "zh")
    assert reason("zh", "something new") == Reason("something new", "", "en")


def test_a_sentence_has_one_code() -> None:
    codes = yaml.safe_load(PATH.read_text("utf-8"))
    assert all(both.keys() == {"zh", "en"} for both in codes.values())
    said = [both["zh"] for both in codes.values()]
    assert len(said) == len(set(said))

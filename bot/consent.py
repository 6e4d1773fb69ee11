"""Consent item by item: the words it is asked in, what counts as a yes, when it may be asked.

Pure. ``config/consent.yaml`` has the notice, the items and every sentence of the asking; the
version of an item is the SHA-256 of all of it that a person reads before saying yes.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from bot.placeholders import checked
from storage.enums import ConsentAnswer

#: Automatic reading of what somebody says; without it nothing is analysed.
ANALYSIS = "analysis"
#: Nobody is asked again for so long after a no, or after an asking they did not answer.
QUIET = timedelta(days=30)
#: How much of what was said before the yes is read after it.
READ_BACK = timedelta(days=14)
#: How long a word that is neither yes nor no is taken for an answer to our question.
PATIENCE = timedelta(hours=24)
#: Sources of consents that were given outside of a chat, in words of the company's own.
FORM, PAPER, API = "form:", "paper:", "api:"
#: Digits of a version that an action carries.
SHORT = 12
#: Longer texts say more than a yes or no. Also bounds the time of matching.
_LONGEST = 40
_SHANGHAI = ZoneInfo("Asia/Shanghai")
PLACEHOLDERS = frozenset({"company", "contact", "officer", "link", "name"})
#: What the details of an item are told in.
_DETAILS = frozenset(
    {
        "ask",
        "purpose",
        "necessity",
        "impact",
        "kinds",
        "receiver",
        "period",
        "refusing",
        "withdrawing",
    }
)

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Paragraph(_Part):
    """A part of the whole notice; ``points`` are listed under its text."""

    title: Text
    text: Text
    points: tuple[Text, ...] = ()


class Notice(_Part):
    """The whole notice (``/privacy``), and who answers for it."""

    contact: Text
    officer: Text
    page: tuple[Paragraph, ...] = Field(min_length=1)


class Item(_Part):
    """What is consented to by itself, and all that has to be said before (PIPL 14, 17, 29, 30)."""

    name: Text
    ask: Text
    purpose: Text
    necessity: Text
    impact: Text
    kinds: Text
    receiver: Text
    period: Text
    refusing: Text
    withdrawing: Text


class Sentences(_Part):
    """What is said around the asking."""

    agree: Text
    refuse: Text
    more: Text
    withdraw: Text
    keep: Text
    details: Text
    clarify: Text
    given: Text
    known: Text
    refused: Text
    sure: Text
    withdrawn: Text
    kept: Text
    nothing: Text
    changed: Text
    told_refused: Text
    told_withdrawn: Text


class Consents(_Part):
    """``config/consent.yaml``."""

    notice: Notice
    items: dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,24}$")], Item]
    say: Sentences

    @field_validator("items")
    @classmethod
    def _has_analysis(cls, value: dict[str, Item]) -> dict[str, Item]:
        if ANALYSIS not in value:
            raise ValueError(f"the item {ANALYSIS} is missing")
        return value

    @field_validator("notice", "items", "say")
    @classmethod
    def _known_placeholders(cls, value: Any) -> Any:
        parts = value.values() if isinstance(value, dict) else [value]
        for part in parts:
            for text in _texts(part.model_dump()):
                checked(text, PLACEHOLDERS | _DETAILS)
        return value

    def version(self, item: str) -> str:
        """The version of an item's words: one character changed makes another. Raises
        ``KeyError`` for an item that is not defined."""
        read = {"notice": self.notice.model_dump(), "item": self.items[item].model_dump()}
        packed = json.dumps(read, ensure_ascii=False, sort_keys=True, default=list)
        return hashlib.sha256(packed.encode()).hexdigest()


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [text for one in inner for text in _texts(one)]  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The company's own application form that asks for consent, and since which day it does."""

    name: str
    since: date

    def covers(self, created_at: datetime) -> bool:
        """Whether a record made then came with the form."""
        return created_at.astimezone(_SHANGHAI).date() >= self.since

    @property
    def source(self) -> str:
        """What the ledger says of it."""
        return f"{FORM}{self.name} {self.since}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSeen:
    """Where a candidate stands with one item.

    ``answer`` is the last that is one; ``by_form``: nothing is recorded, but the record came with
    the company's own form. ``open``: our question is the last choice in this conversation, and no
    person of ours has said anything since.
    """

    answer: ConsentAnswer | None = None
    notice: str = ""
    source: str = ""
    answered_at: datetime | None = None
    asked_at: datetime | None = None
    asked_notice: str = ""
    by_form: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsent:
    """Add a link to the candidate's consents. ``source``: the uid of the message it was said in."""

    item: str
    answer: ConsentAnswer
    notice: str
    source: str


def stands(seen: ConsentSeen | None, version: str) -> bool:
    """Whether there is a consent to go by: given, not withdrawn, and to these very words.

    What was given outside of a chat was given to the company's own words and keeps standing.
    """
    if seen is None:
        return False
    if seen.answer is None:
        return seen.by_form
    return seen.answer is ConsentAnswer.GIVEN and holds(seen.source, seen.notice, version)


def holds(source: str, notice: str, version: str) -> bool:
    """Whether a yes said there, to words of that version, is one to the words of today."""
    return source.startswith((FORM, PAPER, API)) or notice == version


def due(seen: ConsentSeen, version: str, now: datetime) -> bool:
    """Whether to ask. A no holds for ``QUIET`` whatever the words are by then; an asking that was
    not answered as well, as long as the words are the same."""
    if stands(seen, version):
        return False
    if seen.answer in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN):
        assert seen.answered_at is not None
        if now - seen.answered_at < QUIET:
            return False
    asked_so = seen.asked_at is not None and seen.asked_notice == version
    return not (asked_so and seen.asked_at is not None and now - seen.asked_at < QUIET)


class Meant(StrEnum):
    """What somebody says to our question."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


_ANALYSIS = (
    r"(被|让?(你们?|您|程序|机器人?|系统|一诺))?(来|再|继续|自动|去)*(分析|解读)"
    r"(我的?)?(消息|聊天|聊天记录|对话|话|信息|内容)?"
)
_YES = re.compile(
    r"((嗯+|好的?|可以的?|行的?|ok|没问题|是的?|对的?|当然)[，,、。.!！~]*)*"
    rf"(我|本人|这边)?(已经?|完全|愿意|当然)*同意({_ANALYSIS})?(了|的|啊|呀|哦|哈|滴)?"
    r"([，,、。.!！~]*(好的?|可以|没问题|谢谢(您|你)?|我?同意))*"
    r"|i(do)?agree|agreed?"
)
_NO = re.compile(
    r"(我|本人|这边|那|暂时|还是|先|就|抱歉|对不起|不好意思|不了|不|，|,|、)*"
    rf"(不同意|不愿意?|不想|不接受|不希望|拒绝|不可以|不行|不要|不用|别|不必|算了)({_ANALYSIS})?"
    r"(了|吧|的|啊|呀|哦|哈)*([，,、。.!！~]*(谢谢(您|你)?|不同意|算了))*"
    r"|no|disagree|idonotagree|idon'?tagree"
)
_UNCLEAR = re.compile(
    r"(嗯|恩|哦|噢|喔|好|好的|好吧|好哒|好嘞|行|行吧|可以|可以吧|随便|随意|都行|都可以|无所谓|没问题|收到|ok"
    r"|okay|yes|知道了|了解|明白|看情况|再说|看看|是|是的|对|en|um|[123一二三]|我?同意[吧吗么嘛?？]*"
    r"|[，,、。.!！~?？])+"
)
#: Said at any time, not only to our question.
_BARE_YES = re.compile(rf"(我|本人)?(可以|愿意)?[，,]?(我)?同意{_ANALYSIS}(了|的)?")
_WITHDRAW = re.compile(
    r"(撤回|撤销|取消|收回)(我|之前|先前|已经|的|对|自动|分析|个人|信息|处理)*(同意|授权)"
    r"|(别|不要|停止|不许|不准|请勿|不同意|不用|不能)(再|继续|自动|对|让|你们?|程序|来|去)*(分析|解读)"
    r"(了|吧|[，,。.!！~]|$|我|这些|聊天|消息|对话)"
    r"|(不想|不愿意?|不希望)(再|继续)*(被|让你们?|让程序|让机器人?)(来|自动|继续)*(分析|解读)"
    r"|(不同意|不接受|拒绝)(你们?|自动|程序|再|继续)*(分析|解读)"
)


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if not char.isspace())


def meant(text: str) -> Meant | None:
    """What a message says to our question; None: it is about something else.

    Strict where it matters: whatever leaves a doubt is no yes.

    >>> meant("可以，同意").value, meant("嗯").value, meant("别分析").value, meant("工资多少")
    ('yes', 'unclear', 'no', None)
    """
    said = _bare(text)
    if not said or len(said) > _LONGEST:
        return None
    words = said.rstrip("。.!！~,，、…")
    if not any(char.isalnum() for char in said):  # an emoji, a full stop
        return Meant.UNCLEAR
    if _NO.fullmatch(words):
        return Meant.NO
    if _YES.fullmatch(words):
        return Meant.YES
    return Meant.UNCLEAR if _UNCLEAR.fullmatch(words) else None


def agrees(text: str) -> bool:
    """Whether a message consents to the reading by itself, without being asked.

    >>> agrees("我同意自动分析"), agrees("同意"), agrees("同意分析吗？")
    (True, False, False)
    """
    said = _bare(text).rstrip("。.!！~,，、…")
    return len(said) <= _LONGEST and _BARE_YES.fullmatch(said) is not None


def withdraws(text: str) -> bool:
    """Whether a message asks to take the consent back.

    >>> withdraws("别再分析我的消息了"), withdraws("撤回同意"), withdraws("不要分析岗位的")
    (True, True, False)
    """
    said = _bare(text)
    return len(said) <= _LONGEST and _WITHDRAW.search(said) is not None

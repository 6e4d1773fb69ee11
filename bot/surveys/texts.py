"""Pieces of a definition's file that both of its forms share: texts, ids, options, complaints."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from bot.surveys.problems import Report, path_of

ID = "^[a-z0-9_]{1,40}$"
VALUE = re.compile(r"[a-z0-9_]{1,30}")
#: Characters that turn the direction of a line, or that nobody sees.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]")


class Strict(BaseModel):
    """Nothing is converted and no key is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _clean(text: str) -> str:
    if _UNSEEN.search(text) or any(
        unicodedata.category(char) in ("Cc", "Cs") and char != "\n" for char in text
    ):
        raise ValueError("有看不见的字符")
    if not text.strip():
        raise ValueError("不能为空")
    return text.strip()


def _chinese(raw: Any) -> Any:
    """The Chinese of a text in several languages: that is what candidates are asked in."""
    if not isinstance(raw, Mapping):
        return raw
    strange = sorted(str(key) for key in raw if key not in _LANGUAGES)
    if strange:
        raise ValueError(f"文字只能按语言写：{'、'.join(_LANGUAGES)}")
    for language in _LANGUAGES:
        if language in raw:
            return raw[language]
    raise ValueError("没有文字")


_LANGUAGES = ("zh-cn", "zh", "default", "en")


def _in_languages(most: int) -> WithJsonSchema:
    text = {"type": "string", "minLength": 1, "maxLength": most}
    languages = {
        "type": "object",
        "properties": dict.fromkeys(_LANGUAGES, text),
        "additionalProperties": False,
        "minProperties": 1,
    }
    return WithJsonSchema({"anyOf": [text, languages]})


_CLEAN = AfterValidator(_clean)
_CHINESE = BeforeValidator(_chinese)
Title = Annotated[str, StringConstraints(min_length=1, max_length=120), _CLEAN]
Ask = Annotated[str, StringConstraints(min_length=1, max_length=300), _CLEAN]
Note = Annotated[str, StringConstraints(min_length=1, max_length=600), _CLEAN]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60), _CLEAN]
LocalTitle = Annotated[Title, _CHINESE, _in_languages(120)]
LocalAsk = Annotated[Ask, _CHINESE, _in_languages(300)]
LocalNote = Annotated[Note, _CHINESE, _in_languages(600)]
LocalLabel = Annotated[Label, _CHINESE, _in_languages(60)]
Id = Annotated[str, StringConstraints(pattern=ID)]
Rule = Annotated[str, StringConstraints(min_length=3, max_length=500)]
Key = Annotated[str, StringConstraints(pattern="^[a-z0-9_.]{1,60}$")]


class Alert(Strict):
    """A person has to look when ``if`` holds for the question's own answer."""

    test: Rule = Field(alias="if")
    topic: Key
    severity: Literal["digest", "today", "now"] = "today"


class StartFile(Strict):
    """When a survey goes out by itself."""

    after: Literal["interview", "offer", "accepted", "start", "onboarded"]
    days: int = Field(default=0, ge=0, le=366)
    months: int = Field(default=0, ge=0, le=24)
    before: bool = False
    at: Annotated[str, StringConstraints(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "10:00"
    valid_workdays: int = Field(default=5, ge=1, le=60)


class Whole(Strict):
    """What is said of a survey besides its questions, in both forms."""

    id: Id | None = None
    title: LocalTitle
    intro: LocalNote | None = None
    thanks: LocalNote | None = None
    named: bool = True
    start: StartFile | None = None
    stages: list[Literal["interview", "offer", "accepted", "onboarded", "confirmed"]] = Field(
        default_factory=list, max_length=5
    )
    max_questions: int = Field(default=7, ge=1, le=30)
    max_reason: Note | None = None


_SAYS: Mapping[str, str] = {
    "extra_forbidden": "没有这个键，请核对拼写",
    "missing": "必须填写",
    "string_type": "应当是文字；数字和是否请加引号",
    "string_too_short": "不能为空",
    "string_too_long": "太长了，最多 {max_length} 个字",
    "string_pattern_mismatch": "写法不对，要符合 {pattern}",
    "int_type": "应当是整数",
    "bool_type": "应当是 true 或 false",
    "float_type": "应当是数字",
    "finite_number": "应当是数字",
    "list_type": "应当是一个列表",
    "model_type": "应当写成「键: 值」",
    "dict_type": "应当写成「键: 值」",
    "model_attributes_type": "应当写成「键: 值」",
    "literal_error": "只能是 {expected}",
    "union_tag_invalid": "没有这种题型，可以是 {expected_tags}",
    "union_tag_not_found": "要写明题型",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "greater_than_equal": "太小了，最小是 {ge}",
    "less_than_equal": "太大了，最大是 {le}",
}


def complain(error: ValidationError, raw: Any, report: Report) -> None:
    """Each complaint in Chinese under the path people see in their file."""
    for one in error.errors(include_input=False, include_url=False):
        says = one["msg"].removeprefix("Value error, ")
        if one["type"] in _SAYS:
            says = _SAYS[one["type"]].format_map(one.get("ctx", {}))
        report.wrong(path_of(_seen(one["loc"], raw)), says)


def _seen(loc: tuple[str | int, ...], raw: Any) -> list[str | int]:
    """A place without the steps pydantic took between the types of a union."""
    made: list[str | int] = []
    for number, part in enumerate(loc):
        inside = isinstance(raw, Mapping) and part in raw
        listed = isinstance(raw, list) and isinstance(part, int) and part < len(raw)
        if inside or listed:
            raw = raw[part]
        elif number < len(loc) - 1:
            continue
        elif not isinstance(raw, Mapping):
            break
        made.append(part)
    return made

"""The environment as a source of settings, and what is said of a setting that cannot be used.

Two ways in besides ``settings.yaml``: ``YINUO_SECTION__KEY``, and ``YINUO_SECTION__KEY_FILE``,
which names a file that holds the value. What is wrong is told in Chinese, by the variable's name.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX = "YINUO_"
FILE = "_FILE"
#: Read before there are settings.
ELSEWHERE = frozenset({"YINUO_SETTINGS"})

#: What pydantic complains of, for people; the rest keeps its own words.
_SAYS = {
    "extra_forbidden": "没有这个设置，请核对拼写",
    "missing": "必须填写",
    "bool_parsing": "应当是 true 或 false",
    "bool_type": "应当是 true 或 false",
    "int_parsing": "应当是整数",
    "int_type": "应当是整数",
    "float_parsing": "应当是数字",
    "float_type": "应当是数字",
    "greater_than": "太小了，应当大于 {gt}",
    "greater_than_equal": "太小了，最小是 {ge}",
    "less_than": "太大了，应当小于 {lt}",
    "less_than_equal": "太大了，最大是 {le}",
    "string_pattern_mismatch": "不能是这个值，可以是 {pattern}",
}


def names(field: str, info: FieldInfo) -> tuple[str, ...]:
    """The names a field goes by in a file or the environment, the promised one first."""
    if isinstance(info.validation_alias, AliasChoices):
        return tuple(str(choice) for choice in info.validation_alias.choices)
    return (field,)


def variable(path: Iterable[str]) -> str:
    """The environment variable of a setting.

    >>> variable(("wecom", "corp_id"))
    'YINUO_WECOM__CORP_ID'
    """
    return PREFIX + "__".join(path).upper()


def field(model: type[BaseModel], keys: Iterable[str]) -> FieldInfo | None:
    """The field that a path of names means, if there is one."""
    info, rest = _led(model, list(keys))
    return None if rest else info


def strange(model: type[BaseModel], given: Iterable[str]) -> list[str]:
    """Names of variables that look like ours and mean nothing, so that nobody reads them."""
    return sorted(
        name
        for name in given
        if name.startswith(PREFIX)
        and name not in ELSEWHERE
        and not _means(model, _keys(name))
        and not _means(model, _keys(name.removesuffix(FILE)))
    )


def complaints(error: ValidationError) -> list[str]:
    """A line for each setting that cannot be used: its variable and why, never its value."""
    told = []
    for one in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in one["loc"]]
        says = one["msg"].removeprefix("Value error, ")
        if one["type"] in _SAYS:
            says = _SAYS[one["type"]].format_map(one.get("ctx", {}))
            says = re.sub(r"\^\((.+)\)\$$", lambda match: match[1].replace("|", "、"), says)
        told.append(f"{variable(path)}：{says}" if path else says)
    return told


def refusal(path: Iterable[str], says: str) -> ValidationError:
    """The error for one setting, as validation would raise it."""
    kind = PydanticCustomError("setting", "{says}", {"says": says})
    return ValidationError.from_exception_data(
        "Settings", [InitErrorDetails(type=kind, loc=tuple(path), input=None)]
    )


class Environment(PydanticBaseSettingsSource):
    """Values of ``YINUO_…`` variables. Raises ``ValidationError`` for a list that is no JSON."""

    def __init__(self, settings_cls: type[BaseSettings], inner: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._inner = inner

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        for name, value in _ours(os.environ):
            info = field(self.settings_cls, _keys(name))
            if info is not None and value and not _readable(info, value):
                raise refusal(_keys(name), _JSON)
        read = self._inner()
        for name, _ in _ours(os.environ):
            if _is_file(self.settings_cls, name):
                _drop(read, _keys(name))
        return read


class SecretFiles(PydanticBaseSettingsSource):
    """Values of ``YINUO_…_FILE`` variables, read from the files they name. Raises
    ``ValidationError`` for a file that cannot be read.
    """

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for name, path in _ours(os.environ):
            if not _is_file(self.settings_cls, name):
                continue
            keys = _keys(name.removesuffix(FILE))
            place = read
            for key in keys[:-1]:
                place = place.setdefault(key, {})
            place[keys[-1]] = _content(path, _keys(name))
        return read


_JSON = """应当是 JSON：列表写成 '["甲","乙"]'，名字与值的对应写成 '{"名字":"值"}'"""


def _ours(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in ELSEWHERE:
            yield name, value


def _keys(name: str) -> list[str]:
    return name.removeprefix(PREFIX).lower().split("__")


def _led(model: type[BaseModel], keys: list[str]) -> tuple[FieldInfo | None, list[str]]:
    """The field a path leads to, and what of the path is left: the name of a mapping's entry."""
    info: FieldInfo | None = None
    inside: Any = model
    for number, key in enumerate(keys):
        if not _is_model(inside):
            mapping = info is not None and get_origin(info.annotation) is dict
            return (info, keys[number:]) if mapping else (None, [])
        fields = inside.model_fields.items()
        info = next((info for name, info in fields if key in names(name, info)), None)
        if info is None:
            return None, []
        inside = info.annotation
    return info, []


def _means(model: type[BaseModel], keys: list[str]) -> bool:
    return _led(model, keys)[0] is not None


def _is_file(model: type[BaseModel], name: str) -> bool:
    """Whether a variable names a file: no setting itself is called so."""
    return name.endswith(FILE) and field(model, _keys(name)) is None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _readable(info: FieldInfo, value: str) -> bool:
    """Whether a value for a list, a mapping or a whole section is JSON of that kind."""
    kind = dict if _is_model(info.annotation) else get_origin(info.annotation)
    if kind not in (list, dict):
        return True
    try:
        return isinstance(json.loads(value), kind)
    except ValueError:
        return False


def _drop(read: dict[str, Any], keys: list[str]) -> None:
    """Remove what lies at a path, if anything does."""
    place: Any = read
    for key in keys[:-1]:
        place = place.get(key) if isinstance(place, dict) else None
    if isinstance(place, dict):
        place.pop(keys[-1], None)


def _content(path: str, keys: list[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise refusal(keys, f"读不到文件 {path}（{error.strerror}）") from None
    except UnicodeDecodeError:
        raise refusal(keys, f"文件 {path} 不是 UTF-8 文本") from None

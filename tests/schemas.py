"""JSON Schema as far as our own schemas go. A keyword it does not know fails the test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SAYS_NOTHING = frozenset({"title", "description", "default", "$schema", "$defs", "discriminator"})
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def fits(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """Whether a value is what the schema describes."""
    return all(
        _KEYWORDS[key](value, told, schema, root)
        for key, told in schema.items()
        if key not in _SAYS_NOTHING
    )


def _type(value: Any, name: str, *_: Any) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _properties(value: Any, told: Mapping[str, Any], _: Any, root: Any) -> bool:
    if not isinstance(value, dict):
        return True
    return all(fits(value[key], one, root) for key, one in told.items() if key in value)


def _more(value: Any, told: bool, schema: Mapping[str, Any], _: Any) -> bool:
    assert told is False
    return not isinstance(value, dict) or set(value) <= set(schema["properties"])


def _ref(value: Any, told: str, _: Any, root: Mapping[str, Any]) -> bool:
    return fits(value, root["$defs"][told.removeprefix("#/$defs/")], root)


_KEYWORDS: Mapping[str, Any] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _more,
    "$ref": _ref,
    "required": lambda value, told, *_: not isinstance(value, dict) or set(told) <= set(value),
    "items": lambda value, told, _, root: (
        not isinstance(value, list) or all(fits(one, told, root) for one in value)
    ),
    "anyOf": lambda value, told, _, root: any(fits(value, one, root) for one in told),
    "oneOf": lambda value, told, _, root: sum(fits(value, one, root) for one in told) == 1,
    "enum": lambda value, told, *_: value in told,
    "const": lambda value, told, *_: value == told,
    "pattern": lambda value, told, *_: not isinstance(value, str) or re.search(told, value),
    "minLength": lambda value, told, *_: not isinstance(value, str) or len(value) >= told,
    "maxLength": lambda value, told, *_: not isinstance(value, str) or len(value) <= told,
    "minItems": lambda value, told, *_: not isinstance(value, list) or len(value) >= told,
    "maxItems": lambda value, told, *_: not isinstance(value, list) or len(value) <= told,
    "minProperties": lambda value, told, *_: not isinstance(value, dict) or len(value) >= told,
    "minimum": lambda value, told, *_: not isinstance(value, int | float) or value >= told,
    "maximum": lambda value, told, *_: not isinstance(value, int | float) or value <= told,
}

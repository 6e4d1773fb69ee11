"""YAML or JSON text as data, with the line each part stands in. Refuses what a form never needs."""

from __future__ import annotations

from typing import Any

import yaml

from bot.surveys.problems import Problem, SurveyInvalid, path_of

MOST_CHARACTERS = 200_000
_DEEPEST = 12


def read(text: str) -> tuple[Any, dict[str, int]]:
    """Data and the line of each path. Raises ``SurveyInvalid``: for broken text, keys that come
    twice, anchors (a short text must not unfold into a long one), tags, and depths beyond reason.
    """
    if len(text) > MOST_CHARACTERS:
        raise SurveyInvalid([Problem(0, "", f"文件太长，最多 {MOST_CHARACTERS} 个字符")])
    lines: dict[str, int] = {}
    try:
        # A JSON text may be indented with tabs; YAML may not, and JSON strings hold none.
        plain = text.replace("\t", " ") if text.lstrip("\ufeff \n\r\t").startswith("{") else text
        _no_anchors(plain)
        node = yaml.compose(plain, Loader=yaml.SafeLoader)
        if node is None:
            raise SurveyInvalid([Problem(1, "", "文件是空的")])
        return _value(node, (), lines), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 0
        raise SurveyInvalid([Problem(line, "", f"不是合格的 YAML：{error.problem}")]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, SurveyInvalid):
            raise
        raise SurveyInvalid([Problem(0, "", "不是合格的 YAML 或 JSON")]) from error


def _no_anchors(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SurveyInvalid([Problem(line, "", "不支持 & 和 * 引用，请写全")])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise SurveyInvalid([Problem(line, "", "嵌套太深")])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(node: yaml.Node, at: tuple[str | int, ...], lines: dict[str, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path_of(at), line)
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise SurveyInvalid([Problem(line, path_of(at), "键要是一个词")])
            key = str(key_node.value)
            if key in made:
                raise SurveyInvalid([Problem(line, path_of((*at, key)), "这个键写了两遍")])
            lines[path_of((*at, key))] = line
            made[key] = _value(value_node, (*at, key), lines)
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*at, number), lines) for number, one in enumerate(node.value)]
    if node.tag == "tag:yaml.org,2002:str":
        # Escaped surrogate pairs of JSON are one character; half of one is refused by its key.
        return str(node.value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if node.tag == "tag:yaml.org,2002:timestamp":
        return str(node.value)
    if node.tag not in _SCALARS:
        raise SurveyInvalid([Problem(line, path_of(at), "不支持 YAML 标签")])
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise SurveyInvalid([Problem(line, path_of(at), "这个值写得不对")]) from error
    finally:
        loader.dispose()


_SCALARS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))

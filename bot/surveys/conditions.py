"""Conditions as text: ``{mood} < 3 and {reasons} contains 'pay' or {came} = 'no'``.

Comparisons joined by ``and`` and ``or``; ``and`` binds closer; no brackets and no functions, so
that HR can read one aloud. Nothing is ever evaluated as a program.
"""

from __future__ import annotations

import re

from bot.surveys.shape import Comparison, Condition

_MOST = 500
_TOKEN = re.compile(
    r"\s*(?:\{(?P<braced>[^{}\s]{1,60})\}|'(?P<single>[^'\n]{0,120})'|\"(?P<double>[^\"\n]{0,120})\""
    r"|(?P<op><=|>=|!=|=|<|>)|(?P<number>-?\d{1,12}(?:\.\d{1,6})?(?![\w-]))"
    r"|(?P<word>[\w-]{1,60}))"
)
_ID = re.compile(r"[a-z0-9_]{1,40}")


def read(text: str) -> Condition:
    """The condition a text says. Raises ``ValueError`` with the reason in Chinese."""
    if len(text) > _MOST:
        raise ValueError(f"条件最多 {_MOST} 个字符")
    tokens = _tokens(text)
    either: list[tuple[Comparison, ...]] = []
    group: list[Comparison] = []
    while True:
        group.append(_comparison(tokens))
        if not tokens:
            return Condition(either=(*either, tuple(group)))
        kind, joint = tokens.pop(0)
        if kind != "word" or joint.lower() not in ("and", "or"):
            raise ValueError("比较之间只能用 and 或 or 连接")
        if joint.lower() == "or":
            either.append(tuple(group))
            group = []


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"条件在第 {at + 1} 个字符处看不懂；不支持括号和函数")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _comparison(tokens: list[tuple[str, str]]) -> Comparison:
    if len(tokens) < 3:
        raise ValueError("条件要写成「{题目} 比较 值」，例如 {mood} < 3")
    (kind, question), (op_kind, op), (value_kind, value) = (tokens.pop(0) for _ in range(3))
    if kind not in ("braced", "word") or not _ID.fullmatch(question):
        raise ValueError("比较的左边要是题目的 id，例如 {mood}")
    if op_kind != "op" and (op_kind, op) != ("word", "contains"):
        raise ValueError("比较只能用 = != < > <= >= contains")
    if value_kind in ("braced", "op"):
        raise ValueError("比较的右边要是一个值；文字请加引号")
    told: str | float = float(value) if value_kind == "number" else value
    return Comparison(question=question, op=op, value=told)

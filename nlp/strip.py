"""Take off what the sender did not say: quoted mail, mentions, footers, auto-replies.

Works on normalised text. Line by line, so a text of any length costs one pass.
"""

from __future__ import annotations

import re

from nlp.mapped import Mapped

#: From here to the end the words are somebody else's.
_REST = re.compile(
    r"^(?:-{3,}\s*(?:原始邮件|原邮件|转发的?邮件|forwarded message|original message).*"
    r"|on .{4,80}wrote:\s*"
    r"|在?\s*\d{4}[年/-].{4,60}写道:\s*"
    r"|_{6,}\s*"
    r"|--\s*)$"
)
#: One line that is a header, a footer, a quote or a machine's answer.
_LINE = re.compile(
    r"^\s*(?:[>|].*"
    r"|(?:发件人|收件人|抄送|发送时间|主题|from|to|cc|sent|subject):.*"
    r"|发自我的.{0,20}|来自我的.{0,20}|sent from my .{0,30}|从我的.{1,15}发送|获取 ?outlook.{0,20}"
    r"|[\[【(]?自动回复[\]】)]?.*|\[?auto[- ]?reply\]?.*|automatic reply.*"
    r"|[\[【](?:聊天记录|链接|名片|位置|转发|小程序|合并转发)[\]】].*"
    r"|[-=_—─ ]{5,}"
    r"|[「『].{0,200}[」』]\s*)$"
)
_MENTION = re.compile(r"@[^\s@,，。!！?？:：]{1,20}(?:[\s:：]|$)")


def strip(mapped: Mapped) -> Mapped:
    """Only the sender's own words; empty when there are none."""
    keep: list[tuple[int, int]] = []
    text = mapped.text
    multi = "\n" in text
    at = 0
    for line in text.splitlines(keepends=True) or [""]:
        bare = line.rstrip("\n")
        if _REST.match(bare):
            break
        whole = bare.startswith(("「", "『")) and not multi
        if whole or not _LINE.match(bare):
            keep += _without_mentions(text, at, at + len(line))
        at += len(line)
    if keep == [(0, len(text))]:
        return _trimmed(mapped)
    return _trimmed(mapped.cut(keep))


def _without_mentions(text: str, start: int, end: int) -> list[tuple[int, int]]:
    if "@" not in text[start:end]:
        return [(start, end)]
    kept: list[tuple[int, int]] = []
    done = start
    for match in _MENTION.finditer(text, start, end):
        if (
            match.start()
            and text[match.start() - 1].isascii()
            and text[match.start() - 1].isalnum()
        ):
            continue  # an e-mail address, not a mention
        kept.append((done, match.start()))
        done = match.end()
    kept.append((done, end))
    return [part for part in kept if part[0] < part[1]]


def _trimmed(mapped: Mapped) -> Mapped:
    text = mapped.text
    left = len(text) - len(text.lstrip())
    right = len(text.rstrip())
    if left == 0 and right == len(text):
        return mapped
    return mapped.cut([(left, right)] if left < right else [])

"""The guides of the channels, read as somebody reads them who sets a channel up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "bot" / "channels" / "guides"
#: The same variable, wherever a file names it; what stands for several is none.
VARIABLE = re.compile(r"\bYINUO_[A-Z0-9]+(?:_{1,2}[A-Z0-9]+)*\b(?!_)")
_PLACEHOLDER = re.compile(r"<[^<>\n]+>")


def text(channel: str) -> str:
    """The whole guide."""
    return (FOLDER / f"{channel}.md").read_text("utf-8")


def section(channel: str, title: str) -> str:
    """What stands under one heading of the second level."""
    _, found, rest = text(channel).partition(f"\n## {title}\n")
    assert found, f"{channel}.md has no section {title}"
    return rest.partition("\n## ")[0]


def minimal(channel: str) -> dict[str, str]:
    """The fewest settings, as the guide gives them: values to fill in stand in angles."""
    [block] = re.findall(r"```sh\n(.*?)```", section(channel, "最少的设置"), re.S)
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, _, value in pairs}


def filled(channel: str, values: Mapping[str, str]) -> dict[str, str]:
    """The fewest settings with every placeholder filled in, and nothing else changed."""
    given = minimal(channel)
    open_ = {name for name, value in given.items() if _PLACEHOLDER.fullmatch(value)}
    assert open_ == set(values), f"{channel}.md leaves open {open_}"
    return {**given, **values}


def symptoms(channel: str) -> list[str]:
    """What the guide says one may read in the output of a check: the first table's first column."""
    before, _, _ = section(channel, "出了问题").partition("检查都通过")
    rows = re.findall(r"^\| (.+?) \|", before, re.M)
    return [row for row in rows if row != "看到"]

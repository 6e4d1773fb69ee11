"""What is wrong with a definition, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: The line each path stands in, for example ``questions[2].ask``; the root is the empty path.
Lines = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a definition is refused. ``line`` 0: not known."""

    line: int
    path: str
    what: str

    @property
    def place(self) -> str:
        """Line and path; empty where it is about the whole."""
        line = f"第 {self.line} 行" if self.line else ""
        return "，".join(part for part in (line, self.path) if part)

    def __str__(self) -> str:
        return f"{self.place}：{self.what}" if self.place else self.what


class SurveyInvalid(ValueError):
    """A definition cannot be used; ``problems`` says all that is wrong with it, in order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("；".join(map(str, self.problems)))


@dataclass(slots=True)
class Report:
    """Collects problems while a definition is read."""

    lines: Lines
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, what: str) -> None:
        """Note a problem; its line is that of the path, or of what encloses it."""
        self.problems.append(Problem(line_of(path, self.lines), path, what))

    def close(self) -> None:
        """Raise ``SurveyInvalid`` if anything was wrong."""
        if self.problems:
            raise SurveyInvalid(sorted(self.problems, key=lambda one: one.line))


def line_of(path: str, lines: Lines) -> int:
    """The line of a path, or of the nearest thing around it.

    >>> line_of("questions[0].ask", {"": 1, "questions[0]": 7})
    7
    """
    while path not in lines:
        if not path:
            return 0
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines[path]


def path_of(parts: Iterable[str | int]) -> str:
    """A path as people write it.

    >>> path_of(["questions", 2, "ask"])
    'questions[2].ask'
    """
    made = ""
    for part in parts:
        made += f"[{part}]" if isinstance(part, int) else f".{part}" if made else part
    return made

"""Where one clause ends and the next begins, and where the speaker turns (但, 不过, 只是)."""

from __future__ import annotations

import re
from bisect import bisect_right

_CLAUSE = re.compile(r"[,。!?;\n…、]+|~+|\.{2,}|(?<=[^\x00-\x7f]) +(?=[^\x00-\x7f])")
_SENTENCE = re.compile(r"[。!?;\n]+|\.{2,}|~+")

#: After these the second half decides. The look-arounds leave out what only looks like a turn.
_TURN = re.compile(
    r"但是|(?<![不非])但(?!凡|愿)|不过(?!来|去|了|分|如此|关|审)|只是|只不过|然而|可是|可惜|无奈"
    r"|(?<=[,。!?\n ~])(?:就是(?!说|了|你们|这|那|咱)|可(?=我|现在|目前|薪|工资|家|老婆)|奈何)"
    r"|\b(?:but|however|unfortunately)\b"
)


class Clauses:
    """Clause and sentence numbers of places in one text."""

    def __init__(self, text: str) -> None:
        self._clauses = [match.end() for match in _CLAUSE.finditer(text)]
        self._sentences = [match.end() for match in _SENTENCE.finditer(text)]
        self.turns = tuple(match.start() for match in _TURN.finditer(text))

    def clause(self, at: int) -> int:
        """The number of the clause that holds the place."""
        return bisect_right(self._clauses, at)

    def sentence(self, at: int) -> int:
        """The number of the sentence that holds the place."""
        return bisect_right(self._sentences, at)

"""Which of a set of known askings a message is, in whatever wording; or none of them.

An asking is known by example phrasings. A piece of the message (a sentence, a clause, two clauses
in a row) is as near to an example as the weight of the characters and pairs of characters they
share, of what either has; rare ones weigh more. Politeness and particles are taken off first, and
words that mean the same are made one. What is nearer to a phrase that is no asking is none.

Pure, no service, no model file: the examples are all there is, and who adds one sees it work.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from nlp.normalize import normalize
from nlp.sameness import same

#: The least nearness that counts, measured on the tuning half of tests/askings.
THRESHOLD = 0.48
#: Of a text without the words an asking goes by, of a statement where a question is known, and
#: how near those words alone are.
_SHAPELESS, _STATED, _SHAPED = 0.66, 0.6, 0.5
#: Nothing longer is looked at: neither a text nor a piece.
_LONGEST, _PIECE, _PIECES, _SHORT = 1000, 48, 24, 18
#: How near a phrase that is no asking must be before it speaks against one.
_ALIKE = 0.6

_SENTENCE = re.compile(r"[。!?;\n…~]+")
_CLAUSE = re.compile(r"[,、:]+|(?<=[^\x00-\x7f]) +(?=[^\x00-\x7f])")
_ASKS = re.compile(
    r"[?]|吗|么(?!多)|呢|怎|咋|啥|什么|几|多少|多久|多长|多大|哪|谁|何时|何处|是否|如何|有没有|能不能|可不可|会不会"
    r"|是不是|要不要|需不需|用不用|交不交|包不包|管不管|(?:不|没|否)[\s,。]*$|请问|问下|问一下|想问|咨询"
    r"|发我|告诉我|告知|说一下|说下|发个|查|看看|看下|求|跟进|我的进度"
)
Grams = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Words that make an asking likely: one of each group of ``has``, and none of ``lacks``."""

    has: tuple[frozenset[str], ...]
    lacks: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, line: str) -> Shape:
        """``a|b & c & !d|e``. Raises ``ValueError`` for an empty word, or nothing to have.

        >>> Shape.parse("a|b & c & !d").fits({"b", "c"}), Shape.parse("a & !b").fits({"a", "b"})
        (True, False)
        """
        groups = [part.strip() for part in line.lower().split("&")]
        has = [tuple(part.split("|")) for part in groups if not part.startswith("!")]
        lacks = [word for part in groups if part.startswith("!") for word in part[1:].split("|")]
        if not has or not all(all(group) for group in (*has, lacks)):
            raise ValueError(f"not of the form a|b & c & !d: {line}")
        return cls(has=tuple(map(frozenset, has)), lacks=frozenset(lacks))

    @property
    def words(self) -> frozenset[str]:
        """Every word it asks about."""
        return frozenset().union(*self.has, self.lacks)

    def fits(self, words: AbstractSet[str]) -> bool:
        """Whether these words have what it must have and lack what it must not."""
        return all(not words.isdisjoint(group) for group in self.has) and (
            words.isdisjoint(self.lacks)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One asking: ``says`` are examples, ``shapes`` words that make it likely. ``only``: without
    such words it is not taken for one. ``asks``: it is a question; a statement is further away."""

    name: str
    says: tuple[str, ...]
    shapes: tuple[Shape, ...] = ()
    only: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a message asks, how near it is (0 to 1), and the piece of it that does."""

    name: str
    nearness: float
    piece: str


_QUESTION = re.compile(
    r"(?:[?]|吗|么(?<!什么)|呢|有没有|能不能|可不可以|是不是|会不会|要不要|多少|多久|什么时候|啥时候|几点|哪里|哪儿|怎么(?!样都|也|都))"
    r"|请问|想问|问一?下"
)
#: Questions that ask nothing of us: greetings, and what is said in passing.
_SMALL = re.compile(
    r"^(?:在吗?|在么|方便吗?|好吗|可以吗|行吗|是吗|真的吗|吃了吗|忙吗|怎么了|你好|您好|[?\s,。!~…]|呢|吗)*$"
)


def questioned(text: str) -> bool:
    """Whether a text asks something that somebody could answer.

    >>> questioned("公司可以带宠物吗"), questioned("在吗？"), questioned("好的，周五见")
    (True, False, False)
    """
    clean = _clean(text[:_LONGEST])
    return _QUESTION.search(clean) is not None and _SMALL.match(clean) is None


class Askings:
    """The known askings, ready to be compared with. Building is linear in the examples."""

    def __init__(self, known: Sequence[Known], never: Iterable[str]) -> None:
        examples: list[tuple[str, Counter[str]]] = [
            (one.name, _grams(_bare(_clean(text)))) for one in known for text in one.says
        ]
        examples += [("", _grams(_bare(_clean(text)))) for text in never]
        self._known = {one.name: one for one in known}
        self._exactly = {_bare(_clean(text)): one.name for one in known for text in one.says}
        self._exactly.pop("", None)
        shapes = [shape for one in known for shape in one.shapes]
        self._words = frozenset().union(*(group for s in shapes for group in (*s.has, s.lacks)))
        among: dict[str, set[str]] = {}
        for number, (name, grams) in enumerate(examples):
            for gram in grams:
                among.setdefault(gram, set()).add(name or f"-{number // 4}")
        names = len(known) + 12
        self._weight = {
            gram: _size(gram) * math.log((names + 1) / (len(them) + 0.5))
            for gram, them in among.items()
        }
        self._new = 0.62 * math.log(names)
        self._names = [name for name, _ in examples]
        self._norms = [self._norm(grams) for _, grams in examples]
        self._where: dict[str, list[int]] = {}
        for number, (_, grams) in enumerate(examples):
            for gram in grams:
                self._where.setdefault(gram, []).append(number)

    def find(self, text: str, *, threshold: float = THRESHOLD) -> Asked | None:
        """The asking that some piece of a text is nearest to; None below the threshold."""
        return next(iter(self.all(text, threshold=threshold)), None)

    def all(self, text: str, *, threshold: float = THRESHOLD) -> tuple[Asked, ...]:
        """The askings of a text, each once, the nearest first; no two of the same words."""
        clean = _clean(text[:_LONGEST]).strip()
        name = self._exactly.get(_bare(clean)) if len(clean) <= _PIECE else None
        if name is not None:  # word for word, whatever words it lacks
            return (Asked(name=name, nearness=1.0, piece=clean),)
        near = (self._nearest(piece) for piece in pieces(clean))
        good = [found for found in near if found is not None and found.nearness >= threshold]
        taken: list[Asked] = []
        for found in sorted(good, key=lambda one: (-one.nearness, len(one.piece))):
            if not any(
                found.name == one.name or found.piece in one.piece or one.piece in found.piece
                for one in taken
            ):
                taken.append(found)
        return tuple(taken)

    def _nearest(self, piece: str) -> Asked | None:
        grams = _grams(_bare(piece))
        if not grams:
            return None
        shared: dict[int, float] = {}
        for gram in grams:
            weight = self._weight.get(gram, 0.0)
            for number in self._where.get(gram, ()):
                shared[number] = shared.get(number, 0.0) + weight
        norm = self._norm(grams)
        nearest: dict[str, float] = {}
        for number, weight in shared.items():
            name = self._names[number]
            # Of both sides' weight, with more patience for what the message says besides.
            near = weight / (0.45 * norm + 0.55 * self._norms[number])
            if near > nearest.get(name, 0.0):
                nearest[name] = min(near, 1.0)
        none = nearest.pop("", 0.0)
        for name in self._known:
            nearest.setdefault(name, 0.0)
        words = {word for word in self._words if word in piece}
        scored = {name: self._lifted(name, near, piece, words) for name, near in nearest.items()}
        name = max(scored, key=lambda one: (scored[one], nearest[one], one))
        if none > max(nearest[name], _ALIKE):
            return None
        return Asked(name=name, nearness=scored[name], piece=piece) if scored[name] else None

    def _lifted(self, name: str, near: float, piece: str, words: AbstractSet[str]) -> float:
        """A nearness with what the words of the piece make likely or unlikely."""
        one = self._known[name]
        if any(shape.fits(words) for shape in one.shapes):
            lift = _SHAPED * min(1.0, _SHORT / len(piece))
            near = lift + (1 - lift) * near
        elif one.only:
            return 0.0
        elif one.shapes:
            near *= _SHAPELESS
        return near * _STATED if one.asks and not _ASKS.search(piece) else near

    def _norm(self, grams: Iterable[str]) -> float:
        return sum(self._weight.get(gram, self._new * _size(gram)) for gram in grams) or 1.0


def _size(gram: str) -> float:
    """One character says less than two, except where it stands for a word."""
    return 1.0 if len(gram) > 1 or ord(gram) >= _WORD else 0.45


_WORD = 0xE000


def _clean(text: str) -> str:
    return normalize(text).text


_BARE = re.compile(
    r"^(?:您好|你好|老师|请问|麻烦|打扰|不好意思|嗨|哈喽|hr|hi|hello|那个|嗯+|额|哦|啊|对了|还有|另外"
    r"|然后|就是|顺便|我?想(?:问|咨询|了解|知道|确认)(?:一?下)?|问(?:一?下)|请教(?:一?下)?"
    r"|咨询(?:一?下)?|帮(?:我|忙)|能不能|能否|可以|可不可以|能|请|你们|咱们|咱|贵司|贵公司|公司"
    r"|[您你]|一下|下|给我|,| )+"
)
_TAIL = re.compile(
    r"(?:[呀啊哈呢吧嘛呗哇哦噢啦哟诶喽咯嘞了的吗么不没]|谢谢|谢啦|多谢|麻烦了|一下|可以吗|好吗|行吗|行不行|好不好"
    r"|[\s,.。!?~])+$"
)
_NOISE = re.compile(r"[^\w\ue000-\uf8ff]|_|一下")


def _bare(piece: str) -> str:
    """Without what says nothing of what is asked; never nothing at all."""
    core = _BARE.sub("", piece)
    core = _TAIL.sub("", core) or core
    return _NOISE.sub("", same(core or piece))


def _grams(text: str) -> Counter[str]:
    """Characters and pairs of characters in a row, each once."""
    pairs = {text[at : at + 2] for at in range(len(text) - 1)}
    return Counter(dict.fromkeys(pairs | set(text), 1))


def pieces(text: str) -> list[str]:
    """What of a clean text may be an asking by itself: sentences, clauses, two clauses in a row."""
    found: dict[str, None] = {}
    start = 0
    for match in [*_SENTENCE.finditer(text), None]:
        end = match.start() if match is not None else len(text)
        mark = match.group() if match is not None and "?" in match.group() else ""
        sentence = text[start:end].strip()
        start = match.end() if match is not None else end
        clauses = [clause.strip() for clause in _CLAUSE.split(sentence) if clause.strip()]
        if sentence and len(sentence) <= _PIECE:
            found.setdefault(sentence + mark[:1])
        for number, clause in enumerate(clauses if len(clauses) > 1 else []):
            for piece in (clause, ",".join(clauses[number : number + 2])):
                if len(piece) <= _PIECE:
                    last = piece.endswith(clauses[-1])
                    found.setdefault(piece + (mark[:1] if last else ""))
        if len(found) > _PIECES:
            break
    return list(found)[:_PIECES]

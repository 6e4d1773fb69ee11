"""One text, searched for the names of many people; what depends on the text is worked out once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum

from nlp.names import cut, doubtful, not_names, surnames, titles
from nlp.names.around import Place, hanzi
from nlp.names.slips import Begins, is_letter, kind, one_slip, plausible
from nlp.names.sounds import near, sounds
from nlp.names.units import BREAK, Unit, heard, units


class How(StrEnum):
    """By what somebody was recognised."""

    EXACT = "exact"
    PART = "part"
    NICKNAME = "nickname"
    PINYIN = "pinyin"
    TYPO = "typo"


Hit = tuple[How, float, int, int]

#: How sure each is; of two readings of one stretch the surer counts.
_EXACT, _ALSO, _SPELT, _GIVEN, _CALLED, _NICK = 1.0, 0.9, 0.85, 0.75, 0.7, 0.6
_SAME_SOUND, _NEAR_SOUND, _LOOKS, _SWAPPED, _ALL_SOUND, _LETTERS = 0.72, 0.6, 0.6, 0.6, 0.55, 0.5
_LATIN = re.compile(r"(?<![a-z0-9])[a-z]+(?![a-z0-9])")
_OTHER = re.compile(r"[^\u3400-\u9fff]")
_ASIDE = re.compile(r"[·•・.\s'-]+")
_BEFORE, _AFTER = "小老阿", "哥姐"
_SPELT_BEFORE = frozenset({"xiao", "lao"})
_SPELT_TITLES = frozenset({"gong", "zong", "ge", "jie", "jingli", "laoshi"})


class Search:
    """A normalised text. ``hits`` of a folded name are where and how it is named."""

    def __init__(self, text: str, typed: str = "") -> None:
        self.text = text
        self.place = Place(text, typed)
        self.units = units(text)
        self.heard = heard(self.units)
        self.letters = self._letters()
        words = [word for word in self.letters if word not in not_names()]
        self.spelt = bool(words)
        self.begins = Begins({word[0] for word in words if len(word) < 5}, self.heard)
        self.at: dict[str, list[int]] = defaultdict(list)
        for number, unit in enumerate(self.units):
            for sound in unit.sounds:
                self.at[near(sound)].append(number)
        self.titled = self._titled()
        self.titled_spelt = self._titled_spelt()
        self.nicknamed = self._nicknamed()

    def hits(self, name: str) -> Sequence[Hit]:
        """Where somebody of this name is named, in every way that is possible."""
        if name.isascii():
            return tuple(self._foreign(name)) if self.letters else ()
        found: list[Hit] = []
        if self.spelt and len(name) <= 4 and (self.begins[name[:1]] or name[1:2] in self.heard):
            found += self._spelt_apart(name)
        if self.heard.isdisjoint(name):
            return found
        if _OTHER.search(name):
            found += self._long(name)
        elif len(name) > 1:
            if name[0] in self.heard and name[1] in self.heard:
                found += self._whole(name)
            if len(name) <= 4:
                surname, given = cut(name)
                found += self._given(given)
                found += self._called(surname, given)
        return found

    def _long(self, name: str) -> Iterator[Hit]:
        """A name in several parts (买买提·艾力), or of characters and letters (王kevin)."""
        parts = [part for part in _ASIDE.split(name) if part]
        whole = "".join(parts)
        if _OTHER.search(whole):
            yield from self._mixed(whole)
        elif len(whole) > 1:
            yield from self._whole(whole)
            if len(parts) > 1 and len(parts[0]) > 1:
                yield from self._part(parts[0])

    def also(self, nickname: str) -> Iterator[Hit]:
        """Where somebody is called by a nickname we were told."""
        word = nickname.strip()
        if word.isascii():
            if word in self.letters and len(word) > 1:
                yield (How.NICKNAME, _ALSO, *self.letters[word])
        elif len(word) > 1:
            for start in self._places(word):
                end = start + len(word)
                if not self.place.inside_word(start, end) and (
                    not self.place.word(start, end) or self.place.placed(start, end)
                ):
                    yield How.NICKNAME, _ALSO, start, end

    # Whole names

    def _whole(self, name: str) -> Iterator[Hit]:
        for sound in sounds(name[0]):
            for first in self.at.get(near(sound), ()):
                run = self.units[first : first + len(name)]
                if len(run) == len(name) and BREAK not in run:
                    verdict = self._verdict(name, run)
                    if verdict is not None:
                        yield verdict
        if len(name) == 3 and name[1] != name[2]:
            for start in self._places(name[0] + name[2] + name[1]):
                if not self._elsewhere(start, start + 3):
                    yield How.TYPO, _SWAPPED, start, start + 3

    def _verdict(self, name: str, run: tuple[Unit, ...]) -> Hit | None:
        start, end = run[0].start, run[-1].end
        kinds = [kind(char, unit) for char, unit in zip(name, run, strict=True)]
        if "no" in kinds:
            return None
        others = [one for one in kinds if one not in ("same", "spelt")]
        if not others:
            if "spelt" in kinds:
                return self._spelt(kinds, start, end)
            return None if self._exactly_not(name, start, end) else (How.EXACT, _EXACT, start, end)
        if not plausible(kinds, others) or self._elsewhere(start, end):
            return None
        if not self._like_a_name(run, kinds):
            return None
        if others.count("sounds") == len(others):
            score = _SAME_SOUND if len(others) == 1 else _ALL_SOUND
        else:
            score = _NEAR_SOUND if "near" in others else _LOOKS
        return How.TYPO, score, start, end

    def _spelt(self, kinds: list[str], start: int, end: int) -> Hit | None:
        """Letters are whole words: the end of one is no syllable of a name."""
        before, after = self.text[start - 1 : start], self.text[end : end + 1]
        if is_letter(before) or is_letter(after):
            return None
        if self.text[start:end] in not_names():
            return None
        return How.PINYIN, _SPELT, start, end

    def _exactly_not(self, name: str, start: int, end: int) -> bool:
        """Whether a whole name stands here by chance."""
        place = self.place
        if place.inside_word(start, end):
            return True
        if len(name) == 2 and place.word(start, end):
            return not place.placed(start, end)
        if len(name) == 2 and (place.begun(start) or place.goes_on(end)):
            return True
        return len(name) == 3 and place.goes_on(end) and self.text[end] not in surnames()

    def _elsewhere(self, start: int, end: int) -> bool:
        """Whether what only resembles a name is rather a word, or somebody else's name."""
        place = self.place
        return (
            not place.free(start, end)
            or place.inside_word(start, end)
            or place.word(start, end)
            or place.begun(start)
            or place.goes_on(end)
        )

    def _like_a_name(self, run: tuple[Unit, ...], kinds: list[str]) -> bool:
        """Something mistaken for a name begins like one: with a family name, or the right one
        mistaken by ear where all else is right."""
        first = run[0].char
        if not first or kinds[0] == "same":
            return True
        if first in surnames() and first not in doubtful():
            return True
        return kinds[0] == "sounds" and all(kind == "same" for kind in kinds[1:])

    # Parts of names

    def _part(self, part: str) -> Iterator[Hit]:
        for start in self._places(part):
            end = start + len(part)
            if not self.place.inside_word(start, end) and not self.place.word(start, end):
                yield How.PART, _GIVEN, start, end

    def _given(self, given: str) -> Iterator[Hit]:
        if len(given) != 2 or given not in self.text:
            return
        for start in self._places(given):
            end = start + 2
            place = self.place
            if place.begun(start) or place.inside_word(start, end) or not place.free(start, end):
                continue
            fits = place.asked if place.common(start, end) else place.placed
            if place.goes_on(end) or (place.word(start, end) and not fits(start, end)):
                continue
            yield How.PART, _GIVEN, start, end

    def _given_spelt(self, given: str) -> Iterator[Hit]:
        for sound in sounds(given[0]):
            for first in self.at.get(near(sound), ()):
                run = self.units[first : first + 2]
                if len(run) == 2 and all(
                    kind(char, unit) == "spelt" for char, unit in zip(given, run, strict=True)
                ):
                    start, end = run[0].start, run[-1].end
                    before = self.units[first - 1] if first else BREAK
                    if before is not BREAK and before.end in (start, start - 1):
                        continue  # behind a family name it is that person's
                    if self._spelt([], start, end) is not None:
                        yield How.PINYIN, _CALLED, start, end

    def _called(self, surname: str, given: str) -> Iterator[Hit]:
        for start, end in self.titled.get(surname, ()):
            yield How.PART, _CALLED, start, end
        if self.nicknamed and len(given) <= 2:
            for char in given:
                for start, end in self.nicknamed.get(char, ()):
                    yield How.NICKNAME, _NICK, start, end

    def _titled(self) -> dict[str, list[tuple[int, int]]]:
        """By family name where it stands with 小 or 老 before it, or a title behind."""
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at in range(len(self.text)):
            for size in (2, 1):
                surname = self.text[at : at + size]
                if len(surname) < size or (surname not in surnames() and size == 2):
                    continue
                if not hanzi(surname[0]):
                    continue
                span = self._title_at(at, at + size, surname)
                if span is not None:
                    found[surname].append(span)
        return found

    def _title_at(self, start: int, end: int, surname: str) -> tuple[int, int] | None:
        before = self.text[start - 1 : start]
        title = next((one for one in titles() if self.text.startswith(one, end)), "")
        if surname in doubtful() and not self.place.placed(start, end + len(title)):
            return None
        if title and self._title_fits(start, end, title):
            return start, end + len(title)
        if before and before in _BEFORE and start - 1 >= 0:
            word = self.text[start - 1 : end]
            if word in not_names() or self.place.inside_word(start - 1, end):
                return None
            if end not in self.place.edges or start - 1 not in self.place.edges:
                return None
            return None if self.place.goes_on(end) else (start - 1, end)
        if len(surname) == 2 and self.place.free(start, end) and self.place.placed(start, end):
            return start, end
        return None

    def _title_fits(self, start: int, end: int, title: str) -> bool:
        last = end + len(title)
        if self.text[start:last] in not_names() or self.place.inside_word(start, last):
            return False
        if self.place.word(start, last) and not self.place.placed(start, last):
            return False
        before = self.text[start - 1 : start]
        if start not in self.place.edges and not (before and before in _BEFORE):
            return False
        return last in self.place.edges and (end in self.place.edges or start in self.place.edges)

    def _titled_spelt(self) -> dict[str, list[tuple[int, int]]]:
        """The same in letters: xiao zhang, lao li, zhang gong."""
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for one, other in zip(self.units, self.units[1:], strict=False):
            if BREAK in (one, other) or (one.char and other.char):
                continue
            start, end = one.start, other.end
            if is_letter(self.text[start - 1 : start]) or is_letter(self.text[end : end + 1]):
                continue
            if one.char in tuple(_BEFORE) or (not one.char and one.sounds[0] in _SPELT_BEFORE):
                found[other.sounds[0]].append((start, end))
            elif not one.char and (other.char in titles() or other.sounds[0] in _SPELT_TITLES):
                found[one.sounds[0]].append((start, end))
        return found

    def _nicknamed(self) -> dict[str, list[tuple[int, int]]]:
        """By character of the given name: 阿强, 小强, 强哥, 强强."""
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at in range(len(self.text) - 1):
            one, other = self.text[at], self.text[at + 1]
            if not (hanzi(one) and hanzi(other)):
                continue
            char = other if one in _BEFORE else one if other in _AFTER or one == other else ""
            if not char or self.text[at : at + 2] in not_names():
                continue
            place = self.place
            if place.inside_word(at, at + 2) or not place.free(at, at + 2) or place.begun(at):
                continue
            if place.word(at, at + 2) or place.goes_on(at + 2):
                continue
            found[char].append((at, at + 2))
        return found

    # Letters

    def _letters(self) -> dict[str, tuple[int, int]]:
        """Words of letters, and up to three of them in a row, joined; where each stands."""
        tokens = [(match.group(), *match.span()) for match in _LATIN.finditer(self.text)]
        found: dict[str, tuple[int, int]] = {}
        for first in range(len(tokens)):
            for last in range(first, min(first + 3, len(tokens))):
                run = tokens[first : last + 1]
                apart = self.text[run[0][1] : run[-1][2]]
                word = "".join(token for token, _, _ in run)
                if _ASIDE.sub("", apart) == word:
                    found.setdefault(word, (run[0][1], run[-1][2]))
        return found

    def _spelt_apart(self, name: str) -> Iterator[Hit]:
        """Letters that are not simply the name as it is read: zs, san zhang, xiao zhang."""
        each = [(sounds(char) or ("",))[0] for char in name]
        letters = "".join(one[:1] for one in each)
        if letters in self.letters and letters not in not_names():
            yield (How.PINYIN, _LETTERS, *self.letters[letters])
        surname, given = cut(name)
        size = len(surname)
        spelling = "".join(each[size:] + each[:size])
        if spelling in self.letters:  # the family name last, as in English
            yield (How.PINYIN, _SPELT, *self.letters[spelling])
        for start, end in self.titled_spelt.get(each[0], ()) if size == 1 else ():
            yield How.PINYIN, _NICK, start, end
        if len(given) == 2 and given[0] in self.heard and given[1] in self.heard:
            yield from self._given_spelt(given)

    def _foreign(self, name: str) -> Iterator[Hit]:
        parts = [part for part in _ASIDE.split(name) if part]
        whole = "".join(parts)
        if len(whole) > 1 and whole in self.letters and whole not in not_names():
            yield (How.EXACT, _EXACT, *self.letters[whole])
        elif len(whole) > 4:
            for word in self.letters:
                if abs(len(word) - len(whole)) <= 1 and one_slip(word, whole):
                    yield (How.TYPO, _NEAR_SOUND, *self.letters[word])
        for part in parts if len(parts) > 1 else ():
            if len(part) > 2 and part in self.letters and part not in not_names():
                yield (How.PART, _CALLED, *self.letters[part])

    def _mixed(self, whole: str) -> Iterator[Hit]:
        """Letters and characters in one name (王kevin)."""
        for start in self._places(whole):
            if not self.place.inside_word(start, start + len(whole)):
                yield How.EXACT, _EXACT, start, start + len(whole)
        for match in _LATIN.finditer(whole):
            word = match.group()
            if len(word) > 2 and word in self.letters and word not in not_names():
                yield (How.PART, _CALLED, *self.letters[word])

    def _places(self, word: str) -> Iterator[int]:
        at = self.text.find(word)
        while at >= 0:
            yield at
            at = self.text.find(word, at + 1)

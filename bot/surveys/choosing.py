"""Which options a message means: by number, letter, label or in other words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.surveys.shape import Option
from nlp.normalize import normalize
from nlp.numerals import numeral

#: Possessive, as are the others beside it: what is written to be slow must not take long.
_FILLER = r"(?:我|选择?|就|那|是|应该|大概|觉得|答案?|,|:| |嗯|额|吧|啊|呢|哈|的|了|。|\.|!|~)*+"
_NUMBER = re.compile(
    rf"{_FILLER}(?:第?\s*(?P<n>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s*(?:个|项|条|种)?|"
    rf"(?P<letter>[a-t]))(?:选项)?{_FILLER}"
)
_MANY = re.compile(r"[\s,、;/>和跟与及然后其次再最后第个项是选.。]*")
_TOKEN = re.compile(r"\d{1,2}|[a-t](?![a-z])")
_ALL = re.compile(rf"{_FILLER}(?:都|全|以上)(?:部|都|是|有|选|要|占|算|的)*+{_FILLER}")
_NONE = re.compile(
    rf"{_FILLER}(?:都|全|一个)?(?:都|也)?(?:没有?|不是|不选|无)(?:一个|任何)?{_FILLER}"
)
_NEGATIVE = re.compile(r"没|不(?!错|过|是很)|未|无|别")
_LESS = re.compile(r"没(?:有)?.{0,8}(?:那么|这么)?重要|不如")
_LAST = re.compile(rf"{_FILLER}最后(?:一)?(?:个|项){_FILLER}")
#: Values whose meaning is their name: short answers are told by yes or no.
_YES, _NO, _PART = ("yes", "true"), ("no", "false", "none"), ("partly",)
_SAYS_NO = re.compile(
    r"^(?:暂时?|目前|现在|还|都|并|我|也|其实|好像|完全|"
    r"一点都?|根本|,|嗯|额| )*(?:没|不(?!错|过)|未|无|否|"
    r"no|nope)|还没|没呢|没有|不(?:太)?(?:清楚|知道)"
)
_SAYS_PART = re.compile(r"部分|一半|有些|有点|差一?[点些]|还差|大部分|基本|大概|差不多|七七八八")
_SAYS_YES = re.compile(
    r"^(?:是|对|有|嗯|已经?|yes|yep|ok|好|清楚|当然|"
    r"可以|肯定|早就?)|[过好完齐清]了|了(?:的|呀|啊|哈|吧|,|。|$)"
)
_UNSURE = re.compile(
    r"[?？]|都行|都可以|都好|随便|无所谓|不知道|不确定|说不准|再说|等|看情况|可能|也许|或者|还是"
)


def clean(text: str) -> str:
    """Normalised, without the spaces around."""
    return normalize(text).text.strip()


def one(options: Sequence[Option], said: str) -> Option | None:
    """The one option a normalised message means, or None."""
    if found := _by_number(options, said):
        return found
    mentioned = mentions(options, said)
    if len(mentioned) == 1:
        return mentioned[0]
    if mentioned:
        return None
    return _by_polarity(options, said) or _alike(options, said)


def exact(options: Sequence[Option], said: str) -> Option | None:
    """The option whose words are the whole message."""
    bare = re.sub(rf"^{_FILLER}|{_FILLER}$", "", said)
    for option in options:
        if said in _names(option) or bare in _names(option):
            return option
    return None


def several(options: Sequence[Option], said: str) -> list[Option] | None:
    """The options a message names, in the order it names them; none of them is an empty list.
    None: it names nothing.
    """
    if found := _numbers(options, said):
        return found
    if mentioned := mentions(options, said):
        return mentioned
    if _ALL.fullmatch(said):
        return list(options)
    if _NONE.fullmatch(said):
        return []
    alike = _alike(options, said)
    return [alike] if alike is not None else None


def mentions(options: Sequence[Option], said: str, *, denied: bool = False) -> list[Option]:
    """Options whose words stand in a message, by place; longer words hide shorter ones in them.
    Words that are ``denied`` count only when asked for.
    """
    spans: list[tuple[int, int, Option]] = []
    named = [(name, option) for option in options for name in _names(option)]
    for name, option in sorted(named, key=lambda pair: -len(pair[0])):
        at = said.find(name)
        while at >= 0:
            end = at + len(name)
            if not any(start < end and at < stop for start, stop, _ in spans):
                spans.append((at, end, option))
            at = said.find(name, end)
    kept = [(at, option) for at, _, option in sorted(spans, key=lambda s: s[0])
            if denied or not _denied(said, at, option)]  # fmt: skip
    return list(dict.fromkeys(option for _, option in kept))


def _denied(said: str, at: int, option: Option) -> bool:
    """Whether a word is denied (不, 没, 不看重) where the option itself denies nothing."""
    before = said[max(0, at - 4) : at]
    after = said[at : at + 12]
    if re.search(r"(?:不(?:是|看重|在意|在乎|太|怎么|要|选|想)?|没有?|别|非)$", before):
        return not _NEGATIVE.match(option.label)
    return bool(re.search(r"(?:无所谓|不重要|不看重|不在乎|不在意)", after.split(",")[0]))


def _names(option: Option) -> tuple[str, ...]:
    return tuple(dict.fromkeys(
        name for name in (clean(option.label), *map(clean, option.also), option.value)
        if len(name) > 1 or not name.isascii()
    ))  # fmt: skip


def _by_number(options: Sequence[Option], said: str) -> Option | None:
    if _LAST.fullmatch(said):
        return options[-1]
    match = _NUMBER.fullmatch(said)
    if match is None:
        return exact(options, said)
    letter = match["letter"]
    at = ord(letter) - ord("a") if letter else int(numeral(match["n"]) or 0) - 1
    return options[at] if 0 <= at < len(options) else None


def _numbers(options: Sequence[Option], said: str) -> list[Option]:
    """Options by their numbers or letters alone: 1、3 · AC · 213 · 第二个、第一个."""
    text = re.sub(r"第?([一二三四五六七八九十])(?:个|项|条|,|、|$)", _digit, said)
    tokens = _TOKEN.findall(text)
    rest = _TOKEN.sub("", text)
    if re.fullmatch(r"[a-t]{2,10}", text):
        tokens, rest = list(text), ""
    if not tokens or not _MANY.fullmatch(rest):
        return []
    if len(tokens) == 1 and len(tokens[0]) > 1 and int(tokens[0]) > len(options):
        tokens = list(tokens[0])
    elif re.fullmatch(r"\d{3,10}", text):
        tokens = list(text)
    places = [int(one) - 1 if one.isdigit() else ord(one) - ord("a") for one in tokens]
    if any(not 0 <= place < len(options) for place in places):
        return []
    return [options[place] for place in dict.fromkeys(places)]


def _digit(match: re.Match[str]) -> str:
    return f"{int(numeral(match[1]) or 0)} "


def _by_polarity(options: Sequence[Option], said: str) -> Option | None:
    """已经交了 · 还没 · 差不多: told by yes and no, for options that are called so."""
    by = {option.value: option for option in options}
    if len(said) > 20 or _UNSURE.search(said):
        return None
    part = next((by[name] for name in _PART if name in by), None)
    if part is not None and _SAYS_PART.search(said):
        return part
    if _SAYS_NO.search(said):
        return next((by[name] for name in _NO if name in by), None)
    if _SAYS_YES.search(said):
        return next((by[name] for name in _YES if name in by), None)
    return None


def _alike(options: Sequence[Option], said: str) -> Option | None:
    """The option whose label shares most pairs of characters, if it is clearly one."""
    if len(said) < 2 or len(said) > 40 or _UNSURE.search(said):
        return None
    pairs = {said[at : at + 2] for at in range(len(said) - 1)}
    scored: list[tuple[float, Option]] = []
    for option in options:
        best = 0.0
        for name in _names(option):
            own = {name[at : at + 2] for at in range(len(name) - 1)}
            same = bool(_NEGATIVE.search(name)) == bool(_NEGATIVE.search(said))
            if own and same:
                best = max(best, len(own & pairs) / min(len(own), len(pairs)))
        scored.append((best, option))
    scored.sort(key=lambda pair: -pair[0])
    clear = len(scored) == 1 or scored[0][0] - scored[1][0] >= 0.25
    return scored[0][1] if scored[0][0] >= 0.5 and clear else None


def ranked(options: Sequence[Option], said: str) -> list[Option]:
    """Options in the order a message puts them, the first most important; some may be left out.
    Empty when it names none, or calls all alike.
    """
    if found := _numbers(options, said):
        return found
    if _LESS.search(said) and len(pair := mentions(options, said, denied=True)) == 2:
        return pair[::-1]
    return mentions(options, said)

"""Templates and words to HTML, in Chinese and in English.

Templates may call, besides Jinja's own:

``t(key, **values)``      the word for a key; an unknown key is a ``KeyError``
``label(group, value)``   the word for a stored value, or the value itself when there is none
``icon(name)``            one of the vendored icons, inline, hidden from screen readers
``static(path)``          address of a static file, changing with its content
``zone``                  the company's time zone by its name ("Asia/Shanghai")
``clock iso day on full ago due``  moments in the company's time zone
``linked(text)``          a text in pieces, every second of them an address
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType
from typing import Any, Final

import yaml
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

HERE: Final = Path(__file__).resolve().parent
STATIC_DIR: Final = HERE / "static"
STATIC_URL: Final = "/static"
LANGUAGES: Final = ("zh", "en")
#: What may be followed: nothing but http, and no full stop or bracket behind it.
_ADDRESS: Final = re.compile(r"(https?://[!-~]*[A-Za-z0-9/#&=_~%-])")
#: Ten times as fast as Python's own, where PyYAML was built with LibYAML.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: The vendor's icons begin with the square they are drawn in.
_NOTHING: Final = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


def read_words(path: Path) -> dict[str, str]:
    """All words of one language by dotted key ("alerts.title")."""
    return dict(_flat(path.read_text("utf-8")))


@lru_cache(maxsize=len(LANGUAGES))
def _flat(text: str) -> dict[str, str]:
    """Kept by the text itself: what changed is read anew."""

    def walk(prefix: str, node: Any) -> dict[str, str]:
        if isinstance(node, dict):
            found: dict[str, str] = {}
            for key, value in node.items():
                found |= walk(f"{prefix}.{key}" if prefix else str(key), value)
            return found
        return {prefix: str(node)}

    return walk("", yaml.load(text, Loader=_LOADER))  # noqa: S506 (both are safe loaders)


class Words:
    """The words of one language, and how it writes moments."""

    def __init__(self, words: Mapping[str, str], zone: tzinfo) -> None:
        self._words = words
        self._zone = zone

    @property
    def zone(self) -> str:
        """Name of the company's time zone, as browsers know it."""
        return str(self._zone)

    def t(self, key: str, **values: object) -> str:
        """The word for ``key`` with its ``{places}`` filled. Unknown key: ``KeyError``."""
        return self._words[key].format(**values)

    def label(self, group: str, value: str) -> str:
        """The word for a stored value of a group ("stage", "topic"), or the value itself."""
        return self._words.get(f"{group}.{value}", value)

    def clock(self, at: datetime) -> str:
        """Time of day, 24 hours."""
        return f"{at.astimezone(self._zone):%H:%M}"

    def iso(self, at: datetime) -> str:
        """The day ``at`` falls on, as 2026-11-24."""
        return at.astimezone(self._zone).date().isoformat()

    def day(self, day: date, now: datetime) -> str:
        """Today, yesterday, tomorrow, or the date with its weekday."""
        today = now.astimezone(self._zone).date()
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - today).days)
        if near is not None:
            return self.t(f"time.{near}")
        key = "time.date" if day.year == today.year else "time.date_year"
        return self.t(
            key,
            year=day.year,
            month=day.month,
            month_name=self.t(f"time.month.{day.month}"),
            day=day.day,
            weekday=self.t(f"time.weekday.{day.weekday()}"),
        )

    def on(self, at: datetime, now: datetime) -> str:
        """The day ``at`` falls on."""
        return self.day(at.astimezone(self._zone).date(), now)

    def full(self, at: datetime, now: datetime) -> str:
        """Day and time of day."""
        return f"{self.on(at, now)} {self.clock(at)}"

    def ago(self, at: datetime, now: datetime) -> str:
        """How long since ``at``, coarsely; a moment ahead of ``now`` reads as just now."""
        return self._span("ago", (now - at).total_seconds())

    def due(self, at: datetime, now: datetime) -> str:
        """How long until ``at``, or how long it is overdue."""
        seconds = (at - now).total_seconds()
        return self._span("left", seconds) if seconds >= 0 else self._span("over", -seconds)

    def _span(self, kind: str, seconds: float) -> str:
        minutes = int(seconds // 60)
        if minutes < 1:
            return self.t(f"time.{kind}.now")
        if minutes < 60:
            return self.t(f"time.{kind}.minutes", n=minutes)
        if minutes < 48 * 60:
            return self.t(f"time.{kind}.hours", n=minutes // 60)
        return self.t(f"time.{kind}.days", n=minutes // (24 * 60))


def thousands(yuan: int | float) -> str:
    """Yuan as thousands, shortest form.

    >>> thousands(18500), thousands(20000)
    ('18.5', '20')
    """
    return f"{yuan / 1000:g}"


def weight(size: int) -> str:
    """Bytes as people read them; nothing for a size nobody told.

    >>> weight(345_000), weight(1_260_000), weight(10), weight(0)
    ('337 KB', '1.2 MB', '1 KB', '')
    """
    if size >= 1000 * 1024:
        return f"{size / 1024**2:.1f} MB"
    return f"{max(1, round(size / 1024))} KB" if size else ""


def linked(text: str) -> list[str]:
    """A text cut at its addresses; the same pattern stands in ``static/chat.js``.

    >>> linked("请看 https://a.cn/f?x=1。谢谢")
    ['请看 ', 'https://a.cn/f?x=1', '。谢谢']
    """
    return _ADDRESS.split(text)


def signed(points: float) -> str:
    """Points with their sign, to one decimal.

    >>> signed(25.0), signed(-3.25)
    ('+25', '−3.2')
    """
    return f"{'−' if points < 0 else '+'}{round(abs(points), 1):g}"


@cache
def icon(name: str) -> Markup:
    """One vendored icon as inline SVG. Unknown name: ``ValueError``."""
    found = sorted(STATIC_DIR.glob(f"vendor/tabler-icons-*/{name}.svg"))
    if len(found) != 1:
        raise ValueError(f"no vendored icon {name}")
    inner = re.search(r"<svg[^>]*>(.*)</svg>", found[0].read_text("utf-8"), re.DOTALL)
    if inner is None:
        raise ValueError(f"{found[0].name} is not an SVG")
    head = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">'
    # The file is ours (vendor/manifest.json holds its hash), so its markup may be trusted.
    drawn = re.sub(r"\s*\n\s*", "", inner[1]).replace(_NOTHING, "").replace(" />", "/>")
    return Markup(head + drawn + "</svg>")  # noqa: S704


@cache
def static_url(path: str) -> str:
    """Address of a static file. Ours carry their hash, so that a browser may keep them."""
    content = (STATIC_DIR / path).read_bytes()
    if path.startswith("vendor/"):
        return f"{STATIC_URL}/{path}"
    return f"{STATIC_URL}/{path}?v={hashlib.sha256(content).hexdigest()[:10]}"


class Pages:
    """Every template in every language. Thread-safe after construction."""

    def __init__(self, words_dir: Path, zone: tzinfo) -> None:
        """Read ``zh.yaml`` and ``en.yaml`` from ``words_dir``. Missing file: ``OSError``."""
        self.words: dict[str, Words] = {
            language: Words(read_words(words_dir / f"{language}.yaml"), zone)
            for language in LANGUAGES
        }
        self._environments = {
            language: environment(words) for language, words in self.words.items()
        }

    def render(self, template: str, *, language: str, **context: object) -> str:
        """HTML of one template; a language we do not speak is answered in Chinese."""
        chosen = language if language in self._environments else "zh"
        return self._environments[chosen].get_template(template).render(context)


class Compiled(BytecodeCache):
    """Templates compiled once a process: every language runs the same code with its own words."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = Compiled()


def environment(words: Words) -> Environment:
    """Jinja for one language: autoescape always on, a misspelt name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )
    tools: dict[str, Callable[..., object]] = {
        "t": words.t,
        "label": words.label,
        "clock": words.clock,
        "iso": words.iso,
        "day": words.day,
        "on": words.on,
        "full": words.full,
        "ago": words.ago,
        "due": words.due,
        "icon": icon,
        "static": static_url,
        "thousands": thousands,
        "signed": signed,
        "weight": weight,
        "linked": linked,
    }
    made.globals.update(tools, zone=words.zone)
    return made

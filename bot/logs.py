"""Logs: an event name, ids and numbers; never a person's words, names, numbers or tokens."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: Long runs of digits are phones, ids or accounts; none of our own numbers is that long.
_NUMBER = re.compile(r"\d{9,}")
_TOKEN = re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{20,}|\bhb_[a-z0-9_]+|/bot[^/\s]+")
#: Fields that are made of digits and safe.
_PLAIN = frozenset({"timestamp", "level", "event"})


def _masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """The last net: a value that looks like a phone, an account or a token does not leave."""
    for key, value in event.items():
        if key not in _PLAIN and isinstance(value, str):
            event[key] = _NUMBER.sub("[number]", _TOKEN.sub("[token]", value))
    return event


def configure(level: str = "INFO") -> None:
    """JSON lines on stderr; coloured lines where a person looks at a terminal."""
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masked,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(message)s")
    # These write whole URLs, and a Telegram URL holds the bot's token.
    for noisy in ("httpx", "httpcore", "telegram", "apscheduler", "procrastinate"):
        logging.getLogger(noisy).setLevel(logging.ERROR)

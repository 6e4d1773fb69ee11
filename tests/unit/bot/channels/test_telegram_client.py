"""What an error of the client means; those a stand-in cannot cause are here as well."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.telegram_client import Answered, meaning
from bot.errors import GiveUp, TryLater, Unknown


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RetryAfter(3), TryLater),
        (Forbidden("Forbidden: user is deactivated"), GiveUp),
        (InvalidToken(), TryLater),
        (BadRequest("Bad Request: chat not found"), GiveUp),
        (BadRequest("Bad Request: message is too long"), GiveUp),
        (ChatMigrated(-1), GiveUp),
        (Conflict("terminated"), TryLater),
        (NetworkError("Too Many Requests"), TryLater),
        (Answered(500, genuine=True), TryLater),
        (Answered(502, genuine=False), TryLater),
        (Answered(302, genuine=False), TryLater),
        (Answered(403, genuine=False), TryLater),  # a proxy's page, not the platform's word
        (Answered(413, genuine=True), GiveUp),
        (Answered(200, genuine=False), Unknown),
        (TelegramError("the answer is not JSON"), Unknown),
        (caused(TimedOut(), httpx.ConnectTimeout("")), TryLater),
        (caused(TimedOut(), httpx.PoolTimeout("")), TryLater),
        (caused(TimedOut(), httpx.ReadTimeout("")), Unknown),
        (caused(TimedOut(), httpx.WriteTimeout("")), Unknown),
        (TimedOut(), Unknown),
        (caused(NetworkError("x"), httpx.ConnectError("")), TryLater),
        (caused(NetworkError("x"), httpx.ProxyError("")), TryLater),
        (caused(NetworkError("x"), httpx.ReadError("")), Unknown),
        (caused(NetworkError("x"), httpx.WriteError("")), Unknown),
        (caused(NetworkError("x"), httpx.RemoteProtocolError("")), Unknown),
        (caused(NetworkError("x"), RuntimeError("closed")), Unknown),
    ],
)
def test_each_error_says_what_to_do_next(error: TelegramError, kind: type[Exception]) -> None:
    assert type(meaning(error)) is kind


def test_a_delay_is_the_platforms() -> None:
    later = meaning(RetryAfter(7))
    assert isinstance(later, TryLater)
    assert later.delay == timedelta(seconds=7)


def test_no_words_of_the_platform_are_passed_on() -> None:
    for error in (
        BadRequest("told"),
        Forbidden("told"),
        NetworkError("told"),
        InvalidToken("told"),
    ):
        assert "told" not in str(meaning(error))

"""What credentials promise: a guess, a copy, a replay and somebody else's token all fail."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.credentials import (
    check_totp,
    csrf_ok,
    csrf_token,
    link_usable,
    lockout_delay,
    new_api_key,
    new_recovery_codes,
    new_token,
    new_totp_secret,
    parse_api_key,
    redeem,
    same_digest,
    token_hash,
    totp_uri,
)

NOON = datetime(2026, 9, 1, 12, 0, 10, tzinfo=UTC)
STEP = int(NOON.timestamp()) // 30
KEY, OTHER_KEY = bytes(range(32)), bytes(32)

# Second factor


def code_at(secret: str, step: int) -> str:
    return pyotp.TOTP(secret).generate_otp(step)


def test_a_code_works_once() -> None:
    secret = new_totp_secret()
    step = check_totp(secret, code_at(secret, STEP), NOON, None)
    assert step == STEP
    assert check_totp(secret, code_at(secret, STEP), NOON, step) is None
    assert check_totp(secret, code_at(secret, STEP), NOON + timedelta(seconds=25), step) is None


def test_an_older_code_than_the_accepted_one_is_refused_and_a_newer_one_is_not() -> None:
    secret = new_totp_secret()
    assert check_totp(secret, code_at(secret, STEP - 1), NOON, STEP) is None
    assert check_totp(secret, code_at(secret, STEP + 1), NOON, STEP) == STEP + 1


@pytest.mark.parametrize("drift", [-3, -2, 2, 3])
def test_a_code_two_steps_off_is_refused(drift: int) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert check_totp(secret, code_at(secret, STEP + drift), NOON, None) is None


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_one_step_off_is_accepted_as_that_step(drift: int) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert check_totp(secret, code_at(secret, STEP + drift), NOON, None) == STEP + drift


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "12345é", "\ud800" * 6, "9" * 10**6]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    assert check_totp(new_totp_secret(), code, NOON, None) is None


def test_a_code_is_read_as_phones_type_it() -> None:
    secret = new_totp_secret()
    code = code_at(secret, STEP)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
    for typed in (f"{code[:3]} {code[3:]}", f" {code}\n", wide):
        assert check_totp(secret, typed, NOON, None) == STEP


def test_codes_follow_rfc_6238() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    for seconds, code in [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]:
        at = datetime.fromtimestamp(seconds, UTC)
        assert check_totp(secret, code, at, None) == seconds // 30


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        check_totp(new_totp_secret(), "123456", datetime(2026, 9, 1), None)  # noqa: DTZ001


def test_a_totp_secret_has_160_bits_and_a_uri() -> None:
    secrets = {new_totp_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(base64.b32decode(s)) for s in secrets} == {20}
    uri = totp_uri("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", login="hr@acme", issuer="一诺")
    assert uri.startswith("otpauth://totp/")
    assert "secret=JBSWY3DPEHPK3PXP" in uri


# Recovery codes


def test_a_recovery_code_works_once_and_leaves_the_others() -> None:
    codes, stored = new_recovery_codes()
    assert len(codes) == len(set(codes)) == len(stored) == 10
    left = redeem(codes[3], stored)
    assert left == stored[:3] + stored[4:]
    assert redeem(codes[3], left) is None
    assert redeem(codes[4], left) == stored[:3] + stored[5:]


@pytest.mark.parametrize(
    "code", ["", "-", "aaaaaaa-aaaaaa-aaaaaaa-aaaaaa", "é", "\ud800", "x" * 10**6]
)
def test_what_is_no_recovery_code_is_refused(code: str) -> None:
    _, stored = new_recovery_codes()
    assert redeem(code, stored) is None
    assert redeem(code, []) is None


def test_a_stored_digest_is_no_recovery_code() -> None:
    _, stored = new_recovery_codes()
    assert redeem(stored[0], stored) is None


def test_a_recovery_code_is_read_as_people_copy_it() -> None:
    codes, stored = new_recovery_codes()
    code = codes[0]
    for typed in (code.upper(), code.replace("-", ""), code.replace("-", " "), f" {code}\n"):
        assert redeem(typed, stored) == stored[1:]
    assert len(code.replace("-", "")) == 26


# Tokens


def test_tokens_are_long_distinct_and_stored_as_sha256_only() -> None:
    made = [new_token() for _ in range(100)]
    assert len({token for token, _ in made}) == 100
    for token, digest in made:
        assert len(base64.urlsafe_b64decode(token + "=")) == 32
        assert digest == token_hash(token) == hashlib.sha256(token.encode()).hexdigest()
        assert token not in digest


@given(one=st.text(st.characters(codec=None, exclude_categories=())), other=st.text())
def test_digests_are_compared_for_any_text_without_an_error(one: str, other: str) -> None:
    assert same_digest(one, other) == (one == other)
    assert same_digest(one, one)


@pytest.mark.parametrize(
    ("used", "revoked", "seconds", "works"),
    [
        (False, False, 0, True),
        (False, False, 1799, True),
        (False, False, 1800, False),
        (False, False, 1801, False),
        (True, False, 0, False),
        (False, True, 0, False),
        (True, True, 0, False),
    ],
)
def test_a_link_works_once_and_for_its_time(
    used: bool, revoked: bool, seconds: int, works: bool
) -> None:
    usable = link_usable(
        expires_at=NOON + timedelta(minutes=30),
        used_at=NOON if used else None,
        revoked_at=NOON if revoked else None,
        now=NOON + timedelta(seconds=seconds),
    )
    assert usable is works


# API keys


def test_a_key_is_taken_apart_and_matches_its_own_digest_only() -> None:
    made, other = new_api_key(), new_api_key()
    parts = parse_api_key(made.text)
    assert parts is not None
    assert parts.id == made.id
    assert parts.matches(made.secret_hash)
    assert not parts.matches(other.secret_hash)
    assert not parts.matches("")
    assert not parts.matches(parts.secret)


def test_no_key_shows_in_a_repr() -> None:
    made = new_api_key()
    secret = made.text[-43:]
    assert secret not in repr(made)
    assert secret not in repr(parse_api_key(made.text))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: "",
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t + "\n",
        lambda t: " " + t,
        lambda t: t.replace("hb_", "HB_"),
        lambda t: t.replace("hb_", "hb__"),
        lambda t: t[:5] + "1" + t[6:],
        lambda t: t[:-1] + "é",
        lambda t: t[:-1] + "\ud800",
        lambda t: t * 1000,
    ],
)
def test_what_is_no_key_is_none(change) -> None:  # type: ignore[no-untyped-def]
    assert parse_api_key(change(new_api_key().text)) is None


# Forms


def test_a_form_token_belongs_to_one_session_and_one_key() -> None:
    mine, yours = token_hash("mine"), token_hash("yours")
    token = csrf_token(KEY, mine)
    assert csrf_ok(KEY, mine, token)
    assert not csrf_ok(KEY, yours, token)
    assert not csrf_ok(OTHER_KEY, mine, token)
    assert csrf_token(KEY, mine) != token


@pytest.mark.parametrize("forged", [None, "", "A", "é", "\ud800", "A" * 64, "A" * 10**6, "=", "\n"])
def test_a_missing_or_made_up_form_token_is_refused(forged: str | None) -> None:
    assert not csrf_ok(KEY, token_hash("mine"), forged)


def test_a_touched_form_token_is_refused() -> None:
    mine = token_hash("mine")
    token = csrf_token(KEY, mine)
    for at in range(len(token)):
        other = "A" if token[at] != "A" else "B"
        assert not csrf_ok(KEY, mine, token[:at] + other + token[at + 1 :])
    for cut in (1, 16, 21, 22, 43, 63):
        assert not csrf_ok(KEY, mine, token[:cut])
    assert not csrf_ok(KEY, mine, token + "A")
    assert not csrf_ok(KEY, mine, token + "=")


# Guessing


def test_four_failures_are_free_then_the_wait_doubles_to_a_quarter_of_an_hour() -> None:
    waits = [lockout_delay(n).total_seconds() for n in range(12)]
    assert waits == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]
    assert lockout_delay(10**9) == timedelta(minutes=15)
    assert lockout_delay(-1) == timedelta(0)

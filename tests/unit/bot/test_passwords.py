"""A password others would try is refused; a hash opens for the exact bytes only."""

from __future__ import annotations

import time
from importlib import resources
from statistics import median

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.web import passwords
from bot.web.credentials import (
    PasswordFault,
    hash_password,
    needs_rehash,
    password_fault,
    verify_password,
)

STRONG = "青山 Kf7-吃瓜 w0x"


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", PasswordFault.SHORT),
        ("kX9#vv2!pQ_", PasswordFault.SHORT),
        ("青山绿水吃瓜群众甲乙丙", PasswordFault.SHORT),
        ("k" + "X9#vv2!pQ_z" * 11 + "abcdefg", PasswordFault.LONG),
        ("x" * 1_000_000, PasswordFault.LONG),
        ("kX9#vv2!pQ_z\ud800", PasswordFault.UNREADABLE),
        ("password1234", PasswordFault.COMMON),
        ("Password@2026!", PasswordFault.COMMON),
        ("p@ssw0rdp@ssw0rd", PasswordFault.COMMON),
        ("Passw0rd!234", PasswordFault.COMMON),
        ("aaaaaaaaaaaa", PasswordFault.COMMON),
        ("            ", PasswordFault.COMMON),
        ("x7x7x7x7x7x7x7", PasswordFault.COMMON),
        ("k9Zk9Zk9Zk9Zk", PasswordFault.COMMON),
        ("123456789012", PasswordFault.COMMON),
        ("987654321987", PasswordFault.COMMON),
        ("qwertyuiop12", PasswordFault.COMMON),
        ("1qaz2wsx3edc", PasswordFault.COMMON),
        ("1qaz@WSX3edc", PasswordFault.COMMON),
        ("abcdefghijkl", PasswordFault.COMMON),
        ("woaini1314520", PasswordFault.COMMON),
        ("Woaini5201314", PasswordFault.COMMON),
        ("zhangsan123456", PasswordFault.COMMON),
        ("admin123admin", PasswordFault.COMMON),
        ("wodemima1234", PasswordFault.COMMON),
        ("guanliyuan888", PasswordFault.COMMON),
        ("yinuoqianjin1", PasswordFault.COMMON),
    ],
)
def test_a_password_others_would_try_is_refused(password: str, fault: PasswordFault) -> None:
    assert password_fault(password) is fault


@pytest.mark.parametrize(
    "password",
    [
        "acmehiring2026",
        "Acme Hiring!!",
        "li.xiaomei@acme",
        "xiaomeixiaomei",
        "ACME-2026-09",
        "星河科技星河科技2026",
    ],
)
def test_a_password_of_our_own_words_is_refused(password: str) -> None:
    words = ["Acme Hiring", "li.xiaomei@acme.example", "星河科技"]
    assert password_fault(password, words=words) is PasswordFault.PERSONAL
    assert password_fault(password) is None


@pytest.mark.parametrize(
    "password",
    [
        STRONG,
        "  leading and trailing  ",
        "correct horse battery staple",
        "🙂🦊🌶️🎲🧭🪁🥁🛶🧵🪴🎣🧊",
        "Tr0ub4dor&3xy",
        "ｆｕｌｌｗｉｄｔｈ－ｋ９ｚ",
        "834925017362",
        "x9" + "kX#v2!pQ_z7w" * 10 + "yfmtgc",
        "我家的猫叫小黄会开冰箱门",
    ],
)
def test_a_long_password_of_ones_own_is_accepted(password: str) -> None:
    assert len(password) <= 128
    assert password_fault(password, words=["Acme", "", "a", "李"]) is None


def test_length_is_counted_to_the_character() -> None:
    body = "kX9#vv2!pQ_z7Lm4" * 8
    assert len(body) == 128
    assert password_fault(body) is None
    assert password_fault(body + "y") is PasswordFault.LONG
    assert password_fault(body[:12]) is None
    assert password_fault(body[:11]) is PasswordFault.SHORT


def test_judging_the_longest_password_is_quick() -> None:
    start = time.perf_counter()
    password_fault("qwe1" * 31 + "zzzz", words=["x" * 300, "星河科技"] * 50)
    assert time.perf_counter() - start < 1


def test_the_list_of_common_passwords_is_in_one_form_and_installed() -> None:
    text = resources.files("bot.web").joinpath("common_passwords.txt").read_text("utf-8")
    entries = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(entries) >= 300
    assert len(set(entries)) == len(entries)
    assert all(e == e.strip().casefold() and e for e in entries)


def test_a_hash_opens_for_the_exact_bytes_only() -> None:
    password = " Ångström 密码 "
    stored = hash_password(password)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert len(stored) <= 200
    assert verify_password(stored, password)
    cheap = PasswordHasher.from_parameters(CHEAPEST).hash(password)
    assert verify_password(cheap, password)
    for near in ("Ångström 密码", " ångström 密码 ", " A\u030angstro\u0308m 密码 "):
        assert not verify_password(cheap, near)


def test_nobody_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not verify_password(None, "x")
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(passwords, "_NOBODY", cheap.hash("nobody's"))
    for stored in (None, "", "not a hash", "$argon2id$v=19$m=65536,t=3,p=4$"):
        assert not verify_password(stored, "x")
    for guess in ("", "x" * 129, "\ud800"):
        assert not verify_password(None, guess)


def test_even_the_password_of_the_stand_in_hash_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(passwords, "_NOBODY", cheap.hash("guessed"))
    assert not verify_password(None, "guessed")
    assert not verify_password("", "guessed")


def test_too_long_or_unreadable_is_false_even_for_a_hash_of_it() -> None:
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    assert not verify_password(cheap.hash("x" * 129), "x" * 129)
    assert not verify_password(cheap.hash(""), "\ud800")


@pytest.mark.slow
def test_an_unknown_login_costs_what_a_known_one_costs() -> None:
    stored = hash_password(STRONG)

    def seconds(who: str | None) -> float:
        start = time.perf_counter()
        verify_password(who, "wrong password")
        return time.perf_counter() - start

    known, unknown = zip(*((seconds(stored), seconds(None)) for _ in range(3)), strict=True)
    assert 0.5 < median(known) / median(unknown) < 2
    assert not needs_rehash(passwords._NOBODY)


def test_a_hash_of_weaker_parameters_still_opens_and_asks_to_be_renewed() -> None:
    weak = PasswordHasher.from_parameters(CHEAPEST).hash(STRONG)
    assert verify_password(weak, STRONG)
    assert not verify_password(weak, STRONG + " ")
    assert needs_rehash(weak)

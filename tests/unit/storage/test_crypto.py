"""What sealing promises: a token opens only where it was made, and says nothing else."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.aead import context
from storage.crypto import (
    Alg,
    Keystore,
    SealBroken,
    SubjectKey,
    blind_index,
    derive,
    installation_key,
    new_public_id,
    open_,
    seal,
)

KEYS = Keystore.generate()
ME, ME_WRAPPED = KEYS.new_subject_key()
YOU, YOU_WRAPPED = KEYS.new_subject_key()
HERE: dict[str, Any] = {"table": "fact", "column": "value", "row_id": "f_1"}
anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)


@pytest.mark.parametrize("alg", list(Alg))
@pytest.mark.parametrize(
    "elsewhere",
    [
        {**HERE, "row_id": "f_2"},
        {**HERE, "column": "name"},
        {**HERE, "table": "offer"},
        {"table": "fac", "column": "tvalue", "row_id": "f_1"},
        {"table": "fact", "column": "valuef", "row_id": "_1"},
        {**HERE, "row_id": ""},
    ],
)
def test_a_token_copied_to_another_place_does_not_open(alg: Alg, elsewhere: dict[str, str]) -> None:
    token = seal(ME, "18500", alg=alg, **HERE)
    assert open_(ME, token, **HERE) == "18500"
    with pytest.raises(SealBroken):
        open_(ME, token, **elsewhere)


def test_a_token_does_not_open_with_another_persons_key_even_if_it_names_it() -> None:
    token = seal(ME, "18500", **HERE)
    with pytest.raises(SealBroken):
        open_(YOU, token, **HERE)
    with pytest.raises(SealBroken):
        open_(YOU, token.replace(ME.id, YOU.id), **HERE)
    same_dek_other_id = SubjectKey(YOU.id, ME.dek)
    with pytest.raises(SealBroken):
        open_(same_dek_other_id, token.replace(ME.id, YOU.id), **HERE)


@pytest.mark.parametrize("alg", list(Alg))
def test_every_single_character_of_a_token_is_protected(alg: Alg) -> None:
    token = seal(ME, "考虑一下", alg=alg, **HERE)
    for at, old in enumerate(token):
        for new in {"A", "B", "-", ".", "=", "é", "\n"} - {old}:
            with pytest.raises(SealBroken):
                open_(ME, token[:at] + new + token[at + 1 :], **HERE)


def test_every_truncation_and_extension_of_a_token_is_refused() -> None:
    token = seal(ME, "考虑一下", **HERE)
    for end in range(len(token)):
        with pytest.raises(SealBroken):
            open_(ME, token[:end], **HERE)
    for more in ("A", "=", "==", "\n", " ", ".", "AAAA"):
        with pytest.raises(SealBroken):
            open_(ME, token + more, **HERE)


@pytest.mark.parametrize(
    "nonsense", ["", ".", "...", "1", "1.a", "1.a.s_x.", "2.a.s_x.AAAA", "1.z.s_x.AAAA", "\ud800"]
)
def test_text_that_is_no_token_is_the_same_error(nonsense: str) -> None:
    with pytest.raises(SealBroken) as told:
        open_(ME, nonsense, **HERE)
    assert str(told.value) == ""


def test_a_tokens_algorithm_cannot_be_relabelled() -> None:
    token = seal(ME, "18500", alg=Alg.SM4_GCM, **HERE)
    assert token.startswith("1.s.")
    with pytest.raises(SealBroken):
        open_(ME, token.replace("1.s.", "1.a.", 1), **HERE)


def test_sm4_never_uses_key_bytes_of_aes() -> None:
    for part in (ME.dek[:16], ME.dek[16:]):
        sealer = Cipher(algorithms.SM4(part), modes.GCM(bytes(12))).encryptor()
        sealer.authenticate_additional_data(context("field", "s", ME.id, *HERE.values()))
        data = bytes(12) + sealer.update(b"\x00forged") + sealer.finalize() + sealer.tag
        with pytest.raises(SealBroken):
            open_(ME, f"1.s.{ME.id}.{as_text(data)}", **HERE)


@given(text=anything, pad=st.booleans(), alg=st.sampled_from(Alg))
def test_any_text_comes_back_unchanged_and_its_token_is_plain_ascii(
    text: str, pad: bool, alg: Alg
) -> None:
    token = seal(ME, text, pad=pad, alg=alg, **HERE)
    assert token.isascii()
    assert token.isprintable()
    assert open_(ME, token, **HERE) == text


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\x00\x00", "", "\x80", "\x00\x80\x00"])
def test_lone_surrogates_and_padding_look_alikes_survive(text: str) -> None:
    assert open_(ME, seal(ME, text, pad=True, **HERE), **HERE) == text


@given(table=anything, column=anything, row=anything, at=st.integers(1, 3))
@settings(max_examples=50)
def test_moving_the_border_between_parts_of_the_place_is_noticed(
    table: str, column: str, row: str, at: int
) -> None:
    token = seal(ME, "x", table=table, column=column, row_id=row)
    if len(column) >= at:
        with pytest.raises(SealBroken):
            open_(ME, token, table=table + column[:at], column=column[at:], row_id=row)


def test_padded_salaries_have_one_length_and_unpadded_text_does_not() -> None:
    padded = {len(seal(ME, s, pad=True, **HERE)) for s in ("1", "8500", "18500", "1850000.00")}
    assert len(padded) == 1
    assert len(seal(ME, "1", **HERE)) != len(seal(ME, "1850000.00", **HERE))


def test_sealing_twice_gives_two_tokens() -> None:
    assert seal(ME, "是", **HERE) != seal(ME, "是", **HERE)


def test_a_wrapped_key_belongs_to_its_subject_and_its_keystore() -> None:
    assert KEYS.unwrap(ME.id, ME_WRAPPED) == ME
    assert len(ME_WRAPPED) <= 400
    for subject, wrapped in [
        (YOU.id, ME_WRAPPED),
        (ME.id, YOU_WRAPPED),
        (ME.id, ME_WRAPPED[:-1]),
        (ME.id, ME_WRAPPED.replace(KEYS.current, "k_gone")),
        (ME.id, ""),
    ]:
        with pytest.raises(SealBroken):
            KEYS.unwrap(subject, wrapped)
    with pytest.raises(SealBroken):
        Keystore.generate().unwrap(ME.id, ME_WRAPPED)


def test_a_field_token_is_no_wrapped_key_even_under_the_same_secret() -> None:
    kek = SubjectKey(KEYS.current, json_key(KEYS.dump(), KEYS.current))
    forged = seal(kek, "x" * 32, table="dek", column="", row_id=ME.id)
    with pytest.raises(SealBroken):
        KEYS.unwrap(ME.id, forged)


def test_a_data_key_can_be_wrapped_with_sm4() -> None:
    wrapped = KEYS.wrap(ME, alg=Alg.SM4_GCM)
    assert KEYS.unwrap(ME.id, wrapped) == ME


def test_no_secret_shows_in_a_repr() -> None:
    assert repr(ME.dek)[2:12] not in repr(ME)
    for secret in json.loads(KEYS.dump())["keys"].values():
        assert secret not in repr(KEYS)


@pytest.mark.parametrize(("name", "size"), [("s_x", 31), ("s_x", 33), ("S", 32), ("", 32)])
def test_a_malformed_subject_key_is_refused(name: str, size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SubjectKey(name, os.urandom(size))


def json_key(text: str, name: str) -> bytes:
    return urlsafe_b64decode(json.loads(text)["keys"][name] + "=")


def as_text(key: bytes) -> str:
    return urlsafe_b64encode(key).rstrip(b"=").decode()


# Derived keys, indexes, ids


def test_purposes_columns_and_keystores_never_share_a_key() -> None:
    other = Keystore.generate()
    purposes = ["audit", "csrf", "ip", "fingerprint", "installation", "blind-index/phone"]
    keys = {derive(ks, purpose) for ks in (KEYS, other) for purpose in purposes}
    assert len(keys) == 12
    assert all(len(key) == 32 for key in keys)
    indexes = {
        blind_index(ks, column, "+8613812345678")
        for ks in (KEYS, other)
        for column in ("phone", "mail")
    }
    assert len(indexes) == 4
    assert all(len(bytes.fromhex(index)) == 16 for index in indexes)


def test_an_index_is_equal_for_equal_values_only() -> None:
    assert blind_index(KEYS, "phone", "+86138") == blind_index(KEYS, "phone", "+86138")
    assert blind_index(KEYS, "phone", "+86138") != blind_index(KEYS, "phone", "+86139")
    assert len(blind_index(KEYS, "phone", "\ud800")) == 32


def test_secrets_of_the_installation_are_sealed_under_a_key_of_their_own() -> None:
    token = seal(installation_key(KEYS), "JBSWY3DP", table="user", column="totp", row_id="u_1")
    again = installation_key(Keystore.parse(KEYS.dump()))
    assert open_(again, token, table="user", column="totp", row_id="u_1") == "JBSWY3DP"


def test_public_ids_are_unguessable_and_well_formed() -> None:
    ids = {new_public_id("c") for _ in range(2000)}
    assert len(ids) == 2000
    assert all(len(i) == 28 and i.startswith("c_") and i[2:].isalnum() for i in ids)
    for at in range(2, 28):  # every place varies: no clock, no counter
        assert len({i[at] for i in ids}) == 32


@pytest.mark.parametrize("prefix", ["", "C", "c_", "候", "toolongprefix", "c\n"])
def test_a_strange_id_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        new_public_id(prefix)

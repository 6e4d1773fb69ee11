"""What sealing promises: a token opens only where it was made, and says nothing else."""

from __future__ import annotations

import json
import os
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.crypto import (
    Alg,
    Keystore,
    KeystoreError,
    SealBroken,
    SubjectKey,
    blind_index,
    derive,
    installation_key,
    key_id,
    new_public_id,
    normalise_phone,
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


# The keystore file


def test_a_created_keystore_is_private_and_loads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "keystore.json"
    made = Keystore.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    loaded = Keystore.load(path)
    assert loaded.fingerprint == made.fingerprint
    assert loaded.unwrap(ME.id, made.wrap(ME)) == ME
    assert Keystore.parse(path.read_text()).fingerprint == made.fingerprint


def test_creating_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    Keystore.create(path)
    before = path.read_bytes()
    with pytest.raises(KeystoreError, match="exists already"):
        Keystore.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o620])
def test_a_keystore_others_may_touch_is_refused_with_the_command(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keystore.json"
    Keystore.create(path)
    path.chmod(mode)
    with pytest.raises(KeystoreError, match=f"chmod 600 {path}"):
        Keystore.load(path)


def test_an_open_directory_is_refused_with_the_command(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "keystore.json"
    Keystore.create(path)
    path.parent.chmod(0o755)
    with pytest.raises(KeystoreError, match=f"chmod 700 {path.parent}"):
        Keystore.load(path)
    with pytest.raises(KeystoreError, match="chmod 700"):
        Keystore.create(path.parent / "other.json")


def test_a_missing_or_linked_keystore_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    with pytest.raises(KeystoreError, match="restore the key file from its own backup"):
        Keystore.load(path)
    assert not path.exists()
    Keystore.create(path)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with pytest.raises(KeystoreError, match="cannot be opened"):
        Keystore.load(link)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeystoreError, match="cannot be written"):
        Keystore.create(tmp_path / "file" / "keys" / "keystore.json")


def json_key(text: str, name: str) -> bytes:
    return urlsafe_b64decode(json.loads(text)["keys"][name] + "=")


def a_document(**changes: object) -> str:
    return json.dumps(json.loads(KEYS.dump()) | changes)


def as_text(key: bytes) -> str:
    return urlsafe_b64encode(key).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "root",
    [
        b"",
        os.urandom(16),
        os.urandom(31),
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        bytes(range(0, 64, 2)),
        b"0123456789abcdef" * 2,
        b"change-me-change-me-change-me-!!",
        b"Zq3!kf93-ab_Lw0x7TtPpQ#9sdfgHjKe",
        bytes.fromhex("deadbeef") * 8,
    ],
)
def test_short_and_example_keys_are_refused_without_being_quoted(root: bytes) -> None:
    with pytest.raises(KeystoreError, match="key 'root'") as told:
        Keystore.parse(a_document(root=as_text(root)))
    assert not root or as_text(root) not in str(told.value)


def test_the_same_key_twice_is_refused() -> None:
    keys = json.loads(KEYS.dump())["keys"]
    with pytest.raises(KeystoreError, match="twice"):
        Keystore.parse(a_document(root=keys[KEYS.current]))
    with pytest.raises(KeystoreError, match="twice"):
        Keystore.parse(a_document(keys=keys | {"k_other": keys[KEYS.current]}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "not json",
        a_document(version=2),
        a_document(root=7),
        a_document(root="****"),
        a_document(keys=[]),
        a_document(keys={}),
        a_document(keys={"Bad Id": as_text(os.urandom(32))}),
        a_document(current="k_gone"),
        a_document(current=None),
    ],
)
def test_a_document_that_is_no_keystore_is_refused(text: str) -> None:
    with pytest.raises(KeystoreError) as told:
        Keystore.parse(text)
    assert told.value.__cause__ is None


# Rotation


def test_after_rotation_old_wraps_open_and_new_ones_use_the_new_key(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    old = Keystore.create(path)
    key, wrapped = old.new_subject_key()
    new = Keystore.rotate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["keystore.json"]
    assert new.current != old.current
    assert new.kek_ids == {old.current, new.current}
    assert Keystore.load(path).unwrap(key.id, wrapped) == key
    again = new.rewrap(key.id, wrapped)
    assert key_id(again) == new.current
    assert new.unwrap(key.id, again) == key
    assert new.rewrap(key.id, again) == again
    with pytest.raises(SealBroken):
        old.unwrap(key.id, again)


def test_rotation_changes_no_derived_key_and_no_index(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    old, new = Keystore.create(path), Keystore.rotate(path)
    assert new.fingerprint == old.fingerprint
    assert derive(new, "audit") == derive(old, "audit")
    assert blind_index(new, "phone", "+86138") == blind_index(old, "phone", "+86138")


def test_rewrapping_keeps_the_algorithm_and_refuses_a_forgery(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    old = Keystore.create(path)
    new = Keystore.rotate(path)
    assert new.rewrap(ME.id, old.wrap(ME, alg=Alg.SM4_GCM)).startswith("1.s.")
    with pytest.raises(SealBroken):
        new.rewrap(YOU.id, old.wrap(ME))


def test_only_an_older_key_can_be_retired(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    old = Keystore.create(path)
    with pytest.raises(KeystoreError, match="rotate first"):
        Keystore.retire(path, old.current)
    new = Keystore.rotate(path)
    with pytest.raises(KeystoreError, match="not an older key"):
        Keystore.retire(path, "k_unknown")
    left = Keystore.retire(path, old.current)
    assert left.kek_ids == {new.current}
    with pytest.raises(SealBroken):
        Keystore.load(path).unwrap(ME.id, old.wrap(ME))


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


# Phones


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "0086 13812345678",
        "8613812345678",
        "+86(0)13812345678",
        "013812345678",
        "１３８１２３４５６７８",
        "＋８６　１３８　１２３４　５６７８",
        "138\u200b1234\u00a05678",
        "138—1234—5678",
        "١٣٨١٢٣٤٥٦٧٨",
    ],
)
def test_one_mobile_written_in_many_ways_is_one_number(text: str) -> None:
    assert normalise_phone(text) == "+8613812345678"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("85291234567", "+85291234567"),
        ("00852-9123-4567", "+85291234567"),
        ("+853 6612 3456", "+85366123456"),
        ("+886 912 345 678", "+886912345678"),
        ("+886 0912-345-678", "+886912345678"),
        ("886912345678", "+886912345678"),
        ("010-62345678", "+861062345678"),
        ("(0571) 8888 8888", "+8657188888888"),
        ("+86 10 6234 5678", "+861062345678"),
        ("+1 (415) 555-2671", "+14155552671"),
    ],
)
def test_numbers_of_other_places_keep_their_country_code(text: str, number: str) -> None:
    assert normalise_phone(text) == number
    assert normalise_phone(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "12345678901",
        "1381234567",
        "138123456789",
        "91234567",
        "0912345678",
        "+86 91234",
        "+852 123",
        "+",
        "++8613812345678",
        "13812345678转12",
        "13812345678,13912345678",
        "1" * 65,
        "+1234567890123456",
        "²³",
        "\ud800",
    ],
)
def test_what_is_no_complete_number_is_none(text: str) -> None:
    assert normalise_phone(text) is None


@given(text=anything)
def test_normalising_never_fails_and_settles_at_once(text: str) -> None:
    number = normalise_phone(text)
    assert number is None or normalise_phone(number) == number

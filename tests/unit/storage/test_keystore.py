"""What the keystore file promises: private, never overwritten, never example keys, rotatable."""

from __future__ import annotations

import json
import os
import stat
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from storage.crypto import Alg, Keystore, KeystoreError, SealBroken, blind_index, derive, key_id

KEYS = Keystore.generate()
ME, _ = KEYS.new_subject_key()
YOU, _ = KEYS.new_subject_key()


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
    assert Keystore.load(path)  # others may see that it is there
    path.parent.chmod(0o775)
    with pytest.raises(KeystoreError, match=f"chmod go-w {path.parent}"):
        Keystore.load(path)
    with pytest.raises(KeystoreError, match="chmod go-w"):
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


def a_document(**changes: object) -> str:
    return json.dumps(json.loads(KEYS.dump()) | changes)


def as_text(key: bytes) -> str:
    return urlsafe_b64encode(key).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "root",
    [
        b"",
        bytes.fromhex("8f1cb62d9e03a75410c7e9b84d26f35a"),
        bytes.fromhex("3b90d17ce4586fa20b9d83c15e7742f8ad16690ce3b5f42871da0f9c4e8b62"),
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

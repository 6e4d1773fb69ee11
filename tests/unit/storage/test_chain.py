"""What the audit chain promises: nobody changes the past without ``verify`` naming the place."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.chain import (
    GENESIS,
    AuditEntry,
    AuditEvent,
    Checkpoint,
    Fault,
    Head,
    Verdict,
    checkpoint,
    checkpoint_due,
    moment_text,
    next_entry,
    read_checkpoints,
    signing_key,
    verify,
)

MAC_KEY = os.urandom(32)
SIGNER = signing_key(os.urandom(32))
ORIGIN = "yinuo:abc123"
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def an_event(number: int = 0, **changes: object) -> AuditEvent:
    fields: dict[str, object] = {
        "at": moment_text(NOON + timedelta(seconds=number)),
        "actor": "u_1",
        "role": "recruiter",
        "action": "candidate.reveal",
        "object": f"c_{number}",
        "purpose": "安排面试",
        "outcome": "ok",
        "request_id": f"r_{number}",
        "ip_hmac": "00" * 16,
        "details": {"fields": ["phone"], "count": number},
    }
    return AuditEvent(**(fields | changes))  # type: ignore[arg-type]


def a_chain(length: int, *, mac_key: bytes = MAC_KEY, after: Head = GENESIS) -> list[AuditEntry]:
    entries = []
    for number in range(length):
        entries.append(next_entry(after, an_event(after.seq + 1), mac_key))
        after = Head(entries[-1].seq, entries[-1].hash)
        assert after.seq == entries[0].seq + number
    return entries


CHAIN = a_chain(12)
HEAD = Head(12, CHAIN[-1].hash)
ANCHORS = [
    checkpoint(Head(seq, CHAIN[seq - 1].hash), origin=ORIGIN, at=NOON, key=SIGNER) for seq in (4, 9)
]


def check(
    entries: list[AuditEntry], head: Head = HEAD, anchors: list[Checkpoint] = ANCHORS
) -> Verdict:
    return verify(
        iter(entries),
        mac_key=MAC_KEY,
        head=head,
        checkpoints=anchors,
        signer=SIGNER.public_key(),
        origin=ORIGIN,
    )


def with_fitting_hash(entry: AuditEntry, **changes: object) -> AuditEntry:
    """What somebody without the MAC key can make of an entry, by the published rule."""
    edited = dataclasses.replace(entry, **changes)  # type: ignore[arg-type]
    row = dataclasses.asdict(edited)
    del row["hash"], row["mac"]
    digest = hashlib.sha256(b"audit-v1\0" + rfc8785.dumps(row)).hexdigest()
    return dataclasses.replace(edited, hash=digest)


FORGED: dict[str, object] = {
    "at": "2026-09-01T12:00:00.000001Z",
    "actor": "u_2",
    "role": "auditor",
    "action": "candidate.read",
    "object": "c_9",
    "purpose": "安排面試",
    "outcome": "refused",
    "request_id": "r_x",
    "ip_hmac": "11" * 16,
    "details": {"fields": [], "count": 5},
    "prev_hash": "ab" * 32,
    "hash": "ab" * 32,
    "mac": "ab" * 32,
}


@pytest.mark.parametrize("name", list(FORGED))
@pytest.mark.parametrize("at", [1, 5, 12])
def test_an_edit_of_any_field_is_found_at_its_entry(name: str, at: int) -> None:
    entries = list(CHAIN)
    entries[at - 1] = dataclasses.replace(CHAIN[at - 1], **{name: FORGED[name]})  # type: ignore[arg-type]
    found = check(entries)
    assert (found.ok, found.first_bad_seq, found.count) == (False, at, at - 1)
    expected = {"prev_hash": Fault.LINK, "mac": Fault.MAC}.get(name, Fault.HASH)
    assert found.reason is expected


def test_every_field_is_covered_by_the_test_of_edits() -> None:
    assert {f.name for f in dataclasses.fields(AuditEntry)} == set(FORGED) | {"seq"}


@pytest.mark.parametrize(
    "details",
    [[], None, "x", b"x", 1.5, {"fields": ["phone"]}, {1: 2}, {"n": 2**60}, {"n": "\ud800"}],
)
def test_details_left_in_any_other_shape_are_an_edit(details: object) -> None:
    entries = list(CHAIN)
    entries[2] = dataclasses.replace(CHAIN[2], details=details)  # type: ignore[arg-type]
    assert check(entries) == Verdict(False, 3, Fault.HASH, 2)


def test_empty_details_cannot_become_an_empty_list() -> None:
    entry = next_entry(GENESIS, an_event(details={}), MAC_KEY)
    forged = dataclasses.replace(entry, details=[])  # type: ignore[arg-type]
    assert check([forged], Head(1, entry.hash), []) == Verdict(False, 1, Fault.HASH, 0)


@pytest.mark.parametrize("mac", ["", "é", "00", None])
def test_a_mac_of_any_shape_is_compared_without_an_error(mac: object) -> None:
    entries = [*CHAIN[:3], dataclasses.replace(CHAIN[3], mac=mac)]  # type: ignore[arg-type]
    assert check(entries) == Verdict(False, 4, Fault.MAC, 3)


def test_a_deletion_in_the_middle_is_found_at_the_missing_number() -> None:
    assert check(CHAIN[:5] + CHAIN[6:]) == Verdict(False, 6, Fault.GAP, 5)
    assert check(CHAIN[:5] + CHAIN[8:]) == Verdict(False, 6, Fault.GAP, 5)


def test_deleting_the_first_is_found() -> None:
    assert check(CHAIN[1:]) == Verdict(False, 1, Fault.GAP, 0)


def test_deleting_and_renumbering_is_found() -> None:
    renumbered = [dataclasses.replace(e, seq=e.seq - 1) for e in CHAIN[1:]]
    assert check(renumbered) == Verdict(False, 1, Fault.LINK, 0)
    linked = [dataclasses.replace(renumbered[0], prev_hash=GENESIS.hash), *renumbered[1:]]
    assert check(linked) == Verdict(False, 1, Fault.HASH, 0)


def test_swapping_two_is_found_whether_their_numbers_move_or_not() -> None:
    moved = [*CHAIN[:2], CHAIN[3], CHAIN[2], *CHAIN[4:]]
    assert check(moved) == Verdict(False, 3, Fault.GAP, 2)
    numbered = list(CHAIN)
    numbered[2] = dataclasses.replace(CHAIN[3], seq=3)
    numbered[3] = dataclasses.replace(CHAIN[2], seq=4)
    assert check(numbered) == Verdict(False, 3, Fault.LINK, 2)
    numbered[2] = dataclasses.replace(CHAIN[3], seq=3, prev_hash=CHAIN[1].hash)
    assert check(numbered) == Verdict(False, 3, Fault.HASH, 2)


def test_a_repeated_number_is_found() -> None:
    assert check([*CHAIN[:3], CHAIN[2], *CHAIN[3:]]) == Verdict(False, 3, Fault.ORDER, 3)


@pytest.mark.parametrize("left", [11, 9, 5, 1, 0])
def test_a_cut_tail_is_found_by_the_head(left: int) -> None:
    assert check(CHAIN[:left], anchors=[]) == Verdict(False, left + 1, Fault.TAIL, left)


@pytest.mark.parametrize("left", [8, 5, 1])
def test_a_cut_tail_with_a_rewritten_head_is_found_by_a_checkpoint(left: int) -> None:
    head = Head(left, CHAIN[left - 1].hash)
    assert check(CHAIN[:left], head) == Verdict(False, left + 1, Fault.TAIL, left)
    assert check(CHAIN[:left], head, []).ok  # what only checkpoints can tell


def test_an_emptied_table_is_found() -> None:
    assert check([]) == Verdict(False, 1, Fault.TAIL, 0)
    assert check([], GENESIS) == Verdict(False, 1, Fault.TAIL, 0)


def rewritten_suffix(mac_key: bytes | None) -> list[AuditEntry]:
    """Entries 6 and on made anew; with a guessed MAC key, or keeping the old MACs."""
    if mac_key is not None:
        return CHAIN[:5] + a_chain(7, mac_key=mac_key, after=Head(5, CHAIN[4].hash))
    entries, last = CHAIN[:5], CHAIN[4].hash
    for entry in CHAIN[5:]:
        entries.append(with_fitting_hash(entry, actor="u_evil", prev_hash=last))
        last = entries[-1].hash
    return entries


@pytest.mark.parametrize("mac_key", [None, bytes(32)])
def test_a_suffix_rewritten_with_fitting_hashes_is_found_by_its_mac(mac_key: bytes | None) -> None:
    entries = rewritten_suffix(mac_key)
    assert check(entries, Head(12, entries[-1].hash), []) == Verdict(False, 6, Fault.MAC, 5)


def test_a_suffix_rewritten_with_the_stolen_key_is_found_by_a_checkpoint() -> None:
    entries = CHAIN[:8]
    event = an_event(9, actor="u_evil")
    entries.append(next_entry(Head(8, CHAIN[7].hash), event, MAC_KEY))
    entries += a_chain(3, after=Head(9, entries[-1].hash))
    head = Head(12, entries[-1].hash)
    assert check(entries, head, []).ok
    assert check(entries, head) == Verdict(False, 9, Fault.CHECKPOINT, 8)


def test_entries_behind_the_heads_back_are_found() -> None:
    assert check(CHAIN, Head(10, CHAIN[9].hash)) == Verdict(False, 11, Fault.HEAD, 12)
    assert check(CHAIN, Head(12, "ab" * 32)) == Verdict(False, 12, Fault.HEAD, 12)


def test_a_checkpoint_nobody_signed_is_named() -> None:
    stranger = signing_key(os.urandom(32))
    here = Head(4, CHAIN[3].hash)
    for forged in [
        checkpoint(here, origin=ORIGIN, at=NOON, key=stranger),
        checkpoint(here, origin="yinuo:other", at=NOON, key=SIGNER),
        dataclasses.replace(ANCHORS[0], seq=5),
        dataclasses.replace(ANCHORS[0], hash="ab" * 32),
        dataclasses.replace(ANCHORS[0], at="2026-09-02T12:00:00.000000Z"),
        dataclasses.replace(ANCHORS[0], signature=b""),
    ]:
        found = check(CHAIN, anchors=[forged])
        assert found == Verdict(False, forged.seq, Fault.SIGNATURE, 0)


def test_two_signed_checkpoints_that_disagree_fail_whatever_the_table_says() -> None:
    other = checkpoint(Head(4, "ab" * 32), origin=ORIGIN, at=NOON, key=SIGNER)
    assert check(CHAIN, anchors=[*ANCHORS, other]) == Verdict(False, 4, Fault.CHECKPOINT, 3)


def test_checkpoints_are_never_believed_without_their_signer_and_origin() -> None:
    for missing in ({"signer": SIGNER.public_key()}, {"origin": ORIGIN}, {}):
        with pytest.raises(ValueError, match="signer and origin"):
            verify(CHAIN, mac_key=MAC_KEY, head=HEAD, checkpoints=ANCHORS, **missing)


def test_the_wrong_key_finds_the_first_entry() -> None:
    assert verify(CHAIN, mac_key=bytes(32), head=HEAD) == Verdict(False, 1, Fault.MAC, 0)


def test_a_sound_chain_and_an_empty_one_pass() -> None:
    assert check(CHAIN) == Verdict(True, None, None, 12)
    assert check([], GENESIS, []) == Verdict(True, None, None, 0)


def test_hash_and_mac_follow_the_published_rule() -> None:
    row = {k: v for k, v in dataclasses.asdict(CHAIN[1]).items() if k not in ("hash", "mac")}
    digest = hashlib.sha256(b"audit-v1\x00" + rfc8785.dumps(row)).digest()
    assert CHAIN[1].hash == digest.hex()
    assert CHAIN[1].mac == hmac.digest(MAC_KEY, digest, "sha256").hex()
    assert CHAIN[1].prev_hash == CHAIN[0].hash
    assert CHAIN[0].prev_hash == GENESIS.hash == "0" * 64


def test_the_order_of_details_does_not_matter() -> None:
    one = next_entry(GENESIS, an_event(details={"a": 1, "b": 2}), MAC_KEY)
    two = next_entry(GENESIS, an_event(details={"b": 2, "a": 1}), MAC_KEY)
    assert one.hash == two.hash


@settings(max_examples=60)
@given(data=st.data())
def test_any_one_change_to_any_chain_is_found(data: st.DataObject) -> None:
    chain = a_chain(data.draw(st.integers(1, 6)))
    at = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from(sorted({*FORGED} - {"details"})))
    value = data.draw(st.text(max_size=5))
    forged = [*chain[:at], dataclasses.replace(chain[at], **{name: value}), *chain[at + 1 :]]  # type: ignore[arg-type]
    assert not check(forged, Head(len(chain), chain[-1].hash), []).ok


@pytest.mark.parametrize(
    "details",
    [
        {"score": 1.5},
        {"a": float("nan")},
        {"a": "x\x00"},
        {"a\x00": 1},
        {"a": "\ud800"},
        {"a": 2**53},
        {"a": b"x"},
        {"a": [[[[[1]]]]]},
        {"a": datetime(2026, 9, 1, tzinfo=UTC)},
    ],
)
def test_what_two_databases_would_read_back_differently_is_refused(
    details: dict[str, object],
) -> None:
    with pytest.raises(ValueError):
        next_entry(GENESIS, an_event(details=details), MAC_KEY)


@pytest.mark.parametrize(
    "at", ["", "2026-09-01", "2026-09-01T12:00:00Z", "2026-09-01T12:00:00.000000+00:00"]
)
def test_a_moment_in_another_form_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match="moment_text"):
        next_entry(GENESIS, an_event(at=at), MAC_KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        next_entry(GENESIS, an_event(), b"short")


def test_moments_are_written_in_utc_with_microseconds() -> None:
    east = timezone(timedelta(hours=8))
    assert moment_text(datetime(2026, 9, 1, 8, tzinfo=east)) == "2026-09-01T00:00:00.000000Z"
    with pytest.raises(ValueError, match="aware"):
        moment_text(datetime(2026, 9, 1))  # noqa: DTZ001


def test_checkpoints_survive_being_written_as_lines() -> None:
    text = "".join(anchor.line() + "\n" for anchor in ANCHORS)
    assert read_checkpoints(text) == (ANCHORS, [])
    assert all(len(line) < 300 and line.isascii() for line in text.splitlines())


def torn_lines() -> Iterator[str]:
    line = ANCHORS[0].line()
    yield line[:-1]
    yield line + "A"
    yield line + " "
    yield line + "\r"
    yield " " + line
    yield line.replace(" 4 ", " 04 ")
    yield line.replace(" 4 ", " ４ ")
    yield line.replace("v1", "v2")
    yield line[:-1] + ("B" if line[-1] != "B" else "C")  # spare bits of the last digit


@pytest.mark.parametrize("line", list(torn_lines()))
def test_a_torn_or_touched_line_is_named_and_not_believed(line: str) -> None:
    text = f"{ANCHORS[0].line()}\n{line}\n{ANCHORS[1].line()}\n"
    assert read_checkpoints(text) == (ANCHORS, [2])


@pytest.mark.parametrize("origin", ["", "a b", "a\n", "é", "x" * 101])
def test_an_origin_that_would_break_the_line_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        checkpoint(HEAD, origin=origin, at=NOON, key=SIGNER)


def test_a_checkpoint_is_due_after_64_entries_or_five_minutes() -> None:
    last = checkpoint(Head(10, "ab" * 32), origin=ORIGIN, at=NOON, key=SIGNER)
    soon, late = NOON + timedelta(minutes=4, seconds=59), NOON + timedelta(minutes=5)
    assert not checkpoint_due(GENESIS, None, NOON)
    assert checkpoint_due(Head(1, ""), None, NOON)
    assert not checkpoint_due(Head(10, ""), last, late)
    assert not checkpoint_due(Head(73, ""), last, soon)
    assert checkpoint_due(Head(74, ""), last, soon)
    assert checkpoint_due(Head(11, ""), last, late)

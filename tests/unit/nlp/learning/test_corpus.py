"""The labelled messages hold together: who wrote what, how much of it, labelled by the scheme."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from nlp.corpus import BadExample, Example, parse, read, write
from nlp.learning.duplicates import across
from nlp.learning.sources import DATA, SPLITS, Corpus, corpus, files
from nlp.reading import Turn
from nlp.scheme import STAGES, Condition, Intent
from tests.unit.nlp.measure.labelled import an_example

pytestmark = pytest.mark.slow


@lru_cache(maxsize=1)
def whole() -> Corpus:
    """Everything, read once."""
    return corpus()


def split(name: str) -> tuple[Example, ...]:
    """One of the three."""
    examples: tuple[Example, ...] = getattr(whole(), name)
    return examples


def everything() -> list[Example]:
    """All three."""
    return [example for name in SPLITS for example in split(name)]


def share(examples: tuple[Example, ...], holds: Any) -> float:
    """How many of them."""
    return sum(bool(holds(one)) for one in examples) / len(examples)


# --- the data ---------------------------------------------------------------------------------


def test_every_line_is_a_labelled_message() -> None:
    for path in DATA.rglob("*.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines()
        examples = list(read(path))
        assert len(examples) == len(lines) > 0, path.name
        assert all(one.text.strip() and one.voice and one.author == path.stem for one in examples)
    assert sum(len(files(name)) for name in SPLITS) == len(list(DATA.rglob("*.jsonl")))


def test_a_line_says_nothing_twice_and_nothing_unknown() -> None:
    known = {
        "id", "voice", "stage", "context", "text", "intents", "commitment", "reported", "condition",
        "deadline", "alert", "pair", "tags", "origin",
    }  # fmt: skip
    for path in DATA.rglob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            assert set(raw) <= known, raw["id"]
            assert len(set(raw["intents"])) == len(raw["intents"]), raw["id"]


def test_no_id_is_given_twice() -> None:
    ids = Counter(one.id for one in everything())
    assert [name for name, count in ids.items() if count > 1] == []


@pytest.mark.parametrize(("one", "other"), list(combinations(SPLITS, 2)))
def test_splits_share_no_author_and_no_voice(one: str, other: str) -> None:
    assert not {x.author for x in split(one)} & {x.author for x in split(other)}
    assert not {x.voice for x in split(one)} & {x.voice for x in split(other)}


@pytest.mark.parametrize(("one", "other"), list(combinations(SPLITS, 2)))
def test_no_message_is_nearly_the_same_in_two_splits(one: str, other: str) -> None:
    found = [(left.id, right.id) for left, right in across(split(one), split(other))]
    assert found == []


def test_there_is_enough_of_everything() -> None:
    assert len(everything()) >= 8_000
    assert share(split("train"), lambda one: one.context) >= 0.40
    for name, least in (("train", 30), ("calibration", 15), ("test", 15)):
        intents = Counter(intent for one in split(name) for intent in one.intents)
        assert {intent for intent in Intent if intents[intent] < least} == set(), name
        assert {one.stage for one in split(name)} == set(STAGES)
        assert {one.condition for one in split(name)} == set(Condition)
        assert any(one.reported for one in split(name))


@pytest.mark.parametrize("name", SPLITS)
def test_about_half_is_harmless(name: str) -> None:
    assert 0.45 <= share(split(name), lambda one: not one.alert) <= 0.65


def test_a_pair_is_two_or_more_of_one_author_labelled_differently() -> None:
    pairs = defaultdict(list)
    for one in everything():
        if one.pair is not None:
            pairs[one.pair].append(one)
    assert len(pairs) > 500
    for name, members in pairs.items():
        assert len(members) >= 2, name
        assert len({one.author for one in members}) == 1, name
        kinds = {
            (one.intents, one.commitment, one.reported, one.condition, one.alert) for one in members
        }
        assert len(kinds) >= 2, name


@pytest.mark.parametrize("name", SPLITS)
def test_an_alert_follows_from_the_labels_but_for_a_few_a_person_took_back(name: str) -> None:
    odd = [one for one in split(name) if one.alert != one.derived_alert]
    assert all(one.derived_alert and not one.alert for one in odd)
    assert len(odd) / len(split(name)) <= 0.03


def test_small_talk_stands_alone_and_stages_keep_their_intents() -> None:
    after = {Intent.TEAM_FIT, Intent.WORKLOAD, Intent.POSITIVE, Intent.LEAVE_SIGNAL}
    for one in everything():
        assert Intent.SOCIAL not in one.intents or len(one.intents) == 1, one.id
        if one.stage == "onboarded":
            assert Intent.DECLINE not in one.intents, one.id
        else:
            assert not after & one.intents, one.id


# --- duplicates -------------------------------------------------------------------------------


def test_a_message_copied_into_another_split_is_found() -> None:
    planted = replace(split("test")[7], id="planted")
    longest = max(split("train"), key=lambda one: len(one.text))
    copied = replace(longest, id="copied", text=f"{longest.text}！！哈哈")
    found = list(across(split("train"), [*split("test")[:50], copied]))
    assert (longest.id, "copied") in [(left.id, right.id) for left, right in found]
    assert [(a.id, b.id) for a, b in across([split("test")[7]], [planted])] in (
        [(split("test")[7].id, "planted")],
    )


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("我觉得薪资可以再谈一谈", "我觉得，薪资可以再谈一谈。。。", True),
        ("我觉得薪资可以再谈一谈", "我觉得薪资可以再谈一下吧", True),
        ("我觉得薪资可以再谈一谈", "家里人希望我留在本地工作", False),
        ("好的，收到谢谢", "好的，收到谢谢", False),  # everybody writes that
    ],
)
def test_punctuation_and_a_word_do_not_make_another_message(
    left: str, right: str, same: bool
) -> None:
    found = list(across([an_example(text=left)], [an_example(text=right)]))
    assert bool(found) is same


# --- lines ------------------------------------------------------------------------------------

GOOD = {"id": "x-1", "voice": "x-1", "text": "薪资能谈吗", "intents": ["salary"], "commitment": 0}


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        '"薪资"',
        json.dumps(GOOD | {"stage": "later"}),
        json.dumps(GOOD | {"intents": ["pay"]}),
        json.dumps(GOOD | {"intents": []}),
        json.dumps(GOOD | {"commitment": 4}),
        json.dumps(GOOD | {"commitment": -4}),
        json.dumps(GOOD | {"commitment": 0.5}),
        json.dumps(GOOD | {"commitment": "1"}),
        json.dumps(GOOD | {"condition": "maybe"}),
        json.dumps(GOOD | {"text": None}),
        json.dumps(GOOD | {"context": [{"role": "boss", "text": "好"}]}),
        json.dumps(GOOD | {"context": [{"role": "hr"}]}),
        json.dumps({"text": "薪资", "intents": ["salary"]}),
    ],
)
def test_a_bad_line_is_told_by_its_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n\n{line}\n{json.dumps(GOOD)}\n", encoding="utf-8")
    with pytest.raises(BadExample, match=r"^line 3: "):
        list(read(path))


def test_a_line_is_written_as_it_was_read(tmp_path: Path) -> None:
    examples = [
        *split("test")[:50],
        an_example(alert=True),
        an_example(
            context=(Turn(role="bot", text="您好"),),
            reported=True,
            condition=Condition.SOFT,
            tags=("nk",),
            pair="p",
            origin="verdict",
        ),
    ]
    path = tmp_path / "x.jsonl"
    write(path, examples)
    assert list(read(path)) == examples


def test_without_a_label_of_its_own_a_message_alerts_by_the_scheme() -> None:
    assert parse(json.dumps(GOOD | {"commitment": -1})).alert
    assert not parse(json.dumps(GOOD | {"commitment": -1, "alert": False})).alert
    assert not parse(json.dumps(GOOD)).alert


# --- reading it all ---------------------------------------------------------------------------


def test_verdicts_are_trained_on_and_change_the_digest(tmp_path: Path) -> None:
    for name in SPLITS:
        (tmp_path / name).mkdir()
        write(tmp_path / name / f"{name}.jsonl", [an_example(id=name)])
    more = tmp_path / "verdicts.jsonl"
    write(more, [an_example(id="verdict", origin="verdict")])
    plain, taught = corpus(tmp_path), corpus(tmp_path, more=iter([more]))
    assert [one.id for one in plain.train] == ["train"]
    assert [one.id for one in taught.train] == ["train", "verdict"]
    assert (taught.calibration, taught.test) == (plain.calibration, plain.test)
    assert re.fullmatch(r"[0-9a-f]{12}", plain.digest)
    assert plain.digest == corpus(tmp_path).digest != taught.digest

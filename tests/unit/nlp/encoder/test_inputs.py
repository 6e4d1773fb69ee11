"""What the encoder is shown, token by token."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Loaded

from nlp.corpus import ROLES
from nlp.encoder.inputs import (
    CONDITIONS,
    END,
    HEAD_TOKENS,
    INTENTS,
    OUTPUTS,
    PAD,
    RULES,
    START,
    STEPS,
    TAIL_TOKENS,
    TURN_TOKENS,
    Encoded,
    batched,
    rule_features,
)
from nlp.encoder.reader import SHIPPED
from nlp.encoder.weights import BASE, CONFIG, TOKENIZER
from nlp.reading import Turn
from nlp.rules import Judgement
from nlp.scheme import STAGES, Condition, Intent
from tests.unit.nlp.encoder.trained import tokenizer

POSITIONS = json.loads((BASE / CONFIG).read_text(encoding="utf-8"))["max_position_embeddings"]
LONG = "".join(f"第{number}条薪资再考虑一下" for number in range(200))


@lru_cache(maxsize=1)
def loaded() -> Loaded:
    """The same tokenizer, by its own library."""
    return Loaded.from_file(str(SHIPPED / TOKENIZER))


def pieces(text: str) -> tuple[int, ...]:
    """Ids of a text without anything around them."""
    return tuple(loaded().encode(text, add_special_tokens=False).ids)


def marks() -> dict[str, int]:
    """The token of each stage and role."""
    encode = tokenizer().encode
    stages = {stage: encode("", stage=stage, context=[]).ids[1] for stage in STAGES}
    roles = {
        role: encode("", stage="offer", context=[Turn(role=role, text="")]).ids[2] for role in ROLES
    }
    return stages | roles


def test_stage_turns_and_message_stand_in_this_order() -> None:
    mark = marks()
    context = [Turn(role="hr", text="确定接受吗"), Turn(role="candidate", text="稍等")]
    found = tokenizer().encode("好的", stage="accepted", context=context)
    before = (
        *(START, mark["accepted"], mark["hr"], *pieces("确定接受吗")),
        *(mark["candidate"], *pieces("稍等"), END),
    )
    assert found.ids == (*before, *pieces("好的"), END)
    assert found.message == len(before)


def test_the_special_tokens_are_the_tokenizers_own() -> None:
    names = [loaded().id_to_token(number) for number in (START, PAD, END)]
    assert names == ["<s>", "<pad>", "</s>"]


def test_every_stage_and_role_has_a_token_of_its_own() -> None:
    found = list(marks().values())
    assert len(set(found)) == len(found) == 7
    unknown = loaded().token_to_id("<unk>")
    assert unknown not in found


def test_only_the_last_two_turns_are_shown() -> None:
    turns = [Turn(role="hr", text=text) for text in ("一", "二", "三")]
    encode = tokenizer().encode
    all_three = encode("好", stage="offer", context=turns)
    assert all_three == encode("好", stage="offer", context=turns[1:])
    assert all_three != encode("好", stage="offer", context=turns[2:])


def test_of_a_long_turn_the_end_is_shown() -> None:
    found = tokenizer().encode("好", stage="offer", context=[Turn(role="hr", text=LONG)])
    assert len(pieces(LONG)) > TURN_TOKENS
    assert found.ids[3 : found.message - 1] == pieces(LONG)[-TURN_TOKENS:]


def test_of_a_long_message_head_and_tail_are_shown() -> None:
    found = tokenizer().encode(LONG, stage="offer", context=[])
    wanted = pieces(LONG)
    assert len(wanted) > HEAD_TOKENS + TAIL_TOKENS
    shown = found.ids[found.message : -1]
    assert shown == (*wanted[:HEAD_TOKENS], *wanted[-TAIL_TOKENS:])


def test_a_message_that_just_fits_is_shown_whole() -> None:
    size = HEAD_TOKENS + TAIL_TOKENS
    text = next(LONG[:end] for end in range(len(LONG)) if len(pieces(LONG[:end])) >= size)
    assert len(pieces(text)) == size
    found = tokenizer().encode(text, stage="offer", context=[])
    assert found.ids[found.message : -1] == pieces(text)


def test_a_stage_or_role_nobody_knows_is_read_as_an_offer_and_as_hr() -> None:
    encode = tokenizer().encode
    assert encode("好", stage="later", context=[]) == encode("好", stage="offer", context=[])
    strange, known = (
        encode("好", stage="offer", context=[Turn(role=role, text="您好")])
        for role in ("boss", "hr")
    )
    assert strange == known


_TEXT = st.text(max_size=400)  # without lone surrogates: normalising takes them out


@given(
    text=_TEXT,
    stage=st.sampled_from([*STAGES, "", "later"]),
    turns=st.lists(st.builds(lambda r, t: Turn(role=r, text=t), st.sampled_from(ROLES), _TEXT)),
)
@settings(max_examples=60, deadline=None)
def test_any_text_fits_the_positions_and_holds_no_padding(
    text: str, stage: str, turns: list[Turn]
) -> None:
    found = tokenizer().encode(text, stage=stage, context=turns)
    assert len(found.ids) <= POSITIONS
    assert (found.ids[0], found.ids[found.message - 1], found.ids[-1]) == (START, END, END)
    assert found.message < len(found.ids)
    assert PAD not in found.ids


def test_the_longest_input_there_can_be_fits_the_positions() -> None:
    turns = [Turn(role="hr", text=LONG)] * 2
    found = tokenizer().encode(LONG, stage="offer", context=turns)
    assert len(found.ids) == 4 + 2 * (1 + TURN_TOKENS) + HEAD_TOKENS + TAIL_TOKENS <= POSITIONS


def test_a_batch_is_padded_to_its_longest() -> None:
    ids, segments = batched(
        [Encoded(ids=(0, 7, 2, 9, 2), message=3), Encoded(ids=(0, 7, 2, 2), message=3)]
    )
    assert ids.dtype == segments.dtype == np.int64
    assert ids.tolist() == [[0, 7, 2, 9, 2], [0, 7, 2, 2, PAD]]
    assert segments.tolist() == [[0, 0, 0, 1, 1], [0, 0, 0, 1, 0]]


def a_judgement(**changed: object) -> Judgement:
    """Nothing about anything."""
    fields: dict[str, object] = {
        "intents": (),
        "scores": {},
        "commitment": 0,
        "reported": False,
        "condition": Condition.NONE,
        "deadline": None,
        "quotes": (),
    }
    return Judgement(**fields | changed)  # type: ignore[arg-type]


def hot(judged: Judgement) -> set[int]:
    """The columns that are 1; everything else is 0."""
    row = rule_features(judged)
    assert row.shape == (RULES,)
    assert row.dtype == np.float32
    assert set(row.tolist()) <= {0.0, 1.0}
    return set(np.flatnonzero(row).tolist())


@pytest.mark.parametrize("intent", INTENTS)
def test_an_intent_has_its_own_column(intent: Intent) -> None:
    zero = len(INTENTS) + STEPS.index(0)
    assert hot(a_judgement(intents=(intent,))) == {INTENTS.index(intent), zero}


@pytest.mark.parametrize("step", STEPS)
def test_a_commitment_has_its_own_column(step: int) -> None:
    assert hot(a_judgement(commitment=step)) == {len(INTENTS) + step + 3}


def test_reported_soft_and_hard_stand_last() -> None:
    zero = len(INTENTS) + STEPS.index(0)
    assert hot(a_judgement(reported=True)) == {zero, RULES - 3}
    assert hot(a_judgement(condition=Condition.SOFT)) == {zero, RULES - 2}
    assert hot(a_judgement(condition=Condition.HARD)) == {zero, RULES - 1}


def test_the_outputs_count_what_a_reading_says() -> None:
    assert len(INTENTS) + len(STEPS) + 2 + len(CONDITIONS) == OUTPUTS
    assert STEPS == (-3, -2, -1, 0, 1, 2, 3)

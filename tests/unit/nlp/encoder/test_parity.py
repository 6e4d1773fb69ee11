"""What serves and what it is held to read alike: ONNX Runtime against torch, the same weights."""

from __future__ import annotations

from functools import lru_cache

import pytest

from nlp.encoder.decide import Decision
from nlp.encoder.engines import MODEL
from nlp.encoder.reader import SHIPPED, EncoderReader
from nlp.encoder.reference import TorchEngine
from tests.unit.nlp.encoder.trained import decisions, shipped, spread, utterances, voices

pytestmark = pytest.mark.slow


@lru_cache(maxsize=1)
def pairs() -> list[tuple[Decision, Decision]]:
    """Four hundred messages of the test voices, decided by both."""
    batch = utterances(spread(voices(), 400))
    reference = EncoderReader(engine=TorchEngine(SHIPPED / MODEL))
    return list(zip(decisions(shipped(), batch), decisions(reference, batch), strict=True))


def share(same: list[bool]) -> float:
    """How many of them."""
    assert len(same) == 400
    return sum(same) / len(same)


def test_alerts_are_the_same() -> None:
    assert share([one.alert == other.alert for one, other in pairs()]) >= 0.99


def test_commitments_are_the_same() -> None:
    """99.0 % of all test messages were when it was written; of these 400 it may be one less."""
    assert share([one.commitment == other.commitment for one, other in pairs()]) >= 0.98


def test_sets_of_intents_are_the_same() -> None:
    """Sums in eight bits move one of sixteen intents across its threshold in the rest."""
    same = [set(one.intents) == set(other.intents) for one, other in pairs()]
    assert share(same) >= 0.98


def test_one_engine_is_not_the_other() -> None:
    assert any(one.alert_score != other.alert_score for one, other in pairs())

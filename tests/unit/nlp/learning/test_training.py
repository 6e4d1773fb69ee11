"""Training end to end on a small scale: it learns, repeats itself, and gives what can be served."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from nlp.corpus import Example
from nlp.encoder.engines import MODEL, OnnxEngine
from nlp.encoder.inputs import INTENTS, Tokenizer
from nlp.encoder.network import Network, from_base
from nlp.encoder.reader import EncoderReader, prepare
from nlp.encoder.reader import run as through
from nlp.encoder.reference import TorchEngine
from nlp.encoder.weights import TOKENIZER, verify
from nlp.learning import linear
from nlp.learning.build import BASE, NAME, calibrated
from nlp.learning.export import sample_of, to_onnx
from nlp.learning.prepared import Item, targets, utterance
from nlp.learning.sources import corpus
from nlp.learning.training import Progress, Recipe, logits_of, prepared, train
from tests.unit.nlp.encoder.trained import spread

pytestmark = pytest.mark.slow

RECIPE = Recipe(layers=2, epochs=1, head_steps=40)


@dataclass(frozen=True, slots=True)
class Run:
    """One training and what it told."""

    network: Network
    told: tuple[Progress, ...]
    seconds: float


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """120 training messages."""
    return tuple(spread(corpus().train, 120))


@lru_cache(maxsize=1)
def items() -> Sequence[Item]:
    """The same as arrays."""
    return prepared(examples(), BASE)


@lru_cache(maxsize=1)
def first() -> Run:
    """The training the tests look at."""
    return run(RECIPE)


def run(recipe: Recipe) -> Run:
    """Train once."""
    told: list[Progress] = []
    began = time.monotonic()
    network = train(examples(), BASE, recipe, tell=told.append)
    return Run(network, tuple(told), time.monotonic() - began)


def loss(network: Network) -> float:
    """Mean negative log-likelihood of the intents of the messages trained on."""
    wanted = np.stack([one.targets for one in items()])[:, : len(INTENTS)]
    found = logits_of(network, items())[:, : len(INTENTS)].astype(np.float64)
    return float((np.logaddexp(0, found) - wanted * found).mean())


def test_training_takes_no_minute_and_tells_of_each_epoch() -> None:
    assert first().seconds < 60
    assert [one.epoch for one in first().told] == [1]
    assert 0 < first().told[0].seconds <= first().seconds
    assert 0 < first().told[0].loss < 100


def test_the_loss_falls() -> None:
    untrained = loss(from_base(BASE, layers=2).eval())
    assert untrained == pytest.approx(np.log(2))  # a head of zeros says half for everything
    assert loss(first().network) < untrained / 3


def test_the_encoder_was_trained_and_its_words_were_not() -> None:
    before, after = (
        network.encoder.state_dict() for network in (from_base(BASE, layers=2), first().network)
    )
    words = "embeddings.word_embeddings.weight"
    torch.testing.assert_close(after[words], before[words], atol=0, rtol=0)
    moved = [
        name
        for name, value in after.items()
        if name != words and not torch.equal(value, before[name])
    ]
    assert len(moved) > 20
    assert not first().network.training


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    weights = first().network.state_dict()
    again = run(RECIPE).network.state_dict()
    for name, value in weights.items():
        torch.testing.assert_close(again[name], value, atol=1e-5, rtol=1e-4, msg=name)
    other = run(Recipe(layers=2, epochs=1, head_steps=40, seed=2)).network.state_dict()
    assert not torch.allclose(other["head.weight"], weights["head.weight"], atol=1e-3)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network exported, calibrated on 60 messages and written down."""
    directory = tmp_path_factory.mktemp("built")
    tokenizer = Tokenizer(BASE / TOKENIZER)
    ready = [prepare(utterance(one), tokenizer) for one in examples()]
    ngrams = linear.fit(ready, np.stack([targets(one) for one in examples()]))
    to_onnx(first().network, directory / MODEL, sample_of(ready))
    found = calibrated(spread(corpus().calibration, 60), directory, ngrams)
    assert 0 < found < np.log(2)  # better than knowing nothing
    return directory


def test_what_was_built_is_whole_and_is_read(built: Path) -> None:
    assert verify(built)["name"] == NAME
    assert set(verify(built)["files"]) | {"manifest.json"} == {
        path.name for path in built.iterdir()
    }
    reader = EncoderReader(built)
    readings = reader.read([utterance(one) for one in examples()])
    assert all(reading.model == reader.name for reading in readings)
    wrong = sum(
        abs(reading.alert - one.alert) for reading, one in zip(readings, examples(), strict=True)
    )
    assert wrong < 40  # of 120, after one epoch on them
    json.dumps([reading.as_dict() for reading in readings], allow_nan=False)


def test_the_exported_network_says_what_the_trained_one_says(built: Path) -> None:
    tokenizer = Tokenizer(BASE / TOKENIZER)
    ready = [prepare(utterance(one), tokenizer) for one in examples()]
    trained = logits_of(first().network, items())
    for engine in (OnnxEngine(built / MODEL), TorchEngine(built / MODEL)):
        found = through(engine, ready)
        assert np.corrcoef(found.ravel(), trained.ravel())[0, 1] > 0.98
        assert np.abs(found - trained).mean() < 0.25 * trained.std()

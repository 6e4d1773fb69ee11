"""The whole of ``yinuo train``: from labelled messages to a model folder that can be served."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nlp.baseline import fingerprint
from nlp.corpus import Example
from nlp.encoder.decide import Logits, Settings, blended
from nlp.encoder.engines import MODEL, OnnxEngine
from nlp.encoder.inputs import ALERT, INTENTS, Tokenizer
from nlp.encoder.network import Network, from_base
from nlp.encoder.ngrams import Ngrams
from nlp.encoder.reader import EncoderReader, Prepared, grams, prepare, run
from nlp.encoder.weights import BASE, TOKENIZER, verify
from nlp.learning import linear
from nlp.learning.calibrate import calibrate
from nlp.learning.export import sample_of, to_onnx, write_manifest, write_rest
from nlp.learning.prepared import targets, utterance
from nlp.learning.sources import Corpus
from nlp.learning.training import Progress, Recipe, train
from nlp.measure.quick import Scores, scores

NAME = "encoder"
#: The "seed" of the mean of all seeds.
AVERAGE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One seed's network, exported and calibrated. ``loss`` is on the calibration voices."""

    seed: int
    directory: Path
    loss: float
    scores: Scores  # on the test voices
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a training tells while it runs."""

    seed: int
    progress: Progress | None = None
    trained: Trained | None = None


def build(
    corpus: Corpus,
    out: Path,
    *,
    recipe: Recipe,
    seeds: Sequence[int] = (1,),
    base: Path = BASE,
    tell: Callable[[Told], None] = lambda _: None,
) -> list[Trained]:
    """Train every seed and leave the one best on the calibration voices in ``out``.

    Returns all of them, best first. Raises ``BadArtefact`` when the base was changed.
    """
    verify(base)
    tokenizer = Tokenizer(base / TOKENIZER)
    prepared = _prepared(corpus.train, tokenizer)
    ngrams = linear.fit(prepared, np.stack([targets(example) for example in corpus.train]))
    sample = sample_of(prepared)
    found: list[Trained] = []
    states = []
    with tempfile.TemporaryDirectory() as folder:

        def exported(network: Network, seed: int, began: float) -> None:
            directory = Path(folder) / str(seed)
            directory.mkdir()
            to_onnx(network, directory / MODEL, sample)
            loss = calibrated(corpus.calibration, directory, ngrams, base)
            readings = EncoderReader(directory).read([utterance(one) for one in corpus.test])
            one = Trained(
                seed=seed,
                directory=directory,
                loss=loss,
                scores=scores(corpus.test, readings),
                seconds=time.monotonic() - began,
            )
            found.append(one)
            tell(Told(seed=seed, trained=one))

        for seed in seeds:
            began = time.monotonic()
            network = train(
                corpus.train,
                base,
                replace(recipe, seed=seed),
                tell=lambda progress, seed=seed: tell(Told(seed=seed, progress=progress)),  # type: ignore[misc]
            )
            states.append(network.state_dict())
            exported(network, seed, began)
        if len(states) > 1:
            exported(averaged(states, base, layers=recipe.layers), AVERAGE, time.monotonic())
        found.sort(key=lambda one: one.loss)
        _publish(found, out, corpus, recipe)
    return [replace(one, directory=out) for one in found]


def averaged(states: Sequence[Mapping[str, Tensor]], base: Path, *, layers: int) -> Network:
    """One network of the mean weights of several seeds: they started at the same place.

    (Wortsman et al. 2022, "Model soups".) It costs nothing to serve and is often the best.
    """
    network = from_base(base, layers=layers)
    network.load_state_dict(
        {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    )
    return network.eval()


def calibrated(
    examples: Sequence[Example], directory: Path, ngrams: Ngrams, base: Path = BASE
) -> float:
    """Calibrate the very file that is served, and write all that belongs to it beside it.

    Returns the loss of the blend on the calibration voices: what picks the best of seeds.
    """
    ready = _prepared(examples, Tokenizer(base / TOKENIZER))
    network = run(OnnxEngine(directory / MODEL), ready)
    second = grams(ngrams, ready)
    settings = calibrate(network, second, examples)
    write_rest(directory, base, ngrams, settings)
    write_manifest(directory, name=NAME, about={})
    return _loss(blended(network, second, settings), examples, settings)


def _loss(logits: Logits, examples: Sequence[Example], settings: Settings) -> float:
    """Mean negative log-likelihood of intents and alert."""
    wanted = np.stack([targets(example) for example in examples]).astype(np.float64)
    columns = [*range(len(INTENTS)), ALERT]
    values = np.asarray(logits[:, columns], np.float64)
    return float((np.logaddexp(0, values) - wanted[:, columns] * values).mean())


def _publish(found: Sequence[Trained], out: Path, corpus: Corpus, recipe: Recipe) -> None:
    best = found[0]
    out.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {
        "recipe": asdict(replace(recipe, seed=best.seed)),
        "data": {
            "digest": corpus.digest,
            "train": len(corpus.train),
            "calibration": len(corpus.calibration),
            "test": len(corpus.test),
        },
        "rules": fingerprint(),
        "seeds": {str(one.seed): asdict(one.scores) for one in found},
    }
    write_manifest(best.directory, name=NAME, about=json.loads(json.dumps(about)))
    for path in best.directory.iterdir():
        shutil.copyfile(path, out / path.name)


def _prepared(examples: Sequence[Example], tokenizer: Tokenizer) -> list[Prepared]:
    return [prepare(utterance(example), tokenizer) for example in examples]

"""What simpler readers make of the same messages: rules, TF-IDF, a frozen encoder.

Needs scikit-learn, which only training and measuring use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from nlp.baseline import RuleReader
from nlp.corpus import Example
from nlp.learning.prepared import utterance
from nlp.measure.arrays import INTENTS, Flags, Side, side
from nlp.measure.figures import Baseline
from nlp.measure.metrics import macro_f1
from nlp.measure.sampling import Voices
from nlp.normalize import normalize
from nlp.reading import Reading
from nlp.scheme import STAGES, Intent
from nlp.segment import segment

Features = Callable[[Sequence[Example]], npt.NDArray[Any]]

ALERT_FROM = 0.5
WORDS_STRENGTH = 8.0  # inverse of the L2 penalty, over TF-IDF rows of length 1
#: The same over standardised features, which are far larger: the best on held-out voices.
FROZEN_STRENGTHS = (0.001, 0.01, 0.1)
#: Of the exact solvers the one that is quick on sparse rows (30 times lbfgs).
_SOLVER, _ROUNDS = "newton-cg", 1000


def scored(name: str, examples: Sequence[Example], readings: Sequence[Reading]) -> Baseline:
    """The row of readings that are there already, the model's own for example."""
    return _row(name, side(examples), side(readings))


def rules(examples: Sequence[Example]) -> Baseline:
    """The rule reader: cues and word lists, cut into words by jieba."""
    readings = RuleReader().read([utterance(example) for example in examples])
    return scored("关键词规则 + jieba", examples, readings)


def words(
    training: Sequence[Example], examples: Sequence[Example], *, balanced: bool = False
) -> Baseline:
    """TF-IDF over jieba words and character 1- to 4-grams, a logistic regression for each output.

    The turn before and the stage are features of their own, so it sees what the model sees.
    ``balanced`` weighs the classes of each intent evenly.
    """
    grams = [
        TfidfVectorizer(analyzer=_words_of, min_df=2, sublinear_tf=True),
        TfidfVectorizer(analyzer=_characters_of, min_df=2, sublinear_tf=True),
    ]
    stacked = [
        sparse.csr_matrix(sparse.hstack([*columns, _stages(rows)]))
        for rows, columns in (
            (training, [one.fit_transform(training) for one in grams]),
            (examples, [one.transform(examples) for one in grams]),
        )
    ]
    weight = "balanced" if balanced else None
    found = _fitted(stacked[0], side(training), stacked[1], WORDS_STRENGTH, weight)
    name = "TF-IDF + 逻辑回归" + ("（意图加权）" if balanced else "")
    return _row(name, side(examples), found)


def frozen(
    training: Sequence[Example], examples: Sequence[Example], features: Features
) -> Baseline:
    """A logistic regression for each output over ``features(examples) -> [N, D]``, D fixed.

    How strongly it is held back is chosen on every fifth voice of ``training``.
    """
    scaler = StandardScaler()
    known = scaler.fit_transform(np.asarray(features(training), np.float64))
    asked = scaler.transform(np.asarray(features(examples), np.float64))
    found = _fitted(known, side(training), asked, _strength(training, known), None)
    return _row("冻结编码器 + 逻辑回归", side(examples), found)


def beside(
    training: Sequence[Example], examples: Sequence[Example], *, features: Features | None = None
) -> tuple[Baseline, ...]:
    """Every baseline on the same examples; the frozen encoder where ``features`` are given."""
    if not examples:
        return ()
    rows = [
        rules(examples),
        words(training, examples),
        words(training, examples, balanced=True),
    ]
    if features is not None:
        rows.append(frozen(training, examples, features))
    return tuple(rows)


def _strength(training: Sequence[Example], known: npt.NDArray[np.float64]) -> float:
    """Of ``FROZEN_STRENGTHS`` the one with the smallest log loss of the alert on other voices."""
    voices = sorted({example.voice for example in training})
    left = frozenset(voices[::5]) if len(voices) >= 5 else frozenset()
    out = np.array([example.voice in left for example in training], np.bool_)
    alert = side(training).alert
    if not out.any() or len(np.unique(alert[~out])) < 2:
        return FROZEN_STRENGTHS[0]

    def loss(strength: float) -> float:
        chances = _chances(known[~out], alert[~out], known[out], strength, None)
        right = np.where(alert[out], chances, 1 - chances)
        return float(-np.log(np.clip(right, 1e-9, 1)).mean())

    return min(FROZEN_STRENGTHS, key=loss)


def _row(name: str, gold: Side, found: Side) -> Baseline:
    hits = int((gold.alert & found.alert).sum())
    raised, wanted = int(found.alert.sum()), int(gold.alert.sum())
    harmless, apart = int((~gold.alert).sum()), np.abs(gold.commitment - found.commitment)
    macro = float(macro_f1(Voices([""] * len(gold.alert), resamples=0), gold, found)[0])
    return Baseline(
        name=name,
        macro_f1=None if np.isnan(macro) else macro,
        alert_precision=hits / raised if raised else None,
        alert_recall=hits / wanted if wanted else None,
        false_alerts_per_1000=1000 * (raised - hits) / harmless if harmless else None,
        commitment_mae=float(apart.mean()) if len(apart) else None,
    )


def _words_of(example: Example) -> list[str]:
    before = segment(normalize(example.context[-1].text).text) if example.context else []
    return segment(normalize(example.text).text) + [f"\0{word}" for word in before]


def _characters_of(example: Example) -> list[str]:
    text = normalize(example.text).text
    return [text[at : at + size] for size in range(1, 5) for at in range(len(text) - size + 1)]


def _stages(examples: Sequence[Example]) -> Any:
    return np.array([[example.stage == stage for stage in STAGES] for example in examples], float)


def _fitted(known: Any, gold: Side, asked: Any, strength: float, weight: str | None) -> Side:
    """What a logistic regression for each output, fitted on ``known[N, D]``, says of ``asked``."""
    size = asked.shape[0]
    chances = np.stack(
        [
            _chances(known, gold.intents[:, at], asked, strength, weight)
            for at in range(len(INTENTS))
        ],
        axis=1,
    )
    return Side(
        intents=_named(chances),
        commitment=_choice(known, gold.commitment, asked, strength),
        alert=_chances(known, gold.alert, asked, strength, None) >= ALERT_FROM,
        reported=np.zeros(size, np.bool_),
        condition=np.zeros(size, np.int64),
    )


def _chances(known: Any, wanted: Flags, asked: Any, strength: float, weight: str | None) -> Any:
    if wanted.all() or not wanted.any():  # nothing to tell apart
        return np.full(asked.shape[0], float(wanted.all()))
    model = LogisticRegression(C=strength, class_weight=weight, solver=_SOLVER, max_iter=_ROUNDS)
    return model.fit(known, wanted).predict_proba(asked)[:, 1]


def _choice(known: Any, wanted: npt.NDArray[np.int64], asked: Any, strength: float) -> Any:
    if len(np.unique(wanted)) < 2:
        return np.full(asked.shape[0], wanted[0])
    model = LogisticRegression(C=strength, solver=_SOLVER, max_iter=_ROUNDS)
    return model.fit(known, wanted).predict(asked)


def _named(chances: npt.NDArray[np.float64]) -> Flags:
    """At least one intent each, and ``social`` only alone, as the scheme has it."""
    named = chances >= 0.5
    named[np.arange(len(named)), chances.argmax(axis=1)] = True
    social = INTENTS.index(Intent.SOCIAL)
    named[named.sum(axis=1) > 1, social] = False
    return np.asarray(named, np.bool_)

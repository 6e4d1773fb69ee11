"""The trained reader: rules, encoder and calibration behind the ``Reader`` protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp.amounts import amounts
from nlp.baseline import ends, fingerprint, quoted
from nlp.encoder import evidence
from nlp.encoder.decide import SILENCE, Decision, Logits, Settings, blended, decide
from nlp.encoder.engines import MODEL, Engine, OnnxEngine
from nlp.encoder.inputs import ALERT, OUTPUTS, Encoded, Features, Tokenizer, batched, rule_features
from nlp.encoder.neutral import neutral
from nlp.encoder.ngrams import TABLE, VOCABULARY, Ngrams
from nlp.encoder.weights import TOKENIZER, BadArtefact, verify
from nlp.mapped import Mapped
from nlp.normalize import normalize
from nlp.reading import Reading, Turn, Utterance
from nlp.rules import Judgement, judge
from nlp.scheme import SIGNAL_INTENTS, Intent, severity_of

SETTINGS = "settings.json"
#: Where the shipped model lies.
SHIPPED = Path(__file__).parent.parent / "model"
_CODE = tuple(
    f"encoder/{name}.py"
    for name in ("decide", "engines", "evidence", "inputs", "neutral", "ngrams", "reader")
)
#: Messages run through the network at once; more only pads more.
BATCH = 32


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message on its way into the network."""

    source: Utterance
    mapped: Mapped
    text: str  # normalised and neutral; of a trial without a span, the rest
    before: tuple[Turn, ...]
    judged: Judgement
    encoded: Encoded
    rules: Features


class EncoderReader:
    """Reads with the trained network. Safe to share between threads; never raises on any text."""

    def __init__(self, directory: Path = SHIPPED, *, engine: Engine | None = None) -> None:
        """Load a model. Raises ``BadArtefact`` when a file is missing or was changed."""
        manifest = verify(directory, MODEL, TOKENIZER, TABLE, VOCABULARY, SETTINGS)
        self._settings = Settings.load(directory / SETTINGS)
        self._tokenizer = Tokenizer(directory / TOKENIZER)
        self._engine = engine or OnnxEngine(directory / MODEL)
        self._ngrams = Ngrams.load(directory)
        try:
            digest = fingerprint(code=_CODE, files=tuple(sorted(manifest["files"].items())))
            self._name = f"{manifest['name']}@{digest}"
        except KeyError as error:
            raise BadArtefact(f"the manifest has no {error}") from error

    @property
    def name(self) -> str:
        """The model's name and twelve hex digits over its files, the rules and the code."""
        return self._name

    def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read a batch, one reading each, in order."""
        prepared = [prepare(utterance, self._tokenizer) for utterance in batch]
        logits = self.logits(prepared)
        decisions = [
            decide(row, self._settings, stage=one.source.stage) if one.text else SILENCE
            for row, one in zip(logits, prepared, strict=True)
        ]
        spans = self._spans(prepared, decisions)
        return [
            self._reading(one, decision, span)
            for one, decision, span in zip(prepared, decisions, spans, strict=True)
        ]

    def logits(self, prepared: Sequence[Prepared]) -> Logits:
        """Calibrated logits of both models together, ``[messages, OUTPUTS]``."""
        return blended(run(self._engine, prepared), grams(self._ngrams, prepared), self._settings)

    def _reading(self, one: Prepared, decision: Decision, span: evidence.Span | None) -> Reading:
        source = one.source.text
        quotes = [quote for quote in one.judged.quotes if quote[2] in decision.intents]
        if span is not None:
            quotes = [(*span, carrying(decision)), *(q for q in quotes if q[:2] != span)]
        return Reading(
            intents=decision.intents,
            scores={intent: round(score, 4) for intent, score in decision.scores.items()},
            commitment=decision.commitment,
            reported=decision.reported,
            condition=decision.condition,
            deadline=one.judged.deadline,
            alert=decision.alert,
            alert_score=round(decision.alert_score, 4),
            unclear=decision.unclear,
            severity=severity_of(
                decision.intents,
                decision.commitment,
                alert=decision.alert,
                stage=one.source.stage,
            ),
            evidence=tuple(quoted(quotes, one.mapped, source)),
            amounts=amounts(one.mapped, source),
            model=self._name,
        )

    def _spans(
        self, prepared: Sequence[Prepared], decisions: Sequence[Decision]
    ) -> list[evidence.Span | None]:
        """For every alert, the span it hangs on; None for the rest."""
        spans: list[evidence.Span | None] = [None] * len(prepared)
        waiting: dict[int, list[evidence.Span]] = {}
        for number, (one, decision) in enumerate(zip(prepared, decisions, strict=True)):
            if decision.alert:
                text = one.mapped.text
                spans[number] = (0, len(text))
                quotes = [(start, end) for start, end, _ in one.judged.quotes]
                waiting[number] = self._ranked(one, evidence.candidates(text, quotes))
        while waiting := {number: tried for number, tried in waiting.items() if tried}:
            first = {number: tried[: evidence.FIRST] for number, tried in waiting.items()}
            for number, drops in self._tried(prepared, decisions, first).items():
                rest = waiting.pop(number)[evidence.FIRST :]
                found = evidence.best(first[number], drops)
                if found is not None:
                    spans[number] = found
                else:
                    waiting[number] = rest
        return spans

    def _ranked(self, one: Prepared, spans: Sequence[evidence.Span]) -> list[evidence.Span]:
        """Spans by how little the n-grams would still alert without them."""
        left = {
            span: self._ngrams.logits(
                neutral(evidence.without(one.mapped.text, span)),
                one.before,
                stage=one.source.stage,
                rules=one.rules,
            )[ALERT]
            for span in (spans if len(spans) > evidence.FIRST else ())
        }
        return sorted(spans, key=lambda span: left.get(span, 0.0))

    def _tried(
        self,
        prepared: Sequence[Prepared],
        decisions: Sequence[Decision],
        spans: Mapping[int, Sequence[evidence.Span]],
    ) -> dict[int, list[float]]:
        """What the score of each message loses with each of its spans."""
        numbers = [number for number, tried in spans.items() for _ in tried]
        trials = [
            again(
                prepared[number],
                evidence.without(prepared[number].mapped.text, span),
                self._tokenizer,
            )
            for number, tried in spans.items()
            for span in tried
        ]
        drops: dict[int, list[float]] = {number: [] for number in spans}
        for number, one, row in zip(numbers, trials, self.logits(trials), strict=True):
            left = decide(row, self._settings, stage=one.source.stage).alert_score
            drops[number].append(decisions[number].alert_score - left)
        return drops


def prepare(utterance: Utterance, tokenizer: Tokenizer) -> Prepared:
    """Normalise, judge by rules, tokenize."""
    mapped = ends(normalize(utterance.text))
    before = tuple(
        Turn(role=turn.role, text=neutral(ends(normalize(turn.text)).text))
        for turn in utterance.context[-2:]
    )
    return _prepared(utterance, mapped, before, mapped.text, tokenizer)


def again(one: Prepared, text: str, tokenizer: Tokenizer) -> Prepared:
    """The same message with another normalised text."""
    return _prepared(one.source, one.mapped, one.before, text, tokenizer)


def _prepared(
    utterance: Utterance,
    mapped: Mapped,
    before: tuple[Turn, ...],
    text: str,
    tokenizer: Tokenizer,
) -> Prepared:
    judged = judge(text, stage=utterance.stage, context=utterance.context, now=utterance.now)
    shown = neutral(text)
    return Prepared(
        utterance,
        mapped,
        shown,
        before,
        judged,
        tokenizer.encode(shown, stage=utterance.stage, context=before),
        rule_features(judged),
    )


def run(engine: Engine, prepared: Sequence[Prepared]) -> Logits:
    """Logits of messages ``[messages, OUTPUTS]``, in their order; run sorted by length."""
    order = sorted(range(len(prepared)), key=lambda number: len(prepared[number].encoded.ids))
    rows: list[Logits | None] = [None] * len(prepared)
    for start in range(0, len(order), BATCH):
        numbers = order[start : start + BATCH]
        ids, segments = batched([prepared[number].encoded for number in numbers])
        rules = np.stack([prepared[number].rules for number in numbers])
        for number, row in zip(numbers, engine.logits(ids, segments, rules), strict=True):
            rows[number] = row
    found = [row for row in rows if row is not None]
    return np.stack(found) if found else np.zeros((0, OUTPUTS), np.float32)


def grams(model: Ngrams, prepared: Sequence[Prepared]) -> Logits:
    """Logits of the n-grams ``[messages, OUTPUTS]``."""
    rows = [
        model.logits(one.text, one.before, stage=one.source.stage, rules=one.rules)
        for one in prepared
    ]
    return np.stack(rows) if rows else np.zeros((0, OUTPUTS), np.float32)


def carrying(decision: Decision) -> Intent:
    """The intent an alert is about: another way if there is one, else the surest."""
    for intent in decision.intents:
        if intent in SIGNAL_INTENTS:
            return intent
    return decision.intents[0]

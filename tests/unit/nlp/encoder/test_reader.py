"""The trained reader: any text, any company in the batch, any number of threads."""

from __future__ import annotations

import json
import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from nlp.baseline import fingerprint
from nlp.encoder.engines import MODEL
from nlp.encoder.reader import SETTINGS, SHIPPED, EncoderReader
from nlp.encoder.weights import MANIFEST, BadArtefact, verify
from nlp.reading import Reading, Utterance
from nlp.scheme import STAGES, Intent, Severity, needs_alert, severity_of
from tests.unit.nlp.encoder.trained import (
    labels,
    linked,
    rewrite,
    shipped,
    spread,
    utterances,
    voices,
    vouch,
)
from tests.unit.nlp.utterances import an_utterance

pytestmark = pytest.mark.slow


WORST = {
    "empty": "",
    "a space": " ",
    "4,000 characters": "薪资这块我再考虑一下，家里人不太同意。" * 211,
    "20,000 characters": "我手上还有别家的offer，给得更高！" * 1112,
    "20,000 of one character": "不" * 20_000,
    "20,000 clauses": "不，" * 10_000,
    "emoji only": "😂👍🏽🙏👨‍👩‍👧" * 40,
    "digits": "18000" * 300,
    "English": "Thanks, but I have decided to accept another offer. " * 20,
    "control characters": "".join(map(chr, range(32))) * 10 + "\x7f\x9f",
    "lone surrogates": "\ud800薪\udc00资\udfff" * 20,
    "500 newlines": "\n" * 500,
    "500 lines": "不去了\n" * 500,
    "zero width only": "\u200b\u200c\u200d\ufeff\u2060" * 50,
    "mixed scripts": "薪資ですか зарплата الراتب 연봉 เงิน ฿ 我再考慮",
    "right to left": "\u202e薪资再考虑\u202c\u2066不去了\u2069",
    "combining": "a\u0301\u0302\u0303" * 500,
    "quotes only": "> 不去了\n> 我再想想\n" * 50,
    "markup": "<script>alert(1)</script>{{7*7}}\\x00%s%n' OR 1=1 --",
    "private use": "\ue000\uf8ff\U000f0000\U0010ffff" * 20,
}


def bounded(utterance: Utterance, reading: Reading) -> None:
    """Whatever was written, a reading has its shape."""
    assert reading.intents
    assert set(reading.scores) == set(Intent)
    for score in (*reading.scores.values(), reading.alert_score):
        assert score is not None
        assert math.isfinite(score)
        assert 0 <= score <= 1
    assert -3 <= reading.commitment <= 3
    assert reading.alert == needs_alert(
        reading.intents, reading.commitment, reported=reading.reported, condition=reading.condition
    )
    assert reading.severity is severity_of(
        reading.intents, reading.commitment, alert=reading.alert, stage=utterance.stage
    )
    assert len(reading.evidence) < 200
    for quote in reading.evidence:
        assert 0 <= quote.start <= quote.end <= len(utterance.text)
        assert quote.text == utterance.text[quote.start : quote.end]
    json.dumps(reading.as_dict(), allow_nan=False)


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("stage", ["offer", "onboarded", "later"])
def test_any_text_gets_a_bounded_reading_in_time(name: str, stage: str) -> None:
    utterance = an_utterance(WORST[name], stage=stage, after=WORST[name])
    shipped().read([an_utterance("热身")])
    began = time.process_time()
    [reading] = shipped().read([utterance])
    took = time.process_time() - began
    bounded(utterance, reading)
    assert took < 2
    assert shipped().read([utterance]) == [reading]


def test_the_worst_texts_can_share_a_batch() -> None:
    batch = [an_utterance(text) for text in WORST.values()]
    for utterance, reading in zip(batch, shipped().read(batch), strict=True):
        bounded(utterance, reading)


def test_nothing_to_read_is_nothing_read() -> None:
    assert shipped().read([]) == []


def test_the_name_is_in_every_reading() -> None:
    name = shipped().name
    assert re.fullmatch(r"encoder@[0-9a-f]{12}", name)
    [reading] = shipped().read([an_utterance("好的")])
    assert reading.model == name


def test_the_name_changes_with_the_thresholds_alone(tmp_path: Path) -> None:
    changed = linked(SHIPPED, tmp_path / "changed")
    values = json.loads((SHIPPED / SETTINGS).read_text(encoding="utf-8"))
    values["alert_from"] = values["alert_from"] / 2
    rewrite(changed / SETTINGS, json.dumps(values).encode())
    vouch(changed)
    assert EncoderReader(changed).name != shipped().name


def test_the_name_changes_with_the_code_that_decides() -> None:
    files = (("model.onnx", "0" * 64),)
    assert fingerprint(code=("encoder/decide.py",), files=files) != fingerprint(files=files)


@pytest.mark.parametrize("stage", STAGES)
def test_plain_words_are_heard(stage: str) -> None:
    alerting = "干得太累了，我打算下个月辞职" if stage == "onboarded" else "我想了想，还是不来了"
    bad, good = shipped().read(
        [an_utterance(alerting, stage=stage), an_utterance("请问地铁站怎么走", stage=stage)]
    )
    assert bad.alert
    assert bad.severity is not Severity.NONE
    assert not good.alert
    assert not good.evidence or good.evidence[0].text
    assert bad.alert_score is not None
    assert good.alert_score is not None
    # Errands after joining are what this model is least sure of: 0.51; alerts begin at 0.62.
    quiet = 0.55 if stage == "onboarded" else 0.2
    assert bad.alert_score > 0.8 > quiet > good.alert_score


def test_the_turn_before_decides_what_a_bare_answer_means() -> None:
    yes = an_utterance("好的", after="您确定接受这个offer吗？")
    asked, bare = shipped().read([yes, an_utterance("好的")])
    assert Intent.ACCEPT in asked.intents
    assert asked.scores[Intent.ACCEPT] > bare.scores[Intent.ACCEPT]


@pytest.mark.parametrize("text", ["", " ", "\u200b", "> 不去了", "@小王 ", "自动回复：我在休假"])
def test_who_says_nothing_of_their_own_alerts_nobody(text: str) -> None:
    asked = [replace(one, text=text) for one in utterances(spread(voices(), 200))]
    for reading in shipped().read(asked):
        assert (reading.intents, reading.commitment) == ((Intent.SOCIAL,), 0)
        assert not reading.alert
        assert not reading.unclear


@pytest.mark.parametrize("text", ["。", "？？", "...", "😅", "1"])
def test_an_alert_without_words_quotes_what_there_is(text: str) -> None:
    asked = [replace(one, text=text) for one in utterances(spread(voices(), 200))]
    for reading in shipped().read(asked):
        assert not reading.alert or any(quote.text for quote in reading.evidence)


@lru_cache(maxsize=1)
def alone() -> list[Reading]:
    """300 messages of the test voices, each read by itself."""
    return [shipped().read([one])[0] for one in utterances(spread(voices(), 300))]


def test_who_else_is_in_the_batch_changes_nothing_that_matters() -> None:
    batch = utterances(spread(voices(), 300))
    together = [
        reading
        for start in range(0, len(batch), 32)
        for reading in shipped().read(batch[start : start + 32])
    ]
    pairs = list(zip(alone(), together, strict=True))
    same = sum(labels(one) == labels(other) for one, other in pairs) / len(pairs)
    apart = max(
        abs(one.scores[intent] - other.scores[intent]) for one, other in pairs for intent in Intent
    )
    alerts = max(
        abs(one.alert_score - other.alert_score)
        for one, other in pairs
        if one.alert_score is not None and other.alert_score is not None
    )
    assert (same >= 0.99, apart <= 0.08, alerts <= 0.08) == (True, True, True), (
        f"{same:.4f} read the same, scores up to {apart:.3f} apart, of alerts {alerts:.3f}"
    )


def test_eight_threads_share_a_reader() -> None:
    batch = utterances(spread(voices(), 300))[::5]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: shipped().read([one])[0], batch))
    assert found == alone()[::5]


def test_threads_may_read_batches_side_by_side() -> None:
    batch = utterances(spread(voices(), 32))
    wanted = shipped().read(batch)
    with ThreadPoolExecutor(8) as pool:
        assert all(found == wanted for found in pool.map(shipped().read, [batch] * 8))


@pytest.mark.parametrize("name", [MANIFEST, *verify(SHIPPED)["files"]])
def test_a_model_that_is_not_whole_does_not_load(name: str, tmp_path: Path) -> None:
    model = linked(SHIPPED, tmp_path / "model")
    (model / name).unlink()
    with pytest.raises(BadArtefact, match=re.escape(name)):
        EncoderReader(model)


@pytest.mark.parametrize("name", [SETTINGS, MODEL])
def test_a_file_the_manifest_does_not_vouch_for_does_not_load(name: str, tmp_path: Path) -> None:
    model = linked(SHIPPED, tmp_path / "model")
    manifest = json.loads((model / MANIFEST).read_text(encoding="utf-8"))
    del manifest["files"][name]
    rewrite(model / MANIFEST, json.dumps(manifest).encode())
    with pytest.raises(BadArtefact, match=re.escape(name)):
        EncoderReader(model)


def test_a_network_that_is_none_does_not_load(tmp_path: Path) -> None:
    model = linked(SHIPPED, tmp_path / "model")
    rewrite(model / MODEL, b"no network")
    vouch(model)
    with pytest.raises(BadArtefact, match=re.escape(MODEL)):
        EncoderReader(model)

"""The trained reader: one message, bulk, cold start, memory, beside a BERT-base pipeline."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from nlp.corpus import Example
from nlp.encoder.reader import EncoderReader
from nlp.learning.prepared import utterance
from nlp.learning.sources import corpus
from nlp.process import ReaderProcess

ROUNDS, MESSAGES, SLOW = 3, 400, 60


def run() -> None:
    """Print one table; ratios are of the same run."""
    test = corpus().test
    examples = list(test[:: max(1, len(test) // MESSAGES)])
    batch = [utterance(example) for example in examples]
    reader = EncoderReader()
    reader.read(batch[:32])
    single, quiet = [], []
    for one in batch:
        started = time.perf_counter()
        [reading] = reader.read([one])
        single.append(time.perf_counter() - started)
        if not reading.alert:  # an alert costs a second run, for its evidence
            quiet.append(single[-1])
    bulk = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for start in range(0, len(batch), 64):
            reader.read(batch[start : start + 64])
        bulk.append(len(batch) / (time.perf_counter() - started))
    rate = statistics.median(bulk)
    ninety_ninth = statistics.quantiles(single, n=100)[98]
    print(f"{reader.name}, {len(batch)} messages, alerts {_alerts(examples):.0%}")
    print(
        f"one message: median {statistics.median(single) * 1e3:.1f} ms, "
        f"of those that do not alert {statistics.median(quiet) * 1e3:.1f} ms, "
        f"p99 {ninety_ninth * 1e3:.1f} ms"
    )
    print(f"bulk of 64: {rate:.0f} messages/s")
    slow = _pipeline([example.text for example in examples[:SLOW]])
    alone = len(single) / sum(single)
    print(f"BERT-base pipeline: {slow:.1f} messages/s; the reader {rate / slow:.0f} times in bulk")
    print(f"one at a time {alone:.0f} messages/s: {alone / slow:.0f} times the pipeline")
    _cold()
    asyncio.run(_memory(batch))


def _alerts(examples: list[Example]) -> float:
    return sum(example.alert for example in examples) / len(examples)


def _pipeline(texts: list[str]) -> float:
    """Messages a second of a text-classification pipeline of BERT-base's shape, random weights."""
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        BertTokenizerFast,
        pipeline,
    )

    with tempfile.TemporaryDirectory() as folder:
        letters = sorted({letter for text in texts for letter in text})
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
        (Path(folder) / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
        tokenizer = BertTokenizerFast(vocab_file=str(Path(folder) / "vocab.txt"))
        model = BertForSequenceClassification(BertConfig(vocab_size=21128, num_labels=16)).eval()
        classify: Any = pipeline("text-classification", model=model, tokenizer=tokenizer)
        torch.set_num_threads(2)
        classify(texts[:4])
        started = time.perf_counter()
        classify(texts)
        return len(texts) / (time.perf_counter() - started)


def _cold() -> None:
    code = "from nlp.readers import reader; from nlp.child import _warm; _warm(reader('onnx'))"
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        took.append(time.perf_counter() - started)
    print(f"process start to first answer: {statistics.median(took):.2f} s")


async def _memory(batch: list[Any]) -> None:
    process = ReaderProcess("nlp.readers:reader?onnx")
    started = time.perf_counter()
    await process.start()
    print(f"cold start of the child: {time.perf_counter() - started:.2f} s")
    for start in range(0, len(batch), 16):
        await process.read(batch[start : start + 16])
    assert process.pid is not None
    resident = psutil.Process(process.pid).memory_info().rss >> 20
    print(f"resident memory of the child: {resident} MiB")
    single = []
    for one in batch[:200]:
        started = time.perf_counter()
        await process.read([one])
        single.append(time.perf_counter() - started)
    print(f"through the process: median {statistics.median(single) * 1e3:.1f} ms")
    await process.stop()


if __name__ == "__main__":
    run()

"""Fine-tuning the network on two cores: one seed, a fixed recipe, the same result each time."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nlp.corpus import Example
from nlp.encoder.decide import Logits
from nlp.encoder.inputs import ALERT, INTENTS, Tokenizer, batched
from nlp.encoder.network import Network, from_base
from nlp.encoder.weights import TOKENIZER
from nlp.learning.prepared import Item, batches, copies, item

_A, _B = len(INTENTS), ALERT


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything training depends on besides the data."""

    layers: int = 6
    epochs: int = 5
    batch: int = 32
    rate: float = 2.5e-4  # AdamW, encoder; linear warm-up over a tenth, then linear to 0
    head_rate: float = 1e-3
    head_steps: int = 200  # full-batch steps that fit the head before fine-tuning
    head_decay: float = 0.1
    decay: float = 0.01
    noise: float = 0.35  # share of examples replaced by a noisy copy, drawn anew each epoch
    who: float = 0.15  # share that says in passing who the writer is
    neighbours: float = 0.08  # of a commitment's mass that each neighbouring step gets
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Told after each epoch. ``loss`` is the mean of the epoch, ``seconds`` since the start."""

    epoch: int
    loss: float
    seconds: float


def train(
    examples: Sequence[Example],
    base: Path,
    recipe: Recipe,
    *,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Network:
    """Fine-tune the base on the examples. The word embeddings stay as they are."""
    torch.manual_seed(recipe.seed)
    chance = random.Random(recipe.seed)  # noqa: S311 - the same seed must give the same model
    tokenizer = Tokenizer(base / TOKENIZER)
    network = from_base(base, layers=recipe.layers)
    network.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    optimizer = _optimizer(network, recipe)
    steps = recipe.epochs * math.ceil(len(examples) / recipe.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    began = time.monotonic()
    _start_head(network, [item(example, tokenizer) for example in examples], recipe)
    network.train()
    for epoch in range(recipe.epochs):
        items = copies(examples, tokenizer, chance, noise=recipe.noise, who=recipe.who)
        losses = []
        for group in batches(items, recipe.batch, chance):
            loss = _loss(network(*inputs(group)), _targets(group), recipe.neighbours)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
        tell(Progress(epoch + 1, float(np.mean(losses)), time.monotonic() - began))
    return network.eval()


def logits_of(network: Network, items: Sequence[Item], *, size: int = 64) -> Logits:
    """What the network says of prepared messages, in their order."""
    order = sorted(range(len(items)), key=lambda number: len(items[number].encoded.ids))
    rows: dict[int, Logits] = {}
    with torch.inference_mode():
        for start in range(0, len(order), size):
            numbers = order[start : start + size]
            found = network(*inputs([items[number] for number in numbers])).numpy()
            rows |= dict(zip(numbers, found, strict=True))
    return np.stack([rows[number] for number in range(len(items))])


def prepared(examples: Sequence[Example], base: Path) -> list[Item]:
    """Examples as they are, without noise."""
    tokenizer = Tokenizer(base / TOKENIZER)
    return [item(example, tokenizer) for example in examples]


def _start_head(network: Network, items: Sequence[Item], recipe: Recipe) -> None:
    """Fit the head on the untrained encoder first, so that fine-tuning starts from a good answer.

    A head that starts at nothing pulls the encoder out of shape before it knows what it wants
    (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features").
    """
    network.eval()
    order = sorted(range(len(items)), key=lambda number: len(items[number].encoded.ids))
    ordered = [items[number] for number in order]
    with torch.no_grad():
        groups = [ordered[at : at + 64] for at in range(0, len(ordered), 64)]
        pooled = torch.cat([network.pooled(*inputs(group)[:2]) for group in groups])
        network.standardise(pooled)
    rules, wanted = inputs(ordered)[2], _targets(ordered)
    head = [*network.head.parameters(), *network.rules.parameters()]
    optimizer = torch.optim.AdamW(head, lr=0.01, weight_decay=recipe.head_decay)
    network.dropout.train()
    for _ in range(recipe.head_steps):
        loss = _loss(network.judged(pooled, rules), wanted, recipe.neighbours)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def inputs(group: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, segments and rules of a batch, as the network takes them."""
    ids, segments = batched([one.encoded for one in group])
    rules = np.stack([one.rules for one in group])
    return torch.from_numpy(ids), torch.from_numpy(segments), torch.from_numpy(rules)


def _targets(group: Sequence[Item]) -> Tensor:
    return torch.from_numpy(np.stack([one.targets for one in group]))


def _loss(logits: Tensor, targets: Tensor, neighbours: float) -> Tensor:
    intents = functional.binary_cross_entropy_with_logits(logits[:, :_A], targets[:, :_A])
    steps = functional.cross_entropy(logits[:, _A:_B], _softened(targets[:, _A:_B], neighbours))
    alert = functional.binary_cross_entropy_with_logits(logits[:, _B], targets[:, _B])
    reported = functional.binary_cross_entropy_with_logits(logits[:, _B + 1], targets[:, _B + 1])
    condition = functional.cross_entropy(logits[:, _B + 2 :], targets[:, _B + 2 :])
    return 6 * intents + steps + 1.5 * alert + 0.5 * reported + 0.5 * condition


def _softened(steps: Tensor, share: float) -> Tensor:
    """Commitment is ordinal: the neighbours of the right step are less wrong than the rest."""
    left = functional.pad(steps[:, 1:], (0, 1))
    right = functional.pad(steps[:, :-1], (1, 0))
    mixed = steps + share * (left + right)
    return mixed / mixed.sum(1, keepdim=True)


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.AdamW:
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            rate = recipe.rate if name.startswith("encoder.") else recipe.head_rate
            decay = recipe.decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": members, "lr": rate, "weight_decay": decay}
            for (rate, decay), members in groups.items()
        ]
    )


def _rate(step: int, steps: int) -> float:
    warm = max(1, steps // 10)
    return (step + 1) / warm if step < warm else max(0.0, (steps - step) / (steps - warm))

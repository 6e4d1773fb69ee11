"""The network in torch: the base encoder with one linear head. Training and reference only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from nlp.encoder.inputs import OUTPUTS, PAD, RULES
from nlp.encoder.weights import CONFIG, load_base


class Network(nn.Module):
    """``(ids [B, T], segments [B, T], rules [B, RULES]) -> logits [B, OUTPUTS]``.

    The message's own tokens are averaged, and so is everything. The averages of the untrained
    encoder differ little between texts, so they are centred and scaled by what training data
    shows (``standardise``) before the head sees them. What the rules say enters the last layer
    only, where it can confirm or correct.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, encoder: BertModel, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        size = encoder.config.hidden_size
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * size, OUTPUTS)
        self.rules = nn.Linear(RULES, OUTPUTS, bias=False)
        self.register_buffer("center", torch.zeros(2 * size))
        self.register_buffer("scale", torch.ones(2 * size))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        nn.init.zeros_(self.rules.weight)

    def forward(self, ids: Tensor, segments: Tensor, rules: Tensor) -> Tensor:
        return self.judged(self.pooled(ids, segments), rules)

    def pooled(self, ids: Tensor, segments: Tensor) -> Tensor:
        """The encoder's two averages side by side, ``[B, 2 * hidden]``."""
        present = (ids != PAD).to(torch.long)
        states = self.encoder(
            input_ids=ids, attention_mask=present, token_type_ids=segments
        ).last_hidden_state
        return torch.cat([mean(states, segments), mean(states, present)], dim=1)

    def judged(self, pooled: Tensor, rules: Tensor) -> Tensor:
        """The head: logits ``[B, OUTPUTS]`` from the averages and the rules."""
        features = self.dropout((pooled - self.center) * self.scale)
        logits: Tensor = self.head(features) + self.rules(rules)
        return logits

    def standardise(self, pooled: Tensor) -> None:
        """Learn centre and scale from averages ``[messages, 2 * hidden]``."""
        self.center.copy_(pooled.mean(0))
        self.scale.copy_(1 / pooled.std(0).clamp_min(1e-4))


def mean(states: Tensor, mask: Tensor) -> Tensor:
    """Average of the masked tokens: ``[B, T, hidden], [B, T] -> [B, hidden]``."""
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1)


def from_base(directory: Path, *, layers: int | None = None) -> Network:
    """The untrained network on the base's first ``layers``. Raises ``BadArtefact``."""
    config: dict[str, Any] = json.loads((directory / CONFIG).read_text(encoding="utf-8"))
    config.pop("model_type")
    if layers is not None:
        config["num_hidden_layers"] = layers
    encoder = BertModel(BertConfig(**config), add_pooling_layer=False)
    encoder.set_attn_implementation("eager")
    tensors = {name: torch.from_numpy(value) for name, value in load_base(directory).items()}
    wanted = encoder.state_dict().keys()
    encoder.load_state_dict({name: tensors[name] for name in wanted if name in tensors})
    # A message's segment starts where every other token does; what it means is learnt.
    types = encoder.embeddings.token_type_embeddings.weight
    with torch.no_grad():
        types[1] = types[0]
    return Network(encoder)

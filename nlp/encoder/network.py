"""The network in torch: the base encoder with one linear head. Training and reference only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from nlp.encoder.inputs import CONDITIONS, INTENTS, PAD, RULES, STEPS
from nlp.encoder.weights import CONFIG, load_base

#: Columns of the network's one output: intents, commitment steps, alert, reported, conditions.
OUTPUTS = len(INTENTS) + len(STEPS) + 1 + 1 + len(CONDITIONS)


class Network(nn.Module):
    """``(ids [B, T], segments [B, T], rules [B, RULES]) -> logits [B, OUTPUTS]``.

    The message's own tokens are averaged, and so is everything; what the rules say enters the
    last layer only, where it can confirm or correct.
    """

    def __init__(self, encoder: BertModel, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        size = encoder.config.hidden_size
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * size, OUTPUTS)
        self.rules = nn.Linear(RULES, OUTPUTS, bias=False)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        nn.init.zeros_(self.rules.weight)

    def forward(self, ids: Tensor, segments: Tensor, rules: Tensor) -> Tensor:
        present = (ids != PAD).to(torch.long)
        states = self.encoder(
            input_ids=ids, attention_mask=present, token_type_ids=segments
        ).last_hidden_state
        pooled = torch.cat([_mean(states, segments), _mean(states, present)], dim=1)
        logits: Tensor = self.head(self.dropout(pooled)) + self.rules(rules)
        return logits


def _mean(states: Tensor, mask: Tensor) -> Tensor:
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

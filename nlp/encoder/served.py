"""The network as it is exported: the same arithmetic in fewer steps.

Query, key and value are one product, the scale of the scores is in the weights, and masks are one
addition. A test holds it to the network it was made from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlp.encoder.inputs import PAD
from nlp.encoder.network import Network, mean


class Calm(nn.Module):
    """A linear step that makes its loudest inputs quieter first and their weights louder.

    A few inputs of a trained encoder are ten to fifty times larger than the rest; in eight bits
    with one scale they would leave the rest a handful of steps.
    """

    calm: Tensor

    def __init__(self, linear: nn.Linear, peaks: Tensor) -> None:
        super().__init__()
        loud = (peaks / peaks.median() / 2).clamp_min(1)
        self.register_buffer("calm", 1 / loud)
        self.step = nn.Linear(linear.in_features, linear.out_features)
        with torch.no_grad():
            self.step.weight.copy_(linear.weight * loud)
            self.step.bias.copy_(linear.bias)

    def forward(self, states: Tensor) -> Tensor:
        found: Tensor = self.step(states * self.calm)
        return found


class Layer(nn.Module):
    """One layer of the encoder, ``[B, T, hidden] -> [B, T, hidden]``."""

    def __init__(self, layer: Any, heads: int) -> None:
        super().__init__()
        attention = layer.attention
        query, key, value = (getattr(attention.self, name) for name in ("query", "key", "value"))
        self.heads = heads
        size = query.weight.shape[0]
        scale = 1 / math.sqrt(size // heads)
        self.qkv = nn.Linear(size, 3 * size)
        with torch.no_grad():
            self.qkv.weight.copy_(torch.cat([query.weight * scale, key.weight, value.weight]))
            self.qkv.bias.copy_(torch.cat([query.bias * scale, key.bias, value.bias]))
        self.out, self.norm = attention.output.dense, attention.output.LayerNorm
        self.up, self.down = layer.intermediate.dense, layer.output.dense
        self.last = layer.output.LayerNorm

    def forward(self, states: Tensor, absent: Tensor) -> Tensor:
        batch, length, size = states.shape
        wide = self.qkv(states).reshape(batch, length, 3 * self.heads, size // self.heads)
        query, key, value = wide.transpose(1, 2).chunk(3, dim=1)
        shares = torch.softmax(query @ key.transpose(2, 3) + absent, dim=-1)
        seen = (shares @ value).transpose(1, 2).reshape(batch, length, size)
        states = self.norm(states + self.out(seen))
        found: Tensor = self.last(states + self.down(functional.gelu(self.up(states))))
        return found


class Served(nn.Module):
    """``(ids [B, T], segments [B, T], rules [B, RULES]) -> logits [B, OUTPUTS]``."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        embeddings: Any = network.encoder.embeddings
        self.words = embeddings.word_embeddings
        self.types = embeddings.token_type_embeddings
        self.positions = embeddings.position_embeddings.weight
        self.norm = embeddings.LayerNorm
        heads = network.encoder.config.num_attention_heads
        self.layers = nn.ModuleList(Layer(layer, heads) for layer in network.encoder.encoder.layer)
        self.head = nn.Linear(network.head.in_features, network.head.out_features)
        self.rules = network.rules
        with torch.no_grad():  # centre and scale go into the head
            weight = network.head.weight * network.scale
            self.head.weight.copy_(weight)
            self.head.bias.copy_(network.head.bias - weight @ network.center)

    def calm(self, sample: Iterable[tuple[Tensor, Tensor, Tensor]]) -> Served:
        """Prepare for eight bits by what the layers see of some real input."""
        steps: dict[tuple[Any, str], Any] = {
            (layer, name): layer.get_submodule(name)
            for layer in self.layers
            for name in ("qkv", "up", "down")
        }
        peaks = {key: torch.zeros(step.in_features) for key, step in steps.items()}

        def watch(key: tuple[Any, str]) -> Any:
            def see(_: Any, inputs: tuple[Tensor]) -> None:
                seen = inputs[0].abs().flatten(0, 1).amax(0)
                peaks[key] = torch.maximum(peaks[key], seen)

            return steps[key].register_forward_pre_hook(see)

        hooks = [watch(key) for key in steps]
        with torch.inference_mode():
            for batch in sample:
                self(*batch)
        for hook in hooks:
            hook.remove()
        for (layer, name), step in steps.items():
            setattr(layer, name, Calm(step, peaks[layer, name]))
        return self

    def forward(self, ids: Tensor, segments: Tensor, rules: Tensor) -> Tensor:
        present = (ids != PAD).to(torch.float32)
        absent = ((present - 1) * 1e4)[:, None, None, :]
        words = self.words(ids) + self.types(segments) + self.positions[: ids.shape[1]]
        states = self.norm(words)
        for layer in self.layers:
            states = layer(states, absent)
        pooled = torch.cat([mean(states, segments), mean(states, present)], dim=1)
        logits: Tensor = self.head(pooled) + self.rules(rules)
        return logits

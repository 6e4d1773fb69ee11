"""The network as it is exported does the arithmetic of the network as it was trained."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nlp.encoder.inputs import OUTPUTS, PAD, RULES
from nlp.encoder.network import Network, from_base
from nlp.encoder.served import Served
from nlp.learning.build import BASE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network() -> Network:
    """Two layers of the base under a head that says something."""
    torch.manual_seed(1)
    made = from_base(BASE, layers=2)
    with torch.no_grad():
        made.head.weight.normal_(std=0.05)
        made.head.bias.normal_()
        made.rules.weight.normal_()
        made.center.normal_(std=0.1)
        made.scale.uniform_(0.5, 2)
        types = made.encoder.embeddings.token_type_embeddings.weight
        types[1] += 0.05 * torch.randn_like(types[1])  # as after training: no longer the same
    return made.eval()


def inputs(*lengths: int, longest: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Random messages of these lengths, padded; the second half of each is the message."""
    chance = torch.Generator().manual_seed(seed)
    ids = torch.full((len(lengths), longest), PAD)
    segments = torch.zeros(len(lengths), longest, dtype=torch.long)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(3, 20_000, (length,), generator=chance)
        segments[row, length // 2 : length] = 1
    rules = torch.randint(0, 2, (len(lengths), RULES), generator=chance).float()
    return ids, segments, rules


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lengths", [(3,), (9, 4, 17), (256, 3, 100)])
def test_both_say_the_same(network: Network, lengths: tuple[int, ...], seed: int) -> None:
    batch = inputs(*lengths, longest=max(lengths), seed=seed)
    with torch.inference_mode():
        wanted, found = network(*batch), Served(network).eval()(*batch)
    assert found.shape == (len(lengths), OUTPUTS)
    assert wanted.std() > 0.5
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_padding_says_nothing(network: Network) -> None:
    served = Served(network).eval()
    with torch.inference_mode():
        short = served(*inputs(9, 5, longest=9, seed=1))
        padded = served(*inputs(9, 5, longest=60, seed=1))
    torch.testing.assert_close(short, padded, atol=1e-4, rtol=1e-4)


def test_each_input_is_heard(network: Network) -> None:
    ids, segments, rules = inputs(12, longest=12, seed=1)
    served = Served(network).eval()
    with torch.inference_mode():
        plain = served(ids, segments, rules)
        for changed in ((ids.flip(1), segments, rules), (ids, 1 - segments, rules),
                        (ids, segments, 1 - rules)):  # fmt: skip
            assert (served(*changed) - plain).abs().max() > 1e-2


def test_serving_leaves_the_network_as_it_was(network: Network) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    Served(network)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)

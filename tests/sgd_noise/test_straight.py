"""Which networks are read as piecewise linear in each parameter."""

import pytest
import torch
from sgd_noise.modules import (
    Branching,
    Recurrent,
    Residual,
    Wrapped,
    attention,
    cnn,
    frozen_layers,
    hooked,
    new_weight_norm,
    own_forward,
    plain,
    pruned,
    shared_bias,
    shared_module,
    smooth,
    tokens,
    unused,
)
from torch import nn

from helpers.sgd_noise.straight import straight_in_each_parameter


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(5, 3), nn.Linear(5, 3)

    def forward(self, x):
        return self.left(x) * self.right(x)


class Squared(nn.Linear):
    def forward(self, x):
        return super().forward(x) * self.weight.sum()


class Again(nn.Module):
    """One module with parameters, called twice by one forward."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 5)

    def forward(self, x):
        return self.layer(torch.relu(self.layer(x)))


@pytest.mark.parametrize(
    "make",
    [plain, cnn, frozen_layers, Residual, tokens, unused, lambda: nn.Linear(5, 3),
     lambda: Wrapped(Wrapped(cnn()))],
)  # fmt: skip
def test_networks_of_straight_pieces(make):
    assert straight_in_each_parameter(make().eval())


@pytest.mark.parametrize(
    "make",
    [smooth, attention, Recurrent, Branching, shared_bias, shared_module, pruned,
     hooked, own_forward, new_weight_norm, Gated, lambda: Squared(5, 3), Again],
)  # fmt: skip
def test_all_others(make):
    assert not straight_in_each_parameter(make().eval())

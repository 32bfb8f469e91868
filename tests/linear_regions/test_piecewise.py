"""What counts as a network."""

import math

import numpy as np
import pytest
import torch
from linear_regions.cases import AXES, NET, WINDOW, assert_says, linear, net_of, rows
from torch import nn

from helpers import linear_regions as lr
from helpers.networks import Abs


def test_harmless_modules_and_missing_bias():
    net = net_of([5, 5])
    with torch.no_grad():
        net[2].bias.zero_()
    bare = nn.Linear(5, 5, bias=False, dtype=torch.float64)
    bare.weight = net[2].weight
    wrapped = nn.Sequential(nn.Flatten(), net[0], nn.Identity(), net[1], bare, *net[3:])
    one, other = (lr.plane_regions(n, *AXES, WINDOW) for n in (net, wrapped))
    assert rows(one.patterns) == rows(other.patterns)


def test_linear_layers_in_a_row_are_one():
    net = net_of([5])
    split = nn.Sequential(linear(3 * torch.eye(2)), *net)
    wide = lr.plane_regions(net, *AXES, WINDOW)
    narrow = lr.plane_regions(split, *AXES, (-1, 1, -1, 1))
    assert rows(wide.patterns) == rows(narrow.patterns)


def test_network_that_ends_in_an_activation():
    net = net_of([6])[:2]
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert regions.maps.shape == (regions.count, 6, 3)
    assert regions.linear_count == regions.count > 6


def test_affine_network_has_one_region():
    net = nn.Sequential(linear([[1.0, 2.0]]))
    assert lr.plane_regions(net, *AXES, WINDOW).linear_count == 1
    assert len(lr.line_breakpoints(net, [0.0, 0.0], [1.0, 0.0])) == 0
    assert lr.distance_to_boundary(net, [[0.0, 1.0]]).tolist() == [math.inf]


def test_activations_may_come_first_or_in_a_row():
    net = nn.Sequential(nn.ReLU(), linear([[1.0, -2.0]]), Abs(), nn.ReLU6())
    line = lr.line_regions(net, [-1.0, -8.0], [1.0, 8.0])
    # x = 0 and y = 0 at t = 1/2; then x - 2y falls from 0, and passes -6 at 15 s = 6.
    np.testing.assert_allclose(line.t, [0.5, 0.5 + 0.2], atol=1e-15)
    assert line.layer.tolist() == [1, 3]


def test_network_without_layers_has_one_region():
    assert lr.count_line_regions(nn.Sequential(nn.Identity()), [0.0], [1.0]) == 1


def test_float32_network_is_read_in_float64():
    single = net_of("square").float()
    double = net_of("square").float().double()
    one, other = (lr.plane_regions(n, *AXES, WINDOW) for n in (single, double))
    np.testing.assert_array_equal(one.vertices, other.vertices)


def broken():
    """A network with a weight that is not a number."""
    net = net_of([3])
    with torch.no_grad():
        net[2].weight[0, 0] = math.nan
    return net


ERRORS = [
    (lambda: lr.line_regions(lambda x: x, [0, 0], [1, 1]),
     "net must be a torch.nn.Module, got function"),
    (lambda: lr.line_regions(nn.Sequential(NET[0], nn.Tanh()), [0, 0], [1, 1]),
     "net.1, a Tanh, cannot be read; allowed: Linear, Conv1d"),
    (lambda: lr.line_regions(nn.Sequential(NET[0], NET[1], NET[0]), [0, 0], [1, 1]),
     "net[2] must take 3 inputs, the width of the layer before, got 2"),
    (lambda: lr.line_regions(broken(), [0, 0], [1, 1]),
     "net must have finite parameters, got NaN or infinity in net.2.weight"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)

"""Solving for a layer: any output, also where ranks are missing or nearly."""

import numpy as np
import pytest
import torch
from scipy import linalg
from sublevel_sets.cases import (
    A,
    X,
    Y,
    assert_level,
    half_mse,
    killed,
    nets,
    rank,
    sample,
)

from helpers import sublevel_sets as ss


def test_first_layer_gives_any_output():
    net, _ = nets((12, 9, 6, 2))
    x, y = sample(10, (12, 2))
    solved = ss.solve_first_layer(net, x, y)
    assert half_mse(solved, x, y) < 1e-18
    for old, new in zip(net[2::2], solved[2::2], strict=True):
        assert torch.equal(old.weight, new.weight)
        assert torch.equal(old.bias, new.bias)


def test_solved_first_layer_is_the_shortest_in_the_last_step():
    """[W_1, b_1] lies in the row space of [x, 1], as a pseudo-inverse makes it."""
    net, _ = nets((12, 5, 2))
    x, y = sample(10, (12, 2))
    first = ss.solve_first_layer(net, x, y)[0]
    rows = np.column_stack([x, np.ones(10)])
    kernel = linalg.null_space(rows)
    both = np.column_stack([first.weight.detach(), first.bias.detach()])
    np.testing.assert_allclose(both @ kernel, 0, atol=1e-10)


def test_equal_rows_of_an_upper_weight_are_restored():
    a, b = nets((12, 9, 6, 3, 2), seed=3)
    x, y = sample(10, (12, 2))
    with torch.no_grad():
        a[4].weight[1:] = a[4].weight[:1]
        a[6].weight[1] = -2 * a[6].weight[0]
    path = ss.connecting_path(a, b, x, y)
    names = [segment.name for segment in path.segments]
    assert names[:4] == ["a: hand over", "a: redraw"] * 2
    assert_level(path)
    assert rank(path.network(4 / len(names))[4].weight.detach().numpy()) == 3


def near(gap):
    """Samples 2 and 7 are a small gap apart."""
    a, b = nets((4, 24, 5, 3))
    x, y = sample(12, (4, 3))
    x[7] = x[2] + gap
    return a, b, x, y


def test_samples_that_float64_cannot_tell_apart_are_named():
    with pytest.raises(ValueError, match="cannot tell the N = 12 samples apart"):
        ss.connecting_path(*near(2e-9))


@pytest.mark.parametrize("method", ["wide", "exchange"])
def test_nearly_equal_samples_cost_no_exactness(method):
    """Condition numbers of 1e8: the factors keep the outputs, the welds the ends."""
    found = ss.connecting_path(*near(1e-8), method).certificate()
    assert found.barrier <= 1e-12
    assert found.jump <= 1e-14


BAD = [
    (lambda: ss.solve_first_layer(A, X, Y[:, :2]), "outputs must be finite"),
    (lambda: ss.solve_first_layer(A, X, Y), r"rows of \[x, 1\] have rank 5"),
    (
        lambda: ss.solve_first_layer(killed(nets((4, 5, 3))[0], 1), X[:5], Y[:5]),
        "the weights of layer 2 must have rank 3, got 0",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

"""The pass at width N - 1: its height, and that no path goes below."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg, optimize
from sublevel_sets.cases import (
    LEAKY,
    RELU,
    A,
    X,
    Y,
    features,
    half_mse,
    interpolator,
    killed,
    nets,
    parameters,
    sample,
)

from helpers import sublevel_sets as ss


@pytest.mark.parametrize("seed", range(4))
def test_determinant_sign_is_that_of_numpy_and_flips_with_a_swap(seed):
    net, x, _ = interpolator(5, seed)
    sign = np.sign(np.linalg.det(features(net, x)))
    assert ss.determinant_sign(net, x) == sign
    assert ss.determinant_sign(ss.swapped(net, 1, 3), x) == -sign
    assert ss.determinant_sign(killed(net, 0), x) == 0


def test_a_swap_keeps_the_function():
    net, x, _ = interpolator(5, 0)
    other = ss.swapped(net, 0, 2)
    assert not torch.equal(other[0].weight, net[0].weight)
    tensor = torch.from_numpy(x)
    torch.testing.assert_close(other(tensor), net(tensor))


def test_pass_height_is_the_distance_to_the_matrices_without_full_rank():
    """min over unit v of |v^T y|^2: the cheapest row combination to take away."""
    y = np.random.default_rng(0).normal(size=(3, 5))

    def cost(angles):
        v = [
            math.cos(angles[0]),
            math.sin(angles[0]) * math.cos(angles[1]),
            math.sin(angles[0]) * math.sin(angles[1]),
        ]
        return float(np.sum((v @ y) ** 2))

    starts = np.random.default_rng(1).uniform(0, math.pi, size=(10, 2))
    least = min(optimize.minimize(cost, start).fun for start in starts)
    assert ss.pass_height(y) == pytest.approx(least / 6, rel=1e-6)
    assert ss.pass_height(np.eye(4)) == pytest.approx(1 / 8)


@pytest.mark.parametrize("activation", [LEAKY, RELU])
@pytest.mark.parametrize("n", [3, 6])
def test_swap_path_climbs_to_the_height_of_the_pass_and_no_higher(n, activation):
    net, x, y = interpolator(n, 1, activation)
    path = ss.swap_path(net, x, y, 0, 1)
    found = path.certificate()
    assert found.barrier == pytest.approx(ss.pass_height(y), rel=1e-9)
    assert found.jump < 1e-12
    np.testing.assert_allclose(path(1), parameters(ss.swapped(net, 0, 1)), atol=1e-12)
    losses = [half_mse(path.network(t), x, y) for t in path.grid(5)]
    np.testing.assert_allclose(path.loss(path.grid(5)), losses, atol=1e-12)
    assert losses[4] == pytest.approx(losses[16]) == pytest.approx(1 / (2 * n))


def test_swap_path_of_other_targets_climbs_to_the_loss_without_the_neuron():
    rng = np.random.default_rng(0)
    net, x, y = interpolator(5, 2, y=rng.normal(size=(5, 7)))
    j = 3
    v = linalg.null_space(np.delete(features(net, x), j, axis=1).T)[:, 0]
    height = np.sum((v @ y) ** 2) / 10
    assert ss.swap_path(net, x, y, 1, j).certificate().barrier == pytest.approx(height)
    assert height >= ss.pass_height(y)


def test_swap_path_is_level_where_a_neuron_can_be_spared():
    a, _ = nets((3, 9, 2))
    x, y = sample(6, (3, 2))
    net = ss.descent_path(a, x, y).network(1)
    assert ss.swap_path(net, x, y, 0, 1).certificate().barrier < 1e-20


def test_no_curve_passes_below():
    """At width N - 1 every path crosses det = 0, where the loss is 1 / (2N) or more."""
    for seed in range(3):
        net, x, y = interpolator(4, seed)
        other = ss.swapped(net, 0, 1)
        for path in (
            ss.linear_path(net, other, x, y),
            ss.bezier_path(net, other, x, y, steps=100, seed=seed, progress=False),
        ):
            low, high = 0.0, 1.0
            sign = ss.determinant_sign(path.network(0), x)
            for _ in range(60):
                middle = (low + high) / 2
                same = ss.determinant_sign(path.network(middle), x) == sign
                low, high = (middle, high) if same else (low, middle)
            assert path.loss(low) >= ss.pass_height(y) * (1 - 1e-6)


def test_one_neuron_more_and_the_barrier_is_gone():
    n = 5
    a, _ = nets((3, n, n))
    x, y = sample(n, (3, n))[0], np.eye(n)
    net = ss.descent_path(a, x, y).network(1)
    path = ss.connecting_path(net, ss.swapped(net, 0, 1), x, y, "exchange")
    assert path.certificate().barrier < 1e-12


BAD = [
    (
        lambda: ss.swapped(A, 0, 24),
        r"i and j must be two neurons of 0..23, got 0 and 24",
    ),
    (lambda: ss.swapped(A, 3, 3), "got 3 and 3"),
    (lambda: ss.swapped(A, -1, 3), "got -1 and 3"),
    (
        lambda: ss.swapped(nets((4, 5, 4, 3))[0], 0, 1),
        r"one hidden layer, got .*\(5, 4\)",
    ),
    (lambda: ss.swapped(A, 0, 1.5), "got 0 and 1.5"),
    (lambda: ss.swap_path(A, X, Y, 0, 24), "two neurons"),
    (lambda: ss.determinant_sign(A, X), "needs n_1 = N - 1 neurons .*got n_1 = 24"),
    (lambda: ss.determinant_sign(nets((4, 5, 4, 3))[0], X), "one hidden layer"),
    (lambda: ss.pass_height(np.ones((3, 2))), r"n_out >= N, got shape \[3, 2\]"),
    (lambda: ss.pass_height(np.ones((0, 0))), r"got shape \[0, 0\]"),
    (
        lambda: ss.pass_height(1j * np.eye(3)),
        "y must hold real numbers",
    ),
    (lambda: ss.determinant_sign(A, X * np.nan), "x must be finite"),
    (lambda: ss.pass_height(np.ones(3)), r"got shape \[3\]"),
    (lambda: ss.pass_height(np.eye(3) * np.nan), "y must be finite"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

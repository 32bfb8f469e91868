"""Distances against polygons and lines, gradients against autograd."""

import math

import numpy as np
import pytest
import torch
from linear_regions.cases import (
    AXES,
    NET,
    assert_says,
    every_net,
    linear,
    lines_net,
    mean_and_error,
    net_of,
    pattern,
)
from torch import nn

from helpers import linear_regions as lr
from helpers.networks import mlp


def point_to_segment(x, p, q):
    share = np.clip((q - p) @ (x - p) / ((q - p) @ (q - p)), 0, 1)
    return np.linalg.norm(x - p - share * (q - p))


@every_net
def test_distance_equals_distance_to_the_polygon(activation):
    """The minimum over neurons is the distance to the sides of the region of x."""
    net = net_of("square", activation)
    regions = lr.plane_regions(net, *AXES, (-9.0, 9.0, -9.0, 9.0))
    index = {tuple(row): i for i, row in enumerate(regions.patterns.tolist())}
    points = np.random.default_rng(4).uniform(-2, 2, size=(40, 2))
    distances = lr.distance_to_boundary(net, points)
    for x, row, d in zip(points, pattern(net, points).tolist(), distances, strict=True):
        polygon = regions.polygons[index[tuple(row)]]
        pairs = zip(polygon, np.roll(polygon, -1, axis=0), strict=True)
        assert d == pytest.approx(min(point_to_segment(x, *e) for e in pairs), abs=1e-9)


def test_no_breakpoint_is_nearer_than_the_distance():
    net = net_of("square", n_in=7)
    rng = np.random.default_rng(5)
    points, rays = rng.normal(size=(2, 300, 7))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    distance = lr.distance_to_boundary(net, points)
    assert (distance > 0).all()
    inside = (1 - 1e-9) * distance[:, None] * rays
    assert (
        lr.count_line_regions(net, points, points + inside, "activation") == 1
    ).all()


def test_distance_of_one_point_is_a_number():
    net = lines_net([[3.0, 4.0]], [0.0])
    assert lr.distance_to_boundary(net, [1.0, 2.0]) == pytest.approx(11 / 5)
    assert lr.distance_to_boundary(net, [[4.0, -3.0]]).tolist() == [0.0]


def test_distance_counts_flat_neurons_and_not_rounding_errors():
    """A gradient of 1e-4 is a boundary at x = -0.1; one of 0.1 + 0.2 - 0.3 is none."""
    flat = lines_net([[1.0, 0.0], [1e-4, 0.0]], [9.0, 1e-5])
    assert lr.distance_to_boundary(flat, [0.0, 0.0]) == pytest.approx(0.1)
    dead = nn.Sequential(
        *lines_net([[1.0, 0.0]] * 3, [0.0] * 3)[:2],
        linear([[0.1, 0.2, -0.3]]),
        nn.ReLU(),
        linear([[1.0]]),
    )
    points = np.random.default_rng(11).uniform(1, 2, size=(200, 2))
    distance = lr.distance_to_boundary(dead, points)
    np.testing.assert_allclose(distance, points[:, 0], rtol=1e-12)


@pytest.mark.parametrize("n_in", [3, 30])
def test_gradient_norms_equal_autograd(n_in):
    """Narrow and wide inputs take both shapes of the QR factor."""
    net = net_of("square", n_in=n_in)
    x = torch.randn(4, n_in, generator=torch.Generator().manual_seed(0)).double()
    for layer, norms in enumerate(lr.gradient_norms(net, x)):
        prefix = net[: 2 * layer + 1]
        for point, norm in zip(x, norms, strict=True):
            jacobian = torch.autograd.functional.jacobian(prefix, point)
            np.testing.assert_allclose(norm, jacobian.norm(dim=1), rtol=1e-12)


# A tolerance of 4 standard errors over independent networks fails by chance once in
# 16 000 draws of the seed.


def test_mean_square_gradient_is_two_in_every_layer():
    squares = []
    for seed in range(300):
        net = mlp([12, 32, 32, 32, 1], sigma_b=0.2, seed=seed)
        norms = lr.gradient_norms(net, np.ones(12))
        squares.append([(norm**2).mean() for norm in norms])
    mean, error = mean_and_error(squares)
    assert (np.abs(mean - 2) < 4 * error).all()
    assert (error < 0.1).all()


ERRORS = [
    (lambda: lr.distance_to_boundary(NET, [[0, math.nan]]),
     "x must be finite, got NaN or infinity"),
    (lambda: lr.gradient_norms(NET, np.zeros((1, 1, 2))),
     "x must have shape [2] or [m, 2] (the network has 2 inputs), got [1, 1, 2]"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)

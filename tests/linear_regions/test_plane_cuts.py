"""Polygons of degenerate arrangements, on another device, and how fast they are."""

import math
import time

import numpy as np
import pytest
import torch
from linear_regions.cases import (
    ACTIVATIONS,
    AXES,
    SHAPES,
    WINDOW,
    assert_sound,
    ends,
    every_shape,
    lines_net,
    net_of,
    pattern,
    rows,
)
from torch import nn

from helpers import linear_regions as lr
from helpers.networks import mlp


@every_shape
def test_zero_bias_regions_are_cones(shape):
    """Every cone meets the window's border once; no sliver appears at the tip."""
    net = mlp([2, *SHAPES[shape], 1], sigma_b=0.0, seed=1)
    regions = lr.plane_regions(net, *AXES, WINDOW)
    corners = np.array([[-3, -3], [3, -3], [3, 3], [-3, 3]])
    border = lr.line_breakpoints(net, corners, np.roll(corners, -1, axis=0))
    assert regions.count == sum(map(len, border))
    assert_sound(regions, 36)


def test_dead_neurons_cut_nothing():
    net, dead = net_of([6, 6]), net_of([7, 6])
    with torch.no_grad():
        dead[0].weight.copy_(torch.cat([net[0].weight, net[0].weight[:1]]))
        dead[0].bias.copy_(torch.cat([net[0].bias, torch.tensor([-1e3])]))
        dead[2].weight[:, :6] = net[2].weight
        dead[2].bias.copy_(net[2].bias)
    one, other = (lr.plane_regions(n, *AXES, WINDOW) for n in (net, dead))
    assert one.count == other.count > 10
    start, end = ends(10)
    np.testing.assert_array_equal(
        lr.count_line_regions(net, start, end, "activation"),
        lr.count_line_regions(dead, start, end, "activation"),
    )


def test_network_with_all_neurons_dead_has_one_region():
    net = lines_net([[0.0, 0.0]], [-1.0])
    assert lr.plane_regions(net, *AXES, WINDOW).linear_count == 1
    assert lr.count_line_regions(net, [0.0, 0.0], [1.0, 1.0]) == 1
    assert lr.distance_to_boundary(net, [1.0, 2.0]) == math.inf


def test_duplicated_neurons_cut_once():
    net, double = net_of([6, 6]), net_of([12, 12])
    with torch.no_grad():
        double[0].weight.copy_(torch.cat([net[0].weight, 3 * net[0].weight]))
        double[0].bias.copy_(torch.cat([net[0].bias, 3 * net[0].bias]))
        double[2].weight.copy_(
            torch.cat([net[2].weight, -0.7 * net[2].weight])
            @ torch.cat([0.4 * torch.eye(6), 0.2 * torch.eye(6)], dim=1).double()
        )
        double[2].bias.copy_(torch.cat([net[2].bias, -0.7 * net[2].bias]))
    one, other = (lr.plane_regions(n, *AXES, WINDOW) for n in (net, double))
    assert one.count == other.count
    assert_sound(other, 36)
    start, end = ends(10)
    np.testing.assert_array_equal(
        lr.count_line_regions(net, start, end, "activation"),
        lr.count_line_regions(double, start, end, "activation"),
    )


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 2])
def test_parallel_cuts(angle):
    normals = np.tile([np.cos(angle), np.sin(angle)], (9, 1))
    regions = lr.plane_regions(lines_net(normals, np.linspace(-2, 2, 9)), *AXES, WINDOW)
    assert regions.count == 10
    assert_sound(regions, 36)


def test_near_cuts_are_told_apart():
    """1e-11 is above rounding (1e-13 of the window) and below any sampling."""
    net = lines_net([[1.0, 0.2], [1.0, 0.2]], [0.0, 1e-11])
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert_sound(regions, 36)
    assert regions.count == 3
    assert lr.count_line_regions(net, [-3.0, 0.0], [3.0, 0.0], "activation") == 3


@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_cuts_through_a_vertex(turn):
    """Six lines through one point make 12 regions; a seventh misses it: 12 + 7."""
    angle = turn + np.pi * np.arange(6) / 6
    normals = np.c_[np.cos(angle), np.sin(angle)]
    offsets = -normals @ [0.37, -0.81]
    window = (-50.0, 50.0, -50.0, 50.0)
    regions = lr.plane_regions(lines_net(normals, offsets), *AXES, window)
    assert regions.count == 12
    assert_sound(regions, 1e4)
    seven = lines_net(np.r_[normals, [[0.8, 0.6]]], np.r_[offsets, 0.1])
    assert lr.plane_regions(seven, *AXES, window).count == 12 + 7


def test_cut_along_the_border_and_through_a_corner():
    """x = 3 and x + y = 6 touch the window [-3, 3]^2, x = y passes two corners."""
    net = lines_net([[1.0, 0.0], [1.0, 1.0], [1.0, -1.0]], [-3.0, -6.0, 0.0])
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert regions.count == 2
    np.testing.assert_allclose(regions.areas, 18)


def test_grid_with_diagonals_has_no_slivers():
    """x, y in {-1, 0, 1} and x + y, x - y in {-1, 0, 1}: vertices of four lines."""
    normals = [[1, 0]] * 3 + [[0, 1]] * 3 + [[1, 1]] * 3 + [[1, -1]] * 3
    net = lines_net(np.array(normals, dtype=float), [-1.0, 0.0, 1.0] * 4)
    regions = lr.plane_regions(net, *AXES, (-2.0, 2.0, -2.0, 2.0))
    assert_sound(regions, 16)
    assert regions.areas.min() == pytest.approx(0.25)
    points = np.random.default_rng(0).uniform(-2, 2, size=(20_000, 2))
    assert regions.count == len(rows(pattern(net, points)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("seed", range(6))
def test_integer_weights_in_degenerate_position(activation, seed):
    """Small integers: many lines through one point, equal neurons, z = 0 in the open.

    Where a neuron stays on its kink, a forward pass rounds to either side: such points
    are left out of the comparison.
    """
    rng = np.random.default_rng(seed)
    net = net_of("square", activation)
    with torch.no_grad():
        for part in net.parameters():
            part.copy_(torch.as_tensor(rng.integers(-2, 3, size=part.shape)))
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert_sound(regions, 36)
    points = rng.uniform(-3, 3, size=(20_000, 2))
    moved = [pattern(net, points + 1e-9 * rng.normal(size=2)) for _ in range(4)]
    clear = np.all([other == moved[0] for other in moved], axis=(0, 2))
    assert clear.any()
    assert rows(moved[0][clear]) <= rows(regions.patterns)
    # Rounding errors would leave gaps of 1e-16.
    start, end = rng.integers(-9, 10, size=(2, 50, 2)) / 7
    for t in lr.line_breakpoints(net, start, end + np.array([0, 3])):
        assert np.diff([0, *t, 1]).min() > 1e-6


def test_hard_tanh_cuts_strips():
    """n strips in general position: 1 + 2n + 4 n (n-1) / 2 regions of the plane."""
    angle = np.array([0.1, 0.9, 1.7, 2.6])
    normals = np.c_[np.cos(angle), np.sin(angle)]
    net = lines_net(normals, [0.0, 0.1, 0.25, 0.5], nn.Hardtanh())
    regions = lr.plane_regions(net, *AXES, (-50.0, 50.0, -50.0, 50.0))
    assert regions.count == 1 + 8 + 4 * 6
    assert regions.patterns.max() == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_finds_the_same_regions():
    net = net_of([32, 32, 32])
    one, other = (
        lr.plane_regions(net, *AXES, WINDOW, device=d) for d in ("cpu", "cuda")
    )
    assert rows(one.patterns) == rows(other.patterns)
    assert one.linear_count == other.linear_count


def test_plane_of_a_784_dimensional_network_takes_under_a_second():
    """0.15 s on one quiet core, 17 874 regions; processor time, best of three."""
    net = mlp([784, 64, 64, 64, 1], sigma_b=1e-3, seed=0)
    origin, u, v = np.random.default_rng(0).normal(size=(3, 784))
    seconds = []
    for _ in range(3):
        before = time.process_time()
        regions = lr.plane_regions(net, origin, u, v, (-10, 10, -10, 10))
        seconds.append(time.process_time() - before)
    assert regions.count > 15_000
    assert min(seconds) < 0.8

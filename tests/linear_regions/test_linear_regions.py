"""Exact region counters against slow twins, sampling, geometry and closed forms."""

import math
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import twins
from torch import nn

from helpers import linear_regions as lr
from helpers.networks import Abs, mlp

WINDOW = (-3.0, 3.0, -3.0, 3.0)
AXES = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])

ACTIVATIONS = {
    "relu": nn.ReLU(),
    "leaky": nn.LeakyReLU(0.2),
    "hard_tanh": nn.Hardtanh(-0.5, 1.5),
    "abs": Abs(),
}
SHAPES = {"wide": [24], "square": [8, 8, 8], "deep": [4] * 6, "uneven": [12, 3, 9]}


def net_of(hidden, activation="relu", n_in=2, n_out=1, seed=0, sigma_b=0.3):
    """Random network; `hidden` is a key of SHAPES or a list of widths."""
    hidden = SHAPES[hidden] if isinstance(hidden, str) else hidden
    widths = [n_in, *hidden, n_out]
    return mlp(widths, ACTIVATIONS[activation], sigma_w=1.6, sigma_b=sigma_b, seed=seed)


def linear(weight, bias=0.0):
    weight = torch.as_tensor(weight, dtype=torch.float64)
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], len(weight)).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(torch.as_tensor(bias, dtype=torch.float64))
    return layer


def lines_net(normals, offsets, phi=None):
    """One hidden layer whose neurons are the given lines of the plane."""
    return nn.Sequential(
        linear(normals, offsets), phi or nn.ReLU(), linear(torch.ones(1, len(normals)))
    )


def evaluate(net, x):
    with torch.no_grad():
        return net(torch.as_tensor(x, dtype=torch.float64)).numpy()


def pattern(net, x):
    """Activation pattern at each row of x, from an ordinary forward pass."""
    h, pieces = torch.as_tensor(x, dtype=torch.float64), []
    with torch.no_grad():
        for module in net:
            if not isinstance(module, nn.Linear):
                kinks = torch.tensor(twins.pieces(module)[0], dtype=torch.float64)
                pieces.append((h[..., None] > kinks).sum(-1))
            h = module(h)
    return torch.cat(pieces, dim=1).numpy()


def rows(array):
    return {tuple(row) for row in array.tolist()}


def ends(m, n_in=2, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(2, m, n_in))


def assert_sound(regions, area):
    """Euler's formula, positive areas that fill the window, all patterns different."""
    n_vertices, n_edges = len(regions.vertices), len(regions.edges)
    assert n_vertices - n_edges + regions.count == 1
    assert regions.areas.min() > 0
    assert regions.areas.sum() == pytest.approx(area, rel=1e-12)
    assert len(rows(regions.patterns)) == regions.count


every_net = pytest.mark.parametrize("activation", ACTIVATIONS)
every_shape = pytest.mark.parametrize("shape", SHAPES)


# Against the twins. Both interpolate in float64, errors of a few 1e-15 times the number
# of layers; 1e-9 leaves room for lines that meet at a small angle.


@every_net
@every_shape
def test_line_breakpoints_equal_twin(shape, activation):
    net = net_of(shape, activation, n_in=5)
    start, end = ends(10, n_in=5)
    for p, q, t in zip(start, end, lr.line_breakpoints(net, start, end), strict=True):
        twin = twins.line_breakpoints(net, p, q)
        assert len(t) == len(twin)
        np.testing.assert_allclose(t, twin, atol=1e-9)


@every_net
@every_shape
def test_plane_regions_equal_twin(shape, activation):
    net = net_of(shape, activation, n_in=4, n_out=2)
    origin, u, v = np.random.default_rng(1).normal(size=(3, 4))
    regions = lr.plane_regions(net, origin, u, v, WINDOW)
    polygons, maps = twins.plane_polygons(net, origin, u, v, WINDOW)
    assert regions.count == len(polygons)
    assert_sound(regions, 36)
    ours = [polygon.mean(axis=0) for polygon in regions.polygons]
    theirs = [polygon.mean(axis=0) for polygon in polygons]
    order, other = np.lexsort(np.round(ours, 9).T), np.lexsort(np.round(theirs, 9).T)
    np.testing.assert_allclose(
        np.array(ours)[order], np.array(theirs)[other], atol=1e-8
    )
    np.testing.assert_allclose(regions.maps[order], maps[other], atol=1e-9)


# Against sampling: a forward pass knows nothing of polygons.


@every_net
@every_shape
def test_patterns_and_maps_hold_at_centroids(shape, activation):
    net = net_of(shape, activation, n_out=3)
    regions = lr.plane_regions(net, *AXES, WINDOW)
    big = regions.areas > 1e-9  # a centroid is inside by more than rounding
    assert big.mean() > 0.9
    centroids = np.array([polygon.mean(axis=0) for polygon in regions.polygons])
    np.testing.assert_array_equal(
        regions.patterns[big], pattern(net, centroids)[big], strict=False
    )
    values = (regions.maps * np.c_[centroids, np.ones(len(big))][:, None]).sum(-1)
    np.testing.assert_allclose(values, evaluate(net, centroids), atol=1e-10)


@every_net
def test_sampling_finds_no_other_region(activation):
    net = net_of("square", activation)
    regions = lr.plane_regions(net, *AXES, WINDOW)
    points = np.random.default_rng(2).uniform(-3, 3, size=(100_000, 2))
    found = rows(pattern(net, points))
    assert found <= rows(regions.patterns)
    # A region of area A is missed with probability exp(-1e5 A / 36).
    big = regions.areas > 36 * 20 / len(points)
    assert rows(regions.patterns[big]) <= found


def test_areas_equal_sampled_frequencies():
    net = net_of("square")
    regions = lr.plane_regions(net, *AXES, WINDOW)
    points = np.random.default_rng(3).uniform(-3, 3, size=(40_000, 2))
    sampled, counts = np.unique(pattern(net, points), axis=0, return_counts=True)
    area = dict(zip(map(tuple, regions.patterns.tolist()), regions.areas, strict=True))
    expected = np.array([area[tuple(row)] for row in sampled.tolist()]) / 36
    error = np.sqrt(expected * (1 - expected) / len(points))
    # 5 standard errors for about 200 frequencies, and one count for the rare ones.
    assert (np.abs(counts / len(points) - expected) < 5 * error + 1e-4).all()


@every_net
def test_line_pieces_give_the_output(activation):
    net = net_of("square", activation, n_in=3, n_out=2)
    start, end = ends(1, n_in=3)[:, 0]
    line = lr.line_regions(net, start, end)
    t = np.linspace(0, 1, 501)
    piece = np.searchsorted(line.t, t)
    ours = line.slope[piece] * t[:, None] + line.intercept[piece]
    x = start + t[:, None] * (end - start)
    np.testing.assert_allclose(ours, evaluate(net, x), atol=1e-11)


def test_line_names_the_neuron_that_switches():
    net = net_of("uneven", n_in=3)
    start, end = ends(1, n_in=3)[:, 0]
    line = lr.line_regions(net, start, end)
    first = np.cumsum([0, *SHAPES["uneven"]])
    middles = np.convolve([0, *line.t, 1], [0.5, 0.5], mode="valid")
    change = np.diff(pattern(net, start + middles[:, None] * (end - start)), axis=0)
    np.testing.assert_array_equal(np.abs(change).sum(axis=1), 1)
    switched = np.argmax(np.abs(change), axis=1)
    np.testing.assert_array_equal(first[line.layer - 1] + line.neuron, switched)


# Laws.


def test_batch_equals_single_lines():
    net = net_of("square", n_in=6)
    start, end = ends(70, n_in=6)  # more than two blocks
    for kind in ("linear", "activation"):
        batch = lr.count_line_regions(net, start, end, kind)
        single = [
            lr.count_line_regions(net, p, q, kind)
            for p, q in zip(start, end, strict=True)
        ]
        assert batch.dtype == np.int64
        assert batch.tolist() == single


def test_reversed_segment_has_mirrored_breakpoints():
    net = net_of("deep", seed=1)
    start, end = ends(1)[:, 0]
    there, back = (lr.line_breakpoints(net, *e) for e in ((start, end), (end, start)))
    assert len(there) > 5
    np.testing.assert_allclose(there, 1 - back[::-1], atol=1e-12)


def test_breakpoints_of_two_halves_add_up():
    net = net_of("square")
    start, end = ends(1)[:, 0]
    cut = start + 0.37 * (end - start)
    halves = [lr.line_breakpoints(net, *e) for e in ((start, cut), (cut, end))]
    joined = np.concatenate([0.37 * halves[0], 0.37 + 0.63 * halves[1]])
    np.testing.assert_allclose(lr.line_breakpoints(net, start, end), joined, atol=1e-12)


@every_net
def test_order_of_neurons_does_not_matter(activation):
    net = net_of("square", activation)
    shuffled = net_of("square", activation)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        shuffled[2].weight.copy_(shuffled[2].weight[order])
        shuffled[2].bias.copy_(shuffled[2].bias[order])
        shuffled[4].weight.copy_(shuffled[4].weight[:, order])
    one, other = (lr.plane_regions(n, *AXES, WINDOW) for n in (net, shuffled))
    assert one.count == other.count
    assert one.linear_count == other.linear_count
    np.testing.assert_allclose(np.sort(one.areas), np.sort(other.areas), atol=1e-12)


def test_positive_scaling_of_a_relu_layer_does_not_matter():
    net, scaled = net_of("square"), net_of("square")
    with torch.no_grad():
        scaled[2].weight.mul_(1e3)
        scaled[2].bias.mul_(1e3)
        scaled[4].weight.div_(1e3)
    one, other = (lr.plane_regions(n, *AXES, WINDOW) for n in (net, scaled))
    assert rows(one.patterns) == rows(other.patterns)
    np.testing.assert_allclose(np.sort(one.areas), np.sort(other.areas), rtol=1e-9)


def test_change_of_coordinates_scales_areas():
    net = net_of("square")
    one = lr.plane_regions(net, *AXES, WINDOW)
    other = lr.plane_regions(net, [-3.0, 0.0], [2.0, 0.0], [0.0, -0.5], (0, 3, -6, 6))
    assert rows(one.patterns) == rows(other.patterns)
    # |det| = 1, so areas are the same.
    np.testing.assert_allclose(np.sort(one.areas), np.sort(other.areas), atol=1e-12)


@every_net
def test_layers_nest(activation):
    net = net_of("square", activation)
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert regions.after_layer(0).count == 1
    for n_layers in (1, 2, 3):
        view = regions.after_layer(n_layers)
        assert_sound(view, 36)
        cut_net = nn.Sequential(*list(net)[: 2 * n_layers], nn.Identity())
        alone = lr.plane_regions(cut_net, *AXES, WINDOW)
        assert rows(view.patterns) == rows(alone.patterns)
        inside = dict.fromkeys(rows(view.patterns), 0.0)
        prefix = regions.patterns[:, : 8 * n_layers].tolist()
        for row, area in zip(prefix, regions.areas, strict=True):
            inside[tuple(row)] += area
        whole = [inside[tuple(row)] for row in view.patterns.tolist()]
        np.testing.assert_allclose(whole, view.areas, atol=1e-12)


def test_maps_of_a_layer_are_the_next_pre_activations():
    net = net_of("uneven")
    view = lr.plane_regions(net, *AXES, WINDOW).after_layer(1)
    centroids = np.array([polygon.mean(axis=0) for polygon in view.polygons])
    values = (view.maps * np.c_[centroids, np.ones(view.count)][:, None]).sum(-1)
    np.testing.assert_allclose(values, evaluate(net[:3], centroids), atol=1e-11)


@every_net
def test_lines_and_planes_agree(activation):
    """The window's border crosses each region as often as lines along it say."""
    net = net_of("square", activation, sigma_b=0.5)
    regions = lr.plane_regions(net, *AXES, WINDOW)
    border = (regions.sides < 0).any(axis=1).sum()
    corners = np.array([[-3, -3], [3, -3], [3, 3], [-3, 3]])
    along = lr.count_line_regions(
        net, corners, np.roll(corners, -1, axis=0), "activation"
    )
    assert border == along.sum()


def test_polygons_are_convex_and_counter_clockwise():
    for polygon in lr.plane_regions(net_of("square"), *AXES, WINDOW).polygons:
        side = np.roll(polygon, -1, axis=0) - polygon
        ahead = np.roll(side, -1, axis=0)
        turn = side[:, 0] * ahead[:, 1] - side[:, 1] * ahead[:, 0]
        assert len(polygon) >= 3
        assert (turn > -1e-12).all()


# Linear regions are unions of activation regions.


def test_hidden_kinks_are_not_counted_as_linear():
    net = lines_net([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    with torch.no_grad():
        net[2].weight[0, 1] = 0
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert (regions.count, regions.linear_count) == (4, 2)
    line = ([-1.0, -2.0], [2.0, 1.0])
    assert lr.count_line_regions(net, *line, "activation") == 3
    assert lr.count_line_regions(net, *line) == 2


def test_kinks_that_cancel_are_not_counted_as_linear():
    """0.3 relu(x) - 0.3 relu(x) is 0, with two activation regions."""
    net = lines_net([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]], [0.0, 0.0, 0.0])
    with torch.no_grad():
        net[2].weight.copy_(torch.tensor([[0.3, 0.0, -0.3]]))
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert (regions.count, regions.linear_count) == (2, 1)


def test_gradients_equal_up_to_rounding_are_equal():
    """0.1 + 0.2 - 0.3 is 6e-17, not 0: no kink at x = 0 beside the one at y = 0."""
    net = lines_net([[1.0, 0.0]] * 3 + [[0.0, 1.0]], [0.0] * 4)
    with torch.no_grad():
        net[2].weight.copy_(torch.tensor([[0.1, 0.2, -0.3, 1.0]], dtype=torch.float64))
    regions = lr.plane_regions(net, *AXES, WINDOW)
    assert (regions.count, regions.linear_count) == (4, 2)
    assert lr.count_line_regions(net, [-1.0, -2.0], [2.0, 1.0]) == 2


def test_small_jumps_of_the_gradient_count():
    """A jump of 1e-6 of the largest gradient is real."""
    net = lines_net([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    with torch.no_grad():
        net[2].weight[0, 1] = 1e-6
    assert lr.plane_regions(net, *AXES, WINDOW).linear_count == 4
    assert lr.count_line_regions(net, [-1.0, -2.0], [2.0, 1.0]) == 3


def test_equal_maps_that_do_not_touch_stay_apart():
    """relu(x) - relu(x - 1) is flat on both sides of a ramp: three regions."""
    net = lines_net([[1.0, 0.0], [1.0, 0.0]], [0.0, -1.0])
    with torch.no_grad():
        net[2].weight.copy_(torch.tensor([[1.0, -1.0]]))
    assert lr.plane_regions(net, *AXES, WINDOW).linear_count == 3
    assert lr.count_line_regions(net, [-3.0, 0.0], [3.0, 0.0]) == 3


def test_linear_regions_do_not_exceed_activation_regions():
    regions = lr.plane_regions(net_of("deep", seed=3), *AXES, WINDOW)
    assert 1 < regions.linear_count < regions.count


# Degenerate arrangements.


def test_zero_bias_line_through_the_origin_has_one_breakpoint():
    net = mlp([10, 16, 16, 16, 1], sigma_b=0.0, seed=0)
    start = ends(20, n_in=10)[0]
    t = lr.line_breakpoints(net, start, -2 * start)
    assert {len(line) for line in t} == {1}
    np.testing.assert_allclose(np.concatenate(t), 1 / 3, atol=1e-14)
    assert set(lr.count_line_regions(net, start, -start)) == {2}
    assert lr.count_line_regions(net, np.zeros(10), start[0], "activation") == 1


@pytest.mark.parametrize("seed", [86, 1301, 1978, 2565])
def test_kinks_that_rounding_parts_are_one_breakpoint(seed):
    """Each of these holds a nearly flat neuron, whose kink is off by up to 1e-12."""
    net = mlp([5, 16, 16, 16, 1], sigma_b=0.0, seed=seed)
    t = lr.line_breakpoints(net, -np.ones(5), np.ones(5))
    np.testing.assert_allclose(t, [0.5], atol=1e-12)


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


@pytest.mark.parametrize("n", range(1, 13))
def test_sawtooth_has_two_to_the_n_pieces(n):
    """Integers and dyadic knots: exact, no tolerance."""
    net = lr.sawtooth(n)
    t = lr.line_breakpoints(net, [0.0], [1.0])
    np.testing.assert_array_equal(t, np.arange(1, 2**n) / 2**n)
    assert lr.count_line_regions(net, [0.0], [1.0]) == 2**n
    knots = np.arange(1, 2**n)
    first_layer = n - np.log2(knots & -knots)  # the layer that first bends there
    np.testing.assert_array_equal(lr.line_regions(net, [0.0], [1.0]).layer, first_layer)
    teeth = np.arange(2**n + 1)
    np.testing.assert_array_equal(evaluate(net, teeth[:, None] / 2**n)[:, 0], teeth % 2)


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


def test_hard_tanh_has_two_kinks():
    net = nn.Sequential(linear([[2.0]], [0.0]), nn.Hardtanh(-0.5, 1.5), linear([[1.0]]))
    line = lr.line_regions(net, [-1.0], [1.0])
    np.testing.assert_allclose(line.t, [0.375, 0.875], atol=1e-15)
    np.testing.assert_allclose(line.slope[:, 0], [0, 4, 0])
    assert lr.count_line_regions(net, [-1.0], [1.0]) == 3


def test_hard_tanh_cuts_strips():
    """n strips in general position: 1 + 2n + 4 n (n-1) / 2 regions of the plane."""
    angle = np.array([0.1, 0.9, 1.7, 2.6])
    normals = np.c_[np.cos(angle), np.sin(angle)]
    net = lines_net(normals, [0.0, 0.1, 0.25, 0.5], nn.Hardtanh())
    regions = lr.plane_regions(net, *AXES, (-50.0, 50.0, -50.0, 50.0))
    assert regions.count == 1 + 8 + 4 * 6
    assert regions.patterns.max() == 2


# What counts as a network.


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


def test_float32_network_is_read_in_float64():
    single = net_of("square").float()
    double = net_of("square").float().double()
    one, other = (lr.plane_regions(n, *AXES, WINDOW) for n in (single, double))
    np.testing.assert_array_equal(one.vertices, other.vertices)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_finds_the_same_regions():
    net = net_of([32, 32, 32])
    one, other = (
        lr.plane_regions(net, *AXES, WINDOW, device=d) for d in ("cpu", "cuda")
    )
    assert rows(one.patterns) == rows(other.patterns)
    assert one.linear_count == other.linear_count


# Distances and gradients.


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


# Closed forms against simulation. Seeds are fixed; a tolerance of 4 standard errors
# over independent networks fails by chance once in 16 000 draws of the seed.


def mean_and_error(samples):
    samples = np.asarray(samples, dtype=float)
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / math.sqrt(len(samples))


def layer_counts(widths, start, end, sigma_b, n_nets, sigma_w=2**0.5):
    """Breakpoints of each layer on the segment, for independent networks."""
    counts = []
    for seed in range(n_nets):
        net = mlp([len(start), *widths, 1], sigma_w=sigma_w, sigma_b=sigma_b, seed=seed)
        layer = lr.line_regions(net, start, end).layer
        counts.append(np.bincount(layer, minlength=len(widths) + 1)[1:])
    return mean_and_error(counts)


def test_first_layer_count_is_exact_at_width_4():
    start, end = np.random.default_rng(6).normal(size=(2, 10))
    mean, error = layer_counts([4], start, end, 0.7, 600)
    expected = lr.expected_breakpoints([4], 0.7, start, end)
    assert abs(mean - expected) < 4 * error
    lifted = [np.r_[p, 0.7 * math.sqrt(5)] for p in (start, end)]
    cosine = lifted[0] @ lifted[1] / math.prod(map(np.linalg.norm, lifted))
    assert expected == pytest.approx(4 * math.acos(cosine) / math.pi)


@pytest.mark.parametrize("sigma_w", [2**0.5, 1.0])
def test_breakpoints_follow_the_cauchy_law(sigma_w):
    """Width 96 has a bias of order 1/96 in deep layers: 1 % allowed besides 4 SE."""
    widths = [96, 96, 96]
    mean, error = layer_counts(widths, [-2.0], [1.0], 1.0, 60, sigma_w)
    expected = lr.expected_breakpoints(widths, 1.0, [-2.0], [1.0], sigma_w=sigma_w)
    assert (np.abs(mean - expected) < 4 * error + 0.01 * expected).all()


def test_a_whole_line_has_one_breakpoint_per_neuron():
    expected = lr.expected_breakpoints([3, 5, 7], 1.0, [-1e9, 2.0], [1e9, 2.0])
    np.testing.assert_allclose(expected, [3, 5, 7], rtol=1e-8)


def test_density_integrates_to_the_expected_count():
    start, end = np.array([-1.0, 0.4, 2.0]), np.array([2.0, -0.3, 1.0])
    length = np.linalg.norm(end - start)
    a = start @ (end - start) / length
    distance = np.linalg.norm(start - a * (end - start) / length)
    t = np.linspace(a, a + length, 4001)
    for layer, expected in enumerate(lr.expected_breakpoints([1, 1], 0.6, start, end)):
        scale = lr.breakpoint_scale(layer + 1, 0.6, 3, distance=distance)
        integral = np.trapezoid(lr.breakpoint_density(t, scale), t)
        assert integral == pytest.approx(expected, rel=1e-6)  # error of order h^2


def test_scale_at_he_initialisation():
    scale = lr.breakpoint_scale(3, 0.5, 8, distance=2.0)
    assert scale == pytest.approx(math.sqrt(4 + 3 * 8 * 0.25 / 2))


def test_no_bias_line_through_the_origin_counts_half_from_the_origin():
    np.testing.assert_allclose(
        lr.expected_breakpoints([8, 8], 0.0, [-1.0, 0.0], [3.0, 0.0]), 8
    )


def test_window_on_sphere_of_a_cube_face():
    """A face of the cube sees 1/6 of the sphere; its sides are arccos(1/3) long."""
    basis = np.linalg.qr(np.random.default_rng(7).normal(size=(5, 3)))[0].T
    area, perimeter = lr.window_on_sphere(*(2.0 * basis), (-1, 1, -1, 1))
    assert area == pytest.approx(2 * math.pi / 3)
    assert perimeter == pytest.approx(4 * math.acos(1 / 3))


def test_whole_plane_has_zaslavskys_count():
    window = (-1e7, 1e7, -1e7, 1e7)
    area, perimeter = lr.window_on_sphere(*np.eye(3), window)
    expected = lr.expected_plane_regions(10, area, perimeter)
    assert expected == pytest.approx(1 + 10 + 45, rel=1e-6)


def test_expected_plane_regions_is_exact_for_one_layer():
    origin, u, v = np.random.default_rng(8).normal(size=(3, 6))
    window = (-1.0, 2.0, -1.5, 1.0)
    counts = [
        lr.plane_regions(
            mlp([6, 12, 1], sigma_b=0.0, seed=s), origin, u, v, window
        ).count
        for s in range(150)
    ]
    mean, error = mean_and_error(counts)
    area, perimeter = lr.window_on_sphere(origin, u, v, window)
    assert abs(mean - lr.expected_plane_regions(12, area, perimeter)) < 4 * error


def test_expected_plane_regions_for_three_layers():
    """Finite width allows 5 % besides 4 SE."""
    origin, u, v = np.random.default_rng(9).normal(size=(3, 50))
    window = (-1.0, 1.0, -1.0, 1.0)
    counts = [
        lr.plane_regions(
            mlp([50, 48, 48, 48, 1], sigma_b=0.0, seed=s), origin, u, v, window
        ).count
        for s in range(20)
    ]
    mean, error = mean_and_error(counts)
    expected = lr.expected_plane_regions(
        144, *lr.window_on_sphere(origin, u, v, window)
    )
    assert abs(mean - expected) < 4 * error + 0.05 * expected


def test_expected_distance():
    """One layer, 64 nearly independent neurons: 2 % allowed besides 4 SE."""
    x = np.random.default_rng(10).normal(size=100)
    distances = [
        lr.distance_to_boundary(mlp([100, 64, 1], sigma_b=0.0, seed=s), x)
        for s in range(500)
    ]
    mean, error = mean_and_error(distances)
    expected = lr.expected_distance(64, np.linalg.norm(x), 100)
    assert abs(mean - expected) < 4 * error + 0.02 * expected


def test_expected_distance_in_two_dimensions():
    """E chi_1 = sqrt(2 / pi), so the distance is pi |x| / (2 N)."""
    assert lr.expected_distance(8, 3.0, 2) == pytest.approx(3 * math.pi / 16)


def test_mean_square_gradient_is_two_in_every_layer():
    squares = []
    for seed in range(300):
        net = mlp([12, 32, 32, 32, 1], sigma_b=0.2, seed=seed)
        norms = lr.gradient_norms(net, np.ones(12))
        squares.append([(norm**2).mean() for norm in norms])
    mean, error = mean_and_error(squares)
    assert (np.abs(mean - 2) < 4 * error).all()
    assert (error < 0.1).all()


def test_bounds_hold_and_are_not_vacuous():
    widths, sigma_b = [16, 16, 16], 0.5
    mean, _ = layer_counts(widths, [-1.0], [1.0], sigma_b, 60)
    bound = 2 * lr.density_bound(48, sigma_b)
    assert bound / 10 < mean.sum() < bound
    x = np.linspace(-1, 1, 21)[:, None]
    nets = [mlp([1, *widths, 1], sigma_b=sigma_b, seed=seed) for seed in range(60)]
    distance = np.mean([lr.distance_to_boundary(net, x) for net in nets])
    assert (
        lr.distance_bound(48, sigma_b) < distance < 20 * lr.distance_bound(48, sigma_b)
    )


def test_bounds_by_hand():
    assert lr.density_bound(10, 2.0, c_grad=3.0, n_kinks=2) == pytest.approx(
        2 * 10 * 3 / (2 * math.sqrt(2 * math.pi))
    )
    assert lr.density_bound(10, 0.0) == math.inf
    assert lr.distance_bound(10, 0.0) == 0
    assert lr.distance_bound(1, 1.0) == pytest.approx(0.443, abs=1e-3)


# Speed and drawing.


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


def test_plot_colours_every_region():
    regions = lr.plane_regions(net_of("square"), *AXES, WINDOW)
    figure, ax = plt.subplots()
    default = lr.plot_plane(regions, ax)
    given = lr.plot_plane(regions, ax, np.arange(regions.count), cmap="viridis")
    assert len(default.get_paths()) == regions.count
    assert (default.get_array().min(), default.get_array().max()) <= (0, 1)
    np.testing.assert_array_equal(given.get_array(), np.arange(regions.count))
    assert ax.get_xlim() == (-3, 3)
    figure.canvas.draw()
    plt.close(figure)


def test_repr_says_what_it_is():
    regions = lr.plane_regions(lines_net([[1.0, 0.0]], [0.0]), *AXES, WINDOW)
    assert repr(regions) == "PlaneRegions(count=2, layers=1)"


# Errors.

NET = net_of([3])
TWO = np.zeros((2, 2))
BROKEN = net_of([3])
with torch.no_grad():
    BROKEN[2].weight[0, 0] = math.nan

ERRORS = [
    (lambda: lr.line_regions(lambda x: x, [0, 0], [1, 1]),
     "net must be a torch.nn.Sequential, got function"),
    (lambda: lr.line_regions(nn.Sequential(NET[0], nn.Tanh()), [0, 0], [1, 1]),
     "net[1] must be a Linear, ReLU, LeakyReLU, Hardtanh, helpers.networks.Abs, "
     "Identity or Flatten, got Tanh"),
    (lambda: lr.line_regions(nn.Sequential(nn.ReLU(), NET[0]), [0, 0], [1, 1]),
     "net[0] is an activation and must follow a Linear"),
    (lambda: lr.line_regions(nn.Sequential(NET[0], nn.ReLU(), Abs()), [0, 0], [1, 1]),
     "net[2] is an activation and must follow a Linear"),
    (lambda: lr.line_regions(nn.Sequential(nn.Identity()), [0, 0], [1, 1]),
     "net must have at least one Linear, got none"),
    (lambda: lr.line_regions(nn.Sequential(NET[0], NET[1], NET[0]), [0, 0], [1, 1]),
     "net[2] must take 3 inputs, the width of the layer before, got 2"),
    (lambda: lr.line_regions(BROKEN, [0, 0], [1, 1]),
     "net[2] must have finite parameters, got NaN or infinity"),
    (lambda: lr.line_regions(NET, [0, 0, 0], [1, 1, 1]),
     "start must have shape [2] or [m, 2] (the network has 2 inputs), got [3]"),
    (lambda: lr.line_regions(NET, [0, 0], [math.inf, 1]),
     "end must be finite, got NaN or infinity"),
    (lambda: lr.line_regions(NET, [0, 0], TWO),
     "start and end must have the same shape, got [2] and [2, 2]"),
    (lambda: lr.line_regions(NET, TWO, np.eye(2) * [1, 0]),
     "start and end must differ, got a segment of length 0"),
    (lambda: lr.count_line_regions(NET, [0, 0], [1, 1], "affine"),
     "kind must be 'linear' or 'activation', got 'affine'"),
    (lambda: lr.plane_regions(NET, TWO, [1, 0], [0, 1], WINDOW),
     "origin must have shape [2], got [2, 2]"),
    (lambda: lr.plane_regions(NET, [0, 0], [1, 2], [-2, -4], WINDOW),
     "u and v must span a plane, got parallel or zero directions"),
    (lambda: lr.plane_regions(NET, [0, 0], [1, 2], [0, 0], WINDOW),
     "u and v must span a plane, got parallel or zero directions"),
    (lambda: lr.plane_regions(NET, *AXES, (0, 1, 0)),
     "extent must be four finite numbers, got (0.0, 1.0, 0.0)"),
    (lambda: lr.plane_regions(NET, *AXES, (0, 1, 2, 2)),
     "extent must be (s0, s1, t0, t1), s0 < s1 and t0 < t1, got (0.0, 1.0, 2.0, 2.0)"),
    (lambda: lr.plane_regions(NET, *AXES, WINDOW).after_layer(2),
     "n_layers must be one of 0..1, got 2"),
    (lambda: lr.plane_regions(NET, *AXES, WINDOW).after_layer(-1),
     "n_layers must be one of 0..1, got -1"),
    (lambda: lr.distance_to_boundary(NET, [[0, math.nan]]),
     "x must be finite, got NaN or infinity"),
    (lambda: lr.gradient_norms(NET, np.zeros((1, 1, 2))),
     "x must have shape [2] or [m, 2] (the network has 2 inputs), got [1, 1, 2]"),
    (lambda: lr.sawtooth(0), "n must be at least 1, got 0"),
    (lambda: lr.breakpoint_scale(0, 1.0, 1),
     "layer must be finite and at least 1, got 0"),
    (lambda: lr.breakpoint_scale(1, 1.0, 1, sigma_w=0.0),
     "sigma_w must be finite and above 0, got 0.0"),
    (lambda: lr.breakpoint_density(0.0, 0.0),
     "scale must be finite and above 0, got 0.0"),
    (lambda: lr.expected_breakpoints([3], -1.0, [0.0], [1.0]),
     "sigma_b must be finite and at least 0, got -1.0"),
    (lambda: lr.expected_breakpoints([3, 0], 1.0, [0.0], [1.0]),
     "widths[1] must be finite and at least 1, got 0"),
    (lambda: lr.expected_breakpoints([3], 1.0, [0.0], [0.0]),
     "start and end must be two different points of shape [n_in], "
     "got shapes (1,) and (1,)"),
    (lambda: lr.expected_plane_regions(3, 7.0, 1.0),
     "area must be between 0 and 2 pi, got 7.0"),
    (lambda: lr.expected_distance(3, 1.0, 1),
     "n_in must be finite and at least 2, got 1"),
    (lambda: lr.density_bound(3, math.nan),
     "sigma_b must be finite and at least 0, got nan"),
    (lambda: lr.window_on_sphere([0, 0, 0], [1, 0, 0], [0, 1, 0], WINDOW),
     "the plane must not contain 0, where directions are undefined"),
    (lambda: lr.plot_plane(lr.plane_regions(NET, *AXES, WINDOW), None, [1.0]),
     "values must have shape "),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    with pytest.raises((TypeError, ValueError)) as raised:
        call()
    assert str(raised.value).startswith(sentence)

"""The regions of a plane against slow twins, sampling, symmetries and lines."""

import numpy as np
import pytest
import torch
import twins
from linear_regions.cases import (
    AXES,
    NET,
    WINDOW,
    assert_says,
    assert_sound,
    evaluate,
    every_net,
    every_shape,
    lines_net,
    net_of,
    pattern,
    rows,
)
from torch import nn

from helpers import linear_regions as lr

# Against the twins. Both interpolate in float64, errors of a few 1e-15 times the number
# of layers; 1e-9 leaves room for lines that meet at a small angle.


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


# Laws.


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


def test_repr_says_what_it_is():
    regions = lr.plane_regions(lines_net([[1.0, 0.0]], [0.0]), *AXES, WINDOW)
    assert repr(regions) == "PlaneRegions(count=2, layers=1)"


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


ERRORS = [
    (lambda: lr.plane_regions(NET, *AXES, WINDOW).after_layer(2),
     "n_layers must be one of 0..1, got 2"),
    (lambda: lr.plane_regions(NET, *AXES, WINDOW).after_layer(-1),
     "n_layers must be one of 0..1, got -1"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)

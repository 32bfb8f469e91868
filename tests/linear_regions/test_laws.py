"""Closed forms against simulation.

Seeds are fixed; a tolerance of 4 standard errors over independent networks fails by
chance once in 16 000 draws of the seed.
"""

import math

import numpy as np
import pytest
from linear_regions.cases import assert_says, mean_and_error

from helpers import linear_regions as lr
from helpers.networks import mlp


def layer_counts(widths, start, end, sigma_b, n_nets, sigma_w=2**0.5):
    """Breakpoints of each layer on the segment, for independent networks."""
    sizes = [len(start), *widths, 1]
    nets = [
        mlp(sizes, sigma_w=sigma_w, sigma_b=sigma_b, seed=seed)
        for seed in range(n_nets)
    ]
    counts = [
        np.bincount(line.layer, minlength=len(sizes) - 1)[1:]
        for line in lr.line_regions(nets, start, end)
    ]
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


ERRORS = [
    (lambda: lr.breakpoint_scale(0, 1.0, 1),
     "layer must be at least 1, got 0"),
    (lambda: lr.breakpoint_scale(1, 1.0, 1, sigma_w=0.0),
     "sigma_w must be finite and above 0, got 0.0"),
    (lambda: lr.breakpoint_density(0.0, 0.0),
     "scale must be finite and above 0, got 0.0"),
    (lambda: lr.expected_breakpoints([3], -1.0, [0.0], [1.0]),
     "sigma_b must be finite and at least 0, got -1.0"),
    (lambda: lr.expected_breakpoints([3, 0], 1.0, [0.0], [1.0]),
     "widths[1] must be at least 1, got 0"),
    (lambda: lr.expected_breakpoints([3], 1.0, [0.0], [0.0]),
     "start and end must be two different points of shape [n_in], "
     "got shapes (1,) and (1,)"),
    (lambda: lr.expected_plane_regions(3, 7.0, 1.0),
     "area must be between 0 and 2 pi, got 7.0"),
    (lambda: lr.expected_distance(3, 1.0, 1),
     "n_in must be at least 2, got 1"),
    (lambda: lr.density_bound(3, math.nan),
     "sigma_b must be finite and at least 0, got nan"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)


@pytest.mark.parametrize("unit", [1e-90, 1e90])
def test_laws_in_any_unit_of_length(unit):
    """Lengths and biases in another unit: densities over it, counts as they are."""
    scale = lr.breakpoint_scale(2, 0.5 * unit, 3, distance=unit)
    assert scale == pytest.approx(unit * lr.breakpoint_scale(2, 0.5, 3, distance=1))
    t = np.array([0.0, 2.0])
    density = lr.breakpoint_density(unit * t, scale)
    wanted = lr.breakpoint_density(t, scale / unit) / unit
    np.testing.assert_allclose(density, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "kind", "told"),
    [
        (lambda: lr.breakpoint_density(np.array(1j), 1.0), TypeError, "t must hold"),
        (lambda: lr.breakpoint_scale(2.0, 1, 1), TypeError, "layer must be an integer"),
        (lambda: lr.breakpoint_scale(9, 1, 1, sigma_w=1e-50), ValueError,
         "sigma_w must not be so small"),
        (lambda: lr.density_bound(1, 1.0, c_grad=1e300), ValueError, "c_grad must lie"),
        (lambda: lr.expected_breakpoints([2], 1, [0.0], [1e300]), ValueError,
         "start and end must be at most 1e.50"),
        (lambda: lr.line_regions(mlp([1, 2, 1], seed=0), np.array([1j]), [0.0]),
         TypeError, "start must hold real numbers"),
        (lambda: lr.sawtooth(1.0), TypeError, "n must be an integer, got 1.0"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_computed_with_are_told(call, kind, told):
    with pytest.raises(kind, match=told):
        call()

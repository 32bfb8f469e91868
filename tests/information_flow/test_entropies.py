"""The plug-in entropy and its bounds against quadrature and special cases."""

import math

import numpy as np
import pytest
import torch
from information_flow.cases import CUBE, entropy_1d, noise

from helpers import information_flow as inf


@pytest.mark.parametrize("beta", [0.05, 0.3, 1.0])
def test_smoothed_entropy_equals_quadrature_in_one_dimension(rng, beta):
    samples = rng.uniform(-1, 1, size=(40, 1))
    found = inf.smoothed_entropy(samples, beta, seed=0)
    assert abs(found.value - entropy_1d(samples[:, 0], beta)) < 4 * found.standard_error
    assert found.standard_error < 0.01


def test_smoothed_entropy_of_all_corners_is_that_of_a_coordinate_times_d():
    corners = np.array([[i >> k & 1 for k in range(6)] for i in range(64)]) * 2.0 - 1
    exact = 6 * entropy_1d([-1, 1], 0.5)
    found = inf.smoothed_entropy(corners, 0.5, draws=20_000, seed=1)
    assert abs(found.value - exact) < 4 * found.standard_error


def test_one_sample_has_the_entropy_of_the_noise_exactly():
    found = inf.smoothed_entropy(np.ones((1, 4)), 0.3, seed=0)
    assert found.value == pytest.approx(noise(4, 0.3), abs=1e-12)
    assert found.value == pytest.approx(found.cap, abs=1e-12)
    assert found.standard_error < 1e-12


def test_clusters_add_the_entropy_of_their_sizes():
    samples = np.repeat([[0.0, 0.0], [9.0, 0.0]], [30, 10], axis=0)
    found = inf.smoothed_entropy(samples, 0.1, seed=0)
    added = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert found.value == pytest.approx(noise(2, 0.1) + added, abs=1e-9)
    assert not found.saturated


def test_spread_samples_reach_the_cap_and_say_so(rng):
    samples = rng.uniform(-1, 1, size=(500, 10))
    found = inf.smoothed_entropy(samples, 0.02, seed=0)
    assert found.cap == pytest.approx(noise(10, 0.02) + math.log(500))
    assert found.value == pytest.approx(found.cap, abs=1e-6)
    assert found.saturated


@pytest.mark.parametrize("draws", [100, 599, 600, 3000])
def test_any_number_of_draws_gives_the_same_entropy_and_an_honest_error(draws):
    many = inf.smoothed_entropy(CUBE, 0.3, draws=60_000, seed=99)
    few = [inf.smoothed_entropy(CUBE, 0.3, draws=draws, seed=s) for s in range(60)]
    values = np.array([one.value for one in few])
    errors = np.array([one.standard_error for one in few])
    assert abs(values.mean() - many.value) < 4 * values.std(ddof=1) / 60**0.5
    # the deviation of 60 values is within 4 / sqrt(120) = 37 % of its own; when every
    # sample gets a single draw the error leaves out that the samples are all there
    ratio = np.sqrt((errors**2).mean()) / values.std(ddof=1)
    assert ratio > 0.63
    assert ratio < (1.37 if draws != 599 else 8)


def test_the_control_variate_and_the_pairs_lower_the_error():
    rows, beta = torch.tensor(CUBE), 1.0
    z = torch.randn(len(rows), 3, generator=torch.Generator().manual_seed(0)).double()
    plain = -inf.smoothed_log_density(rows + beta * z, rows, beta)
    found = inf.smoothed_entropy(CUBE, beta, draws=600, seed=0)
    assert found.standard_error < 0.1 * plain.std() / len(rows) ** 0.5


def test_smoothed_entropy_depends_on_the_seed_alone():
    first, same, other = (
        inf.smoothed_entropy(CUBE, 0.3, seed=s).value for s in (3, 3, 4)
    )
    assert first == same != other


def test_samples_may_be_any_kind_of_rows():
    kinds = (
        CUBE.astype(np.float32),
        torch.tensor(CUBE, requires_grad=True),
        CUBE.tolist(),
    )
    exact = inf.smoothed_entropy(CUBE, 0.3, seed=0).value
    for rows in kinds:
        found = inf.smoothed_entropy(rows, 0.3, seed=0).value
        assert found == pytest.approx(exact, abs=1e-6)


def test_the_smoothed_entropy_of_many_dimensions_does_not_overflow(rng):
    found = inf.smoothed_entropy(rng.normal(size=(20, 2000)), 0.01, seed=0)
    assert found.value == pytest.approx(noise(2000, 0.01) + math.log(20), abs=1e-8)


@pytest.mark.parametrize("beta", [0.05, 0.3, 1.0])
def test_pairwise_bounds_hold_the_entropy_between_them(beta):
    lower, upper = inf.pairwise_bounds(CUBE, beta)
    found = inf.smoothed_entropy(CUBE, beta, seed=0)
    assert lower < found.value - 4 * found.standard_error
    assert upper > found.value + 4 * found.standard_error


def test_pairwise_bounds_equal_the_double_sum():
    d2 = ((CUBE[:, None] - CUBE) ** 2).sum(-1)
    for found, c in zip(inf.pairwise_bounds(CUBE, 0.2), (8, 2), strict=True):
        kernel = np.exp(-d2 / (c * 0.2**2)).mean(1)
        assert found == pytest.approx(noise(3, 0.2) - np.log(kernel).mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.smoothed_entropy([[0.0, np.nan]], 1.0, seed=0),
         "samples must be finite, got NaN or infinity"),
        (lambda: inf.smoothed_entropy([0.0, 1.0], 1.0, seed=0),
         r"samples must be \[n, d\] with n >= 1, got shape \[2\]"),
        (lambda: inf.smoothed_entropy(np.zeros((2, 2, 2)), 1.0, seed=0),
         r"samples must be \[n, d\] with n >= 1, got shape \[2, 2, 2\]"),
        (lambda: inf.smoothed_entropy(np.empty((0, 2)), 1.0, seed=0),
         r"got shape \[0, 2\]"),
        (lambda: inf.smoothed_entropy([[0.0]], 0.0, seed=0),
         "beta must be a finite number > 0, got 0.0"),
        (lambda: inf.smoothed_entropy([[0.0]], math.nan, seed=0), "beta .* got nan"),
        (lambda: inf.smoothed_entropy([[0.0]], "a", seed=0), "beta .* got 'a'"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, draws=1, seed=0),
         "draws must be an integer >= 2, got 1"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, draws=2.5, seed=0), "draws .* 2.5"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, seed=-1), "seed .* >= 0, got -1"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, seed=True), "seed .* got True"),
        (lambda: inf.smoothed_log_density([[0.0]], [[0.0, 1.0]], 1.0),
         r"points must be \[n, 2\] with n >= 1, got shape \[1, 1\]"),
        (lambda: inf.pairwise_bounds([[0.0]], -1.0), "beta .* got -1.0"),
        (lambda: inf.gaussian_entropy(0, 1.0), "dim"),
        (lambda: inf.gaussian_entropy(1, 0.0), "beta"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

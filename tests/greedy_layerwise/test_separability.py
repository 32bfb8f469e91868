"""A linear classifier against the best line and against autograd."""

import numpy as np
import pytest
import torch
from greedy_layerwise.cases import images, quadrant_means
from torch.nn import functional

from helpers import greedy_layerwise as gl


def clouds(distance, n=4000, seed=0):
    """Two Gaussians of variance 1 around +-(distance, distance), and their class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return rng.normal(size=(n, 2)) + distance * (2 * y[:, None] - 1), y


@pytest.mark.parametrize(("distance", "accuracy"), [(0.5, 0.76025), (4.0, 1.0)])
def test_a_linear_classifier_finds_the_best_line(distance, accuracy):
    """No classifier does better than Phi(sqrt 2 distance) on such clouds.

    4 standard errors of 4000 draws are 0.027; the line costs another 0.001.
    """
    found = gl.linear_separability(*clouds(distance), *clouds(distance, seed=1))
    assert found.test == pytest.approx(accuracy, abs=0.028)
    assert found.train == pytest.approx(accuracy, abs=0.028)
    assert gl.linear_separability(*clouds(distance)).test is None


def test_the_fit_is_the_minimum_of_its_objective():
    """The same objective minimised with autograd gives the same classes."""
    x = np.random.default_rng(0).normal(size=(300, 5))
    y = (x @ np.random.default_rng(1).normal(size=(5, 3)) + x[:, :3] ** 2).argmax(1)
    z = torch.tensor((x - x.mean(0)) / x.std(0))
    weight = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    stepper = torch.optim.LBFGS(
        [weight, bias], max_iter=500, line_search_fn="strong_wolfe"
    )

    def closure():
        stepper.zero_grad()
        fit = functional.cross_entropy(z @ weight + bias, torch.tensor(y))
        (fit + 0.05 * weight.square().sum()).backward()
        return fit + 0.05 * weight.square().sum()

    stepper.step(closure)
    right = ((z @ weight + bias).argmax(1).numpy() == y).mean()
    found = gl.linear_separability(x, y, ridge=0.1)
    assert found.train == pytest.approx(right, abs=1 / 300)
    assert right < 0.95


@pytest.mark.parametrize("unit", [2.0**-900, 2.0**1000])
def test_the_unit_of_a_feature_does_not_matter(unit):
    """Squares of such numbers are 0 or infinite; a power of 2 is exact."""
    (x, y), (others, theirs) = clouds(0.5, n=400), clouds(0.5, n=400, seed=1)
    units = np.array([1.0, unit])
    found = gl.linear_separability(x * units, y, others * units, theirs)
    assert found == gl.linear_separability(x, y, others, theirs)
    assert 0.6 < found.test < 0.9


def test_feature_maps_are_averaged_over_quadrants():
    x, y = images(60, (3, 6, 6)), torch.arange(60) % 3
    means = quadrant_means(x.numpy())
    found = gl.linear_separability(x, y, x.flip(0), y.flip(0))
    assert found == gl.linear_separability(means, y, means[::-1].copy(), y.flip(0))
    assert found.train == found.test


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ridge": 0.0}, "ridge must be finite and > 0, got 0.0"),
        ({"features": np.zeros(4)}, r"features must be \[n, d\] or \[n, channels"),
        (
            {"features": np.ones((4, 3, 1, 2))},
            r"2x2 pixels .* got shape \[4, 3, 1, 2\]",
        ),
        ({"features": np.full((4, 2), np.nan)}, "features must be finite, got NaN or"),
        ({"features": np.eye(4)[:, :2] + 0j}, "features must be real, got"),
        ({"features": np.zeros((4, 0))}, r"features must be \[n, d\] or"),
        ({"labels": np.array([0, 1, np.nan, 1])}, "labels must be whole numbers"),
        ({"labels": np.array([0, 1, 0.5, 1])}, "labels must be whole numbers"),
        ({"labels": np.array([0, 1, 1e300, 1])}, "labels must be whole numbers"),
        (
            {"test_features": np.zeros((4, 3)), "test_labels": np.zeros(4)},
            "test_features must hold 2 averaged features an image",
        ),
        (
            {"test_features": np.full((4, 2), 1e200), "test_labels": np.zeros(4)},
            "test_features must be below",
        ),
        ({"labels": np.zeros(3)}, r"labels must be \[n\] for 4 images, got \[3\]"),
        ({"labels": np.zeros(4)}, "labels must hold two classes or more"),
        ({"test_features": np.zeros((4, 2))}, "must be given together"),
    ],
)
def test_bad_features_are_refused(changed, told):
    given = {"features": np.eye(4)[:, :2], "labels": np.array([0, 1, 0, 1])}
    with pytest.raises(ValueError, match=told):
        gl.linear_separability(**{**given, **changed})

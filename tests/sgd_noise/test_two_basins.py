"""The landscape, and exits against their count and against simulated chains."""

import math
import re

import numpy as np
import pytest
from sgd_noise.cases import errors

from helpers import sgd_noise as sn


def test_shapes_and_exits_of_particles():
    basins = sn.TwoBasins()
    found = basins.escape("first", runs=50, steps=80, trace=0.05, seed=0)
    assert found.paths.shape == (50, 81, 2)
    np.testing.assert_array_equal(found.paths[:, 0], 1)
    np.testing.assert_array_equal(found.escaped, (found.paths[:, -1] < -0.5).all(1))
    offsets = found.paths - 1
    flat = basins.loss(found.paths) >= ((offsets + 2) ** 2).sum(-1) - 1e-12
    first = np.where(flat.any(1), flat.argmax(1), 0)
    near = np.abs(first - found.exit_step) <= 0
    assert near.mean() > 0.8  # the data shift the ridge by a percent or so
    rate, error = found.exit_rate
    spent = np.where(found.exit_step > 0, found.exit_step, 80).sum()
    assert rate == pytest.approx(np.count_nonzero(found.exit_step) / spent)
    assert error == pytest.approx(rate / math.sqrt(np.count_nonzero(found.exit_step)))


def test_the_landscape():
    basins = sn.TwoBasins()
    np.testing.assert_allclose(np.linalg.eigvalsh(basins.hessian), [20, 200])
    np.testing.assert_allclose(basins.loss([[1, 1], [-1, -1]]), 0, atol=1e-12)
    step = np.array([1, 1]) / math.sqrt(2) * 0.01
    np.testing.assert_allclose(basins.loss(1 + step), 100 * 1e-4)
    np.testing.assert_allclose(basins.loss(1 + step * [1, -1]), 10 * 1e-4)
    ridge = 1 - np.array([1, 1]) / math.sqrt(2) * 2 * math.sqrt(2) / 11
    assert basins.loss(ridge) == pytest.approx(100 * 8 / 121)


def test_the_sharp_basin_is_where_the_sharp_parabola_is_lower():
    basins = sn.TwoBasins((5, 50))
    assert basins.in_sharp_basin([1, 1])
    assert not basins.in_sharp_basin([-1, -1])
    w = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    flat = ((w + 1) ** 2).sum(1)
    np.testing.assert_array_equal(
        basins.in_sharp_basin(w), basins.loss(w) < flat - 1e-9
    )


@pytest.mark.parametrize(
    ("noise", "curvature", "lr"),
    [
        ("constant", (10.0, 100.0), 0.005),
        ("hessian", (10.0, 100.0), 0.004),
        ("first", (30.0, 60.0), 0.005),
    ],
)
def test_exits_against_simulated_chains(noise, curvature, lr):
    """Share of Gaussian chains outside the ellipse; 5 standard errors, where chains
    forget within a few steps."""
    basins = sn.TwoBasins(curvature)
    rng, trace = np.random.default_rng(0), 0.03
    weights = {"constant": (1, 1), "hessian": curvature, "first": (0, 1)}[noise]
    deviation = np.sqrt(trace * np.array(weights) / sum(weights))
    u, outside = np.zeros((20_000, 2)), []
    turn = np.array([[1, -1], [1, 1]]) / math.sqrt(2)
    for step in range(100):
        u = u * (1 - 2 * lr * np.array(curvature)) + deviation * rng.normal(
            size=u.shape
        )
        if step > 60 and step % 13 == 0:
            w = u @ turn + 1
            sharp = u**2 @ np.array(curvature)
            outside.append(sharp > ((w + 1) ** 2).sum(1))
    outside = np.concatenate(outside)
    share = outside.mean()
    error = math.sqrt(share / len(outside))
    law = basins.exit_rate(noise, trace=trace, lr=lr)
    assert abs(law - share) < 5 * error
    assert share > 30 * error**2


def test_the_plot_of_the_basins():
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots()
    sn.plot_basins(ax, sn.TwoBasins())
    assert ax.get_xlabel() == "$w_1$"
    lines = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    plt.close(fig)
    heights = sn.TwoBasins().loss(lines)
    nearest = np.abs(heights[:, None] - np.linspace(0.5, 8, 9)).min(1)
    # lines between points 0.017 apart err by 200 0.017^2 / 8, but across the ridge
    assert np.quantile(nearest, 0.95) < 200 * 0.017**2 / 8
    for minimum in (-1, 1):  # a line around each goes through all four quarters
        turns = np.sign(lines[np.abs(lines - minimum).max(1) < 0.7] - minimum)
        assert len(np.unique(turns, axis=0)) >= 4


BASINS = sn.TwoBasins()


@errors(
    [
        (
            lambda: sn.TwoBasins((1.0, 5.0)),
            "curvature must be two numbers > 1, got (1.0",
        ),
        (
            lambda: BASINS.escape("round", seed=0),
            "noise must be one of ('gd', 'constant'",
        ),
        (lambda: BASINS.escape("gd", lr=0, seed=0), "lr must be finite and > 0, got 0"),
        (
            lambda: BASINS.escape("gd", trace=-1, seed=0),
            "trace must be finite and >= 0, got -1",
        ),
        (
            lambda: BASINS.escape("gd", steps=0, seed=0),
            "steps must be an integer >= 1, got 0",
        ),
        (
            lambda: BASINS.escape("gd", runs=0, seed=0),
            "runs must be an integer >= 1, got 0",
        ),
        (
            lambda: BASINS.escape("gd", samples=1, seed=0),
            "samples must be an integer >= 2, got 1",
        ),
        (
            lambda: BASINS.escape("gd", seed=-1),
            "seed must be an integer from 0 to 2^64",
        ),
        (
            lambda: BASINS.exit_rate("leading"),
            "noise must be one of ['constant', 'hess",
        ),
        (
            lambda: BASINS.exit_rate("first", lr=0.01),
            "trace must be > 0 and lr below 0.01",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()

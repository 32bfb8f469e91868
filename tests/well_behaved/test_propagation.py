"""The simulation against a second law, its limits, and what it refuses."""

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from scipy import stats
from well_behaved.cases import FLAT, GOOD, IMAGE, POOLS

from helpers import well_behaved as wb


def test_two_hundred_exploding_layers_stay_finite():
    found = wb.propagate("batch_norm", 600, 16, FLAT, n_draws=2, batch_size=8, seed=0)
    assert found.log_chi[:, -1].min() > 100
    for field in fields(found):
        assert np.isfinite(getattr(found, field.name)).all()


def test_growth_of_the_gram_chain():
    """Channels are independent given the Gram matrix of signal and noise: a second law.

    Both have the same distribution, so the two means of 24 draws differ by at most 4
    standard errors of their difference.
    """
    width, depth, batch = 128, 40, 32
    rates = []
    for draw in range(24):
        rng = np.random.default_rng([7, draw])
        rows = np.concatenate([rng.normal(size=(2, batch, width))])
        x, dx = rows
        log_chi = [0.0]
        start = np.log((dx**2).mean() / x.var(0).mean())
        shift = 0.0
        for _ in range(depth):
            both = np.concatenate([x, dx])
            value, vector = np.linalg.eigh(both @ both.T * (2 / width))
            root = vector * np.sqrt(value.clip(0))
            y = root @ rng.normal(size=(2 * batch, width))
            y, dy = y[:batch], y[batch:]
            deviation = np.sqrt(y.var(0) + 1e-3)
            z, dz = (y - y.mean(0)) / deviation, dy / deviation
            x, dx = np.maximum(z, 0), dz * (z > 0)
            scale = np.sqrt((dx**2).mean())
            shift += 2 * np.log(scale)
            dx = dx / scale
            log_chi.append((shift - np.log(x.var(0).mean()) - start) / 2)
        rates.append(np.polyfit(np.arange(10, depth + 1), log_chi[10:], 1)[0])
    inputs = np.random.default_rng(0).normal(size=(500, width))
    ours = wb.propagate(
        "batch_norm", depth, width, inputs, n_draws=24, batch_size=batch, seed=0,
        ranks=False,
    )  # fmt: skip
    found = np.log(wb.growth_rate(ours).draws)
    error = math.hypot(stats.sem(rates), stats.sem(found))
    assert error < 0.003
    assert abs(np.mean(rates) - found.mean()) < 4 * error


@pytest.mark.parametrize("shape", POOLS)
def test_the_states_have_the_documented_shapes(shape):
    found = wb.propagate(
        "batch_norm", 3, 4, POOLS[shape], n_draws=2, batch_size=8, seed=0, ranks=False
    )
    assert found.rank is None
    assert found.noise_rank is None
    assert found.log_chi.shape == (2, 4)
    assert found.kurtosis.shape == (2, 3)
    assert (found.n_draws, found.depth) == (2, 3)


BAD = [
    ({"architecture": "resnet"}, r"architecture must be one of .*got 'resnet'"),
    ({"depth": 0}, "depth must be an integer >= 1, got 0"),
    ({"depth": 2.5}, "depth must be an integer >= 1, got 2.5"),
    ({"width": 0}, "width must be an integer >= 1, got 0"),
    ({"width": True}, "width must be an integer >= 1, got True"),
    ({"n_draws": 0}, "n_draws must be an integer >= 1, got 0"),
    ({"seed": -1}, "seed must be an integer >= 0, got -1"),
    ({"branch_depth": 0}, "branch_depth must be an integer >= 1, got 0"),
    ({"skip": 1.5}, r"skip must lie in \[0, 1\], got 1.5"),
    ({"eps": -1}, r"eps must lie in \[0, inf\], got -1"),
    ({"noise": 0}, "noise must lie in"),
    ({"tangent": "exact"}, "tangent must be 'frozen' or 'full', got 'exact'"),
    ({"kernel": 3}, "kernel must be odd and at most the spatial extent 1, got 3"),
    ({"inputs": IMAGE, "kernel": 2}, r"the spatial extent \[5, 4\], got 2"),
    ({"inputs": IMAGE, "kernel": 5}, r"the spatial extent \[5, 4\], got 5"),
]


@pytest.mark.parametrize(("changes", "told"), BAD)
def test_propagate_says_what_is_wrong(changes, told):
    with pytest.raises(ValueError, match=told):
        wb.propagate(**(GOOD | changes))


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e30])
def test_the_size_of_the_inputs_does_not_matter(scale):
    """Float64, the unit a power of two: rounding of the scaled inputs alone."""
    inputs = np.random.default_rng(0).standard_normal((6, 5))
    given = {"n_draws": 2, "batch_size": 4, "seed": 0, "dtype": torch.float64}
    one = wb.propagate("batch_norm", 4, 6, inputs, **given)
    other = wb.propagate("batch_norm", 4, 6, scale * inputs, **given)
    np.testing.assert_allclose(one.log_chi, other.log_chi, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dtype": torch.float16}, "dtype must be torch.float32 or torch.float64"),
        ({"device": "x"}, "device cannot be 'x' here"),
    ],
)
def test_a_place_that_cannot_compute_is_told(change, told):
    given = {"n_draws": 1, "batch_size": 2, "seed": 0} | change
    with pytest.raises(ValueError, match=told):
        wb.propagate("vanilla", 1, 2, np.eye(3), **given)

"""What is derived from the moments: chi, its increments, its intervals."""

import math

import numpy as np
import pytest
from scipy import stats
from well_behaved.cases import FLAT, digits, trajectory

from helpers import well_behaved as wb


def test_chi_is_the_ratio_of_its_moments_and_its_increments_multiply():
    found = wb.propagate("batch_norm", 5, 16, FLAT, n_draws=3, batch_size=20, seed=0)
    ratio = np.exp(found.log_noise - found.log_mu2) ** 0.5
    np.testing.assert_allclose(found.chi, ratio)
    np.testing.assert_allclose(found.chi[:, 0], 1)
    both = found.affine_growth * found.activation_growth
    np.testing.assert_allclose(found.growth, both, rtol=1e-5)
    np.testing.assert_allclose(np.prod(found.growth, axis=1), found.chi[:, -1])
    np.testing.assert_allclose(
        np.exp(found.log_mu2 - found.log_nu2),
        found.variability / found.variability[:, :1],
        rtol=1e-5,
    )


def test_predicted_activation_growth_of_the_paper():
    """The law is a ratio of expectations: 3 standard errors and 0.5 % of it."""
    for architecture in ("vanilla", "batch_norm"):
        found = wb.propagate(
            architecture, 10, 256, digits(), n_draws=20, seed=0, ranks=False
        )
        ratio = found.activation_growth / found.predicted_activation_growth
        assert (abs(ratio.mean(0) - 1) < 3 * stats.sem(ratio) + 0.005).all()
    centred = wb.activation_growth(found.mean_abs)
    np.testing.assert_allclose(found.predicted_activation_growth, centred, rtol=5e-3)


def test_intervals_are_those_of_student():
    draws = np.random.default_rng(0).normal(size=(8, 5))
    mean, low, high = trajectory(draws).interval("log_chi", 0.8)
    expected = stats.t.interval(0.8, 7, draws.mean(0), stats.sem(draws))
    np.testing.assert_allclose((low, high), expected)
    np.testing.assert_allclose(mean, draws.mean(0))
    assert repr(trajectory(draws)) == "MomentTrajectory(draws=8, depth=4)"


def test_chi_overflows_to_infinity_without_a_warning():
    assert trajectory([0.0, 1e4]).chi[0, 1] == math.inf


def test_dead_networks_are_left_out_and_counted():
    """A layer of 3 channels lets nothing of one input through with chance 1/8."""
    x = np.array([[1.0, 2.0], [1.01, 2.01], [1.02, 2.0]])
    found = wb.propagate("vanilla", 5, 3, x, n_draws=200, batch_size=2, seed=0)
    assert found.n_draws + found.n_dead == 200
    share = 1 - (7 / 8) ** 5
    assert abs(found.n_dead / 200 - share) < 4 * (share * (1 - share) / 200) ** 0.5
    assert np.isfinite(found.log_chi).all()
    with pytest.raises(ValueError, match="all 4 networks are dead"):
        wb.propagate("vanilla", 300, 2, x, n_draws=4, batch_size=2, seed=0)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: trajectory(np.zeros((2, 9))).interval("slope"), "got 'slope'"),
        (lambda: trajectory(np.zeros((2, 9))).interval("rank"), "got 'rank'"),
        (lambda: trajectory(np.zeros((2, 9))).interval("chi", 1), "level must lie"),
        (lambda: trajectory(np.zeros(9)).interval("chi"), "2 draws or more, got 1"),
    ],
)
def test_intervals_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

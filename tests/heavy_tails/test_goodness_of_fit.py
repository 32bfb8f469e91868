"""The goodness of fit of a power law: level, power and laws it must obey."""

import numpy as np
import pytest

from helpers import heavy_tails as ht


def pareto(alpha, n, seed):
    return np.random.default_rng(seed).pareto(alpha - 1, n) + 1


def test_a_power_law_is_rejected_as_often_as_the_level_says():
    """p is uniform for a power law: 40 samples below 0.1 number 4, deviation 1.9."""
    p = [
        ht.power_law_p_value(pareto(2.5, 150, k), n_draws=50, seed=k) for k in range(40)
    ]
    assert sum(value <= 0.1 for value in p) <= 4 + 4 * 1.9
    assert np.mean(p) == pytest.approx(0.5, abs=4 * 0.29 / 40**0.5)


OTHER = {
    "uniform": lambda rng: rng.uniform(size=1000),
    "two clusters": lambda rng: np.concatenate(
        [rng.uniform(1, 2, 900), rng.uniform(50, 51, 100)]
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_is_no_power_law_is_rejected(name):
    sample = OTHER[name](np.random.default_rng(0))
    assert ht.power_law_p_value(sample, n_draws=50, seed=0) <= 0.1


def test_scale_order_and_zeros_do_not_matter():
    x = pareto(2.5, 100, 0)
    p = ht.power_law_p_value(x, n_draws=30, seed=1)
    assert ht.power_law_p_value(x[::-1], n_draws=30, seed=1) == p
    assert ht.power_law_p_value(8 * x, n_draws=30, seed=1) == pytest.approx(p, abs=0.04)
    assert ht.power_law_p_value(np.append(x, 0), n_draws=30, seed=1) == p


def test_a_power_of_a_power_law_fits_as_well():
    """D does not change where x becomes x^14, whose exponent is near 1."""
    x = pareto(2.0, 60, 3)
    wide = x**14
    assert wide.min() > 1e-29 * wide.max()
    assert ht.fit_power_law(wide).alpha < 1.08
    assert ht.fit_power_law(wide).ks == pytest.approx(ht.fit_power_law(x).ks)
    p = ht.power_law_p_value(x, n_draws=40, seed=1)
    assert ht.power_law_p_value(wide, n_draws=40, seed=1) == pytest.approx(p, abs=0.03)


def test_it_counts_samples_and_repeats():
    x = pareto(2.0, 60, 3)
    p = ht.power_law_p_value(x, n_draws=8, seed=5)
    assert p == ht.power_law_p_value(x, n_draws=8, seed=5)
    assert 8 * p == round(8 * p)


def test_it_draws_a_hundred_samples():
    """A share of 100 draws; 99 or 101 have none of these but 0 and 1."""
    p = ht.power_law_p_value(pareto(2.0, 20, 3), seed=0)
    assert 100 * p == pytest.approx(round(100 * p), abs=1e-9)
    assert 0 < p < 1


def test_a_sample_that_is_all_tail():
    """Then nothing lies below xmin to be resampled."""
    quantiles = (1 - (np.arange(50) + 0.5) / 50) ** -1.0
    assert ht.fit_power_law(quantiles).n_tail == 50
    assert ht.power_law_p_value(quantiles, n_draws=10, seed=0) == 1


REFUSED = {
    "n_draws must be an integer >= 2, got 1": {"n_draws": 1, "seed": 0},
    "seed must be an integer >= 0, got -1": {"seed": -1},
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError, match=told):
        ht.power_law_p_value([1.0, 2.0, 3.0, 4.0], **REFUSED[told])

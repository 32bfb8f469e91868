"""The scan against brute force, known exponents and resampling."""

import math

import numpy as np
import pytest

from helpers import heavy_tails as ht
from helpers.heavy_tails.power_law import _Tails


def brute(values):
    """Every xmin, one after the other."""
    x = np.sort(values[values > 0])
    best = (math.inf,)
    for xmin in np.unique(x)[:-1]:
        tail = x[x >= xmin]
        alpha = 1 + len(tail) / np.log(tail / xmin).sum()
        places = np.unique(tail)
        share = np.array([(tail < place).mean() for place in places])
        gap = np.abs(1 - (places / xmin) ** (1 - alpha) - share).max()
        best = min(best, (gap, xmin, alpha, len(tail)))
    return best


SAMPLES = {
    "pareto": lambda rng: rng.pareto(1.5, 200) + 1,
    "lognormal": lambda rng: np.exp(rng.normal(size=200)),
    "exponential": lambda rng: rng.exponential(size=150),
    "ties": lambda rng: np.ceil(10 * rng.pareto(1.5, 150)),
    "zeros": lambda rng: np.maximum(rng.normal(size=150), 0),
    "few": lambda rng: rng.random(3),
    "spectrum": lambda rng: ht.spectrum(rng.normal(size=(150, 120))),
    "huge": lambda rng: rng.random(100) ** -8.0,
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("seed", range(4))
def test_power_law_equals_brute_force(sample, seed):
    values = SAMPLES[sample](np.random.default_rng(seed))
    gap, xmin, alpha, n = brute(values)
    fit = ht.fit_power_law(values)
    assert (fit.xmin, fit.n_tail) == (xmin, n)
    assert fit.alpha == pytest.approx(alpha, rel=1e-10)
    assert fit.ks == pytest.approx(gap, rel=1e-9)
    assert fit.sigma == pytest.approx((alpha - 1) / math.sqrt(n))
    xmins, alphas, distances = ht.tail_exponents(values)
    assert len(xmins) == len(np.unique(values[values > 0])) - 1
    i = int(np.argmin(distances))
    assert (xmins[i], alphas[i], distances[i]) == (fit.xmin, fit.alpha, fit.ks)


def test_power_law_does_not_depend_on_the_unit():
    values = SAMPLES["lognormal"](np.random.default_rng(0))
    fit, other = ht.fit_power_law(values), ht.fit_power_law(1e6 * values)
    assert other.alpha == pytest.approx(fit.alpha)
    assert other.xmin == pytest.approx(1e6 * fit.xmin)


@pytest.mark.parametrize("alpha", [1.5, 3.0, 6.0])
def test_power_law_finds_the_exponent(alpha):
    """20 samples of 500; choosing xmin costs 1.5 times the standard error."""
    draws = [
        ht.fit_power_law(
            np.random.default_rng(seed).pareto(alpha - 1, 500) + 1
        ).alpha
        for seed in range(20)
    ]  # fmt: skip
    error = 1.5 * (alpha - 1) / math.sqrt(500 * 20)
    assert np.mean(draws) == pytest.approx(alpha, abs=4 * error)


def test_few_tails_are_computed_in_full(monkeypatch):
    count = []
    whole = _Tails.distance
    monkeypatch.setattr(
        _Tails, "distance", lambda self, i: count.append(i) or whole(self, i)
    )
    ht.fit_power_law(np.random.default_rng(0).pareto(2, 20_000) + 1)
    assert len(count) < 60


def test_bootstrap_of_the_exponent():
    values = np.random.default_rng(0).pareto(1.5, 400) + 1
    draws = ht.bootstrap_power_law(values, n_draws=40, seed=1)
    assert draws.shape == (40,)
    np.testing.assert_array_equal(
        draws, ht.bootstrap_power_law(values, n_draws=40, seed=1)
    )
    assert not np.allclose(draws, ht.bootstrap_power_law(values, n_draws=40, seed=2))
    fit = ht.fit_power_law(values)
    assert draws.std() > 0.8 * fit.sigma
    assert abs(np.median(draws) - fit.alpha) < 4 * draws.std()


REFUSED = {
    "eigenvalues must be [M >= 2], got shape [1, 3]": lambda: ht.fit_power_law(
        [[1.0, 2.0, 3.0]]
    ),
    "got values from 0.0 to 0.0": lambda: ht.fit_power_law([0.0, 0.0, 0.0]),
    "3 different positive eigenvalues or more, got 2": lambda: ht.fit_power_law(
        [1.0, 2.0, 2.0, 0.0]
    ),
    "n_draws must be an integer >= 2, got 1": lambda: ht.bootstrap_power_law(
        [1.0, 2.0, 3.0], n_draws=1, seed=0
    ),
    "seed must be an integer >= 0, got -1": lambda: ht.bootstrap_power_law(
        [1.0, 2.0, 3.0], seed=-1
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

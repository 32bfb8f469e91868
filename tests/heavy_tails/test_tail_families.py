"""Other tails: maxima of the likelihood, units, false alarms."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from helpers import heavy_tails as ht
from helpers.heavy_tails.tail_families import _FAMILIES, _fit_family


def log_likelihood(name, a, b, y):
    g = {"truncated_power_law": np.exp, "lognormal": np.square}[name]
    norm = integrate.quad(
        lambda t: math.exp(-a * t - b * float(g(t))), 0, 60, limit=500
    )[0]
    return float((-a * y - b * g(y)).sum()) - len(y) * math.log(norm)


TAILS = {
    "gamma": lambda rng: rng.gamma(8.0, size=300) + 1,
    "cut": lambda rng: np.minimum(rng.pareto(1.0, 400) + 1, 20 + rng.random(400)),
    "lognormal": lambda rng: np.exp(rng.normal(size=300)),
    "small": lambda rng: rng.pareto(1.5, 5) + 1,
}


@pytest.mark.parametrize("sample", TAILS)
@pytest.mark.parametrize("name", ["truncated_power_law", "lognormal"])
def test_two_parameter_tails_are_at_their_maximum(sample, name):
    values = TAILS[sample](np.random.default_rng(0))
    xmin = float(values.min())
    y = np.log(values / xmin)
    a, b, fitted = _fit_family(y, _FAMILIES[name])
    assert b > 0
    assert fitted == pytest.approx(log_likelihood(name, a, b, y), abs=1e-7)
    for step in (0.02 * abs(a) + 0.01, -0.02 * abs(a) - 0.01):
        assert log_likelihood(name, a + step, b, y) < fitted
        assert log_likelihood(name, a, b * (1 + np.sign(step) / 20), y) < fitted
        tilted = log_likelihood(name, a + step, b * (1 - np.sign(step) / 20), y)
        assert tilted < fitted


def test_truncated_power_law_in_its_own_units():
    values = TAILS["cut"](np.random.default_rng(1))
    fit = ht.fit_truncated_power_law(values, 1.0)

    def density(x):
        return x**-fit.alpha * math.exp(-fit.rate * x)

    norm = integrate.quad(density, 1, 500, limit=500)[0]
    direct = sum(math.log(density(x) / norm) for x in values)
    assert fit.log_likelihood == pytest.approx(direct, abs=1e-6)
    other = ht.fit_truncated_power_law(5 * values, 5.0)
    assert other.alpha == pytest.approx(fit.alpha)
    assert other.rate == pytest.approx(fit.rate / 5)
    assert fit.xmin == 1.0


def test_where_the_power_law_is_best_nothing_is_gained():
    values = np.random.default_rng(3).pareto(3.0, 500) + 1
    values = np.append(values, 80.0)  # one large value: no sign of a cut-off
    xmin = float(values.min())
    fit = ht.fit_truncated_power_law(values, xmin)
    y = np.log(values / xmin)
    assert fit.rate == 0
    assert fit.alpha == pytest.approx(1 + 1 / y.mean())
    by_hand = len(y) * math.log((fit.alpha - 1) / xmin) - fit.alpha * y.sum()
    assert fit.log_likelihood == pytest.approx(by_hand)
    found = ht.compare_tails(values, xmin)
    assert found["truncated_power_law"].log_ratio == pytest.approx(0, abs=1e-9)
    assert found["truncated_power_law"].p == pytest.approx(0.5)
    assert found["exponential"].log_ratio < 0


def test_comparison_with_an_exponential_tail():
    values = np.random.default_rng(0).exponential(size=400) + 1
    xmin = float(values.min())
    rate = 1 / (values.mean() - xmin)
    exponential = np.log(rate) - rate * (values - xmin)
    y = np.log(values / xmin)
    alpha = 1 + 1 / y.mean()
    power = math.log((alpha - 1) / xmin) - alpha * y
    gain = exponential - power
    found = ht.compare_tails(values, xmin)
    assert set(found) == {"truncated_power_law", "lognormal", "exponential"}
    assert found["exponential"].log_ratio == pytest.approx(gain.sum())
    z = gain.sum() / (gain.std() * math.sqrt(len(gain)))
    assert found["exponential"].p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-6)
    nested = found["truncated_power_law"]
    assert nested.log_ratio > found["exponential"].log_ratio  # it contains both
    assert nested.p == pytest.approx(stats.chi2.sf(2 * nested.log_ratio, 1) / 2)


def test_false_alarms_of_the_nested_test():
    """Half of pure power laws gain nothing, and p < 0.1 comes 1 time in 10: 60 draws.

    Binomial: 30 +- 4 * 3.9, and 6 + 4 * 2.3 at most.
    """
    p = []
    for seed in range(60):
        values = np.random.default_rng(seed).pareto(2.0, 300) + 1
        p.append(ht.compare_tails(values, 1.0)["lognormal"].p)
    assert 14 <= sum(np.array(p) == 0.5) <= 46
    assert sum(np.array(p) < 0.1) <= 15


REFUSED = {
    "xmin must be a finite number > 0, got 0": lambda: ht.compare_tails([1.0, 2.0], 0),
    "3 different eigenvalues or more, got 2 above 2": lambda: (
        ht.fit_truncated_power_law([1.0, 2.0, 3.0], 2)
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

"""Random matrices have the tails, signals and entries they promise."""

import math

import numpy as np
import pytest
from heavy_tails.cases import noise
from scipy import stats

from helpers import heavy_tails as ht


@pytest.mark.parametrize("model", ht.HEAVY_MODELS)
def test_heavy_tails_have_their_index(model):
    """P(|w| > t) = t^-mu; 4 binomial standard errors for the independent entries."""
    w = ht.heavy_tailed_matrix(1200, 1000, 1.5, model=model, seed=0)
    assert w.shape == (1200, 1000)
    size = np.abs(w)
    if model == "rows":
        # 4 / sqrt(1200) would be 4 deviations; the factor is known within 2 %
        scale = np.sqrt((w**2).mean(axis=1))
        law = stats.pareto(1.5)
        assert stats.kstest(scale, law.cdf).statistic < 1.6 / math.sqrt(1200) + 0.03
        gauss = (w / scale[:, None])[0]
        assert stats.kstest(gauss, "norm").statistic < 2 / math.sqrt(1000)
        return
    for t in (2.0, 10.0, 100.0):
        p = t**-1.5
        error = 4 * math.sqrt(p * (1 - p) / w.size)
        assert (size > t).mean() == pytest.approx(p, abs=error)
    assert size.min() >= 1
    positive = (w > 0).mean()
    assert positive == (1 if model == "one-sided" else pytest.approx(0.5, abs=0.002))


def test_draws_depend_on_the_seed():
    one, same, other = (ht.heavy_tailed_matrix(5, 4, 2.0, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_shuffling_keeps_the_entries():
    w = np.arange(12.0).reshape(4, 3)
    mixed = ht.shuffled(w, centre=False, seed=0)
    np.testing.assert_array_equal(np.sort(mixed.ravel()), w.ravel())
    assert not np.array_equal(mixed, w)
    centred = ht.shuffled(w, seed=0)
    np.testing.assert_allclose(centred, mixed - 5.5)


def test_the_outlier_of_a_mean():
    """Shuffled entries of mean a have an eigenvalue near N M a^2; centring takes it."""
    w = noise(400, 200) + 0.05
    values = ht.spectrum(ht.shuffled(w, centre=False, seed=0))
    assert values[-1] == pytest.approx(400 * 200 * 0.05**2, rel=0.05)
    edge = ht.MarchenkoPastur(2).edges[1]
    assert ht.spectrum(ht.shuffled(w, seed=0))[-1] < 1.05 * edge


REFUSED = {
    "n must be an integer >= 5, got 4": lambda: ht.spiked_matrix(4, 5, seed=0),
    "mu must be a finite number > 0, got 0": lambda: ht.heavy_tailed_matrix(
        5, 4, 0, seed=0
    ),
    "model must be one of ('entries', 'rows', 'one-sided'), got 'x'": lambda: (
        ht.heavy_tailed_matrix(5, 4, 1.0, model="x", seed=0)
    ),
    "weight must be finite, [N, M], got shape [2, 2, 2]": lambda: ht.shuffled(
        np.ones((2, 2, 2)), seed=0
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

"""The law of noise by quadrature and by simulation."""

import math

import numpy as np
import pytest
from heavy_tails.cases import RATIOS, integral, ks_to, noise

from helpers import heavy_tails as ht


@pytest.mark.parametrize("q", RATIOS)
@pytest.mark.parametrize("sigma", [1.0, 1.7])
def test_marchenko_pastur_integrals(q, sigma):
    law = ht.MarchenkoPastur(q, sigma)
    assert integral(law, lambda x: 1.0) == pytest.approx(1, abs=1e-9)
    for k in (1, 2, 3, 4, 5):
        assert law.moment(k) == pytest.approx(integral(law, lambda x, k=k: x**k))
    assert law.moment(1) == pytest.approx(sigma**2)
    assert law.moment(2) - law.moment(1) ** 2 == pytest.approx(sigma**4 / q)
    root = 1 / math.sqrt(q)
    edges = sigma**2 * (1 - root) ** 2, sigma**2 * (1 + root) ** 2
    assert law.edges == pytest.approx(edges)


@pytest.mark.parametrize("q", RATIOS)
def test_marchenko_pastur_distribution_function(q):
    law = ht.MarchenkoPastur(q, 1.3)
    low, high = law.edges
    for x in np.linspace(low, high, 7)[1:-1]:
        below = integral(law, lambda y, x=x: float(y < x))
        assert float(law.cdf(x)) == pytest.approx(below, abs=2e-3)
    inside = np.linspace(low + 0.02, high - 0.02, 9)
    slope = (law.cdf(inside + 1e-6) - law.cdf(inside - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, law.density(inside), rtol=1e-6)
    np.testing.assert_allclose(law.cdf([low - 1, low, high, high + 1]), [0, 0, 1, 1])
    np.testing.assert_array_equal(law.density([low - 0.1, high + 0.1]), 0)
    p = np.array([[0.0, 0.01, 0.5], [0.9, 0.999, 1.0]])
    assert law.quantile(p).shape == p.shape
    np.testing.assert_allclose(law.cdf(law.quantile(p)), p, atol=1e-12)


def test_entropy_and_stable_rank_of_noise():
    for q, m in ((1.0, 50), (2.0, 192), (4096 / 384, 384)):
        law = ht.MarchenkoPastur(q)
        mean = integral(law, lambda x: x * math.log(x))
        assert mean == pytest.approx(1 / (2 * q), abs=1e-7)
        assert law.matrix_entropy(m) == pytest.approx(1 - mean / math.log(m))
        assert law.stable_rank(m) == pytest.approx(m / law.edges[1])
    values = ht.spectrum(noise(600, 300))
    law = ht.MarchenkoPastur(2)
    # the entropy of 300 eigenvalues varies by 1e-4; the stable rank by the
    # Tracy-Widom scale, 1 % of the edge
    assert ht.matrix_entropy(values) == pytest.approx(law.matrix_entropy(300), abs=5e-4)
    assert ht.stable_rank(values) == pytest.approx(law.stable_rank(300), rel=0.04)


@pytest.mark.parametrize(("n", "m"), [(400, 400), (800, 400), (2000, 200)])
def test_noise_follows_the_law(n, m):
    """Eigenvalues are rigid: the distance is of order ln(m) / m, not 1 / sqrt(m)."""
    assert ks_to(ht.MarchenkoPastur(n / m), ht.spectrum(noise(n, m))) < 5 / m


REFUSED = {
    "q must be a finite number >= 1, got 0.5": lambda: ht.MarchenkoPastur(0.5),
    "sigma must be a finite number > 0, got 0": lambda: ht.MarchenkoPastur(2, 0),
    "p must lie in [0, 1], got 1.5": lambda: ht.MarchenkoPastur(2).quantile(1.5),
    "k must be an integer >= 1, got 0": lambda: ht.MarchenkoPastur(2).moment(0),
    "m must be an integer >= 2, got 1": lambda: ht.MarchenkoPastur(2).matrix_entropy(1),
    "m must be an integer >= 1, got 2.0": lambda: ht.MarchenkoPastur(2).stable_rank(
        2.0
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

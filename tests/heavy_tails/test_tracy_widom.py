"""The law of the largest eigenvalue: moments, percentiles, simulation."""

import math

import numpy as np
import pytest
from heavy_tails.cases import noise
from scipy import integrate

from helpers import heavy_tails as ht


def test_tracy_widom_law():
    s = np.linspace(-9, 7, 321)
    cdf = ht.tracy_widom_cdf(s)
    # moments by parts: E[s] = 7 - int F, E[s^2] = 49 - 2 int s F
    mean = 7 - integrate.simpson(cdf, x=s)
    second = 49 - 2 * integrate.simpson(s * cdf, x=s)
    assert mean == pytest.approx(ht.TRACY_WIDOM_MEAN, abs=1e-6)
    assert math.sqrt(second - mean**2) == pytest.approx(ht.TRACY_WIDOM_SD, abs=1e-5)
    # published percentiles of the beta = 1 law
    known = {-3.1808: 0.05, -1.2686: 0.50, 0.9793: 0.95, 2.0234: 0.99}
    for s, p in known.items():
        assert float(ht.tracy_widom_cdf(s)) == pytest.approx(p, abs=2e-4)
    assert ht.tracy_widom_cdf([[0.0, 1.0]]).shape == (1, 2)


def test_far_out_the_law_is_0_or_1():
    far = ht.tracy_widom_cdf([-math.inf, -1e300, -30, 50, 1e6, 1e300, math.inf])
    np.testing.assert_allclose(far, [0, 0, 0, 1, 1, 1, 1], rtol=0, atol=1e-12)
    assert (np.diff(ht.tracy_widom_cdf(np.linspace(-12, 45, 400))) > -1e-12).all()


def test_tracy_widom_scale_is_johnstones():
    for n, m in ((100, 100), (1000, 300)):
        total = math.sqrt(n) + math.sqrt(m)
        johnstone = total * (n**-0.5 + m**-0.5) ** (1 / 3) / n
        assert ht.tracy_widom_scale(n / m, m) == pytest.approx(johnstone)
        assert ht.tracy_widom_scale(n / m, m, 3.0) == pytest.approx(9 * johnstone)


def test_largest_eigenvalue_of_noise_is_tracy_widom():
    """100 draws; 4 standard errors of the mean (1.27 / 10) and of the deviation."""
    law, scale = ht.MarchenkoPastur(2), ht.tracy_widom_scale(2, 100)
    top = [ht.spectrum(noise(200, 100, seed))[-1] for seed in range(100)]
    z = (np.array(top) - law.edges[1]) / scale
    assert z.mean() == pytest.approx(ht.TRACY_WIDOM_MEAN, abs=0.51)
    assert z.std() == pytest.approx(ht.TRACY_WIDOM_SD, abs=0.36)


REFUSED = {
    "q must be a finite number >= 1, got '2'": lambda: ht.tracy_widom_scale("2", 5),
    "m must be an integer >= 1, got True": lambda: ht.tracy_widom_scale(2, True),
    "s must be an array of real numbers, got complex": lambda: ht.tracy_widom_cdf(1j),
    "s must be numbers, got NaN": lambda: ht.tracy_widom_cdf(math.nan),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

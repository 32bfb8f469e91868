"""Noise and spikes are found again where they were planted."""

import math

import numpy as np
import pytest
from heavy_tails.cases import ks_to, noise, planted

from helpers import heavy_tails as ht


@pytest.mark.parametrize(("n", "m"), [(300, 300), (600, 300), (1500, 300)])
@pytest.mark.parametrize("k", [0, 3, 30, 90])
def test_fit_finds_noise_and_spikes(n, m, k):
    """The median varies by 1 %; signals of finite strength cost up to 2 % at k = 90."""
    w = planted(n, m, k, 1.4) if k else 1.4 * noise(n, m)
    fit = ht.fit_marchenko_pastur(ht.spectrum(w), n / m)
    assert fit.n_spikes == k
    assert fit.sigma == pytest.approx(1.4, rel=0.03)
    assert fit.ks < 0.03
    assert fit.law.q == pytest.approx((n - k) / (m - k))
    assert fit.law.sigma == pytest.approx(fit.sigma * math.sqrt(1 - k / n))
    values = ht.spectrum(w)
    scale = ht.tracy_widom_scale(fit.law.q, m - k, fit.law.sigma)
    assert fit.excess == pytest.approx((values[-1] - fit.law.edges[1]) / scale)
    bulk = ks_to(fit.law, values[: m - k])
    assert fit.ks == pytest.approx(bulk)


def test_fit_scales_and_does_not_care_for_order():
    values = ht.spectrum(planted(200, 100, 5, 1.0))
    fit = ht.fit_marchenko_pastur(values, 2)
    other = ht.fit_marchenko_pastur(9 * np.random.default_rng(0).permutation(values), 2)
    assert other.sigma == pytest.approx(3 * fit.sigma)
    assert (other.n_spikes, other.ks) == (fit.n_spikes, pytest.approx(fit.ks))


def test_fit_survives_a_spectrum_of_zeros():
    fit = ht.fit_marchenko_pastur([0.0] * 90 + [1.0] * 10, 2)
    assert 0 < fit.sigma < 1e-100
    assert fit.n_spikes == 98 or fit.n_spikes >= 10


NAN = float("nan")
REFUSED = {
    "got values from nan to nan": lambda: ht.fit_marchenko_pastur([1.0, NAN], 2),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

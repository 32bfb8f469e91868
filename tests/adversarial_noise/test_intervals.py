"""Clopper-Pearson by its definition."""

import numpy as np
import pytest
from scipy import stats

from helpers.adversarial_noise.intervals import clopper_pearson


def test_clopper_pearson_by_its_definition():
    """P(X >= k | low) = P(X <= k | high) = (1 - level) / 2."""
    k = np.array([1, 10, 500, 999])
    low, high = clopper_pearson(k, 1000, 0.9)
    np.testing.assert_allclose(stats.binom.sf(k - 1, 1000, low), 0.05, rtol=1e-8)
    np.testing.assert_allclose(stats.binom.cdf(k, 1000, high), 0.05, rtol=1e-8)
    assert clopper_pearson(0, 10, 0.9)[0] == 0
    assert clopper_pearson(10, 10, 0.9)[1] == 1
    assert clopper_pearson(0, 10, 0.9)[1] == pytest.approx(1 - 0.05**0.1)
    assert clopper_pearson(10, 10, 0.9)[0] == pytest.approx(0.05**0.1)

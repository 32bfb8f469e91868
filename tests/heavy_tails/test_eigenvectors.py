"""Localization by hand and of random directions."""

import math

import numpy as np
import pytest

from helpers import heavy_tails as ht


def test_localization_by_hand():
    vectors = np.array([[1.0, 1.0], [0.0, -1.0], [0.0, 1.0], [0.0, 1.0]])
    found = ht.localization(vectors)
    np.testing.assert_allclose(found.ratio, [1, 4])
    np.testing.assert_allclose(found.participation, [1, 4**0.25])
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    np.testing.assert_allclose(found.entropy, [entropy, entropy])


def test_localization_of_random_directions():
    v = np.random.default_rng(0).normal(size=(384, 400))
    found = ht.localization(v)
    # standard deviations 10.6, 0.068, 0.078 (2000 draws); 4 standard errors of 400
    assert found.participation.mean() == pytest.approx((386 / 3) ** 0.25, abs=0.015)
    assert found.ratio.mean() == pytest.approx(97.8, abs=2.2)
    assert found.entropy.mean() == pytest.approx(4.109, abs=0.017)


REFUSED = {
    "vectors must be finite, [M >= 2, k], got [3]": lambda: ht.localization(np.ones(3)),
    "vectors must not be 0": lambda: ht.localization(np.eye(3)[:, :2] * [1, 0]),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

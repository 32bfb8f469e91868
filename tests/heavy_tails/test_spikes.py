"""A spike by the resolvent and by simulation."""

import math

import numpy as np
import pytest
from heavy_tails.cases import RATIOS, integral

from helpers import heavy_tails as ht


def test_bbp_threshold():
    for q in RATIOS:
        edge = ht.MarchenkoPastur(q, 1.5).edges[1]
        critical = 1.5 * q**-0.25
        below, above = (ht.bbp(critical * f, q, 1.5) for f in (0.999, 1.001))
        assert below == ht.Spike(edge, 0.0, 0.0, 0.0)
        assert above.position == pytest.approx(edge, rel=1e-5)
        assert 0 < above.left <= above.right < 0.01
        assert 0 < above.variance < 0.1 * 1.5**4


@pytest.mark.parametrize("q", [1.0, 2.0, 6.0])
@pytest.mark.parametrize("ratio", [1.2, 3.0])
def test_bbp_from_the_resolvent(q, ratio):
    """Position, overlaps and variance from integrals over the law.

    s is a singular value where theta^2 a d = 1, a = s tr(s^2 - R R^T)^-1 / N and d the
    same of R^T R; overlaps are residues; the variance is linear in the fluctuations
    of a, d and b = u^T (s^2 - R R^T)^-1 R v, u and v uniform on spheres.
    """
    theta = ratio * q**-0.25
    spike, c, law = ht.bbp(theta, q), 1 / q, ht.MarchenkoPastur(q)
    x0 = spike.position
    s = math.sqrt(x0)

    def right(f):
        return integral(law, f)

    def left(f):
        return c * integral(law, f) + (1 - c) * f(0.0)

    def g(x):
        return s / (x0 - x)

    def slope(x):
        return 1 / (x0 - x) - 2 * x0 / (x0 - x) ** 2

    a, d = left(g), right(g)
    assert theta**2 * a * d == pytest.approx(1, abs=1e-8)
    steep = left(slope) * d + a * right(slope)
    assert spike.left == pytest.approx(-2 * a / theta**2 / steep, abs=1e-7)
    assert spike.right == pytest.approx(-2 * d / theta**2 / steep, abs=1e-7)
    var_a = 2 * (left(lambda x: g(x) ** 2) - a**2) / a**2
    var_d = 2 * q * (right(lambda x: g(x) ** 2) - d**2) / d**2
    var_b = 4 * theta**2 * right(lambda x: x / (x0 - x) ** 2)
    rate = left(slope) / a + right(slope) / d
    variance = 4 * x0 * (var_a + var_d + var_b) / rate**2
    assert spike.variance == pytest.approx(variance, rel=1e-6)


def test_spiked_matrix_has_the_spike():
    """60 draws at twice the threshold: 4 standard errors, and 1 / N of bias."""
    n, m, theta = 300, 150, 2 * 2**-0.25
    spike, tops, overlaps = ht.bbp(theta, 2), [], []
    for seed in range(60):
        w, u, v = ht.spiked_matrix(n, m, theta, seed=seed)
        left, values, right = np.linalg.svd(w, full_matrices=False)
        tops.append(values[0] ** 2)
        overlaps.append([(u @ left[:, 0]) ** 2, (v @ right[0]) ** 2])
    error = math.sqrt(spike.variance / n / 60)
    assert np.mean(tops) == pytest.approx(spike.position, abs=4 * error + 3 / n)
    assert n * np.var(tops) == pytest.approx(spike.variance, rel=4 * math.sqrt(2 / 60))
    spread = 4 * np.std(overlaps, axis=0) / math.sqrt(60) + 3 / n
    gap = np.abs(np.mean(overlaps, axis=0) - (spike.left, spike.right))
    assert (gap < spread).all()


def test_spike_scales_with_the_noise():
    one, other = ht.bbp(1.5, 2), ht.bbp(3.0, 2, 2.0)
    assert other.position == pytest.approx(4 * one.position)
    assert other.variance == pytest.approx(16 * one.variance)
    assert (other.left, other.right) == pytest.approx((one.left, one.right))
    w, u, v = ht.spiked_matrix(8, 5, 0.5, sigma=2.0, seed=1)
    pure, u2, v2 = ht.spiked_matrix(8, 5, seed=1)
    np.testing.assert_allclose(w, 2 * pure + 0.5 * np.outer(u, v))
    np.testing.assert_array_equal(u, u2)
    assert np.linalg.norm(u) == pytest.approx(1)
    assert np.linalg.norm(v2) == pytest.approx(1)


NAN = float("nan")
REFUSED = {
    "q must be a finite number >= 1, got nan": lambda: ht.bbp(1.0, NAN),
    "theta must be a finite number >= 0, got -1": lambda: ht.bbp(-1, 2),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

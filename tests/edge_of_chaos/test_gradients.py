"""chi_1 and depth scales at known points."""

import math

import pytest

from helpers import edge_of_chaos as ec


def test_known_depth_scales_at_one_one():
    assert ec.depth_scale("relu", 1, 1) == pytest.approx(1 / math.log(2), rel=1e-12)
    assert ec.depth_scale("elu", 1, 1) == pytest.approx(2.0745, abs=1e-3)
    assert ec.depth_scale("tanh", 1, 1) == pytest.approx(1.0880, abs=1e-3)
    assert ec.depth_scale("relu", 2**0.5, 0) == math.inf
    assert ec.depth_scale("relu", 2, 1) == pytest.approx(1 / math.log(2), rel=1e-12)
    assert ec.depth_scale("tanh", 0, 1) == 0


def test_the_published_tanh_point_is_chaotic_by_a_little():
    q = ec.variance_fixed_point("tanh", 1.30787, 0.2)
    assert float(ec.chi("tanh", q, 1.30787)) == pytest.approx(1.0020436, abs=1e-6)


BAD = [
    (lambda: ec.depth_scale("silu", 3, 1), "variance of silu grows without bound"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()

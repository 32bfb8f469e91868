"""Points of the edge of chaos: tabled, in closed form, and by what defines them."""

import math

import pytest
from edge_of_chaos.cases import NAMES
from scipy import special

from helpers import edge_of_chaos as ec

TABLE = [
    ("tanh", 0.05, 1.122539, 0.153692, 39.2820),
    ("tanh", 0.2, 1.304146, 0.512079, 7.0837),
    ("tanh", 0.5, 1.549674, 1.317939, 2.2421),
    ("tanh", 1.0, 1.855589, 3.036396, 0.8897),
    ("elu", 0.1, 1.176148, 0.437829, 14.8149),
    ("elu", 0.2, 1.229251, 1.106931, 7.3906),
    ("elu", 0.5, 1.306112, 4.886627, 2.7835),
    ("erf", 0.2, 1.152795, 0.465763, 6.5989),
    ("sin", 0.3, 1.262665, 0.684322, 4.9175),
    ("tanh", 0.01, 1.0421259, 0.0457091, 302.801),
]


@pytest.mark.parametrize(("name", "sigma_b", "sigma_w", "q", "beta"), TABLE)
def test_tabled_points(name, sigma_b, sigma_w, q, beta):
    point = ec.edge_of_chaos(name, sigma_b)
    assert point.sigma_w == pytest.approx(sigma_w, abs=1e-6)
    assert point.q == pytest.approx(q, abs=1e-6)
    assert float(ec.beta(name, point.q)) == pytest.approx(beta, rel=1e-4)


@pytest.mark.parametrize(
    "name", sorted(set(NAMES) - {"relu", "leaky_relu", "softplus"})
)
@pytest.mark.parametrize("sigma_b", [0.03, 0.3, 1.5])
def test_a_point_keeps_its_variance_with_chi_one(name, sigma_b):
    point = ec.edge_of_chaos(name, sigma_b)
    following = float(ec.variance_map(name, point.q, point.sigma_w, sigma_b))
    assert following == pytest.approx(point.q, rel=1e-12)
    assert float(ec.chi(name, point.q, point.sigma_w)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("sigma_b", [0.1, 0.7])
def test_points_in_closed_form(sigma_b):
    q = ec.edge_of_chaos("erf", sigma_b).q
    root = math.sqrt(1 + 4 * q)
    assert q - root / 2 * math.asin(2 * q / (1 + 2 * q)) == pytest.approx(sigma_b**2)
    assert float(ec.beta("erf", q)) == pytest.approx((1 + 4 * q) / (2 * q * q))
    q = ec.edge_of_chaos("sin", sigma_b).q
    assert q - math.tanh(q) == pytest.approx(sigma_b**2, rel=1e-12)
    assert float(ec.beta("sin", q)) == pytest.approx(2 / (q * math.tanh(q)))
    q = ec.edge_of_chaos("elu", sigma_b).q
    tail = special.erfcx(math.sqrt(2 * q))
    assert float(ec.beta("elu", q)) == pytest.approx(2 * (1 + tail) / (q * tail))


def test_points_without_biases():
    assert ec.edge_of_chaos("tanh", 0) == ec.EdgePoint(pytest.approx(1.0), 0.0)
    assert ec.edge_of_chaos("relu", 0).sigma_w == pytest.approx(2**0.5, rel=1e-15)
    act = ec.relu_like(1.0, 0.3)
    expected = math.sqrt(2 / 1.09)
    assert ec.edge_of_chaos(act, 0).sigma_w == pytest.approx(expected, rel=1e-14)
    assert ec.edge_of_chaos("selu", 0).sigma_w == pytest.approx(0.69049, abs=1e-5)


def test_the_edge_of_silu_and_gelu_repels_below_a_bias():
    for name, below, above in [("silu", 0.7, 0.8), ("gelu", 0.4, 0.43)]:
        for sigma_b, repels in [(below, True), (above, False)]:
            point = ec.edge_of_chaos(name, sigma_b)
            slope = ec.variance_slope(name, point.q, point.sigma_w)
            assert (slope > 1) is repels
    point = ec.edge_of_chaos("silu", 0.2)
    ends = [
        ec.variance_fixed_point("silu", point.sigma_w, 0.2, q0)
        for q0 in (0.6894, 0.6895)
    ]
    assert ends == [pytest.approx(0.19404, abs=1e-5), math.inf]


BAD = [
    (lambda: ec.edge_of_chaos("relu", 0.1), "single point sigma_b = 0, got"),
    (lambda: ec.edge_of_chaos("softplus", 0.1), "softplus has no edge of chaos at"),
    (lambda: ec.edge_of_chaos("tanh", -0.1), "sigma_b must be finite and >= 0"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_a_slope_of_zero_has_no_edge():
    square = ec.Activation(
        "square", lambda x: x * x, lambda x: 2 * x, lambda x: 2 + 0 * x
    )
    with pytest.raises(ValueError, match=r"square has no edge .*its slope is 0 at q"):
        ec.edge_of_chaos(square, 0.0)
    constant = ec.Activation("one", lambda x: 1 + 0 * x, *[lambda x: 0 * x] * 2)
    with pytest.raises(ValueError, match="one has no edge of chaos"):
        ec.edge_of_chaos(constant, 0.1)

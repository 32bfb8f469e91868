"""The bounds of the papers, term by term and against draws."""

import math

import numpy as np
import pytest
import torch
from information_flow.cases import noise

from helpers import information_flow as inf


def test_risk_bound_is_the_table_of_the_companion_paper():
    table = {1: 7.41e-4, 2: 0.00166, 3: 0.00369, 5: 0.0179, 7: 0.0856, 9: 0.402,
             10: 0.869, 11: 1.87, 12: 4.02}  # fmt: skip
    for dim, value in table.items():
        assert inf.risk_bound(10**9, dim, 1.0) == pytest.approx(value, rel=0.004)


def test_risk_bound_term_by_term():
    n, d, b, e = 5000, 2, 0.5, 0.1
    side = 2 + 2 * b * math.sqrt((2 + e) * math.log(n))
    root = side ** (d / 2) / math.sqrt(n) / (4 * math.pi * b**2) ** (d / 4) / 2
    inside = root * math.log(n * side**d / (math.pi * b**2) ** (d / 2))
    c = d / 2 * math.log(2 * math.pi * b**2) + d / b**2
    rest = 2 * c * d * (1 + b**2) / b**2
    rest += c**2 + 8 * d * (d + 2 * b**4 + d * b**4) / b**4
    assert inf.risk_bound(n, d, b, e) == pytest.approx(inside + 2 * rest / n)


@pytest.mark.parametrize("beta", [0.02, 0.3, 2.0])
@pytest.mark.parametrize("dim", [1, 5])
def test_a_draw_varies_less_than_both_bounds(rng, dim, beta):
    rows = torch.tensor(rng.uniform(-1, 1, size=(200, dim)))
    z = torch.tensor(rng.normal(size=(200, 200, dim)))
    points = (rows + beta * z).reshape(-1, dim)
    found = inf.smoothed_log_density(points, rows, beta).reshape(200, 200)
    variance = found.var(0).mean().item()
    paper, ours = inf.monte_carlo_bounds(dim, beta)
    assert ours == dim / 2
    assert paper == pytest.approx(2 * dim * (2 + beta**2) / beta**2)
    assert variance < 1.03 * ours  # its standard error is below 1 %
    assert ours < paper


@pytest.mark.parametrize("law", ["normal", "uniform", "laplace", "exponential"])
def test_no_samples_on_a_line_make_a_draw_vary_more_than_one_half(rng, law):
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    for n, width in ((1, 1.0), (2, 1.0), (7, 0.3), (30, 3.0), (30, 30.0)):
        rows = torch.tensor(width * getattr(rng, law)(size=(n, 1)))
        points = (rows + torch.tensor(nodes)).reshape(-1, 1)
        log_g = inf.smoothed_log_density(points, rows, 1.0).reshape(n, -1).numpy()
        centred = log_g - (log_g @ weights)[:, None]
        variance = (centred**2 @ weights).mean()
        assert variance <= inf.monte_carlo_bounds(1, 1.0)[1] + 1e-12
        if n == 1:
            assert variance == pytest.approx(0.5, abs=1e-12)


def test_information_cap_is_the_capacity_of_gaussian_channels():
    assert inf.information_cap(3, 0.5) == pytest.approx(1.5 * math.log(5))
    signs = inf.scalar_information([-1, 1], 1.0)
    assert signs < inf.information_cap(1, 1.0)
    assert inf.gaussian_entropy(3, 0.5) == pytest.approx(noise(3, 0.5))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.risk_bound(1, 1, 1.0), "n must be an integer >= 2, got 1"),
        (lambda: inf.risk_bound(10, 1, 1.0, 0.0), "eps must be .* > 0, got 0.0"),
        (lambda: inf.risk_bound(10, 0, 1.0), "dim"),
        (lambda: inf.risk_bound(10, 1, 0.0), "beta"),
        (lambda: inf.monte_carlo_bounds(0, 1.0), "dim"),
        (lambda: inf.monte_carlo_bounds(1, 0.0), "beta"),
        (lambda: inf.information_cap(0, 1.0), "dim"),
        (lambda: inf.information_cap(1, 0.0), "beta"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize("beta", [5e-324, 1e-200, 1e200, 1.7e308])
def test_bounds_at_the_ends_of_float64(beta):
    """Little noise: (d / 2) ln(1 / beta^2), and no finite risk; much: 0 and d / 2."""
    cap = -3 * math.log(beta) if beta < 1 else 0.0
    assert inf.information_cap(3, beta) == pytest.approx(cap, rel=1e-12)
    paper, _ = inf.monte_carlo_bounds(3, beta)
    assert paper == (math.inf if beta < 1 else 6)
    assert inf.risk_bound(10, 3, beta) > 0
    if beta < 1:
        assert inf.risk_bound(10, 3, beta) == math.inf

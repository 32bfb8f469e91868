"""Error rates and noise scales of half-spaces, shells and linear models."""

import math

import numpy as np
import pytest
import torch
from adversarial_noise.cases import (
    binary,
    halfspace,
    labelled,
    linear,
    linear_distances,
    origin,
    shell,
)
from scipy import stats
from scipy.special import ndtri

from helpers import adversarial_noise as an
from helpers.adversarial_noise import decisions
from helpers.adversarial_noise.draws import generator


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
    monkeypatch.setattr(decisions, "_ELEMENTS_AT_ONCE", 100)
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


def thresholds(image, n, seed, place, distance):
    """sigma at which each draw of that image crosses x_1 = distance."""
    made = generator(seed, place, torch.device("cpu"))
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

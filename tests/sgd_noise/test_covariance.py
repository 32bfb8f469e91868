"""Every view of the covariance against the matrix, and draws against their law."""

import math
import re

import numpy as np
import pytest
import torch
from scipy import linalg
from sgd_noise.cases import CASES, CLASSES, N, X, errors, net_of, rows_of

from helpers import sgd_noise as sn


def covariance(rows, m, replace=True):
    factor = 1 if replace else (N - m) / (N - 1)
    return np.cov(rows.T, bias=True) / m * factor


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize(("make", "y", "loss", "function"), CASES)
def test_every_view_of_the_covariance(make, y, loss, function, replace):
    net = make()
    noise = sn.GradientNoise(net, X, y, 4, loss=loss, replace=replace)
    rows = rows_of(net, function, y)
    sigma = covariance(rows, 4, replace)
    close = {"atol": 1e-12}
    np.testing.assert_allclose(noise.gradient, rows.mean(0), **close)
    np.testing.assert_allclose(noise.dense(), sigma, **close)
    np.testing.assert_allclose(noise.rows().T @ noise.rows(), sigma, **close)
    np.testing.assert_allclose(noise.diagonal(), np.diag(sigma), **close)
    assert noise.trace() == pytest.approx(np.trace(sigma))
    block = np.random.default_rng(1).normal(size=(len(sigma), 3))
    np.testing.assert_allclose(noise @ block, sigma @ block, **close)
    np.testing.assert_allclose(noise @ block[:, 0], sigma @ block[:, 0], **close)
    np.testing.assert_allclose(noise.T @ block, sigma @ block, **close)
    k = min(5, np.linalg.matrix_rank(sigma, tol=1e-10))
    values, vectors = noise.top(k)
    np.testing.assert_allclose(values, linalg.eigvalsh(sigma)[::-1][:k], **close)
    np.testing.assert_allclose(sigma @ vectors, vectors * values, **close)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1)


@pytest.mark.parametrize("gaussian", [True, False])
def test_samples_have_the_covariance(gaussian):
    """Entries of a sample covariance deviate by sqrt(kurtosis / n) of their scale: 5
    standard errors with the fourth moments of the draws themselves."""
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4, replace=False)
    draws = noise.sample(20_000, seed=1, gaussian=gaussian)
    centred = draws - draws.mean(0)
    sigma = noise.dense()
    for i, j in ((0, 0), (3, 40), (100, 100), (20, 100)):
        product = centred[:, i] * centred[:, j]
        error = product.std() / math.sqrt(len(product))
        assert abs(product.mean() - sigma[i, j]) <= 5 * error + 1e-15
    error = draws.std(0) / math.sqrt(len(draws))
    assert (np.abs(draws.mean(0)) <= 5 * error + 1e-12).all()
    power = (draws**2).sum(1)
    assert abs(power.mean() - noise.trace()) < 5 * power.std() / math.sqrt(len(power))


def test_samples_are_gaussian_or_minibatches():
    """Kurtosis of a Gaussian is 3 +- 5 sqrt(24 / n); a batch of all is no noise."""
    noise = sn.GradientNoise(net_of(), X, CLASSES, 1)
    direction = noise.sample(20_000, seed=0, gaussian=True) @ noise.gradient
    kurtosis = np.mean(direction**4) / np.mean(direction**2) ** 2
    assert abs(kurtosis - 3) < 5 * math.sqrt(24 / 20_000)
    single = noise.sample(50, seed=0)
    rows = sn.per_sample_gradients(net_of(), X, CLASSES) - noise.gradient
    gaps = np.abs(single[:, None] - rows[None]).max(-1).min(1)
    np.testing.assert_allclose(gaps, 0, atol=1e-12)
    whole = sn.GradientNoise(net_of(), X, CLASSES, N, replace=False)
    np.testing.assert_allclose(whole.sample(3, seed=0), 0, atol=1e-12)
    assert whole.trace() == 0


def test_draws_depend_on_their_seed():
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4)
    for gaussian in (True, False):
        one, same, other = (
            noise.sample(2, seed=s, gaussian=gaussian) for s in (0, 0, 1)
        )
        np.testing.assert_array_equal(one, same)
        assert not np.allclose(one, other)
        assert not np.allclose(one[0], one[1])


def test_a_float32_network_keeps_its_precision():
    net = net_of(dtype=torch.float32)
    assert sn.per_sample_gradients(net, X, CLASSES).dtype == np.float32
    exact = sn.GradientNoise(net.double(), X, CLASSES, 4)
    rough = sn.GradientNoise(net.float(), X, CLASSES, 4)
    assert rough.trace() == pytest.approx(exact.trace(), rel=1e-5)


@errors(
    [
        (
            lambda: sn.GradientNoise(net_of(), X, CLASSES, 4).sample(0, seed=0),
            "n must be an integer >= 1, got 0",
        ),
        (
            lambda: sn.GradientNoise(net_of(), X, CLASSES, 4).top(31),
            "k must be in 1..30, got 31",
        ),
        (
            lambda: sn.GradientNoise(net_of(), X[:1], CLASSES[:1], 1).top(1),
            "Sigma has rank 0, got k = 1",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()

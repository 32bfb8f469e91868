"""The noise of one step against the covariance of its kind, and its energy."""

import functools
import math

import numpy as np
import pytest
from sgd_noise.cases import CLASSES, X, net_of, runs_of, vector

from helpers import sgd_noise as sn
from helpers.sgd_noise import kicks as kicks_of


def expected_covariances(net):
    noise = sn.GradientNoise(net, X, CLASSES, 4, replace=False)
    sigma, trace = noise.dense(), noise.trace()
    size = len(sigma)
    values, vectors = sn.top_eigenpairs(sn.hessian(net, X, CLASSES), 3)
    sharp = (vectors * np.maximum(values, 0)) @ vectors.T
    lead, axes = noise.top(3)
    leading = (axes * lead) @ axes.T
    return {
        "gd": 0 * sigma,
        "sgd": sigma,
        "constant": np.eye(size) * trace / size,
        "dynamic": np.eye(size) * trace / size,
        "diagonal": np.diag(np.diag(sigma)),
        "leading": leading * trace / np.trace(leading),
        "hessian": sharp * trace / np.trace(sharp),
        "first": np.outer(vectors[:, 0], vectors[:, 0]) * trace,
        "gaussian": sigma,
    }


@pytest.fixture
def equal_networks_share_their_hessian(monkeypatch):
    """Hessian and eigenvectors of networks with the same parameters are made once."""
    kept = {}

    def operator(net, x, y, **options):
        theta = vector(net).tobytes()
        if theta not in kept:
            kept[theta] = sn.HessianOperator(net, x, y, **options)
        return kept[theta]

    monkeypatch.setattr(kicks_of, "HessianOperator", operator)
    monkeypatch.setattr(kicks_of, "top_eigenpairs", functools.cache(sn.top_eigenpairs))
    yield
    assert len(kept) <= 1


@pytest.mark.parametrize("noise", sn.NOISES)
@pytest.mark.usefixtures("equal_networks_share_their_hessian")
def test_one_step_has_the_mean_and_covariance_of_its_kind(noise):
    """1500 runs from one network: 5 standard errors along fixed directions."""
    net, n = net_of(widths=(5, 4, 3)), 1500
    found = runs_of(noise, [net] * n)
    drawn = np.stack([vector(end) for end in found.networks])
    clean = vector(runs_of("gd", net).networks[0])
    kicks = (clean - drawn) / 0.1
    expected = expected_covariances(net)[noise]
    if noise == "gd":
        np.testing.assert_allclose(kicks, 0, atol=1e-12)
        return
    h = sn.top_eigenpairs(sn.hessian(net, X, CLASSES), 1)[1]
    for v in (h[:, 0], *np.random.default_rng(0).normal(size=(4, len(h)))):
        along = kicks @ v
        assert abs(along.mean()) < 5 * along.std() / math.sqrt(n)
        error = (along**2).std() / math.sqrt(n)
        # 0.2 %: eigenvectors of the Hessian are found to 1e-3
        right = v @ expected @ v
        assert abs(np.mean(along**2) - right) < 5 * error + 2e-3 * right
    power = (kicks**2).sum(1)
    error = power.std() / math.sqrt(n)
    assert abs(power.mean() - np.trace(expected)) < 5 * error
    if noise != "sgd":
        np.testing.assert_allclose(found.power, power, rtol=1e-9)
        np.testing.assert_allclose(found.trace, np.trace(expected), rtol=1e-9)


def test_noise_of_a_few_axes_lies_in_their_span():
    net = net_of(widths=(5, 4, 3))
    clean = vector(runs_of("gd", net).networks[0])
    _, axes = sn.GradientNoise(net, X, CLASSES, 4).top(3)
    kick = clean - vector(runs_of("leading", net).networks[0])
    np.testing.assert_allclose(kick, axes @ (axes.T @ kick), atol=1e-10)
    _, axes = sn.top_eigenpairs(sn.hessian(net, X, CLASSES), 1)
    kick = clean - vector(runs_of("first", net).networks[0])
    np.testing.assert_allclose(kick, axes @ (axes.T @ kick), atol=1e-5)


def test_energy_follows_the_trace_or_stays():
    net = net_of()
    moving = runs_of("dynamic", [net] * 2, steps=200, lr=0.5)
    still = runs_of("constant", [net] * 2, steps=200, lr=0.5)
    start = sn.GradientNoise(net, X, CLASSES, 4, replace=False).trace()
    # 200 steps of 128 numbers: chi-square with 25600 degrees, 5 sqrt(2 / 25600)
    np.testing.assert_allclose(moving.power / moving.trace, 1, atol=0.05)
    np.testing.assert_allclose(still.power / start, 1, atol=0.05)
    assert (np.abs(still.power / still.trace - 1) > 0.1).all()


def test_axes_are_renewed_as_asked():
    net = net_of()
    ends = [
        vector(runs_of("first", net, steps=6, lr=0.5, refresh=refresh).networks[0])
        for refresh in (1, 3, 100)
    ]
    assert not np.allclose(ends[0], ends[1])
    assert not np.allclose(ends[1], ends[2])
    once = [
        vector(runs_of("first", net, steps=3, refresh=refresh).networks[0])
        for refresh in (3, 100)
    ]
    np.testing.assert_array_equal(*once)

"""Networks of finite width: real ones, the mean field and the log-normal law."""

import math

import numpy as np
import pytest
import torch

from helpers import edge_of_chaos as ec
from helpers import networks


def gap_of(gram):
    return 1 - gram[..., 0, 1] / np.sqrt(gram[..., 0, 0] * gram[..., 1, 1])


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_the_chain_has_the_law_of_real_networks(name):
    width, depth, n = 20, 3, 300
    x = np.array([[1.0, 0.0, 1.0], [0.0, 1.2, 1.0]])
    gram = 0.09 + 1.69 * x @ x.T / 3
    chain = ec.gram_chain(name, gram, 1.3, 0.3, width, depth, n, seed=1)
    real = np.empty((n, 2, 2))
    for k in range(n):
        sizes = [3] + [width] * depth + [1]
        net = networks.mlp(sizes, name, sigma_w=1.3, sigma_b=0.3, seed=k)
        h = net[: 2 * depth](torch.from_numpy(x)).detach().numpy()
        real[k] = 0.09 + 1.69 * h @ h.T / width
    for statistic in (gap_of, lambda K: K[:, 0, 0], lambda K: K[:, 1, 1]):
        a, b = np.log(statistic(chain[-1])), np.log(statistic(real))
        error = math.sqrt((a.var() + b.var()) / n)
        assert abs(a.mean() - b.mean()) < 4 * error
        assert abs(np.log(a.std() / b.std())) < 4 / math.sqrt(n)


def test_a_wide_chain_follows_the_mean_field():
    point = ec.edge_of_chaos("tanh", 0.2)
    gram = point.q * np.eye(2)
    args = point.sigma_w, 0.2
    chain = ec.gram_chain("tanh", gram, *args, 20_000, 10, 20, seed=0)
    law = ec.correlation_trajectory("tanh", *args, 0.0, 10, q=point.q).gap
    np.testing.assert_allclose(gap_of(chain).mean(axis=1), law, rtol=0.02)
    assert chain.shape == (11, 20, 2, 2)
    np.testing.assert_array_equal(chain[0], np.broadcast_to(gram, (20, 2, 2)))


def test_the_typical_gap_of_relu_follows_the_log_normal_law():
    """Mean -4/3 l/n and variance 8/3 l/n of the log: the mean itself is one."""
    width, depth, n = 1000, 60, 500
    chain = ec.gram_chain("relu", np.eye(2), 2**0.5, 0, width, depth, n, seed=3)
    law = ec.correlation_trajectory("relu", 2**0.5, 0, 0.0, depth).gap
    ratio = gap_of(chain[-1]) / law[-1]
    error = math.sqrt(8 / 3 * depth / width / n)
    assert abs(np.log(ratio).mean() + 4 / 3 * depth / width) < 4 * error + 0.02
    assert np.log(ratio).var() == pytest.approx(8 / 3 * depth / width, rel=0.3)


def test_chains_are_seeded_and_take_any_batch():
    gram = np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]])
    args = gram, 1.4, 0.1, 16, 4, 50
    one, two = (ec.gram_chain("elu", *args, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (one != ec.gram_chain("elu", *args, seed=6))[1:].any()
    np.testing.assert_allclose(one[:, :, 0], one[:, :, 1], atol=1e-12)
    single = ec.gram_chain("relu", [[1.0]], 2**0.5, 0, 1, 60, 5, seed=0)
    assert (single[-1] == 0).all()


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e12])
@pytest.mark.parametrize("by", [1e-17, 1e-14, 9e-13])
def test_a_gram_that_is_indefinite_by_rounding_is_projected(size, by):
    gram = size * np.array([[1.0, 1.0 + 2 * by], [1.0 + 2 * by, 1.0]])
    chain = ec.gram_chain("tanh", gram, 1.0, 0.1, 8, 3, 2, seed=0)
    np.testing.assert_allclose(chain[0], [gram] * 2, rtol=1e-11)
    for start in chain[0]:
        assert np.linalg.eigvalsh(start)[0] >= -1e-15 * np.trace(start)


def test_products_of_rounded_features_are_grams():
    """Rank 3 of 20 in float32 and float64, and a transpose that differs by rounding."""
    for dtype in (np.float32, np.float64):
        x = np.random.default_rng(0).normal(size=(20, 3)).astype(dtype)
        skewed = x @ x.T * (1 + np.finfo(dtype).eps * np.triu(np.ones((20, 20)), 1))
        for gram in (x @ x.T, skewed.astype(dtype)):
            chain = ec.gram_chain("relu", gram, 1.4, 0.0, 16, 2, 2, seed=0)
            np.testing.assert_array_equal(chain[0], chain[0].swapaxes(1, 2))
            np.testing.assert_allclose(chain[0, 0], gram, atol=1e-4)


def test_a_zero_input_stays_zero_without_biases():
    chain = ec.gram_chain("tanh", [[0, 0], [0, 1]], 1.5, 0, 8, 3, 2, seed=0)
    assert (chain[:, :, 0] == 0).all()


BAD = [
    (
        lambda: ec.gram_chain("relu", [[1, 2], [2, 1]], 1, 0, 3, 3, 3, 0),
        "least eigenvalue is -1, its trace 2",
    ),
    (
        lambda: ec.gram_chain("relu", [[1, 1 + 1e-9], [1 + 1e-9, 1]], 1, 0, 3, 3, 3, 0),
        "least eigenvalue is -1e-09",
    ),
    (
        lambda: ec.gram_chain("relu", [[0, 1], [1, 0]], 1, 0, 3, 3, 3, 0),
        "least eigenvalue is -1, its trace 0",
    ),
    (
        lambda: ec.gram_chain("relu", [[1, 0.5], [0.4, 1]], 1, 0, 3, 3, 3, 0),
        "must be symmetric, it differs from its transpose by up to 0.1",
    ),
    (
        lambda: ec.gram_chain("relu", [[1, np.nan], [np.nan, 1]], 1, 0, 3, 3, 3, 0),
        "gram must be a finite matrix",
    ),
    (lambda: ec.gram_chain("relu", np.eye(2), 1, 0, 3, 3, 3, -1), "seed must be an"),
    (lambda: ec.gram_chain("relu", [1.0], 1, 0, 3, 3, 3, 0), "gram must be a finite"),
    (
        lambda: ec.gram_chain("relu", np.ones((2, 3)), 1, 0, 3, 3, 3, 0),
        "gram must be a finite",
    ),
    (lambda: ec.gram_chain("relu", -np.eye(2), 1, 0, 3, 3, 3, 0), "semidefinite"),
    (lambda: ec.gram_chain("relu", np.eye(2), 1, 0, 0, 3, 3, 0), "width must be an"),
    (lambda: ec.gram_chain("relu", np.eye(2), 1e20, 0, 30, 9, 3, 0), "overflows in"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()

"""Leading eigenpairs against dense eigenvalues."""

import re

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator
from sgd_noise.cases import CLASSES, H2, X, errors, net_of

from helpers import sgd_noise as sn


@pytest.mark.parametrize("size", [10, 200])
def test_leading_eigenpairs(size):
    a = np.random.default_rng(1).normal(size=(size, size))
    a = a + a.T
    values, vectors = sn.top_eigenpairs(a, 4)
    right = np.linalg.eigvalsh(a)[::-1][:4]
    np.testing.assert_allclose(values, right, rtol=1e-10)
    np.testing.assert_allclose(a @ vectors, vectors * values, atol=1e-8)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-10)
    every = sn.top_eigenpairs(a, size)[0]
    np.testing.assert_allclose(every, np.linalg.eigvalsh(a)[::-1], atol=1e-10)


def test_leading_eigenpairs_of_operators():
    h = sn.HessianOperator(net_of(), X, CLASSES)
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4)
    for operator in (h, noise):
        right = np.linalg.eigvalsh(operator.dense())[::-1][:6]
        values = sn.top_eigenpairs(operator, 6)[0]
        np.testing.assert_allclose(values, right, rtol=1e-8, atol=1e-12)


def test_a_large_operator_is_not_made_into_a_matrix():
    """Three eigenvalues far above the rest are found by far fewer products than n."""
    diagonal = np.append(np.linspace(0, 1, 997), [50.0, 80.0, 70.0])
    seen = []

    def product(v):
        seen.append(v.size // 1000)
        return diagonal * v

    operator = LinearOperator((1000, 1000), matvec=product, dtype=np.float64)
    values, vectors = sn.top_eigenpairs(operator, 3)
    np.testing.assert_allclose(values, [80, 70, 50], rtol=1e-12)
    assert np.abs(vectors).argmax(axis=0).tolist() == [998, 999, 997]
    assert sum(seen) < 200


@errors(
    [
        (lambda: sn.top_eigenpairs(np.ones((2, 3)), 1), "operator must be square, got"),
        (lambda: sn.top_eigenpairs(H2, 3), "k must be in 1..2, got 3"),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()

"""The curve of full rank and independent columns."""

import math

import numpy as np
import pytest
from scipy import linalg
from sublevel_sets.cases import rank

from helpers import sublevel_sets as ss
from helpers.sublevel_sets import full_rank

SHAPES = [(2, 1), (3, 2), (6, 5), (10, 3), (40, 7)]


@pytest.mark.parametrize(("p", "q"), SHAPES)
@pytest.mark.parametrize("kind", ["random", "mirror", "permuted", "same", "span"])
def test_curve_joins_and_keeps_the_singular_values(p, q, kind):
    rng = np.random.default_rng(p)
    start = rng.normal(size=(p, q))
    end = {
        "random": rng.normal(size=(p, q)),
        "mirror": -start,
        "permuted": start[rng.permutation(p)],
        "same": start,
        "span": start @ rng.normal(size=(q, q)),
    }[kind]
    t = np.linspace(0, 1, 101)
    found = ss.full_rank_curve(start, end)(t)
    np.testing.assert_allclose(found[0], start, atol=1e-12)
    np.testing.assert_allclose(found[-1], end, atol=1e-12)
    least = [np.linalg.svd(m, compute_uv=False)[-1] for m in (start, end)]
    values = np.linalg.svd(found, compute_uv=False)[:, -1]
    assert values.min() >= min(least) * (1 - 1e-10)
    steps = np.linalg.norm(np.diff(found, axis=0), axis=(1, 2))
    largest = np.linalg.norm(found, axis=(1, 2)).max()
    assert steps.max() <= 0.01 * (math.pi + 1) * largest  # turns by pi at most
    if kind == "same":
        np.testing.assert_allclose(found, np.broadcast_to(start, found.shape))


def test_curve_turns_evenly_as_the_matrix_exponential_does():
    """R^t = exp(t log R), by scipy's logarithm; R has no eigenvalue -1 here."""
    rng = np.random.default_rng(1)
    start, end = (np.linalg.qr(rng.normal(size=(6, 3)))[0] for _ in range(2))
    rotation = full_rank._completed(start, end)
    np.testing.assert_allclose(rotation @ start, end, atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    logarithm = np.real(linalg.logm(rotation))
    for t in (0.0, 0.3, 0.8, 1.0):
        twin = linalg.expm(t * logarithm) @ start
        np.testing.assert_allclose(
            full_rank._turn(start, end)(np.array([t]))[0], twin, atol=1e-9
        )


def test_square_matrices_have_no_such_curve():
    """p = q: the determinant may change sign, and a curve is singular where it does."""
    with pytest.raises(ValueError, match="more rows than columns"):
        ss.full_rank_curve(np.eye(3), -np.eye(3))


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (1.0, "one shape"),
        (np.ones((3, 2)) * np.nan, "start and end must be finite"),
        (np.ones((3, 2)) * 1j, "end must hold real numbers"),
    ],
)
def test_ends_are_real_matrices(end, told):
    with pytest.raises(ValueError, match=told):
        ss.full_rank_curve(np.eye(3)[:, :2], end)


def test_independent_columns_rebuild_the_rest():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(6, 4)) @ rng.normal(size=(4, 9))
    kept, rest, c = full_rank.independent_columns(columns)
    assert rank(columns[:, kept]) == len(kept) == 4
    assert sorted([*kept, *rest]) == list(range(9))
    np.testing.assert_allclose(columns[:, kept] @ c, columns[:, rest], atol=1e-12)
    assert len(full_rank.independent_columns(np.zeros((3, 2)))[0]) == 0

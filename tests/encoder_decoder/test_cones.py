"""Cones against sums over subsets and against groups of known order."""

import math
from itertools import combinations

import numpy as np
import pytest
from encoder_decoder.cases import network

from helpers import encoder_decoder as ed


def whitney(normals):
    """Regions of a central arrangement: sum over subsets of (-1)^(size - rank)."""
    n = len(normals)
    total = 1
    for size in range(1, n + 1):
        rows = np.array([normals[list(s)] for s in combinations(range(n), size)])
        rank = np.linalg.matrix_rank(rows, tol=1e-9)
        total += int(((-1.0) ** (size - rank)).sum())
    return total


def arrangement(channels, taps, seed, **options):
    net = ed.EncoderDecoder(4, (1, channels), taps, seed=seed, **options)
    return ed.cone_normals(net)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (3, 2), (5, 3), (7, 3), (9, 4), (8, 5)])
def test_theorem_zaslavsky_for_general_position(n, d):
    normals = np.random.default_rng(n).normal(size=(n, d))
    assert ed.count_cones(normals) == ed.most_cones(n, d) == whitney(normals)


def test_cones_of_special_arrangements():
    braid = np.array(
        [np.eye(4)[i] - np.eye(4)[j] for i, j in combinations(range(4), 2)]
    )
    assert ed.count_cones(braid) == 24  # orderings of four numbers
    both = np.concatenate([np.eye(4), braid, braid @ np.diag([1, -1, 1, -1])])
    assert ed.count_cones(np.eye(5)) == ed.count_cones(np.eye(5)[::-1]) == 32
    assert ed.count_cones(np.zeros((3, 2))) == 1
    assert ed.count_cones(np.zeros((0, 3))) == 1
    assert ed.count_cones([[2.0], [-1.0], [0.0]]) == 2
    assert ed.count_cones(np.ones((4, 3))) == 2
    assert ed.count_cones(both) == whitney(both)
    signed = [np.eye(4)[i] + s * np.eye(4)[j]
              for i, j in combinations(range(4), 2) for s in (1, -1)]  # fmt: skip
    assert ed.count_cones(np.array(signed)) == 192  # the Weyl group of D_4
    assert ed.count_cones(1e-200 * np.array(signed)) == 192


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("channels", "taps", "code", "both"),
    [(3, 3, 32, 1456), (4, 3, 58, 3666), (4, 2, 46, 2706)],
)
def test_cones_of_one_level_with_average_pooling(channels, taps, code, both, seed):
    normals = arrangement(channels, taps, seed)
    assert ed.count_cones(normals) == code == whitney(normals)
    with_skip = arrangement(channels, taps, seed, skip=True)
    assert ed.count_cones(with_skip) == both
    shuffled = np.random.default_rng(seed).permutation(with_skip)
    assert ed.count_cones(-3.0 * shuffled) == both
    points = np.random.default_rng(seed).normal(size=(20_000, 4))
    seen = len(np.unique(points @ with_skip.T > 0, axis=0))
    assert both / 3 < seen <= both  # every cone seen is one of them


def test_without_pooling_a_skip_adds_no_hyperplane():
    for channels, taps, count in ((3, 3, 464), (4, 3, 1144), (4, 2, 760)):
        options = {"pooling": "identity", "seed": 0}
        assert ed.count_cones(arrangement(channels, taps, **options)) == count
        skips = arrangement(channels, taps, skip=True, **options)
        assert ed.count_cones(skips) == count
    assert ed.most_cones(12, 4) == 464
    normals = arrangement(3, 3, pooling="identity", seed=0)
    assert whitney(normals) == 464


def test_why_average_pooling_loses_cones():
    """With three taps the code never sees the alternating signal: a space of d = 3."""
    normals = arrangement(3, 3, seed=0)
    np.testing.assert_allclose(normals @ [1, -1, 1, -1], 0, atol=1e-14)
    assert ed.most_cones(6, 3) == 32
    assert ed.most_cones(8, 3) == 58
    assert ed.most_cones(0, 3) == 1


BAD = [
    (lambda: ed.count_cones(1j * np.eye(2)), "normals must hold real numbers"),
    (lambda: ed.count_cones(np.ones(3)), "normals must have shape [n, d], got [3]"),
    (lambda: ed.count_cones([[math.inf]]), "normals must be finite"),
    (lambda: ed.cone_normals(network("line")), "network must have one level and ReLU"),
    (
        lambda: ed.cone_normals(ed.EncoderDecoder(8, (1, 2), pooling="max", seed=0)),
        "pooling must be linear for one arrangement, got 'max'",
    ),
    (lambda: ed.most_cones(-1, 2), "n must be an integer >= 0, got -1"),
    (lambda: ed.most_cones(2, 0), "d must be an integer >= 1, got 0"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

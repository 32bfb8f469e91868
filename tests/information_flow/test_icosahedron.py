"""The data set against known counts and an icosahedron built from coordinates."""

import math
from itertools import permutations

import numpy as np
import pytest
import torch

from helpers import information_flow as inf
from helpers.information_flow.icosahedron import _ANTIPODES, _NEIGHBOURS


def icosahedron():
    """Adjacency of the corners (0, +-1, +-golden) and their cyclic shifts."""
    golden = (1 + 5**0.5) / 2
    signs = [(a, b) for a in (1, -1) for b in (1, -1)]
    corners = [np.roll([0, a, b * golden], k) for k in range(3) for a, b in signs]
    d2 = ((np.array(corners)[:, None] - corners) ** 2).sum(-1)
    return np.isclose(d2, 4), np.isclose(d2, d2.max())


def test_szt_dataset_has_the_known_counts():
    x, y = inf.szt_dataset()
    assert x.shape == (4096, 12)
    assert x.dtype == torch.float64
    assert y.dtype == torch.int64
    assert y.sum() == 2118
    p = 2118 / 4096
    assert -p * math.log(p) - (1 - p) * math.log(1 - p) == pytest.approx(
        0.692563, abs=1e-6
    )
    words = ((x + 1) / 2) @ 2.0 ** torch.arange(11, -1, -1).double()
    assert torch.equal(words, torch.arange(4096).double())


def test_szt_labels_follow_the_number_of_lit_corners_at_the_ends():
    x, y = inf.szt_dataset()
    lit = (x > 0).sum(1)
    assert y[lit <= 4].sum() == 0
    assert y[lit >= 8].all()


def test_szt_labels_are_those_of_an_icosahedron_built_from_coordinates():
    """The same rule on another numbering of the corners: as many ones at each count."""
    edges, antipodes = icosahedron()
    bits = np.array([[w >> k & 1 for k in range(12)] for w in range(4096)])
    n = bits.sum(1)
    e = np.einsum("wi,ij,wj->w", bits, edges.astype(int), bits) // 2
    q = np.einsum("wi,ij,wj->w", bits, antipodes.astype(int), bits) // 2
    other = 114 * n + 24 * e - 12 * q - 11 * n**2 >= 430
    x, y = inf.szt_dataset()
    lit = (x > 0).sum(1).numpy()
    for k in range(13):
        assert y.numpy()[lit == k].sum() == other[n == k].sum()


def test_szt_labels_do_not_change_when_the_icosahedron_turns():
    """Turns found from the labels alone: permutations that keep words of 5 bits."""
    x, y = inf.szt_dataset()
    label = dict(zip(map(tuple, x.numpy()), y.tolist(), strict=True))

    assert all(i in _NEIGHBOURS[j] for i in range(12) for j in _NEIGHBOURS[i])
    assert all(len(set(row)) == 5 for row in _NEIGHBOURS)
    for i, a in enumerate(_ANTIPODES):
        assert _ANTIPODES[a] == i
        assert not {i, *_NEIGHBOURS[i]} & {a, *_NEIGHBOURS[a]}
    turn = [0] * 12  # about the axis through corner 0: its neighbours go round
    ring = cyclic(_NEIGHBOURS[0], _NEIGHBOURS)
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        turn[a], turn[_ANTIPODES[a]] = b, _ANTIPODES[b]
    turn[_ANTIPODES[0]] = _ANTIPODES[0]
    assert sorted(turn) == list(range(12))
    for word, value in label.items():
        assert label[tuple(np.array(word)[turn])] == value


def cyclic(corners, neighbours):
    """The five neighbours of a corner in the order they follow each other."""
    for order in permutations(corners):
        steps = zip(order, order[1:] + order[:1], strict=True)
        if all(b in neighbours[a] for a, b in steps):
            return list(order)
    raise AssertionError("the neighbours do not form a ring")

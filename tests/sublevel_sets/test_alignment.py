"""Reordered neurons: the same function, nearer to the other network."""

from itertools import permutations

import numpy as np
import pytest
import torch
from sublevel_sets.cases import A, nets, parameters

from helpers import sublevel_sets as ss


def shuffled(net, seed):
    """The network with the neurons of every hidden layer in a random order."""
    rng = np.random.default_rng(seed)
    copy = ss.swapped(net, 0, 1) if len(net) == 3 else ss.aligned(net, net)
    with torch.no_grad():
        for below, above in zip(copy[::2], copy[2::2], strict=False):
            order = rng.permutation(len(below.bias))
            below.weight.copy_(below.weight[order])
            below.bias.copy_(below.bias[order])
            above.weight.copy_(above.weight[:, order])
    return copy


@pytest.mark.parametrize("widths", [(4, 9, 3), (4, 8, 6, 3), (3, 12, 9, 7, 2)])
def test_the_function_stays_and_the_distance_does_not_grow(widths):
    a, b = nets(widths)
    found = ss.aligned(a, b)
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(20, widths[0])))
    torch.testing.assert_close(found(x), b.double()(x), rtol=1e-12, atol=1e-12)
    near, far = (np.linalg.norm(parameters(n) - parameters(a)) for n in (found, b))
    assert near < far


@pytest.mark.parametrize("widths", [(4, 9, 3), (5, 12, 8, 3)])
def test_a_shuffled_copy_is_found_again(widths):
    a, _ = nets(widths)
    for seed in range(3):
        found = ss.aligned(a, shuffled(a, seed), seed=seed)
        np.testing.assert_allclose(parameters(found), parameters(a), rtol=1e-12)


def test_one_hidden_layer_gets_the_best_of_all_orders():
    a, b = nets((3, 5, 2))
    found = np.linalg.norm(parameters(ss.aligned(a, b)) - parameters(a))
    first, last = b[0], b[2]
    best = np.inf
    for order in map(list, permutations(range(5))):
        moved = [first.weight[order], first.bias[order], last.weight[:, order]]
        moved = torch.cat([part.detach().flatten() for part in (*moved, last.bias)])
        best = min(best, np.linalg.norm(moved.numpy() - parameters(a)))
    assert found == pytest.approx(best, rel=1e-12)


def test_bad_input_is_told_what_is_wrong():
    with pytest.raises(ValueError, match="same widths"):
        ss.aligned(A, nets((4, 9, 3))[0])
    with pytest.raises(ValueError, match=r"seed must be .*got -1"):
        ss.aligned(A, A, seed=-1)

"""The plane through three networks, against torch, one network at a time."""

import numpy as np
import pytest
import torch
from sublevel_sets.cases import A, B, X, Y, half_mse, parameters
from torch import nn

from helpers import sublevel_sets as ss

PATH = ss.connecting_path(A, B, X, Y)


def test_corners_are_the_three_networks():
    """Distances in the plane are those of the parameters, and so is the loss."""
    plane = ss.loss_plane(PATH, 0.4, points=9)
    three = [parameters(PATH.network(t)) for t in (0.0, 1.0, 0.4)]
    for i in range(3):
        for j in range(i):
            within = np.linalg.norm(plane.corners[i] - plane.corners[j])
            assert within == pytest.approx(np.linalg.norm(three[i] - three[j]))
    assert plane.corners[1][1] == 0 < plane.corners[2][1]
    for axis, place in ((plane.across, 0), (plane.up, 1)):
        assert axis[0] < plane.corners[:, place].min()
        assert axis[-1] > plane.corners[:, place].max()


def test_loss_is_that_of_the_networks():
    plane = ss.loss_plane(PATH, 0.4, points=5)
    start, end, third = (parameters(PATH.network(t)) for t in (0.0, 1.0, 0.4))
    across = (end - start) / np.linalg.norm(end - start)
    up = third - start - (third - start) @ across * across
    net = PATH.network(0)
    for i, j in ((0, 0), (1, 3), (4, 2)):
        at = start + plane.across[j] * across
        at = at + plane.up[i] * up / np.linalg.norm(up)
        nn.utils.vector_to_parameters(torch.from_numpy(at), net.parameters())
        assert plane.loss[i, j] == pytest.approx(half_mse(net, X, Y), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: ss.loss_plane(ss.linear_path(A, B, X, Y), 0.5), "lie on a line"),
        (lambda: ss.loss_plane(PATH, 0.4, points=1), "points must be .*got 1"),
        (lambda: ss.loss_plane(PATH, 1.5), "t must be a number or numbers in"),
    ],
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

"""Batches in pieces, and linearisations against differences."""

import math
from argparse import Namespace

import numpy as np
import pytest
import torch
from adversarial_noise.cases import labelled

from helpers import networks
from helpers.adversarial_noise import decisions


def test_a_gpu_takes_more_rows_at_once():
    image = torch.zeros(3, 32, 32)
    assert decisions.rows_at_once(image) == 42
    assert decisions.rows_at_once(Namespace(is_cuda=True, numel=image.numel)) == 2730
    assert decisions.rows_at_once(torch.zeros(10**6)) == 1


def test_linearise_has_the_right_derivatives():
    net = networks.mlp([5, 7, 4], "tanh", seed=0)
    x, y = labelled(net, 6, 5)
    margins, gradients = decisions.linearise(net, x, y)
    h = 1e-6
    for i in range(5):
        step = h * torch.eye(5, dtype=x.dtype)[i]
        ends = [net(x + sign * step).detach() for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * h)
        rows = torch.arange(6)
        exact = slope - slope[rows, y][:, None]
        np.testing.assert_allclose(gradients[:, :, i].numpy(), exact.numpy(), atol=1e-8)
    assert (margins[rows, y] == -math.inf).all()
    largest, gradient = decisions.linearise(net, x, y, every_class=False)
    assert torch.equal(largest[:, 0], margins.amax(1))
    assert torch.equal(gradient[:, 0], gradients[rows, margins.argmax(1)])
    assert margins.amax(1).numpy() == pytest.approx(
        decisions.scores(net(x).detach(), y).numpy()
    )

"""The functions of the room that take a model, called alike."""

import numpy as np
import pytest

from helpers import sgd_noise as sn

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def size(net):
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


FUNCTIONS = {
    "per_sample_gradients": sn.per_sample_gradients,
    "GradientNoise": lambda net, x, y, **o: sn.GradientNoise(net, x, y, 4, **o),
    "HessianOperator": sn.HessianOperator,
    "hessian": sn.hessian,
    "displaced_losses": lambda net, x, y, **o: sn.displaced_losses(
        net, x, y, np.zeros((1, size(net))), **o
    ),
    "expected_sharpness": lambda net, x, y, **o: sn.expected_sharpness(
        net, x, y, scale=0.01, draws=2, seed=0, **o
    ),
}
WITH_DATA = pytest.mark.parametrize("name", FUNCTIONS)

"""The matrices of a level against the operations of the network."""

import numpy as np
import pytest
import torch
from encoder_decoder.cases import SHAPES, network

from helpers import encoder_decoder as ed
from helpers.encoder_decoder.convolutions import analyze, synthesize
from helpers.encoder_decoder.poolings import average, haar


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pooling", ed.POOLINGS)
def test_matrices_do_what_the_operations_do(shape, pooling):
    net = network(shape, pooling=pooling, skip=True, alpha=1.3)
    level = net.levels()[0]
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(1, net.channels[0], *net.size)))
    z = torch.from_numpy(rng.normal(size=(1, net.channels[1], *net.size)))
    expected = {
        "conv": (level.conv.T @ x.numpy().ravel(), analyze(x, net.encoder[0])),
        "decode": (level.decode @ z.numpy().ravel(), synthesize(z, net.decoder[0])),
        "skip": (
            level.decode_skip @ z.numpy().ravel(),
            synthesize(z, net.decoder_skip[0]),
        ),
    }
    if pooling in ("haar", "average"):
        expected["low"] = level.low.T @ z.numpy().ravel(), average(z)
    if pooling == "haar":
        bands = haar(z)[:, :, 1:]
        expected["high"] = level.high.T @ z.numpy().ravel(), bands
    for name, (found, made) in expected.items():
        made = made.detach().numpy().ravel()
        np.testing.assert_allclose(found, made, atol=1e-13, err_msg=name)
    assert level.gain == 1.3
    assert level.switch == (pooling == "switch")
    assert (level.high is None) == (pooling != "haar")

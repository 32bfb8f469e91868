"""The network with dense layers computes the same."""

import numpy as np
import pytest
import torch
from encoder_decoder.cases import SMOOTH, inputs, network, value

from helpers import encoder_decoder as ed


@pytest.mark.parametrize(("shape", "pooling", "skip"), SMOOTH)
def test_as_an_mlp_the_network_computes_the_same(shape, pooling, skip):
    net = network(shape, pooling=pooling, skip=skip, alpha=1.3)
    mlp = ed.as_mlp(net)
    x = inputs(net, 20)
    found = mlp(torch.as_tensor(x)).detach().numpy()
    np.testing.assert_allclose(found, value(net, x), atol=1e-12)
    assert len(mlp) == 4 * net.depth - 1


BAD = [
    (lambda: ed.as_mlp(network(pooling="max")), "ReLU and a pooling that is linear"),
    (lambda: ed.as_mlp(network(activation="linear")), "network must have ReLU and"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

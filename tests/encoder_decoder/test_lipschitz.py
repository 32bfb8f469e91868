"""Lipschitz constants against Jacobians and against slopes."""

import math

import numpy as np
import pytest
from encoder_decoder.cases import inputs, jacobian, network, value

from helpers import encoder_decoder as ed

CONTINUOUS = [name for name in ed.POOLINGS if name != "switch"]


def test_local_constants_are_norms_of_jacobians():
    net = network("line", skip=True)
    x = inputs(net, 4)
    found = ed.lipschitz_bounds(net, x)
    expected = [np.linalg.svd(jacobian(net, row))[1][0] for row in x]
    np.testing.assert_allclose(found.local, expected)
    assert found.lower == max(found.local)
    assert ed.lipschitz_bounds(net, x[0]).lower == pytest.approx(expected[0])


@pytest.mark.parametrize("pooling", CONTINUOUS)
@pytest.mark.parametrize("skip", [False, True])
def test_theorem_lipschitz(pooling, skip):
    """No slope exceeds the largest K_p of the pieces that its segment crosses."""
    for seed in range(5):
        net = network("line", pooling=pooling, skip=skip, seed=seed, alpha=1.2)
        start, end = inputs(net, 2, seed)
        bounds = ed.lipschitz_bounds(net, ed.pieces_on_segment(net, start, end).middles)
        slope = np.linalg.norm(value(net, end) - value(net, start))
        slope /= np.linalg.norm(end - start)
        assert 0.01 < slope <= bounds.lower * (1 + 1e-12)
        assert bounds.lower <= bounds.upper


def test_where_the_network_jumps_the_theorem_fails():
    net = ed.EncoderDecoder(8, (1, 4), 3, pooling="switch", seed=0)
    u, v = inputs(net, 2)
    pieces = ed.pieces_on_segment(net, u, v)
    ends = u + (pieces.t[:, None] + [[[-1e-9]], [[1e-9]]]) * (v - u)
    rise = np.linalg.norm(value(net, ends[1]) - value(net, ends[0]), axis=1)
    bounds = ed.lipschitz_bounds(net, pieces.middles)
    assert rise.max() / (2e-9 * np.linalg.norm(v - u)) > 1000 * bounds.lower
    assert bounds.upper == math.inf


def norm(matrix):
    return np.linalg.svd(matrix.toarray(), compute_uv=False)[0]


def test_the_upper_bound_is_the_product_over_levels():
    for pooling in ("average", "haar", "max"):
        net = network("line", pooling=pooling, skip=True, alpha=1.5)
        upper = 1.0
        for level in reversed(net.levels()):
            encode = level.conv if pooling == "max" else level.conv @ level.low
            upper *= 1.5 * norm(level.decode @ level.low) * norm(encode)
            if pooling == "haar":
                high = norm(level.decode @ level.high) * norm(level.conv @ level.high)
                upper += 1.5 * high
            upper += norm(level.decode_skip) * norm(level.conv)
        found = ed.lipschitz_bounds(net, inputs(net, 1)).upper
        assert found == pytest.approx(upper)


BAD = [
    (
        lambda: ed.lipschitz_bounds(network("line"), np.ones(3)),
        "points must have shape [16]",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

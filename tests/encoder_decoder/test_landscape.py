"""The gradient in a decoder matrix against autograd, and between its bounds."""

import numpy as np
import pytest
import torch
from encoder_decoder.cases import inputs, network

from helpers import encoder_decoder as ed


def loss(net, x, y, matrix, level):
    """The squared loss with one decoder matrix free, written with matrices."""
    levels = net.levels()
    dense = {
        name: [
            None if part is None else torch.from_numpy(part.toarray())
            for part in (getattr(one, name) for one in levels)
        ]
        for name in ("conv", "low", "decode", "decode_skip")
    }
    h, kept = x, []
    for conv, low in zip(dense["conv"], dense["low"], strict=True):
        z = h @ conv
        kept.append(z.relu())
        h = (z @ low).relu()
    for index in reversed(range(net.depth)):
        made = h @ (dense["decode"][index] @ dense["low"][index]).T
        if level is None and index == net.depth - 1:
            made = h @ matrix.T
        if net.skip:
            free = level == index + 1
            made = (
                made + kept[index] @ (matrix if free else dense["decode_skip"][index]).T
            )
        h = made.relu() if index else made
    return (h - y).square().sum() / 2


@pytest.mark.parametrize("level", [1, 2, None])
def test_the_gradient_is_that_of_autograd(level):
    net = network("line", skip=True)
    x, y = (torch.as_tensor(inputs(net, 6, seed)) for seed in (1, 2))
    one = net.levels()[-1 if level is None else level - 1]
    start = one.decode @ one.low if level is None else one.decode_skip
    matrix = torch.from_numpy(start.toarray()).requires_grad_()
    value = loss(net, x, y, matrix, level)
    (gradient,) = torch.autograd.grad(value, matrix)
    found = ed.landscape_bounds(net, x, y, level)
    assert found.residual**2 / 2 == pytest.approx(value.item())
    assert found.gradient == pytest.approx(float(gradient.norm()))
    assert found.lower <= found.gradient <= found.upper


def test_theorem_landscape_bounds():
    for seed in range(4):
        net = ed.EncoderDecoder(16, (1, 4, 8), 3, skip=True, seed=seed)
        x, y = inputs(net, 10, seed), inputs(net, 10, seed + 9)
        for level in (1, 2, None):
            found = ed.landscape_bounds(net, x, y, level)
            assert found.lower <= found.gradient <= found.upper
            assert found.decoders[0] <= found.decoders[1]
        first = ed.landscape_bounds(net, x, y, 1)
        assert first.decoders == (1.0, 1.0)
        assert first.lower > 0
        features = net.trace(torch.as_tensor(x)).units["skip", 0].relu().numpy()
        values = np.linalg.svd(features)[1]
        assert first.features == pytest.approx((values[-1], values[0]))
        twice = ed.landscape_bounds(net, np.tile(x, (2, 1)), np.tile(y, (2, 1)), 1)
        assert twice.lower < 1e-10
    few = ed.EncoderDecoder(4, (1, 2), 3, skip=True, seed=0)
    many = inputs(few, 9)
    assert ed.landscape_bounds(few, many, many, 1).features[0] == 0


NET, X = network("line", skip=True), np.ones(16)
ONE = ed.EncoderDecoder(8, (1, 4), 3, seed=0)
BAD = [
    (lambda: ed.landscape_bounds(NET, X[None], np.ones((2, 16))), "the same shape"),
    (lambda: ed.landscape_bounds(NET, X, X, 3), "level must be None, or 1..2 with"),
    (lambda: ed.landscape_bounds(NET, X, X, 1.0), "level must be an integer >= 1"),
    (lambda: ed.landscape_bounds(NET, 1e200 * X, X), "within 1e+100, got "),
    (lambda: ed.landscape_bounds(NET, X, 1e200 * X), "within 1e+100, got 1e+200"),
    (lambda: ed.landscape_bounds(ONE, X[:8], X[:8], 1), "1..1 with skip branches"),
    (lambda: ed.landscape_bounds(network(activation="linear"), X, X), "have ReLU"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

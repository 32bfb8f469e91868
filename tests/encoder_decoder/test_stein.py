"""Stein's estimate against the trace of the Jacobian and against the error."""

import numpy as np
import pytest
from encoder_decoder.cases import inputs, jacobian, network, value

from helpers import encoder_decoder as ed


@pytest.mark.parametrize("shape", ["line", "image"])
def test_sure_with_the_trace_of_the_jacobian(shape):
    net = network(shape, pooling="haar", skip=True)
    y = inputs(net, 70)
    found = ed.sure(net, y, 0.5)
    for row in (0, 69):
        trace = np.trace(jacobian(net, y[row]))
        expected = ((value(net, y[row]) - y[row]) ** 2).mean() - 0.25
        expected += 2 * 0.25 * trace / net.n_in
        assert found[row] == pytest.approx(expected)
    assert ed.sure(net, y[0], 0.5).shape == (1,)


def test_theorem_sure_is_unbiased():
    """Mean over 2000 draws of SURE minus the error: 4.5 standard errors, p = 7e-6."""
    net = ed.EncoderDecoder(16, (1, 4, 4), 3, skip=True, seed=0)
    rng = np.random.default_rng(1)
    x = 3 * rng.normal(size=16)
    y = x + rng.normal(size=(2000, 16))
    gap = ed.sure(net, y, 1.0) - ((value(net, y) - x) ** 2).mean(axis=1)
    error = gap.std(ddof=1) / 2000**0.5
    assert abs(gap.mean()) < 4.5 * error < 0.3 * abs(ed.sure(net, y, 1.0).mean())


X = np.ones(16)
BAD = [
    (lambda: ed.sure(network("line"), X, 0.0), "sigma must be finite and > 0, got 0.0"),
    (lambda: ed.sure(network("line"), X, 1e200), "sigma must have a finite square"),
    (lambda: ed.sure(network("line"), X[:3], 1.0), "y must have shape [16]"),
    (lambda: ed.sure(network("line"), X * 1j, 1.0), "y must hold real numbers, got"),
    (lambda: ed.sure(network(pooling="switch"), X, 1.0), "must be continuous"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

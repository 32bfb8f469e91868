"""Frames against Jacobians by autograd, and against the encoder."""

import math

import numpy as np
import pytest
import torch
from encoder_decoder.cases import EVERY, inputs, jacobian, network, value

from helpers import encoder_decoder as ed


@pytest.mark.parametrize(("shape", "pooling", "skip", "activation"), EVERY)
def test_the_frames_multiply_to_the_jacobian(shape, pooling, skip, activation):
    net = network(shape, pooling=pooling, skip=skip, activation=activation, alpha=1.3)
    x = inputs(net)
    for point, frame in zip(x, ed.frames(net, x), strict=True):
        np.testing.assert_allclose(frame.jacobian, jacobian(net, point), atol=1e-13)
        rebuilt = frame.synthesis @ frame.coefficients(point)
        np.testing.assert_allclose(rebuilt, value(net, point), atol=1e-13)
        assert frame.divergence == pytest.approx(np.trace(frame.jacobian))
        one = ed.frames(net, point)
        np.testing.assert_array_equal(one.jacobian, frame.jacobian)


def test_atoms_are_the_code_and_what_goes_across():
    plain = ed.frames(network("line"), np.ones(16))
    skips = ed.frames(network("line", skip=True), np.ones(16))
    bands = ed.frames(network("line", pooling="haar"), np.ones(16))
    assert plain.n_atoms == 2 * 4
    assert skips.n_atoms == 2 * 4 + 8 * 3 + 4 * 4
    assert bands.n_atoms == 2 * 4 + 4 * 3 + 2 * 4
    assert skips.level.tolist() == [2] * 8 + [2] * 16 + [1] * 24
    assert skips.code.tolist() == [True] * 8 + [False] * 40
    assert repr(plain) == "Frames(n_in=16, atoms=8)"
    np.testing.assert_allclose(  # same encoder: the code's atoms are the same
        skips.analysis.toarray()[:, :8], plain.analysis.toarray()
    )


def test_the_coefficients_are_what_the_encoder_computes():
    net = network("line", skip=True)
    (x,) = inputs(net, 1)
    frame = ed.frames(net, x)
    units = net.trace(torch.as_tensor(x)[None]).units
    order = [("low", 1), ("skip", 1), ("skip", 0)]
    features = np.concatenate([units[name][0].relu().numpy() for name in order])
    np.testing.assert_allclose(frame.coefficients(x), features, atol=1e-14)
    assert (frame.coefficients(x)[~frame.alive] == 0).all()
    assert 0 < frame.alive.sum() < frame.n_atoms


def test_frame_bounds_bound_the_energy():
    net = network("line", skip=True)
    x = inputs(net, 200)
    frame = ed.frames(net, x[0])
    low, high = frame.bounds()
    energy = (frame.analysis.T @ x.T) ** 2
    ratio = energy.sum(axis=0) / (x**2).sum(axis=1)
    assert low <= ratio.min()
    assert ratio.max() <= high
    values = np.linalg.svd(frame.analysis.toarray(), compute_uv=False) ** 2
    assert (low, high) == pytest.approx((values[15], values[0]), abs=1e-12)
    assert ed.frames(network("line"), x[0]).bounds()[0] == pytest.approx(0, abs=1e-12)


def test_without_the_gates_of_the_decoder_the_operator_is_wrong():
    net = network("line")
    (x,) = inputs(net, 1)
    first, second = net.levels()
    gates = {key: gate[0].numpy() for key, gate in
             net.trace(torch.as_tensor(x)[None]).gates.items()}  # fmt: skip
    analysis = (first.conv @ first.low).toarray() * gates["low", 0]
    analysis = analysis @ (second.conv @ second.low).toarray() * gates["low", 1]
    outer, inner = ((one.decode @ one.low).toarray() for one in (first, second))
    open_gates = outer @ inner @ analysis.T
    gated = outer * gates["decoder", 1] @ inner @ analysis.T
    np.testing.assert_allclose(gated, jacobian(net, x), atol=1e-13)
    assert abs(open_gates - gated).max() > 0.1


BAD = [
    (
        lambda: ed.frames(network("line"), np.ones(3)),
        "x must have shape [16] or [m, 16], got [3]",
    ),
    (
        lambda: ed.frames(network("line"), np.ones(16) * math.nan),
        "x must be finite, got NaN or infinity",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

"""What goes in comes out; where it does not, it loses what a law says."""

from itertools import product

import numpy as np
import pytest
import torch
from encoder_decoder.cases import inputs, value

from helpers import encoder_decoder as ed


def reconstruction_error(net, seed=0):
    x = inputs(net, 5, seed)
    return abs(value(net, x) - x).max()


RECONSTRUCTING = list(
    product((1, 2), ("identity", "haar"), (1.0, 2.0), (False, True), (False, True))
)


@pytest.mark.parametrize(("axes", "pooling", "alpha", "skip", "paired"), RECONSTRUCTING)
def test_theorem_perfect_reconstruction(axes, pooling, alpha, skip, paired):
    """Rounding is amplified by the condition of Psi, at most 1e4 for these seeds."""
    grow = 2**axes * (1 + paired)
    channels = (1, grow + 2, grow * (grow + 2) + 2)
    filters = ed.perfect_reconstruction_filters(
        channels, 2, axes=axes, alpha=alpha, skip=skip, paired=paired, seed=0
    )
    options = {"pooling": pooling, "skip": skip, "filters": filters}
    activation = "relu" if paired else "linear"
    size = (8,) * axes
    net = ed.EncoderDecoder(
        size, channels, 2, alpha=alpha, activation=activation, **options
    )
    assert reconstruction_error(net) < 1e-11
    wrong = ed.EncoderDecoder(
        size, channels, 2, alpha=1.01 * alpha, activation=activation, **options
    )
    assert reconstruction_error(wrong) > 1e-3


@pytest.mark.parametrize("skip", [False, True])
def test_the_filters_fulfil_the_stated_condition(skip):
    filters = ed.perfect_reconstruction_filters(
        (1, 3, 7), 2, alpha=2.0, skip=skip, seed=5
    )
    for psi, dual in filters:
        psi, dual = (part.numpy().reshape(len(part), -1).T for part in (psi, dual))
        c = 1 / (2 * (2 + skip))
        np.testing.assert_allclose(psi @ dual.T, c * np.eye(len(psi)), atol=1e-12)


def test_a_constant_off_by_one_per_cent_compounds_over_the_levels():
    for depth in (1, 2, 3):
        channels = (1, 3, 7, 15)[: depth + 1]
        filters = ed.perfect_reconstruction_filters(channels, 2, seed=0)
        off = [(psi, 1.01 * dual) for psi, dual in filters]
        net = ed.EncoderDecoder(
            16, channels, 2, pooling="identity", activation="linear", filters=off
        )
        gain = ed.frames(net, np.ones(16)).jacobian
        np.testing.assert_allclose(gain, 1.01**depth * np.eye(16), atol=1e-10)


def test_relu_needs_paired_filters():
    filters = ed.perfect_reconstruction_filters((1, 4), 2, seed=0)
    net = ed.EncoderDecoder(8, (1, 4), 2, pooling="identity", filters=filters)
    assert reconstruction_error(net) > 0.1


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sines_pass_average_pooling_with_the_gain_of_the_law(depth, skip):
    channels = (1, 5, 21, 85)[: depth + 1]
    for taps in (2, 4):
        filters = ed.perfect_reconstruction_filters(channels, taps, skip=skip, seed=0)
        net = ed.EncoderDecoder(
            16, channels, taps, activation="linear", skip=skip, filters=filters
        )
        operator = ed.frames(net, np.ones(16)).jacobian
        for k in range(9):
            sine = np.exp(2j * np.pi * k * np.arange(16) / 16)
            gain = ed.pooling_gain(2 * np.pi * k / 16, depth, skip=skip)
            np.testing.assert_allclose(operator @ sine, gain * sine, atol=1e-10)


def test_the_gain_without_skips_is_fejers_kernel_and_with_them_at_least_half():
    w = np.linspace(0.01, np.pi, 50)
    fejer = (np.sin(8 * w / 2) / (8 * np.sin(w / 2))) ** 2
    np.testing.assert_allclose(ed.pooling_gain(w, 3), fejer, atol=1e-14)
    skips = ed.pooling_gain(w, 3, skip=True)
    assert 0.5 <= skips.min() < 0.501
    assert ed.pooling_gain(0.0, 3, skip=True) == ed.pooling_gain(0.0, 3) == 1


def test_one_tap_leaves_the_blocks_of_average_pooling():
    """With r = 1 nothing is averaged over shifts: 1/2, 3/4, 7/8, 1; or 0 and 1."""
    for skip, gains in (
        (True, [1 / 2] * 8 + [3 / 4] * 4 + [7 / 8] * 2 + [1] * 2),
        (False, [0] * 14 + [1] * 2),
    ):
        filters = ed.perfect_reconstruction_filters((1, 2, 3, 4), 1, skip=skip, seed=0)
        net = ed.EncoderDecoder(
            16, (1, 2, 3, 4), 1, activation="linear", skip=skip, filters=filters
        )
        operator = ed.frames(net, np.ones(16)).jacobian
        np.testing.assert_allclose(np.linalg.eigvalsh(operator), gains, atol=1e-12)


def test_only_sums_over_shifts_matter():
    """A dual that violates Psi Psi~^T = c I and reconstructs: not necessary."""
    (pair,) = ed.perfect_reconstruction_filters((1, 3), 2, seed=0)
    psi = pair[0].numpy().reshape(3, 2).T
    kernel = np.linalg.svd(psi)[2][2]
    dual = pair[1].numpy().reshape(3, 2).T
    twist = np.linalg.pinv(psi.T) @ np.eye(3)  # rows: psi twist^T = I
    moved = dual + np.array([[0.3, 0], [0, -0.3]]) @ twist
    moved = moved + np.outer([1.0, -2.0], kernel)
    assert abs(psi @ moved.T - 0.5 * np.eye(2)).max() > 0.2
    filters = [(pair[0], torch.from_numpy(moved.T.reshape(3, 1, 2).copy()))]
    net = ed.EncoderDecoder(
        8, (1, 3), 2, pooling="identity", activation="linear", filters=filters
    )
    assert reconstruction_error(net) < 1e-13


BAD = [
    (lambda: ed.pooling_gain(0.1, 0), "depth must be an integer >= 1, got 0"),
    (lambda: ed.pooling_gain(0.1, 1100), "depth must be at most 900, got 1100"),
    (lambda: ed.pooling_gain([0.1, np.inf], 1), "frequency must lie in -1e+06..1e+06"),
    (lambda: ed.pooling_gain(np.nan, 1), "frequency must lie in -1e+06..1e+06, got n"),
    (
        lambda: ed.perfect_reconstruction_filters((1, 3, 5), 2, seed=0),
        "channels must grow by a factor of 2 or more a level, got 3 and 5",
    ),
    (
        lambda: ed.perfect_reconstruction_filters((1, 5), 2, paired=True, seed=0),
        "by a factor of 4 or more a level, to even numbers, got 1 and 5",
    ),
    (
        lambda: ed.perfect_reconstruction_filters((1, 4), 2, axes=3, seed=0),
        "axes must be 1 or 2, got 3",
    ),
    (
        lambda: ed.perfect_reconstruction_filters((1, 4), 2, alpha=-1.0, seed=0),
        "alpha must be finite and > 0, got -1.0",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

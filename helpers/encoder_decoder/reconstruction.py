"""Filters with which a linear encoder-decoder returns its input, or nearly."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.arrays import read_numbers
from helpers.encoder_decoder.arguments import (
    check_channels,
    check_count,
    check_positive,
)
from helpers.encoder_decoder.convolutions import Array
from helpers.encoder_decoder.filters import Filters

_FASTEST = 1e6  # frequency, of which 2 pi is known to 1e-10
_DEEPEST = 900  # 2^900 times that frequency is finite


def perfect_reconstruction_filters(
    channels: Sequence[int],
    taps: int,
    *,
    axes: int = 1,
    alpha: float = 1.0,
    skip: bool = False,
    paired: bool = False,
    seed: int,
) -> Filters:
    """Draw filters with which a linear encoder-decoder returns its input.

    Psi_l, [R k_(l-1), k_l] with R = taps^axes, holds filter j in column j, and so does
    Psi~_l of the decoder. Ye & Sung 2019 ask for

        Psi_l Psi~_l^T = c I,  c = 1 / (R alpha), with skips 1 / (R (alpha + 1)),

    beside Phi~ Phi^T = alpha I of the pooling, which "identity" and "haar" fulfil and
    "average", "max" and "switch" do not. Here Psi is Gaussian and
    Psi~ = c (Psi Psi^T)^-1 Psi.

    Args:
        channels: (k_0, k_1, .., k_kappa), k_l >= R k_(l-1); twice that if paired.
        taps: m.
        axes: 1 for signals, 2 for images.
        alpha: as in `EncoderDecoder`.
        skip: whether the network has skip branches.
        paired: filters in pairs psi, -psi (the second half of the channels): they
            reconstruct through ReLU, as phi(a) - phi(-a) = a, and not without it.
        seed: integer >= 0.

    Returns:
        The argument `filters` of `EncoderDecoder`.

    Raises:
        ValueError: an argument out of range, or too few channels.
    """
    channels = check_channels(channels)
    check_count("taps", taps)
    check_positive("alpha", alpha)
    if axes not in (1, 2):
        raise ValueError(f"axes must be 1 or 2, got {axes!r}")
    rng = np.random.default_rng(check_count("seed", seed, 0))
    area, pairs = taps**axes, 1 + paired
    c = 1 / (area * (alpha + skip))
    made: list[tuple[Tensor, Tensor]] = []
    for k_in, k_out in pairwise(channels):
        if k_out % pairs or k_out < pairs * area * k_in:
            raise ValueError(
                f"channels must grow by a factor of {pairs * area} or more a level"
                f"{', to even numbers' * paired}, got {k_in} and {k_out}"
            )
        psi = rng.normal(size=(area * k_in, k_out // pairs))
        dual = c * np.linalg.pinv(psi).T
        shape = (k_out, k_in) + (taps,) * axes
        signed = [np.hstack([part, -part][:pairs]) for part in (psi, dual)]
        encode, decode = (
            torch.from_numpy(part.T.reshape(shape).copy()) for part in signed
        )
        made.append((encode, decode))
    return made


def pooling_gain(frequency: ArrayLike, depth: int, *, skip: bool = False) -> Array:
    """Return what a linear network with average pooling does to each frequency.

    For signals, filters of `perfect_reconstruction_filters` with 2 taps (or another
    even number) and alpha = 1. A convolution with such filters averages what stands
    inside it over m shifts, which cancels the aliasing of the pooling, so that sines
    pass with a gain (ours):

        g_l(w) = cos(w / 2)^2 g_(l+1)(2 w),          g_(kappa+1) = 1,
        g_l(w) = (1 + cos(w / 2)^2 g_(l+1)(2 w)) / 2 with skip branches.

    Without skips g_1 is Fejer's kernel (sin(2^kappa w/2) / (2^kappa sin(w/2)))^2.

    Args:
        frequency: w, in radians a sample, at most 1e6 in size; the gain has period
            2 pi.
        depth: kappa, at most 900.
        skip: whether there are skip branches.

    Returns:
        g_1, shaped as `frequency`.

    Raises:
        TypeError: frequencies that are no real numbers.
        ValueError: depth or a frequency out of range.
    """
    if check_count("depth", depth) > _DEEPEST:
        raise ValueError(f"depth must be at most {_DEEPEST}, got {depth}")
    w = read_numbers("frequency", frequency)
    if not (abs(w) <= _FASTEST).all():
        raise ValueError(f"frequency must lie in -{_FASTEST:g}..{_FASTEST:g}, got {w}")
    gain = np.ones_like(w)
    for level in reversed(range(depth)):
        gain = np.cos(2**level * w / 2) ** 2 * gain
        gain = (1 + gain) / 2 if skip else gain
    return gain

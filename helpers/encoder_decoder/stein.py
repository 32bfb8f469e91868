"""Stein's estimate of the error of a denoiser, which needs no clean signal."""

import math

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.encoder_decoder.arguments import check_positive
from helpers.encoder_decoder.convolutions import Array
from helpers.encoder_decoder.framelets import frames_at
from helpers.encoder_decoder.network import EncoderDecoder, read_inputs

_INPUTS_AT_ONCE = 64


def sure(network: EncoderDecoder, y: ArrayLike, sigma: float) -> Array:
    """Return Stein's unbiased estimate of the mean squared error of f(y).

    For y = x + noise, independent N(0, sigma^2), with the exact divergence of f at y,
    the sum of <b_i(y), b~_i(y)> over all atoms:

        SURE = ||f(y) - y||^2 / n_0 - sigma^2 + 2 sigma^2 div f(y) / n_0,
        E SURE = E ||f(y) - x||^2 / n_0,

    if f is continuous (Stein 1981; with frames Cha et al. 2019).

    Args:
        network: the network f; "switch" is not continuous.
        y: noisy inputs [m, n_0], or one [n_0].
        sigma: standard deviation of the noise, above 0.

    Returns:
        One estimate an input, [m].

    Raises:
        ValueError: wrong shape, NaN or infinity, sigma out of range, a network that is
            not continuous.

    Cost: that of `frames`, 64 inputs at once.
    """
    check_positive("sigma", sigma)
    variance = float(sigma) * float(sigma)
    if not math.isfinite(variance):
        raise ValueError(f"sigma must have a finite square, got {sigma!r}")
    if network.pooling == "switch":
        raise ValueError("network must be continuous, got pooling 'switch'")
    points = read_inputs(network, y, "y")
    with torch.no_grad():
        loss = (network(points) - points).square().mean(1).double().cpu().numpy()
    blocks = [frames_at(network, block) for block in points.split(_INPUTS_AT_ONCE)]
    divergence = np.array([frame.divergence for block in blocks for frame in block])
    found: Array = loss - variance + 2 * variance * divergence / network.n_in
    return found

"""Encoder-decoder CNNs as frames that the input chooses.

The helper of chapter 4, on Ye & Sung, "Understanding Geometry of Encoder-Decoder CNNs"
(ICML 2019). A network f without biases is linear on each of many cones: there
f(x) = B~(x) B(x)^T x, with an analysis frame B(x) and a synthesis frame B~(x) that are
products of sparse convolution and pooling matrices and of 0/1 gates. The paper's
z^l, d_l, s_l, chi^l are h_l, n_l, n^s_l, h^s_l here.
"""

from dataclasses import dataclass
from math import log2

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from helpers.encoder_decoder.arguments import check_positive
from helpers.encoder_decoder.circular import Array
from helpers.encoder_decoder.cones import most_cones
from helpers.encoder_decoder.framelets import (
    frames,
    read_inputs,
)
from helpers.encoder_decoder.network import EncoderDecoder, Level

_INPUTS_AT_ONCE = 64


# How many linear maps there could be.


@dataclass(frozen=True)
class PatternBits:
    """Upper counts of the linear pieces of a network, as powers of two.

    Attributes:
        paper: the exponent of Ye & Sung's count of masks, n_1 + .. + n_(kappa-1), with
            skip branches n^s_1 + .. + n^s_kappa more: code and decoder are not counted.
        gates: number H of all gated units; 2^H masks are the most that can be written.
        arrangements: step by step, each cone of the steps before is cut by at most
            `most_cones(units of the step, n_0)`; the sum of their logarithms.
    """

    paper: int
    gates: int
    arrangements: float


def pattern_bits(network: EncoderDecoder) -> PatternBits:
    """Return logarithms of upper counts of linear pieces.

    `arrangements` is ours in this form; the argument is Zaslavsky's for one step, and
    holds for ReLU and for maxima, one axis after the other.

    Raises:
        ValueError: a linear network.
    """
    if network.activation != "relu":
        raise ValueError("network must have ReLU, got a linear one")
    trace = network.trace(torch.zeros(1, network.n_in).to(network.encoder[0]))
    units = [margin.shape[1] for margin in trace.margins]
    gates = {name: gate.shape[1] for name, gate in trace.gates.items()}
    counted = [
        n
        for (kind, level), n in gates.items()
        if kind == "skip" or (kind in ("low", "high") and level < network.depth - 1)
    ]
    cones = sum(log2(most_cones(n, network.n_in)) for n in units)
    return PatternBits(sum(counted), sum(units), cones)


def as_mlp(network: EncoderDecoder) -> nn.Sequential:
    """Return the network as Linear, ReLU, .., Linear with dense weights in float64.

    What goes across is carried through the hidden layers by units of weight 1, which
    ReLU leaves as they are, since it is not negative. For `linear_regions`.

    Raises:
        ValueError: a linear network, or pooling by a maximum.

    Cost: memory for 2 kappa dense matrices.
    """
    if network.activation != "relu" or network.pooling in ("max", "switch"):
        raise ValueError("network must have ReLU and a pooling that is linear")
    levels, carried = network.levels(), 0
    layers: list[nn.Module] = []
    for level in levels:
        maps = _encoder_blocks(level)
        widths = [block.shape[0] for block in maps]
        layers += [_dense(np.vstack(maps), carried), nn.ReLU()]
        carried += sum(widths[:-1])
    for level in reversed(levels):
        block = np.hstack(_decoder_blocks(level))
        carried -= block.shape[1] - level.low.shape[1]
        layers += [_dense(block, carried), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _encoder_blocks(level: Level) -> list[Array]:
    """Return the maps from h_(l-1) to what goes across and, last, to h_l."""
    blocks = [] if level.decode_skip is None else [level.conv.T]
    if level.high is not None:
        blocks.append((level.conv @ level.high).T)
    return [block.toarray() for block in [*blocks, (level.conv @ level.low).T]]


def _decoder_blocks(level: Level) -> list[Array]:
    """Return the maps to h~_(l-1) from the same, in the same order."""
    blocks = [] if level.decode_skip is None else [level.decode_skip]
    if level.high is not None:
        blocks.append(level.gain * (level.decode @ level.high))
    blocks.append(level.gain * (level.decode @ level.low))
    return [block.toarray() for block in blocks]


def _dense(block: Array, carried: int) -> nn.Linear:
    """Return a layer that carries its first inputs and maps the others by the block."""
    n_out, n_in = block.shape
    layer = nn.utils.skip_init(
        nn.Linear, carried + n_in, carried + n_out, bias=False, dtype=torch.float64
    )
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[:carried, :carried] = torch.eye(carried)
        layer.weight[carried:, carried:] = torch.from_numpy(block)
    return layer


# Denoising: an estimate of the error that needs no clean signal.


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
    if network.pooling == "switch":
        raise ValueError("network must be continuous, got pooling 'switch'")
    points = read_inputs(network, y)
    with torch.no_grad():
        loss = (network(points) - points).square().mean(1).double().cpu().numpy()
    blocks = [frames(network, block.cpu()) for block in points.split(_INPUTS_AT_ONCE)]
    divergence = np.array([frame.divergence for block in blocks for frame in block])
    return loss - sigma**2 + 2 * sigma**2 * divergence / network.n_in

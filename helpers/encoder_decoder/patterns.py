"""How many linear maps there could be: counts of the patterns of open units."""

from dataclasses import dataclass
from math import log2

import torch

from helpers.encoder_decoder.cones import most_cones
from helpers.encoder_decoder.network import EncoderDecoder


@dataclass(frozen=True)
class PatternBits:
    """Counts of masks and bounds of the linear pieces of a network, as powers of two.

    Attributes:
        paper: the exponent of Ye & Sung's count of masks, n_1 + .. + n_(kappa-1), with
            skip branches n^s_1 + .. + n^s_kappa more: code and decoder are not counted.
            They have gates here, so that there can be more pieces than such masks.
        gates: number H of all gated units; 2^H masks can be written, and there are no
            more pieces than that.
        arrangements: step by step, each cone of the steps before is cut by at most
            `most_cones(units of the step, n_0)`; the sum of their logarithms.
    """

    paper: int
    gates: int
    arrangements: float


def pattern_bits(network: EncoderDecoder) -> PatternBits:
    """Return logarithms of counts of masks and of bounds of linear pieces.

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

"""The network written with dense layers, as chapter 1 reads networks."""

import numpy as np
import torch
from torch import nn

from helpers.encoder_decoder.convolutions import Array
from helpers.encoder_decoder.levels import Level
from helpers.encoder_decoder.network import EncoderDecoder


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
    layer = nn.Linear(carried + n_in, carried + n_out, bias=False, device="meta")
    passed, weight = torch.eye(carried, dtype=torch.float64), torch.from_numpy(block)
    layer.weight = nn.Parameter(torch.block_diag(passed, weight))
    return layer

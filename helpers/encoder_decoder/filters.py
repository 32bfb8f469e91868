"""Filters of an encoder-decoder: their shapes, drawn at random or given."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Filters = Sequence[tuple[Tensor, Tensor]]
"""For every level the filters of encoder and decoder, [k_l, k_(l-1), *taps] each."""


def filter_shapes(
    channels: Sequence[int], taps: int, axes: int
) -> list[tuple[int, ...]]:
    """Return (k_l, k_(l-1), *taps) for every level."""
    pairs = zip(channels[1:], channels[:-1], strict=True)
    return [(k_out, k_in) + (taps,) * axes for k_out, k_in in pairs]


def gaussian_filters(
    shapes: Sequence[tuple[int, ...]], *, skip: bool, seed: int
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Draw Gaussian filters for encoder, decoder and skip branches.

    N(0, 2 / fan-in), where a skip branch doubles the fan-in of the decoder.
    """
    generator = torch.Generator().manual_seed(seed)
    encoder, decoder, across = [], [], []
    for shape in shapes:
        area, inner = math.prod(shape[2:]), shape[0] * (1 + skip)
        made = torch.randn(3, *shape, generator=generator, dtype=torch.float64)
        encoder.append(made[0] * math.sqrt(2 / (shape[1] * area)))
        decoder.append(made[1] * math.sqrt(2 / (inner * area)))
        across.append(made[2] * math.sqrt(2 / (inner * area)))
    return encoder, decoder, across


def check_filters(
    filters: Filters, shapes: Sequence[tuple[int, ...]]
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the given filters of encoder and decoder, or raise."""
    pairs = [tuple(torch.as_tensor(part).detach() for part in p) for p in filters]
    if len(pairs) != len(shapes) or any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            f"filters must hold {len(shapes)} pairs (encoder, decoder), "
            f"got {len(pairs)} entries"
        )
    for level, (pair, shape) in enumerate(zip(pairs, shapes, strict=True)):
        for part in pair:
            if tuple(part.shape) != shape:
                raise ValueError(
                    f"filters[{level}] must have shape {shape}, got {tuple(part.shape)}"
                )
            if not part.isfinite().all():
                raise ValueError(f"filters[{level}] must be finite")
    return [a for a, _ in pairs], [b for _, b in pairs]

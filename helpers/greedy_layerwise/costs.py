"""What each way of training costs: multiply-adds, and the numbers kept for backward."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.greedy_layerwise.arguments import check_count
from helpers.greedy_layerwise.layers import Layer, layout

WAYS = ("sequential", "cached", "parallel", "end_to_end")
"""The ways of training that `Cost` knows."""


@dataclass(frozen=True, eq=False)
class Cost:
    """Cost of one image by layer; made by `cost`.

    Attributes:
        block_macs: multiply-adds of block l forward, [L].
        head_macs: the same of head l, [L].
        block_floats: numbers that block l adds to what autograd keeps, [L].
        head_floats: the same of head l, [L].
        input_floats: those of h_(l-1), kept too when layer l is trained alone; 0 where
            the block keeps a copy of its own, [L].
        parameters: of each block, [L].
        head_parameters: of each head, [L].
    """

    block_macs: NDArray[np.int64]
    head_macs: NDArray[np.int64]
    block_floats: NDArray[np.int64]
    head_floats: NDArray[np.int64]
    input_floats: NDArray[np.int64]
    parameters: NDArray[np.int64]
    head_parameters: NDArray[np.int64]

    def flops(self, way: str, epochs: int = 1) -> int:
        """Floating-point operations per training image, two for a multiply-add.

        With F_l and A_l the multiply-adds of block and head forward, e epochs of each
        auxiliary problem and all gradients counted,

            sequential   e sum_l (F_1 + … + F_(l-1) + 2 F_l + 3 A_l)
            cached       e sum_l (2 F_l + 3 A_l) + F_1 + … + F_(L-1)
            parallel     e sum_l (2 F_l + 3 A_l)
            end_to_end   e (3 sum_l F_l - F_1 + 3 A_L)

        A layer costs its forward pass once more for the gradient of its weights, and
        once more for that of its inputs, which the first trained layer does without.

        Args:
            way: one of `WAYS`.
            epochs: e >= 1; of the whole network for end_to_end.

        Raises:
            ValueError: unknown way, epochs below 1.
        """
        check_count("epochs", epochs)
        f, a = self.block_macs, self.head_macs
        local = epochs * (2 * f + 3 * a).sum()
        before = (np.cumsum(f) - f).sum()
        macs = {
            "sequential": local + epochs * before,
            "cached": local + f[:-1].sum(),
            "parallel": local,
            "end_to_end": epochs * (3 * f.sum() - f[0] + 3 * a[-1]),
        }
        return 2 * int(macs[_way(way)])

    def floats(self, way: str) -> int:
        """Numbers kept for backward, per image, at the peak of a step.

        What autograd keeps in float32 without recomputing: inputs of convolutions and
        of the linear map, outputs of relu, inputs of batch norm; each tensor once.
        Parameters, their gradients and the momentum come on top.

        Args:
            way: one of `WAYS`. Sequential and cached need the same.

        Raises:
            ValueError: unknown way.
        """
        alone = self.input_floats + self.block_floats + self.head_floats
        trunk = self.block_floats.sum()
        kept = {
            "sequential": alone.max(),
            "cached": alone.max(),
            "parallel": trunk + self.head_floats.sum(),
            "end_to_end": trunk + self.head_floats[-1],
        }
        return int(kept[_way(way)])


def cost(
    image_shape: Sequence[int],
    n_classes: int,
    depth: int,
    width: int,
    k: int = 1,
    *,
    batch_norm: bool | None = None,
    **shapes: Any,
) -> Cost:
    """Count what training costs, without building the network.

    Args:
        image_shape: (channels, height, width).
        n_classes: number of classes, >= 2.
        depth: L.
        width: channels of the first block.
        k: hidden layers of an auxiliary problem.
        batch_norm: None as in the paper, if k > 1.
        **shapes: downsample, head_width and head_pool of `GreedyNetwork`.

    Raises:
        ValueError: as `GreedyNetwork`.
    """
    check_count("n_classes", n_classes, 2)
    layers = layout(image_shape, depth, width, k, **shapes)
    pool = shapes.get("head_pool", 1)
    normal = k > 1 if batch_norm is None else batch_norm
    rows = [
        (
            *_block(layer, normal, first=number == 0),
            *_head(layer, n_classes, pool, normal),
        )
        for number, layer in enumerate(layers)
    ]
    f, kept, given, weights, a, head_kept, head_weights = np.array(rows).T
    return Cost(f, a, kept, head_kept, given, weights, head_weights)


def _block(layer: Layer, normal: bool, *, first: bool) -> tuple[int, int, int, int]:
    """Return multiply-adds, kept numbers, those of the input, and parameters."""
    into, out = layer.channels
    pixels = layer.side[0] * layer.side[1]
    own_copy = first or layer.downsample
    kept = (1 + normal) * out * pixels + own_copy * into * pixels
    weights = 9 * into * out + out + 2 * normal * out
    return 9 * into * out * pixels, kept, (not own_copy) * into * pixels, weights


def _head(
    layer: Layer, n_classes: int, pool: int, normal: bool
) -> tuple[int, int, int]:
    """Return multiply-adds, kept numbers and parameters."""
    pixels = layer.head_side[0] * layer.head_side[1]
    last = 4 * layer.head[-1]
    macs, kept = last * n_classes, last
    weights = (last + 1) * n_classes
    if pool > 1:
        kept += layer.head[0] * pixels
    for into, out in pairwise(layer.head):
        macs += 9 * into * out * pixels
        kept += (1 + normal) * out * pixels
        weights += 9 * into * out + out + 2 * normal * out
    return macs, kept, weights


def _way(way: str) -> str:
    if way not in WAYS:
        raise ValueError(f"way must be one of {WAYS}, got {way!r}")
    return way

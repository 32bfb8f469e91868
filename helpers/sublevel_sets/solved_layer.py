"""The upper layers of a pyramid, with the lowest of them solved for.

On data D whose N rows are linearly independent, the lowest layer can give the network
any output, whatever the layers above it are, as long as their weights have full rank:
go down from the output through pseudo-inverses and inverse activations. What the layers
above do not see (the kernel of their weights) is free; we call it the hidden part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from helpers.sublevel_sets.arguments import read_data
from helpers.sublevel_sets.assumptions import DESCENT, chosen
from helpers.sublevel_sets.full_rank import (
    RANK,
    full_rank_curve,
    independent_columns,
    numerical_rank,
)
from helpers.sublevel_sets.matrices import (
    Array,
    Indices,
    Shape,
    Theta,
    activate,
    build_network,
    invert,
    pre_activations,
    read_network,
    with_ones,
)
from helpers.sublevel_sets.paths import Segment, line


@dataclass(frozen=True, eq=False)
class SolvedLayer:
    """The layers from number `solved` (1 is the first) to the output, on data D.

    Attributes:
        solved: number of the lowest of them, the one that is solved for.
        below: the layers under it, which do not move.
        slopes: of the activations between them.
        data: [D, 1] with D the features under the layer, [N, n + 1].
        factors: two matrices whose product is its pseudo-inverse. Applied one after
            the other they keep the error of the outputs at rounding, whatever the
            condition number.
    """

    solved: int
    below: Theta
    slopes: tuple[float, ...]
    data: Array
    factors: tuple[Array, Array]

    @classmethod
    def of(cls, theta: Theta, x: Array, shape: Shape, solved: int) -> "SolvedLayer":
        """Return the layers of a network; raise unless [D, 1] has rank N."""
        d = x
        for layer, slope in zip(theta[: solved - 1], shape.slopes, strict=False):
            d = activate(with_ones(d) @ layer, slope)
        data = with_ones(d)
        u, values, vt = np.linalg.svd(data, full_matrices=False)
        rank = int((values > RANK * values[0]).sum())
        if rank < len(x):
            raise ValueError(
                f"float64 cannot tell the N = {len(x)} samples apart that layer "
                f"{solved} sees: with the ones they have rank {rank}"
            )
        below, slopes = theta[: solved - 1], shape.slopes[solved - 1 :]
        return cls(solved, below, slopes, data, (vt.T / values, u.T))

    def output(self, theta: Theta) -> Array:
        """Return the output of a network on the data, [N, m]."""
        return pre_activations(theta[self.solved - 1 :], self.data, self.slopes)[-1]

    def hidden(self, theta: Theta) -> list[Array]:
        """Return what is not seen: of the lowest matrix, then of each layer's input.

        For a network, or for its first few layers.
        """
        lowest, *upper = theta[self.solved - 1 :]
        slopes = self.slopes[: len(upper)]
        z = pre_activations((lowest, *upper), self.data, slopes)
        parts = [lowest - self._fitted(z[0])]
        for layer, slope, below, above in zip(upper, slopes, z, z[1:], strict=False):
            parts.append(activate(below, slope) - _seen(layer, above))
        return parts

    def lowest(
        self, upper: Theta, z: Array, hidden: list[Array], keep: Array | float = 1.0
    ) -> Array:
        """Return the lowest matrix for which the layers `upper` above it end in z.

        Args:
            upper: matrices of the layers above, or the first few of them.
            z: what they are to end in, [..., N, n].
            hidden: from `hidden`, added to what is seen.
            keep: how much of it is added, [..., 1, 1].
        """
        for depth in reversed(range(len(upper))):
            h = _seen(upper[depth], z) + keep * hidden[depth + 1]
            z = invert(h, self.slopes[depth])
        return self._fitted(z) + keep * hidden[0]

    def slide(self, name: str, theta: Theta, target: Array) -> Segment:
        """Move the output straight to `target`, [N, m]: a convex loss on the way."""
        upper, hidden, output = self._parts(theta)

        def curve(t: Array) -> Theta:
            t = t[:, None, None]
            z = (1 - t) * output + t * target
            return (*self.below, self.lowest(upper, z, hidden), *upper)

        return Segment(name, "convex", curve, self.solved)

    def fade(self, name: str, theta: Theta) -> Segment:
        """Let all hidden parts fade out; the output stays."""
        upper, hidden, output = self._parts(theta)

        def curve(t: Array) -> Theta:
            keep = 1 - t[:, None, None]
            return (*self.below, self.lowest(upper, output, hidden, keep), *upper)

        return Segment(name, "constant", curve, self.solved)

    def turn(self, name: str, start: Theta, end: Theta) -> Segment:
        """Turn the upper weights of one faded network into another's; output stays."""
        z = self.output(start)
        pairs = list(zip(start[self.solved :], end[self.solved :], strict=True))
        curves = [full_rank_curve(p[:-1], q[:-1]) for p, q in pairs]
        nothing = [np.zeros(1)] * (len(pairs) + 1)

        def curve(t: Array) -> Theta:
            s = t[:, None, None]
            upper = tuple(
                np.concatenate([weights(t), (1 - s) * p[-1:] + s * q[-1:]], axis=1)
                for weights, (p, q) in zip(curves, pairs, strict=True)
            )
            return (*self.below, self.lowest(upper, z, nothing), *upper)

        return Segment(name, "constant", curve, self.solved)

    def restore_rank(
        self, name: str, theta: Theta, rng: np.random.Generator
    ) -> tuple[list[Segment], Theta]:
        """Give every upper weight matrix full rank, from below; the output stays.

        Where rows J of a layer's matrix depend on the others, J = E I, the features J
        are handed over to I (h_I + h_J E, h_J = 0), which the next layer does not
        notice. Rows J then meet zeros and can move anywhere.
        """
        segments: list[Segment] = []
        for number in range(self.solved + 1, len(theta) + 1):
            weights = theta[number - 1][:-1]
            kept, rest, c = independent_columns(weights.T)
            if len(kept) == weights.shape[1]:
                continue
            moved = self._hand_over(f"{name}: hand over", theta, number, kept, rest, c)
            emptied = moved.at(1)
            moved = moved.welded(theta, emptied)
            layer = emptied[number - 1].copy()
            layer[rest] = rng.normal(size=layer[rest].shape) / len(weights) ** 0.5
            theta = (*emptied[: number - 1], layer, *emptied[number:])
            segments += [moved, line(f"{name}: redraw", "constant", emptied, theta)]
        return segments, theta

    def _fitted(self, z: Array) -> Array:
        """Return the smallest lowest matrix that takes the data to z."""
        outer, inner = self.factors
        return outer @ (inner @ z)

    def _parts(self, theta: Theta) -> tuple[Theta, list[Array], Array]:
        return theta[self.solved :], self.hidden(theta), self.output(theta)

    def _hand_over(
        self,
        name: str,
        theta: Theta,
        number: int,
        kept: Indices,
        rest: Indices,
        c: Array,
    ) -> Segment:
        """Move features h[rest] into h[kept] before layer `number`; c: [kept, rest]."""
        depth = number - self.solved
        below, above = theta[: number - 1], theta[number - 1 :]
        tail, hidden = below[self.solved - 1 :], self.hidden(below)
        z = pre_activations(tail, self.data, self.slopes[: depth - 1])[-1]
        slope = self.slopes[depth - 1]
        h = activate(z, slope)
        given = np.zeros_like(h)
        given[:, kept] = h[:, kept] + h[:, rest] @ c.T

        def curve(t: Array) -> Theta:
            t = t[:, None, None]
            wanted = invert((1 - t) * h + t * given, slope)
            lowest = self.lowest(tail[1:], wanted, hidden)
            return (*self.below, lowest, *tail[1:], *above)

        return Segment(name, "constant", curve)


def solve_first_layer(
    net: nn.Sequential, x: ArrayLike, outputs: ArrayLike
) -> nn.Sequential:
    """Return the network with the same upper layers and these outputs.

    The map h of Nguyen 2019: down from the outputs through pseudo-inverses and inverse
    activations, [W_1, b_1]^T = [x, 1]^+ z_1.

    Args:
        net: widths n_1 >= ... >= n_out, leaky ReLU, upper weights of full rank.
        x: inputs with linearly independent rows of [x, 1], [N, n_0].
        outputs: [N, n_out].

    Raises:
        TypeError: net is another kind of network.
        ValueError: an assumption is not met; the message names it.
    """
    shape, theta = read_network("net", net)
    x, outputs = read_data(x, outputs, shape, "squared", "outputs")
    chosen({"independent": DESCENT["independent"]}, shape, x)
    for number, layer in enumerate(theta[1:], start=2):
        rank = numerical_rank(layer[:-1])
        if rank < layer.shape[1]:
            raise ValueError(
                f"the weights of layer {number} must have rank {layer.shape[1]}, "
                f"got {rank}"
            )
    solver = SolvedLayer.of(theta, x, shape, 1)
    lowest = solver.lowest(theta[1:], outputs, [np.zeros(1)] * len(theta))
    return build_network(shape, (lowest, *theta[1:]))


def _seen(layer: Array, z: Array) -> Array:
    """Return the smallest h that the layer takes to z: (z - b) times W^+."""
    u, values, vt = np.linalg.svd(layer[..., :-1, :], full_matrices=False)
    along = (z - layer[..., -1:, :]) @ np.swapaxes(vt, -1, -2)
    seen: Array = along / values[..., None, :] @ np.swapaxes(u, -1, -2)
    return seen

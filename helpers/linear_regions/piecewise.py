"""A network as a graph of affine maps, activations and maxima.

A sample has any shape; a node works on many at once, [rows, *shape].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import torch
from torch import Tensor

ROUNDING = 1e-13
"""A pre-activation is on a kink when it is nearer than this times |W||h| + |b|."""

SAME_SLOPE = 1e-9
"""Gradients this near are equal; unit: the largest gradient."""

Run: TypeAlias = Callable[[Sequence[Tensor], Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class Affine:
    """The map h_1, h_2, .. -> run([h_1, h_2, ..], weight, bias).

    `run` is linear in the h together for a fixed weight, and with |weight| and squared
    weight it gives what these give for the map's matrix: a convolution is never made
    into that matrix.
    """

    run: Run
    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return Wh + b."""
        return self.run(inputs, self.weight, self.bias)

    def linear(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return Wh."""
        return self.run(inputs, self.weight, None)

    def rounding(self, largest: Sequence[Tensor], error: Sequence[Tensor]) -> Tensor:
        """Return the error of Wh + b for |h| <= largest, h known to the error.

        The errors of the entries of h are taken as independent.
        """
        bias = None if self.bias is None else self.bias.abs()
        own = ROUNDING * self.run(largest, self.weight.abs(), bias)
        squares = [e.square() for e in error]
        return own + self.run(squares, self.weight.square(), None).sqrt()

    def to(self, device: str | torch.device) -> "Affine":
        """Return the same map on another device."""
        bias = None if self.bias is None else self.bias.to(device)
        return Affine(self.run, self.weight.to(device), bias)


@dataclass(frozen=True)
class Rearrangement:
    """A map that moves, repeats or drops entries: flatten, permute, concatenate."""

    run: Callable[[Sequence[Tensor]], Tensor]

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the entries in their new places."""
        return self.run(inputs)

    def linear(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the same: the map is linear."""
        return self.run(inputs)

    def rounding(self, largest: Sequence[Tensor], error: Sequence[Tensor]) -> Tensor:
        """Return the errors in their new places; nothing is rounded."""
        return self.run(error)

    def to(self, device: str | torch.device) -> "Rearrangement":
        """Return the same map."""
        return self


@dataclass(frozen=True)
class Activation:
    """The function slopes[i] z + offsets[i], where i is the number of kinks below z.

    Kinks are numbers, [K]; slopes and offsets are [K + 1], or for a function that
    differs between channels [K + 1, C, 1, ..].
    """

    kinks: Tensor
    slopes: Tensor
    offsets: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        """Apply the function elementwise."""
        value = self.slopes[0] * z + self.offsets[0]
        pieces = zip(self.kinks, self.slopes[1:], self.offsets[1:], strict=True)
        for kink, slope, offset in pieces:
            value = torch.where(z > kink, slope * z + offset, value)
        return value

    def slope(self, z: Tensor) -> Tensor:
        """Return the derivative at each entry, at a kink that from the left."""
        found = self.slopes[0].expand(z.shape[1:])
        for kink, slope in zip(self.kinks, self.slopes[1:], strict=True):
            found = torch.where(z > kink, slope, found)
        return found

    def along(self, z: Tensor, velocity: Tensor) -> Tensor:
        """Return the derivative along a path that passes z at this velocity."""
        return self.slope(z) * velocity

    def on_pieces(self, piece: Tensor, z: Tensor) -> Tensor:
        """Apply pieces, [F, n], to affine maps z, [F, 3, *shape], the constant last."""
        piece = piece.view(len(z), *z.shape[2:])
        slope = self.slopes[0].expand(piece.shape)
        offset = self.offsets[0].expand(piece.shape)
        for i in range(1, len(self.slopes)):
            slope = torch.where(piece == i, self.slopes[i], slope)
            offset = torch.where(piece == i, self.offsets[i], offset)
        mapped = slope[:, None] * z
        mapped[:, 2] += offset
        return mapped

    def snap(self, z: Tensor, tolerance: Tensor) -> Tensor:
        """Return z with what lies within the tolerance of a kink moved onto it."""
        for kink in self.kinks:
            z = torch.where((z - kink).abs() <= tolerance, kink, z)
        return z

    def rounding(self, error: Tensor) -> Tensor:
        """Return the error of the output, taken as that of z."""
        return error

    def to(self, device: str | torch.device) -> "Activation":
        """Return the same function on another device."""
        return Activation(*(part.to(device) for part in vars(self).values()))


@dataclass(frozen=True)
class Maximum:
    """The maxima of groups of entries, as max pooling takes them.

    Attributes:
        index: the entries of each group, as places in the flat sample, [n_out, k];
            a smaller group names one of its entries twice.
        shape: of one output.
    """

    index: Tensor
    shape: tuple[int, ...]

    def __call__(self, z: Tensor) -> Tensor:
        """Return the maxima."""
        return self.candidates(z).amax(dim=-1).reshape(len(z), *self.shape)

    def candidates(self, z: Tensor) -> Tensor:
        """Return the entries of each group, [rows, n_out, k]."""
        entries = z.flatten(1).index_select(1, self.index.flatten())
        return entries.view(len(z), *self.index.shape)

    def along(self, z: Tensor, velocity: Tensor) -> Tensor:
        """Return the derivative along a path that passes z at this velocity."""
        winner = self.candidates(z).argmax(dim=-1, keepdim=True)
        moved = self.candidates(velocity).gather(-1, winner)
        return moved.reshape(len(z), *self.shape)

    def on_pieces(self, piece: Tensor, z: Tensor) -> Tensor:
        """Apply winners, [F, n_out], to maps z, [F, 3, *shape], the constant last."""
        winner = piece.long()[..., None]
        place = self.index.expand(len(piece), -1, -1).gather(2, winner)[:, None, :, 0]
        found = z.flatten(2).gather(2, place.expand(-1, 3, -1))
        return found.reshape(*z.shape[:2], *self.shape)

    def snap(self, z: Tensor, tolerance: Tensor) -> Tensor:
        """Return z itself: ties are told by the tolerance."""
        return z

    def rounding(self, error: Tensor) -> Tensor:
        """Return the error of the maxima, the largest of the group."""
        return self(error)

    def to(self, device: str | torch.device) -> "Maximum":
        """Return the same maxima on another device."""
        return Maximum(self.index.to(device), self.shape)


Kinked: TypeAlias = Activation | Maximum


@dataclass(frozen=True)
class Node:
    """One step of a network.

    Attributes:
        map: what it does.
        inputs: the values it reads; value 0 is the network's input, value i the
            output of node i - 1.
        shape: of one output.
    """

    map: Affine | Rearrangement | Activation | Maximum
    inputs: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def kinked(self) -> bool:
        """Whether the node has kinks: a hidden layer, in the counters' words."""
        return isinstance(self.map, Activation | Maximum)


@dataclass(frozen=True)
class Network:
    """Nodes in an order in which they can be computed.

    Attributes:
        shape: of one input.
        nodes: the steps.
        output: which value is the output.
    """

    shape: tuple[int, ...]
    nodes: tuple[Node, ...]
    output: int

    def __call__(self, x: Tensor) -> Tensor:
        """Return the output for inputs [rows, *shape]."""
        values = {0: x}
        for place, node in enumerate(self.nodes, start=1):
            given = [values[i] for i in node.inputs]
            if isinstance(node.map, Affine | Rearrangement):
                values[place] = node.map(given)
            else:
                values[place] = node.map(given[0])
            self.forget(values, place)
        return values[self.output]

    @property
    def layers(self) -> tuple[int, ...]:
        """Value that each hidden layer l = 1..L makes; it is value layers[l - 1]."""
        return tuple(i for i, node in enumerate(self.nodes, start=1) if node.kinked)

    @cached_property
    def last_reader(self) -> dict[int, int]:
        """The last value that is made from each value; the output is kept for ever."""
        last = {i: i for i in range(len(self.nodes) + 1)}
        for place, node in enumerate(self.nodes, start=1):
            last |= dict.fromkeys(node.inputs, place)
        return last | {self.output: len(self.nodes) + 1}

    @cached_property
    def widest(self) -> tuple[int, ...]:
        """The largest number of entries of the values from each place on."""
        sizes = [torch.Size(node.shape).numel() for node in self.nodes]
        return tuple(max(sizes[i:]) for i in range(len(sizes)))

    def forget(self, values: dict[int, Tensor], place: int) -> None:
        """Drop the values that nobody reads after this one is made."""
        for i in [i for i in values if self.last_reader[i] <= place]:
            del values[i]

    def first(self, n_layers: int) -> "Network":
        """Return n_layers hidden layers, read out by what the next one reads."""
        if n_layers == len(self.layers):
            return self
        following = self.layers[n_layers]
        output = self.nodes[following - 1].inputs[0]
        return Network(self.shape, self.nodes[: following - 1], output)

    def to(self, device: str | torch.device) -> "Network":
        """Return the same network on another device."""
        moved = tuple(replace(node, map=node.map.to(device)) for node in self.nodes)
        return Network(self.shape, moved, self.output)

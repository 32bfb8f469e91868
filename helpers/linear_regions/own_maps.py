"""Several networks of one architecture, of which each line has its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from helpers.linear_regions.piecewise import Affine, Network, Node, Rearrangement

Map: TypeAlias = Affine | Rearrangement


@dataclass(frozen=True)
class OwnMaps:
    """A map for each line, applied to the rows of that line.

    Attributes:
        maps: of lines that follow each other, [m].
        sizes: how many rows each line has, [m].
    """

    maps: Sequence[Map]
    sizes: Sequence[int]

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return Wh + b, with the W and b of the row's line."""
        given = _parted(inputs, self.sizes)
        return torch.cat([m(h) for m, h in zip(self.maps, given, strict=True)])

    def linear(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return Wh."""
        given = _parted(inputs, self.sizes)
        return torch.cat([m.linear(h) for m, h in zip(self.maps, given, strict=True)])

    def rounding(self, largest: Sequence[Tensor], error: Sequence[Tensor]) -> Tensor:
        """Return the errors of all lines, from one row of bounds a line."""
        bounds = (_parted(rows, [1] * len(self.maps)) for rows in (largest, error))
        given = zip(self.maps, *bounds, strict=True)
        return torch.cat([m.rounding(h, e) for m, h, e in given])


def _parted(inputs: Sequence[Tensor], sizes: Sequence[int]) -> Iterator[Sequence[Any]]:
    """Yield the inputs of one line after the other."""
    return zip(*(h.split(sizes) for h in inputs), strict=True)


def check_alike(networks: Sequence[Network]) -> None:
    """Raise unless the networks differ in nothing but their affine maps.

    Raises:
        ValueError: another architecture.
    """
    for number, network in enumerate(networks):
        pairs = zip(network.nodes, networks[0].nodes, strict=False)
        alike = len(network.nodes) == len(networks[0].nodes) and (
            network.output == networks[0].output and all(_alike(*p) for p in pairs)
        )
        if not alike:
            raise ValueError(
                "networks must be of one architecture: the same layers, of the same "
                f"sizes; network {number} is not as network 0"
            )


def _alike(one: Node, other: Node) -> bool:
    """Whether two nodes do the same; affine ones may have other weights."""
    read = (type(one.map), one.inputs, one.shape)
    if read != (type(other.map), other.inputs, other.shape):
        return False
    if not one.kinked:
        return True
    parts = zip(vars(one.map).values(), vars(other.map).values(), strict=True)
    return all(torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in parts)

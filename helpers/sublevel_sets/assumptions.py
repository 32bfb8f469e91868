"""What the theorems on connected sublevel sets assume, checked on network and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from helpers.sublevel_sets.full_rank import numerical_rank
from helpers.sublevel_sets.matrices import Array, Shape, with_ones


@dataclass(frozen=True)
class Needs:
    """The assumptions of one construction.

    Attributes:
        solved: number of the layer that is solved for: 1 if the data are linearly
            independent, 2 if the first layer's features can be.
        strict: whether the widths above must decrease strictly, or may stay.
        factor, less: if `solved` is 2, n_1 >= factor N - less.
    """

    solved: int
    strict: bool
    factor: int = 1
    less: int = 0

    def unmet(self, shape: Shape, x: Array) -> list[str]:
        """Return what does not hold, a phrase each; empty if all does."""
        data = _dependent(x) if self.solved == 1 else self._narrow(shape, x)
        return data + self._not_pyramid(shape) + self._not_onto(shape)

    def _narrow(self, shape: Shape, x: Array) -> list[str]:
        least, found = self.factor * len(x) - self.less, []
        if shape.widths[1] < least:
            factor = self.factor if self.factor > 1 else ""
            formula = f"{factor}N" + (f" - {self.less}" if self.less else "")
            found.append(
                f"n_1 = {shape.widths[1]} is below {formula} = {least}, N = {len(x)}"
            )
        _, first, counts = np.unique(x, axis=0, return_index=True, return_counts=True)
        if counts.max() > 1:
            row = first[counts.argmax()]
            found.append(f"sample {row} comes {counts.max()} times")
        return found

    def _not_pyramid(self, shape: Shape) -> list[str]:
        above = shape.widths[self.solved :]
        if all(p > q or (p == q and not self.strict) for p, q in pairwise(above)):
            return []
        how = "decrease strictly" if self.strict else "not increase"
        return [f"widths must {how} from n_{self.solved} on, they are {above}"]

    def _not_onto(self, shape: Shape) -> list[str]:
        numbered = enumerate(shape.slopes, start=1)
        layers = [k for k, slope in numbered if k >= self.solved and slope == 0]
        if not layers:
            return []
        return [f"ReLU is not onto (leaky ReLU is): hidden layers {layers}"]


CONNECTING: Mapping[str, Needs] = {
    "independent": Needs(1, strict=True),
    "wide": Needs(2, strict=True, factor=2, less=2),
    "exchange": Needs(2, strict=True),
}
"""What it takes to connect two networks, by method."""

DESCENT: Mapping[str, Needs] = {
    "independent": Needs(1, strict=False),
    "wide": Needs(2, strict=False, less=1),
}
"""What it takes to lead one network to zero loss."""


def chosen(methods: Mapping[str, Needs], shape: Shape, x: Array) -> str:
    """Return the first method whose assumptions hold.

    Raises:
        ValueError: none; it says why, for each.
    """
    reasons = []
    for name, needs in methods.items():
        unmet = needs.unmet(shape, x)
        if not unmet:
            return name
        reasons.append(f"{name}: {', '.join(unmet)}")
    raise ValueError("an assumption is not met. " + "; ".join(reasons))


def _dependent(x: Array) -> list[str]:
    rank = numerical_rank(with_ones(x))
    if rank == len(x):
        return []
    return [f"the N = {len(x)} rows of [x, 1] have rank {rank}"]

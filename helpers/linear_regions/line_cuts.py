"""Knots of a piecewise-linear network along many segments at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from helpers.linear_regions.crossings import Crossings, crossings
from helpers.linear_regions.own_maps import Map, OwnMaps
from helpers.linear_regions.piecewise import (
    ROUNDING,
    Affine,
    Kinked,
    Network,
    Rearrangement,
)

Values = dict[int, Tensor]

_ENTRIES_AT_ONCE = 1 << 18  # 2 MB: what stays in the cache
_FEWEST_KNOTS = 64


@dataclass(frozen=True)
class Knots:
    """Knots of many lines, sorted by line and t; row i also owns the cell (i, i+1).

    The last knot of a line owns no cell; its row of `velocity` is never used.

    Attributes:
        line: the line that the knot lies on, [n_knots].
        t: its place on the line, 0 at the start and 1 at the end, [n_knots].
        layer: hidden layer (1..L) of the neuron that has its kink there, [n_knots].
        neuron: index of that neuron in its layer, [n_knots].
        values: the network's values at the knot, by number, [n_knots, *shape] each.
        velocity: their derivatives with respect to t in the cell, as `values`.
    """

    line: Tensor
    t: Tensor
    layer: Tensor
    neuron: Tensor
    values: Values
    velocity: Values

    def take(self, index: Tensor) -> "Knots":
        """Return the rows named by the index."""
        return Knots(
            self.line[index],
            self.t[index],
            self.layer[index],
            self.neuron[index],
            {i: v.index_select(0, index) for i, v in self.values.items()},
            {i: v.index_select(0, index) for i, v in self.velocity.items()},
        )

    def join(self, *others: "Knots") -> "Knots":
        """Return all rows, not sorted."""
        parts = (self, *others)
        return Knots(
            torch.cat([part.line for part in parts]),
            torch.cat([part.t for part in parts]),
            torch.cat([part.layer for part in parts]),
            torch.cat([part.neuron for part in parts]),
            {i: torch.cat([part.values[i] for part in parts]) for i in self.values},
            {i: torch.cat([part.velocity[i] for part in parts]) for i in self.values},
        )


@dataclass(frozen=True)
class _Progress:
    """Lines on which the values up to `place` are known, and their errors by line."""

    place: int
    knots: Knots
    error: Values


@torch.inference_mode()
def cut_lines(networks: Sequence[Network], start: Tensor, end: Tensor) -> Knots:
    """Return all knots of a network on the segments, ends included.

    Every value is affine in each cell, so that its values at the knots suffice. What
    follows in the network sees one cell at a time: where knots are many, the path is
    parted, and its parts are completed one after the other.

    Args:
        networks: what is cut: one network, or for each segment its own, all of one
            architecture.
        start: first end of each segment, [m, *shape].
        end: the other end, [m, *shape].

    Returns:
        The knots, with the output as the only value.
    """
    error = ROUNDING * torch.maximum(start.abs(), end.abs())
    pending = [_Progress(0, _ends(start, end), {0: error})]
    done: list[Knots] = []
    while pending:
        part = pending.pop()
        while part.place < len(networks[0].nodes):
            entries = len(part.knots.t) * networks[0].widest[part.place]
            if entries > _ENTRIES_AT_ONCE and len(part.knots.t) > 2 * _FEWEST_KNOTS:
                part, rest = _halves(part)
                pending.append(rest)
            part = _compute(networks, part)
        done.append(part.knots)
    return _united(done)


def _ends(start: Tensor, end: Tensor) -> Knots:
    """Return the two ends of each segment, with the inputs as values."""
    line = torch.arange(len(start)).repeat_interleave(2)
    none = torch.zeros_like(line)
    t = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat(len(start))
    values = torch.stack([start, end], dim=1).flatten(0, 1)
    return Knots(line, t, none, none, {0: values}, {0: (end - start)[line]})


def _halves(part: _Progress) -> tuple[_Progress, _Progress]:
    """Part the rows in the middle; where that parts a line, both keep the knot."""
    knots, middle = part.knots, len(part.knots.t) // 2
    rows = torch.arange(len(knots.t))
    parts_line = knots.line[middle] == knots.line[middle + 1]
    begin = middle if parts_line else middle + 1
    return (
        replace(part, knots=knots.take(rows[: middle + 1])),
        replace(part, knots=knots.take(rows[begin:])),
    )


def _united(parts: list[Knots]) -> Knots:
    """Return the rows of all parts; of a knot that two parts share, the second's."""
    for i, following in enumerate(parts[1:]):
        last = parts[i]
        same_line = last.line[-1] == following.line[0]
        if same_line and last.t[-1] == following.t[0]:
            parts[i] = last.take(torch.arange(len(last.t) - 1))
    return parts[0].join(*parts[1:])


def _compute(networks: Sequence[Network], part: _Progress) -> _Progress:
    """Compute the next value at all knots, and drop those that are no more read."""
    place, network = part.place + 1, networks[0]
    node = network.nodes[place - 1]
    if isinstance(node.map, Affine | Rearrangement):
        map_: Map | OwnMaps = node.map
        if len(networks) > 1:
            map_ = _of_lines(networks, place, part.knots.line)
        knots, error = _map(map_, node.inputs, place, part)
    else:
        layer = 1 + network.layers.index(place)
        knots, error = _bend(node.map, node.inputs[0], place, layer, part)
    for values in (knots.values, knots.velocity, error):
        network.forget(values, place)
    return _Progress(place, knots, error)


def _of_lines(networks: Sequence[Network], place: int, line: Tensor) -> OwnMaps:
    """Return the maps of the lines that have rows, and how many rows these are."""
    sizes = line.bincount().tolist()
    first = int(line[0])
    maps = [network.nodes[place - 1].map for network in networks[first : len(sizes)]]
    return OwnMaps(cast(list[Map], maps), sizes[first:])


def _map(
    map_: Map | OwnMaps, inputs: tuple[int, ...], place: int, part: _Progress
) -> tuple[Knots, Values]:
    """Apply an affine map at the knots, and its linear part in the cells."""
    knots, first = part.knots, int(part.knots.line[0])
    within = slice(first, int(part.knots.line[-1]) + 1)
    given = [knots.values[i] for i in inputs]
    largest = [_largest(v, knots.line - first) for v in given]
    known = [part.error[i][within] for i in inputs]
    error = map_.rounding(largest, known)
    whole = error.new_zeros(len(part.error[inputs[0]]), *error.shape[1:])
    whole[within] = error
    values = knots.values | {place: map_(given)}
    moved = map_.linear([knots.velocity[i] for i in inputs])
    joined = replace(knots, values=values, velocity=knots.velocity | {place: moved})
    return joined, part.error | {place: whole}


def _largest(values: Tensor, line: Tensor) -> Tensor:
    """Return max |h| over each line, per entry, [m, *shape]."""
    size = values.abs()
    if line[-1] == 0:
        return size.amax(dim=0, keepdim=True)
    return torch.segment_reduce(size, "max", lengths=line.bincount())


def _bend(
    map_: Kinked, read: int, place: int, layer: int, part: _Progress
) -> tuple[Knots, Values]:
    """Insert the knots of a hidden layer, and apply it."""
    tolerance = part.error[read]
    z = map_.snap(part.knots.values[read], tolerance[part.knots.line])
    values = part.knots.values | {read: z}
    knots = _refine(replace(part.knots, values=values), map_, read, layer, tolerance)
    z, velocity = knots.values[read], knots.velocity[read]
    middle = (z + z.roll(-1, dims=0)) / 2
    knots.values[place] = map_(z)
    knots.velocity[place] = map_.along(middle, velocity)
    return knots, part.error | {place: map_.rounding(tolerance)}


def _refine(
    knots: Knots, map_: Kinked, read: int, layer: int, tolerance: Tensor
) -> Knots:
    """Insert a knot wherever the layer changes its piece.

    The tolerance, [m, *shape], is the error of what the layer reads on each line.
    """
    error = tolerance.flatten(1)
    found = crossings(map_, knots.values[read].flatten(1), knots.line, error)
    if not len(found.cell):
        return knots
    new = _new_knots(knots, found, layer)
    new.values[read] = map_.snap(new.values[read], tolerance[new.line])
    joined = knots.join(new)
    by_t = joined.t.argsort(stable=True)
    order = by_t[joined.line[by_t].argsort(stable=True)]
    return joined.take(_without_ties(order, joined, read, found, error))


def _new_knots(knots: Knots, found: Crossings, layer: int) -> Knots:
    """Return the points of the crossings, interpolated in their cells."""
    cell, share = found.cell, found.share

    def between(values: Tensor) -> Tensor:
        weight = share.view(-1, *[1] * (values.ndim - 1))
        left, right = values.index_select(0, cell), values.index_select(0, cell + 1)
        return torch.lerp(left, right, weight)

    return Knots(
        knots.line[cell],
        between(knots.t),
        torch.full_like(cell, layer),
        found.neuron,
        {i: between(values) for i, values in knots.values.items()},
        {i: v.index_select(0, cell) for i, v in knots.velocity.items()},
    )


def _without_ties(
    order: Tensor, knots: Knots, read: int, found: Crossings, error: Tensor
) -> Tensor:
    """Merge the layer's knots that are one point but for rounding.

    A knot is tied to its neighbour if its neuron is at its kink there too. Of two that
    are tied to each other the steeper neuron's stays: its place is the more exact.

    Args:
        order: the rows of the knots in order; the last ones are the crossings found.
        knots: old and new.
        read: the value that the layer reads.
        found: the crossings.
        error: of that value on each line.
    """
    z, velocity = knots.values[read].flatten(1), knots.velocity[read].flatten(1)
    which = torch.arange(len(found.cell))
    new = which + len(knots.t) - len(which)
    tolerance = found.tolerance(error, knots.line[new], which)
    steepness = _speed(found, velocity, new, which) / tolerance
    while True:
        before = len(order)
        for step in (-1, 1):
            tied = _tied(order, step, z, found, tolerance, steepness)
            if len(tied):
                left = torch.ones_like(order, dtype=torch.bool)
                left[tied] = False
                order = order[left]
        if len(order) == before:
            return order


def _speed(found: Crossings, velocity: Tensor, row: Tensor, which: Tensor) -> Tensor:
    """Return how fast the two of each crossing part."""
    speed = velocity[row, found.first]
    other = velocity[row, found.second]
    return (speed - torch.where(found.second < 0, 0.0, other)).abs()


def _tied(
    order: Tensor,
    step: int,
    z: Tensor,
    found: Crossings,
    tolerance: Tensor,
    steepness: Tensor,
) -> Tensor:
    """Return which knots of the layer give way to the one a step away, as places.

    A new knot lies inside a cell, so that both its neighbours are on its line.
    """
    n_old = len(z) - len(tolerance)
    at = (order >= n_old).nonzero()[:, 0]
    own, other = order[at], order[at + step]
    which = own - n_old
    here = found.gap(z, other, which).abs() <= tolerance[which]
    if not here.any():
        return at[:0]
    at, own, other, which = at[here], own[here], other[here], which[here]
    rival = (other - n_old).clamp_min(0)
    there = (other >= n_old) & (found.gap(z, own, rival).abs() <= tolerance[rival])
    stays = there & (steepness[which] > steepness[rival])
    return at[~stays]

"""Knots of a piecewise-linear network along many segments at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.linear_regions.piecewise import Activation, Network


@dataclass(frozen=True)
class Knots:
    """Knots of many lines, sorted by line and t; row i also owns the cell (i, i+1).

    The last knot of a line owns no cell; its row of `velocity` is never used.

    Attributes:
        line: the line that the knot lies on, [n_knots].
        t: its place on the line, 0 at the start and 1 at the end, [n_knots].
        layer: hidden layer (1..L) of the neuron that has its kink there, [n_knots].
        neuron: index of that neuron in its layer, [n_knots].
        values: h or z at the knot, [n_knots, n].
        velocity: dh/dt or dz/dt in the cell, [n_knots, n].
    """

    line: Tensor
    t: Tensor
    layer: Tensor
    neuron: Tensor
    values: Tensor
    velocity: Tensor

    def take(self, index: Tensor) -> "Knots":
        """Return the rows named by the index."""
        return Knots(*(part.index_select(0, index) for part in vars(self).values()))

    def join(self, other: "Knots") -> "Knots":
        """Return both sets of rows, not sorted."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Knots(*(torch.cat(pair) for pair in pairs))

    def with_values(self, values: Tensor, velocity: Tensor) -> "Knots":
        """Return the same knots with other values."""
        return Knots(self.line, self.t, self.layer, self.neuron, values, velocity)


def cut_lines(network: Network, start: Tensor, end: Tensor) -> Knots:
    """Return all knots of the network on the segments, ends included.

    The hidden path is affine in each cell, so that its values at the knots suffice.

    Args:
        network: the layers.
        start: first end of each segment, [m, n_in].
        end: the other end, [m, n_in].

    Returns:
        The knots, with the output and its derivative as values and velocity.
    """
    knots, error = _ends(start, end), torch.zeros_like(start)
    for layer, (affine, activation) in enumerate(network.hidden, start=1):
        error = affine.rounding(_largest(knots, len(start)), error)
        z = activation.snap(affine(knots.values), error[knots.line])
        knots = knots.with_values(z, knots.velocity @ affine.weight.T)
        knots = _activate(_refine(knots, activation, error, layer), activation)
    output = network.readout(knots.values)
    return knots.with_values(output, knots.velocity @ network.readout.weight.T)


def _ends(start: Tensor, end: Tensor) -> Knots:
    """Return the two ends of each segment, with the inputs as values."""
    line = torch.arange(len(start)).repeat_interleave(2)
    none = torch.zeros_like(line)
    t = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat(len(start))
    values = torch.stack([start, end], dim=1).flatten(0, 1)
    return Knots(line, t, none, none, values, (end - start)[line])


def _largest(knots: Knots, n_lines: int) -> Tensor:
    """Return max |h| over each line, per channel, [n_lines, n]."""
    largest = knots.values.new_zeros(n_lines, knots.values.shape[1])
    index = knots.line[:, None].expand_as(knots.values)
    return largest.scatter_reduce(0, index, knots.values.abs(), "amax")


def _refine(
    knots: Knots, activation: Activation, tolerance: Tensor, layer: int
) -> Knots:
    """Insert a knot wherever a neuron of the layer passes one of its kinks.

    The tolerance, [m, n], is the error of each neuron's z on each line.
    """
    refined = knots
    for kink in activation.kinks:
        cell, neuron = _crossings(knots, kink)
        new = _new_knots(knots, cell, neuron, kink)
        values = activation.snap(new.values, tolerance[new.line])
        names = (new.line, new.t, torch.full_like(cell, layer), neuron)
        refined = refined.join(Knots(*names, values, new.velocity))
    by_t = refined.t.argsort(stable=True)
    order = by_t[refined.line[by_t].argsort(stable=True)]
    return _without_ties(refined.take(order), layer, tolerance)


def _crossings(knots: Knots, kink: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cells, and the neurons that pass the kink strictly inside them."""
    above, below = knots.values > kink, knots.values < kink
    passes = (above[:-1] & below[1:]) | (below[:-1] & above[1:])
    passes &= (knots.line[:-1] == knots.line[1:])[:, None]
    cell, neuron = passes.nonzero(as_tuple=True)
    return cell, neuron


def _new_knots(knots: Knots, cell: Tensor, neuron: Tensor, kink: Tensor) -> Knots:
    """Return the points where the neurons pass the kink, interpolated in the cells."""
    left, right = knots.take(cell), knots.take(cell + 1)
    rows = torch.arange(len(cell))
    gap, far = left.values[rows, neuron] - kink, right.values[rows, neuron] - kink
    share = gap / (gap - far)
    t = torch.lerp(left.t, right.t, share)
    values = torch.lerp(left.values, right.values, share[:, None])
    return Knots(left.line, t, left.layer, neuron, values, left.velocity)


def _without_ties(knots: Knots, layer: int, tolerance: Tensor) -> Knots:
    """Merge the layer's knots that are one point but for rounding.

    A knot is tied to its neighbour if its neuron is at its kink there too. Of two that
    are tied to each other the steeper neuron's stays: its place is the more exact.
    """
    while True:
        before = len(knots.t)
        for step in (-1, 1):
            tied = _tied(knots, layer, tolerance, step)
            if tied.any():
                knots = knots.take((~tied).nonzero()[:, 0])
        if len(knots.t) == before:
            return knots


def _tied(knots: Knots, layer: int, tolerance: Tensor, step: int) -> Tensor:
    """Return which knots of the layer give way to the one a step away."""
    row = torch.arange(len(knots.t))
    beside = row.roll(-step)
    new = knots.layer == layer
    neuron = torch.where(new, knots.neuron, 0)
    own = knots.values[row, neuron]
    here = new & (knots.line == knots.line[beside])
    here &= own == knots.values[beside, neuron]
    if not here.any():
        return here
    there = new[beside] & (own[beside] == knots.values[row, neuron[beside]])
    steepness = knots.velocity[row, neuron].abs() / tolerance[knots.line, neuron]
    return here & ~(there & (steepness > steepness[beside]))


def _activate(knots: Knots, activation: Activation) -> Knots:
    """Apply the activation at the knots, and its slope in the cells."""
    middle = (knots.values + knots.values.roll(-1, dims=0)) / 2
    velocity = activation.slope(middle) * knots.velocity
    return knots.with_values(activation(knots.values), velocity)

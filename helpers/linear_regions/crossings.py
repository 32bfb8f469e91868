"""Where activations and maxima change their piece between two neighbouring knots."""

from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.linear_regions.piecewise import Activation, Kinked, Maximum


@dataclass(frozen=True)
class Crossings:
    """Points inside cells at which one entry passes a kink, or another entry.

    Attributes:
        cell: in which it happens, [n].
        share: where, as a share of the cell, [n].
        neuron: which entry of the output changes its piece, [n].
        first: the entry of the input that passes, [n].
        second: the entry that it passes, or -1 for a kink, [n].
        kink: the kink that it passes, 0 where it passes an entry, [n].
    """

    cell: Tensor
    share: Tensor
    neuron: Tensor
    first: Tensor
    second: Tensor
    kink: Tensor

    def gap(self, values: Tensor, row: Tensor, which: Tensor) -> Tensor:
        """Return how far apart the two are of crossing `which`, in a row of values."""
        first, second = self.first[which], self.second[which]
        passed = torch.where(second < 0, self.kink[which], values[row, second])
        return values[row, first] - passed

    def tolerance(self, error: Tensor, line: Tensor, which: Tensor) -> Tensor:
        """Return the error of that gap, given that of the values on each line."""
        first, second = self.first[which], self.second[which]
        other = torch.where(second < 0, 0.0, error[line, second])
        return error[line, first] + other


def crossings(map_: Kinked, z: Tensor, line: Tensor, error: Tensor) -> Crossings:
    """Return where the map changes its piece strictly between neighbouring knots.

    Args:
        map_: the activation or maximum.
        z: what it reads at the knots, snapped, [rows, n].
        line: of each row; two neighbours on one line enclose a cell, [rows].
        error: of z on each line, [m, n].
    """
    inside = line[:-1] == line[1:]
    if isinstance(map_, Maximum):
        slack = 2 * map_.candidates(error).amax(dim=-1)[line]
        return _overtakings(map_, z, inside.nonzero()[:, 0], slack)
    parts = [_passages(map_, z, inside, float(kink)) for kink in map_.kinks]
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Crossings(*(torch.cat(column) for column in columns))


def _passages(map_: Activation, z: Tensor, inside: Tensor, kink: float) -> Crossings:
    """Return where neurons pass one kink."""
    above, below = z > kink, z < kink
    passes = (above[:-1] & below[1:]) | (below[:-1] & above[1:])
    passes &= inside[:, None]
    cell, neuron = passes.nonzero(as_tuple=True)
    gap, far = z[cell, neuron] - kink, z[cell + 1, neuron] - kink
    level, none = torch.full_like(gap, kink), torch.full_like(cell, -1)
    return Crossings(cell, gap / (gap - far), neuron, neuron, none, level)


def _overtakings(map_: Maximum, z: Tensor, cells: Tensor, slack: Tensor) -> Crossings:
    """Return where the winner of a group changes: the breaks of a maximum of lines.

    From the winner at the left end of a cell, the next one is the line that first
    meets it from below; and so on to the right end. Entries that differ by less than
    the slack, [rows, n_out], are tied, and of these the one that wins later counts.
    """
    ends = map_.candidates(z)
    left, right, slack = ends[cells], ends[cells + 1], slack[cells]
    winner = _tied_winner(left, right, slack)
    row, group = (_lead(right, winner) > slack).nonzero(as_tuple=True)
    left, right, winner = left[row, group], right[row, group], winner[row, group]
    found = [_nothing(z)]
    share, slack, index = left.new_zeros(len(row)), slack[row, group], map_.index
    while len(row):
        share, following = _next_winner(left, right, winner, share)
        named = (index[group, following], index[group, winner])
        none = torch.zeros_like(share)
        found.append(Crossings(cells[row], share, group, *named, none))
        more = _lead(right, following) > slack
        left, right, row, group = left[more], right[more], row[more], group[more]
        winner, share, slack = following[more], share[more], slack[more]
    columns = zip(*(vars(part).values() for part in found), strict=True)
    return Crossings(*(torch.cat(column) for column in columns))


def _tied_winner(left: Tensor, right: Tensor, slack: Tensor) -> Tensor:
    """Return the largest on the left, of tied ones the largest on the right."""
    near = left >= (left.amax(dim=-1) - slack)[..., None]
    return torch.where(near, right, -torch.inf).argmax(dim=-1)


def _lead(right: Tensor, winner: Tensor) -> Tensor:
    """Return by how much the largest on the right exceeds the winner so far."""
    own = right.gather(-1, winner[..., None])[..., 0]
    return right.amax(dim=-1) - own


def _next_winner(
    left: Tensor, right: Tensor, winner: Tensor, share: Tensor
) -> tuple[Tensor, Tensor]:
    """Return where the first steeper line meets the winner's, and which it is."""
    rise = right - left
    gain = rise - rise.gather(1, winner[:, None])
    behind = left.gather(1, winner[:, None]) - left
    meets = torch.where(gain > 0, behind / gain, torch.inf)
    meets = torch.maximum(meets, share[:, None])
    first = meets.amin(dim=1)
    together = meets <= (first * (1 + 1e-12))[:, None]
    return first, torch.where(together, gain, -torch.inf).argmax(dim=1)


def _nothing(like: Tensor) -> Crossings:
    no_place = torch.zeros(0, dtype=torch.int64, device=like.device)
    nowhere = like.new_zeros(0)
    return Crossings(no_place, nowhere, no_place, no_place, no_place, nowhere)

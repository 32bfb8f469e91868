"""Faces of a planar subdivision that belong together, made one again."""

from dataclasses import dataclass

import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor


@dataclass(frozen=True)
class Merged:
    """A coarser subdivision.

    Attributes:
        edges: tail, head, face to the left and face to the right, [4, n_edges].
        points: the points that are left, as numbers of before, [n_points].
        faces: one of the faces of before within each face, [n_faces].
    """

    edges: Tensor
    points: Tensor
    faces: Tensor


def merged(edges: Tensor, parent: Tensor, piece: Tensor, n_old: int) -> Merged | None:
    """Merge the faces that have one parent and the same pieces.

    Their union must be convex, as activation regions are. A point that is then left
    with two edges lies inside a straight side, and goes: its edges become one.

    Args:
        edges: tail, head, face to the left and face to the right, [4, n_edges].
        parent: of each face, [n_faces]; face 0, the outside, is its own.
        piece: of each face, [n_faces, n].
        n_old: the points before this one all stay.

    Returns:
        The coarser subdivision, or None where nothing is to be merged.
    """
    key = torch.cat([parent[:, None], piece.to(parent)], dim=1)
    group = torch.unique(key, dim=0, return_inverse=True)[1]
    left, right = group[edges[2:]]
    if not (inner := left == right).any():
        return None
    rest = torch.stack([*edges[:2], left, right])[:, ~inner]
    n_points = max(n_old, int(edges[:2].max()) + 1)
    degree = rest[:2].flatten().bincount(minlength=n_points)
    degree[:n_old] = 3
    straight = _chains(rest, degree == 2)
    if straight[2:].flatten().bincount().min() < 3:
        raise ArithmeticError("the regions are too degenerate for float64")
    points = (degree > 2).nonzero()[:, 0]
    number = torch.cumsum(degree > 2, dim=0) - 1
    faces = torch.empty(int(group.max()) + 1, dtype=group.dtype, device=group.device)
    faces[group] = torch.arange(len(group), device=group.device)
    return Merged(torch.cat([number[straight[:2]], straight[2:]]), points, faces)


def _chains(edges: Tensor, passed: Tensor) -> Tensor:
    """Make one edge of each chain of edges that meet at the points passed."""
    n_edges = edges.shape[1]
    ends = edges[:2].flatten()
    edge = torch.arange(n_edges, device=edges.device).repeat(2)
    first, second = _pairs(ends, edge, passed[ends])
    weights = torch.ones(len(first))
    pairs = (first.cpu().numpy(), second.cpu().numpy())
    graph = coo_array((weights.numpy(), pairs), shape=(n_edges, n_edges))
    chain = torch.as_tensor(connected_components(graph, directed=False)[1]).long()
    outer = (~passed[ends]).nonzero()[:, 0]
    one, other = _halves_of(outer[chain.to(ends.device)[edge[outer]].argsort()])
    leaves = one < n_edges  # the end is the tail of its edge
    left, right = edges[2:, edge[one]]
    return torch.stack(
        [
            ends[one],
            ends[other],
            torch.where(leaves, left, right),
            torch.where(leaves, right, left),
        ]
    )


def _pairs(ends: Tensor, edge: Tensor, passed: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two edges at each point that is passed."""
    at = passed.nonzero()[:, 0]
    one, other = _halves_of(at[ends[at].argsort()])
    return edge[one], edge[other]


def _halves_of(sorted_pairs: Tensor) -> tuple[Tensor, Tensor]:
    return sorted_pairs[::2], sorted_pairs[1::2]

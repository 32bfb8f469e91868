"""Linear algebra of full rank: independent columns, and a curve that keeps the rank."""

from collections.abc import Callable

import numpy as np
from scipy import linalg

from helpers.sublevel_sets.arguments import read_array
from helpers.sublevel_sets.matrices import Array, Indices

Curve = Callable[[Array], Array]

RANK = 1e-10  # pivots and singular values below this share of the largest are zero


def numerical_rank(matrix: Array) -> int:
    """Return the number of singular values that count."""
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > RANK * values[0]).sum())


def independent_columns(columns: Array) -> tuple[Indices, Indices, Array]:
    """Split columns into independent ones and the rest, by QR with pivoting.

    Returns:
        kept, rest and c with columns[:, rest] = columns[:, kept] @ c up to `RANK`.
    """
    r, order = linalg.qr(columns, mode="r", pivoting=True)
    pivots = np.abs(np.diag(r))
    rank = int((pivots > RANK * pivots[:1]).sum())
    c = linalg.solve_triangular(r[:rank, :rank], r[:rank, rank:])
    return order[:rank], order[rank:], c


def full_rank_curve(start: Array, end: Array) -> Curve:
    """Join two p x q matrices of rank q < p; no singular value falls below theirs.

    Write M = Q S with orthonormal columns Q and S = (M^T M)^(1/2). S moves on a
    straight line: its least eigenvalue is concave, so it stays above the smaller of the
    two. Q turns into the other by a rotation, which exists because p > q: a column
    outside Q can be flipped to make the determinant 1.

    Args:
        start: [p, q].
        end: [p, q].

    Returns:
        The curve: t [T] in [0, 1] -> matrices [T, p, q].

    Raises:
        ValueError: not two finite matrices of one shape with more rows than columns.

    Cost: O(p q^2) to make, O(p q^2) a point.
    """
    start, end = read_array("start", start), read_array("end", end)
    tall = start.ndim == 2 and 0 < start.shape[1] < len(start)
    if not (tall and start.shape == end.shape):
        raise ValueError(
            "start and end must be of one shape with more rows than columns, "
            f"got shapes {start.shape} and {end.shape}"
        )
    if not (np.isfinite(start).all() and np.isfinite(end).all()):
        raise ValueError("start and end must be finite, got NaN or infinity")
    (q_start, s_start), (q_end, s_end) = linalg.polar(start), linalg.polar(end)
    basis = np.linalg.qr(np.hstack([q_start, q_end]))[0]  # [p, min(p, 2 q)]
    turn = _turn(basis.T @ q_start, basis.T @ q_end)

    def curve(t: Array) -> Array:
        s = (1 - t)[:, None, None] * s_start + t[:, None, None] * s_end
        return basis @ turn(t) @ s

    return curve


def _turn(start: Array, end: Array) -> Curve:
    """Return t -> R^t start, where the rotation R takes `start` to `end`."""
    rotation = _completed(start, end)
    first, second, angle, frame = _planes(rotation)
    x = frame.T @ start

    def curve(t: Array) -> Array:
        cos, sin = (f(np.outer(t, angle))[..., None] for f in (np.cos, np.sin))
        turned = np.repeat(x[None], len(t), axis=0)
        turned[:, first] = cos * x[first] - sin * x[second]
        turned[:, second] = sin * x[first] + cos * x[second]
        return frame @ turned

    return curve


def _completed(start: Array, end: Array) -> Array:
    """Return a rotation that takes `start` to `end` and turns the rest little."""
    rest_start, rest_end = (linalg.null_space(q.T) for q in (start, end))
    u, _, vt = np.linalg.svd(rest_end.T @ rest_start)
    old = np.hstack([start, rest_start])
    new = np.hstack([end, rest_end @ u @ vt])
    if np.linalg.det(new @ old.T) < 0:
        u[:, -1] *= -1
        new = np.hstack([end, rest_end @ u @ vt])
    return new @ old.T


def _planes(rotation: Array) -> tuple[list[int], list[int], Array, Array]:
    """Return the planes of a rotation as pairs of columns of a frame, and the angles.

    In the real Schur form a plane is a 2 x 2 block; entries -1 come in pairs, each a
    plane turned by pi.
    """
    form, frame = linalg.schur(rotation)
    below = np.append(np.abs(np.diag(form, -1)) > 0, False)
    first = [int(i) for i in np.flatnonzero(below)]
    alone = ~below & ~np.roll(below, 1)
    flipped = [int(i) for i in np.flatnonzero(alone & (np.diag(form) < 0))]
    angle = [np.arctan2(form[i + 1, i], form[i, i]) for i in first]
    angle += [np.pi] * (len(flipped) // 2)
    second = [i + 1 for i in first] + flipped[1::2]
    return first + flipped[::2], second, np.array(angle), frame

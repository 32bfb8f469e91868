"""A window of a plane: read and checked, and projected to the unit sphere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from helpers.linear_regions.reading import finite

Array = NDArray[np.float64]

_FARTHEST = 1e100  # a bound of a window, so that areas are finite


@dataclass(frozen=True)
class Plane:
    """The map (s, t) -> origin + s u + t v; each a point [*shape] of the inputs."""

    origin: Tensor
    u: Tensor
    v: Tensor

    def __call__(self, points: Tensor) -> Tensor:
        """Return the inputs [rows, *shape] at the points (s, t), [rows, 2]."""
        directions = torch.stack([self.u, self.v]).flatten(1)
        inputs = torch.addmm(self.origin.flatten(), points, directions)
        return inputs.view(len(points), *self.origin.shape)

    def to(self, device: str | torch.device) -> "Plane":
        """Return the same plane on another device."""
        return Plane(*(part.to(device) for part in vars(self).values()))


def check_plane(plane: Plane, shape: tuple[int, ...]) -> None:
    """Raise unless origin, u and v are points [*shape] and u, v span a plane.

    Raises:
        ValueError: wrong shape, or u parallel to v.
    """
    for name, vector in vars(plane).items():
        if tuple(vector.shape) != shape:
            got = list(vector.shape)
            raise ValueError(f"{name} must have shape {list(shape)}, got {got}")
    directions = torch.stack([plane.u.flatten(), plane.v.flatten()], dim=1)
    largest = directions.abs().amax(dim=0).clamp_min(torch.finfo(torch.float64).tiny)
    unit = torch.nn.functional.normalize(directions / largest, dim=0)
    if torch.linalg.matrix_rank(unit) < 2:
        raise ValueError("u and v must span a plane, got parallel or zero directions")


def read_extent(extent: Sequence[float]) -> tuple[float, ...]:
    """Return the window (s0, s1, t0, t1), four floats.

    Raises:
        ValueError: not four finite numbers with s0 < s1 and t0 < t1.
    """
    window = tuple(float(bound) for bound in extent)
    if len(window) != 4 or not all(map(math.isfinite, window)):
        raise ValueError(f"extent must be four finite numbers, got {window}")
    if max(map(abs, window)) > _FARTHEST:
        raise ValueError(f"extent must be at most {_FARTHEST:g} in size, got {window}")
    if not (window[0] < window[1] and window[2] < window[3]):
        raise ValueError(
            f"extent must be (s0, s1, t0, t1), s0 < s1 and t0 < t1, got {window}"
        )
    return window


def window_on_sphere(
    origin: ArrayLike, u: ArrayLike, v: ArrayLike, extent: Sequence[float]
) -> tuple[float, float]:
    """Return area and perimeter of a window, projected to the unit sphere.

    Without biases the regions are cones, so that only directions matter. The window of
    `plane_regions` becomes a spherical quadrilateral; its area is the sum of the solid
    angles of two triangles, tan(angle / 2) = det / (1 + sum of the scalar products).

    Args:
        origin: a point of the plane, [n_in]; the plane must not contain 0.
        u: direction of s, [n_in].
        v: direction of t, [n_in].
        extent: (s0, s1, t0, t1).

    Returns:
        Area in (0, 2 pi) and perimeter in (0, 2 pi).

    Raises:
        ValueError: as in `plane_regions`, or a plane through the origin.
    """
    named = {"origin": origin, "u": u, "v": v}
    plane = Plane(*(finite(name, vector) for name, vector in named.items()))
    check_plane(plane, tuple(plane.origin.shape))
    s0, s1, t0, t1 = read_extent(extent)
    columns = (plane.u, plane.v, plane.origin)
    basis = np.column_stack([column.flatten().numpy() for column in columns])
    basis /= np.abs(basis).max()
    if np.linalg.matrix_rank(basis) < 3:
        raise ValueError(
            "origin, u and v must be independent: the plane must not contain 0, where "
            "directions are undefined"
        )
    window = np.array([[s0, s1, s1, s0], [t0, t0, t1, t1], [1, 1, 1, 1]])
    rays = (np.linalg.qr(basis).R @ window).T
    rays /= np.abs(rays).max(axis=1, keepdims=True)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    area = _solid_angle(rays[[0, 1, 2]]) + _solid_angle(rays[[0, 2, 3]])
    sides = zip(rays, np.roll(rays, -1, axis=0), strict=True)
    return area, sum(_angle(a, b) for a, b in sides)


def _solid_angle(triangle: Array) -> float:
    """Return the area of the spherical triangle with these unit vectors as corners."""
    products = (triangle * np.roll(triangle, -1, axis=0)).sum()
    return 2 * math.atan2(abs(np.linalg.det(triangle)), 1 + products)


def _angle(a: Array, b: Array) -> float:
    return math.atan2(np.linalg.norm(np.cross(a, b)), a @ b)

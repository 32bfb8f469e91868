"""Collections and images: clouds of points, bands, tilings, contours, pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib.collections import (
    Collection,
    LineCollection,
    PatchCollection,
    PathCollection,
    PolyCollection,
    QuadMesh,
)
from matplotlib.contour import ContourSet
from matplotlib.image import AxesImage
from matplotlib.path import Path
from matplotlib.quiver import Barbs, Quiver
from matplotlib.transforms import Transform
from PIL import Image

from helpers.figure_data import paths
from helpers.figure_data.looks import POINT, Box, Mark, Unsupported, color, named
from helpers.figure_data.marks import shapes
from helpers.figure_data.paths import TENTHS, Array

__all__ = ["collection", "image", "png"]

_CLEAR = (0.0, 0.0, 0.0, 0.0)


def collection(one: Collection, box: Box) -> Iterator[Mark]:
    """A scatter, a band, polygons, lines, contours or a mesh.

    Raises:
        Unsupported: any other kind, or one with a place for each member.
    """
    one.update_scalarmappable()
    if isinstance(one, QuadMesh):
        yield _mesh(one, box)
    elif isinstance(one, PathCollection):
        yield from _scatter(one, box)
    elif isinstance(one, (PolyCollection, PatchCollection, LineCollection, ContourSet)):
        if np.any(one.get_offsets()) or isinstance(one, (Quiver, Barbs)):
            raise Unsupported(f"{type(one).__name__} with a place for each member")
        yield from _members(one, box)
    else:
        raise Unsupported(type(one).__name__)


def _scatter(one: Any, box: Box) -> Iterator[Mark]:
    """Points of one size and colour are one path."""
    points = np.ma.filled(one.get_offsets().astype(float), np.nan)
    at = box.pixels(one.get_offset_transform()).transform(points)
    looks = np.column_stack(
        [
            np.sqrt(_cycled(one.get_sizes(), len(at), 36.0)),
            _cycled(one.get_facecolor(), len(at), _CLEAR),
            _cycled(one.get_edgecolor(), len(at), _CLEAR),
            _cycled(one.get_linewidth(), len(at), 0.0),
        ]
    )
    kinds, index = np.unique(looks, axis=0, return_inverse=True)
    for k, look in enumerate(kinds.tolist()):
        mark = shapes(
            at[index.ravel() == k],
            one.get_paths()[0],
            look[0] * POINT,
            (color(tuple(look[1:5])), color(tuple(look[5:9]))),
            look[9],
            box.size,
        )
        yield mark | {"name": named(one), "data": one.get_array() is not None}


def _cycled(values: Any, n: int, default: Any) -> Array:
    """The property of n members of a collection, which repeats what it was given."""
    given = np.asarray(values if len(values) else [default], float)
    return given[np.arange(n) % len(given)]


def _members(one: Any, box: Box) -> Iterator[Mark]:
    """Members of one look are one path; those whose colours tell values are tiles."""
    if not one.get_paths():
        return
    members = _moved(one.get_paths(), box.pixels(one.get_transform()))
    looks = np.column_stack(
        [
            _cycled(one.get_facecolor(), len(members), _CLEAR),
            _cycled(one.get_edgecolor(), len(members), _CLEAR),
            _cycled(one.get_linewidth(), len(members), 0.0),
        ]
    )
    found: dict[tuple[float, ...], str] = {}
    for path, look in zip(members, map(tuple, looks.tolist()), strict=True):
        write = paths.areas if look[3] else paths.polylines
        found[look] = found.get(look, "") + write(path, box.size)
    dash = [round(step * POINT, 1) for step in one.get_linestyle()[0][1] or ()]
    shared = {"name": named(one), "dash": dash, "holes": isinstance(one, ContourSet)}
    if _tell_values(one, found) and all(look[3] == 1 for look in found):
        tiles = [
            [colors.to_hex((look[0], look[1], look[2])), d] for look, d in found.items()
        ]
        yield shared | _filled(next(iter(found))) | {"kind": "tiles", "tiles": tiles}
        return
    for look, d in found.items():
        yield shared | _filled(look) | {"d": d}


def _tell_values(one: Collection, looks: Iterable[tuple[float, ...]]) -> bool:
    """Whether colours come from a map, or are more than a band and its edge need."""
    return one.get_array() is not None or len({look[:3] for look in looks}) > 2


def _moved(members: Sequence[Path], transform: Transform) -> list[Path]:
    """Paths after a transform, which is asked once for all of them."""
    corners = [paths.corners_of(path) for path in members]
    ends = np.cumsum([len(some) for some in corners])
    moved = np.split(transform.transform(np.concatenate(corners)), ends[:-1])
    return [Path(xy, path.codes) for xy, path in zip(moved, members, strict=True)]


def _filled(look: tuple[float, ...]) -> Mark:
    """The looks of an area: colour of its face, of its edge, width of its edge."""
    (face, alpha), (edge, edge_alpha) = color(look[:4]), color(look[4:8])
    edged = look[8] > 0 and edge_alpha > 0
    return {
        "kind": "area" if alpha else "rule",
        "fill": face if alpha else "none",
        "color": edge if edged else "none",
        "alpha": alpha or edge_alpha,
        "width": round(look[8] * POINT, 1) if edged else 0.0,
    }


def image(one: AxesImage, box: Box) -> Iterator[Mark]:
    """An image, one pixel of the file for one of its own.

    Raises:
        Unsupported: on an axis that is not linear.
    """
    if {box.axes.get_xscale(), box.axes.get_yscale()} != {"linear"}:
        raise Unsupported("an image on a scale that is not linear")
    left, right, bottom, top = one.get_extent()
    corners = box.pixels(one.get_transform()).transform([(left, top), (right, bottom)])
    values: Any = one.get_array()
    rgba = one.to_rgba(values, alpha=one.get_alpha(), bytes=True)
    yield _picture(rgba if one.origin == "upper" else rgba[::-1], corners)


def _mesh(one: QuadMesh, box: Box) -> Mark:
    """A mesh of rectangles as an image; uneven columns and rows are sampled by pixels.

    Raises:
        Unsupported: the mesh is not of rectangles, or its colours run into each other.
    """
    grid = np.asarray(one.get_coordinates())
    values: Any = one.get_array()
    if values.shape[:2] != (grid.shape[0] - 1, grid.shape[1] - 1):
        raise Unsupported("a mesh of shades")
    if np.ptp(grid[..., 0], axis=0).any() or np.ptp(grid[..., 1], axis=1).any():
        raise Unsupported("a mesh that is not upright")
    rgba = one.to_rgba(values, alpha=one.get_alpha(), bytes=True)
    pixels = box.pixels(one.get_transform())
    x_edges = pixels.transform(grid[0])[:, 0]
    y_edges = pixels.transform(grid[:, 0])[:, 1]
    rows, columns = _even(y_edges), _even(x_edges)
    ends = [(x_edges[0], y_edges[0]), (x_edges[-1], y_edges[-1])]
    return _picture(rgba[rows][:, columns], np.array(ends))


def _even(edges: Array) -> Array:
    """Which cell stands at each step of an even walk from first to last edge."""
    cells = np.arange(len(edges) - 1)
    if np.ptp(np.diff(edges)) < 2 / TENTHS:
        return cells
    steps = int(np.ceil(abs(edges[-1] - edges[0])))
    middles = edges[0] + (np.arange(steps) + 0.5) / steps * (edges[-1] - edges[0])
    sign = 1 if edges[-1] > edges[0] else -1
    found = np.searchsorted(sign * edges, sign * middles) - 1
    return np.asarray(np.clip(found, 0, cells[-1]))


def _picture(rgba: Array, corners: Array) -> Mark:
    """An image between two corners, in pixels: of its first pixel and its last."""
    (left, top), (right, bottom) = corners
    upright = rgba[:: 1 if bottom > top else -1, :: 1 if right > left else -1]
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, width, height = np.round(np.append(low, high - low) * TENTHS).tolist()
    place = [int(x), int(y), int(width), int(height)]
    return {"kind": "image", "at": place, "uri": png(upright)}


def png(rgba: Array) -> str:
    """Pixels as a PNG in a data URI, without loss; up to 256 colours as a palette.

    Args:
        rgba: 0 to 255, [height, width, 4].
    """
    whole = np.ascontiguousarray(rgba).view(np.uint32)
    numbers, index = np.unique(whole, return_inverse=True)
    shades = numbers.view(np.uint8).reshape(-1, 4)
    opaque = bool((shades[:, 3] == 255).all())
    clear: dict[str, bytes] = {}
    if len(shades) <= 256:
        picture = Image.fromarray(index.reshape(rgba.shape[:2]).astype(np.uint8))
        picture.putpalette(shades[:, :3].tobytes())
        clear = {} if opaque else {"transparency": shades[:, 3].tobytes()}
    else:
        picture = Image.fromarray(np.ascontiguousarray(rgba[..., : 3 if opaque else 4]))
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True, **clear)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()

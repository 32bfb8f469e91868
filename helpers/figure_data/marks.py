"""What stands in a matplotlib axes, as data: lines, points, bars, areas, images, words.

Nothing is drawn. Every place is counted in pixels from the upper left corner of the
axes' box and written in tenths of a pixel (`paths`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import cbook
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import FancyArrowPatch, Patch
from matplotlib.path import Path

from helpers.figure_data import paths
from helpers.figure_data.looks import (
    POINT,
    Box,
    Mark,
    Unsupported,
    color,
    dashes,
    is_none,
    named,
)
from helpers.figure_data.paths import TENTHS, Array

__all__ = ["bars", "key", "line", "markers", "patch", "shapes"]


def line(one: Line2D, box: Box) -> Iterator[Mark]:
    """A line and its markers.

    A line across the whole axes, as of axhline, is a "rule": no curve of values; so is
    the line between markers, which are the values.
    """
    of_data = all(one.get_transform().contains_branch_seperately(box.axes.transData))
    marked = _is_marked(one)
    shared = {"name": named(one)}
    if _is_drawn(one):
        points = box.pixels(one.get_transform()).transform(_stepped(one))
        yield shared | {
            "kind": "line" if of_data and not marked else "rule",
            "d": paths.polyline(points, box.size),
            **_stroke(one),
        }
    if marked:
        points = paths.corners_of(one.get_path())[_every(one)]
        at = box.pixels(one.get_transform()).transform(points)
        yield shared | markers(one, at, box.size)


def key(one: Line2D, at: Array, size: tuple[float, float]) -> list[Mark]:
    """A line's entry in a legend of such a size, with a marker at some place."""
    found: list[Mark] = []
    if _is_drawn(one):
        ends = np.array([(0, at[0, 1]), (size[0], at[0, 1])])
        found.append({"kind": "rule", "d": paths.written(ends), **_stroke(one)})
    if _is_marked(one):
        found.append(markers(one, at, size))
    return found


def _is_drawn(one: Line2D) -> bool:
    return one.get_linestyle() not in _NOTHING and one.get_linewidth() > 0


def _is_marked(one: Line2D) -> bool:
    return one.get_marker() not in _NOTHING and one.get_markersize() > 0


def _stroke(one: Line2D) -> Mark:
    hue, alpha = color(one.get_color(), one.get_alpha())
    return {
        "color": hue,
        "alpha": alpha,
        "width": round(one.get_linewidth() * POINT, 1),
        "dash": dashes(str(one.get_linestyle()), one.get_linewidth()),
    }


_NOTHING = ("None", "none", "", " ", None)


def _stepped(one: Line2D) -> Array:
    """The corners of a line: of a staircase those between its points too."""
    points = paths.corners_of(one.get_path())
    if one.get_drawstyle() == "default":
        return points
    steps = cbook.STEP_LOOKUP_MAP[one.get_drawstyle()](*points.T)
    return np.stack(steps, axis=1)


def _every(one: Line2D) -> Any:
    """Which points have a marker, as an index."""
    every = one.get_markevery()
    if every is None or isinstance(every, (slice, list, np.ndarray)):
        return slice(None) if every is None else every
    if isinstance(every, int):
        return slice(None, None, every)
    raise Unsupported(f"markevery {every!r}")


def markers(one: Line2D, at: Array, size: tuple[float, float]) -> Mark:
    """A line's markers at such places, [n, 2], in pixels."""
    style = MarkerStyle(one.get_marker())
    shape = style.get_path().transformed(style.get_transform())
    alpha = one.get_alpha()
    face = ("none", 0.0)
    if style.is_filled():
        face = color(one.get_markerfacecolor(), _unless_none(one, alpha))
    edge = color(one.get_markeredgecolor(), alpha)
    scale, edge_width = one.get_markersize() * POINT, one.get_markeredgewidth()
    return shapes(at, shape, scale, (face, edge), edge_width, size)


def _unless_none(one: Line2D, alpha: float | None) -> float | None:
    return None if is_none(one.get_markerfacecolor()) else alpha


def shapes(
    at: Array,
    shape: Path,
    scale: float,
    hues: tuple[tuple[str, float], tuple[str, float]],
    edge_width: float,
    size: tuple[float, float],
) -> Mark:
    """The same shape at many points; a disc of one colour is a dot of a round pen.

    Args:
        at: pixels in the box, [n, 2].
        shape: around the origin, y upwards.
        scale: pixels for a unit of the shape.
        hues: colour and alpha of its face and its edge.
        edge_width: in points.
        size: of the box.
    """
    (face, alpha), (edge, edge_alpha) = hues
    edged = edge_width > 0 and edge_alpha > 0
    if paths.is_circle(shape) and alpha and (not edged or edge == face):
        diameter = 2 * np.abs(paths.corners_of(shape)).max() * scale
        return {
            "kind": "dots",
            "d": paths.repeated(at, paths.DOT, size),
            "color": face,
            "alpha": alpha,
            "width": round(diameter + edged * edge_width * POINT, 1),
        }
    return {
        "kind": "markers",
        "d": paths.repeated(at, paths.outline(shape, scale), size),
        "fill": face if alpha else "none",
        "color": edge if edged else "none",
        "alpha": alpha or edge_alpha,
        "width": round(edge_width * POINT, 1) if edged else 0.0,
    }


def bars(container: BarContainer, box: Box) -> Iterator[Mark]:
    """Bars of one colour are one path: each from a corner at its foot to its end."""
    corners = [
        [bar.get_xy(), (bar.get_x() + bar.get_width(), bar.get_y() + bar.get_height())]
        for bar in container.patches
    ]
    pixels = box.pixels(container.patches[0].get_data_transform())
    at = pixels.transform(np.reshape(corners, (-1, 2)))
    seen = np.clip(at, -_OUTSIDE, np.add(box.size, _OUTSIDE))
    whole = np.round(seen * TENTHS).astype(int).reshape(-1, 4).tolist()
    found: dict[tuple[str, float], str] = {}
    for bar, (left, foot, right, end) in zip(container.patches, whole, strict=True):
        d = f"M{left} {foot}h{right - left}v{end - foot}h{left - right}z"
        face = color(bar.get_facecolor())
        found[face] = found.get(face, "") + d * (left != right and foot != end)
    for (hue, alpha), d in found.items():
        upright = container.orientation != "horizontal"
        yield {
            "kind": "bars" if upright else "beams",
            "d": d,
            "fill": hue,
            "alpha": alpha,
            "name": named(container),
        }


_OUTSIDE = 20.0
"""Bars go on at most so far outside their box, in pixels."""


def patch(one: Patch, box: Box) -> Iterator[Mark]:
    """A rectangle, circle, polygon, span: any filled or bounded shape.

    Raises:
        Unsupported: an arrow whose shape depends on how the figure is drawn.
    """
    if isinstance(one, FancyArrowPatch):
        raise Unsupported("FancyArrowPatch")
    path = box.pixels(one.get_transform()).transform_path(one.get_path())
    face, edge = color(one.get_facecolor()), color(one.get_edgecolor())
    filled = one.get_fill() and face[1] > 0
    edged = edge[1] > 0 and one.get_linewidth() > 0
    yield {
        "kind": "area",
        "d": paths.areas(path, box.size),
        "fill": face[0] if filled else "none",
        "alpha": face[1] if filled else edge[1],
        "color": edge[0] if edged else "none",
        "width": round(one.get_linewidth() * POINT, 1) if edged else 0.0,
        "dash": dashes(str(one.get_linestyle()), one.get_linewidth()),
        "name": named(one),
    }

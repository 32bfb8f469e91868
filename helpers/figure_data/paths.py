"""Lines and areas as the `d` of an SVG path, in tenths of a pixel; thinned and clipped.

A path here has the commands M (absolute), m, l, h, v, a (relative) and z alone, so that
a page reads the places back with a dozen lines of script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox

__all__ = [
    "DOT",
    "TENTHS",
    "Array",
    "areas",
    "corners_of",
    "extremes",
    "flipped",
    "is_circle",
    "outline",
    "polyline",
    "polylines",
    "repeated",
    "vertices",
    "written",
]

Array = np.ndarray
TENTHS = 10
"""Units of a path in a pixel."""
DOT = "h0"
"""The shape that a round pen makes without moving."""
_BEYOND = 12.0
"""How far outside its box a line goes on, in pixels: more than half its width."""
_STRAIGHT = 0.1
"""A vertex less than this beside the line through its neighbours goes, in pixels."""
_PIECE = re.compile(r"([Mmlhvaz])([^A-Za-z]*)")
_NUMBER = re.compile(r"-?\d+")


def polyline(points: Array, size: tuple[float, float]) -> str:
    """A line through points, as a path.

    Args:
        points: pixels in the box, [n, 2]; a gap where one is not finite.
        size: width and height of the box; what lies far outside is cut off.

    Returns:
        The path: of a curve with more points than pixels the extremes in each column,
        without the vertices that lie on the line through their neighbours to a tenth
        of a pixel. Empty where nothing shows. Cost: about 0.2 ms for 1000 points.
    """
    path = Path(extremes(np.asarray(points, float)))
    path.simplify_threshold = _STRAIGHT
    width, height = size
    window = (-_BEYOND, -_BEYOND, width + _BEYOND, height + _BEYOND)
    seen = path.cleaned(
        remove_nans=True, clip=window, simplify=len(points) > 2, curves=False
    )
    starts = np.flatnonzero(seen.codes == Path.MOVETO)
    drawn = corners_of(seen)[seen.codes != Path.STOP]
    parts = np.split(drawn, starts)[1:]
    # Of a line that is cut off as a whole, matplotlib leaves a point at the origin.
    return "".join(written(part) for part in parts if len(part) > 1)


def polylines(path: Path, size: tuple[float, float]) -> str:
    """The open and closed lines of a path, in pixels of the box, without filling."""
    lines = path.to_polygons(closed_only=False)
    return "".join(polyline(np.asarray(points), size) for points in lines)


def extremes(points: Array) -> Array:
    """A curve's first, lowest, highest and last point in each column of pixels.

    What is not a function of x, has a gap or fewer than four points a column stays.
    """
    x, y = points.T
    rising = np.diff(x) >= 0
    if len(x) < 8 or not np.isfinite(points).all() or rising.any() != rising.all():
        return points
    column = np.floor(x if rising.all() else -x).astype(int)
    if len(x) <= 4 * (column[-1] - column[0] + 1):
        return points
    order = np.lexsort((y, column))
    first = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    last = np.append(first[1:], len(x)) - 1
    keep = np.unique(np.concatenate([first, last, order[first], order[last]]))
    return np.asarray(points[keep])


def areas(path: Path, size: tuple[float, float]) -> str:
    """A filled path, in pixels of the box, as closed polygons cut off outside it."""
    corners = corners_of(path)
    if not len(corners):
        return ""
    low, high = -_BEYOND, np.add(size, _BEYOND)
    inside = bool(corners.min() >= low and (corners <= high).all())
    if inside and _is_polygon(path):
        return written(_simplified(corners), closed=True)
    if path.codes is not None and np.max(path.codes) > Path.LINETO:
        path = _without_curves(path)
    if not np.isfinite(corners).all():
        path = path.cleaned(remove_nans=True)
    if not inside:
        path = path.clip_to_bbox(Bbox.from_extents(low, low, *high))
    return "".join(
        written(_simplified(polygon), closed=True)
        for polygon in map(np.asarray, path.to_polygons())
        if len(polygon) > 2
    )


def _is_polygon(path: Path) -> bool:
    """Whether a path is one closed polygon with its first corner again at its end."""
    if path.codes is None:
        return False
    codes, corners = np.asarray(path.codes), corners_of(path)
    if codes[-1] != Path.CLOSEPOLY or len(codes) < 4:
        return False
    lines = bool((codes[1:-1] == Path.LINETO).all())
    return lines and corners[0].tolist() == corners[-1].tolist()


def corners_of(path: Path) -> Array:
    """The vertices of a path, [n, 2]."""
    return np.asarray(path.vertices)


def _without_curves(path: Path) -> Path:
    """Arcs as chords, without the mark of its end, as clipping wants it."""
    flat = path.cleaned(curves=False)
    return Path(corners_of(flat)[:-1], np.asarray(flat.codes)[:-1])


def _simplified(polygon: Array) -> Array:
    if len(polygon) < 40:
        return polygon
    outline = Path(polygon)
    outline.simplify_threshold = _STRAIGHT
    return corners_of(outline.cleaned(simplify=True))[:-1]


def written(points: Array, *, closed: bool = False) -> str:
    """Corners, in pixels, as a path: where it starts, then steps; those of 0 go."""
    # Plain integers: most paths are short, and numpy is slow on those.
    whole = np.round(points * TENTHS).astype(int).tolist()
    x, y = first = whole[0]
    steps: list[int] = []
    for u, v in whole[1:]:
        if u != x or v != y:
            steps += (u - x, v - y)
            x, y = u, v
    if closed and [x, y] == first:
        steps = steps[:-2]
    if not steps:
        return "" if closed else f"M{_numbers(first)}{DOT}"
    return f"M{_numbers(first)}l{_numbers(steps)}" + "z" * closed


def _numbers(values: Sequence[int]) -> str:
    """Whole numbers side by side; a minus sign is all the space that is needed."""
    return " ".join(map(str, values)).replace(" -", "-")


def repeated(points: Array, shape: str, size: tuple[float, float]) -> str:
    """One shape at many points of the box, [n, 2]: `DOT`, or an `outline`."""
    width, height = size
    low, high = (-_BEYOND, -_BEYOND), (width + _BEYOND, height + _BEYOND)
    seen = points[((points >= low) & (points <= high)).all(axis=1)]
    whole = np.round(seen * TENTHS).astype(int).tolist()
    return "".join(f"M{_numbers(point)}{shape}" for point in whole)


def outline(path: Path, scale: float) -> str:
    """A path around the origin, y upwards, as steps from a point."""
    if is_circle(path):
        r = round(np.abs(corners_of(path)).max() * scale * TENTHS)
        return f"m{-r} 0a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"
    flat = path.transformed(Affine2D().scale(scale, -scale)).cleaned(curves=False)
    here = start = np.zeros(2, int)
    text = ""
    for point, code in zip(corners_of(flat), np.asarray(flat.codes), strict=True):
        if code == Path.CLOSEPOLY:
            text, here = text + "z", start
        elif code != Path.STOP:
            there = np.round(point * TENTHS).astype(int)
            text += ("m" if code == Path.MOVETO else "l") + _numbers(
                (there - here).tolist()
            )
            start, here = (there if code == Path.MOVETO else start), there
    return text


def is_circle(path: Path) -> bool:
    """Whether a path is matplotlib's circle around the origin, of any radius."""
    circle, corners = corners_of(Path.unit_circle()), corners_of(path)
    if len(corners) != len(circle):
        return False
    return bool(np.allclose(corners, circle * np.abs(corners).max()))


def flipped(width: float, height: float) -> Affine2D:
    """From fractions of a box, y upwards, to its pixels, y downwards."""
    return Affine2D().scale(width, -height).translate(0, height)


def vertices(d: str, spacing: float | None = None) -> Array:
    """The places of a path, in pixels, [n, 2]: corners of lines, centres of markers.

    Args:
        d: a path of `polyline` or `repeated`.
        spacing: where given, points are put in on lines so that none are further apart.
    """
    found, here, on_line = [np.empty((0, 2))], np.zeros(2), True
    for letter, numbers in _PIECE.findall(d):
        values = np.array(_NUMBER.findall(numbers), float) / TENTHS
        if letter in "Mm":
            here, on_line = values, letter == "M"
        if letter == "M":
            found.append(here[None])
        elif letter == "l" and on_line:
            corners = np.cumsum(np.vstack([here, values.reshape(-1, 2)]), axis=0)
            here = corners[-1]
            found.append(_dense(corners, spacing)[1:])
    return np.concatenate(found)


def _dense(corners: Array, spacing: float | None) -> Array:
    if spacing is None:
        return corners
    along = np.append(0, np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1)))
    extra = np.arange(0, along[-1], spacing)
    at = np.unique(np.concatenate([along, extra]))
    return np.stack([np.interp(at, along, one) for one in corners.T], axis=1)

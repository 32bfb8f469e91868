"""Words in an axes, with or without an arrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.text import Annotation
from matplotlib.transforms import Transform

from helpers.figure_data import paths, text
from helpers.figure_data.looks import POINT, Box, Mark, Unsupported, color
from helpers.figure_data.paths import TENTHS, Array

__all__ = ["extent", "words"]

LINE = 1.2
"""From one line of text to the next, over the size of the font."""
_HEAD = 7.0
"""Length of an arrow's head in pixels."""


def words(one: Any, box: Box) -> Iterator[Mark]:
    """A text (matplotlib's) at its place; of an annotation also the arrow.

    Raises:
        Unsupported: the place is counted in a way that only drawing tells.
    """
    if isinstance(one, Annotation):
        target = _place(one.xy, one.xycoords, box)
        at = _place(one.xyann, one.anncoords, box, target)
    else:
        pixels = box.pixels(one.get_transform())
        at = pixels.transform(np.asarray(one.get_unitless_position(), float))
    hue, alpha = color(one.get_color(), one.get_alpha())
    mark = {
        "kind": "text",
        "at": np.round(at * TENTHS).astype(int).tolist(),
        "text": one.get_text(),
        "align": [one.get_ha(), one.get_va()],
        "rotate": round(one.get_rotation()),
        "size": round(one.get_fontsize() * POINT, 1),
        "color": hue,
        "alpha": alpha,
    }
    if isinstance(one, Annotation) and one.arrowprops is not None:
        yield from _arrow(one, extent(mark), target)
    if one.get_text():
        yield mark


def _place(xy: Any, coordinates: Any, box: Box, target: Array | None = None) -> Array:
    """Where an annotation or its target is, in pixels of the box."""
    if isinstance(coordinates, Transform):
        return box.pixels(coordinates).transform(xy)
    if coordinates == "data":
        x, y = (axis.convert_units(v) for axis, v in
                zip((box.axes.xaxis, box.axes.yaxis), xy, strict=True))  # fmt: skip
        return box.pixels(box.axes.transData).transform((float(x), float(y)))
    if coordinates == "axes fraction":
        return paths.flipped(*box.size).transform(xy)
    if coordinates == "offset points" and target is not None:
        return target + np.array([xy[0], -xy[1]]) * POINT
    raise Unsupported(f"an annotation placed by {coordinates!r}")


def _arrow(
    one: Annotation, stands: tuple[Array, Array], target: Array
) -> Iterator[Mark]:
    """From the edge of the words to just before the target, with a head."""
    middle, half = (stands[0] + stands[1]) / 2, (stands[1] - stands[0]) / 2 + 2
    way = target - middle
    leave = 1 / max(np.max(np.abs(way) / half), 1e-9)
    if (1 - leave) * np.hypot(*way) < _HEAD:
        return
    unit = way / np.hypot(*way)
    start, tip = middle + leave * way, target - 2 * unit
    across = np.array([-unit[1], unit[0]]) * 0.35 * _HEAD
    head = np.array([tip, tip - _HEAD * unit + across, tip - _HEAD * unit - across])
    hue, alpha = color((one.arrowprops or {}).get("color", "black"))
    shared = {"alpha": alpha, "free": True}
    stem = paths.written(np.array([start, tip - 0.5 * _HEAD * unit]))
    yield shared | {"kind": "rule", "d": stem, "color": hue, "width": 1.1}
    yield shared | {"kind": "area", "d": paths.written(head, closed=True), "fill": hue}


def extent(mark: Mark) -> tuple[Array, Array]:
    """About where a text stands: its upper left and lower right corner, in pixels."""
    lines = mark["text"].split("\n")
    size = mark["size"]
    wide = max(text.width(line, size) for line in lines)
    high = LINE * size * len(lines)
    x, y = np.array(mark["at"]) / TENTHS
    horizontal, vertical = mark["align"]
    left = {"left": 0.0, "center": -0.5, "right": -1.0}[horizontal] * wide
    top = {"top": 0.0, "center": -0.5, "center_baseline": -0.5}.get(
        vertical, -0.8
    ) * high
    if abs(mark["rotate"]) in (90, 270):
        wide, high, left, top = high, wide, -high / 2, -wide / 2
    corner = np.array([x + left, y + top])
    return corner, corner + np.array([wide, high])

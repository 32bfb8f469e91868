"""A legend as data: its rows, its size, and what it would cover at each place."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from helpers.figure_data import marks, paths, text, words
from helpers.figure_data.looks import Box, Mark, Unsupported, color, is_none

__all__ = [
    "KEY",
    "LEGEND_SIZE",
    "PLACES",
    "ROW",
    "column_widths",
    "legend_data",
    "legend_size",
    "place",
]

ROW = 15.0
"""Height of a row of a legend in pixels."""
LEGEND_SIZE = 11.0
KEY = 24.0
"""Width of what stands before the words in a legend."""
PLACES = {
    1: (1.0, 0.0), 2: (0.0, 0.0), 3: (0.0, 1.0), 4: (1.0, 1.0), 5: (1.0, 0.5),
    6: (0.0, 0.5), 7: (1.0, 0.5), 8: (0.5, 1.0), 9: (0.5, 0.0), 10: (0.5, 0.5),
}  # fmt: skip
"""Matplotlib's places of a legend: share of the free space on its left and above it."""
_INSET = 5.0


def legend_data(legend: Any, box: Box | None, drawn: list[Mark]) -> dict[str, Any]:
    """Rows of a legend (words and looks), and how much it covers at each place.

    Args:
        legend: matplotlib's.
        box: of the axes, or None for the legend of a figure.
        drawn: the marks that it may cover.

    Returns:
        title, rows, columns, place (matplotlib's number, 0 for the best), covers (for
        each place the number of points below the legend, 5 pixels apart on lines).
    """
    labels = [one.get_text() for one in legend.get_texts()]
    handles = legend.legend_handles
    rows = [
        {"text": label, "key": _key(handle)}
        for label, handle in zip(labels, handles, strict=True)
    ]
    # Matplotlib has no public way to ask a legend for its place and columns.
    place, columns = legend._loc, legend._ncols
    found = {
        "title": legend.get_title().get_text(),
        "rows": rows,
        "columns": min(columns, max(len(rows), 1)),
        "place": place if isinstance(place, int) else 0,
    }
    if box is None:
        return found
    while found["columns"] > 1 and legend_size(found)[0] > box.width - 2 * _INSET:
        found["columns"] -= 1
    if found["place"] == 0:
        found["covers"] = _covers(found, box, drawn)
    return found


def _key(handle: Any) -> list[Mark]:
    """What stands before the words: a piece of line, a marker, a patch of colour."""
    at, size = np.array([[8.0, 0.0]]), (16.0, 8.0)
    if isinstance(handle, Line2D):
        return marks.key(handle, at, size)
    if isinstance(handle, Patch):
        hue, alpha = color(handle.get_facecolor())
        if is_none(handle.get_facecolor()):
            hue, alpha = color(handle.get_edgecolor())
        d = paths.written(np.array([(0, -4), (16, -4), (16, 4), (0, 4.0)]), closed=True)
        return [{"kind": "area", "d": d, "fill": hue, "alpha": alpha}]
    if hasattr(handle, "get_facecolor") and len(handle.get_facecolor()):
        hue, alpha = color(tuple(handle.get_facecolor()[0]))
        d = paths.repeated(at, paths.DOT, size)
        return [{"kind": "dots", "d": d, "color": hue, "alpha": alpha, "width": 6.0}]
    raise Unsupported(f"{type(handle).__name__} in a legend")


def legend_size(legend: dict[str, Any]) -> tuple[float, float]:
    """About how wide and high a legend is, in pixels."""
    columns = legend["columns"]
    per_column = -(-len(legend["rows"]) // columns)
    width = sum(column_widths(legend))
    title = text.width(legend["title"], LEGEND_SIZE)
    return max(width, title), ROW * (per_column + bool(legend["title"]))


def column_widths(legend: dict[str, Any]) -> list[float]:
    """Width of each column, which is filled from top to bottom."""
    rows, columns = legend["rows"], legend["columns"]
    per_column = -(-len(rows) // columns)
    return [
        KEY + 8 + max(text.width(row["text"], LEGEND_SIZE) for row in part)
        for part in (rows[i : i + per_column] for i in range(0, len(rows), per_column))
    ]


def place(
    number: int, size: tuple[float, float], box: tuple[float, float]
) -> tuple[float, float]:
    """The upper left corner of a legend of some size at one of matplotlib's places."""
    free = np.subtract(box, size) - 2 * _INSET
    x, y = _INSET + np.array(PLACES[number]) * free
    return float(x), float(y)


def _covers(legend: dict[str, Any], box: Box, drawn: list[Mark]) -> list[int]:
    """How many points of the marks lie under the legend, by its place from 1 on."""
    points = np.concatenate(
        [np.empty((0, 2))]
        + [paths.vertices(mark["d"], spacing=5.0) for mark in drawn if "d" in mark]
        + [np.array(words.extent(mark)) for mark in drawn if mark["kind"] == "text"]
    )
    size = legend_size(legend)
    corners = [np.array(place(number, size, box.size)) for number in PLACES]
    return [
        int(((points > low) & (points < low + size)).all(axis=1).sum())
        for low in corners
    ]

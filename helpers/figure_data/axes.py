"""An axes as data: its scales, ticks, labels, legend, and the marks in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryFormatter
from matplotlib.container import BarContainer
from matplotlib.ticker import FixedFormatter, FuncFormatter

from helpers.figure_data import fields, marks, words
from helpers.figure_data.legends import legend_data
from helpers.figure_data.looks import Box, Mark, Unsupported
from helpers.figure_data.paths import TENTHS, Array

__all__ = ["axes_data", "axis_data"]

_SCALES = ("linear", "log", "symlog")
_ROUNDING = 1e-3
"""How far outside the limits a tick may be that stands on one of them, in pixels."""


def axes_data(box: Box) -> dict[str, Any]:
    """Everything about an axes that shows.

    Raises:
        Unsupported: for what cannot be said as data.
    """
    axes = box.axes
    drawn = _marks(box)
    x, y = axis_data(axes.xaxis, box), axis_data(axes.yaxis, box)
    spines = [side for side, spine in axes.spines.items() if spine.get_visible()]
    title, at = next(
        ((axes.get_title(side), side) for side in ("left", "center", "right")
         if axes.get_title(side)), ("", "left")
    )  # fmt: skip
    legend = axes.get_legend()
    return {
        "x": x,
        "y": y,
        "title": title,
        "title_at": at,
        "spines": spines if axes.axison else [],
        "grid_z": {True: 0.5, "line": 1.5, False: 2.5}[axes.get_axisbelow()],
        "marks": drawn,
        "legend": legend_data(legend, box, drawn) if legend else None,
    }


def _marks(box: Box) -> list[Mark]:
    """Everything in an axes but its frame and legend, from back to front."""
    axes = box.axes
    for other in (*axes.artists, *axes.tables, *axes.child_axes):
        raise Unsupported(type(other).__name__)
    bars = [one for one in axes.containers if isinstance(one, BarContainer)]
    of_bars = {id(bar) for one in bars for bar in one.patches}
    found = [
        (one.patches[0].zorder, mark)
        for one in bars
        if one.patches
        for mark in marks.bars(one, box)
    ]
    readers: list[tuple[Any, Any]] = [
        (axes.lines, marks.line),
        ([one for one in axes.patches if id(one) not in of_bars], marks.patch),
        (axes.collections, fields.collection),
        (axes.images, fields.image),
        (axes.texts, words.words),
    ]
    for artists, read in readers:
        for one in artists:
            if one.get_visible():
                whole = {} if one.get_clip_on() else {"whole": True}
                found += [(one.zorder, mark | whole) for mark in read(one, box)]
    found.sort(key=lambda pair: pair[0])
    drawn = [{**mark, "z": z} for z, mark in found if mark.get("d") != ""]
    return list(_above_maps(drawn, box))


def _above_maps(drawn: list[Mark], box: Box) -> Iterator[Mark]:
    """Marks above colours that fill the box, the same in the dark, are told so."""
    filled = False
    for mark in drawn:
        yield mark | {"above": True} if filled else mark
        filled = filled or mark["kind"] == "tiles" or _fills(mark, box)


def _fills(mark: Mark, box: Box) -> bool:
    """Whether a picture covers all of a box, but for a pixel at its sides."""
    if mark["kind"] != "image":
        return False
    x, y, width, height = (side / TENTHS for side in mark["at"])
    return bool(max(x, y, box.width - x - width, box.height - y - height) < 1)


def axis_data(axis: Any, box: Box) -> dict[str, Any]:
    """Limits, scale, ticks, names and label of one axis; no renderer is asked.

    Returns:
        limits, scale (its name, for symlog with its linear part), ticks (place in
        tenths of a pixel of the box, and label), names (whether the labels are words),
        offset (such as 1e6), label, side, grid.
    """
    axes, name = box.axes, axis.axis_name
    limits = [float(v) for v in (axes.get_xlim() if name == "x" else axes.get_ylim())]
    looks = axis.get_tick_params()
    sides = ("bottom", "top") if name == "x" else ("left", "right")
    # Matplotlib 3.9 calls the sides of an x axis left and right.
    also = dict(zip(sides, ("left", "right"), strict=True))
    shown = [
        side
        for side in sides
        if looks.get(f"label{side}", looks.get(f"label{also[side]}"))
    ]
    formatter = axis.get_major_formatter()
    ticks = _ticks(axis, box) if axes.axison and axis.get_visible() else []
    return {
        "limits": limits,
        "scale": _scale(axis),
        "ticks": ticks,
        "bare": not shown and not _is_shared(axis),
        "names": isinstance(
            formatter, (StrCategoryFormatter, FixedFormatter, FuncFormatter)
        ),
        "offset": formatter.get_offset() if ticks else "",
        "label": axis.get_label_text() if axes.axison else "",
        "side": shown[0] if shown else sides[0],
        "grid": bool(looks.get("gridOn")),
    }


def _is_shared(axis: Any) -> bool:
    """Whether labels may be off because a neighbour shows the same ones."""
    axes = axis.axes
    groups = {"x": axes.get_shared_x_axes(), "y": axes.get_shared_y_axes()}
    siblings = groups[axis.axis_name].get_siblings(axes)
    return any(one is not axes and not _on_top(one, axes) for one in siblings)


def _on_top(one: Axes, other: Axes) -> bool:
    """Whether two axes stand at one place, as twins do."""
    return one.get_subplotspec() == other.get_subplotspec()


def _scale(axis: Any) -> list[Any]:
    """The scale's name; a symlog one with its linear threshold and base."""
    name = axis.get_scale()
    if name not in _SCALES:
        raise Unsupported(f"scale {name}")
    if name == "symlog":
        scale = axis.get_transform()
        return [name, float(scale.linthresh), float(scale.linscale), float(scale.base)]
    return [name]


def _ticks(axis: Any, box: Box) -> list[list[Any]]:
    """Labelled ticks inside the limits: the place in tenths of a pixel, the label.

    Minor ticks are there for their labels only, which matplotlib gives them where an
    axis spans less than two decades.
    """
    found = []
    for ticker in (axis.major, axis.minor):
        places = np.asarray(ticker.locator(), float)
        labels = ticker.formatter.format_ticks(places)
        major = ticker is axis.major
        found += [
            [round(float(at) * TENTHS), label]
            for at, label in zip(_along(axis, box, places), labels, strict=True)
            if (major or label) and -_ROUNDING <= at <= _length(axis, box) + _ROUNDING
        ]
    return sorted(found)


def _along(axis: Any, box: Box, values: Array) -> Array:
    """Pixels along an axis of the box, at values of data."""
    if not len(values):
        return np.empty(0)
    index = 0 if axis.axis_name == "x" else 1
    points = np.empty((len(values), 2))
    points[:, index] = values
    # The other coordinate only has to lie on its axis.
    points[:, 1 - index] = (box.axes.get_ylim, box.axes.get_xlim)[index]()[0]
    return box.pixels(box.axes.transData).transform(points)[:, index]


def _length(axis: Any, box: Box) -> float:
    return box.width if axis.axis_name == "x" else box.height

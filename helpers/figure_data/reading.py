"""A matplotlib figure as plain data: what stands where, without drawing it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from helpers.figure_data.axes import axes_data, axis_data
from helpers.figure_data.fields import png
from helpers.figure_data.legends import legend_data
from helpers.figure_data.looks import POINT, Box, Unsupported

__all__ = ["read"]

_WIDE, _HIGH = 66.0, 62.0
"""Pixels of a box for an inch of its share of the figure; the labels stand outside."""
_LEAST, _MOST = (100.0, 90.0), (330.0, 250.0)
BAR = 12.0
"""Width of a colour bar in pixels."""


def read(figure: Figure) -> dict[str, Any]:
    """A figure as a dict of numbers, strings and lists that json can write.

    Panels stand in the rows and columns of the figure's grid of subplots. Twin axes
    share a panel; a colour bar belongs to the panel whose colours it explains. Places
    are counted in tenths of a pixel from the upper left corner of a panel's box.

    Args:
        figure: from `plt.subplots` or the like; it is neither drawn nor laid out.

    Returns:
        title, legend (of the whole figure) and rows: lists of panels, each with its
        box (width, height), axes and bars. Cost: about 5 ms for a figure of lines.

    Raises:
        Unsupported: for what cannot be said as data: axes in 3-D or polar, axes of
            their own place, quivers, tables and the like.
    """
    _refuse(figure)
    panels: dict[tuple[int, int], dict[str, Any]] = {}
    of_axes: dict[Axes, dict[str, Any]] = {}
    bars = [axes for axes in figure.axes if _bar_of(axes) is not None]
    for axes in figure.axes:
        if axes not in bars:
            spot = _spot(axes)
            at = spot.rowspan.start, spot.colspan.start
            panel = panels.setdefault(at, {"axes": [], "bars": []})
            of_axes[axes] = panel
            axes.get_xlim()  # matplotlib sets the limits when first asked for them
            box = Box(axes, *_size(axes, spot))
            panel["box"] = [round(side, 1) for side in box.size]
            with _as_large(axes, box):
                panel["axes"].append(axes_data(box))
    for axes in bars:
        panel = of_axes[vars(axes)["_colorbar_info"]["parents"][-1]]
        panel["bars"].append(_bar_data(axes, panel["box"][1]))
    rows: dict[int, list[dict[str, Any]]] = {}
    for row, column in sorted(panels):
        rows.setdefault(row, []).append(panels[row, column])
    return {
        "title": figure.get_suptitle(),
        "legend": legend_data(figure.legends[0], None, []) if figure.legends else None,
        "rows": list(rows.values()),
    }


def _refuse(figure: Figure) -> None:
    """Stop at what stands in the figure outside of its axes."""
    title = figure.get_suptitle()
    words = [one for one in figure.texts if one.get_text() != title]
    for other in (*words, *figure.lines, *figure.patches, *figure.images):
        raise Unsupported(f"{type(other).__name__} of the figure")
    if figure.subfigs or len(figure.legends) > 1:
        raise Unsupported("subfigures or several legends of the figure")
    for axes in figure.axes:
        if axes.name != "rectilinear":
            raise Unsupported(f"axes {axes.name}")


def _bar_of(axes: Axes) -> Any:
    """The colour bar that an axes is made for; matplotlib keeps it on the axes."""
    return getattr(axes, "_colorbar", None)


def _spot(axes: Axes) -> SubplotSpec:
    spot = axes.get_subplotspec()
    if (
        spot is None
        or spot.get_gridspec() is not spot.get_topmost_subplotspec().get_gridspec()
    ):
        raise Unsupported("an axes outside the grid of subplots")
    if len(spot.rowspan) > 1:
        raise Unsupported("an axes over several rows")
    return spot


def _size(axes: Axes, spot: SubplotSpec) -> tuple[float, float]:
    """Size of the box: the axes' share of the figure, in its own shape if any."""
    grid, inches = spot.get_gridspec(), _inches(axes)
    widths, heights = (
        np.array(grid.get_width_ratios()),
        np.array(grid.get_height_ratios()),
    )
    share = np.array([
        widths[list(spot.colspan)].sum() / widths.sum(),
        heights[list(spot.rowspan)].sum() / heights.sum(),
    ])  # fmt: skip
    width, height = np.clip(share * inches * (_WIDE, _HIGH), _LEAST, _MOST)
    aspect = axes.get_aspect()
    if aspect == "auto":
        return float(width), float(height)
    if axes.get_adjustable() != "box" or {axes.get_xscale(), axes.get_yscale()} != {
        "linear"
    }:
        raise Unsupported("limits that depend on the shape of the axes")
    shape = float(aspect) * abs(np.ptp(axes.get_ylim()) / np.ptp(axes.get_xlim()))
    width = min(width, height / shape)
    return float(width), float(width * shape)


def _inches(axes: Axes) -> np.ndarray:
    """Width and height of the figure that an axes is in."""
    figure: Any = axes.figure
    return np.asarray(figure.get_size_inches())


@contextlib.contextmanager
def _as_large(axes: Axes, box: Box) -> Iterator[None]:
    """Give an axes for a while the size of its box: its ticks are chosen by that."""
    before, in_layout = axes.get_position(original=True), axes.get_in_layout()
    inches = np.array(box.size) / (72 * POINT)
    width, height = inches / _inches(axes)
    axes.set_position((0, 0, width, height))
    yield
    axes.set_position(before)
    axes.set_in_layout(in_layout)


def _bar_data(axes: Axes, height: float) -> dict[str, Any]:
    """A colour bar that stands upright: its colours from top to bottom, its ticks."""
    bar = _bar_of(axes)
    if bar.orientation != "vertical":
        raise Unsupported("a colour bar that lies")
    shades = colormaps.get_cmap(bar.cmap)(np.linspace(1, 0, 64), bytes=True)
    box = Box(axes, BAR, height)
    with _as_large(axes, box):
        axis = axis_data(axes.yaxis, box)
    return {"uri": png(shades[:, None]), "axis": axis, "height": height}

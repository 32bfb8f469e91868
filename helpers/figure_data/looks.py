"""The looks of an artist as plain values, and the box that counts its places."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.transforms import Transform

from helpers.figure_data import paths, text
from helpers.style import COLORS

__all__ = ["POINT", "Box", "Mark", "Unsupported", "color", "dashes", "is_none", "named"]

POINT = 1.1
"""Pixels of the page for a point of matplotlib: widths of lines, sizes of markers."""

Mark = dict[str, Any]
"""One element of a drawing: its kind, its path, its looks; made of plain values."""

_NAMES = {value.lower(): name for name, value in COLORS.items()} | {
    "#000000": "ink",
    "#ffffff": "paper",
}


class Unsupported(Exception):  # noqa: N818 (no error: the explorer keeps its pictures)
    """A figure holds something that cannot be said as data."""


@dataclass(frozen=True)
class Box:
    """The rectangle of an axes, in pixels of the page."""

    axes: Axes
    width: float
    height: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        return self.width, self.height

    def pixels(self, transform: Transform) -> Transform:
        """From an artist's coordinates to pixels in the box, y downwards."""
        fractions = transform - self.axes.transAxes
        return fractions + paths.flipped(self.width, self.height)


def color(value: Any, alpha: float | None = None) -> tuple[str, float]:
    """A colour's name in the palette, "ink", "paper" or "#rrggbb"; and its alpha."""
    return _color(colors.to_rgba(value, alpha))


@functools.lru_cache(4096)
def _color(rgba: tuple[float, float, float, float]) -> tuple[str, float]:
    name = colors.to_hex(rgba)
    return _NAMES.get(name, name), round(rgba[3], 3)


def is_none(value: Any) -> bool:
    """Whether a colour is none at all or wholly transparent."""
    return bool(colors.to_rgba(value)[3] == 0)


def named(artist: Any) -> str:
    """An artist's label in plain letters; empty for those matplotlib made up."""
    label = str(artist.get_label())
    return "" if label.startswith("_") else text.plain(label)


def dashes(linestyle: str, linewidth: float) -> list[float]:
    """Lengths of strokes and gaps in pixels; empty for a solid line."""
    name = {"--": "dashed", ":": "dotted", "-.": "dashdot"}.get(linestyle)
    if name is None:
        return []
    settings: dict[Any, Any] = matplotlib.rcParams
    pattern = settings[f"lines.{name}_pattern"]
    return [round(step * linewidth * POINT, 1) for step in pattern]

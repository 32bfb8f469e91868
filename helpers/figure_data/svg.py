"""Marks, axes and legends as pieces of SVG, in tenths of a pixel.

A colour is a custom property of its element: the sheet of the page gives the palette's
colours for light and dark, and a colour of no name brings both of its own.
"""

from __future__ import annotations

import colorsys
import functools
import html
import itertools
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib import colors

from helpers.figure_data import text
from helpers.figure_data.legends import (
    KEY,
    ROW,
    column_widths,
    legend_size,
)
from helpers.figure_data.paths import TENTHS
from helpers.figure_data.words import LINE
from helpers.style import COLORS

__all__ = ["dark", "grid", "label", "legend", "mark", "opened", "spines", "tick_labels"]

_DARK_GROUND = (0.071, 0.071, 0.071)
"""The theme's ground on dark pages, #121212."""
_CONTRAST = 3.2
"""Of a line against its ground; WCAG 1.4.11 asks for 3."""
_ANCHORS = {
    "left": "",
    "center": ' text-anchor="middle"',
    "right": ' text-anchor="end"',
}
_RISES = {"top": 0.8, "center": 0.35, "center_baseline": 0.35}


def opened(box: Sequence[float], *, whole: bool = False) -> str:
    """The start of the part inside a box, which is clipped there unless it is whole."""
    width, height = map(_tenths, box)
    shows = ' overflow="visible"' * whole
    return f'<svg width="{width}" height="{height}"{shows}>'


def mark(one: dict[str, Any], axes: int = 0) -> str:
    """A mark as an element; its class says what a reader of values finds there.

    Classes: l line, k dots and markers, b bars (h: lying), r rule, a area; s has a
    stroke, f a filling.

    Args:
        one: from `read`.
        axes: which of the axes of its panel it belongs to.
    """
    if one["kind"] == "text":
        return _words(one)
    if one["kind"] == "image":
        x, y, width, height = one["at"]
        return (
            f'<image x="{x}" y="{y}" width="{width}" height="{height}" '
            f'preserveAspectRatio="none" href="{one["uri"]}"/>'
        )
    if one["kind"] == "tiles":
        return _tiles(one)
    paints = _paints(one)
    names = _CLASSES[one["kind"]] + "".join(f" {name}" for name in paints)
    style = ";".join(paints.values())
    told = f' data-n="{html.escape(one["name"])}"' if one.get("name") else ""
    told += f' data-a="{axes}"' * (axes > 0)
    return f'<path class="{names}" style="{style}"{_extras(one)}{told} d="{one["d"]}"/>'


def _tiles(one: dict[str, Any]) -> str:
    """Polygons in the colours of a map, which are the same on a dark page."""
    edge = _paint(one | {"above": True}, "s", one["color"])
    parts = "".join(f'<path fill="{hue}" d="{d}"/>' for hue, d in one["tiles"] if d)
    return f'<g class="s" style="{edge}"{_extras(one)}>{parts}</g>'


_FIXED = {"ink": "#000", "paper": "#fff"}
"""Black and white above a map of colours, which is the same on a dark page."""

_CLASSES = {
    "line": "l",
    "rule": "r",
    "dots": "k d",
    "markers": "k",
    "bars": "b",
    "beams": "b h",
    "area": "a",
}


def _paints(one: dict[str, Any]) -> dict[str, str]:
    """Class and custom property of the stroke (s) and the filling (f), if any."""
    given = {"s": one.get("color", "none"), "f": one.get("fill", "none")}
    return {
        name: _paint(one, name, hue) for name, hue in given.items() if hue != "none"
    }


def _paint(one: dict[str, Any], name: str, hue: str) -> str:
    """The custom property of a mark's colour."""
    if hue == "none":
        return f"--{name}:none"
    if one.get("above") and hue in _FIXED:
        return f"--{name}:{_FIXED[hue]}"
    return _property(name, hue, as_is=bool(one.get("data")))


def _property(name: str, hue: str, *, as_is: bool = False) -> str:
    """The custom property of a colour; upper case what it is on a dark page."""
    if not hue.startswith("#"):
        known = {"ink": "currentcolor", "paper": "var(--pst-color-background)"}
        if as_is and hue in COLORS:
            return f"--{name}:{COLORS[hue]}"
        return f"--{name}:" + known.get(hue, f"var(--dlt-{hue})")
    return f"--{name}:{hue}" + ("" if as_is else f";--{name.upper()}:{dark(hue)}")


@functools.cache
def dark(hue: str) -> str:
    """A colour for dark pages: greys turned round, others lighter until they show."""
    rgb = np.array(colors.to_rgb(hue))
    if np.ptp(rgb) < 0.03:
        ground = np.array(_DARK_GROUND)
        ink = np.array([0.81, 0.84, 0.87])
        return str(colors.to_hex(ground + (1 - rgb.mean()) * (ink - ground)))
    level, lightness, saturation = (
        colorsys.rgb_to_hls(*rgb)[0],
        *colorsys.rgb_to_hls(*rgb)[1:],
    )
    for lift in np.arange(lightness, 1.0, 0.01):
        seen = colorsys.hls_to_rgb(level, float(lift), saturation)
        if contrast(seen, _DARK_GROUND) >= _CONTRAST:
            return str(colors.to_hex(seen))
    return "#ffffff"


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Contrast of two colours (WCAG 2.1: relative luminances plus 0.05, as a ratio)."""
    low, high = sorted(_luminance(np.asarray(rgb, float)) for rgb in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _extras(one: dict[str, Any]) -> str:
    """Width, dashes, opacity, holes: what differs from the sheet's."""
    found = ""
    if one.get("width"):
        found += f' stroke-width="{_tenths(one["width"])}"'
    if one.get("dash"):
        steps = " ".join(str(_tenths(step)) for step in one["dash"])
        found += f' stroke-dasharray="{steps}"'
    if one.get("alpha", 1) < 1:
        found += f' opacity="{one["alpha"]:g}"'
    return found + ' fill-rule="evenodd"' * bool(one.get("holes"))


def _tenths(pixels: float) -> int:
    return round(pixels * TENTHS)


def _words(one: dict[str, Any]) -> str:
    """A text of one line or several, upright or turned."""
    horizontal, vertical = one["align"]
    lines, size, (x, y) = one["text"].split("\n"), _tenths(one["size"]), one["at"]
    spare = (len(lines) - 1) * LINE * size
    rise = _RISES.get(vertical, 0.0) * size
    rise -= {"top": 0, "center": 0.5, "center_baseline": 0.5}.get(vertical, 1) * spare
    turned = f' transform="rotate({-one["rotate"]} {x} {y})"' if one["rotate"] else ""
    shown = "" if one.get("alpha", 1) == 1 else f' opacity="{one["alpha"]:g}"'
    return "".join(
        f'<text class="f" style="{_property("f", one["color"])};font-size:{size}px" '
        f'x="{x}" y="{round(y + rise + i * LINE * size)}"'
        f"{_ANCHORS[horizontal]}{turned}{shown}>{text.svg(line)}</text>"
        for i, line in enumerate(lines)
    )


def label(
    words: str, at: tuple[float, float], kind: str, align: str = "center", turn: int = 0
) -> str:
    """Words of the frame at a place in pixels; the kind is the class of the sheet."""
    x, y = map(_tenths, at)
    turned = f' transform="rotate({turn} {x} {y})"' if turn else ""
    return (
        f'<text class="{kind}" x="{x}" y="{y}"{_ANCHORS[align]}{turned}>'
        f"{text.svg(words)}</text>"
    )


def tick_labels(axis: dict[str, Any], box: Sequence[float], kind: str) -> str:
    """The labels of an axis beside its box, without those that would touch another.

    Args:
        axis: from `read`.
        box: width and height in pixels.
        kind: "x" or "y".
    """
    if axis["bare"]:
        return ""
    shown = []
    for at, words in _kept(axis["ticks"], kind):
        if kind == "x":
            y = box[1] + 16 if axis["side"] == "bottom" else -6
            shown.append(label(words, (at / TENTHS, y), "t"))
        else:
            right = axis["side"] == "right"
            x, align = (box[0] + 6, "left") if right else (-6, "right")
            shown.append(label(words, (x, at / TENTHS + 4), "t", align))
    return "".join(shown)


def _kept(ticks: list[list[Any]], kind: str) -> Iterable[tuple[int, str]]:
    """Every label, or every second, third …: the first choice without overlap."""
    named = [(at, words) for at, words in ticks if words]
    for step in range(1, len(named) + 1):
        chosen = named[::step]
        half = [
            text.width(words, 11) / 2 + 2 if kind == "x" else 6.5 for _, words in chosen
        ]
        ends = [
            (at / TENTHS - h, at / TENTHS + h)
            for (at, _), h in zip(chosen, half, strict=True)
        ]
        if all(a[1] <= b[0] for a, b in itertools.pairwise(ends)):
            return chosen
    return []


def grid(axes: dict[str, Any], box: Sequence[float]) -> str:
    """The grid's lines as one path; empty where there is none."""
    width, height = map(_tenths, box)
    d = ""
    if axes["x"]["grid"] and axes["spines"]:
        d += "".join(f"M{at} 0v{height}" for at, _ in axes["x"]["ticks"])
    if axes["y"]["grid"] and axes["spines"]:
        d += "".join(f"M0 {at}h{width}" for at, _ in axes["y"]["ticks"])
    return f'<path class="g" d="{d}"/>' if d else ""


def spines(axes: dict[str, Any], box: Sequence[float]) -> str:
    """The sides of the box that show, and the ticks on them, as one path."""
    width, height = map(_tenths, box)
    sides = {
        "left": f"M0 0v{height}",
        "right": f"M{width} 0v{height}",
        "bottom": f"M0 {height}h{width}",
        "top": f"M0 0h{width}",
    }
    d = "".join(sides[side] for side in axes["spines"])
    ends = {"bottom": f"{height}v35", "top": "0v-35"}
    if axes["x"]["side"] in axes["spines"]:
        d += "".join(f"M{at} {ends[axes['x']['side']]}" for at, _ in axes["x"]["ticks"])
    if axes["y"]["side"] in axes["spines"]:
        x, step = (0, -35) if axes["y"]["side"] == "left" else (width, 35)
        d += "".join(f"M{x} {at}h{step}" for at, _ in axes["y"]["ticks"])
    return f'<path class="x" d="{d}"/>' if d else ""


def legend(one: dict[str, Any], corner: tuple[float, float], *, ground: bool) -> str:
    """A legend with its upper left corner at a place in pixels."""
    width, height = legend_size(one)
    x, y = corner
    found = ""
    if ground:
        found += (
            f'<rect class="n" x="{_tenths(x)}" y="{_tenths(y)}" '
            f'width="{_tenths(width)}" height="{_tenths(height)}"/>'
        )
    if one["title"]:
        found += label(one["title"], (x, y + 11), "t", "left")
        y += ROW
    per_column = -(-len(one["rows"]) // one["columns"])
    lefts = x + np.append(0, np.cumsum(column_widths(one)))
    for i, row in enumerate(one["rows"]):
        left, top = float(lefts[i // per_column]) + 4, y + ROW * (i % per_column)
        keys = "".join(mark({**key, "name": ""}) for key in row["key"])
        found += (
            f'<g transform="translate({_tenths(left)} {_tenths(top + ROW / 2)})">'
            f"{keys}</g>" + label(row["text"], (left + KEY - 4, top + 11), "t", "left")
        )
    return found


def wrapped(words: str, room: float, size: float) -> list[str]:
    """Words in lines that fit into some pixels; a formula is not broken."""
    if text.width(words, size) <= room or "$" in words:
        return [words]
    letters = max(8, int(len(words) * room / text.width(words, size)))
    return textwrap.wrap(words, letters) or [words]

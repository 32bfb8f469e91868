"""One panel of an explorer over all its states: its margins, and each state in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.figure_data import svg, text
from helpers.figure_data import words as placed
from helpers.figure_data.legends import legend_size, place
from helpers.figure_data.paths import TENTHS
from helpers.figure_data.reading import BAR

__all__ = ["Panel", "panels_of"]

_TICK, _LABEL, _TITLE, _LINE = 11.0, 12.0, 12.5, 15.0
_LEAST = 8.0
"""No margin is smaller, in pixels."""
_BAR_GAP = 10.0

Data = dict[str, Any]


def panels_of(state: Data) -> list[Data]:
    """A figure's panels in reading order; its legend is one beside the first row."""
    rows = [list(row) for row in state["rows"]]
    if state["legend"]:
        size = list(legend_size(state["legend"]))
        own = {"box": size, "axes": [], "bars": [], "legend": state["legend"]}
        rows[0].append(own)
    return [panel for row in rows for panel in row]


@dataclass
class Panel:
    """What the states of one panel have in common: margins in pixels around its box."""

    box: tuple[float, float]
    left: float
    top: float
    right: float
    bottom: float
    ticks: tuple[float, float]
    title_x: float
    legends: dict[int, int]
    holds_axes: bool

    @classmethod
    def over(cls, states: list[Data]) -> Panel:
        """The panel that has room for each of its states."""
        box = tuple(max(one["box"][k] for one in states) for k in (0, 1))
        every = [axes for one in states for axes in one["axes"]]
        ticks = _tick_width(every, "left"), _tick_width(every, "right")
        left = _side(every, "left", ticks[0], box)
        right = _side(every, "right", ticks[1], box) + _bars_width(states)
        spare = max(map(_overhang, every), default=0.0)
        left = max(left, spare)
        right = max(right, spare)
        widest = max((text.width(a["title"], _TITLE) for a in every), default=0.0)
        start = 0.0 if widest <= box[0] + right or left <= _LEAST else -left
        panel = cls(
            (float(box[0]), float(box[1])), left, 0.0, right, 0.0, ticks, start,
            _legend_places(states), bool(every),
        )  # fmt: skip
        panel.top = max((panel._top(axes) for axes in every), default=_LEAST)
        panel.bottom = max((panel._bottom(axes) for axes in every), default=_LEAST)
        for one in states:
            panel._make_room(one)
        return panel

    @property
    def view(self) -> tuple[int, int, int, int]:
        """What the panel shows: left, top, width and height, whole pixels."""
        left, top = int(np.ceil(self.left)), int(np.ceil(self.top))
        width = left + self.box[0] + self.right
        height = top + self.box[1] + self.bottom
        return -left, -top, int(np.ceil(width)), int(np.ceil(height))

    def _title(self, axes: Data) -> list[str]:
        room = self.box[0] + self.right - self.title_x
        return svg.wrapped(axes["title"], room, _TITLE) if axes["title"] else []

    def _top(self, axes: Data) -> float:
        lines = len(self._title(axes))
        labels = 16.0 * (axes["x"]["side"] == "top" and bool(axes["x"]["ticks"]))
        return labels + (_LINE * lines + _LEAST if lines else _LEAST)

    def _bottom(self, axes: Data) -> float:
        axis = axes["x"]
        ticks = bool(axis["ticks"]) and not axis["bare"] and axis["side"] == "bottom"
        lines = len(_x_label(axis, self.box))
        return 20.0 * ticks + _LINE * lines + (5.0 if ticks or lines else _LEAST)

    def _make_room(self, one: Data) -> None:
        """Widen the margins for words that stand outside of the box."""
        for axes in one["axes"]:
            for mark in axes["marks"]:
                if mark["kind"] == "text":
                    low, high = placed.extent(mark)
                    self.left, self.top = np.maximum(
                        (self.left, self.top), -low
                    ).tolist()
                    beyond = high - self.box
                    self.right, self.bottom = np.maximum(
                        (self.right, self.bottom), beyond
                    ).tolist()

    def drawn(self, one: Data) -> list[str]:
        """The elements of one state of the panel, from back to front."""
        found = [svg.opened(one["box"])]
        for k, axes in enumerate(one["axes"]):
            found += self._inside(axes, one["box"], k)
        found.append("</svg>")
        for k, axes in enumerate(one["axes"]):
            found += self._outside(axes, one["box"], k)
        for bar in one["bars"]:
            found.append(_bar(bar, one["box"]))
        if "legend" in one:
            found = [svg.legend(one["legend"], (0, 0), ground=False)]
        return [piece for piece in found if piece]

    def _inside(self, axes: Data, box: list[float], k: int) -> Iterator[str]:
        """The marks and, between them, the grid: clipped by the box, unless whole."""
        marks = [m for m in axes["marks"] if m["kind"] != "text" and not m.get("free")]
        behind = [mark for mark in marks if mark["z"] < axes["grid_z"]]
        yield from (_in_order(mark, box, k) for mark in behind)
        yield svg.grid(axes, box)
        yield from (_in_order(mark, box, k) for mark in marks[len(behind) :])

    def _outside(self, axes: Data, box: list[float], k: int) -> Iterator[str]:
        yield svg.spines(axes, box)
        yield svg.tick_labels(axes["x"], box, "x")
        yield svg.tick_labels(axes["y"], box, "y")
        yield from self._labels(axes, box)
        if axes["legend"]:
            size = legend_size(axes["legend"])
            number = axes["legend"]["place"] or self.legends[k]
            corner = place(number, size, (box[0], box[1]))
            yield svg.legend(axes["legend"], corner, ground=True)
        for mark in axes["marks"]:
            if mark["kind"] == "text" or mark.get("free"):
                yield svg.mark(mark, k)

    def _labels(self, axes: Data, box: list[float]) -> Iterator[str]:
        """Title and names of the axes."""
        lines = self._title(axes)
        centred = axes["title_at"] == "center" and self.title_x == 0
        x, align = (box[0] / 2, "center") if centred else (self.title_x, "left")
        labels = 16.0 * (axes["x"]["side"] == "top" and bool(axes["x"]["ticks"]))
        for i, words in enumerate(lines):
            y = -8 - labels - _LINE * (len(lines) - 1 - i)
            yield svg.label(words, (x, y), "h", align)
        ticks = bool(axes["x"]["ticks"]) and not axes["x"]["bare"]
        for i, words in enumerate(_x_label(axes["x"], self.box)):
            y = box[1] + (20 if ticks else 4) + _LINE * i + 11
            yield svg.label(words, (box[0] / 2, y), "m")
        left = axes["y"]["side"] == "left"
        lines = _y_label(axes["y"], self.box)
        n = len(lines)
        for i, words in enumerate(lines):
            line = n - 1 - i if left else i
            away = self.ticks[0 if left else 1] + 6 + _LINE * line
            x = -away if left else box[0] + away + 10
            yield svg.label(words, (x, box[1] / 2), "m", turn=-90)


def _in_order(mark: Data, box: list[float], k: int) -> str:
    """A mark; for one that is not clipped, the clipped part ends and begins again."""
    element = svg.mark(mark, k)
    if not mark.get("whole"):
        return element
    return f"</svg>{svg.opened(box, whole=True)}{element}</svg>{svg.opened(box)}"


def _tick_width(every: list[Data], side: str) -> float:
    """Width of the widest label on a side, with its distance from the box."""
    found = [0.0]
    for axes in every:
        axis = axes["y"]
        if axis["side"] == side and not axis["bare"]:
            found += [
                6 + text.width(words, _TICK) for _, words in axis["ticks"] if words
            ]
    return max(found)


def _side(every: list[Data], side: str, ticks: float, box: tuple[float, ...]) -> float:
    lines = max(
        (len(_y_label(a["y"], box)) for a in every if a["y"]["side"] == side), default=0
    )
    return max(_LEAST, ticks + (_LINE * lines + 4 if lines else 2))


def _overhang(axes: Data) -> float:
    """How far the outermost label on the x axis may stand out of the box."""
    axis = axes["x"]
    if axis["bare"] or not axis["ticks"]:
        return 0.0
    return max(text.width(words, _TICK) / 2 for _, words in axis["ticks"])


def _with_offset(axis: Data) -> str:
    """The label of an axis with what its ticks are to be multiplied by."""
    offset = f"({axis['offset']})" if axis["offset"] else ""
    return f"{axis['label']} {offset}".strip()


def _x_label(axis: Data, box: tuple[float, ...]) -> list[str]:
    label = _with_offset(axis)
    return svg.wrapped(label, box[0] + 2 * _LEAST, _LABEL) if label else []


def _y_label(axis: Data, box: tuple[float, ...]) -> list[str]:
    label = _with_offset(axis)
    return svg.wrapped(label, box[1] + 40, _LABEL) if label else []


def _bars_width(states: list[Data]) -> float:
    found = [0.0]
    for one in states:
        for bar in one["bars"]:
            names = [text.width(words, _TICK) for _, words in bar["axis"]["ticks"]]
            label = _LINE + 5 if bar["axis"]["label"] else 0
            found.append(_BAR_GAP + BAR + 8 + max(names, default=0.0) + label)
    return max(found)


def _bar(bar: Data, box: list[float]) -> str:
    """A colour bar to the right of a box."""
    size = (BAR, bar["height"])
    left = round((box[0] + _BAR_GAP) * TENTHS)
    picture = {
        "kind": "image",
        "at": [0, 0, round(BAR * TENTHS), round(bar["height"] * TENTHS)],
        "uri": bar["uri"],
    }
    axis = bar["axis"] | {"side": "right"}
    names = [text.width(words, _TICK) for _, words in axis["ticks"]]
    x = BAR + 8 + max(names, default=0.0) + _LINE
    label = svg.label(axis["label"], (x, size[1] / 2), "m", turn=-90)
    return (
        f'<g transform="translate({left} 0)">{svg.mark(picture)}'
        f"{svg.tick_labels(axis, size, 'y')}{label if axis['label'] else ''}</g>"
    )


def _legend_places(states: list[Data]) -> dict[int, int]:
    """By axes the place where its legend covers the least over all states."""
    found: dict[int, np.ndarray] = {}
    for one in states:
        for k, axes in enumerate(one["axes"]):
            covers = (axes["legend"] or {}).get("covers")
            if covers:
                found[k] = found.get(k, 0) + np.array(covers)
    return {k: int(total.argmin()) + 1 for k, total in found.items()}

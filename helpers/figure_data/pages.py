"""The states of an explorer laid out together, as pieces of SVG that they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from helpers.figure_data import text
from helpers.figure_data.panels import Panel, panels_of
from helpers.figure_data.paths import TENTHS

__all__ = ["Pool", "filled", "pictures"]

_LEAST_SCALE, _MOST_SCALE = 0.8, 1.32
"""How small and how large a panel may get, over its size in pixels."""

Data = dict[str, Any]


@dataclass
class Pool:
    """Values that many states share: each is kept once and known by its number."""

    items: list[Any] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def number(self, item: Any) -> int:
        """The number of an item, which is put in if it is new."""
        key = repr(item)
        if key not in self._known:
            self._known[key] = len(self.items)
            self.items.append(item)
        return self._known[key]


def pictures(states: list[Data]) -> Data:
    """Everything that a page needs to show each state of an explorer.

    Args:
        states: from `read`, in the order of the sliders' values.

    Returns:
        layouts: HTML with empty panels; pieces: elements of SVG; scales: what turns a
        place of a panel into values; states: title, number of the layout, and for each
        panel the number of its scales and those of its pieces, in order.
    """
    layouts, pieces, scales = Pool(), Pool(), Pool()
    found: list[Any] = [None] * len(states)
    for members in _alike(states):
        columns = zip(*(panels_of(states[i]) for i in members), strict=True)
        panels = [Panel.over(list(column)) for column in columns]
        number = layouts.number(_layout(states[members[0]], panels))
        for i in members:
            shown = [
                [
                    scales.number(_scales(one)),
                    [pieces.number(piece) for piece in panel.drawn(one)],
                ]
                for one, panel in zip(panels_of(states[i]), panels, strict=True)
            ]
            found[i] = [text.plain(states[i]["title"]), number, shown]
    return {
        "layouts": layouts.items,
        "pieces": pieces.items,
        "scales": scales.items,
        "states": found,
    }


def _alike(states: list[Data]) -> list[list[int]]:
    """The numbers of the states by the arrangement of their panels."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for i, state in enumerate(states):
        key = (*map(len, state["rows"]), bool(state["legend"]))
        found.setdefault(key, []).append(i)
    return list(found.values())


def _layout(state: Data, panels: list[Panel]) -> str:
    """Empty panels in rows; a row breaks where its panels would get too small."""
    left = list(panels)
    rows = []
    for i, row in enumerate(state["rows"]):
        n = len(row) + (i == 0 and bool(state["legend"]))
        own, left = left[:n], left[n:]
        drawn = own[: len(row)]
        top = max(panel.top for panel in drawn)
        bottom = max(panel.bottom for panel in drawn)
        for panel in drawn:
            panel.top, panel.bottom = top, bottom
        rows.append("".join(map(_empty, own)))
    return "".join(f'<div class="explorer-row">{row}</div>' for row in rows)


def _empty(panel: Panel) -> str:
    x, y, width, height = panel.view
    style = f"flex:0 1 {width}px"
    if panel.holds_axes:
        basis, most = round(_LEAST_SCALE * width), round(_MOST_SCALE * width)
        style = f"flex:{width} 1 {basis}px;max-width:{most}px"
    view = " ".join(str(TENTHS * side) for side in (x, y, width, height))
    return f'<svg viewBox="{view}" style="{style}"></svg>'


def _scales(one: Data) -> list[Data]:
    """For each axes of a panel its box, and how its places are read as values."""
    return [
        {"box": one["box"], "x": _axis(axes["x"]), "y": _axis(axes["y"])}
        for axes in one["axes"]
    ]


def _axis(axis: Data) -> Data:
    found = {
        "label": text.plain(axis["label"]),
        "limits": [float(f"{value:.6g}") for value in axis["limits"]],
        "scale": axis["scale"],
    }
    if axis["names"]:
        found["names"] = [[at, text.plain(words)] for at, words in axis["ticks"]]
    return found


def filled(data: Data, number: int) -> str:
    """One state's panels as HTML; what the script of the page does too."""
    _, layout, shown = data["states"][number]
    parts = data["layouts"][layout].split("</svg>")
    inside = ["".join(data["pieces"][i] for i in pieces) for _, pieces in shown]
    return "</svg>".join(a + b for a, b in zip(parts, [*inside, ""], strict=True))

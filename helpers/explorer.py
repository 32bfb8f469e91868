"""Sliders that answer with a kernel and without one.

With a kernel the reader gets ipywidgets sliders, and a frame is computed when first
asked for. While the book is built (`DLT_FRAMES=all`) every figure is read as data
(`figure_data`), not rendered, and the output is plain HTML with an SVG that
`book/_static/explorer.js` brings to life. What cannot be said as data stays a picture.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import math
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from IPython.display import HTML, display
from matplotlib.figure import Figure

from helpers import figure_data
from helpers.style import palette_png, without_minor_ticks
from helpers.typeset import in_html

if TYPE_CHECKING:
    import ipywidgets

__all__ = [
    "FRAMES_VARIABLE",
    "Explorer",
    "Frame",
    "explorer",
]

FRAMES_VARIABLE = "DLT_FRAMES"
"""The environment variable that is "all" while the book is built."""
_DPI = 80
_DENSE = 2
"""Pixels of a picture on a page for a pixel of the page."""
_MOST_FRAMES = 250
_TAG = re.compile("<[^>]*>")

Point = tuple[Any, ...]


@dataclass(frozen=True)
class Frame:
    """One picture of an explorer: a data URI and the sentence that goes with it."""

    image: str
    text: str


@dataclass(frozen=True)
class Explorer:
    """A figure with sliders; made by `explorer`, shown by being a cell's last value."""

    draw: Callable[..., Figure | tuple[Figure, str]]
    label: str
    sliders: Mapping[str, Sequence[Any]]
    start: Point
    _frames: dict[Point, Frame] = field(default_factory=dict, repr=False)

    def frame(self, point: Point) -> Frame:
        """The frame at one value of each slider: drawn once, then kept."""
        if point not in self._frames:
            self._frames[point] = self._drawn(point)
        return self._frames[point]

    def _drawn(self, point: Point, dense: int = 1) -> Frame:
        with self._at(point), _only_the_readers_figures():
            figure, text = self._figure(point)
            for axes in figure.axes:
                without_minor_ticks(axes)
            png = palette_png(figure, dense * _DPI, colors=32)
        image = "data:image/png;base64," + base64.b64encode(png).decode()
        return Frame(image, text)

    def _figure(self, point: Point) -> tuple[Figure, str]:
        """What draw returns at one value of each slider, and the status line."""
        drawn = self.draw(**dict(zip(self.sliders, point, strict=True)))
        pair = drawn if isinstance(drawn, tuple) else (drawn, "")
        if len(pair) != 2 or not (
            isinstance(pair[0], Figure) and isinstance(pair[1], str)
        ):
            got = type(drawn).__name__
            if isinstance(drawn, tuple):
                got = f"({', '.join(type(part).__name__ for part in drawn)})"
            raise TypeError(
                "draw must return a matplotlib Figure, or a pair (Figure, headline), "
                f"got {got}"
            )
        figure, headline = pair
        values = self._values(point)
        return figure, f"{values}: {headline}" if headline else values

    def _values(self, point: Point) -> str:
        """The values of the sliders in words."""
        return ", ".join(
            f"{name} {_shown(value)}"
            for name, value in zip(self.sliders, point, strict=True)
        )

    @contextmanager
    def _at(self, point: Point) -> Iterator[None]:
        """Add to an error of the block the values at which it arose."""
        try:
            yield
        except figure_data.Unsupported:
            raise
        except Exception as error:
            given = zip(self.sliders, point, strict=True)
            call = ", ".join(f"{name}={value!r}" for name, value in given)
            error.add_note(f"explorer {self.label!r}: draw({call})")
            raise

    def _points(self) -> list[Point]:
        return list(itertools.product(*self.sliders.values()))

    def _states(self) -> dict[str, Any]:
        """Every state as data, or as a picture if one of them cannot be said so."""
        points = self._points()
        try:
            read = [self._read(point) for point in points]
        except figure_data.Unsupported:
            frames = [self._drawn(point, _DENSE) for point in points]
            return {
                "texts": [_set(frame.text) for frame in frames],
                "images": [frame.image for frame in frames],
            }
        pictures = figure_data.pictures([data for data, _ in read])
        return {"texts": [_set(text) for _, text in read], **pictures}

    def _read(self, point: Point) -> tuple[dict[str, Any], str]:
        with self._at(point), _only_the_readers_figures():
            figure, text = self._figure(point)
            return figure_data.read(figure), text

    def static_html(self) -> str:
        """Every state in one piece of HTML that needs no kernel and no other host."""
        states = self._states()
        first = self._points().index(self.start)
        sliders = {
            "names": list(self.sliders),
            "values": [[_shown(v) for v in values] for values in self.sliders.values()],
        }
        controls = "".join(
            _range_input(name, values, values.index(value))
            for (name, values), value in zip(
                self.sliders.items(), self.start, strict=True
            )
        )
        status = states["texts"][first]
        label = html.escape(self.label)
        alt = f"{label}. {_TAG.sub('', status)}"
        return (
            f'<section class="explorer" aria-label="{label}">'
            f"<p class='explorer-label'>{label}</p>"
            f'<div class="explorer-controls">{controls}</div>'
            f"{_picture(states, first, alt)}"
            f'<p class="explorer-status" role="status">{status}</p>'
            f'<script type="application/zlib">{_packed(sliders | states)}</script>'
            "</section>"
        )

    def widget(self) -> ipywidgets.Widget:
        """The same explorer as ipywidgets sliders (versions 7.7 and 8)."""
        import ipywidgets

        controls = [
            ipywidgets.SelectionSlider(
                options=[(_shown(v), v) for v in values],
                value=value,
                description=_words(name),
                continuous_update=False,
            )
            for (name, values), value in zip(
                self.sliders.items(), self.start, strict=True
            )
        ]
        picture, status = ipywidgets.HTML(), ipywidgets.HTML()

        def update(_: Any = None) -> None:
            point = tuple(control.value for control in controls)
            if point not in self._frames:
                status.value = '<p role="status">computing …</p>'
            try:
                frame = self.frame(point)
            except Exception as error:
                picture.value = ""
                told = f"{type(error).__name__}: {error}; at {self._values(point)}"
                reason = html.escape(told)
                status.value = f'<p role="alert">could not draw: {reason}</p>'
                return
            alt = html.escape(_alt(self.label, frame))
            picture.value = f'<img src="{frame.image}" alt="{alt}">'
            status.value = f'<p role="status">{_set(frame.text)}</p>'

        for control in controls:
            control.observe(update, names="value")
        update()
        return ipywidgets.VBox([*controls, picture, status])

    def _ipython_display_(self) -> None:
        building = os.environ.get(FRAMES_VARIABLE) == "all"
        display(HTML(self.static_html()) if building else self.widget())


def explorer(
    draw: Callable[..., Figure | tuple[Figure, str]],
    *,
    label: str,
    start: Mapping[str, Any] | None = None,
    **sliders: Sequence[Any],
) -> Explorer:
    """A figure that the reader turns with sliders, on the page and in a notebook.

    Args:
        draw: called with one keyword a slider; returns a figure, or a figure and its
            headline number in words. Every figure should have the same size.
        label: what the explorer is for; read aloud to those who cannot see it.
        start: the values shown first, by slider; the first value where left out.
        **sliders: for each slider the values it takes, in order. An underscore in a
            name is shown as a space.

    Returns:
        The explorer; as the last value of a cell it shows itself. Cost: one call of
        `draw`; while the book is built, one a combination of values. The figures that
        `draw` makes are closed, and no others; an error in `draw` tells the values.

    Raises:
        TypeError: if draw cannot be called, or a slider has no sequence of hashable
            values.
        ValueError: if there is no slider, a slider has no values or some that are shown
            alike, start names an unknown slider or value, or there are over 250
            combinations.
    """
    if not callable(draw):
        raise TypeError(f"draw must be callable, got {type(draw).__name__}")
    if not sliders:
        raise ValueError("explorer needs at least one slider, such as depth=[1, 2, 4]")
    values = {name: _checked_values(name, given) for name, given in sliders.items()}
    frames = math.prod(map(len, values.values()))
    if frames > _MOST_FRAMES:
        raise ValueError(
            f"the sliders make {frames} frames; at most {_MOST_FRAMES} are allowed"
        )
    first = {name: given[0] for name, given in values.items()}
    for name, value in (start or {}).items():
        if name not in values or value not in values[name]:
            raise ValueError(
                f"start sets {name}={value!r}; the sliders are {dict(values)}"
            )
        first[name] = value
    return Explorer(draw, label, values, tuple(first.values()))


def _checked_values(name: str, given: Sequence[Any]) -> list[Any]:
    """The values of a slider, which differ as they are shown, or raise."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(
            f"slider {name!r} needs a sequence of values such as [1, 2, 4], "
            f"got {given!r}"
        )
    values = list(given)
    try:
        distinct = set(values)
    except TypeError:
        raise TypeError(
            f"slider {name!r} needs hashable values (tuples for lists), got {values}"
        ) from None
    shown = {_shown(value) for value in distinct}
    if not values or len(shown) < len(values):
        raise ValueError(
            f"slider {name!r} needs values that all differ as they are shown, in six "
            f"digits, got {values}"
        )
    return values


@contextmanager
def _only_the_readers_figures() -> Iterator[None]:
    """Close the figures that the block makes, and no other."""
    before = set(plt.get_fignums())
    try:
        yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else _words(str(value))


def _read(shown: str) -> str:
    """A value as it is read: −2 for -2, 10⁻⁶ for 1e-06."""
    return re.sub(r"^-(?=\d)", "−", figure_data.plain(shown))


def _alt(label: str, frame: Frame) -> str:
    return f"{label}. {frame.text}"


def _set(text: str) -> str:
    """Words with formulas, set in HTML; the names of sliders lose their underscores."""
    return in_html(text).replace("_", " ")


def _range_input(name: str, values: Sequence[Any], index: int) -> str:
    label, shown = _set(name), html.escape(_shown(values[index]))
    return (
        f'<label><span>{label}</span><input type="range" min="0" step="1" disabled '
        f'max="{len(values) - 1}" value="{index}" aria-valuetext="{shown}">'
        f'<output aria-hidden="true">{_read(shown)}</output></label>'
    )


def _picture(states: dict[str, Any], number: int, alt: str) -> str:
    """One state as it stands in the page before any script has run."""
    if "images" in states:
        uri = states["images"][number]
        width = _width(uri) // _DENSE
        return f'<img src="{uri}" alt="{alt}" width="{width}">'
    title = html.escape(states["states"][number][0])
    return (
        f'<p class="explorer-title">{title}</p>'
        f'<div class="explorer-figure" role="img" aria-label="{alt}">'
        f"{figure_data.filled(states, number)}</div>"
    )


def _width(uri: str) -> int:
    """Width in pixels of a PNG in a data URI, which says it in bytes 16 to 19."""
    start = base64.b64decode(uri.partition(",")[2][:32])
    return int.from_bytes(start[16:20], "big")


def _packed(data: Any) -> str:
    """JSON, deflated, in base 64: half the letters or fewer, which the page unpacks."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()

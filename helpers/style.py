"""The look of every figure: readable in light and dark, safe for the colour-blind."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.core.getipython import get_ipython
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

__all__ = [
    "COLORS",
    "crisp_png",
    "palette_png",
    "shades",
    "thumbnail",
    "use",
    "without_minor_ticks",
]

COLORS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
}
"""The palette of Okabe and Ito (2008), told apart under every colour blindness."""

_RC: dict[Any, Any] = {
    "axes.prop_cycle": cycler(color=list(COLORS.values())),
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.dpi": 130,
    "figure.facecolor": "white",
    "figure.figsize": (7.0, 3.6),
    "font.size": 11,
    "grid.alpha": 0.25,
    "image.cmap": "cividis",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
}


_CSS_DPI = 85
"""Pixels of the page per inch of a figure; its picture has twice as many."""


def use() -> None:
    """Set the book's matplotlib style for the running process.

    In a notebook figures are shown by `crisp_png` from then on.
    """
    matplotlib.rcParams.update(_RC)
    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        plt.switch_backend(matplotlib.get_backend())  # loaded later, it would undo this
        shell.display_formatter.formatters["image/png"].for_type(Figure, crisp_png)


def crisp_png(figure: Figure) -> tuple[bytes, dict[str, int]]:
    """Render a figure for screens of two pixels to a point.

    At 170 pixels an inch and in 256 colours, which is smaller than 130 in all colours.

    Args:
        figure: any; its surroundings are cut to what is drawn.

    Returns:
        The bytes of the PNG file; the width and height at which to show it, in pixels
        of the page. Cost: about 0.4 s.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=2 * _CSS_DPI, bbox_inches="tight")
    image = Image.open(drawn).convert("RGB")
    few = image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = np.array(few.getpalette() or [], dtype=np.uint8).reshape(-1, 3)
    palette[palette.min(axis=1) >= 248] = 255  # white, a mean of it and its neighbours
    few.putpalette(palette.ravel().tolist())
    small = io.BytesIO()
    few.save(small, "PNG", optimize=True)
    return small.getvalue(), {"width": image.width // 2, "height": image.height // 2}


def shades(n: int) -> np.ndarray:
    """Colours of an ordered quantity (layers, depths): dark to light, RGBA [n, 4].

    Equal steps on the plasma map up to its orange, so that every shade shows on white
    and, turned round, on a dark page.

    Raises:
        ValueError: if n is below 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    return matplotlib.colormaps["plasma"](np.linspace(0.0, 0.65, n))


def without_minor_ticks(axes: Axes) -> None:
    """Drop the minor ticks of log axes that show two decades or more.

    They take half of the time in which such a figure is drawn; below two decades they
    may be all the ticks there are, and stay.
    """
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        if axis.get_scale() == "log" and high >= 100 * low:
            axis.minorticks_off()


def palette_png(figure: Figure, dpi: int, colors: int = 64) -> bytes:
    """Render a figure as a PNG of few colours: a fifth of the size of a plain one.

    Args:
        figure: the figure; its size in inches times dpi is the size in pixels.
        dpi: pixels per inch.
        colors: size of the palette, 2 to 256.

    Returns:
        The bytes of the PNG file. Cost: about 50 ms for a line figure.
    """
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
    small = io.BytesIO()
    image.quantize(colors, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def thumbnail(figure: Figure, crop: Sequence[float] = (0.0, 0.0, 1.0, 1.0)) -> None:
    """Hand a figure to the landing page as the picture on the chapter's card.

    The page gets it through the notebook's output metadata (MyST-NB's glue); the
    reader of the chapter sees nothing.

    Args:
        figure: the figure to show, as it stands.
        crop: the part to show, as fractions (left, top, right, bottom) of the figure.
    """
    image = Image.open(io.BytesIO(palette_png(figure, dpi=110, colors=128)))
    width, height = image.size
    left, top, right, bottom = crop
    part = image.crop((left * width, top * height, right * width, bottom * height))
    part.thumbnail((480, 300))
    png = io.BytesIO()
    part.save(png, "PNG", optimize=True)
    prefix = "application/papermill.record/"
    display(
        {prefix + "image/png": base64.b64encode(png.getvalue()).decode()},
        raw=True,
        metadata={"scrapbook": {"name": "thumbnail", "mime_prefix": prefix}},
    )

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
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image, PngImagePlugin

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
    "figure.figsize": (6.2, 3.4),
    "font.size": 11,
    "grid.alpha": 0.25,
    "image.cmap": "cividis",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
}


_CSS_DPI = 85
"""Pixels of the page per inch of a figure; its picture has twice as many."""

_EXACT = 32
"""So many colours, those of the most pixels, are kept as they are."""
_CLOSE, _CLOSE_IN_IMAGES, _FAR = 16, 2, 32
"""Levels of a channel: enough colours are added that none is further off than _CLOSE,
or _CLOSE_IN_IMAGES in a figure with images, such as photographs; where 256 leave one
off by more than _FAR, the picture keeps all."""


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

    At 170 pixels an inch and in up to 256 colours, which is smaller than 130 in all
    colours. The colours of the most pixels, as white, are exact; no pixel is off by
    more than 16 of a channel's 256 levels, 2 in figures with images, or 32 where 256
    colours are few.

    Args:
        figure: any; its surroundings are cut to what is drawn.

    Returns:
        The bytes of the PNG file, which says "Colours: of data" where a map of colours
        tells values; the width and height at which to show it, in pixels of the page.
        Cost: about 0.5 s.
    """
    drawn = io.BytesIO()
    figure.savefig(
        drawn,
        format="png",
        dpi=2 * _CSS_DPI,
        bbox_inches="tight",
        pil_kwargs={"compress_level": 0},  # read again in the next line
    )
    image = Image.open(drawn).convert("RGB")
    told = PngImagePlugin.PngInfo()
    if _shows_data_as_colours(figure):
        told.add_text("Colours", "of data")
    close = _CLOSE_IN_IMAGES if figure.findobj(AxesImage) else _CLOSE
    small = io.BytesIO()
    _with_few_colours(image, close).save(small, "PNG", optimize=True, pnginfo=told)
    return small.getvalue(), {"width": image.width // 2, "height": image.height // 2}


def _shows_data_as_colours(figure: Figure) -> bool:
    """Whether a picture, a mesh or a cloud of points has its colours from values."""
    return any(
        isinstance(one, ScalarMappable)
        and one.get_array() is not None
        and getattr(one, "colors", None) is None  # contours in one colour
        for one in figure.findobj()
    )


def _with_few_colours(image: Image.Image, close: int) -> Image.Image:
    """A picture with a palette; as it is where 256 colours are not enough.

    After the most frequent colours the palette takes the one that is furthest from all
    it holds, again and again (Gonzalez 1985).
    """
    pixels = np.asarray(image).astype(np.uint32)
    code = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    found, counts = np.unique(code, return_counts=True)
    colors = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(int)
    chosen, nearest, off = _palette(colors, np.argsort(-counts, kind="stable"), close)
    if off > _FAR:
        return image
    number_of = np.empty(2**24, np.uint8)
    number_of[found] = nearest
    few = Image.fromarray(number_of[code])
    few.putpalette(colors[chosen].astype(np.uint8).tobytes())
    return few


def _palette(
    colors: np.ndarray, by_frequency: np.ndarray, close: int
) -> tuple[list[int], np.ndarray, int]:
    """Which colours to keep, which of them each goes to, the largest error."""
    chosen: list[int] = []
    nearest = np.zeros(len(colors), int)
    off = np.full(len(colors), 256)
    while len(chosen) < min(256, len(colors)):
        if len(chosen) >= _EXACT and off.max() <= close:
            break
        added = int(by_frequency[len(chosen)] if len(chosen) < _EXACT else off.argmax())
        away = np.abs(colors - colors[added]).max(axis=1)
        nearest[away < off] = len(chosen)
        off = np.minimum(off, away)
        chosen.append(added)
    return chosen, nearest, int(off.max())


def shades(n: int) -> np.ndarray:
    """Colours of an ordered quantity (layers, depths): dark to light, RGBA [n, 4].

    Equal steps on the plasma map up to its orange, so that every shade shows on white
    and its twin on a dark page.

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

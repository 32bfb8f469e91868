"""Figures of the built pages: sizes told, fetched when near, with a twin for the dark.

The twin has the same pixels in other colours (`turned`). A figure whose colours tell
values, as a map of colours or a photograph does, keeps them, and has none.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

DARK = ".dark.png"
"""How the name of a twin ends."""

GROUND = np.full(3, 18 / 255)
INK = np.array([0.81, 0.84, 0.87])
"""The theme's ground and letters on a dark page."""

_TINT = 0.8
"""What the pale tints of bands gain, which would not stand out on the dark."""
_PURPLE = np.array([1.5, 0.0, 0.0])
"""What a pale purple gains, which would be dim."""
_DEEP = 0.35
"""What deep colours gain, so that a blue and a pale blue stay apart."""

_FIGURE = re.compile(
    r'<img alt="([^"]*)" src="([^"]+)" style="width: (\d+)px; height: (\d+)px;" />'
)


def lean_pictures(text: str, folder: Path) -> str:
    """A page with its figures as the browser should get them; their twins are written.

    Args:
        text: of the page.
        folder: of the page; sources are relative to it.
    """

    def told(found: re.Match[str]) -> str:
        alt, source, width, height = found.groups()
        size = f'alt="{alt}" width="{width}" height="{height}" loading="lazy"'
        if colours_of_data(folder / source):
            return f'<img class="of-data" src="{source}" {size}/>'
        write_twin(folder / source)
        return (
            f'<img class="plain" src="{source}" {size}/>'
            f'<img class="turned" src="{source}{DARK}" {size}/>'
        )

    return _FIGURE.sub(told, text)


def colours_of_data(path: Path) -> bool:
    """Whether a picture says that its colours tell values (see `style.crisp_png`)."""
    with Image.open(path) as picture:
        return picture.info.get("Colours") == "of data"


def write_twin(path: Path) -> None:
    """Write the twin of a picture beside it, unless it is there."""
    twin = path.with_name(path.name + DARK)
    if twin.exists():
        return
    with Image.open(path) as opened:
        picture = opened if opened.mode == "P" else opened.convert("RGB")
        if picture.mode == "P":
            palette = np.array(picture.getpalette(), np.uint8).reshape(-1, 3)
            picture.putpalette(turned(palette).tobytes())
        else:
            picture = Image.fromarray(turned(np.asarray(picture)))
        picture.save(twin, "PNG", optimize=True)


def turned(rgb: np.ndarray) -> np.ndarray:
    """Colours on white as colours on a dark page: white is ground, black is ink.

    A colour is a share of white, one of black, and a hue; the hue stays, at full
    strength. What is mixed of two colours, as at the rim of a line, is nearly mixed of
    theirs.

    Args:
        rgb: 0 to 255, [..., 3].
    """
    colour = rgb / 255
    white = colour.min(axis=-1, keepdims=True)
    black = 1 - colour.max(axis=-1, keepdims=True)
    hue = colour - white
    strength = hue.max(axis=-1, keepdims=True)
    tint = _TINT * (white**2 - white**4)
    purple = white * np.minimum(hue[..., :1], hue[..., 2:])
    lit = hue + purple * _PURPLE + black * INK + _DEEP * black * strength
    brighter = lit / np.maximum(strength + black, 1e-9)
    found = white**1.5 * GROUND + lit + tint * brighter
    return np.asarray(np.round(255 * np.clip(found, 0, 1)).astype(np.uint8))

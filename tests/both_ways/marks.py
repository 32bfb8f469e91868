"""The marks of a panel, and how far they are from those of another."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from matplotlib.colors import to_hex
from scipy.ndimage import maximum_filter, minimum_filter
from scipy.spatial import KDTree

from helpers.figure_data import text

LIMIT = 1.0
"""How far a mark may be from where the other has it, in pixels of the page."""
STEP = 0.5
"""Points on a line and in a picture are so far apart, in pixels."""
MARGIN = 3.0
"""What stands so far outside may still be the partner of what shows, in pixels."""
SLIVER = 0.2
"""What shows less than this of its width or height need not have a partner."""
UNCLIPPED = 10.0
"""How far a mark may show beyond its box that is not cut off there, in pixels."""
TICK = 1.5
"""So much of a tick is compared, in pixels: the page's are all of one length."""
LETTER = 12.0
"""Words may be so far off upwards, in pixels: how far letters reach is up to fonts."""
SHADES = 8
"""Levels of 256: a picture's colours may differ by so much, as its scaling rounds."""


class Mark(NamedTuple):
    """Corners in pixels of the box, y downwards: of a line, an outline, an extent.

    It shows up to `reach` pixels beyond the box; unless `needed`, the other side may
    lack it.
    """

    corners: np.ndarray
    reach: float = 0.0
    needed: bool = True


class Picture(NamedTuple):
    """Colours, 0 to 255, [rows, columns, 4], between such edges in pixels."""

    x: np.ndarray
    y: np.ndarray
    rgba: np.ndarray

    def at(self, x, y):
        """The colours on white at columns x and rows y, [len(y), len(x), 3]."""
        column, row = (
            np.clip(np.searchsorted(edges, places, "right") - 1, 0, len(edges) - 2)
            for edges, places in ((self.x, x), (self.y, y))
        )
        found = self.rgba[row][:, column].astype(float)
        alpha = found[..., 3:] / 255
        return alpha * found[..., :3] + (1 - alpha) * 255


@dataclass
class Panel:
    """All marks of a panel by their kind, which tells the colour, and its pictures."""

    size: tuple[float, float]
    marks: dict[str, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    pictures: list[Picture] = field(default_factory=list)

    def add(self, kind, corners, reach=0.0, needed=True):
        """Note a mark; a line of one point is as long as none."""
        corners = np.asarray(corners, float)
        if kind.startswith(LINES) and len(corners) == 1:
            corners = np.repeat(corners, 2, axis=0)
        self.marks[kind].append(Mark(corners, reach, needed))


LINES = "line", "area", "frame", "grid"


def key(kind, *colours):
    """The kind of a mark: what it is, and the colours of which some may be None."""
    told = {to_hex(rgba) + f" {rgba[3]:.2f}" for rgba in colours if rgba is not None}
    return " ".join([kind, *sorted(told)])


def label(axis, words):
    """The kind of the label of a tick."""
    return f"{axis} label {words!r}"


def letters(words):
    """The letters in which a page shows a text of matplotlib's."""
    return "".join(ElementTree.fromstring(f"<t>{text.svg(words)}</t>").itertext())


class Gap(NamedTuple):
    """How far the marks of one kind are from their partners at most, and where."""

    what: str
    pixels: float
    at: tuple[float, ...] = ()


def count(panel):
    """How many marks of a panel show."""
    kinds = [_places(kind, marks, panel.size) for kind, marks in panel.marks.items()]
    return len(panel.pictures) + sum(len(set(of[needed])) for _, needed, of in kinds)


def gaps(drawn, shown):
    """The gap of each kind of mark of two panels, looked at from both sides."""
    for kind in sorted({*drawn.marks, *shown.marks}):
        ours, theirs = (
            _places(kind, panel.marks[kind], panel.size) for panel in (drawn, shown)
        )
        yield _gap(f"{kind} of matplotlib's", ours, theirs[0])
        yield _gap(f"{kind} of the page's", theirs, ours[0])
    if len(drawn.pictures) != len(shown.pictures):
        yield Gap("pictures", np.inf)
    for one, other in zip(drawn.pictures, shown.pictures, strict=False):
        yield _between(one, other, drawn.size)


def _gap(what, ours, others):
    points = ours[0][ours[1]]
    if not len(points):
        return Gap(what, 0.0)
    lacking = what.startswith("marker") and len(points) > len(others)
    if lacking or not len(others):
        return Gap(f"{what} {len(points)}, {len(others)} there", np.inf)
    away, _ = KDTree(others).query(points)
    worst = int(away.argmax())
    return Gap(what, float(away[worst]), tuple(points[worst].round(1).tolist()))


def _places(kind, marks, size):
    """Points to compare, whether each needs a partner, and the number of its mark."""
    if not marks:
        return np.empty((0, 1)), np.empty(0, bool), np.empty(0, int)
    if kind.startswith(LINES):
        return _along(marks, np.array(size))
    reach = np.array([mark.reach for mark in marks])
    needed = np.array([mark.needed for mark in marks])
    corners = np.array([mark.corners for mark in marks])
    if kind.startswith("marker"):
        ends = -reach[:, None, None], np.add.outer(reach, size)[:, None]
        corners = np.clip(np.sort(corners, axis=1), *ends)
        shows = (np.ptp(corners, axis=1) > 0).all(axis=1)
        needed &= (np.ptp(corners, axis=1) > SLIVER).all(axis=1)
        corners, needed = corners[shows], needed[shows]
    elif kind.startswith("words"):
        corners = corners / (1, LETTER)
    else:
        corners = corners[..., int(kind.startswith("y"))]
    return corners.reshape(len(corners), -1), needed, np.arange(len(corners))


def _along(marks, size):
    """Points along lines, where they show or nearly do."""
    lengths = [len(mark.corners) - 1 for mark in marks]
    of = np.repeat(np.arange(len(marks)), lengths)
    start = np.concatenate([mark.corners[:-1] for mark in marks])
    step = np.concatenate([mark.corners[1:] for mark in marks]) - start
    reach = np.array([mark.reach for mark in marks])[of, None]
    # From where to where a segment is in the window (Liang and Barsky 1984).
    low, high = -reach - MARGIN, size + reach + MARGIN
    safe = np.where(np.abs(step) < 1e-12, 1e-12, step)
    sides = np.stack([(low - start) / safe, (high - start) / safe])
    enter = np.maximum(sides.min(axis=0).max(axis=1), 0)
    leave = np.minimum(sides.max(axis=0).min(axis=1), 1)
    pieces = np.ceil((leave - enter) * np.linalg.norm(step, axis=1) / STEP)
    n = np.where(enter <= leave, pieces + 1, 0).astype(int)
    index = np.repeat(np.arange(len(n)), n)
    number = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    share = number / np.maximum(n - 1, 1)[index]
    t = enter[index] + share * (leave - enter)[index]
    points = start[index] + t[:, None] * step[index]
    of, reach = of[index], reach[index]
    shows = ((points >= -reach) & (points <= size + reach)).all(axis=1)
    return points, shows & np.array([mark.needed for mark in marks])[of], of


def _between(one, other, size):
    """The gap of two pictures: of their sides, or of colours not within a pixel."""
    sides = np.array([
        np.clip([p.x[0], p.y[0], p.x[-1], p.y[-1]], 0, (*size, *size))
        for p in (one, other)
    ])  # fmt: skip
    away = np.abs(sides[0] - sides[1]).max()
    if away > LIMIT:
        return Gap("picture", away, tuple(sides[0]))
    left, top = sides[:, :2].max(axis=0)
    right, bottom = sides[:, 2:].min(axis=0)
    x = np.arange(left + STEP / 2, right, STEP)
    y = np.arange(top + STEP / 2, bottom, STEP)
    seen = [p.at(x, y) for p in (one, other)]
    window = (2 * round(LIMIT / STEP) + 1,) * 2 + (1,)
    for this, that in (seen, seen[::-1]):
        below = minimum_filter(that, window) - this
        above = this - maximum_filter(that, window)
        off = np.maximum(below, above).max(axis=2)
        if off.max() > SHADES:
            row, column = np.unravel_index(off.argmax(), off.shape)
            return Gap("colours of a picture", np.inf, (x[column], y[row]))
    return Gap("picture", float(away))

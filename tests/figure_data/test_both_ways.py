"""The comparison of explorers both ways: it passes, and each kind of fault is seen."""

import both_ways
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from helpers import figure_data

SQUARES = np.array([[(i, 0), (i + 0.8, 0), (i + 0.8, 9), (i, 9)] for i in range(3)])


def draw(step, scale):
    """One of each kind of mark."""
    figure, ((lines, bars), (areas, images)) = plt.subplots(2, 2, figsize=(7, 6))
    x = np.arange(1, 6.0)
    lines.plot(x, 8 * step * x, "o-", label="points")
    lines.axhline(2, color="black", ls="--")
    lines.scatter(x, 3 * x, x**2, marker="s", c="C2", alpha=0.5)
    lines.set(yscale=scale, ylim=(0.5, 100), xlabel="width", title="lines")
    lines.text(2, 50, "words")
    lines.legend()
    twin = lines.twinx()
    twin.spines.right.set_visible(True)
    twin.plot(x, np.sin(40 * np.linspace(0, step, 5)), color="C3")
    bars.bar(["one", "two"], [step, 2.0])
    bars.hist(np.linspace(0, 1, 50) ** step, 20, color="C1")
    bars.plot(0.5, 0, "kD", ms=12, clip_on=False)
    bars.set(ylim=(0, 21))
    areas.fill_between(x, x, 2 * x + step, alpha=0.3, lw=0)
    areas.add_patch(plt.Circle((3, 3), 1, fill=False, color="C1"))
    areas.add_collection(PolyCollection(SQUARES, array=x[:3], ec="white"))
    areas.contour(x, x, np.hypot(*np.meshgrid(x, x)), [3.0, 5.0], colors="0.5")
    areas.set(xlim=(0, 6), ylim=(-1, 12))
    shown = images.imshow(np.arange(12.0).reshape(3, 4) * step, aspect="auto")
    figure.colorbar(shown, label="height")
    return figure, f"step {step}"


def compared(step=2, scale="linear"):
    """The toy's state as the page shows it, beside its figure."""
    figure, _ = draw(step, scale)
    page = figure_data.pictures([figure_data.read(figure)])
    return both_ways.compared(figure, figure_data.filled(page, 0), f"step {step}")


@pytest.mark.parametrize(("step", "scale"), [(1, "linear"), (2, "log"), (3, "log")])
def test_every_kind_of_mark_is_found(step, scale):
    found = compared(step, scale)
    assert found.marks > 100
    assert found.worst < both_ways.LIMIT


def pixels(ax, n):
    """So many pixels of a panel, as steps of data."""
    return n * np.ptp(ax.get_xlim()) / 230, n * np.ptp(ax.get_ylim()) / 186


def move_a_point(ax):
    x, y = map(np.array, ax.lines[0].get_data())
    x[2] += pixels(ax, 3)[0]
    ax.lines[0].set_data(x, y)


def turn_over(ax):
    ax.images[0].set_data(np.asarray(ax.images[0].get_array())[::-1])


def stretch(ax):
    limits = ax.get_xlim()
    left, right, *rest = ax.images[0].get_extent()
    ax.images[0].set_extent((left, right - pixels(ax, 2)[0], *rest))
    ax.set_xlim(limits)


LINES, BARS, AREAS, IMAGES, TWIN, COLOURS = range(6)
FAULTS = [
    ("marker #0072b2", LINES, move_a_point),
    ("line #0072b2", LINES, move_a_point),
    ("line #000000", LINES, lambda ax: ax.lines[1].set_ydata([5, 5])),
    ("marker #009e73 0.50", LINES, lambda ax: ax.collections[0].set_sizes([60])),
    ("marker #cc79a7 0.50", LINES, lambda ax: ax.collections[0].set_color("C3")),
    ("marker #009e73 0.40", LINES, lambda ax: ax.collections[0].set_alpha(0.4)),
    ("marker #0072b2 1.00 of matplotlib's 6", LINES, lambda ax: ax.plot(1, 1, "C0o")),
    ("words 'words'", LINES, lambda ax: ax.texts[0].set_x(2 + pixels(ax, 2)[0])),
    ("grid", LINES, lambda ax: ax.grid(visible=False)),
    ("frame", LINES, lambda ax: ax.spines["top"].set_visible(True)),
    ("frame", LINES, lambda ax: ax.set_xticks([1, 2.1, 3, 4, 5])),
    ("x label '2'", LINES, lambda ax: ax.set_xticks([1, 2, 3, 4, 5], list("13245"))),
    ("line #cc79a7", TWIN, lambda ax: ax.lines[0].remove()),
    ("line #cc79a7", TWIN, lambda ax: ax.set_ylim(-2, 2)),
    ("area #0072b2", BARS, lambda ax: ax.patches[1].set_height(2 + pixels(ax, 2)[1])),
    ("area #d55e00", BARS, lambda ax: ax.patches[10].remove()),
    ("marker #000000", BARS, lambda ax: ax.lines[0].set_clip_on(True)),
    ("area #0072b2 0.30", AREAS, lambda ax: ax.collections[0].remove()),
    ("line #d55e00", AREAS, lambda ax: ax.patches[0].set_radius(1.1)),
    ("area #00224e", AREAS, lambda ax: ax.collections[1].set_clim(-9, 3)),
    ("line #808080", AREAS, lambda ax: ax.collections[2].remove()),
    ("colours of a picture", IMAGES, turn_over),
    ("picture", IMAGES, stretch),
    ("colours of a picture", COLOURS, lambda ax: ax.collections[1].set_cmap("cool")),
]


@pytest.mark.parametrize(("told", "number", "spoil"), FAULTS)
def test_a_fault_is_seen_and_named(monkeypatch, told, number, spoil):
    """The figure is spoilt between what the page reads and what matplotlib draws."""

    def spoilt(figure, sizes):
        spoil(figure.axes[number])
        return drawn(figure, sizes)

    drawn = both_ways.drawn
    monkeypatch.setattr(both_ways, "drawn", spoilt)
    with pytest.raises(AssertionError, match=r"step 2, panel") as raised:
        compared()
    assert told in str(raised.value)


def test_a_panel_that_the_page_lacks_is_seen(monkeypatch):
    monkeypatch.setattr(both_ways, "panels_of", lambda figure: [*figure.axes, None])
    with pytest.raises(AssertionError, match="5 panels"):
        compared()

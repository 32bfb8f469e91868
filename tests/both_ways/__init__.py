"""An explorer's states both ways: as matplotlib draws them and as the page shows them.

Every kernel of `--nbval` loads this as an extension (`tests/conftest.py`): an explorer
that is shown is first compared in its first, middle and last state, and an
AssertionError in its cell says what stands more than a pixel away.

The figure that `draw` returns is read for the page; then matplotlib draws it, each axes
as large as the page shows it, with a renderer that notes what it is told to draw. The
page may choose for itself, and is not asked here: places of legends, of titles and of
the names of the axes, arrows of annotations, the order of marks, widths and dashes of
lines, minor ticks without a label, and which labels of ticks it leaves out or, of a
shared axis, repeats.

- marks.py: the marks of a panel, and how far those of another are from them
- drawn.py: what matplotlib draws
- shown.py: what the page shows
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
from both_ways.drawn import drawn, panels_of
from both_ways.marks import LIMIT, count, gaps
from both_ways.shown import shown

from helpers import figure_data
from helpers.explorer import Explorer

PICTURES = {"Layer 5 as it trains"}
"""Labels of the explorers that are no data: matplotlib's pictures stand in the page."""


@dataclass
class Found:
    """What was compared: states and marks, and the largest distance in pixels."""

    states: int = 0
    marks: int = 0
    worst: float = 0.0


def states(sliders):
    """The first, middle and last value of every slider, each state once."""
    chosen = [
        {name: v[int(share * (len(v) - 1) + 0.5)] for name, v in sliders.items()}
        for share in (0, 0.5, 1)
    ]
    return [state for i, state in enumerate(chosen) if state not in chosen[:i]]


def compared(explorer):
    """Compare three states of an explorer.

    Raises:
        AssertionError: a mark has no partner within a pixel, and which one it is.
    """
    values = states(explorer.sliders)
    before = set(plt.get_fignums())
    figures = [_figure(explorer.draw(**chosen)) for chosen in values]
    for number in set(plt.get_fignums()) - before:
        plt.close(number)
    try:
        page = figure_data.pictures([figure_data.read(figure) for figure in figures])
    except figure_data.Unsupported:
        assert explorer.label in PICTURES, f"{explorer.label!r} is no longer data"
        return Found()
    found = Found(len(figures))
    for number, (chosen, figure) in enumerate(zip(values, figures, strict=True)):
        where = f"{explorer.label!r} at {chosen}"
        panels = list(shown(figure_data.filled(page, number)))
        for k, pair in enumerate(_pairs(figure, panels, where)):
            seen = list(gaps(*pair))
            wide = [gap for gap in seen if gap.pixels > LIMIT]
            assert not wide, "\n".join([f"{where}, panel {k}", *map(str, wide)])
            found.marks += count(pair[0])
            found.worst = max([found.worst, *(gap.pixels for gap in seen)])
    return found


def _figure(made):
    return made[0] if isinstance(made, tuple) else made


def _pairs(figure, panels, where):
    there = len(panels_of(figure))
    assert len(panels) == there, f"{where}: {len(panels)} panels for {there}"
    return zip(drawn(figure, [panel.size for panel in panels]), panels, strict=True)


def load_ipython_extension(_):
    """Compare every explorer that is shown in this kernel."""
    show = Explorer._ipython_display_

    def compare_and_show(explorer):
        compared(explorer)
        show(explorer)

    Explorer._ipython_display_ = compare_and_show

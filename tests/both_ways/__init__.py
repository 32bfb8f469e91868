"""An explorer's states both ways: as matplotlib draws them and as the page shows them.

The build keeps the figures that `draw` returned for three states of every explorer
(tools/kernel/kept_figures.py). Matplotlib draws them here, each axes as large as the
page shows it, with a renderer that notes what it is told to draw. The page may choose
for itself, and is not asked here: places of legends, of titles and of the names of the
axes, arrows of annotations, the order of marks, widths and dashes of lines, minor ticks
without a label, and which labels of ticks it leaves out or, of a shared axis, repeats.

- marks.py: the marks of a panel, and how far those of another are from them
- drawn.py: what matplotlib draws
- shown.py: what the page shows
"""

from dataclasses import dataclass

from both_ways.drawn import drawn, panels_of
from both_ways.marks import LIMIT, count, gaps
from both_ways.shown import shown

PICTURES = {"Layer 5 as it trains"}
"""Labels of the explorers that are no data: matplotlib's pictures stand in the page."""


@dataclass
class Found:
    """What was compared: marks, and the largest distance in pixels."""

    marks: int = 0
    worst: float = 0.0


def compared(figure, html, where):
    """Compare a figure with the SVG in which a page shows it.

    Raises:
        AssertionError: a mark has no partner within a pixel, and which one it is.
    """
    found, panels = Found(), list(shown(html))
    for k, pair in enumerate(_pairs(figure, panels, where)):
        seen = list(gaps(*pair))
        wide = [gap for gap in seen if gap.pixels > LIMIT]
        assert not wide, "\n".join([f"{where}, panel {k}", *map(str, wide)])
        found.marks += count(pair[0])
        found.worst = max([found.worst, *(gap.pixels for gap in seen)])
    return found


def _pairs(figure, panels, where):
    there = len(panels_of(figure))
    assert len(panels) == there, f"{where}: {len(panels)} panels for {there}"
    return zip(drawn(figure, [panel.size for panel in panels]), panels, strict=True)

"""Keep figures of the explorers that a kernel shows, to be compared with the page.

The build loads this extension into its kernels (see tools/execute.py). What `draw`
returned for the first, middle and last value of the sliders goes into the folder that
DLT_FIGURES names: a pickle for each explorer, in the order in which they are shown by
cells that follow the one that loads `helpers.explorer`.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.figure import Figure

    from helpers.explorer import Explorer

VARIABLE = "DLT_FIGURES"
SHARES = (0, 0.5, 1)
"""Of the way through the values of every slider."""


def chosen(explorer: Explorer) -> list[tuple[Any, ...]]:
    """The states whose figures are kept, each once."""
    values = explorer.sliders.values()
    states = [
        tuple(one[int(share * (len(one) - 1) + 0.5)] for one in values)
        for share in SHARES
    ]
    return list(dict.fromkeys(states))


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Keep the figures of explorers, once a cell has loaded what makes them."""

    def look(_: Any) -> None:
        if "helpers.explorer" in sys.modules:
            shell.events.unregister("pre_run_cell", look)
            keep_figures(Path(os.environ[VARIABLE]))

    shell.events.register("pre_run_cell", look)


def keep_figures(folder: Path) -> None:
    """Keep the figures of every explorer that is shown from now on."""
    from helpers.explorer import Explorer

    figures: dict[tuple[Any, ...], bytes] = {}
    figure_of, show = Explorer._figure, Explorer._ipython_display_

    def figure_kept(self: Explorer, point: tuple[Any, ...]) -> tuple[Figure, str]:
        figure, text = figure_of(self, point)
        if point in chosen(self):
            figures[point] = pickle.dumps(figure)
        return figure, text

    def show_and_write(self: Explorer) -> None:
        figures.clear()
        show(self)
        kept = {
            "label": self.label,
            "figures": {self._points().index(p): (p, figures[p]) for p in figures},
        }
        number = len(list(folder.iterdir()))
        (folder / f"{number:02}.pickle").write_bytes(pickle.dumps(kept))

    Explorer._figure = figure_kept  # type: ignore[method-assign]
    Explorer._ipython_display_ = show_and_write  # type: ignore[method-assign]

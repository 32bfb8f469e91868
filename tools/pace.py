"""How fast this machine is at the moment, beside the one that the budgets are for.

A budget of time is written in seconds of a reference machine, on which matplotlib
draws a plain figure in `REFERENCE_SECONDS`. A shared machine may be several times
slower for minutes, and the time that a process is given does not tell: the same work
then takes more of it. Drawing slows down as the notebooks do (a loop of additions
does not: it needs no memory).
"""

from __future__ import annotations

import io
import threading
import time
from types import TracebackType

from matplotlib.figure import Figure

REFERENCE_SECONDS = 0.027
"""What the figure of `pace` takes on the reference machine.

Not timed there: it took 0.064 s on a machine on which chapters 1 to 4 took about 2.35
times as long as on an unloaded machine with two cores.
"""

INTERVAL = 5.0
"""Seconds between two measurements of a `PaceMeter`."""


def pace() -> float:
    """How many times longer than the reference machine this one takes, just now."""
    figure = Figure()
    figure.subplots().plot(range(10))
    start = time.thread_time()
    figure.savefig(io.BytesIO(), format="png")
    return (time.thread_time() - start) / REFERENCE_SECONDS


class PaceMeter:
    """Measures the pace all along a block of code, for 2 % of a processor.

    `mean` holds its mean after the block.
    """

    def __enter__(self) -> PaceMeter:
        pace()  # the first figure of a process loads the fonts
        self._found = [pace()]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self.mean = sum(self._found) / len(self._found)

    def _measure(self) -> None:
        while not self._over.wait(INTERVAL):
            self._found.append(pace())

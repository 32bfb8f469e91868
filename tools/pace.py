"""How fast this machine is at the moment, beside the one that the budgets are for.

A budget of time is written in seconds of a reference machine, on which a million
additions in Python take `REFERENCE_SECONDS`. A shared machine may be several times
slower for minutes, and its clock does not tell: the same work then takes more seconds.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

REFERENCE_SECONDS = 0.07
"""What a million additions take on the reference machine."""

INTERVAL = 1.5
"""Seconds between two measurements of a `PaceMeter`."""


def pace(additions: int = 1_000_000) -> float:
    """How many times longer than the reference machine this one takes, just now."""
    start, total = time.thread_time(), 0
    for number in range(additions):
        total += number
    return (time.thread_time() - start) / (REFERENCE_SECONDS * additions / 1e6)


class PaceMeter:
    """Measures the pace all along a block of code, for 1 % of a processor.

    `mean` holds its mean after the block.
    """

    def __enter__(self) -> PaceMeter:
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
            self._found.append(pace(200_000))

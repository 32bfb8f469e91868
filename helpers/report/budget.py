"""How large a sample fits into a time: a short trial says what the next one costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")

_NETWORKS = 2  # the caller's and the one at initialisation


@dataclass
class Budget:
    """A time that runs from now on.

    Attributes:
        seconds: in all.
    """

    seconds: float
    _start: float = field(default_factory=lambda: time.perf_counter())

    @property
    def left(self) -> float:
        """Seconds that remain; negative when more were spent."""
        return self.seconds - (time.perf_counter() - self._start)


@dataclass(frozen=True)
class Sized(Generic[T]):
    """What was measured, at which size, and the seconds of that measurement."""

    found: T
    size: int
    took: float


def largest_that_fits(
    measure: Callable[[int], T], sizes: tuple[int, ...], share: float
) -> Sized[T]:
    """Measure at growing sizes while the next and its repetition fit into the share.

    The cost of the next is taken to be proportional to the size, which is too much
    where a part of it is fixed.

    Args:
        measure: called with a size.
        sizes: growing; the first is measured whatever it costs.
        share: seconds for all of it and one more measurement at the last size.
    """
    start = time.perf_counter()
    last = _timed(measure, sizes[0])
    for size, following in pairwise(sizes):
        spent = time.perf_counter() - start
        if spent + _NETWORKS * last.took * following / size > share:
            break
        last = _timed(measure, following)
    return last


def capped(sizes: tuple[int, ...], n: int) -> tuple[int, ...]:
    """Return the sizes below n, and n in place of the first that is not."""
    below = tuple(size for size in sizes if size < n)
    return below if len(below) == len(sizes) else (*below, n)


def _timed(measure: Callable[[int], T], size: int) -> Sized[T]:
    start = time.perf_counter()
    found = measure(size)
    return Sized(found, size, time.perf_counter() - start)

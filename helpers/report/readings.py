"""What an instrument reads off a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from helpers.report.subject import Subject


@dataclass(frozen=True)
class Reading:
    """One number; over several inputs or lines their median, with the quartiles.

    Attributes:
        quantity: what is measured, in words.
        value: inf where there is none, as of a distance to an error.
        low: the lower quartile; None of a single number.
        high: the upper quartile.
    """

    quantity: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Measurement:
    """All that one instrument reads off one network.

    Attributes:
        readings: a row each.
        seen: how large the sample was, in words.
        by_layer: (name, value) of the first quantity, where it has a value by layer.
    """

    readings: tuple[Reading, ...]
    seen: str
    by_layer: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Instrument:
    """How a chapter measures a network.

    Attributes:
        name: in words.
        chapter: its notebook, as "01_linear_regions".
        sentence: what the numbers say.
        weight: share of the time, relative to the others.
        sizes: of the sample, growing; the first is the trial.
        measure: (subject, size) -> what is read off its network.
        per_input: how much size each input of the subject allows.
        expected: seconds that the trial will take, where that can be long.
    """

    name: str
    chapter: str
    sentence: str
    weight: float
    sizes: tuple[int, ...]
    measure: Callable[[Subject, int], Measurement]
    per_input: int = 1
    expected: Callable[[Subject], float] | None = None

    @property
    def number(self) -> int:
        """Number of the chapter."""
        return int(self.chapter.partition("_")[0])


def counted(n: int, what: str) -> str:
    """Return "1 line", "2 lines"."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def quartiles(quantity: str, values: ArrayLike) -> Reading:
    """Return the median of numbers with its quartiles; they may be infinite.

    Raises:
        ValueError: no numbers.
    """
    ordered = np.sort(np.asarray(values, dtype=float).ravel())
    if not len(ordered):
        raise ValueError(f"{quantity}: nothing to measure")
    low, middle, high = (
        float(np.quantile(ordered, q, method="median_unbiased"))
        if np.isfinite(ordered).all()
        else float(np.quantile(ordered, q, method="inverted_cdf"))
        for q in (0.25, 0.5, 0.75)
    )
    return Reading(quantity, middle, low, high)

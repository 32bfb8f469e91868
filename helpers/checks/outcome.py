"""What a check says, and how it asks the reader's function.

Every check takes a seed. Without one it asks about the same few cases each time and
tells the right value beside a wrong one: a reader learns from it. With one (above 0,
for a course that grades) it asks about cases drawn from that seed and keeps the right
value to itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Check:
    """The outcome of a check; as the last value of a cell it shows its message.

    Attributes:
        passed: True or False; None while the exercise is not solved.
        message: what to tell the reader.
    """

    passed: bool | None
    message: str

    def __repr__(self) -> str:
        return self.message


UNSOLVED = Check(None, "not solved yet")
PASSED = Check(True, "passed")


def asked(answer: Callable[..., Any], *arguments: Any) -> Any:
    """What the reader's function returns, or the check that ends there."""
    try:
        given = answer(*arguments)
    except Exception as error:
        return Check(False, f"your function raised {type(error).__name__}: {error}")
    return UNSOLVED if given is None or given is ... else given


def number(answer: Any) -> float:
    """The reader's number, whatever `float` takes; nan for what it does not.

    An array or tensor of one entry is that number, whatever its shape and dtype.
    """
    try:
        return float(answer.item() if hasattr(answer, "item") else answer)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return math.nan


def near(yours: Any, right: float, tolerance: float = 1e-6) -> bool:
    """Whether a reader's number agrees to a relative tolerance.

    Six digits are asked of a function; 1e-3 of a number that was found by hand.
    """
    return math.isclose(number(yours), right, rel_tol=tolerance, abs_tol=1e-9)


def right_is(value: Any, seed: int | None, said: str = "the right value is") -> str:
    """The end of a message about a wrong value; a seeded check does not tell it."""
    return f"{said} {value}" if seed is None else "which is not right"


def seeds(count: int, seed: int | None) -> list[int]:
    """Seeds of a check's random cases: 0, 1, ..., or as many drawn ones."""
    if seed is None:
        return list(range(count))
    return [int(one) for one in np.random.default_rng(seed).integers(2**31, size=count)]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number drawn log-uniformly, of three digits: a message shows it whole."""
    return float(f"{math.exp(rng.uniform(math.log(low), math.log(high))):.3g}")


def told_apart(yours: float, right: float) -> tuple[str, str]:
    """Both numbers in as few digits, 4 or more, as show that they differ."""
    shown = (f"{yours:.4g}", f"{right:.4g}")
    for digits in range(5, 18):
        if shown[0] != shown[1]:
            break
        shown = (f"{yours:.{digits}g}", f"{right:.{digits}g}")
    return shown

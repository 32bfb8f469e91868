"""What a check says, and how it asks the reader's function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
    """The reader's number, whatever `float` takes; nan for what it does not."""
    try:
        return float(answer)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return math.nan


def near(yours: Any, right: float, tolerance: float = 1e-6) -> bool:
    """Whether a reader's number agrees to a relative tolerance.

    Six digits are asked of a function; 1e-3 of a number that was found by hand.
    """
    return math.isclose(number(yours), right, rel_tol=tolerance, abs_tol=1e-9)


def told_apart(yours: float, right: float) -> tuple[str, str]:
    """Both numbers in as few digits, 4 or more, as show that they differ."""
    shown = (f"{yours:.4g}", f"{right:.4g}")
    for digits in range(5, 18):
        if shown[0] != shown[1]:
            break
        shown = (f"{yours:.{digits}g}", f"{right:.{digits}g}")
    return shown

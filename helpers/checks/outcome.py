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


def near(yours: Any, right: float) -> bool:
    """Whether a reader's number agrees to six digits."""
    try:
        return math.isclose(float(yours), right, rel_tol=1e-6, abs_tol=1e-9)
    except (TypeError, ValueError):
        return False

"""What a claim is and who says it; its verdict is computed here (`Claim.verdict`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from helpers.claim_rows import html_table

__all__ = [
    "FAILED",
    "SIGNS",
    "SOURCES",
    "UNTESTED",
    "VERDICTS",
    "Claim",
    "Planted",
    "Source",
]

Source = Literal["paper", "follows", "book"]
"""Who says it: the paper itself, we from what the paper states, or this book."""

SOURCES: dict[str, str] = {
    "paper": "stated by the paper",
    "follows": "follows from the paper",
    "book": "this book's finding",
}
"""The three sources in words."""

REPRODUCED, HOLDS = "reproduced", "holds"
UNRESOLVED = "compatible, not resolved"
NOT_REPRODUCED, DOES_NOT_HOLD = "not reproduced", "does not hold"
OTHER_SETTING, UNTESTED = "other setting", "not tested here"
"""Verdicts of a claim tested in another setting than the paper's, or not at all."""
FAILED = "FAILED"
"""The verdict that stops the build: no page shows it."""

VERDICTS: dict[str, str] = {
    REPRODUCED: "the paper's own statement, measured in the paper's setting",
    HOLDS: "what follows from the paper, or this book's finding, measured",
    UNRESOLVED: (
        "what was measured lies in the interval, but the opposite would too, or the "
        "paper's number lies outside our error"
    ),
    NOT_REPRODUCED: "the paper's statement in its setting, and we measured otherwise",
    DOES_NOT_HOLD: "what we expected, and measured otherwise",
    OTHER_SETTING: "our test is not the paper's setting and speaks for neither side",
    UNTESTED: "needs what the build does not have",
}
"""Verdict -> what it means."""

SIGNS: dict[str, str] = {
    REPRODUCED: "✓",
    HOLDS: "✓",
    UNRESOLVED: "≈",
    NOT_REPRODUCED: "✗",
    DOES_NOT_HOLD: "✗",
    OTHER_SETTING: "◇",
    UNTESTED: "–",
    FAILED: "✗",
}
"""Verdict -> the sign that stands beside its word."""

_ERRORS = 3.0  # standard errors within which two numbers are not told apart


@dataclass(frozen=True)
class Planted:
    """A counter-example: the same check, run where the claim is false.

    Attributes:
        what: what was planted, as in "shuffled labels".
        measured: what the check then measures, one number or one for each run.
    """

    what: str
    measured: float | tuple[float, ...]

    def __post_init__(self) -> None:
        runs = np.asarray(self.measured, dtype=np.float64)
        plain = tuple(runs.tolist()) if runs.ndim else float(runs)
        object.__setattr__(self, "measured", plain)  # JSON takes no arrays

    def caught(self, interval: tuple[float | None, float | None]) -> float:
        """Share of the planted runs that fall outside the interval."""
        runs = np.atleast_1d(np.asarray(self.measured, dtype=np.float64))
        return float(np.mean([not _inside(float(run), interval) for run in runs]))


@dataclass(frozen=True)
class Claim:
    """One row of the ledger; made by `claim`, whose arguments its fields are.

    `of` is the id of the claim that `again` shows once more, with a stored run.
    """

    id: str
    statement: str
    source: Source
    place: str
    paper: str
    measured: float | None
    stderr: float | None
    seeds: int | None
    interval: tuple[float | None, float | None] | None
    because: str
    against: str
    value: float | None = None
    null: float | None = None
    planted: Planted | None = None
    setting: str | None = None
    holds: bool = True
    stored: str | None = None
    of: str | None = None

    @property
    def verdict(self) -> str:
        """What came of it, one of `VERDICTS`, or FAILED."""
        if self.measured is None or self.interval is None:
            return UNTESTED
        if _inside(self.measured, self.interval) is not self.holds:
            return FAILED
        if self.setting is not None:
            return OTHER_SETTING
        if not self.holds:
            return NOT_REPRODUCED if self.source == "paper" else DOES_NOT_HOLD
        if not self._resolved(self.measured, self.interval):
            return UNRESOLVED
        return REPRODUCED if self.source == "paper" else HOLDS

    def _resolved(
        self, measured: float, interval: tuple[float | None, float | None]
    ) -> bool:
        """Whether the opposite is excluded, and the paper's number is not."""
        error = _ERRORS * (self.stderr or 0.0)
        if self.null is not None and (
            _inside(self.null, interval) or abs(measured - self.null) <= error
        ):
            return False
        if self.value is None:
            return True
        return abs(measured - self.value) <= max(error, _half_last_digit(self.value))

    @property
    def power(self) -> float | None:
        """How likely the check is to fail if the claim were false as stated.

        With a planted counter-example the share of its runs that the check rejects;
        with `null` and a standard error, the probability that a normal measurement
        around `null` falls outside the interval; None where neither is given.
        """
        if self.interval is None:
            return None
        if self.planted is not None:
            return self.planted.caught(self.interval)
        if self.null is None or not self.stderr:
            return None
        low, high = self.interval
        below = 0.0 if low is None else float(ndtr((low - self.null) / self.stderr))
        above = 0.0 if high is None else float(ndtr((self.null - high) / self.stderr))
        return below + above

    def row(self) -> dict[str, Any]:
        """The fields, verdict, its sign and power, as `claim_rows` shows them."""
        verdict = self.verdict
        made = {"verdict": verdict, "sign": SIGNS[verdict], "power": self.power}
        return asdict(self) | made

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        row = self.row()
        shown = {
            "text/html": html_table([row]),
            "text/plain": f"{self.id} {self.statement}: {self.verdict}",
        }
        glue = {"name": f"claim-{self.id}", "mime_prefix": ""}
        return shown, {"scrapbook": glue, "claim": row}


def _inside(value: float, interval: tuple[float | None, float | None]) -> bool:
    low, high = interval
    return (low is None or low <= value) and (high is None or value <= high)


def _half_last_digit(value: float) -> float:
    """Half a unit of the last digit of a number as it is printed."""
    digits = repr(float(value)).partition("e")[0].partition(".")[2]
    return 0.5 * 10.0 ** -len(digits)

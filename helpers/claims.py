"""Claims: what a paper says beside what this build measured.

A claim shows itself as a row and raises when the measurement does not bear out what
the book says of it, so that a notebook with a false claim cannot be built. Each row
carries metadata (MyST-NB's glue) from which the ledger page is made.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from IPython.display import HTML, display
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "COLUMNS",
    "FAILED",
    "LEGEND",
    "UNTESTED",
    "Claim",
    "ClaimError",
    "claim",
    "html_row",
    "html_table",
    "ledger",
    "stored",
]

FAILED, UNTESTED = "FAILED", "not tested here"
COLUMNS = ("claim", "the paper", "this build", "accepted", "verdict")
"""What the cells of a row say."""

LEGEND = (
    "A row like this puts what the paper says, or what we say, beside what this page "
    "has just measured. What is accepted was fixed for the reason given; a verdict "
    "that the measurement does not bear out would have stopped the build."
)
"""What stands above a chapter's first row."""

_made: dict[str, Claim] = {}


class ClaimError(AssertionError):
    """The measurement contradicts what the book says about the claim."""


@dataclass(frozen=True)
class Claim:
    """One row of the ledger; made by `claim`."""

    id: str
    statement: str
    paper: str
    measured: float | None
    interval: tuple[float | None, float | None] | None
    because: str
    stderr: float | None
    seeds: int | None
    holds: bool
    stored: str | None
    ours: bool = False

    @property
    def verdict(self) -> str:
        """What came of it.

        `reproduced` or `not reproduced`; `holds (ours)` or `does not hold (ours)` for a
        claim of this book; `not tested here`; `FAILED`.
        """
        if self.measured is None or self.interval is None:
            return UNTESTED
        low, high = self.interval
        inside = (low is None or low <= self.measured) and (
            high is None or self.measured <= high
        )
        if inside is not self.holds:
            return FAILED
        if self.ours:
            return "holds (ours)" if inside else "does not hold (ours)"
        return "reproduced" if inside else "not reproduced"

    def cells(self) -> tuple[str, str, str, str, str]:
        """The row as plain text: statement, paper, measured, accepted, verdict."""
        verdict = self.verdict + (" (stored run)" if self.stored else "")
        return (self.statement, self.paper, self._shown(), self._accepted(), verdict)

    def _shown(self) -> str:
        if self.measured is None:
            return "—"
        text = _number(self.measured, self._digits())
        if self.stderr is not None:
            text += f" ± {self.stderr:.2g}"
        if self.seeds is not None:
            text += f" ({self.seeds} seeds)"
        return text

    def _digits(self) -> int:
        """Significant digits of `measured`: as its standard error asks, 4 to 6."""
        if not self.stderr or not self.measured:
            return 4
        return min(
            max(4, math.ceil(math.log10(abs(self.measured) / self.stderr)) + 1), 6
        )

    def _accepted(self) -> str:
        if self.interval is None:
            return self.because
        return f"{_span(*self.interval)}: {self.because}"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        shown = {
            "text/html": html_table([self]),
            "text/plain": f"{self.id} " + " | ".join(self.cells()),
        }
        glue = {"name": f"claim-{self.id}", "mime_prefix": ""}
        return shown, {"scrapbook": glue, "claim": asdict(self)}


def claim(
    id: str,
    statement: str,
    *,
    paper: str,
    measured: ArrayLike | None,
    interval: tuple[float | None, float | None] | None,
    because: str,
    stderr: float | None = None,
    seeds: int | None = None,
    holds: bool = True,
    stored: str | None = None,
    ours: bool = False,
) -> None:
    """Show one claim of the paper beside our measurement, and stand by the verdict.

    Args:
        id: chapter and number, as in "1.2".
        statement: the claim in a sentence without its final stop.
        paper: what the paper says or shows; a law of ours says so here.
        measured: what this build found: a number, or the independent draws [n] whose
            mean it is, which then give stderr and seeds too; None when it cannot be
            tested here.
        interval: (low, high) the measurement must fall in, ends included, with None
            for an open end; None altogether only when measured is None.
        because: where the interval comes from; when measured is None, why it is not.
        stderr: standard error of `measured`.
        seeds: number of independent draws behind it.
        holds: False for a claim that the book says it does not reproduce: then a
            measurement inside the interval is what fails.
        stored: date, machine and command of a stored result.
        ours: True for a law or finding of this book, which `paper` then states.

    Raises:
        ClaimError: if the measurement contradicts `holds`; the row is shown first.
        ValueError: if the id is malformed, the measurement is not finite, the interval
            is empty or missing, or there are too few draws.
    """
    number = None
    if measured is not None:
        draws = np.asarray(measured, dtype=np.float64)
        if draws.ndim == 1:
            stderr, seeds = _standard_error(id, draws), len(draws)
        number = float(draws.mean())
    span = None
    if interval is not None:
        low, high = (None if end is None else float(end) for end in interval)
        span = (low, high)
    _check(id, number, span)
    made = Claim(
        id, statement, paper, number, span, because, stderr, seeds, holds, stored, ours
    )
    if not _made.keys() - {id}:
        display(HTML(f'<p class="claim-legend">{LEGEND}</p>'))
    _made[id] = made
    display(made)
    if made.verdict == FAILED:
        raise ClaimError(
            f"claim {id} ({statement}): measured {made._shown()}, "
            f"{'expected' if holds else 'expected outside'} {made._accepted()}"
        )


def ledger() -> HTML:
    """The rows of all claims made so far in this process, as one table.

    Raises:
        ValueError: if no claim has been made.
    """
    if not _made:
        raise ValueError("no claim has been made yet: run the chapter's cells first")
    return HTML(html_table(list(_made.values()), page=""))


def _standard_error(id: str, draws: NDArray[np.float64]) -> float:
    """Standard error of the mean of independent draws."""
    n = len(draws)
    if n < 2:
        raise ValueError(f"claim {id}: a mean needs at least 2 draws, got {n}")
    return float(draws.std(ddof=1)) / math.sqrt(n)


def _check(
    id: str,
    measured: float | None,
    interval: tuple[float | None, float | None] | None,
) -> None:
    chapter, _, number = id.partition(".")
    if not (chapter.isdigit() and number.isdigit()):
        raise ValueError(f"id must be chapter and number such as '1.2', got {id!r}")
    if (measured is None) is not (interval is None):
        raise ValueError(
            f"claim {id}: measured and interval are given both or not at all, "
            f"got {measured} and {interval}"
        )
    if measured is not None and not math.isfinite(measured):
        raise ValueError(f"claim {id}: measured must be finite, got {measured}")
    ends = [end for end in interval or () if end is not None]
    if interval is not None and not (ends and ends == sorted(ends)):
        raise ValueError(f"claim {id}: interval must be (low, high), got {interval}")
    if not all(map(math.isfinite, ends)):
        raise ValueError(f"claim {id}: an open end is None, got {interval}")


def _span(low: float | None, high: float | None) -> str:
    """An interval in words; its ends in digits enough to be told apart."""
    if low is None or high is None:
        word, end = ("at least", low) if high is None else ("at most", high)
        return "any" if end is None else f"{word} {_number(end)}"
    if low == high:
        return f"exactly {_number(low)}"
    ends_and_middle = (low, (low + high) / 2, high)
    digits = next(
        (n for n in range(4, 17) if len({_number(x, n) for x in ends_and_middle}) == 3),
        17,
    )
    return f"{_number(low, digits)} to {_number(high, digits)}"


def _number(value: float, digits: int = 4) -> str:
    return f"{value:.0f}" if value == round(value) < 1e6 else f"{value:.{digits}g}"


def stored(room: str, run: str = "claims") -> dict[str, Any]:
    """A stored run of a chapter, at sizes that the build cannot afford.

    Args:
        room: the chapter's package, as in "linear_regions".
        run: name of the run; "claims" is the chapter's own notebook with other
            parameters.

    Returns:
        `source`: date, machine and command of the run, and what was measured; for
        "claims" that is `claims`: the fields of each claim, by id.

    Raises:
        ValueError: if that chapter has no such run.
    """
    folder = files("helpers") / room / "results"
    path = folder / f"{run}.json"
    if not path.is_file():
        files_there = folder.iterdir() if folder.is_dir() else ()
        names = sorted(file.name.removesuffix(".json") for file in files_there)
        raise ValueError(f"no stored run {run!r} of {room!r}; there are {names}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def html_table(rows: Sequence[Claim], page: str | None = None) -> str:
    """Claims as an HTML table; for `page` see `html_row`."""
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    body = "".join(html_row(made, page) for made in rows)
    sources = dict.fromkeys(made.stored for made in rows if made.stored)
    return (
        f'<table class="claims" tabindex="0"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
        + "".join(f"<p>Stored run: {html.escape(source)}</p>" for source in sources)
    )


def html_row(made: Claim, page: str | None = None) -> str:
    """One claim as a row of an HTML table.

    Args:
        made: the claim.
        page: where it was made, to which its id then links; None makes the row itself
            the place linked to.
    """
    place = f"claim-{made.id.replace('.', '-')}"
    statement, *others = map(html.escape, made.cells())
    cells = "".join(f"<td>{text}</td>" for text in others)
    id, link = f' id="{place}"', made.id
    if page is not None:
        id, link = "", f'<a href="{page}#{place}">{made.id}</a>'
    return f'<tr{id}><th scope="row">{link} {statement}</th>{cells}</tr>'

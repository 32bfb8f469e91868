"""Claims: what is said, who says it, and what this build measured.

A claim shows itself as a row and raises when the measurement does not bear out what
the book says of it, so that a notebook with a false claim cannot be built. Each row
carries metadata (MyST-NB's glue) from which the ledger page is made.
"""

from __future__ import annotations

import math
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
from IPython import get_ipython
from IPython.display import HTML, display
from numpy.typing import ArrayLike, NDArray

from helpers import stored_runs
from helpers.claim_rows import (
    COLUMNS,
    LEGEND,
    html_row,
    html_table,
    interval_in_words,
    number_in_words,
)
from helpers.verdicts import (
    FAILED,
    SOURCES,
    UNTESTED,
    VERDICTS,
    Claim,
    Planted,
    Source,
)

__all__ = [
    "COLUMNS",
    "FAILED",
    "LEGEND",
    "SOURCES",
    "UNTESTED",
    "VERDICTS",
    "Claim",
    "ClaimError",
    "Planted",
    "Source",
    "again",
    "claim",
    "html_row",
    "html_table",
    "ledger",
    "stored",
]

_made: dict[str, Claim] = {}
_cells: dict[str, str] = {}  # of a claim, the cell that made it, if cells have names


class ClaimError(AssertionError):
    """The measurement contradicts what the book says about the claim."""


def claim(
    id: str,
    statement: str,
    *,
    source: Source,
    place: str = "",
    paper: str = "",
    measured: ArrayLike | None,
    interval: tuple[float | None, float | None] | None,
    because: str,
    against: str = "",
    stderr: float | None = None,
    seeds: int | None = None,
    value: float | None = None,
    null: float | None = None,
    planted: Planted | None = None,
    setting: str | None = None,
    holds: bool = True,
    stored: str | None = None,
) -> None:
    """Show one claim beside our measurement, and stand by the verdict.

    Args:
        id: chapter and number, as in "1.2".
        statement: the claim in a sentence without its final stop.
        source: "paper" for what the paper itself states; "follows" for a constant or a
            law of ours that follows from it; "book" for a finding of this book.
        place: where the paper states it (theorem, section, figure, table), or from
            which statement it follows; empty for "book".
        paper: what the paper says there, for "paper" alone.
        measured: what this build found: a number, or the independent draws [n] whose
            mean it is, which then give stderr and seeds too; None when it cannot be
            tested here.
        interval: (low, high) the measurement must fall in, ends included, with None
            for an open end; None altogether only when measured is None.
        because: where the interval comes from; when measured is None, why it is not.
        against: what would have counted against the claim; by default a measurement
            outside the interval.
        stderr: standard error of `measured`.
        seeds: number of independent draws behind it.
        value: the paper's own number, where it gives one.
        null: what would be measured if the claim were false (0 for a difference); a
            check that cannot tell it from the measurement resolves nothing.
        planted: the same check where the claim is false; it must fail there.
        setting: how our test differs from the paper's setting; None if it does not.
        holds: False for a claim that the book says it does not find: then a
            measurement inside the interval is what fails.
        stored: `source` of a stored result.

    Raises:
        ClaimError: if the measurement contradicts `holds`, or the check passes its own
            counter-example; the row is shown first.
        ValueError: if the id is malformed, the source and what it says do not go
            together, the measurement is not finite, the interval is empty or missing,
            or there are too few draws.
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
    _check_source(id, source, place, paper)
    _check_numbers(id, number, span)
    _show(
        Claim(
            id,
            statement,
            source,
            place,
            paper,
            number,
            stderr,
            seeds,
            span,
            because,
            against,
            value,
            null,
            planted,
            setting,
            holds,
            stored,
        )
    )


def again(
    id: str,
    of: str,
    run: dict[str, Any],
    where: str,
    *,
    holds: bool = True,
    setting: str | None = None,
) -> None:
    """Show a claim of this page once more, as a stored run measured it.

    Statement, source, interval and reason are those of the claim on this page; only
    what was measured comes from the run. What would have counted against the claim is
    kept unless `holds` is another: then it would be a measurement inside the interval.

    Args:
        id: of the new row.
        of: id of the claim on this page.
        run: what `stored` returned.
        where: put before the statement, as in "MNIST".
        holds: as in `claim`.
        setting: as in `claim`.

    Raises:
        ClaimError: as `claim` does.
        ValueError: if `of` has not been made, or the run did not measure it.
    """
    if of not in _made:
        raise ValueError(f"claim {id}: no claim {of!r} on this page before it")
    if of not in run["claims"]:
        raise ValueError(f"claim {id}: the stored run has {sorted(run['claims'])}")
    found, old = run["claims"][of], _made[of]
    same = old.holds == holds
    _show(
        replace(
            old,
            id=id,
            statement=f"{where}: {old.statement}",
            measured=found["measured"],
            stderr=found["stderr"],
            seeds=found["seeds"],
            planted=None,
            null=old.null if same else None,
            against=old.against if same else "",
            setting=setting,
            holds=holds,
            stored=run["source"],
            of=of,
        )
    )


def _show(made: Claim) -> None:
    """Display the row, and raise if it does not stand."""
    if not _made.keys() - {made.id}:
        display(HTML(f'<p class="claim-legend">{LEGEND}</p>'))
    _made[made.id] = made
    _note_cell(made.id)
    display(made)
    if made.interval is None or made.measured is None:
        return
    accepted = interval_in_words(*made.interval)
    if made.verdict == FAILED:
        raise ClaimError(
            f"claim {made.id} ({made.statement}): measured "
            f"{number_in_words(made.measured)}, "
            f"{'expected' if made.holds else 'expected outside'} {accepted}: "
            f"{made.because}"
        )
    if made.planted is not None and made.planted.caught(made.interval) < 0.5:
        raise ClaimError(
            f"claim {made.id} ({made.statement}) passes its own counter-example "
            f"({made.planted.what}): {made.planted.measured} lies in {accepted}"
        )


def _note_cell(id: str) -> None:
    """Note which cell of the notebook makes the claim, where the front end says it."""
    shell = get_ipython()
    sent = getattr(shell, "parent_header", None) or {}
    cell = (sent.get("metadata") or {}).get("cellId")
    if cell is None:
        return
    if not _cells:
        shell.events.register("pre_run_cell", _forget_cell)
    _cells[id] = cell


def _forget_cell(info: Any) -> None:
    """Forget the rows of the cell that is about to run again."""
    cell = getattr(info, "cell_id", None)
    for id in [id for id, made_in in _cells.items() if made_in == cell]:
        _made.pop(id, None)
        _cells[id] = ""


def ledger() -> HTML:
    """The rows of all claims made so far in this process, as one table.

    A claim that is made again has its last row; where the front end names its cells
    (JupyterLab, VS Code), a cell that runs again loses the rows of its earlier run.

    Raises:
        ValueError: if no claim has been made.
    """
    if not _made:
        raise ValueError("no claim has been made yet: run the chapter's cells first")
    return HTML(html_table([made.row() for made in _made.values()], page=""))


def stored(room: str, run: str = "claims") -> dict[str, Any]:
    """A stored run of a chapter, at sizes that the build cannot afford.

    Args:
        room: the chapter's package, as in "linear_regions".
        run: name of the run; "claims" is the chapter's own notebook with other
            parameters.

    Returns:
        `source`: date, machine, commit and command of the run, `run`: the same and
        more, field by field, and what was measured; for "claims" that is `claims`:
        measured, stderr and seeds of each claim, by id.

    Raises:
        ValueError: if that chapter has no such run, or it is not of the form that
            `stored_runs.write` gives it.
    """
    folder = files("helpers") / room / "results"
    path = folder / f"{run}.json"
    if not path.is_file():
        there = folder.iterdir() if folder.is_dir() else ()
        names = sorted(file.name.removesuffix(".json") for file in there)
        raise ValueError(f"no stored run {run!r} of {room!r}; there are {names}")
    return stored_runs.read(path)


def _standard_error(id: str, draws: NDArray[np.float64]) -> float:
    """Standard error of the mean of independent draws."""
    n = len(draws)
    if n < 2:
        raise ValueError(f"claim {id}: a mean needs at least 2 draws, got {n}")
    return float(draws.std(ddof=1)) / math.sqrt(n)


def _check_source(id: str, source: str, place: str, paper: str) -> None:
    if source not in SOURCES:
        raise ValueError(
            f"claim {id}: source must be one of {list(SOURCES)}, got {source!r}"
        )
    if (source == "paper") is not bool(paper):
        raise ValueError(
            f"claim {id}: `paper` holds what the paper says, for source 'paper' and no "
            f"other; got source {source!r} and paper {paper!r}"
        )
    if (source == "book") is bool(place):
        raise ValueError(
            f"claim {id}: `place` names where the paper states it, for all sources but "
            f"'book'; got source {source!r} and place {place!r}"
        )


def _check_numbers(
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

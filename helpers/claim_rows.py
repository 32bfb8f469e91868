"""The lines in which claims are shown: numbers and intervals in words, and HTML.

A row is a dict: the fields of a `claims.Claim`, its verdict and its power. Notebooks
hand such dicts to the ledger page, which shows them by the same functions.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.typeset import in_html

__all__ = [
    "COLUMNS",
    "LEGEND",
    "html_row",
    "html_table",
    "interval_in_words",
    "measured_in_words",
    "number_in_words",
]

COLUMNS = ("claim", "the paper", "accepted", "against it", "measured", "verdict")
"""What a claim's line says; the second to the fourth stand behind it."""

LEGEND = (
    "A line like this puts what is said beside what this page has just measured. "
    "Behind it stand what the paper says, what is accepted and why, and what would "
    "have counted against it. A verdict that the measurement does not bear out would "
    "have stopped the build. A number behind ± is one standard error; bars in figures "
    "show two, unless their axis names another."
)
"""What stands above a chapter's first claim."""

Row = Mapping[str, Any]


def html_table(rows: Sequence[Row], page: str | None = None) -> str:
    """Claims as HTML, one line below the other; for `page` see `html_row`."""
    return f'<div class="claims">{"".join(html_row(row, page) for row in rows)}</div>'


def html_row(row: Row, page: str | None = None) -> str:
    """One claim as a line of HTML that opens to what stands behind it.

    The line holds the statement, what was measured, and the verdict by its sign and
    its word; behind it are the paper's words, what is accepted, and what would have
    counted against the claim. Formulas are set (`typeset.in_html`); the text as it is
    typed stays with them, in the attribute `data-typed`.

    Args:
        row: the claim; with `since`, what is said of the code behind a stored run.
        page: where it was made, to which a link then leads; None makes the line itself
            the place linked to.
    """
    place = f"claim-{row['id'].replace('.', '-')}"
    id, kind = f' id="{place}"', "stored" if row["stored"] else "live"
    if row["measured"] is None:
        kind = "none"
    behind = dict(
        zip(COLUMNS[1:4], (_said(row), _accepted(row), _against(row)), strict=True)
    )
    told = "".join(
        f"<dt>{name}</dt><dd{_typed(text)}>{in_html(text)}</dd>"
        for name, text in behind.items()
    )
    for name, text in (("stored run", row["stored"]), ("since then", row.get("since"))):
        told += f"<dt>{name}</dt><dd>{_unbroken(text)}</dd>" if text else ""
    if page is not None:
        id = ""
        link = f'<a href="{page}#{place}">its chapter</a>'
        told += f'<dt class="place">made in</dt><dd>{link}</dd>'
    verdict = f"{row['sign']} {row['verdict']}" + (" (stored)" if row["stored"] else "")
    return (
        f'<details class="claim"{id} data-chapter="{row["id"].partition(".")[0]}" '
        f'data-source="{row["source"]}" data-verdict="{row["verdict"]}" '
        f'data-run="{kind}"><summary><span class="claim-statement"'
        f'{_typed(row["statement"])}><span class="claim-id">{row["id"]}</span> '
        f"{in_html(row['statement'])}:</span> "
        f"<b>{in_html(measured_in_words(row))}</b> <em>{verdict}</em></summary>"
        f"<dl>{told}</dl></details>"
    )


def _unbroken(command: str) -> str:
    """As HTML, no line of which ends within the hyphens of an option."""
    return re.sub(
        r"--[\w-]+", r'<span class="with-stop">\g<0></span>', html.escape(command)
    )


def _typed(text: str) -> str:
    """The attribute that keeps a text as typed, where its formulas are read otherwise.

    Signs that ledger.js takes for one another make no difference.
    """
    read = html.unescape(re.sub("<[^>]+>", "", in_html(text)))
    same = read.translate({0xA0: " ", 0x2212: "-", 0xD7: "x"}) == text
    return "" if same else f' data-typed="{html.escape(text)}"'


def _said(row: Row) -> str:
    """What the paper says, and where; nothing of ours."""
    if row["source"] == "book":
        return "— (this book)"
    if row["source"] == "follows":
        return f"— (follows from {row['place']})"
    return f"{row['place']}: {row['paper']}"


def _accepted(row: Row) -> str:
    if row["interval"] is None:
        return str(row["because"])
    said = f"{interval_in_words(*row['interval'])}: {row['because']}"
    return said + (f". Other setting: {row['setting']}" if row["setting"] else "")


def _against(row: Row) -> str:
    """What would have counted against the claim, and how likely it would be seen."""
    if row["interval"] is None:
        return "—"
    told = row["against"] or (
        "a measurement outside" if row["holds"] else "a measurement inside"
    )
    planted, power = row["planted"], row["power"]
    if planted is not None:
        runs = planted["measured"]
        shown = ", ".join(map(number_in_words, _few(runs)))
        told += f"; {planted['what']}: {shown}, caught in {100 * power:.0f} %"
    elif power is not None:
        null = number_in_words(row["null"])
        told += f"; if it were {null}, caught in {100 * power:.0f} %"
    return told


def _few(runs: float | Sequence[float]) -> list[float]:
    """The planted measurement, or the least and the largest of several."""
    if isinstance(runs, int | float):
        return [runs]
    return list(runs) if len(runs) < 3 else [min(runs), max(runs)]


def measured_in_words(row: Row) -> str:
    """What was measured, its standard error and the number of draws."""
    measured, stderr, seeds = row["measured"], row["stderr"], row["seeds"]
    if measured is None:
        return "—"
    text = number_in_words(measured, _digits(measured, stderr))
    if stderr is not None:
        text += f" ± {stderr:.2g}"
    if seeds is not None:
        text += f" ({seeds} draw{'s' * (seeds != 1)})"
    return text


def _digits(measured: float, stderr: float | None) -> int:
    """Significant digits of `measured`: as its standard error asks, 4 to 6."""
    if not stderr or not measured:
        return 4
    return min(max(4, math.ceil(math.log10(abs(measured) / stderr)) + 1), 6)


def interval_in_words(low: float | None, high: float | None) -> str:
    """An interval in words; its ends are exact to a hundredth of its width."""
    if low is None or high is None:
        word, end = ("at least", low) if high is None else ("at most", high)
        return "any" if end is None else f"{word} {number_in_words(end)}"
    if low == high:
        return f"exactly {number_in_words(low)}"
    size, width = max(abs(low), abs(high)), high - low
    digits = min(max(4, math.ceil(math.log10(size / width)) + 2), 17)
    return f"{number_in_words(low, digits)} to {number_in_words(high, digits)}"


def number_in_words(value: float, digits: int = 4) -> str:
    """A number in so many significant digits; whole numbers below a million whole."""
    whole = abs(value) < 1e6 and value == round(value)
    return f"{value:.0f}" if whole else f"{value:.{digits}g}"

"""Claims on slides: what is said, what was measured, and the verdict.

A verdict has a sign, a word and a colour, so that none of the three is needed alone.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.claim_rows import interval_in_words, measured_in_words
from helpers.verdicts import VERDICTS

Row = Mapping[str, Any]

SIGNS = {
    "reproduced": ("✓", "for"),
    "holds": ("✓", "for"),
    "compatible, not resolved": ("≈", "open"),
    "not reproduced": ("✗", "against"),
    "does not hold": ("✗", "against"),
    "other setting": ("↷", "aside"),
    "not tested here": ("–", "aside"),
}
"""Verdict -> its sign, and the class that gives it a colour."""

assert SIGNS.keys() == VERDICTS.keys()


def claims_html(rows: Sequence[Row]) -> str:
    """A few claims below each other."""
    return f'<div class="claims">{"".join(map(_claim_html, rows))}</div>'


def title_of(rows: Sequence[Row]) -> str:
    """What a slide of claims is called: their numbers."""
    ids = [row["id"] for row in rows]
    if len(ids) == 1:
        return f"Claim {ids[0]}"
    return f"Claims {', '.join(ids[:-1])} and {ids[-1]}"


def summary_html(rows: Sequence[Row]) -> str:
    """How many of a chapter's claims ended with which verdict, and which."""
    counts = Counter(row["verdict"] for row in rows)
    lines = "".join(
        f"<tr><td>{badge_html(verdict)}</td><td>{counts[verdict]}</td><td>"
        f"{', '.join(row['id'] for row in rows if row['verdict'] == verdict)}</td></tr>"
        for verdict in SIGNS
        if counts[verdict]
    )
    return f'<table class="summary">{lines}</table>'


def badge_html(verdict: str) -> str:
    """A verdict with its sign and colour."""
    sign, kind = SIGNS[verdict]
    return f'<span class="verdict {kind}"><b>{sign}</b> {html.escape(verdict)}</span>'


def _claim_html(row: Row) -> str:
    statement = re.sub(r"`(.+?)`", r"<code>\1</code>", html.escape(row["statement"]))
    return (
        f'<div class="claim"><p class="statement"><b>{row["id"]}</b> {statement}</p>'
        f"{badge_html(row['verdict'])}"
        f'<p class="measured">{html.escape(_measured(row))}</p></div>'
    )


def _measured(row: Row) -> str:
    """What the paper says, what was measured, and what was accepted."""
    said = [f"{row['place']}: {row['paper']}"] if row["source"] == "paper" else []
    if row["measured"] is None or row["interval"] is None:
        return "; ".join([*said, row["because"]])
    said.append(f"measured {measured_in_words(row)}")
    said.append(f"accepted {interval_in_words(*row['interval'])}")
    return "; ".join(said) + (" (stored run)" if row["stored"] else "")

"""Numbers, tables and paragraphs, as text and as HTML."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence

_WIDTH = 88


def number(value: float | None) -> str:
    """Return a number in three digits; "" for none, "none found" for infinity."""
    if value is None or math.isnan(value):
        return ""
    if math.isinf(value):
        return "none found"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def span(low: float | None, high: float | None) -> str:
    """Return two numbers as an interval; "" where one is missing."""
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def wrapped(text: str) -> str:
    """Return a paragraph in lines that fit a terminal."""
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ")


def text_table(head: Sequence[str], rows: list[list[str]]) -> str:
    """Return lines: the first column to the left, numbers to the right."""
    cells = [list(head), *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def html_table(head: Sequence[str], rows: list[list[str]]) -> str:
    """Return a table whose first column names its rows."""
    top = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"

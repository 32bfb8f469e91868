"""A report as a table of text, and as a page of HTML."""

from __future__ import annotations

import html
from typing import Protocol

from helpers.report.rows import Layer, Row, Told
from helpers.report.tables import html_table, number, span, text_table, wrapped

_HEAD = ("quantity", "here", "spread", "at initialisation", "spread")
_LAYERS = ("layer", "here", "at initialisation")


class Shown(Protocol):
    """What is shown of a report; see `Report`."""

    @property
    def title(self) -> str:
        """The network, and how many inputs it has right."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """A number each."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Numbers by layer."""

    @property
    def measured(self) -> tuple[Told, ...]:
        """What each instrument says whose numbers these are."""

    @property
    def left_out(self) -> tuple[Told, ...]:
        """The others, and why."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the copy at initialisation."""


def as_text(report: Shown) -> str:
    """Return the rows as a table, then what they say, then what is left out."""
    parts = [report.title, text_table(_HEAD, [_cells(row) for row in report.rows])]
    parts += [wrapped(f"{_heading(one)}: {_said(one)}") for one in report.measured]
    for name, rows in _by_layer(report).items():
        parts.append(f"{name}, by layer\n{text_table(_LAYERS, rows)}")
    if report.left_out:
        told = [wrapped(f"- {_heading(o)}: {o.sentence}") for o in report.left_out]
        parts.append("\n".join(["Left out:", *told]))
    return "\n\n".join([*parts, *map(wrapped, report.notes)])


def as_html(report: Shown) -> str:
    """Return the same as HTML: a table, an entry for each instrument, the layers."""
    rows = [_cells(row) for row in report.rows]
    entries = "".join(
        f"<dt>{html.escape(one.instrument)}{_link(one)}</dt>"
        f"<dd>{html.escape(_said(one))}</dd>"
        for one in report.measured
    )
    layers = "".join(
        f"<details><summary>{html.escape(name)}, by layer</summary>"
        f"{html_table(_LAYERS, rows)}</details>"
        for name, rows in _by_layer(report).items()
    )
    left = "".join(
        f"<li>{html.escape(one.instrument)}{_link(one)}: {html.escape(one.sentence)}"
        "</li>"
        for one in report.left_out
    )
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in report.notes)
    return (
        f'<section class="report"><p><strong>{html.escape(report.title)}</strong></p>'
        f"{html_table(_HEAD, rows)}<dl>{entries}</dl>{layers}"
        + (f"<p>Left out:</p><ul>{left}</ul>" if left else "")
        + f"{notes}</section>"
    )


def _cells(row: Row) -> list[str]:
    return [
        row.quantity,
        number(row.value),
        span(row.low, row.high),
        number(row.initial),
        span(row.initial_low, row.initial_high),
    ]


def _said(told: Told) -> str:
    """Return what an instrument's numbers say, of how large a sample."""
    note = f" At initialisation: {told.note}." if told.note else ""
    return f"{told.sentence} ({told.seen}){note}"


def _heading(told: Told) -> str:
    return f"{told.instrument} (chapter {int(told.chapter.partition('_')[0])})"


def _link(told: Told) -> str:
    """Return the chapter in brackets, linked where its address is known."""
    name = f"chapter {int(told.chapter.partition('_')[0])}"
    if not told.link:
        return f" ({name})"
    return f' (<a href="{html.escape(told.link)}">{name}</a>)'


def _by_layer(report: Shown) -> dict[str, list[list[str]]]:
    """Return the rows of each instrument that has numbers by layer."""
    found: dict[str, list[list[str]]] = {}
    for layer in report.layers:
        cells = [layer.name, number(layer.value), number(layer.initial)]
        found.setdefault(layer.instrument, []).append(cells)
    return found

"""Fold the list that a page ends with, and let folded cells that show nothing join.

A folded cell without an output would leave a mark and a gap on the page: its code goes
to the folded cell behind it, which shows what was computed.
"""

from __future__ import annotations

from typing import Any

from citations import find_section
from docutils import nodes
from sphinx.application import Sphinx

TITLES = "Ledger of this chapter", "Ledger of this page"
SUMMARY = "All claims in one list"


def fold_ledger(app: Sphinx, doctree: nodes.document) -> None:
    """Fold what the cells of the ledger at the end show."""
    section = find_section(doctree, TITLES)
    if section is None:
        return
    for output in list(section.findall(nodes.container)):
        if "cell_output" in output["classes"]:
            output.insert(0, nodes.raw("", _OPEN, format="html"))
            output.append(nodes.raw("", "</details>", format="html"))


def join_folded(app: Sphinx, doctree: nodes.document) -> None:
    """Move the code of folded cells without outputs to the folded cells behind them."""
    for cell in list(doctree.findall(nodes.container)):
        behind = cell.next_node(descend=False, siblings=True)
        if len(cell) == 1 and _is_folded(cell) and _is_folded(behind):
            _code(behind)[:0] = _code(cell).children
            cell.parent.remove(cell)


def _is_folded(node: nodes.Node | None) -> bool:
    """Whether a node is a cell whose code MyST-NB is going to fold."""
    return isinstance(node, nodes.container) and node.get("hide_mode") == "input"


def _code(cell: nodes.Node | None) -> nodes.Element:
    """What holds the code of a cell."""
    assert isinstance(cell, nodes.Element)
    code = cell[0]
    assert isinstance(code, nodes.Element)
    return code


_OPEN = f'<details class="all-claims"><summary>{SUMMARY}</summary>'


def setup(app: Sphinx) -> dict[str, Any]:
    """Fold as soon as a chapter has been read."""
    app.connect("doctree-read", fold_ledger)
    app.connect("doctree-read", join_folded)
    return {"version": "1", "parallel_read_safe": True}

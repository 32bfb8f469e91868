"""Fold the list that a chapter ends with: its claims, which all stand above it too."""

from __future__ import annotations

from typing import Any

from citations import find_section
from docutils import nodes
from sphinx.application import Sphinx

SUMMARY = "All claims of this chapter in one list"


def fold_ledger(app: Sphinx, doctree: nodes.document) -> None:
    """Fold what the cells of "Ledger of this chapter" show."""
    section = find_section(doctree, ("Ledger of this chapter",))
    if section is None:
        return
    for output in list(section.findall(nodes.container)):
        if "cell_output" in output["classes"]:
            output.insert(0, nodes.raw("", _OPEN, format="html"))
            output.append(nodes.raw("", "</details>", format="html"))


_OPEN = f'<details class="all-claims"><summary>{SUMMARY}</summary>'


def setup(app: Sphinx) -> dict[str, Any]:
    """Fold as soon as a chapter has been read."""
    app.connect("doctree-read", fold_ledger)
    return {"version": "1", "parallel_read_safe": True}

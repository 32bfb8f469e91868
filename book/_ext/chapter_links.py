"""Make every "chapter 5" of the text a link to that chapter."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

MENTION = re.compile(r"([Cc]hapter \d+)\b")
ELSEWHERE = (nodes.title, nodes.reference, nodes.literal, nodes.FixedTextElement)
"""Text inside these stays as it is."""


def link_chapters(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the mentions of other chapters of this build."""
    pages = {
        int(name.removeprefix("book/").partition("_")[0]): name
        for name in app.env.found_docs
        if re.match(r"book/\d+_", name) and name != docname
    }
    for text in list(doctree.findall(nodes.Text)):
        if MENTION.search(text) and not _inside(text):
            text.parent.replace(text, _linked(app, docname, pages, text.astext()))


def _inside(node: nodes.Node) -> bool:
    while (node := node.parent) is not None:
        if isinstance(node, ELSEWHERE):
            return True
    return False


def _linked(
    app: Sphinx, docname: str, pages: dict[int, str], text: str
) -> list[nodes.Node]:
    """The text, cut at its mentions."""
    pieces: list[nodes.Node] = []
    for i, piece in enumerate(MENTION.split(text)):
        page = pages.get(int(piece.split()[1])) if i % 2 else None
        if page is None:
            pieces.append(nodes.Text(piece))
        else:
            uri = app.builder.get_relative_uri(docname, page)
            pieces.append(nodes.reference(piece, piece, refuri=uri, internal=True))
    return pieces


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the moment at which the links are made."""
    app.connect("doctree-resolved", link_chapters)
    return {"version": "1", "parallel_read_safe": True}

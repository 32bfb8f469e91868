"""Give theorems and proofs a box, a number and an address; the notebooks stay plain.

A statement is a paragraph that begins with a bold **Theorem**, **Proposition**, …, with
the formulas that follow it and what goes on in lower case after them. A proof begins
with an italic *Proof* or *Sketch* and ends with the paragraph or formula that holds the
square.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

KINDS = "Theorem|Proposition|Corollary|Lemma|Definition"
STATEMENT = re.compile(rf"({KINDS})\b|.*\b(law|inequality)\Z")
NUMBERED = re.compile(rf"({KINDS}) \d")
PROOF = re.compile(r"(Proof|Sketch)\b")
SQUARE = r"\square"
CHAPTER = re.compile(r"book/(\d+)_")


def box(app: Sphinx, doctree: nodes.document) -> None:
    """Wrap a chapter's statements and proofs as soon as it has been read."""
    chapter = CHAPTER.match(app.env.docname)
    if chapter is None:
        return
    openings = [(p, _lead(p)) for p in doctree.findall(nodes.paragraph)]
    count = unnamed = 0
    for paragraph, lead in openings:
        if isinstance(lead, nodes.strong) and STATEMENT.match(lead.astext()):
            count += 1
            if NUMBERED.match(lead.astext()) is None:  # the paper has given none
                unnamed += 1
                _number(lead, f"{int(chapter[1])}.{unnamed}")
            _wrap(_statement(paragraph), "statement", f"statement-{count}")
        elif isinstance(lead, nodes.emphasis) and PROOF.match(lead.astext()):
            _wrap(_proof(paragraph), "proof", None)


def _lead(paragraph: nodes.paragraph) -> nodes.Node | None:
    """What a paragraph begins with; MyST puts an empty text before bold words."""
    return next((part for part in paragraph.children if part.astext()), None)


def _number(lead: nodes.strong, number: str) -> None:
    """Put the number behind the first word."""
    text = lead.astext()
    kind = re.match(rf"{KINDS}", text)
    word = kind[0] if kind else text
    lead[:] = [nodes.Text(f"{word} {number}{text[len(word) :]}")]


def _after(node: nodes.Element) -> Iterator[nodes.Node]:
    """The siblings behind a node, in order."""
    yield from node.parent.children[node.parent.index(node) + 1 :]


def _statement(paragraph: nodes.paragraph) -> list[nodes.Node]:
    found: list[nodes.Node] = [paragraph]
    for node in _after(paragraph):
        goes_on = isinstance(node, nodes.paragraph) and node.astext()[:1].islower()
        if not (isinstance(node, nodes.math_block) or goes_on):
            break
        found.append(node)
    return found


def _proof(paragraph: nodes.paragraph) -> list[nodes.Node]:
    """From the word to the square; the first paragraph alone where there is none."""
    found: list[nodes.Node] = [paragraph]
    for node in _after(paragraph):
        if SQUARE in found[-1].astext():
            return found
        if not isinstance(node, nodes.paragraph | nodes.math_block):
            break
        found.append(node)
    return found if SQUARE in found[-1].astext() else [paragraph]


def _wrap(found: list[nodes.Node], kind: str, id: str | None) -> None:
    first = found[0]
    assert isinstance(first, nodes.Element)
    assert first.parent is not None
    parent, place = first.parent, first.parent.index(first)
    classes = [kind, "ours"] if "ours" in first.astext()[:80] else [kind]
    ids = [] if id is None else [id]
    container = nodes.container(classes=classes, ids=ids)
    for node in found:
        parent.remove(node)
        container.append(node)
    parent.insert(place, container)


def setup(app: Sphinx) -> dict[str, Any]:
    """Box the chapters when they have been read."""
    app.connect("doctree-read", box)
    return {"version": "1", "parallel_read_safe": True}

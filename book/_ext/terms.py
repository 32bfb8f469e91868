"""Lead from a term, once in each later section, to where the chapter defines it.

A term is set in bold in the section that holds the definitions. The link's target is
the line or paragraph around it, which hover.js shows.
"""

from __future__ import annotations

import re
from typing import Any

from citations import OUTSIDE, cite, find_section, inside, put
from docutils import nodes
from sphinx.application import Sphinx

DEFINING = ("Definitions", "Setting", "Definitions and setting", "The setting")
TERM = re.compile(r"[A-Z]?[a-z][a-z-]{3,}(?: [A-Za-z-]{2,}){0,3}")
NOT_LINKED = (*OUTSIDE, nodes.strong, nodes.table)
EVERYDAY = ("good", "variance")
"""Terms that chapters also write in their common sense: a link would mislead."""


def link_terms(app: Sphinx, doctree: nodes.document) -> None:
    """Link a chapter's terms behind the section that defines them."""
    section = find_section(doctree, DEFINING)
    if section is None:
        return
    terms = defined(section)
    parent = section.parent
    for later in parent.children[parent.index(section) + 1 :]:
        if isinstance(later, nodes.section) and later[0].astext() != "References":
            _link_first(later, terms)


def defined(section: nodes.section) -> dict[str, str]:
    """The id of the place that defines each term of a section, in lower case."""
    terms: dict[str, str] = {}
    for bold in section.findall(nodes.strong):
        term = bold.astext().strip(" .,:").split(",")[0]
        place = bold.parent
        while isinstance(place.parent, nodes.list_item):
            place = place.parent
        if TERM.fullmatch(term) and term.lower() not in (*EVERYDAY, *terms):
            if not place["ids"]:
                place["ids"].append(f"term-{len(terms) + 1}")
            terms[term.lower()] = place["ids"][0]
    return terms


def _link_first(section: nodes.section, terms: dict[str, str]) -> None:
    waiting = dict(terms)
    for text in list(section.findall(nodes.Text)):
        if inside(text, NOT_LINKED) or not waiting:
            continue
        words = "|".join(sorted(map(re.escape, waiting), key=len, reverse=True))
        found = re.search(
            rf"(?<!decision )\b(?:{words})\b", text.astext(), re.IGNORECASE
        )
        if found:
            whole = text.astext()
            link = cite(found[0], waiting.pop(found[0].lower()))
            around = (whole[: found.start()], whole[found.end() :])
            put(text, [nodes.Text(around[0]), link, nodes.Text(around[1])])


def setup(app: Sphinx) -> dict[str, Any]:
    """Link a chapter's terms as soon as it has been read."""
    app.connect("doctree-read", link_terms)
    return {"version": "1", "parallel_read_safe": True}

"""Links between the chapters and the reference, both ways.

In a chapter every mention of a public name in code style leads to its entry, and a line
at the top leads to the chapter's room. An entry leads to the section of each chapter
whose code first uses the name.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PAGES = "book/reference/"
_MENTION = re.compile(r"(?:helpers\.)?([A-Za-z_]\w*(?:\.\w+)*)(\(.*\))?", re.DOTALL)
Place = tuple[str, str, str]
"""A section: page, id ("" for the page itself), title."""


class CodeLinks:
    """What the chapters of one build call, and where."""

    def __init__(self) -> None:
        self.places: dict[str, list[Place]] = {}
        self.names: dict[str, dict[str, str]] = {}

    def gather(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Read the code of every chapter; the pages to write again."""
        self.places, self.names = {}, {}
        chapters = [name for name in sorted(env.found_docs) if _is_chapter(env, name)]
        for docname in chapters:
            self._read(env, docname)
        entries = [name for name in env.found_docs if name.startswith(PAGES)]
        return [*chapters, *entries]

    def _read(self, env: BuildEnvironment, docname: str) -> None:
        known = self.names[docname] = {}
        for cell in env.get_doctree(docname).findall(_is_input):
            tree = parsed(cell.astext())
            known |= imports(tree)
            for name in dict.fromkeys(uses(tree, known)):
                places = self.places.setdefault(name, [])
                if docname not in (place[0] for place in places):
                    places.append(_place(docname, cell))

    def link(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Make the links of one page."""
        names = self.names.get(docname, {})
        if docname in self.names:
            _lead_to_room(app, doctree, docname)
        for literal in list(doctree.findall(nodes.literal)):
            if not isinstance(literal.parent, nodes.reference | nodes.title):
                _link_literal(app, literal, docname, names)
        for entry in doctree.findall(addnodes.desc):
            self._lead_to_chapters(app, entry, docname)

    def _lead_to_chapters(self, app: Sphinx, entry: addnodes.desc, page: str) -> None:
        places, content = self.places.get(_full_name(entry), []), entry[-1]
        if places and isinstance(content, addnodes.desc_content):
            line = nodes.paragraph("", "In the book: ", classes=["in-the-book"])
            for place in places:
                line += [_link(app, page, *place), nodes.Text("; ")]
            line[-1] = nodes.Text(".")
            content += line


def _is_chapter(env: BuildEnvironment, docname: str) -> bool:
    return env.doc2path(docname).endswith(".ipynb")


def _is_input(node: nodes.Node) -> bool:
    return isinstance(node, nodes.literal_block) and "cell_input" in getattr(
        node.parent, "attributes", {}
    ).get("classes", [])


def parsed(cell: str) -> ast.Module:
    """The code of a cell without what only IPython reads."""
    return ast.parse(re.sub(r"^(\s*)[%!].*", r"\1pass", cell, flags=re.MULTILINE))


def imports(tree: ast.Module) -> dict[str, str]:
    """The names by which a cell knows what it imports from helpers."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("helpers.")
        for alias in node.names
    }


def uses(tree: ast.Module, known: dict[str, str]) -> list[str]:
    """The full names that a cell's code calls or reads."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in known:
            found.append(known[node.id])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            room = known.get(node.value.id)
            found += [f"{room}.{node.attr}"] if room else []
    return found


def _place(docname: str, cell: nodes.Node) -> Place:
    """The section that holds a cell, its title after the name of its page."""
    sections = []
    while cell.parent is not None:
        cell = cell.parent
        if isinstance(cell, nodes.section):
            sections.append((cell["ids"][0], cell[0].astext()))
    number = re.match(r"book/(\d+)_", docname)
    page = f"chapter {int(number[1])}" if number else sections[-1][1]
    if len(sections) == 1:
        return docname, "", page
    return docname, sections[0][0], f"{page}, {sections[0][1]}"


def _link(app: Sphinx, page: str, to: str, id: str, text: str) -> nodes.reference:
    uri = app.builder.get_relative_uri(page, to) + (f"#{id}" if id else "")
    return nodes.reference("", text, refuri=uri, internal=True)


def _link_literal(
    app: Sphinx, literal: nodes.literal, page: str, known: dict[str, str]
) -> None:
    """Link code in the text that is a public name, alone or in a call."""
    mention = _MENTION.fullmatch(literal.astext())
    target = mention and _target(app.env, literal, page, known, mention)
    if target:
        link = _link(app, page, *target, "")
        literal.replace_self(link)
        link += literal


def _target(
    env: BuildEnvironment,
    literal: nodes.literal,
    page: str,
    known: dict[str, str],
    mention: re.Match[str],
) -> tuple[str, str] | None:
    """Page and id of the entry that a mention means, if there is one.

    A plain lower-case word without a call may be a variable: in a chapter it is none.
    """
    name, call = mention.groups()
    first, _, rest = name.partition(".")
    room = page.rpartition("/")[2].lstrip("0123456789_")
    names = [known[first] + (f".{rest}" if rest else "")] if first in known else []
    if rest or mention[0].startswith("helpers."):
        names.append(f"helpers.{name}")
    if page.startswith(PAGES) or call or not name.isalpha() or not name.islower():
        names.append(f"helpers.{room}.{name}")
    around = _around(literal)
    objects = env.domains["py"].data["objects"]
    for full in names:
        found = objects.get(full)
        if found and full != around[0] and name not in around[1]:
            return found.docname, found.node_id
    return None


def _around(node: nodes.Node) -> tuple[str, set[str]]:
    """The entry that holds a node, and the names of its arguments."""
    parent: Any = node
    while parent is not None and not isinstance(parent, addnodes.desc):
        parent = parent.parent
    if parent is None:
        return "", set()
    arguments = parent[0].findall(addnodes.desc_parameter)
    words = (argument.astext().lstrip("*") for argument in arguments)
    return _full_name(parent), {re.split(r"\W", word)[0] for word in words}


def _full_name(entry: addnodes.desc) -> str:
    signature = entry[0]
    assert isinstance(signature, addnodes.desc_signature)
    return f"{signature.get('module')}.{signature.get('fullname')}"


def _lead_to_room(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """A line before the first cell that leads to the code of the chapter."""
    room = docname.rpartition("/")[2].partition("_")[2]
    page = f"{PAGES}{room}"
    cell = next(iter(doctree.findall(_is_input)), None)
    if cell is None or page not in app.env.found_docs:
        return
    top = cell.parent.parent
    line = nodes.paragraph("", "", nodes.strong("", "Code."), nodes.Text(" All of "))
    link = _link(app, docname, page, "", "")
    link += nodes.literal("", f"helpers.{room}")
    line += [link, nodes.Text(", entry by entry, is in the reference.")]
    top.parent.insert(top.parent.index(top), line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the moments at which the code is read and the links are made."""
    links = CodeLinks()
    app.connect("env-updated", links.gather)
    app.connect("doctree-resolved", links.link)
    return {"version": "1", "parallel_read_safe": True}

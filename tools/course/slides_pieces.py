"""A chapter's notebook, run, as the pieces that its slides are made of.

Tags in a cell's metadata: `slide` shows all of a text or of a cell's outputs,
`no-slide` shows nothing of it, `slide-code` shows the code and what it printed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from course.slides_text import Block, blocks, inline_html, told

Kind = Literal[
    "section", "part", "text", "figure", "explorer", "live", "claim", "output"
]

_LIVE = re.compile(
    r'(<div class="live"[^>]*)>\s*!\[([^\]]*)\]\((?:[^)\s]*/)?([^)\s]+)\)\s*</div>'
)


@dataclass(frozen=True)
class Piece:
    """Something a slide can show.

    Attributes:
        kind: `section` and `part` are headings (`##` and `###`).
        title: of a heading, an explorer or a live piece, in HTML.
        body: of a figure, an explorer, a live piece, code or another output, in HTML.
        shown: of a text, pieces of Markdown to be kept together.
        said: of a text, Markdown for the speaker.
        claim: of a claim, its row.
    """

    kind: Kind
    title: str = ""
    body: str = ""
    shown: tuple[str, ...] = ()
    said: str = ""
    claim: dict[str, Any] = field(default_factory=dict)


def pieces(notebook: NotebookNode) -> Iterator[Piece]:
    """The pieces of a notebook in order, from its first `##` on."""
    begun = False
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        found = _code(cell, tags) if cell.cell_type == "code" else _text(cell, tags)
        for piece in found:
            begun = begun or piece.kind == "section"
            if begun:
                yield piece


def _text(cell: NotebookNode, tags: set[str]) -> Iterator[Piece]:
    """The live pieces of a cell, and what stands between them."""
    begin = 0
    for live in _LIVE.finditer(cell.source):
        yield from _words(cell.source[begin : live.start()], tags)
        if "no-slide" not in tags:
            yield _live(*live.groups())
        begin = live.end()
    yield from _words(cell.source[begin:], tags)


def _live(tag: str, alt: str, picture: str) -> Piece:
    """A piece that runs; its picture, in `static`, is for browsers where it cannot."""
    image = f'<img src="static/{picture}" alt="{html.escape(alt)}">'
    return Piece("live", "Live", f'{tag} data-side="640">{image}</div>')


def _words(source: str, tags: set[str]) -> Iterator[Piece]:
    """The headings of a text, and the texts between them."""
    waiting: list[Block] = []
    for block in [*blocks(source), Block("heading", "")]:
        if block.kind != "heading":
            waiting.append(block)
            continue
        if waiting:
            yield _told(waiting, tags)
            waiting = []
        marks, _, title = block.text.partition(" ")
        if title:
            kind: Kind = "section" if len(marks) == 2 else "part"
            yield Piece(kind, inline_html(title))


def _told(parts: list[Block], tags: set[str]) -> Piece:
    whole = "\n\n".join(block.text for block in parts)
    if "no-slide" in tags:
        return Piece("text", said=whole)
    found = told(parts, everything="slide" in tags)
    return Piece("text", shown=found.shown, said=found.said)


def _code(cell: NotebookNode, tags: set[str]) -> Iterator[Piece]:
    """What a code cell shows: figures, explorers and claims, unless its tags say."""
    if "no-slide" in tags:
        return
    if "slide-code" in tags:
        printed = "".join(map(_printed, cell.outputs))
        yield Piece("output", body=_highlighted(cell.source) + printed)
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    for output in cell.outputs:
        data = output.get("data", {})
        markup = data.get("text/html", "")
        if "claim" in output.get("metadata", {}):
            yield Piece("claim", claim=dict(output.metadata["claim"]))
        elif 'class="explorer"' in markup:
            yield _explorer(markup)
        elif "image/png" in data:
            yield Piece("figure", body=_image(data["image/png"], alt))
        elif "slide" in tags:
            yield Piece("output", body=markup or _printed(output))


def _image(png: str, alt: str) -> str:
    source = "data:image/png;base64," + "".join(png.split())
    return f'<img src="{source}" alt="{html.escape(alt)}">'


def _explorer(markup: str) -> Piece:
    """An explorer; reveal.js would take its section for a slide."""
    label = re.search(r"<p class='explorer-label'>(.*?)</p>", markup)
    body = re.sub(r"<section\b", '<div role="group"', markup)
    body = body.replace("</section>", "</div>")
    return Piece("explorer", label[1] if label else "", body)


def _highlighted(code: str) -> str:
    return str(highlight(code, PythonLexer(), HtmlFormatter(cssclass="code")))


def _printed(output: NotebookNode) -> str:
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return f'<pre class="printed">{html.escape(text.rstrip())}</pre>' if text else ""

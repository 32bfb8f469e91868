"""What the chapters hand over to other pages, and the cards of the landing page.

A card shows the picture drawn for it in book/_static/cards (tools/thumbnails.py); a
chapter without one, the figure that its notebook gave to `style.thumbnail`, which its
outputs carry (MyST-NB's glue).
"""

from __future__ import annotations

import html
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class chapter_cards(nodes.Element, nodes.General):  # noqa: N801
    """Placeholder for the ten cards."""


class ChapterCards(SphinxDirective):
    """`{chapter-cards}`: a card for each chapter of book/chapters.yml."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder and depend on the list of chapters."""
        self.env.note_dependency(str(_chapter_list(self.env)))
        return [chapter_cards()]


def _chapter_list(env: BuildEnvironment) -> Path:
    return Path(env.srcdir) / "book" / "chapters.yml"


def chapters(env: BuildEnvironment) -> list[dict[str, str]]:
    """The entries of book/chapters.yml, each with its `docname`."""
    entries = _entries(_chapter_list(env).read_text(encoding="utf-8"))
    return [entry | {"docname": f"book/{entry['file']}"} for entry in entries]


@cache
def _entries(text: str) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = yaml.safe_load(text)
    return entries


def glued(app: Sphinx, docname: str) -> dict[str, Any]:
    """What a notebook's outputs handed over, by name; empty for other pages."""
    path = Path(app.outdir).parent / "jupyter_execute" / f"{docname}.glue.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _card(app: Sphinx, page: str, entry: dict[str, str]) -> str:
    shown = {name: html.escape(text) for name, text in entry.items()}
    written = entry["docname"] in app.env.found_docs
    number = int(entry["file"].partition("_")[0])
    title = f"{number}. {shown['title']}"
    if written:
        uri = app.builder.get_relative_uri(page, entry["docname"])
        title = f'<a href="{uri}">{title}</a>'
    return (
        f'<li class="chapter-card{"" if written else " coming"}">'
        f"{_thumbnail(app, entry) if written else ''}"
        f'<p class="chapter-title">{title}{"" if written else " (coming)"}</p>'
        f"<p>{shown['question']}</p><p class='chapter-paper'>{shown['paper']}</p></li>"
    )


def _thumbnail(app: Sphinx, entry: dict[str, str]) -> str:
    drawn = Path(app.srcdir) / "book" / "_static" / "cards" / f"{entry['file']}.svg"
    if drawn.exists():
        return drawn.read_text(encoding="utf-8").replace(
            "<svg", '<svg class="chapter-picture" aria-hidden="true"', 1
        )
    output = glued(app, entry["docname"]).get("thumbnail")
    if output is None:
        logger.warning("%s has no picture for its card", entry["docname"])
        return ""
    png = output["data"]["image/png"].strip()
    return f'<img src="data:image/png;base64,{png}" alt="">'


def _cards(app: Sphinx, page: str) -> str:
    out: list[str] = []
    part = None
    for entry in chapters(app.env):
        if entry["part"] != part:
            out += ["</ul>"] if part else []
            part = entry["part"]
            out.append(f'<h3>{html.escape(part)}</h3><ul class="chapter-cards">')
        out.append(_card(app, page, entry))
    return "".join([*out, "</ul>"])


def written(app: Sphinx) -> list[dict[str, str]]:
    """The chapters of this build."""
    found = app.env.found_docs
    return [entry for entry in chapters(app.env) if entry["docname"] in found]


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the cards where the placeholder stands."""
    for node in list(doctree.findall(chapter_cards)):
        node.replace_self(nodes.raw("", _cards(app, docname), format="html"))


def gathering_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The page to write again whenever any chapter was read again."""
    return ["book/index"]


def without_thebe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Drop the scripts of sphinx-thebe, which Jupyter Book always loads.

    They name a third-party host, and declared twice they raise an error.
    """
    for kind in ("script_files", "css_files"):
        context[kind] = [
            file for file in context.get(kind, []) if "thebe" not in _source(file)
        ]


def _source(file: Any) -> str:
    return f"{getattr(file, 'filename', '')} {getattr(file, 'attributes', {})}".lower()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the moment at which they are filled."""
    app.add_node(chapter_cards)
    app.add_directive("chapter-cards", ChapterCards)
    app.connect("doctree-resolved", fill)
    app.connect("env-updated", gathering_pages)
    app.connect("html-page-context", without_thebe, priority=900)
    return {"version": "1", "parallel_read_safe": True}

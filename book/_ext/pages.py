"""Directives that gather what the chapters say.

`chapter-cards` and `ledger` read the metadata that the notebooks' outputs carry
(MyST-NB's glue), after all pages have been read, so what they show is from the same
build. `other-seeds` reads what `make seeds` stored.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from helpers.claims import COLUMNS, Claim, html_row

logger = logging.getLogger(__name__)


class chapter_cards(nodes.General, nodes.Element):  # noqa: N801
    """Placeholder for the ten cards."""


class ledger(nodes.General, nodes.Element):  # noqa: N801
    """Placeholder for the table of all claims."""


class other_seeds(nodes.General, nodes.Element):  # noqa: N801
    """Placeholder for the table of what other seeds gave."""


class ChapterCards(SphinxDirective):
    """`{chapter-cards}`: a card for each chapter of book/chapters.yml."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder and depend on the list of chapters."""
        self.env.note_dependency(str(_chapter_list(self.env)))
        return [chapter_cards()]


class Ledger(SphinxDirective):
    """`{ledger}`: every claim of every chapter."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        return [ledger()]


class OtherSeeds(SphinxDirective):
    """`{other-seeds}`: how often each chapter's claims failed for other seeds."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        return [other_seeds()]


def _chapter_list(env: BuildEnvironment) -> Path:
    return Path(env.srcdir) / "book" / "chapters.yml"


def chapters(env: BuildEnvironment) -> list[dict[str, str]]:
    """The entries of book/chapters.yml, each with its `docname`."""
    entries = yaml.safe_load(_chapter_list(env).read_text(encoding="utf-8"))
    return [entry | {"docname": f"book/{entry['file']}"} for entry in entries]


def glued(app: Sphinx, docname: str) -> dict[str, Any]:
    """What a notebook's outputs handed over, by name; empty for other pages."""
    path = Path(app.outdir).parent / "jupyter_execute" / f"{docname}.glue.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def claims_of(app: Sphinx, entry: dict[str, str]) -> list[Claim]:
    """The claims that one chapter made, in the order of their ids."""
    rows = [
        Claim(**output["metadata"]["claim"])
        for name, output in glued(app, entry["docname"]).items()
        if name.startswith("claim-")
    ]
    chapter = entry["file"].partition("_")[0].lstrip("0")
    if not rows:
        logger.warning("%s makes no claim: the ledger needs its rows", entry["docname"])
    for row in rows:
        if row.id.partition(".")[0] != chapter:
            logger.warning("%s holds claim %s", entry["docname"], row.id)
    return sorted(rows, key=lambda row: int(row.id.partition(".")[2]))


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
    output = glued(app, entry["docname"]).get("thumbnail")
    if output is None:
        logger.warning("%s draws no thumbnail (style.thumbnail)", entry["docname"])
        return ""
    png = output["data"]["image/png"].strip()
    return f'<img src="data:image/png;base64,{png}" alt="">'


def _cards(app: Sphinx, page: str) -> str:
    out, part = [], None
    for entry in chapters(app.env):
        if entry["part"] != part:
            out += ["</ul>"] if part else []
            part = entry["part"]
            out.append(f'<h3>{html.escape(part)}</h3><ul class="chapter-cards">')
        out.append(_card(app, page, entry))
    return "".join([*out, "</ul>"])


def _written(app: Sphinx) -> list[dict[str, str]]:
    """The chapters of this build."""
    found = app.env.found_docs
    return [entry for entry in chapters(app.env) if entry["docname"] in found]


def _heading(entry: dict[str, str]) -> str:
    return html.escape(f"{int(entry['file'].partition('_')[0])}. {entry['title']}")


def _ledger(app: Sphinx, page: str) -> str:
    """One table of all claims; ledger.js lets the reader choose and sort its rows."""
    rows, verdicts, sources = [], Counter(), []
    for entry in _written(app):
        uri, claims = app.builder.get_relative_uri(page, entry["docname"]), []
        for claim in claims_of(app, entry):
            claims.append(claim)
            rows.append(html_row(claim, uri))
        verdicts.update(claim.verdict for claim in claims)
        stored = dict.fromkeys(claim.stored for claim in claims if claim.stored)
        sources += [f"<li>{_heading(entry)}: {html.escape(run)}</li>" for run in stored]
    head = "".join(
        f'<th scope="col"><button type="button" disabled>{name}</button></th>'
        if name in ("claim", "verdict")
        else f'<th scope="col">{name}</th>'
        for name in COLUMNS
    )
    titles = [_heading(entry) for entry in _written(app)]
    return (
        f'<div class="ledger">{_choice("chapter", titles)}'
        f"{_choice('verdict', sorted(verdicts))}"
        f'<p role="status">{verdicts.total()} claims: {_counted(verdicts)}.</p>'
        f'<table class="claims" tabindex="0"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f'<h2>Stored runs</h2><ul class="stored-runs">{"".join(sources)}</ul>'
    )


def _choice(name: str, values: list[str]) -> str:
    options = "".join(
        f'<option value="{value.partition(". ")[0]}">{value}</option>'
        for value in ["all", *values]
    )
    return f'<label>{name} <select name="{name}" disabled>{options}</select></label> '


def _counted(verdicts: Counter[str]) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())


def _other_seeds(app: Sphinx, page: str) -> str:
    """What `make seeds` found, a row for each chapter that it ran for."""
    rows = []
    for entry in _written(app):
        room = entry["file"].partition("_")[2]
        path = Path(app.srcdir) / "helpers" / room / "results" / "seeds.json"
        if not path.exists():
            logger.warning("no stored seeds of %s: `make seeds`", entry["docname"])
            continue
        run = json.loads(path.read_text(encoding="utf-8"))
        failed = {row["id"]: row["failed"] for row in run["claims"] if row["failed"]}
        told = ", ".join(f"{id} in {times}" for id, times in failed.items())
        cells = (len(run["claims"]), run["claims"][0]["seeds"], told or "none")
        shown = "".join(f"<td>{cell}</td>" for cell in (*cells, run["source"]))
        rows.append(f'<tr><th scope="row">{_heading(entry)}</th>{shown}</tr>')
    names = ("chapter", "claims", "seeds", "failed", "run")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        f'<table class="claims seeds" tabindex="0"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put what was gathered where the placeholders stand."""
    makers = {chapter_cards: _cards, ledger: _ledger, other_seeds: _other_seeds}
    for placeholder, make in makers.items():
        for node in list(doctree.findall(placeholder)):
            node.replace_self(nodes.raw("", make(app, docname), format="html"))


def gathering_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages to write again whenever any chapter was read again."""
    return ["book/index", "book/ledger", "book/intervals"]


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
    app.add_node(ledger)
    app.add_node(other_seeds)
    app.add_directive("chapter-cards", ChapterCards)
    app.add_directive("ledger", Ledger)
    app.add_directive("other-seeds", OtherSeeds)
    app.connect("doctree-resolved", fill)
    app.connect("env-updated", gathering_pages)
    app.connect("html-page-context", without_thebe, priority=900)
    return {"version": "1", "parallel_read_safe": True}

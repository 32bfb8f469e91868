"""The ledger, and what other seeds gave: the claims of all chapters on one page.

`ledger` reads the rows that the notebooks' outputs carry (MyST-NB's glue), so what it
shows is from the same build; `verdicts` says what a verdict means; `other-seeds` reads
what `make seeds` stored.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path
from typing import Any

from docutils import nodes
from pages import glued, written
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from stored import changed_in_short, row_of, run_of, since_told

from helpers.claim_rows import html_row
from helpers.claims import SOURCES, VERDICTS
from helpers.stored_runs import read, since

logger = logging.getLogger(__name__)

MEETING = {
    "file": "11_how_they_meet",
    "docname": "book/how_they_meet",
    "title": "How the ten papers meet",
}
"""The page whose claims are numbered as those of an eleventh chapter."""
YOURS = {
    "file": "12_your_network",
    "docname": "book/your_network",
    "title": "Your own network",
}
"""The page whose claims are numbered as those of a twelfth."""


class ledger(nodes.Element, nodes.General):  # noqa: N801
    """Placeholder for the table of all claims."""


class other_seeds(nodes.Element, nodes.General):  # noqa: N801
    """Placeholder for the table of what other seeds gave."""


class Ledger(SphinxDirective):
    """`{ledger}`: every claim of every chapter."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        return [ledger()]


class Verdicts(SphinxDirective):
    """`{verdicts}`: what each verdict means."""

    def run(self) -> list[nodes.Node]:
        """Make the list."""
        items = "".join(
            f"<dt>{name}</dt><dd>{meaning}.</dd>" for name, meaning in VERDICTS.items()
        )
        return [nodes.raw("", f"<dl>{items}</dl>", format="html")]


class OtherSeeds(SphinxDirective):
    """`{other-seeds}`: how often each chapter's claims failed for other seeds."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        return [other_seeds()]


def entries(app: Sphinx) -> list[dict[str, str]]:
    """The pages of this build that make claims."""
    pages = [one for one in (MEETING, YOURS) if one["docname"] in app.env.found_docs]
    return written(app) + pages


def claims_of(app: Sphinx, entry: dict[str, str]) -> list[dict[str, Any]]:
    """The rows that one page made, in the order of their ids.

    `since` says of a stored row what has changed in the code behind it.
    """
    rows: list[dict[str, Any]] = [
        output["metadata"]["claim"] | {"since": since_told(output["metadata"]["claim"])}
        for name, output in glued(app, entry["docname"]).items()
        if name.startswith("claim-")
    ]
    chapter = _number(entry)
    if not rows:
        logger.warning("%s makes no claim: the ledger needs its rows", entry["docname"])
    for row in rows:
        if row["id"].partition(".")[0] != chapter:
            logger.warning("%s holds claim %s", entry["docname"], row["id"])
    return sorted(rows, key=lambda row: int(row["id"].partition(".")[2]))


def _number(entry: dict[str, str]) -> str:
    return entry["file"].partition("_")[0].lstrip("0")


def _heading(entry: dict[str, str]) -> str:
    return html.escape(f"{_number(entry)}. {entry['title']}")


def _ledger(app: Sphinx, page: str) -> str:
    """One list of all claims; ledger.js lets the reader choose, search and sort."""
    lines, found, runs, bars = [], [], [], []
    for entry in entries(app):
        uri, claims = app.builder.get_relative_uri(page, entry["docname"]), []
        for claim in claims_of(app, entry):
            claims.append(claim)
            lines.append(_whole_dates(html_row(claim, uri)))
        found += claims
        told = " | ".join(claim["stored"] for claim in claims if claim["stored"])
        stored = dict.fromkeys(filter(None, told.split(" | ")))
        runs += [
            f"<li>{_heading(entry)}: {_whole_dates(run_of(run))}</li>" for run in stored
        ]
        bars.append(_bar(entry, claims))
    return (
        f"{_counts(found)}<h2>By chapter</h2>{_legend(found)}"
        f'<ul class="outcomes">{"".join(bars)}</ul>'
        f'<h2>The claims</h2><div class="ledger"><div class="ledger-bar">'
        f'{_choices(app, found)}<p role="status">{len(found)} claims</p></div>'
        f'<div class="claims">{"".join(lines)}</div></div>'
        f'<h2>Stored runs</h2><ul class="stored-runs">{"".join(runs)}</ul>'
    )


def _whole_dates(rows: str) -> str:
    """Claims whose dates are marked as such: no line breaks within them."""
    return re.sub(r"\d{4}-\d\d-\d\d", r"<time>\g<0></time>", rows)


def _bar(entry: dict[str, str], claims: list[dict[str, Any]]) -> str:
    """One chapter's verdicts as parts of a bar, each with its sign and its number."""
    counted = Counter((claim["verdict"], claim["sign"]) for claim in claims)
    parts = "".join(
        f'<span data-verdict="{verdict}" style="flex-grow: {count}" '
        f'title="{verdict}: {count}">{sign} {count}</span>'
        for verdict in VERDICTS
        for (found, sign), count in counted.items()
        if found == verdict
    )
    return f"<li>{_heading(entry)}<span>{parts}</span></li>"


def _legend(found: list[dict[str, Any]]) -> str:
    """What the colours and signs of the bars mean."""
    signs = {claim["verdict"]: claim["sign"] for claim in found}
    parts = "".join(
        f'<li><span data-verdict="{verdict}">{signs[verdict]}</span> {verdict}</li>'
        for verdict in VERDICTS
        if verdict in signs
    )
    return f'<ul class="outcomes-signs">{parts}</ul>'


def _choices(app: Sphinx, found: list[dict[str, Any]]) -> str:
    """The search and the selects above the list."""
    chapters = {_number(entry): _heading(entry) for entry in entries(app)}
    present = {claim["verdict"] for claim in found}
    return "".join(
        [
            '<label>search <input type="search" name="search" disabled></label> ',
            _choice("chapter", chapters),
            _choice("source", SOURCES),
            _choice("verdict", {name: name for name in VERDICTS if name in present}),
            _choice("run", {"live": "live", "stored": "stored"}),
            _choice("sort", {"verdict": "by verdict"}, "by number"),
        ]
    )


def _choice(name: str, values: dict[str, str], usual: str = "all") -> str:
    options = "".join(
        f'<option value="{value}">{text}</option>'
        for value, text in ({"": usual} | values).items()
    )
    return f'<label>{name} <select name="{name}" disabled>{options}</select></label> '


def _counts(found: list[dict[str, Any]]) -> str:
    """How many claims of each source came to each verdict, and how many are live."""
    counted = Counter((claim["source"], claim["verdict"]) for claim in found)
    stored = sum(claim["stored"] is not None for claim in found)
    untested = sum(claim["measured"] is None for claim in found)
    verdicts = [name for name in VERDICTS if any(v == name for _, v in counted)]
    columns = ("verdict", *SOURCES.values())
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(f"<td>{counted[source, name] or ''}</td>" for source in SOURCES)
        + "</tr>"
        for name in verdicts
    )
    return (
        f'<table class="counts"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
        f"<p>{len(found) - stored - untested} of {len(found)} claims were measured "
        f"while this site was built; {stored} are stored runs, computed once at sizes "
        f"the build cannot afford; {untested} {'is' if untested == 1 else 'are'} not "
        "tested.</p>"
    )


def _live(app: Sphinx, entry: dict[str, str]) -> int:
    """How many of a page's claims the build itself measures."""
    rows = claims_of(app, entry)
    return sum(row["stored"] is None and row["measured"] is not None for row in rows)


def _other_seeds(app: Sphinx, page: str) -> str:
    """What `make seeds` found, a row for each page that it ran for."""
    names = ("chapter", "claims", "seeds", "failed", "changed since", "run")
    rows = []
    for entry in entries(app):
        name = entry["file"].partition("_")[2]
        alone = entry in (MEETING, YOURS)
        room, inside = ("book/_data", "") if alone else ("helpers", "results")
        path = Path(app.srcdir, room, name, inside, "seeds.json")
        if not path.exists():
            logger.warning("no stored seeds of %s: `make seeds`", entry["docname"])
            continue
        run = read(path)
        failed = {row["id"]: row["failed"] for row in run["claims"] if row["failed"]}
        told = ", ".join(f"{id} in {times}" for id, times in failed.items())
        covered = f"{len(run['claims'])} of {_live(app, entry)}"
        changed = changed_in_short(since(path, Path(app.srcdir)))
        seeds = run["claims"][0]["seeds"]
        cells = (covered, seeds, told or "none", changed, run["source"])
        rows.append(row_of(_heading(entry), cells, names[1:]))
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        f'<table class="seeds"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put what was gathered where the placeholders stand."""
    makers = {ledger: _ledger, other_seeds: _other_seeds}
    for placeholder, make in makers.items():
        for node in list(doctree.findall(placeholder)):
            node.replace_self(nodes.raw("", make(app, docname), format="html"))


def tell_changes(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Add to a page's stored rows what has changed in the code behind them.

    Dates in all its rows are marked.
    """
    for entry in entries(app):
        if entry["docname"] != docname:
            continue
        rows = [row for row in claims_of(app, entry) if row["since"]]
        shown = [(html_row(row | {"since": ""}), html_row(row)) for row in rows]
        shown += [(html_row(r | {"since": ""}, ""), html_row(r, "")) for r in rows]
        for node in list(doctree.findall(nodes.raw)):
            text = node.astext()
            for old, new in shown:
                text = text.replace(old, new)
            if 'class="claim"' in text:
                text = _whole_dates(text)
            if text != node.astext():
                node.replace_self(nodes.raw("", text, **node.attributes))


def gathering_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages to write again whenever any chapter was read again."""
    return ["book/ledger", "book/intervals"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the moment at which they are filled."""
    app.add_node(ledger)
    app.add_node(other_seeds)
    app.add_directive("ledger", Ledger)
    app.add_directive("verdicts", Verdicts)
    app.add_directive("other-seeds", OtherSeeds)
    app.connect("doctree-resolved", fill)
    app.connect("doctree-resolved", tell_changes)
    app.connect("env-updated", gathering_pages)
    return {"version": "1", "parallel_read_safe": True}

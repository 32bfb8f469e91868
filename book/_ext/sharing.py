"""What a page says of itself elsewhere: a line and a picture, and how to cite it.

Every page gets a description and OpenGraph tags, every chapter a folded "Cite this
chapter" at its end, with BibTeX of the chapter and of its paper.
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from citations import find_section
from docutils import nodes
from pages import chapters
from pybtex.database import Entry, parse_file
from sphinx.application import Sphinx

CHAPTER = re.compile(r"book/(\d+)_")
SENTENCE = re.compile(r".+?[.?!](?=\s|$)", re.DOTALL)
DRAWN = re.compile(r'src="(?:\.\./)+(_images/[0-9a-f]{32,}\.png)"')
PICTURE = "_images/regions.png"
"""Of pages that show no picture of their own."""


def add_tags(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Write the description and the OpenGraph tags into a page's head."""
    if doctree is None:
        return
    base = site(app)
    tags = {
        "og:title": context["title"],
        "og:type": "article" if CHAPTER.match(page) else "website",
        "og:site_name": app.config.html_title or app.config.project,
        "og:url": f"{base}{page}.html",
        "og:image": base + picture(context.get("body", "")),
        "og:description": described(app, page, doctree),
    }
    lines = [
        f'<meta property="{name}" content="{html.escape(plain(text))}"/>'
        for name, text in tags.items()
    ]
    about = html.escape(tags["og:description"])
    lines.append(f'<meta name="description" content="{about}"/>')
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def site(app: Sphinx) -> str:
    """Where GitHub Pages serves the repository."""
    url = app.config.html_theme_options["repository_url"]
    owner, name = urlsplit(url).path.strip("/").split("/")
    return f"https://{owner}.github.io/{name}/"


def plain(text: str) -> str:
    """A title without markup."""
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def picture(body: str) -> str:
    """The first picture that a page's code has drawn."""
    drawn = DRAWN.search(body)
    return drawn[1] if drawn else PICTURE


def described(app: Sphinx, page: str, doctree: nodes.document) -> str:
    """The first sentence of a chapter's question, or of a page.

    The question of book/chapters.yml where that sentence holds a formula.
    """
    asked = find_section(doctree, ("The question",)) or doctree
    for paragraph in asked.findall(nodes.paragraph):
        found = SENTENCE.match(paragraph.astext())
        if found and not next(paragraph.findall(nodes.math), None):
            return " ".join(found[0].split())
        if found:
            break
    questions = {entry["docname"]: entry["question"] for entry in chapters(app.env)}
    return str(questions.get(page, app.config.project))


def add_citation(app: Sphinx, doctree: nodes.document) -> None:
    """Append the folded "Cite this chapter"."""
    page = app.env.docname
    chapter = CHAPTER.match(page)
    if chapter is None:
        return
    entry = next(one for one in chapters(app.env) if one["docname"] == page)
    whole = doctree.next_node(nodes.section)
    assert whole is not None
    whole += [
        nodes.raw("", _OPEN, format="html"),
        nodes.literal_block("", bibtex(app, page, entry), language="bibtex"),
        nodes.raw("", "</details>", format="html"),
    ]


_OPEN = '<details class="cite-chapter"><summary>Cite this chapter</summary>'


def bibtex(app: Sphinx, page: str, entry: dict[str, str]) -> str:
    """BibTeX of a chapter and of its paper."""
    book = yaml.safe_load(
        (Path(app.srcdir) / "CITATION.cff").read_text(encoding="utf-8")
    )
    number, _, name = entry["file"].partition("_")
    fields = {
        "author": f"{{{book['authors'][0]['name']}}}",
        "title": entry["title"],
        "booktitle": book["title"],
        "chapter": str(int(number)),
        "year": str(book["date-released"])[:4],
        "note": f"Version {book['version']}",
        "url": f"{site(app)}{page}.html",
    }
    lines = ",\n".join(f"  {field} = {{{text}}}" for field, text in fields.items())
    own = f"@incollection{{executable_{name},\n{lines}\n}}"
    key, paper = paper_of(Path(app.srcdir) / "book" / "references.bib", entry["paper"])
    return f"{own}\n\n{written(key, paper)}"


def paper_of(bibliography: Path, paper: str) -> tuple[str, Entry]:
    """The entry of the bibliography that "Authors: Title" names.

    Raises:
        LookupError: no entry has that title, or several have.
    """
    title = _letters(paper.partition(": ")[2])
    found = [
        (key, entry)
        for key, entry in _bibliography(bibliography).items()
        if _letters(entry.fields.get("title", "")).startswith(title)
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} entries of {bibliography} are {paper!r}")
    return found[0]


@cache
def _bibliography(path: Path) -> dict[str, Entry]:
    return dict(parse_file(str(path)).entries)


def _letters(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def written(key: str, entry: Entry) -> str:
    """An entry as BibTeX, a field a line."""
    authors = " and ".join(str(person) for person in entry.persons["author"])
    fields = {"author": authors, **entry.fields}
    lines = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items())
    return f"@{entry.type}{{{key},\n{lines}\n}}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is done when a page is read and when it is written."""
    app.connect("doctree-read", add_citation)
    app.connect("html-page-context", add_tags)
    return {"version": "1", "parallel_read_safe": True}

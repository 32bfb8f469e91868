"""What the pages for lecturers gather: the exercises, and how long sections run.

`{exercise-table}` reads the headings of the exercises. `tools/cell_times.py` stores
times: `{section-times}` on the page book/teaching/<chapter> shows those of a chapter's
sections, on another page those of the notebook that it names; `{notebook-times}` shows
the sums of all.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from ledger import YOURS
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PAGE = YOURS["docname"].rpartition("/")[2]
HEADING = re.compile(r"^### Exercise (\d+) \(([^()]+)\): (.+)$", re.MULTILINE)
TIME = re.compile(r"\d+ minutes|a week or more")
TIMES = "cell_times.json", "colab_times.json"
"""Files of stored times: with this book's versions, and with Colab's."""
SHORTEST = 2.0
"""Seconds; a section that takes less needs no planning."""

Stored = dict[str, Any]
"""By notebook, its seconds by section ("sections") and their "source"."""


def exercise_rows(notebook: Path) -> list[tuple[str, str, str, str]]:
    """Number, title, kinds and time of a notebook's exercises, from their headings.

    The page on a network of one's own counts as the chapter that its claims do. The
    time is "" where the heading says none.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    name = YOURS["file"] if notebook.stem == PAGE else notebook.stem
    chapter = int(name.partition("_")[0])
    rows = []
    for number, inside, title in HEADING.findall(text):
        words = [word.strip() for word in inside.split(",")]
        time = next((word for word in words if TIME.fullmatch(word)), "")
        kinds = ", ".join(word for word in words if word != time)
        rows.append((f"{chapter}.{number}", title, kinds, time))
    return rows


def exercise_table(notebooks: list[Path]) -> list[str]:
    """The exercises of some notebooks, in Markdown."""
    rows = [row for notebook in notebooks for row in exercise_rows(notebook)]
    head = ["| exercise | title | kind | time |", "|---|---|---|---|"]
    return head + [f"| {' | '.join(row)} |" for row in rows]


def section_table(here: Stored, colab: Stored, notebook: str) -> list[str]:
    """The sections of a notebook that take a while, and the whole, in Markdown."""
    if missing := not_measured(here, colab, notebook):
        return [missing]
    seconds = here[notebook]["sections"], colab[notebook]["sections"]
    rows = [
        (name, *(found.get(name, 0.0) for found in seconds))
        for name in dict.fromkeys([*seconds[0], *seconds[1]])
    ]
    rows = [row for row in rows if max(row[1:]) >= SHORTEST]
    whole = (sum(found.values()) for found in seconds)
    return [
        *_head("section"),
        *map(_row, [*rows, ("the whole notebook, other sections too", *whole)]),
        "",
        "Seconds of a processor of an unloaded machine, see `tools/pace.py` "
        f"({_source(here[notebook])}; {_source(colab[notebook])}).",
    ]


def notebook_table(here: Stored, colab: Stored, titles: dict[str, str]) -> list[str]:
    """How long each notebook runs, in Markdown.

    Args:
        here: the stored times.
        colab: those with Colab's versions.
        titles: of the notebooks, by name.
    """
    missing = [not_measured(here, colab, name) for name in titles]
    if any(missing):
        return list(filter(None, missing))
    rows = [
        (title, *(sum(stored[name]["sections"].values()) for stored in (here, colab)))
        for name, title in titles.items()
    ]
    return [*_head("notebook"), *map(_row, rows)]


def not_measured(here: Stored, colab: Stored, notebook: str) -> str:
    """What to run for the times that are missing; "" if none is."""
    options = [
        option
        for stored, option in ((here, ""), (colab, "--colab "))
        if notebook not in stored
    ]
    said = [f"`python tools/cell_times.py {option}{notebook}`" for option in options]
    return f"Not measured yet: {', '.join(said)}." if said else ""


def _source(found: dict[str, Any]) -> str:
    """How times were measured; the command as code, that `--` stays what it is."""
    said, _, command = found["source"].partition(": ")
    return f"{said}: `{command}`"


def _head(what: str) -> list[str]:
    return [f"| {what} | seconds | with Colab's versions |", "|---|---|---|"]


def _row(row: tuple[str, float, float]) -> str:
    name, here, colab = row
    return f"| {name} | {here:.0f} | {colab:.0f} |"


class FromMarkdown(SphinxDirective):
    """A directive whose content is Markdown that it writes itself."""

    def read(self, lines: list[str], path: Path) -> list[nodes.Node]:
        """The nodes of some Markdown made from a file."""
        self.env.note_dependency(str(path))
        made = nodes.container()
        self.state.nested_parse(StringList(lines, str(path)), 0, made)
        return list(made.children)

    @property
    def book(self) -> Path:
        """The folder of the notebooks."""
        return Path(self.env.srcdir) / "book"


class ExerciseTable(FromMarkdown):
    """`{exercise-table}`: every exercise with its kind and its time."""

    def run(self) -> list[nodes.Node]:
        """Make the table from the notebooks of this book."""
        notebooks = [
            *sorted(self.book.glob("[0-9]*.ipynb")),
            self.book / f"{PAGE}.ipynb",
        ]
        for notebook in notebooks:
            self.env.note_dependency(str(notebook))
        return self.read(exercise_table(notebooks), self.book / "chapters.yml")


class Times(FromMarkdown):
    """A directive that shows stored times."""

    def times(self) -> tuple[Stored, Stored]:
        """The stored times, and those with Colab's versions."""
        made = []
        for name in TIMES:
            path = self.book / "_data" / "teaching" / name
            self.env.note_dependency(str(path))
            made.append(json.loads(path.read_text(encoding="utf-8")))
        here, colab = made
        return here, colab


class SectionTimes(Times):
    """`{section-times}`: how long the sections of a notebook run.

    The notebook is named, or it is this page's chapter.
    """

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the table from the stored times."""
        page = self.env.docname.rpartition("/")[2]
        notebook = self.arguments[0] if self.arguments else page
        lines = section_table(*self.times(), notebook)
        return self.read(lines, self.book / f"{notebook}.ipynb")


class NotebookTimes(Times):
    """`{notebook-times}`: how long each notebook runs."""

    def run(self) -> list[nodes.Node]:
        """Make the table from the stored times."""
        paths = sorted(self.book.glob("*.ipynb"))
        titles = {path.stem: title_of(path) for path in paths}
        return self.read(
            notebook_table(*self.times(), titles), self.book / "teaching.md"
        )


def title_of(notebook: Path) -> str:
    """The heading that a notebook begins with."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).partition("\n")[0].lstrip("# ")


def name_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Tell a page on a chapter from the chapter, by its title, and lead there."""
    name = docname.removeprefix("book/teaching/")
    title, _, text = source[0].partition("\n")
    title = title.removeprefix("# ")
    if name != docname and title[0].isdigit():
        link = f"The chapter itself: [{title}](../{name}.ipynb)."
        source[0] = f"# Teaching {title}\n\n{link}\n{text}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, and the titles of the pages on chapters."""
    app.add_directive("exercise-table", ExerciseTable)
    app.add_directive("section-times", SectionTimes)
    app.add_directive("notebook-times", NotebookTimes)
    app.connect("source-read", name_page)
    return {"version": "1", "parallel_read_safe": True}

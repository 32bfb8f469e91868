"""What the pages for lecturers gather: the exercises, and how long sections run.

`{exercise-table}` reads the headings of the exercises; `{section-times}` on the page
book/teaching/<chapter> shows what `tools/cell_times.py` stored for that chapter.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HEADING = re.compile(r"^### Exercise (\d+) \(([^()]+)\): (.+)$", re.MULTILINE)
TIME = re.compile(r"\d+ minutes|a week or more")
TIMES = "cell_times.json"
SHORTEST = 2.0
"""Seconds; a section that takes less needs no planning."""


def exercise_rows(notebook: Path) -> list[tuple[str, str, str, str]]:
    """Number, title, kinds and time of a chapter's exercises, from their headings.

    The time is "" where the heading says none.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    chapter = int(notebook.stem.partition("_")[0])
    rows = []
    for number, inside, title in HEADING.findall(text):
        words = [word.strip() for word in inside.split(",")]
        time = next((word for word in words if TIME.fullmatch(word)), "")
        kinds = ", ".join(word for word in words if word != time)
        rows.append((f"{chapter}.{number}", title, kinds, time))
    return rows


def exercise_table(notebooks: list[Path]) -> list[str]:
    """The exercises of all chapters, in Markdown."""
    rows = [row for notebook in notebooks for row in exercise_rows(notebook)]
    head = ["| exercise | title | kind | time |", "|---|---|---|---|"]
    return head + [f"| {' | '.join(row)} |" for row in rows]


def section_table(stored: dict[str, Any], chapter: str) -> list[str]:
    """The sections of a chapter that take a while, and the whole, in Markdown."""
    if chapter not in stored:
        return [f"Not measured yet: `python tools/cell_times.py {chapter}`."]
    found = stored[chapter]
    seconds = found["sections"]
    rows = [(name, spent) for name, spent in seconds.items() if spent >= SHORTEST]
    rows.append(("the whole notebook, other sections too", sum(seconds.values())))
    head = ["| section | seconds |", "|---|---|"]
    table = head + [f"| {name} | {spent:.0f} |" for name, spent in rows]
    return [
        *table,
        "",
        "Seconds of a processor of an unloaded machine, see `tools/pace.py` "
        f"({found['source']}).",
    ]


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
        notebooks = sorted(self.book.glob("[0-9]*.ipynb"))
        for notebook in notebooks:
            self.env.note_dependency(str(notebook))
        return self.read(exercise_table(notebooks), self.book / "chapters.yml")


class SectionTimes(FromMarkdown):
    """`{section-times}`: how long the sections of this page's chapter run."""

    def run(self) -> list[nodes.Node]:
        """Make the table from the stored times."""
        path = self.book / "_data" / "teaching" / TIMES
        chapter = self.env.docname.rpartition("/")[2]
        stored = json.loads(path.read_text(encoding="utf-8"))
        return self.read(section_table(stored, chapter), path)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("exercise-table", ExerciseTable)
    app.add_directive("section-times", SectionTimes)
    return {"version": "1", "parallel_read_safe": True}

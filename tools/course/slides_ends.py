"""How a chapter's slides begin and end: title, aims, guess; exercises, verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode

from course.exercises import HEADING
from course.slides_claims import summary_html
from course.slides_packing import Slide, group_html
from course.slides_text import Block, blocks, html, inline_html, sentences

_GUESS = re.compile(r"\bguess\b|\bbefore you (?:look|go on)\b", re.IGNORECASE)


def opening(text: str) -> list[Slide]:
    """The slides before the first section: title, and what one can do afterwards.

    Args:
        text: of the notebook's first cell.

    Raises:
        ValueError: the text does not begin with a title.
    """
    parts = blocks(text)
    if not parts or not parts[0].text.startswith("# "):
        raise ValueError(f"a chapter begins with '# ' and its title, got {text[:40]!r}")
    paper = "".join(html(one.text) for one in parts if one.text.startswith("**Paper"))
    first = Slide("title", inline_html(parts[0].text[2:]), paper)
    aims = [one for one in parts if one.text.startswith("**After this chapter")]
    return [first, *map(_aims, aims[:1])]


def _aims(block: Block) -> Slide:
    """What one can do after the chapter, as a list."""
    _, title, text = block.text.split("**", 2)
    aims = (re.sub(r"^\s*and ", "", part) for part in text.split(";"))
    parts = "".join(f"<li>{inline_html(aim)}</li>" for aim in aims)
    return Slide("text", inline_html(title), f"<ul>{parts}</ul>")


def question_html(question: str, said: str) -> str:
    """What a chapter asks, and the guess its text invites to."""
    asked = f'<p class="question">{inline_html(question)}</p>'
    return asked + "".join(map(group_html, guesses(said)))


def guesses(text: str) -> list[str]:
    """The sentences that ask for a guess; the last question where none does."""
    every = [one for part in text.split("\n\n") for one in sentences(part)]
    asked = [one for one in every if _GUESS.search(one)]
    return asked or [one for one in every if one.endswith("?")][-1:]


def closing(notebook: NotebookNode, rows: Sequence[Mapping[str, Any]]) -> list[Slide]:
    """The last slides: the exercises, and what came of the claims."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = [found for text in texts for found in HEADING.findall(text)]
    slides = []
    if found:
        points = "".join(
            f'<li value="{number}">{inline_html(title)} <i>({kind})</i></li>'
            for number, kind, title in found
        )
        slides.append(Slide("text", "Exercises", f"<ol>{points}</ol>"))
    if rows:
        name = f"The chapter's {len(rows)} claims"
        slides.append(Slide("text", name, summary_html(rows)))
    return slides

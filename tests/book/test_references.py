"""The page References has what the chapters cite; titles keep the capitals of names."""

import json
import re

import pytest
from places import CHAPTERS, ROOT
from pybtex.database import parse_file
from pybtex.richtext import Text

ENTRIES = parse_file(str(ROOT / "book" / "references.bib")).entries
ARXIV = re.compile(r"arXiv:? ?(\d{4}\.\d{4,5})")
NAME = re.compile(
    r"\b(?:\w+[a-z][A-Z]\w*|[A-Z]\w*[A-Z\d]\w*"
    r"|Fourier|Gauss|Gaussian|Git Re-Basin|Hessian|Neural Tangents|Python)\b"
)


def listed(chapter):
    """The works in a chapter's list of references, a line each."""
    path = ROOT / "book" / f"{chapter}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    return re.findall(r"^- (.+)", text.partition("\n## References\n")[2], re.MULTILINE)


def letters(title):
    return re.sub(r"[^a-z0-9]", "", title.lower())


def surnames(entry):
    people = entry.persons["author"]
    return [
        "".join(map(str, [*one.rich_prelast_names, *one.rich_last_names]))
        for one in people
    ]


def in_bibliography(line):
    """Whether an entry has the first author and the title that a line tells.

    A line may end a title before its end; one without a title has arXiv's number.
    """
    authors, told = re.split(r"(?: et al| \(\d{4}[a-z]\))?\. ", line, maxsplit=1)
    author = authors.split(", ")[0].replace(" ", "")
    title = letters(re.split(r"[.?!](?: |$)", told, maxsplit=1)[0])
    number = ARXIV.match(told)
    return any(
        author in surnames(entry)
        and (
            entry.fields.get("eprint") == number[1]
            if number
            else letters(entry.fields["title"]).startswith(title)
        )
        for entry in ENTRIES.values()
    )


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_work_that_a_chapter_lists_is_in_the_bibliography(chapter):
    lines = listed(chapter)
    assert len(lines) > 5
    assert not [line for line in lines if not in_bibliography(line)]


def test_a_work_is_known_by_its_first_author_and_its_title():
    assert in_bibliography("Hanin, Rolnick (2019a). Complexity of Linear Regions. X.")
    assert not in_bibliography("Hanin. Complexity of Linear Areas. ICML 2019.")
    assert not in_bibliography("Nobody. Complexity of Linear Regions. ICML 2019.")


def test_titles_keep_the_capitals_of_names():
    """The page writes the rest of a title small, but what stands in braces."""
    for key, entry in ENTRIES.items():
        title = Text.from_latex(entry.fields["title"])
        shown = str(title.capitalize())
        lost = [name for name in NAME.findall(str(title)) if name not in shown]
        assert entry.type == "book" or not lost, key


def test_the_numbers_of_arxiv_are_links():
    """Those in the field eprint are; in another they are plain text."""
    for key, entry in ENTRIES.items():
        assert not [text for text in entry.fields.values() if ARXIV.search(text)], key

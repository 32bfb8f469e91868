"""The page Speed: its stored rows, what they are refused for, what the reader sees."""

import ast
import json
import re

import pytest
from benchmarks.bench import STORED, speed
from bs4 import BeautifulSoup
from places import CHAPTERS, ROOT
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

ROW = {
    "helper": "heavy_tails.fit_power_law",
    "computed": "power law, n < 10 & more",
    "seconds": 0.0021,
    "beside": "powerlaw 1.5",
    "their_seconds": 3.2,
    "ratio": [1400.0, 1523.0, 1610.0],
    "repeats": 3,
    "accuracy": "exponent 2.5",
    "their_accuracy": "exponent 2.5",
    "cost": "",
    "source": "2026-11-28, one of 2 CPU cores: make bench ROOM=heavy_tails",
}
ALONE = {"beside": "", "their_seconds": None, "ratio": None}


def benchmarks():
    """Every benchmark, room/test, and whether it needs a graphics card."""
    for path in (ROOT / "tests" / "benchmarks").glob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                room, test = (s.removeprefix("test_") for s in (path.stem, node.name))
                yield f"{room}/{test}", "on_cuda" in test


def test_every_stored_row_is_understood_and_every_benchmark_has_one():
    rows = speed.read(STORED)
    measured = {re.match(r"\w+/\w+", id)[0] for id in rows}
    every = dict(benchmarks())
    assert measured <= every.keys()
    assert {id for id, needs_card in every.items() if not needs_card} <= measured
    rooms = {name.partition("_")[2] for name in CHAPTERS}
    assert {id.partition("/")[0] for id in rows} == rooms


def test_a_row_may_have_nothing_beside_it():
    assert speed.check("room/test", ROW | ALONE) == ROW | ALONE


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seconds": "fast"}, "seconds of room/test has a wrong type: 'fast'"),
        ({"seconds": 0.0}, "numbers of room/test must be above 0"),
        ({"repeats": 0}, "numbers of room/test must be above 0"),
        ({"helper": ""}, "helper of room/test is empty"),
        ({"beside": ""}, "room/test needs beside, their_seconds and ratio"),
        ({"ratio": None}, "room/test needs beside, their_seconds and ratio"),
        ({"ratio": [3.0, 2.0, 1.0]}, "least, median, largest"),
        ({"colour": "red"}, "room/test must have the fields"),
    ],
)
def test_a_row_that_is_not_understood_is_refused(changed, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        speed.check("room/test", ROW | changed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("{}", "must hold rows by id"),
        ('{"room/test": {}}', "speed.json: room/test must have the fields"),
        (json.dumps({"test": ROW}), "id must be room/test, got 'test'"),
    ],
)
def test_a_file_that_cannot_be_shown_says_why(tmp_path, text, words):
    path = tmp_path / "speed.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(words)):
        speed.read(path)


def test_the_table_escapes_what_was_stored():
    shown = BeautifulSoup(speed.table([ROW, ROW | ALONE]), "html.parser")
    first, second = shown.select("tbody tr")
    assert "power law, n < 10 & more" in first.th.text
    assert [cell.text for cell in first("td")] == [
        "2.1\u202fms",
        "powerlaw 1.5: 3.2\u202fs",
        "ours: exponent 2.5beside: exponent 2.5",
        "1,500 (1,400 to 1,600; 3 repeats)",
    ]
    assert second("td")[1].text == second("td")[3].text == ""


def test_long_names_break_between_their_parts_and_powers_are_set():
    long = ROW | {"helper": "linear_regions.plane_regions", "cost": "jump 2e-09, 3.14"}
    shown = speed.table([long])
    assert "<code>linear_<wbr>regions.<wbr>plane_<wbr>regions</code>" in shown
    assert "jump 2\xa0×\xa010<sup>−9</sup>, 3.14" in shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (12.34, "12\u202fs"),
        (0.999, "1\u202fs"),
        (0.0123, "12\u202fms"),
        (4.56e-5, "46\u202fµs"),
    ],
)
def test_durations_have_two_digits(seconds, shown):
    assert speed.duration(seconds) == shown


def write_page(folder, stored):
    """Build one page with the directive; its text."""
    for name, text in {
        "page.md": "# Speed\n\n```{speed}\n```\n",
        "chapters.yml": "- {file: 09_heavy_tails, title: Heavy tails}\n",
        "_data/speed.json": json.dumps(stored),
    }.items():
        path = folder / "book" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    with docutils_namespace():
        settings = {"extensions": ["myst_parser", "speed"], "root_doc": "book/page"}
        places = (folder, None, folder / "out", folder / "trees", "html")
        Sphinx(*places, settings, status=None, warningiserror=True).build()
    return BeautifulSoup(
        (folder / "out/book/page.html").read_text(encoding="utf-8"), "html.parser"
    )


def test_a_chapter_gets_a_section_with_its_rows_and_their_run(tmp_path):
    page = write_page(tmp_path, {"heavy_tails/test": ROW})
    section = page.select_one("section section")
    assert "1. Heavy tails" in section.h2.text
    assert len(section.select("table.speed tbody tr")) == 1
    assert [item.text.strip() for item in section.select("li")] == [ROW["source"]]


@pytest.mark.parametrize(
    ("stored", "words"),
    [({}, "`make bench` writes it"), ({"room/test": ROW}, "names no chapter")],
)
def test_a_file_that_cannot_be_shown_ends_the_build(tmp_path, stored, words):
    with pytest.raises(ExtensionError, match=words):
        write_page(tmp_path, stored)


def test_the_page_shows_every_row_below_the_heading_of_its_chapter(site):
    page = BeautifulSoup(
        (site / "book" / "speed.html").read_text(encoding="utf-8"), "html.parser"
    )
    assert len(page.select("table.speed tbody tr")) == len(speed.read(STORED))
    for table in page.select("table.speed"):
        heading = table.find_parent("section").find("h2")
        assert re.match(r"\d+\. ", heading.text)


def best_rows(rows):
    """The three largest median ratios, one a helper, as rows of a Markdown table."""
    measured = [row for row in rows.values() if row["ratio"]]
    best = {}
    for row in sorted(measured, key=lambda row: row["ratio"][1], reverse=True):
        best.setdefault(row["helper"], row)
    return [
        f"| {row['computed']} | {speed.duration(row['seconds'])} "
        f"| {row['beside']}: {speed.duration(row['their_seconds'])} "
        f"| {speed.number(row['ratio'][1])} |"
        for row in list(best.values())[:3]
    ]


def test_the_readme_shows_the_three_best_rows_as_they_are_stored():
    rows = speed.read(STORED)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for row in best_rows(rows):
        assert row in text, f"README.md lacks this row:\n{row}"

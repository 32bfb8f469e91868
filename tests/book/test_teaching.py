"""The pages for lecturers agree with the chapters they are about."""

import importlib
import json
import re

import pytest
import yaml
from places import CHAPTERS, ROOT, tool

TEACHING = ROOT / "book" / "teaching"
EXERCISES = tool("course.exercises").exercises


def page(chapter):
    return (TEACHING / f"{chapter}.md").read_text(encoding="utf-8")


def headings(chapter):
    """The sections of a chapter's notebook."""
    cells = json.loads(
        (ROOT / "book" / f"{chapter}.ipynb").read_text(encoding="utf-8")
    )["cells"]
    text = "\n".join(
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"
    )
    return re.findall(r"^##+ (.+)$", text, re.MULTILINE)


@pytest.fixture(scope="module")
def extension():
    """The directives of these pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "book" / "_ext")
        return importlib.import_module("teaching")


def test_every_page_stands_in_the_contents_below_teaching():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    entries = [entry for part in parts for entry in part["chapters"]]
    below = next(e for e in entries if e["file"] == "book/teaching")["sections"]
    assert [entry["file"].rpartition("/")[2] for entry in below] == [
        *CHAPTERS,
        "what_other_courses_changed",
    ]
    assert {path.stem for path in TEACHING.glob("*.md")} >= set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_page_names_its_chapter_as_the_notebook_does(chapter):
    cells = json.loads(
        (ROOT / "book" / f"{chapter}.ipynb").read_text(encoding="utf-8")
    )["cells"]
    title = "".join(cells[0]["source"]).splitlines()[0]
    assert page(chapter).splitlines()[0] == title


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_a_plan_names_is_a_section_of_the_chapter(chapter):
    plans, rest = page(chapter).split("## Ask before the figure")
    named = re.findall(r'"([A-Z][^"]+)"', plans + rest.partition("## If time")[2])
    assert len(named) >= 5
    known = tuple(headings(chapter))
    for name in named:  # long headings are named by how they begin
        assert any(heading.startswith(name) for heading in known), name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_plan_fills_ninety_minutes(chapter):
    plan = page(chapter).partition("*Twice 45.*")[0]
    minutes = re.findall(r"^\| (\d+) \|", plan, re.MULTILINE)
    assert sum(map(int, minutes)) == 90


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_claims_and_exercises_that_a_page_names_exist(chapter):
    number = int(chapter.partition("_")[0])
    known = {one.number for one in EXERCISES(ROOT / "book" / f"{chapter}.ipynb")}
    named = re.findall(r"[Ee]xercise (\d)(?: or (\d))?", page(chapter))
    assert {int(n) for pair in named for n in pair if n} <= known
    notebook = (ROOT / "book" / f"{chapter}.ipynb").read_text(encoding="utf-8")
    for claim in re.findall(r"claims? (\d+\.\d+)", page(chapter)):
        assert claim.startswith(f"{number}.")
        assert rf"\"{claim}\"" in notebook


@pytest.mark.parametrize("chapter", [*CHAPTERS, "your_network"])
def test_the_table_has_each_exercise_as_the_course_reads_it(chapter, extension):
    path = ROOT / "book" / f"{chapter}.ipynb"
    rows = extension.exercise_rows(path)
    assert rows == [
        (one.label, one.title, ", ".join(one.kinds), one.time)
        for one in EXERCISES(path)
    ]


@pytest.mark.parametrize("chapter", [*CHAPTERS, "your_network"])
def test_each_exercise_says_its_time(chapter, extension):
    for label, *_, time in extension.exercise_rows(ROOT / "book" / f"{chapter}.ipynb"):
        assert time, f"{label} says no time"


def test_the_table_of_sections_leaves_out_what_is_short(extension):
    here = {
        "01": {"sections": {"A": 12.4, "B": 0.3, "C": 1.9}, "source": "today: run a"}
    }
    colab = {
        "01": {"sections": {"A": 11.4, "B": 0.4, "C": 2.1}, "source": "then: run --b"}
    }
    lines = extension.section_table(here, colab, "01")
    assert lines[2:5] == [
        "| A | 12 | 11 |",
        "| C | 2 | 2 |",
        "| the whole notebook, other sections too | 15 | 14 |",
    ]
    assert lines[-1] == (
        "Seconds of a processor of an unloaded machine, see `tools/pace.py` "
        "(today: `run a`; then: `run --b`)."
    )
    lines = extension.notebook_table(here, colab, {"01": "1. Regions"})
    assert lines[2:] == ["| 1. Regions | 15 | 14 |"]


def test_what_is_not_measured_is_named_with_its_command(extension):
    here = {"01": {"sections": {"A": 12.4}, "source": "this"}}
    said = "Not measured yet: `python tools/cell_times.py --colab 01`."
    assert extension.section_table(here, {}, "01") == [said]
    assert extension.notebook_table(here, {}, {"01": "1. Regions"}) == [said]
    assert extension.section_table({}, here, "01") == [
        "Not measured yet: `python tools/cell_times.py 01`."
    ]


@pytest.mark.parametrize(
    ("name", "option"), [("cell_times", ""), ("colab_times", "--colab ")]
)
def test_stored_times_are_of_sections_that_are_still_there(name, option):
    path = ROOT / "book" / "_data" / "teaching" / f"{name}.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored.keys() == {path.stem for path in (ROOT / "book").glob("*.ipynb")}
    for notebook, found in stored.items():
        assert set(found["sections"]) <= {"set-up", *headings(notebook)}, notebook
        assert all(spent >= 0 for spent in found["sections"].values())
        command = f"python tools/cell_times.py {option}{notebook}"
        assert found["source"].endswith(f": {command}")


def test_the_times_with_colabs_versions_say_so():
    path = ROOT / "book" / "_data" / "teaching" / "colab_times.json"
    pins = (ROOT / "requirements-colab.in").read_text(encoding="utf-8")
    for found in json.loads(path.read_text(encoding="utf-8")).values():
        for name in ("numpy", "scipy"):
            assert f"{name} {re.search(f'{name}==(.+)', pins)[1]}," in found["source"]

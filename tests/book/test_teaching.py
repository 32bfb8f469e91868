"""The pages for lecturers agree with the chapters they are about."""

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
    from importlib.util import module_from_spec, spec_from_file_location

    place = spec_from_file_location("teaching", ROOT / "book" / "_ext" / "teaching.py")
    made = module_from_spec(place)
    place.loader.exec_module(made)
    return made


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


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_table_has_each_exercise_as_the_course_reads_it(chapter, extension):
    path = ROOT / "book" / f"{chapter}.ipynb"
    rows = extension.exercise_rows(path)
    assert rows == [
        (one.label, one.title, ", ".join(one.kinds), one.time)
        for one in EXERCISES(path)
    ]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_exercise_says_its_time(chapter, extension):
    for label, *_, time in extension.exercise_rows(ROOT / "book" / f"{chapter}.ipynb"):
        assert time, f"{label} says no time"


def test_the_table_of_sections_leaves_out_what_is_short(extension):
    found = {"sections": {"A": 12.4, "B": 0.3}, "source": "today, a machine: a command"}
    lines = extension.section_table({"01": found}, "01")
    assert lines[2:4] == [
        "| A | 12 |",
        "| the whole notebook, other sections too | 13 |",
    ]
    assert lines[-1] == (
        "Seconds of a processor of an unloaded machine, see `tools/pace.py` "
        "(today, a machine: a command)."
    )
    assert extension.section_table({}, "01") == [
        "Not measured yet: `python tools/cell_times.py 01`."
    ]


def test_stored_times_are_of_sections_that_are_still_there():
    path = ROOT / "book" / "_data" / "teaching" / "cell_times.json"
    for chapter, found in json.loads(path.read_text(encoding="utf-8")).items():
        assert set(found["sections"]) <= {"set-up", *headings(chapter)}, chapter
        assert all(spent >= 0 for spent in found["sections"].values())
        assert found["source"].endswith(f"python tools/cell_times.py {chapter}")


def test_seconds_are_counted_from_probe_to_probe():
    times = tool("cell_times")
    sections = ["set-up", "The question", "The question"]
    found = times.by_section(sections, [2.0, 3.0, 7.0])
    assert found == {"set-up": 2.0, "The question": 5.0}


def test_a_probe_follows_each_cell_and_knows_its_section():
    import nbformat

    v4 = nbformat.v4
    cells = [
        v4.new_code_cell("a = 1"),
        v4.new_markdown_cell("text\n\n## The question\n\n### deeper"),
        v4.new_code_cell("b = 2"),
    ]
    copy, sections = tool("cell_times").probed(v4.new_notebook(cells=cells))
    assert sections == ["set-up", "The question"]
    assert [cell.metadata.get("probe", False) for cell in copy.cells] == [
        False,
        True,
    ] * 2


def test_a_reading_may_arrive_in_parts():
    import nbformat

    v4 = nbformat.v4
    parts = [v4.new_output("stream", text=text) for text in ("12", ".5\n")]
    probe = v4.new_code_cell(metadata={"probe": True}, outputs=parts)
    notebook = v4.new_notebook(cells=[v4.new_code_cell("a"), probe])
    assert tool("cell_times").readings(notebook) == [12.5]

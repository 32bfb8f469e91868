"""The commands behind the Makefile."""

import subprocess
import threading
from itertools import chain, repeat

import nbformat
import numpy as np
import pytest
from places import ROOT, tool


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The build tool, on a book of its own."""
    made = tool("build")
    for name in ("ROOT", "BUILD"):
        inside = getattr(made, name).relative_to(ROOT)
        monkeypatch.setattr(made, name, tmp_path / inside)
    (tmp_path / "helpers" / "room" / "results").mkdir(parents=True)
    (tmp_path / "helpers" / "a.py").write_text("x = 1\n")
    for name in ("requirements.txt", "_config.yml"):
        (tmp_path / name).write_text("")
    return made


@pytest.mark.parametrize(
    "name",
    ["helpers/a.py", "helpers/b.py", "helpers/room/results/r.json", "_config.yml"],
)
def test_a_change_in_what_the_notebooks_use_discards_the_build(build, name):
    build.discard_stale(build.inputs_hash(), build.BUILD)
    page = build.BUILD / "page.html"
    page.touch()
    build.discard_stale(build.inputs_hash(), build.BUILD)
    assert page.exists()
    (build.ROOT / name).write_text("x = 2\n")
    build.discard_stale(build.inputs_hash(), build.BUILD)
    assert not page.exists()


def test_a_build_without_a_stamp_is_discarded(build):
    build.BUILD.mkdir()
    (build.BUILD / "page.html").touch()
    build.discard_stale(build.inputs_hash(), build.BUILD)
    assert not (build.BUILD / "page.html").exists()


def test_one_chapter_keeps_the_pages_that_are_not_notebooks():
    cut = tool("build").contents(["02_edge_of_chaos"])
    files = [entry["file"] for part in cut["parts"] for entry in part["chapters"]]
    assert files[:2] == ["book/02_edge_of_chaos", "book/teaching"]
    assert "book/01_linear_regions" not in files


def test_an_unknown_chapter_is_told_the_known_ones():
    with pytest.raises(ValueError, match=r"no chapter '02' in _toc.yml; there are \["):
        tool("build").contents(["02"])


@pytest.fixture
def notebooks(tmp_path):
    """A notebook that runs and one that fails."""
    made = {}
    for name, code in (("good", "print(6 * 7)"), ("bad", "1 / 0")):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        made[name] = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, made[name])
    return made


def test_notebooks_run_side_by_side_into_the_cache(notebooks, tmp_path):
    execute = tool("execute")
    errors = execute.execute(list(notebooks.values()), tmp_path / "cache")
    assert len(errors) == 1
    assert errors[0].startswith("bad.ipynb\n")
    assert "ZeroDivisionError" in errors[0]
    found = execute.costs(list(notebooks.values()), tmp_path / "cache")
    assert list(found) == [notebooks["good"]]
    assert 10 < found[notebooks["good"]].megabytes < 500
    assert 0 < found[notebooks["good"]].seconds < 60
    assert 0.1 < found[notebooks["good"]].pace < 100
    assert execute.execute([notebooks["good"]], tmp_path / "cache") == []


def test_a_machine_of_half_the_speed_has_pace_two(monkeypatch):
    made = tool("pace")
    taken = 2 * made.REFERENCE_SECONDS
    monkeypatch.setattr(made.time, "thread_time", iter([5, 5 + taken]).__next__)
    assert made.pace() == pytest.approx(2)


def test_a_pace_meter_takes_the_mean_along_its_block(monkeypatch):
    made = tool("pace")
    monkeypatch.setattr(made, "INTERVAL", 0)
    found, measured = chain([9, 1], repeat(3)), threading.Semaphore(0)

    def pace():
        measured.release()
        return next(found)

    monkeypatch.setattr(made, "pace", pace)
    with made.PaceMeter() as meter:
        for _ in ("to warm up", "before", "during", "during"):
            measured.acquire()
    assert 1 < meter.mean < 3


CELLS = [
    ("seed = 0", ["parameters"]),
    ("from helpers.claims import claim", []),
    ('rest = {"paper": "0", "interval": (0, 1), "because": "x"}', []),
    ('claim("9.1", "fails for large seeds", measured=seed, **rest)', []),
    ("half = seed / 2", []),
    ('claim("9.2", "comes after it", measured=half / 5, **rest)', []),
]


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """The chapter tool, with a chapter whose first claim fails for large seeds."""
    notebook = nbformat.v4.new_notebook()
    for text, tags in CELLS:
        cell = nbformat.v4.new_code_cell(text, metadata={"tags": tags})
        notebook.cells.append(cell)
    nbformat.write(notebook, tmp_path / "09_toy.ipynb")
    made = tool("chapter")
    monkeypatch.setattr(made, "BOOK", tmp_path)
    return made


def test_a_chapter_runs_with_other_parameters_past_a_failing_claim(chapter):
    claims = chapter.run("09_toy", ["seed = 5"])
    assert [claims[id]["measured"] for id in ("9.1", "9.2")] == [5, 0.5]


def test_an_error_that_is_no_claim_stops_the_run(chapter):
    with pytest.raises(RuntimeError, match=r"09_toy, \['seed = oops'\]: NameError"):
        chapter.run("09_toy", ["seed = oops"])


def test_seeds_are_summed_up():
    row = tool("seeds").summary("1.1", np.array([[1.0, 0], [2.0, 1], [3.0, 0]]))
    assert row == {"id": "1.1", "seeds": 3, "failed": 1, "mean": 2.0, "sd": 1.0}


def test_make_help_lists_every_command():
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for command in ("book", "test", "serve", "bench", "lint", "repository"):
        assert f"\n{command} " in f"\n{shown}"

"""The commands behind the Makefile."""

import json
import os
import threading
from itertools import chain, repeat
from pathlib import Path

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
    (tmp_path / "helpers" / "a.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "_config.yml").write_text("", encoding="utf-8")
    return made


@pytest.mark.parametrize(
    "name",
    ["helpers/a.py", "helpers/b.py", "helpers/room/results/r.json", "_config.yml"],
)
def test_a_change_in_what_the_pages_use_discards_them_and_keeps_outputs(build, name):
    build.discard_stale(build.inputs_hash(), build.BUILD)
    page, outputs = build.BUILD / "html" / "page.html", build.BUILD / build.CACHE
    page.parent.mkdir()
    page.touch()
    outputs.mkdir()
    build.discard_stale(build.inputs_hash(), build.BUILD)
    assert page.exists()
    (build.ROOT / name).write_text("x = 2\n", encoding="utf-8")
    build.discard_stale(build.inputs_hash(), build.BUILD)
    assert not page.exists()
    assert outputs.exists()


def test_pages_without_a_stamp_are_discarded(build):
    (build.BUILD / "html").mkdir(parents=True)
    build.discard_stale(build.inputs_hash(), build.BUILD)
    assert not (build.BUILD / "html").exists()


def test_the_page_of_a_notebook_that_ran_is_read_again(build):
    trees = [build.BUILD / ".doctrees" / "book" / f"{name}.doctree" for name in "ab"]
    trees[0].parent.mkdir(parents=True)
    for tree in trees:
        tree.touch()
    build.read_again([build.ROOT / "book" / "a.ipynb"], build.BUILD)
    assert [tree.exists() for tree in trees] == [False, True]


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
    known = dict.fromkeys(notebooks.values(), "a key")
    ran, errors = execute.execute(known, tmp_path / "cache")
    assert ran == [notebooks["good"]]
    assert len(errors) == 1
    assert errors[0].startswith("bad.ipynb\n")
    assert "ZeroDivisionError" in errors[0]
    found = execute.costs(known, tmp_path / "cache")
    assert list(found) == ran
    assert 10 < found[notebooks["good"]].megabytes < 500
    assert 0 < found[notebooks["good"]].seconds < 60
    assert 0.1 < found[notebooks["good"]].pace < 100
    (as_run,) = execute.runs(known, tmp_path / "cache").values()
    assert as_run.cells[0].outputs[0].text == "42\n"
    assert execute.runs(dict.fromkeys(known, "another"), tmp_path / "cache") == {}
    good = {notebooks["good"]: "a key"}
    assert execute.execute(good, tmp_path / "cache") == ([], [])
    other = {notebooks["good"]: "another key"}
    assert execute.execute(other, tmp_path / "cache") == ([notebooks["good"]], [])
    assert list(execute.costs(other, tmp_path / "cache")) == ran


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_the_longest_notebook_runs_first(monkeypatch, tmp_path):
    build = tool("build")
    sections = {"a": {"x": 3.0}, "b": {"x": 2.0, "y": 2.0}}
    times = {name: {"sections": found} for name, found in sections.items()}
    (tmp_path / "times.json").write_text(json.dumps(times), encoding="utf-8")
    monkeypatch.setattr(build, "TIMES", tmp_path / "times.json")
    paths = [Path(f"{name}.ipynb") for name in ("a", "b", "new")]
    assert [path.stem for path in build.longest_first(paths)] == ["new", "b", "a"]


def test_a_kernel_opens_no_port(tmp_path, monkeypatch):
    """Two kernels that start at the same moment once chose the same one."""
    execute = tool("execute")
    monkeypatch.setenv("PYTHONPATH", "")  # as it was, after the run
    monkeypatch.setenv(tool("kernel.kept_figures").VARIABLE, "")
    code = "from ipykernel.kernelapp import IPKernelApp\n"
    code += "print(IPKernelApp.instance().transport)"
    cell = nbformat.v4.new_code_cell(code)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    notebook, _, error = execute._run(tmp_path / "a.ipynb", tmp_path / "figures")
    assert error is None
    assert notebook.cells[0].outputs[0].text == "ipc\n"


def test_where_the_system_cannot_say_all_cores_are_used(monkeypatch):
    execute = tool("execute")
    monkeypatch.delattr(execute.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(execute.os, "cpu_count", lambda: 3)
    assert execute._cores() == 3


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


def test_seeds_are_summed_up():
    row = tool("seeds").summary("1.1", np.array([[1.0, 0], [2.0, 1], [3.0, 0]]), "0f")
    assert row == {
        "id": "1.1",
        "seeds": 3,
        "failed": 1,
        "mean": 2.0,
        "sd": 1.0,
        "lines": "0f",
    }

"""Times of the sections of notebooks: what is counted, where, and where it is kept."""

import json
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from places import tool

times = tool("cell_times")


def test_seconds_are_counted_from_probe_to_probe():
    sections = ["set-up", "The question", "The question"]
    found = times.by_section(sections, [2.0, 3.0, 7.0])
    assert found == {"set-up": 2.0, "The question": 5.0}


def test_a_probe_follows_each_cell_and_knows_its_section():
    cells = [
        new_code_cell("a = 1"),
        new_markdown_cell("text\n\n## The question\n\n### deeper"),
        new_code_cell("b = 2"),
    ]
    copy, sections = times.probed(new_notebook(cells=cells))
    assert sections == ["set-up", "The question"]
    assert [cell.metadata.get("probe", False) for cell in copy.cells] == [
        False,
        True,
    ] * 2


def test_a_reading_may_arrive_in_parts():
    parts = [new_output("stream", text=text) for text in ("12", ".5\n")]
    probe = new_code_cell(metadata={"probe": True}, outputs=parts)
    assert times.readings(new_notebook(cells=[new_code_cell("a"), probe])) == [12.5]


def test_a_notebook_runs_in_the_environment_that_is_given(tmp_path):
    """The interpreter is a script that notes its name before it is Python."""
    python = tmp_path / "python"
    noted = f'echo ran > "{tmp_path}/noted"\nexec "{sys.executable}" "$@"\n'
    python.write_text(f"#!/bin/sh\n{noted}", encoding="utf-8")
    python.chmod(0o755)
    code = "import os, helpers, time\nassert os.environ['OMP_NUM_THREADS'] == '1'\n"
    spend = "while time.process_time() < start + 0.5: pass"
    cells = [
        new_code_cell(f"{code}start = time.process_time()"),
        new_markdown_cell("## Work"),
        new_code_cell(spend),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "a.ipynb")
    found = times.measure(tmp_path / "a.ipynb", python)
    assert (tmp_path / "noted").exists()
    assert list(found) == ["set-up", "Work"]
    assert found["Work"] > 0


def test_versions_are_those_of_the_environment():
    import numpy
    import torch

    found = times.versions(times.HERE.python)
    assert list(found) == ["python", "torch", "numpy", "scipy"]
    assert found["python"] == sys.version.split()[0]
    assert found["numpy"] == numpy.__version__
    assert torch.__version__.startswith(found["torch"].partition("+")[0])


def test_an_environment_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no .*/python; `make test` makes it"):
        times.versions(tmp_path / "python")


@pytest.mark.parametrize("name", ["HERE", "COLAB"])
def test_one_notebook_is_stored_beside_the_others(tmp_path, monkeypatch, name):
    kept = times.replace(getattr(times, name), stored=tmp_path / "times.json")
    other = {"01_a": {"source": "s", "sections": {"x": 1.0}}}
    kept.stored.write_text(json.dumps(other), encoding="utf-8")
    monkeypatch.setattr(times, name, kept)
    monkeypatch.setattr(times, "measure", lambda path, python: {"set-up": 2.0})
    seen = {"python": "3.0", "torch": "1", "numpy": "2", "scipy": "3"}
    monkeypatch.setattr(times, "versions", lambda python: seen)
    option = [kept.option] if kept.option else []
    assert times.main([*option, "06_sgd_noise"]) == 0
    stored = json.loads(kept.stored.read_text(encoding="utf-8"))
    new = stored.pop("06_sgd_noise")
    assert stored == other
    assert new["sections"] == {"set-up": 2.0}
    words = " ".join(["python tools/cell_times.py", *option, "06_sgd_noise"])
    assert new["source"].endswith(f": {words}")
    assert "Python 3.0, torch 1, numpy 2, scipy 3, " in new["source"]


def test_an_unknown_notebook_is_named(capsys):
    with pytest.raises(SystemExit):
        times.main(["11_dreams"])
    assert "no notebook ['11_dreams']; there are ['01_" in capsys.readouterr().err

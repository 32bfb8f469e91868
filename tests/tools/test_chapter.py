"""A chapter run with other parameters: what its claims measure, and what is stored."""

import json

import nbformat
import pytest
from places import tool

CLAIM = """\
from helpers.claims import claim
claim("1.1", "x", source="book", measured=x, interval=(0, 5), because="so")
claim("1.2", "y", source="book", measured=9, interval=(0, 5), because="so")"""


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    module = tool("chapter")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "BOOK", tmp_path)
    parameters = nbformat.v4.new_code_cell("x = 1")
    parameters.metadata["tags"] = ["parameters"]
    cells = [parameters, nbformat.v4.new_code_cell(CLAIM)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, tmp_path / "01_toy.ipynb")
    return module


def test_a_line_after_the_parameters_changes_what_is_stored(chapter, tmp_path, capsys):
    assert chapter.main(["01_toy", "x = 3"]) == 0
    stored = json.loads((tmp_path / "_data" / "01_toy" / "claims.json").read_text())
    assert stored["claims"]["1.1"]["measured"] == 3
    assert stored["claims"]["1.2"]["measured"] == 9  # failed, and did not stop the run
    assert "FAILED" in capsys.readouterr().out
    assert stored["source"].endswith("python tools/chapter.py 01_toy 'x = 3'")


def test_a_cell_that_fails_for_another_reason_is_named(chapter, tmp_path):
    with pytest.raises(RuntimeError, match=r"01_toy, \['x = y'\]: NameError"):
        chapter.main(["01_toy", "x = y"])
    assert not (tmp_path / "_data").exists()


def test_a_chapter_without_other_parameters_is_refused(chapter, capsys):
    assert chapter.main(["01_toy"]) == 2
    assert "tools/chapter.py" in capsys.readouterr().err

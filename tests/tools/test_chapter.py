"""A chapter run with other parameters: what its claims measure, and what is stored."""

import json

import nbformat
import pytest
from places import tool

CELLS = [
    ("seed = 0", ["parameters"]),
    ("from helpers.claims import claim", []),
    ('rest = {"source": "book", "interval": (0, 1), "because": "x"}', []),
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
    book = tmp_path / "book"
    book.mkdir()
    nbformat.write(notebook, book / "09_toy.ipynb")
    made = tool("chapter")
    for room in ("__init__", "claims"):
        path = tmp_path / "helpers" / f"{room}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    monkeypatch.setattr(made, "ROOT", tmp_path)
    monkeypatch.setattr(made, "BOOK", book)
    return made


def test_other_parameters_are_run_past_a_failing_claim_and_stored(
    chapter, tmp_path, capsys
):
    assert chapter.main(["09_toy", "seed = 5"]) == 0
    stored = json.loads(
        (tmp_path / "book" / "_data" / "09_toy" / "claims.json").read_text(
            encoding="utf-8"
        )
    )
    measured = [stored["claims"][id]["measured"] for id in ("9.1", "9.2")]
    assert measured == [5, 0.5]
    run = stored["run"]
    assert (run["command"], run["seed"]) == (
        "python tools/chapter.py 09_toy 'seed = 5'",
        5,
    )
    assert set(stored["claims"]["9.1"]) == {"measured", "stderr", "seeds", "lines"}
    assert "FAILED" in capsys.readouterr().out


def test_an_error_that_is_no_claim_stops_the_run_and_stores_nothing(chapter, tmp_path):
    with pytest.raises(RuntimeError, match=r"09_toy, \['seed = oops'\]: NameError"):
        chapter.main(["09_toy", "seed = oops"])
    assert not (tmp_path / "book" / "_data").exists()


def test_a_chapter_without_other_parameters_is_refused(chapter, capsys):
    assert chapter.main(["09_toy"]) == 2
    assert "tools/chapter.py" in capsys.readouterr().err

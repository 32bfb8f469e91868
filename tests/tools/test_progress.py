"""What a build shows while notebooks run."""

import io
import json

import pytest
from places import ROOT, tool

TRACEBACK = """Traceback (most recent call last):
\x1b[31mZeroDivisionError\x1b[0m: division by zero

"""


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """Two chapters, of which the first is expected to take three times as long."""
    stored = {"01_a": {"sections": {"x": 20, "y": 55}}}
    (tmp_path / "times.json").write_text(json.dumps(stored), encoding="utf-8")
    monkeypatch.setattr(tool("progress"), "TIMES", tmp_path / "times.json")
    return [ROOT / "book" / "01_a.ipynb", ROOT / "book" / "02_b.ipynb"]


def test_the_bar_counts_seconds_so_that_the_time_left_is_near(
    paths, monkeypatch, capsys
):
    progress, terminal = tool("progress"), Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TQDM_DISABLE", "1")  # meant for the notebooks' own bars
    with progress.Progress(paths, 2) as shown:
        said = capsys.readouterr().out
        assert said == "Notebooks to run, 2 at a time: 01_a, 02_b\n"
        assert "0 of 2 notebooks |" in terminal.getvalue()
        bar = shown._bar
        bar.start_t -= 30  # half a minute ago
        shown.ran(paths[0], 31.4)
        assert bar.n / bar.total == pytest.approx(75 / 100)
        assert "1 of 2 notebooks |" in terminal.getvalue()
        assert "00:30, 00:10 left" in terminal.getvalue()
    assert "ran 01_a in 31 s (1 of 2)\n" in capsys.readouterr().out


def test_where_no_terminal_shows_it_there_is_no_bar_and_a_line_for_each(paths, capsys):
    with tool("progress").Progress(paths, 1) as shown:
        shown.tick()
        shown.failed(paths[0], TRACEBACK)
        shown.ran(paths[1], 4)
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines() == [
        "Notebooks to run: 01_a, 02_b",
        "01_a failed: ZeroDivisionError: division by zero; "
        "run it alone: make book CHAPTER=01_a (1 of 2)",
        "ran 02_b in 4 s (2 of 2)",
    ]


def test_nothing_to_run_is_said(capsys):
    with tool("progress").Progress([], 2):
        pass
    assert capsys.readouterr().out == "Notebooks to run: none\n"


def test_a_sheet_that_fails_is_no_chapter_to_build(tmp_path):
    failure = tool("progress").failure
    said = failure(tmp_path / "week01.ipynb", TRACEBACK)
    assert said == "week01 failed: ZeroDivisionError: division by zero"
    assert failure(tmp_path / "a.ipynb", " \n") == "a failed: no message"


def test_what_failed_stands_in_one_line_below_the_tracebacks():
    said = tool("build").summary(f"01_a.ipynb\n{TRACEBACK}")
    assert said == (
        "01_a failed: ZeroDivisionError: division by zero; "
        "run it alone: make book CHAPTER=01_a"
    )

"""The list of stored results, and a chapter's commands run again."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from places import tool

from helpers.stored_runs import Run, Since

RUN = Run(
    "python -m helpers.room --out 'a b'", "2026-01-02", "2 CPU cores", {}, 0, None,
    None, 40 * "a", 16 * "0",
)  # fmt: skip


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """The tool, with one result that is old, one that is not, and other seeds."""
    made = tool("scale")
    seeds = replace(RUN, command="make seeds CHAPTER=01_room")
    found = {"new": (RUN, False), "old": (RUN, True), "seeds": (seeds, True)}
    made.ran = []

    def run(words, cwd):
        made.ran.append(words[1:])
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(made, "ROOT", tmp_path)
    monkeypatch.setattr(made, "stored_files", lambda: [tmp_path / n for n in found])
    monkeypatch.setattr(
        made, "since", lambda p: Since(*found[p.name], lines=frozenset())
    )
    monkeypatch.setattr(made, "notebook_of", lambda path: tmp_path / "01_room.ipynb")
    monkeypatch.setattr(made.subprocess, "run", run)
    return made


def test_the_list_has_the_command_of_what_is_old(scale, capsys):
    assert scale.main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "new: as it was",
        "old: its helpers, or what these import",
        "    python -m helpers.room --out 'a b'",
        "seeds: its helpers, or what these import",
        "    make seeds CHAPTER=01_room",
    ]
    assert scale.ran == []
    assert scale.summary().startswith("Stored results: 3, of which 2 were measured by")


def test_a_chapter_makes_again_what_is_old_and_says_what_failed(scale, capsys):
    assert scale.main(["01_room"]) == 3
    assert scale.ran == [["-m", "helpers.room", "--out", "a b"]]
    assert "seeds: not run here: make seeds CHAPTER=01_room" in capsys.readouterr().out


def test_an_unknown_chapter_is_named(scale):
    with pytest.raises(ValueError, match=r"no stored result of 'x'; .*\['01_room'\]"):
        scale.main(["x"])

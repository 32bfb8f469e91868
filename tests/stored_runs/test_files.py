"""Stored files: each of ours is of the form, and no other form is read or written."""

import json
import re
from pathlib import Path

import pytest
from places import ROOT

from helpers.stored_runs import ROWS, Run, notebook_of, read, stored_files, write

RUN = Run("make x", "2026-01-02", "2 CPU cores", {}, 0, None, None, None, None)
ROW = {"measured": 1.5, "stderr": None, "seeds": 3, "lines": 16 * "0"}


@pytest.mark.parametrize("path", stored_files(), ids=lambda path: path.parts[-3:])
def test_every_stored_file_says_where_it_comes_from(path):
    stored = read(path)
    run = stored["run"]
    assert stored["source"] == Run(**run).text
    assert run["commit"] is None or re.fullmatch("[0-9a-f]{40}", run["commit"])
    assert notebook_of(path).is_file()
    if path.stem in ROWS:
        assert run["command"].startswith(("python tools/chapter.py ", "make seeds "))


def test_published_numbers_name_the_repository_the_file_and_the_commit():
    paths = list(ROOT.glob("helpers/*/results/published*.json"))
    assert paths
    for table in (t for p in paths for t in json.loads(p.read_text()).values()):
        assert re.search(
            r"github\.com/\S+, \w+\.csv, commit [0-9a-f]{40}\b", table["source"]
        )


def test_no_stored_file_is_overlooked():
    every = {*ROOT.glob("helpers/*/results/*")}
    published = {path for path in every if path.name.startswith("published")}
    assert every - published == {p for p in stored_files() if "helpers" in p.parts}


def test_what_is_written_is_read(tmp_path):
    write(tmp_path / "new" / "claims.json", RUN, {"claims": {"1.2": ROW}})
    found = read(tmp_path / "new" / "claims.json")
    assert found["claims"] == {"1.2": ROW}
    assert found["source"] == "2026-01-02, 2 CPU cores, commit not recorded: make x"


def test_a_write_that_is_cut_off_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write(path, RUN, {"mean": 1.5})
    before = path.read_bytes()

    def cut_off(self, text, encoding):
        self.write_bytes(text[:9].encode())
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", cut_off)
    with pytest.raises(KeyboardInterrupt):
        write(path, RUN, {"mean": 2.5})
    assert path.read_bytes() == before


@pytest.mark.parametrize("extra", ["statement", "interval", "because", "verdict"])
def test_what_a_claim_says_is_neither_written_nor_read(tmp_path, extra):
    path, row = tmp_path / "claims.json", ROW | {extra: "once"}
    with pytest.raises(ValueError, match=rf"claim 1.2 must hold .* got \[.*{extra!r}"):
        write(path, RUN, {"claims": {"1.2": row}})
    assert not path.exists()
    write(path, RUN, {"claims": {"1.2": ROW}})
    stored = json.loads(path.read_text())
    stored["claims"]["1.2"] = row
    path.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="stands in its notebook"):
        read(path)


@pytest.mark.parametrize("run", [None, "2026-01-02, 2 cores: make x", {"name": "x"}])
def test_a_file_without_its_run_is_refused(tmp_path, run):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"run": run, "mean": 1}))
    with pytest.raises(ValueError, match=r"a\.json must have `run` with"):
        read(path)


def test_lines_are_a_hash_or_not_recorded(tmp_path):
    path = tmp_path / "seeds.json"
    row = {"id": "1.2", "seeds": 20, "failed": 0, "mean": 1.0, "sd": 0.1}
    write(path, RUN, {"claims": [row | {"lines": None}]})
    with pytest.raises(ValueError, match="no hash: 'x'"):
        write(path, RUN, {"claims": [row | {"lines": "x"}]})


def test_a_file_of_no_chapter_is_an_error(tmp_path):
    (tmp_path / "book").mkdir()
    with pytest.raises(ValueError, match="belongs to no chapter"):
        notebook_of(tmp_path / "helpers" / "room" / "results" / "a.json", tmp_path)

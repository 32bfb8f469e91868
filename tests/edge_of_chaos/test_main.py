"""The command of chapter 2."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.edge_of_chaos import __main__ as command


def test_without_a_file_it_says_how_it_is_called(capsys):
    assert command.main([]) == 2
    assert "python -m helpers.edge_of_chaos OUT.json" in capsys.readouterr().err


def test_it_writes_the_accuracies_of_both_sides_of_the_edge(monkeypatch, tmp_path):
    asked = {}

    def sweep(function, grid, seeds):
        asked.update(grid, seeds=list(seeds))
        shape = len(grid["depth"]), len(grid["sigma_w"]), len(seeds), 4
        return SimpleNamespace(values=np.full(shape, 1 / 3))

    monkeypatch.setattr(command, "sweep", sweep)
    out = tmp_path / "band.json"
    assert command.main([str(out)]) == 0
    stored = json.loads(out.read_text(encoding="utf-8"))
    assert stored["run"]["command"] == f"python -m helpers.edge_of_chaos {out}"
    assert stored["run"]["seed"] == [0, 1, 2, 3, 4]
    assert stored["sigma_w"] == sorted(stored["sigma_w"]) == asked["sigma_w"]
    assert np.shape(stored["accuracy"]) == (4, 16, 5, 4)
    assert stored["accuracy"][0][0][0][0] == 0.3333
    assert asked["seeds"] == [0, 1, 2, 3, 4]


def test_it_asks_for_the_points_that_are_stored(monkeypatch, tmp_path):
    asked = {}

    def sweep(function, grid, seeds):
        asked.update(grid)
        return SimpleNamespace(values=[])

    monkeypatch.setattr(command, "sweep", sweep)
    command.main([str(tmp_path / "band.json")])
    stored = Path(command.__file__).parent / "results" / "band.json"
    wanted = json.loads(stored.read_text(encoding="utf-8"))
    assert list(asked["depth"]) == wanted["depths"]
    assert asked["sigma_w"] == pytest.approx(wanted["sigma_w"], rel=1e-12)
    made = json.loads((tmp_path / "band.json").read_text(encoding="utf-8"))
    assert (made["rates"], made["sigma_b"]) == (wanted["rates"], wanted["sigma_b"])


def test_the_program_itself_is_no_argument(monkeypatch, capsys):
    monkeypatch.setattr("helpers.sweeps.sweep", None)  # no sweep if it is taken for one
    monkeypatch.setattr("sys.argv", ["command"])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(command.__file__, run_name="__main__")
    assert "OUT.json" in capsys.readouterr().err


def test_one_point_is_four_rates(monkeypatch):
    given = {}

    def final_accuracies(dataset, activation, starts, **options):
        given.update(options, start=starts[0], n=len(dataset.x_train))
        return np.zeros((1, 4, 1))

    monkeypatch.setattr(command, "final_accuracies", final_accuracies)
    assert command.accuracies(3, 20, 1.5).shape == (4,)
    assert given["depth"] == 20
    assert given["seeds"] == [3]
    assert given["n"] == 1400
    assert given["start"].sigma_w == 1.5
    assert given["start"].q > 0.04

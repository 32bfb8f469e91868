"""The command of the room: what a stored run holds."""

import json

import numpy as np
import pytest

from helpers import information_flow as inf
from helpers.information_flow.__main__ import _parser, main


def test_a_run_holds_every_network_of_every_kind(tmp_path):
    out = tmp_path / "run.json"
    sizes = ["--seeds", "2", "--networks", "2", "--epochs", "1", "--draws", "32"]
    main(["--kinds", "plain", "linear", *sizes, "--out", str(out)])
    made = json.loads(out.read_text())
    command = f"--kinds plain linear {' '.join(sizes)} --out {out}"
    assert made["run"]["command"] == f"python -m helpers.information_flow {command}"
    assert made["run"]["seed"] == [0, 1]
    assert made["epoch"] == [0, 1]
    assert set(made["kinds"]) == {"plain", "linear"}
    for tables in made["kinds"].values():
        widths = {name: np.shape(table) for name, table in tables.items()}
        assert widths.pop("gap") == (4, 1)
        assert set(widths.values()) == {(4, 2)}
    x, _ = inf.szt_dataset()
    net = inf.NoisyMLP([12, 10, 7, 5, 4, 3, 2], 0.01, seed=101)  # seed 1, network 1
    start = inf.mutual_information(net, x, 5, draws=32, seed=1).value
    stored = made["kinds"]["plain"]["information"][3][0]
    assert stored == pytest.approx(start, abs=1e-3)  # weights pass through float32


def test_an_unknown_kind_is_an_error(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--kinds", "sine", "--out", str(tmp_path / "run.json")])
    assert "invalid choice: 'sine'" in capsys.readouterr().err


def test_a_run_without_a_file_is_an_error(capsys):
    with pytest.raises(SystemExit):
        _parser().parse_args([])
    assert "arguments are required: --out" in capsys.readouterr().err

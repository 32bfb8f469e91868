"""The command: what it writes, that it goes on where it was, and what it refuses."""

import json

import numpy as np
import pytest
import torch

from helpers import data, stored_runs
from helpers import well_behaved as wb
from helpers.well_behaved.__main__ import _parser, main, standardized

COMMAND = ["--data", "digits", "--depth", "4", "--width", "6", "--batch-size", "5"]


def run(path, draws, *options):
    assert main([*COMMAND, *options, "--draws", str(draws), "--out", str(path)]) == 0
    return json.loads(path.read_text())


def test_each_network_is_that_of_its_seed(tmp_path):
    found = run(tmp_path / "a.json", 2)["draws"]
    images = standardized(data.load("digits").x_train)
    for seed, draw in enumerate(found):
        made = wb.propagate(
            "batch_norm", 4, 6, images, n_draws=1, batch_size=5, seed=seed
        )
        for name in ("log_chi", "rank", "kurtosis"):
            np.testing.assert_allclose(draw[name], getattr(made, name)[0], rtol=1e-5)


def test_ranks_are_left_out_where_they_are_not_asked_for(tmp_path):
    (bare,) = run(tmp_path / "a.json", 1, "--no-ranks")["draws"]
    (full,) = run(tmp_path / "b.json", 1)["draws"]
    assert full.keys() - bare.keys() == {"rank", "noise_rank"}
    assert bare.items() <= full.items()


def test_the_device_is_told_to_the_simulation_and_to_the_record(tmp_path, monkeypatch):
    told = []
    propagate, record = wb.propagate, stored_runs.record
    monkeypatch.setattr(
        wb,
        "propagate",
        lambda *a, device, **k: told.append(device) or propagate(*a, **k),
    )
    monkeypatch.setattr(
        stored_runs,
        "record",
        lambda *a, device, **k: told.append(device) or record(*a, **k),
    )
    run(tmp_path / "a.json", 1, "--device", "cuda")
    assert told == ["cuda", "cuda"]


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole.json", 3)
    run(tmp_path / "part.json", 1)
    seeds = []
    propagate = wb.propagate
    monkeypatch.setattr(
        wb, "propagate", lambda *a, **k: seeds.append(k["seed"]) or propagate(*a, **k)
    )
    assert run(tmp_path / "part.json", 3)["draws"] == whole["draws"]
    assert seeds == [1, 2]


def test_draws_of_other_code_are_made_again(tmp_path):
    path = tmp_path / "a.json"
    stored = run(path, 1)
    stored["run"]["code"], stored["draws"] = "0" * 16, ["of other code"]
    path.write_text(json.dumps(stored))
    assert run(path, 1)["draws"] == run(tmp_path / "b.json", 1)["draws"]


def test_draws_of_a_command_with_fewer_settings_are_made_again(tmp_path):
    path = tmp_path / "a.json"
    stored = run(path, 1)
    del stored["settings"]["device"]
    stored["run"]["code"], stored["draws"] = "0" * 16, ["of other code"]
    path.write_text(json.dumps(stored))
    found = run(path, 1)
    assert found["settings"]["device"] == "cpu"
    assert found["draws"] == run(tmp_path / "b.json", 1)["draws"]


def test_a_file_of_other_settings_is_left_alone(tmp_path):
    path = tmp_path / "a.json"
    run(path, 1)
    before = path.read_text()
    with pytest.raises(ValueError, match="other settings"):
        main([*COMMAND, "--seed", "7", "--out", str(path)])
    assert path.read_text() == before


def test_images_are_halved_and_standardized():
    images = torch.rand(7, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    found = standardized(images)
    assert found.shape == (7, 3, 4, 4)
    torch.testing.assert_close(found.mean((0, 2, 3)), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.square().mean((0, 2, 3)), torch.ones(3))
    corner = images[0, 0, :2, :2].mean() - images[0, 0, :2, 2:4].mean()
    ratio = (found[0, 0, 0, 0] - found[0, 0, 0, 1]) / corner
    other = images[1, 0, :2, :2].mean() - images[1, 0, 2:4, :2].mean()
    torch.testing.assert_close(ratio * other, found[1, 0, 0, 0] - found[1, 0, 1, 0])


def test_a_run_without_a_file_is_an_error(capsys):
    with pytest.raises(SystemExit):
        _parser().parse_args([])
    assert "arguments are required: --out" in capsys.readouterr().err

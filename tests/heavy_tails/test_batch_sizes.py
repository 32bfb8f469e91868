"""The experiment on batch sizes, at a tiny size: what is stored, and going on."""

import argparse
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from helpers import stored_runs
from helpers.heavy_tails import batch_sizes
from helpers.heavy_tails.batch_sizes import main, softmax_mse
from helpers.heavy_tails.mini_alexnet import mini_alexnet

TINY = "--images 20 --test-images 10 --epochs 2"


@pytest.fixture(autouse=True)
def images(tmp_path, monkeypatch):
    """Forty random images of CIFAR-10's form; the classes differ in brightness."""
    rng = np.random.default_rng(0)
    parts = {}
    for part in ("train", "test"):
        y = np.arange(20, dtype=np.uint8) % 10
        x = rng.integers(0, 60, (20, 32, 32, 3)) + 19 * y[:, None, None, None]
        parts |= {f"x_{part}": x.astype(np.uint8), f"y_{part}": y}
    np.savez(tmp_path / "cifar10.npz", **parts)
    monkeypatch.setenv("DLT_DATA", str(tmp_path))
    monkeypatch.setenv("TQDM_DISABLE", "1")


def run(out, words):
    assert main(f"{TINY} {words} --out {out}".split()) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def without_seconds(stored):
    return [
        {k: v for k, v in one.items() if "seconds" not in k} for one in stored["runs"]
    ]


def test_a_run_cut_off_goes_on_and_gives_the_same(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole.json", "--batch-sizes 10 5 --seeds 0 1")
    cut = tmp_path / "cut.json"
    first = run(cut, "--batch-sizes 10")
    trained = []
    fit = batch_sizes._fit
    monkeypatch.setattr(
        batch_sizes, "_fit", lambda *given: trained.append(given[3:]) or fit(*given)
    )
    both = run(cut, "--batch-sizes 10 5 --seeds 0 1")
    assert trained == [(5, 0), (10, 1), (5, 1)]
    assert without_seconds(both) == without_seconds(whole)
    assert both["runs"][0] == first["runs"][0]
    assert both["run"]["seed"] == [0, 1]
    assert both["run"]["seconds"] > first["run"]["seconds"]


def test_what_is_stored_is_what_was_trained(tmp_path):
    stored = run(tmp_path / "one.json", "--batch-sizes 20 2")
    large, small = stored["runs"]
    assert [one["batch_size"] for one in stored["runs"]] == [20, 2]
    assert stored["settings"]["loss"] == "mse"
    for one in (large, small):
        assert len(one["fc1"]) == 384
        assert len(one["fc2"]) == 192
        assert one["fc1"] == sorted(one["fc1"])
        assert len(one["losses"]) == 2
        assert 0 <= one["test_accuracy"] <= 1
    # one class in ten is guessed at equal outputs: 0.9 1 + 9 0.01 over ten
    assert large["losses"][0] == pytest.approx(0.09, abs=0.02)
    # 2 steps of at most lr over 1 - momentum move little, 20 steps more
    moved = [np.subtract(one["fc1"], large["fc1"]) for one in (large, small)]
    assert np.abs(moved[1]).max() > 1e-4
    path = stored_runs.read(tmp_path / "one.json")
    assert "python -m helpers.heavy_tails.batch_sizes --images 20" in path["source"]
    code = stored_runs.code_hash(["helpers.heavy_tails.batch_sizes"])
    assert stored["run"]["code"] == code


def test_statistics_are_those_of_all_images_whatever_was_seen_before():
    net = mini_alexnet(0)
    given = argparse.Namespace(dtype="float32", device="cpu")
    x = torch.rand(8, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    net(100 * x[:2])  # moves the running statistics
    batch_sizes._measure_statistics(net, x, given)
    with torch.no_grad():
        seen = net[:3](x)
    torch.testing.assert_close(net[3].running_mean, seen.mean((0, 2, 3)))
    torch.testing.assert_close(net[3].running_var, seen.var((0, 2, 3)))
    assert not net.training


def test_cross_entropy_and_bfloat16_train_too(tmp_path):
    words = "--batch-sizes 2 --loss cross_entropy --dtype bfloat16"
    stored = run(tmp_path / "one.json", words)
    (one,) = stored["runs"]
    assert one["losses"][1] < one["losses"][0]
    assert one["train_accuracy"] > 0.1


def test_the_gradient_of_their_loss_starts_fifty_times_smaller():
    outputs = torch.zeros(4, 10, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0, 3, 3, 9])
    (theirs,) = torch.autograd.grad(softmax_mse(outputs, y), outputs)
    (cross,) = torch.autograd.grad(functional.cross_entropy(outputs, y), outputs)
    torch.testing.assert_close(theirs, cross / 50)


def test_their_loss_by_hand():
    outputs = torch.tensor([[0.0, np.log(3.0)]])
    # softmax 1/4, 3/4 beside 1, 0: the mean of 9/16 and 9/16
    assert softmax_mse(outputs, torch.tensor([0])).item() == pytest.approx(9 / 16)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--batch-sizes 21", "batch size must be at most 20, got 21"),
        ("--batch-sizes 0", "batch size must be an integer >= 1, got 0"),
        ("--epochs 0", "epochs must be an integer >= 1, got 0"),
        ("--images 21 --batch-sizes 1", "n_train must be an integer in 1..20, got 21"),
        ("--loss hinge", "invalid choice: 'hinge'"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, capsys, words, told):
    out = tmp_path / "none.json"
    with pytest.raises(SystemExit):
        main([*TINY.split(), *words.split(), "--out", str(out)])
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_a_file_with_other_settings_is_left_alone(tmp_path, capsys):
    out = tmp_path / "one.json"
    before = run(out, "--batch-sizes 20")
    with pytest.raises(SystemExit):
        main(f"{TINY} --epochs 3 --batch-sizes 20 --out {out}".split())
    assert "holds a run with other settings" in capsys.readouterr().err
    assert json.loads(out.read_text(encoding="utf-8")) == before


def test_trainings_of_other_code_are_made_again(tmp_path):
    out = tmp_path / "one.json"
    before = run(out, "--batch-sizes 20")
    before["run"]["code"] = 16 * "0"
    before["runs"][0]["test_accuracy"] = 2.0
    out.write_text(json.dumps(before), encoding="utf-8")
    (again,) = run(out, "--batch-sizes 20")["runs"]
    assert again["test_accuracy"] <= 1


def test_the_stored_run_is_of_its_command():
    path = Path(batch_sizes.__file__).parent / "results" / "mini_alexnet.json"
    stored = stored_runs.read(path)
    words = shlex.split(stored["run"]["command"])[3:]
    given = vars(batch_sizes._parser().parse_args(words))
    assert {name: given[name] for name in stored["settings"]} == stored["settings"]
    assert {run["batch_size"] for run in stored["runs"]} <= set(given["batch_sizes"])
    assert all(len(run["losses"]) == given["epochs"] for run in stored["runs"])

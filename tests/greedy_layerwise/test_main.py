"""The command, alone and under torchrun."""

import itertools
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from helpers import data
from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise.__main__ import main

COMMAND = [
    *("--data", "digits", "--n-train", "131", "--n-test", "40", "--depth", "2"),
    *("--width", "4", "--k", "2", "--epochs", "2", "--batch-size", "64"),
    *("--augment", "--threads", "1", "--device", "cpu"),
]


def test_two_processes_do_what_one_does_with_the_joint_batch(tmp_path):
    """Batch norm, augmentation, a last batch of three: losses agree to rounding."""
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert main([*COMMAND, "--out", str(one)]) == 0
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    program = ["-m", "helpers.greedy_layerwise", *COMMAND, "--out", str(two)]
    done = subprocess.run(
        [sys.executable, *torchrun, *program],
        env={**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote") == 1
    alone, joint = (json.loads(path.read_text(encoding="utf-8")) for path in (one, two))
    command = joint["run"]["command"]
    assert command.startswith("torchrun --nproc-per-node 2 -m helpers.greedy_layerwise")
    for a, b in zip(alone["layers"], joint["layers"], strict=True):
        for name in ("loss", "accuracy", "test_loss", "test_accuracy"):
            # sums over rows in another order, 12 steps
            np.testing.assert_allclose(b[name], a[name], rtol=1e-4)


def test_the_command_writes_its_results(tmp_path, monkeypatch, capsys):
    path = tmp_path / "run.json"
    options = ["--width", "4", "--epochs", "2", "--depth", "2", "--n-train", "100"]
    since = time.perf_counter()
    monkeypatch.setattr(time, "process_time", itertools.count(5.0, 7.0).__next__)
    assert main([*options, "--probe", "100", "--out", str(path)]) == 0
    taken = time.perf_counter() - since
    assert capsys.readouterr().out == f"wrote {path}\n"
    found = json.loads(path.read_text(encoding="utf-8"))
    command = found["run"]["command"]
    assert command.endswith(f"--probe 100 --out {path}")
    assert command.startswith("python -m helpers.greedy_layerwise --width 4")
    assert [len(layer["loss"]) for layer in found["layers"]] == [3, 3]
    assert found["accuracy"] == [layer["accuracy"][-1] for layer in found["layers"]]
    assert len(found["linear_separability"]) == 3
    assert found["arguments"]["epochs"] == 2
    used = found["run"]["versions"]["torch"].partition("+")[0]
    assert torch.__version__.startswith(used)
    assert 0 < sum(found["seconds_in_steps"]) < found["seconds"] < taken
    assert found["processor_seconds"] == 7
    assert found["run"]["peak_memory_bytes"] > 1e6
    counted = gl.cost((1, 8, 8), 10, 2, 4, 1)
    assert found["cost"]["flops"] == counted.flops("cached", 2)
    again = gl.train_greedy(
        data.load("digits", n_train=100), 2, 4, seed=0, progress=False,
        recipe=gl.Recipe(epochs=2, batch_size=128),
    )  # fmt: skip
    np.testing.assert_allclose(found["loss"], again.loss, rtol=1e-6)


@pytest.mark.parametrize("method", ["parallel", "end_to_end"])
def test_the_command_knows_the_other_ways(tmp_path, method):
    path = tmp_path / "run.json"
    options = ["--width", "2", "--epochs", "1", "--depth", "2", "--n-train", "50"]
    main([*options, "--method", method, "--out", str(path)])
    found = json.loads(path.read_text(encoding="utf-8"))
    assert len(found["layers"]) == (1 if method == "end_to_end" else 2)
    assert (found["ensemble_test_accuracy"] is None) is (method == "end_to_end")
    assert found["cost"]["flops"] == gl.cost((1, 8, 8), 10, 2, 2).flops(method)


def test_random_layers_are_probed_and_not_trained(tmp_path):
    """The same accuracies from the network that the seed draws."""
    path = tmp_path / "run.json"
    options = ["--method", "random", "--width", "4", "--depth", "2", "--n-train", "100"]
    main([*options, "--probe", "100", "--seed", "3", "--out", str(path)])
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["run"]["seed"] == 3
    assert found["layers"] == found["loss"] == found["test_accuracy"] == []
    assert found["cost"] is found["ensemble_test_accuracy"] is None
    part = data.load("digits", n_train=100, seed=3)
    network = gl.GreedyNetwork((1, 8, 8), 10, 2, 4, seed=3)
    network.standardize.measure(part.x_train)
    for layer, stored in enumerate(found["linear_separability"]):
        again = gl.linear_separability(
            network.features(part.x_train, layer), part.y_train,
            network.features(part.x_test, layer), part.y_test,
        )  # fmt: skip
        assert stored == {"train": again.train, "test": again.test}
    assert len(found["linear_separability"]) == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--k", "4"], "k must be 1, 2 or 3, got 4"),
        (["--n-train", "0"], "n_train must be an integer in 1..1400, got 0"),
        (["--data", "imagenet"], "invalid choice: 'imagenet'"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, told, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err

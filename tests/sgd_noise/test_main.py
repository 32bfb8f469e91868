"""The command: what it writes, and that its ways down are those of `dynamics`."""

import json

import numpy as np
import pytest
import torch

from helpers import data, networks
from helpers import sgd_noise as sn
from helpers.sgd_noise.__main__ import main

COMMAND = [
    *("--nets", "2", "--n-train", "40", "--gd-steps", "6", "--steps", "4"),
    *("--every", "2", "--batch-size", "5", "--wrong-labels", "0"),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("nine") / "nine.json"
    assert main([*COMMAND, "--out", str(path)]) == 0
    return json.loads(path.read_text())


def test_every_way_is_followed_from_the_start(found):
    assert set(found["ends"]) == set(sn.NOISES)
    assert found["along"]["start"]["step"] == [0, 2, 4, 6]
    assert all(found["along"][name]["step"] == [8, 10] for name in sn.NOISES)
    assert found["indicator"]["step"] == [0, 2, 4, 6, 8, 10]
    for name, end in found["ends"].items():
        for row, values in end.items():
            last = found["along"][name][row][-1]
            assert last == pytest.approx(np.mean(values), rel=1e-4)


def test_the_ways_are_those_of_dynamics(found):
    """Numbers are stored with five digits."""
    sets = [data.load("digits", n_train=40, seed=s).flatten() for s in (0, 1)]
    x, y = (torch.stack([getattr(s, n) for s in sets]) for n in ("x_train", "y_train"))
    nets = [networks.mlp((64, 16, 10), seed=s, dtype=torch.float32) for s in (0, 1)]
    options = {"lr": 0.2, "batch_size": 5, "seed": 0, "progress": False}
    starts = sn.dynamics(nets, x, y, "gd", steps=6, **options).networks
    ends = sn.dynamics(starts, x, y, "gaussian", steps=4, **options).networks
    for stored, here in ((found["start"], starts), (found["ends"]["gaussian"], ends)):
        for row, values in sn.look(here, sets, seed=0).items():
            np.testing.assert_allclose(stored[row], values, rtol=1e-4)


def test_the_command_says_where_it_comes_from(found):
    assert "python -m helpers.sgd_noise --nets 2" in found["run"]["command"]

"""Networks kept in a file: what comes back, and for whom."""

import pytest
import torch
from torch import nn

from helpers.adversarial_noise import checkpoint as module
from helpers.adversarial_noise.checkpoint import Checkpoint

SETTINGS = {"epochs": 3, "noise": [0.0]}


def linear():
    return nn.Linear(2, 3)


def test_what_was_added_comes_back(tmp_path):
    path, net, other = tmp_path / "new" / "networks.pt", linear(), linear()
    first = Checkpoint(path, SETTINGS)
    assert first.restore("noise 0.0", net) is None
    first.add(
        "noise 0.0", net, seconds={"training": 2.5}, found={"distance": [1, None]}
    )
    again = Checkpoint(path, SETTINGS)
    assert again.restore("noise 0.0", other) == {
        "seconds": {"training": 2.5},
        "found": {"distance": [1, None]},
    }
    assert torch.equal(other.weight, net.weight)
    assert again.seconds == 2.5
    assert again.restore("noise 0.1", other) is None
    assert [*path.parent.iterdir()] == [path]


def test_it_is_of_one_run_and_one_code(tmp_path, monkeypatch):
    path = tmp_path / "networks.pt"
    Checkpoint(path, SETTINGS).add("noise 0.0", linear(), seconds={})
    with pytest.raises(ValueError, match="other settings or code: give another path"):
        Checkpoint(path, SETTINGS | {"epochs": 4})
    monkeypatch.setattr(module.stored_runs, "code_hash", lambda _: "0" * 16)
    with pytest.raises(ValueError, match="other settings or code"):
        Checkpoint(path, SETTINGS)


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Checkpoint(None, SETTINGS).add("noise 0.0", linear(), seconds={"training": 1.0})
    assert not [*tmp_path.iterdir()]

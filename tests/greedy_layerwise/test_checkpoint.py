"""A run that is interrupted goes on; that of another run is refused."""

import dataclasses
import functools

import numpy as np
import pytest
import torch
from greedy_layerwise.cases import QUICK

from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise import training


class StopError(Exception):
    """The power cut of a test."""


@pytest.mark.parametrize("k", [1, 2])
def test_an_interrupted_run_goes_on_bit_by_bit(digits, tmp_path, monkeypatch, k):
    options = {**QUICK, "start": "identity", "keep": "best"}
    whole = gl.train_greedy(digits, 4, 4, k, **options)
    fit, calls = training.fit, []

    def fragile(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise StopError
        return fit(*arguments)

    monkeypatch.setattr(training, "fit", fragile)
    options["checkpoint"] = tmp_path / "run.pt"
    with pytest.raises(StopError):
        gl.train_greedy(digits, 4, 4, k, **options)
    resumed = gl.train_greedy(digits, 4, 4, k, **options)
    assert len(calls) == 3 + 2
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    for one, other in zip(whole.records, resumed.records, strict=True):
        for name in ("epoch", "loss", "accuracy", "test_loss", "test_accuracy"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert resumed.kept == whole.kept
    gl.train_greedy(digits, 3, 4, k, **options)  # shallower: all there already
    assert len(calls) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 4},
        {"recipe": gl.Recipe(epochs=3, batch_size=32)},
        {"start": "identity"},
        {"keep": "best"},
        {"augment": gl.crop_and_flip},
        {"downsample": ()},
    ],
)
def test_a_checkpoint_of_another_run_is_refused(digits, tmp_path, changed):
    options = {**QUICK, "checkpoint": tmp_path / "run.pt"}
    gl.train_greedy(digits, 1, 2, **options)
    with pytest.raises(ValueError, match=r"run\.pt belongs to a run with other argum"):
        gl.train_greedy(digits, 1, 2, **{**options, **changed})


def test_a_checkpoint_knows_a_partial_augmentation_again(digits, tmp_path):
    options = {**QUICK, "checkpoint": tmp_path / "run.pt"}
    for _ in range(2):  # each a new object at another address
        augment = functools.partial(gl.crop_and_flip, pad=1)
        gl.train_greedy(digits, 1, 2, augment=augment, **options)
    other = functools.partial(gl.crop_and_flip, pad=2)
    with pytest.raises(ValueError, match="belongs to a run with other arguments"):
        gl.train_greedy(digits, 1, 2, augment=other, **options)


def test_a_checkpoint_knows_its_data(digits, tmp_path):
    options = {**QUICK, "checkpoint": tmp_path / "run.pt"}
    gl.train_greedy(digits, 1, 2, **options)
    other = dataclasses.replace(digits, y_train=digits.y_train.flip(0))
    with pytest.raises(ValueError, match="other arguments or data: give another path"):
        gl.train_greedy(other, 1, 2, **options)

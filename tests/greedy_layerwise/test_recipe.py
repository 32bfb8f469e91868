"""The learning rate drops as in the paper; values out of range are refused."""

import math

import numpy as np
import pytest
import torch

from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise import recipe as greedy_recipe


def test_the_rate_drops_as_in_the_paper():
    recipe = gl.Recipe(epochs=50, lr=0.1)
    rates = [recipe.lr_in(epoch) for epoch in range(1, 51)]
    drops = [epoch for epoch in range(2, 51) if rates[epoch - 1] != rates[epoch - 2]]
    assert drops == [16, 31, 46]
    np.testing.assert_allclose(sorted(set(rates)), [0.0008, 0.004, 0.02, 0.1])
    tenths = gl.Recipe(epochs=6, drop_every=0.1)  # 3 / 0.6 falls below 5 in binary
    assert tenths.lr_in(4) == pytest.approx(0.1 * 0.2**5)


def test_each_epoch_steps_at_its_rate():
    """10 images by 4 are 3 steps an epoch; a slope of 1 moves by the rate."""
    recipe = gl.Recipe(
        epochs=4, batch_size=4, lr=1.0, momentum=0.0, weight_decay=0.0, drop=0.5,
        drop_every=0.25,
    )  # fmt: skip
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer, places = recipe.optimizer(10)([parameter]), [0.0]
    for _ in range(12):
        parameter.grad = torch.ones(1)
        optimizer.step()
        places.append(parameter.item())
    rates = [1.0] * 3 + [0.5] * 3 + [0.25] * 3 + [0.125] * 3
    np.testing.assert_array_equal(-np.diff(places), rates)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"epochs": 0}, "epochs must be an integer >= 1, got 0"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"lr": 0.0}, "lr must be finite and > 0, got 0.0"),
        ({"lr": math.nan}, "lr must be finite and > 0, got nan"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1.0"),
        ({"weight_decay": -1.0}, "weight_decay must be finite and >= 0, got -1.0"),
        ({"drop": 0.0}, r"drop must be in \(0, 1\], got 0.0"),
        ({"drop_every": 1.5}, r"drop_every must be in \(0, 1\], got 1.5"),
    ],
)
def test_a_bad_recipe_is_refused(changed, told):
    with pytest.raises(ValueError, match=told):
        gl.Recipe(**changed)


def test_a_batch_too_small_for_the_processes_is_refused(digits, monkeypatch):
    monkeypatch.setattr(greedy_recipe, "n_processes", lambda: 8)
    recipe = gl.Recipe(epochs=1, batch_size=46)  # 96 = 2 * 46 + 4
    with pytest.raises(ValueError, match="leaves a last batch of 4 images for 8 proc"):
        gl.train_end_to_end(digits, 2, 4, recipe=recipe, seed=0, progress=False)

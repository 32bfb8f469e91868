"""The study: what it leaves out, that it repeats itself, its network."""

import dataclasses
import math
from argparse import Namespace

import numpy as np
import pytest
import torch
from adversarial_noise.cases import linear
from torch import nn

from helpers import adversarial_noise as an
from helpers import data
from helpers.adversarial_noise.study import measure, network, study


def test_the_study_counts_images_that_noise_does_not_fool(monkeypatch):
    digits = data.load("digits", n_train=20, n_test=40)
    options = Namespace(
        test=40, images=40, few=3, points=4, draws=200, seed=0, device="cpu"
    )
    plain = nn.Sequential(nn.Flatten(), linear(64, 10, dtype=torch.float32))
    scales = an.noise_scale

    def endless(*arguments, **settings):
        found = scales(*arguments, **settings)
        found.sigma[0] = math.inf
        return found

    monkeypatch.setattr("helpers.adversarial_noise.study.noise_scale", endless)
    digits = dataclasses.replace(digits, y_test=an.labels(plain, digits.x_test))
    found = measure(plain, digits, options)
    assert found["sigma"][0] == math.inf
    assert len(found["noisy_over_bound"]) == 3
    for key in ("noisy_over_bound", "without_attack_over_distance"):
        assert np.isfinite(found[key]).all()
    assert found["without_sigma"] == 1
    ratio = np.append(0.0, (found["distance"] / found["sigma"])[1:])
    assert found["median_ratio"] == np.median(ratio)


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_the_study_repeats_itself(kind):
    options = Namespace(
        data="digits", network=kind, noise=[0.1], radius=[], train=200, test=40,
        width=3, epochs=1, batch_size=50, lr=1e-3, images=3, draws=200, few=1,
        points=3, seed=2, device="cpu",
    )  # fmt: skip
    first, second = (study(options)["models"][0] for _ in range(2))
    for key in ("accuracy", "distance", "sigma", "noisy_over_bound"):
        np.testing.assert_array_equal(first[key], second[key])


def test_the_network_takes_any_image():
    for shape, features in (((1, 8, 8), 64), ((3, 32, 32), 1024), ((1, 28, 28), 784)):
        before = torch.random.get_rng_state()
        net = network(shape, 4, 7, seed=1)
        assert torch.equal(torch.random.get_rng_state(), before)
        assert net(torch.zeros(2, *shape)).shape == (2, 7)
        assert net[-1].in_features == features
    again = network((1, 28, 28), 4, 7, seed=1)
    other = network((1, 28, 28), 4, 7, seed=2)
    assert torch.equal(net[0].weight, again[0].weight)
    assert not torch.equal(net[0].weight, other[0].weight)

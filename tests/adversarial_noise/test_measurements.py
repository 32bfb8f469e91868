"""What is measured of one network: what it leaves out, what it says."""

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
from helpers.adversarial_noise.measurements import measure, plain

OPTIONS = Namespace(
    test=40, images=40, few=3, points=4, draws=200, seed=0, device="cpu",
    noise=[0.0, 0.3],
)  # fmt: skip


def always_right(dataset):
    """A linear network, and the data with its own answers as labels."""
    net = nn.Sequential(nn.Flatten(), linear(64, 10, dtype=torch.float32))
    return net, dataclasses.replace(dataset, y_test=an.labels(net, dataset.x_test))


def digits():
    return data.load("digits", n_train=20, n_test=40)


def test_images_that_noise_does_not_fool_are_counted(monkeypatch):
    scales = an.noise_scale

    def endless(*arguments, **settings):
        found = scales(*arguments, **settings)
        found.sigma[0] = math.inf
        return found

    monkeypatch.setattr("helpers.adversarial_noise.measurements.noise_scale", endless)
    found = measure(*always_right(digits()), OPTIONS)
    assert found["sigma"][0] == math.inf
    assert len(found["noisy_over_bound"]) == 3
    for key in ("noisy_over_bound", "without_attack_over_distance"):
        assert np.isfinite(found[key]).all()
    assert found["without_sigma"] == 1
    ratio = np.append(0.0, (found["distance"] / found["sigma"])[1:])
    assert found["median_ratio"] == np.median(ratio)
    assert found["ratio_quantiles"]["0.95"] == np.quantile(ratio, 0.95)


@pytest.mark.filterwarnings("ignore:An input array is constant")  # ranks of infinities
def test_a_network_that_noise_does_not_fool_on_any_image_is_measured(monkeypatch):
    scales = an.noise_scale

    def endless(*arguments, **settings):
        found = scales(*arguments, **settings)
        found.sigma[:] = math.inf
        return found

    monkeypatch.setattr("helpers.adversarial_noise.measurements.noise_scale", endless)
    found = measure(*always_right(digits()), OPTIONS)
    assert found["without_sigma"] == found["images"] == 40
    for key in ("noisy_over_bound", "longer_search_over_distance"):
        assert found[key] == []
    assert set(found["corrupted_accuracy"]) == set(an.CORRUPTIONS)


def test_the_places_are_those_of_the_images():
    net, dataset = always_right(digits())
    dataset.y_test[::2] = (dataset.y_test[::2] + 1) % 10  # wrong on every other
    found = measure(net, dataset, OPTIONS)
    assert found["accuracy"] == 0.5
    assert found["place"] == [*range(1, 40, 2)]
    x, y = dataset.x_test[1:2], dataset.y_test[1:2]
    assert found["distance"][0] == pytest.approx(
        an.nearest_error(net, x, y).distance[0], rel=1e-5
    )


def test_the_longer_search_and_the_bound_of_a_linear_network_agree_with_the_distance():
    found = measure(*always_right(digits()), OPTIONS)
    assert found["longer_search_over_distance"] == pytest.approx(1, rel=1e-4)
    assert found["lower_bound"] == pytest.approx(found["distance"].max(), rel=1e-3)
    assert (found["sigma_low"] < found["sigma"]).all()
    assert (found["sigma"] < found["sigma_high"]).all()


def test_nothing_is_known_from_below_of_a_smooth_network():
    net = nn.Sequential(nn.Flatten(), linear(64, 10, dtype=torch.float32), nn.Tanh())
    dataset = digits()
    labels = an.labels(net, dataset.x_test)
    found = measure(net, dataclasses.replace(dataset, y_test=labels), OPTIONS)
    assert found["lower_bound"] == 0
    assert found["distance"].min() > 0


def test_accuracy_in_noise_falls_from_that_without():
    net, dataset = always_right(digits())
    found = measure(net, dataset, OPTIONS)["accuracy_in_noise"]
    assert found.keys() == {"0.3"}
    rate = an.error_rate(net, dataset.x_test, dataset.y_test, 0.3, 500, seed=1).mean
    spread = math.sqrt((rate * (1 - rate)).sum()) / 40
    assert 1 - found["0.3"] == pytest.approx(rate.mean(), abs=4 * spread)


def test_what_is_stored_is_what_json_knows():
    found = plain({"a": np.array([1.0, np.inf]), "b": (np.float64(1 / 3), 2), "c": "d"})
    assert found == {"a": [1.0, None], "b": [0.33333, 2], "c": "d"}

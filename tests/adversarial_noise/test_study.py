"""The study: that it repeats itself, goes on from a checkpoint; its network."""

from argparse import Namespace

import numpy as np
import pytest
import torch

from helpers.adversarial_noise import study as module
from helpers.adversarial_noise.checkpoint import Checkpoint
from helpers.adversarial_noise.study import network, study


def options(**changed):
    given = Namespace(
        data="digits", network="plain", noise=[0.1], radius=[], train=200, test=40,
        width=3, epochs=1, batch_size=50, lr=1e-3, images=3, draws=200, few=1,
        points=3, seed=2, device="cpu", dtype="float32", steps=2, radius_epochs=None,
    )  # fmt: skip
    vars(given).update(changed)
    return given


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_the_study_repeats_itself(kind):
    given = options(network=kind)
    first, second = (next(study(given, Checkpoint(None, {}))) for _ in range(2))
    for key in ("accuracy", "distance", "sigma", "noisy_over_bound"):
        np.testing.assert_array_equal(first[key], second[key])


def test_a_study_goes_on_where_it_was_cut_off(tmp_path, monkeypatch):
    given, path = options(noise=[0.0, 0.1], few=1), tmp_path / "networks.pt"
    whole = [*study(given, Checkpoint(None, vars(given)))]
    measured = module.measure
    monkeypatch.setattr(module, "measure", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # trained, not measured
        next(study(given, Checkpoint(path, vars(given))))
    monkeypatch.setattr(module, "measure", measured)
    trained = []
    monkeypatch.setattr(
        module, "_train", lambda *a, train=module._train: trained.append(a) or train(*a)
    )
    first = next(study(given, Checkpoint(path, vars(given))))
    assert not trained  # and the second is left to do
    again = Checkpoint(path, vars(given))
    assert again.seconds == pytest.approx(sum(first["seconds"].values()), rel=1e-3)
    both = [*study(given, again)]
    assert len(trained) == 1
    assert both[0] == first
    for one, other in zip(whole, both, strict=True):
        assert one | {"seconds": None} == other | {"seconds": None}


def test_bfloat16_trains_another_network_and_measures_in_float32(monkeypatch):
    seen = []
    monkeypatch.setattr(
        module, "measure", lambda net, *_: seen.append(net.state_dict()) or {}
    )
    for dtype in ("float32", "bfloat16"):
        given = options(network="residual", dtype=dtype)
        next(study(given, Checkpoint(None, {})))
    weights = [state["0.weight"] for state in seen]
    assert all(weight.dtype == torch.float32 for weight in weights)
    assert not torch.equal(*weights)
    assert (weights[0] - weights[1]).abs().max() < 0.1 * weights[0].abs().max()


def test_adversarial_training_takes_steps_epochs_and_shifts_of_its_own(monkeypatch):
    caught = {}
    monkeypatch.setattr(
        module, "train_adversarially", lambda *a, **given: caught.update(given)
    )
    monkeypatch.setattr(module, "measure", lambda *_: {})
    chosen = {"noise": [], "radius": [0.5], "network": "residual"}
    next(study(options(radius_epochs=3, **chosen), Checkpoint(None, {})))
    assert (caught["steps"], caught["epochs"]) == (2, 3)
    assert caught["augment"] is module.shifted
    next(study(options(**chosen), Checkpoint(None, {})))
    assert caught["epochs"] == 1


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

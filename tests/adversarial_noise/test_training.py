"""Training on noise and on the worst images near by."""

import math

import pytest
import torch
from adversarial_noise.cases import trained
from scipy import stats
from torch import nn

from helpers import adversarial_noise as an
from helpers import data, networks, training
from helpers.adversarial_noise.training import _scaled


def digits():
    return data.load("digits", n_train=300).flatten()


def weights_after(train, *arguments, **settings):
    net = networks.mlp([64, 16, 10], seed=0, dtype=torch.float32)
    part = digits()
    chosen = {"epochs": 2, "seed": 0, "progress": False} | settings
    train(net, part.x_train, part.y_train, *arguments, **chosen)
    return net[0].weight.detach().clone()


def test_no_noise_is_plain_training():
    plain = weights_after(training.train, lr=3e-3, batch_size=64)
    assert torch.equal(weights_after(an.train_with_noise, 0.0), plain)
    assert torch.equal(weights_after(an.train_adversarially, 0.0), plain)
    noisy = weights_after(an.train_with_noise, 0.3)
    assert not torch.equal(noisy, plain)
    assert torch.equal(weights_after(an.train_with_noise, 0.3), noisy)
    assert not torch.equal(weights_after(an.train_with_noise, 0.3, seed=1), noisy)
    assert not torch.equal(weights_after(an.train_adversarially, 0.3), plain)


def augmentation(monkeypatch, train, strength, net, **settings):
    """What the batches go through."""
    caught = {}
    monkeypatch.setattr(training, "train", lambda *a, **kw: caught.update(kw))
    train(net, digits().x_train, digits().y_train, strength, seed=0, **settings)
    return caught


def test_the_noise_is_gaussian_of_that_size(monkeypatch):
    caught = augmentation(monkeypatch, an.train_with_noise, 0.3, None, lr=0.1, epochs=7)
    batch = torch.full((500, 64), 0.5)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        noise = caught["augment"](batch) - batch
    assert noise.std().item() == pytest.approx(0.3, rel=4 / math.sqrt(2 * 32000))
    assert abs(noise.mean().item()) < 4 * 0.3 / math.sqrt(32000)
    assert stats.kurtosis(noise.flatten().numpy()) == pytest.approx(0, abs=0.11)
    assert (caught["lr"], caught["epochs"], caught["batch_size"]) == (0.1, 7, 64)


def test_the_ascent_finds_bad_images_in_the_ball(monkeypatch):
    net, x, _ = trained()
    radius = 0.4
    worst = augmentation(monkeypatch, an.train_adversarially, radius, net)["augment"]
    moved = worst(x)
    length = (moved - x).norm(dim=1).detach()
    assert (length <= radius * (1 + 1e-9)).all()
    assert length.median() > 0.99 * radius
    given = net(x).argmax(1)
    random = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator())
    random = x + radius * random / random.norm(dim=1, keepdim=True)
    losses = [
        nn.functional.cross_entropy(net(p), given).item() for p in (x, random, moved)
    ]
    assert losses[2] > 5 * max(losses[:2])
    d = an.nearest_error(net, x, given).distance
    fooled = (net(moved).argmax(1) != given).numpy()
    assert fooled[d < 0.9 * radius].mean() > 0.9
    assert not fooled[d > radius].any()
    images = augmentation(
        monkeypatch, an.train_adversarially, radius, nn.Sequential(nn.Flatten(), *net)
    )["augment"](x.view(-1, 1, 8, 8))
    assert torch.allclose(images.flatten(1), moved)


def test_no_strength_needs_no_augmentation(monkeypatch):
    for train in (an.train_with_noise, an.train_adversarially):
        assert augmentation(monkeypatch, train, 0.0, None)["augment"] is None


def test_the_ascent_begins_where_the_augmentation_ends(monkeypatch):
    net, x, _ = trained()
    plain, turned = (
        augmentation(monkeypatch, an.train_adversarially, 0.4, net, augment=one)
        for one in (None, lambda images: images.flip(0))
    )
    assert torch.equal(turned["augment"](x), plain["augment"](x.flip(0)))
    without = augmentation(
        monkeypatch, an.train_adversarially, 0.0, net, augment=torch.clone
    )
    assert without["augment"] is torch.clone


def test_vectors_are_scaled_or_only_shrunk():
    vectors = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    scaled = _scaled(vectors, 1.0)
    assert scaled.norm(dim=1).tolist() == pytest.approx([1, 1, 0])
    shrunk = _scaled(vectors, 1.0, shrink_only=True)
    assert shrunk.norm(dim=1).tolist() == pytest.approx([1, 0.5, 0])
    assert torch.equal(shrunk[1:], vectors[1:])


def test_training_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"sigma must be finite and >= 0, got -0\.1"):
        weights_after(an.train_with_noise, -0.1)
    with pytest.raises(ValueError, match="radius must be finite and >= 0, got nan"):
        weights_after(an.train_adversarially, math.nan)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        weights_after(an.train_adversarially, 0.1, steps=0)

"""Speed of greedy training: steps beside plain ones, its ways beside one another."""

import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import data
from helpers import greedy_layerwise as gl

from .bench import Side

QUIET = {"seed": 0, "progress": False, "record_every": 100}


@pytest.fixture(autouse=True)
def _processor_seconds(monkeypatch):
    """Let the histories count processor seconds too."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)


def random_images(n, shape):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(n, *shape, generator=generator)
    y = torch.arange(n) % 10
    return data.Dataset("random", x, y, x[:10], y[:10], 10)


def plain_steps(block, head, features, labels, epochs, batch_size):
    """Forward, backward and SGD of one layer and its head, nothing else."""
    weights = [*block.parameters(), *head.parameters()]
    sgd = torch.optim.SGD(weights, 0.01, momentum=0.9, weight_decay=5e-4)
    for _ in range(epochs):
        for h, y in zip(
            features.split(batch_size), labels.split(batch_size), strict=True
        ):
            sgd.zero_grad()
            functional.cross_entropy(head(block(h)), y).backward()
            sgd.step()


@pytest.mark.parametrize(
    ("shape", "n", "width", "k"),
    [((1, 8, 8), 1280, 16, 1), ((1, 8, 8), 1280, 16, 3), ((3, 32, 32), 256, 32, 2)],
)
def test_a_step_beside_the_layer_and_its_head_alone(bench, shape, n, width, k):
    epochs, n, width, batch = bench.size((1, 64, 4, 32), (4, n, width, 64))
    images = random_images(n, shape)
    recipe = gl.Recipe(epochs=epochs, batch_size=batch, lr=0.01)
    options = {"recipe": recipe, "downsample": (), **QUIET}
    net = gl.GreedyNetwork(shape, 10, 2, width, k, downsample=(), seed=0)
    h = net.features(images.x_train, 1)
    net.train()
    race = bench.race(
        Side(
            lambda: gl.train_greedy(images, 2, width, k, **options),
            read=lambda history: history.seconds[1],
        ),
        lambda: plain_steps(
            net.blocks[1], net.heads[1], h, images.y_train, epochs, batch
        ),
    )
    bench.record(
        race,
        "greedy_layerwise.train_greedy",
        f"layer 2 of width {width}, k = {k}, images {shape}, "
        f"{epochs * n // batch} steps of {batch}",
        beside="steps of the layer and its head alone",
        least=1 / 1.5,
    )


@pytest.mark.parametrize("k", [1, 2])
def test_kept_features_beside_computing_them_again(bench, k):
    depth, width, n, epochs = bench.size((2, 4, 32, 1), (6, 16, 256, 4))
    images = random_images(n, (3, 16, 16))
    options = {"recipe": gl.Recipe(epochs=epochs, lr=0.01), **QUIET}

    def ours(**cache):
        return gl.train_greedy(images, depth, width, k, **cache, **options)

    race = bench.race(ours, lambda: ours(cache_bytes=0))
    counted = gl.cost((3, 16, 16), 10, depth, width, k)
    law = counted.flops("sequential", epochs) / counted.flops("cached", epochs)
    same = race.found.test_accuracy, race.their_found.test_accuracy
    np.testing.assert_allclose(*same, atol=0.1)  # rounding may turn one image of ten
    bench.record(
        race,
        "greedy_layerwise.train_greedy",
        f"{depth} layers of width {width}, k = {k}, {epochs} epochs, features kept",
        beside="features computed again",
        cost=f"{law:.2f} times the operations without keeping",
        least=1,
    )


def trained_plainly(images, depth, width, epochs):
    """A plain end-to-end loop for the same network, as one would write it."""
    shape = images.x_train.shape[1:]
    net = gl.GreedyNetwork(shape, 10, depth, width, 1, downsample=(), seed=0)
    body = nn.Sequential(net.standardize, *net.blocks, net.heads[-1])
    sgd = torch.optim.SGD(body.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)
    for _ in range(epochs):
        for rows in torch.randperm(len(images.x_train)).split(64):
            sgd.zero_grad()
            logits = body(images.x_train[rows])
            functional.cross_entropy(logits, images.y_train[rows]).backward()
            sgd.step()


@pytest.mark.parametrize("rival", ["train_end_to_end", "plain loop, end to end"])
def test_an_epoch_of_every_layer_beside_one_of_the_whole(bench, rival):
    """Two thirds of the operations for k = 1, at equal epochs."""
    depth, width, n, epochs = bench.size((2, 4, 64, 1), (4, 32, 512, 4))
    images = random_images(n, (3, 16, 16))
    options = {"recipe": gl.Recipe(epochs=epochs, lr=0.01), "downsample": (), **QUIET}
    rivals = {
        "train_end_to_end": Side(
            lambda: gl.train_end_to_end(images, depth, width, **options),
            read=lambda history: history.seconds.sum(),
        ),
        "plain loop, end to end": Side(
            lambda: trained_plainly(images, depth, width, epochs)
        ),
    }
    greedy = Side(
        lambda: gl.train_greedy(images, depth, width, **options),
        read=lambda history: history.seconds.sum(),
    )
    bench.record(
        bench.race(greedy, rivals[rival]),
        "greedy_layerwise.train_greedy",
        f"{depth} layers of width {width}, k = 1, {epochs} epochs each",
        beside=f"{rival}, equal epochs",
    )


@pytest.mark.parametrize("k", [1, 2, 3])
def test_all_of_the_digits(bench, k):
    """4 layers of width 16, 12 epochs on 1400 images."""
    depth, width, n = bench.size((2, 4, 50), (4, 16, 1400))
    images = data.load("digits", n_train=n)
    race = bench.race(lambda: gl.train_greedy(images, depth, width, k, **QUIET))
    reached = ", ".join(f"{accuracy:.3f}" for accuracy in race.found.test_accuracy)
    bench.record(
        race,
        "greedy_layerwise.train_greedy",
        f"{n:,} digits, {depth} layers of width {width}, k = {k}, 12 epochs",
        accuracy=f"test accuracy by layer {reached}",
        within=10,
    )

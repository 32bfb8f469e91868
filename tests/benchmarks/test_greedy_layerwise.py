"""Speed of greedy training: its steps beside plain ones, its ways beside one another.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds, the
least of a few repeats, with one thread; each test prints its ratio.
"""

import time

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import data
from helpers import greedy_layerwise as gl

from .timing import seconds

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
def test_a_step_beside_the_layer_and_its_head_alone(benchmark, say, shape, n, width, k):
    images, batch = random_images(n, shape), 64
    recipe = gl.Recipe(epochs=4, batch_size=batch, lr=0.01)
    options = {"recipe": recipe, "downsample": (), **QUIET}
    fast = min(
        gl.train_greedy(images, 2, width, k, **options).seconds[1] for _ in range(3)
    )
    net = gl.GreedyNetwork(shape, 10, 2, width, k, downsample=(), seed=0)
    h = net.features(images.x_train, 1)
    net.train()
    slow, _ = seconds(
        lambda: plain_steps(net.blocks[1], net.heads[1], h, images.y_train, 4, batch), 3
    )
    steps = 4 * n // batch
    ours, alone = (1e3 * taken / steps for taken in (fast, slow))
    say(
        f"layer 2, {shape}, width {width}, k = {k}: {ours:.2f} ms a step, layer and "
        f"head alone {alone:.2f} ms, ratio {fast / slow:.2f}"
    )
    benchmark.extra_info["ratio"] = fast / slow
    benchmark.pedantic(lambda: None, rounds=1)
    assert fast / slow <= 1.5


@pytest.mark.parametrize("k", [1, 2])
def test_kept_features_beside_computing_them_again(benchmark, say, k):
    images = random_images(256, (3, 16, 16))
    recipe = gl.Recipe(epochs=4, lr=0.01)
    options = {"recipe": recipe, **QUIET}
    kept, _ = seconds(lambda: gl.train_greedy(images, 6, 16, k, **options), 2)
    again, _ = seconds(
        lambda: gl.train_greedy(images, 6, 16, k, cache_bytes=0, **options), 2
    )
    counted = gl.cost((3, 16, 16), 10, 6, 16, k)
    law = counted.flops("sequential", 4) / counted.flops("cached", 4)
    say(
        f"6 layers, k = {k}: features kept {kept:.2f} s, computed again {again:.2f} s, "
        f"ratio {again / kept:.2f}, of the operations {law:.2f}"
    )
    benchmark.extra_info["ratio"] = again / kept
    benchmark.pedantic(lambda: None, rounds=1)
    assert again > kept


def plain_epochs(images, depth, width, epochs):
    """A plain end-to-end loop for the same network, as one would write it."""
    shape = images.x_train.shape[1:]
    net = gl.GreedyNetwork(shape, 10, depth, width, 1, seed=0)
    body = nn.Sequential(net.standardize, *net.blocks, net.heads[-1])
    sgd = torch.optim.SGD(body.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)
    for _ in range(epochs):
        for rows in torch.randperm(len(images.x_train)).split(64):
            sgd.zero_grad()
            logits = body(images.x_train[rows])
            functional.cross_entropy(logits, images.y_train[rows]).backward()
            sgd.step()


def test_an_epoch_of_every_layer_beside_one_of_the_whole(benchmark, say):
    """Two thirds of the operations for k = 1, at equal epochs."""
    images = random_images(512, (3, 16, 16))
    recipe = gl.Recipe(epochs=4, lr=0.01)
    options = {"recipe": recipe, "downsample": (), **QUIET}
    greedy = min(
        gl.train_greedy(images, 4, 32, **options).seconds.sum() for _ in range(2)
    )
    whole = gl.train_end_to_end(images, 4, 32, **options).seconds.sum()
    plain, _ = seconds(lambda: plain_epochs(images, 4, 32, 4), 2)
    say(
        f"4 layers of width 32, k = 1, equal epochs: greedy {greedy:.2f} s, end to end "
        f"{whole:.2f} s, plain loop {plain:.2f} s; greedy over end to end "
        f"{greedy / whole:.2f}"
    )
    benchmark.extra_info["ratio"] = greedy / whole
    benchmark.pedantic(lambda: None, rounds=1)
    assert greedy < whole


def test_all_of_the_digits(benchmark, say):
    """4 layers of width 16, 12 epochs on 1400 images."""
    images = data.load("digits")
    for k in (1, 2, 3):
        taken, found = seconds(
            lambda k=k: gl.train_greedy(images, 4, 16, k, **QUIET), 1
        )
        say(f"1400 digits, k = {k}: {taken:.1f} s, {found.test_accuracy.round(3)}")
        assert taken < 10
    benchmark.pedantic(lambda: None, rounds=1)

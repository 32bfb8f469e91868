"""Speed of the signal and noise propagation: ours beside products and a plain loop.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds, the
least of a few repeats, with one thread; each test prints its ratio.
"""

import math

import numpy as np
import pytest
import torch

from helpers import data
from helpers import well_behaved as wb

from .timing import seconds


def products(rows, width, layers, *, draw):
    """The products of the layers alone, signal and noise; draw: the weights too."""
    h = torch.randn(2 * rows, width)
    weight = torch.randn(width, width) / math.sqrt(width)
    for _ in range(layers):
        if draw:
            weight = torch.randn(width, width)
        torch.mm(h, weight)


@pytest.mark.parametrize(("width", "batch"), [(512, 64), (512, 512), (1024, 256)])
def test_a_layer_beside_its_products(benchmark, say, width, batch):
    """Time of a layer of `propagate` over that of its matrix products alone.

    The products are those of signal and noise, [2 B, n] by [n, n], with weights that
    are already there; `propagate` also makes the randomness and all moments. Eight
    networks side by side, as in a run with many draws.
    """
    layers, draws = 30, 8
    inputs = np.random.default_rng(0).normal(size=(batch, width))

    def ours(ranks=False):
        return wb.propagate(
            "batch_norm", layers, width, inputs, n_draws=draws, batch_size=batch,
            seed=0, ranks=ranks,
        )  # fmt: skip

    ours()
    layer = seconds(ours, 5)[0] / draws
    ranked = seconds(lambda: ours(ranks=True), 2)[0] / draws
    alone = seconds(lambda: products(batch, width, layers, draw=False), 9)[0]
    drawn = seconds(lambda: products(batch, width, layers, draw=True), 5)[0]
    say(
        f"layer, width {width}, batch {batch}: {layer / layers * 1e3:.2f} ms, "
        f"{layer / alone:.2f} x its products, {layer / drawn:.2f} x products and "
        f"drawing the weights; with effective ranks {ranked / alone:.2f} and "
        f"{ranked / drawn:.2f}"
    )
    benchmark.extra_info["ratio"] = layer / alone
    benchmark.pedantic(ours, rounds=3)
    assert layer / alone <= 2


def test_the_depth_and_width_of_the_paper(benchmark, say):
    """Figure 4's network, fully connected: depth 200, width 512, batch 64, 20 draws."""
    inputs = data.load("digits").flatten().x_train

    def ours():
        return wb.propagate("batch_norm", 200, 512, inputs, n_draws=20, seed=0)

    taken, found = seconds(ours, 1)
    rate = wb.growth_rate(found, 50)
    say(f"depth 200, width 512, 20 draws: {taken:.1f} s, growth {rate.value:.4f}")
    benchmark.extra_info["seconds"] = taken
    benchmark.pedantic(lambda: None, rounds=1)
    assert taken < 60


def plain(width, depth, batch, draws):
    """One network at a time through autograd, ranks by singular values."""
    logs = []
    for _ in range(draws):
        x, dx = torch.randn(2, batch, 64)
        for _ in range(depth):
            weight = torch.randn(x.shape[1], width) * math.sqrt(2 / x.shape[1])

            def layer(h, weight=weight):
                y = h @ weight
                z = (y - y.mean(0)) / (y.var(0, unbiased=False) + 1e-3).sqrt()
                return z.relu()

            x, dx = torch.autograd.functional.jvp(layer, x, dx, strict=False)
            for h in (x - x.mean(0), dx):
                singular = torch.linalg.svdvals(h) ** 2
                _ = singular.sum() / singular[0]
            dx = dx / dx.square().mean().sqrt()
        logs.append(x)
    return logs


def test_beside_a_plain_loop_with_autograd(benchmark, say):
    inputs = np.random.default_rng(0).normal(size=(64, 64))

    def ours():
        return wb.propagate(
            "batch_norm", 20, 512, inputs, n_draws=5, seed=0, tangent="full"
        )

    fast = seconds(ours, 3)[0]
    slow = seconds(lambda: plain(512, 20, 64, 5), 1)[0]
    say(
        f"20 layers of 512, 5 draws: {fast:.2f} s, plain loop with autograd and SVD "
        f"{slow:.2f} s, ratio {slow / fast:.1f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=1)
    assert slow > fast

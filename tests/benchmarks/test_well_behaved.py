"""Speed of the signal and noise propagation: ours beside products and a plain loop."""

import math

import numpy as np
import pytest
import torch

from helpers import data
from helpers import well_behaved as wb

from .bench import Side


def products(rows, width, layers, *, draw):
    """The products of the layers alone, signal and noise; draw: the weights too."""
    h = torch.randn(2 * rows, width)
    weight = torch.randn(width, width) / math.sqrt(width)
    for _ in range(layers):
        if draw:
            weight = torch.randn(width, width)
        torch.mm(h, weight)


@pytest.mark.parametrize("ranks", [False, True], ids=["moments", "ranks"])
@pytest.mark.parametrize("draw", [False, True], ids=["products", "drawn"])
@pytest.mark.parametrize(("width", "batch"), [(512, 64), (512, 512), (1024, 256)])
def test_a_layer_beside_its_products(bench, width, batch, draw, ranks):
    """Time of `propagate` beside that of its layers' matrix products alone.

    The products are those of signal and noise, [2 B, n] by [n, n], for one network,
    with weights that are already there or drawn too; `propagate` also makes the
    randomness and all moments, for eight networks side by side, as in a run with many
    draws.
    """
    layers, draws = bench.size((3, 2), (30, 8))
    width, batch = bench.size((width // 16, batch // 16), (width, batch))
    inputs = np.random.default_rng(0).normal(size=(batch, width))
    race = bench.race(
        lambda: wb.propagate(
            "batch_norm", layers, width, inputs, n_draws=draws, batch_size=batch,
            seed=0, ranks=ranks,
        ),
        Side(lambda: products(batch, width, layers, draw=draw), share=1 / draws),
    )  # fmt: skip
    bench.record(
        race,
        "well_behaved.propagate",
        f"{draws} networks, {layers} layers of width {width}, batch {batch}: moments"
        + (" and effective ranks" if ranks else ""),
        beside="matrix products alone" + (", and drawing the weights" if draw else ""),
        least=0 if ranks or draw else 0.2,
    )


def test_the_depth_and_width_of_the_paper(bench):
    """Figure 4's network, fully connected: depth 200, width 512, batch 64, 20 draws."""
    inputs = data.load("digits").flatten().x_train
    depth, width, draws = bench.size((60, 32, 2), (200, 512, 20))
    race = bench.race(
        lambda: wb.propagate("batch_norm", depth, width, inputs, n_draws=draws, seed=0)
    )
    rate = wb.growth_rate(race.found, 50)
    bench.record(
        race,
        "well_behaved.propagate",
        f"depth {depth}, width {width}, {draws} networks, as figure 4 of the paper",
        accuracy=f"growth {rate.value:.4f} a layer",
        within=60,
    )


def plain(width, depth, batch, draws):
    """One network at a time through autograd, ranks by singular values."""
    growth = []
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
            growth.append(dx.square().mean().item())
            dx = dx / dx.square().mean().sqrt()
    return np.array(growth)


def test_beside_a_plain_loop_with_autograd(bench):
    inputs = np.random.default_rng(0).normal(size=(64, 64))
    depth, width, draws = bench.size((3, 32, 2), (20, 512, 5))
    race = bench.race(
        lambda: wb.propagate(
            "batch_norm", depth, width, inputs, n_draws=draws, seed=0, tangent="full"
        ),
        lambda: plain(width, depth, 64, draws),
    )
    assert np.isfinite(race.their_found).all()
    bench.record(
        race,
        "well_behaved.propagate",
        f"{draws} networks, {depth} layers of width {width}: moments and ranks",
        beside="plain loop, autograd and singular values",
        least=1,
    )

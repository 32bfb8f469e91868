"""Speed of the connecting path: its targets, its growth in N, and a trained curve."""

from functools import partial

import numpy as np
import pytest
import torch

from helpers import networks, training
from helpers import sublevel_sets as ss

from .bench import exponent

WIDTHS = [5, 60, 10, 5, 3]


def trained_pair(n, widths, epochs=200):
    """Two networks trained from different weights, and their N samples."""
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))
    nets = [networks.mlp(widths, torch.nn.LeakyReLU(0.2), seed=k) for k in (0, 1)]
    for net in nets:
        training.train(
            net, torch.tensor(x), torch.tensor(y), loss="mse", lr=0.01, seed=0,
            batch_size=None, epochs=epochs, record_every=epochs, progress=False,
        )  # fmt: skip
    return *nets, x, y


@pytest.mark.parametrize(
    ("n", "widths", "most"), [(30, WIDTHS, 1.0), (200, [20, 400, 20, 10, 3], 5.0)]
)
def test_path_and_certificate_meet_their_targets(bench, n, widths, most):
    if not bench.full:
        n, widths = n // 10, [5, n // 5, 10, 5, 3]
    nets = trained_pair(n, widths)
    race = bench.race(lambda: ss.connecting_path(*nets).certificate(41))
    found = race.found
    bench.record(
        race,
        "sublevel_sets.connecting_path",
        f"path and its certificate at {found.points} networks, N = {n}, {widths}",
        accuracy=f"barrier {found.barrier:.0e}, jump {found.jump:.1g}",
        within=most,
    )
    assert found.barrier <= 1e-9
    assert found.jump <= 1e-8


@pytest.mark.parametrize(
    ("method", "factor", "most"), [("wide", 2, 3.5), ("exchange", 1, 4.5)]
)
def test_cost_grows_as_documented(bench, method, factor, most):
    """Exponents in N: 3 for "wide", 4 for "exchange", once matrices are large."""
    sizes, races = np.array(bench.size([10, 20], [100, 200, 400])), []
    for n in sizes:
        nets = trained_pair(n, [20, factor * n, 20, 10, 3], epochs=20)
        races.append(bench.race(partial(ss.connecting_path, *nets)))
    slope = exponent(sizes, races)
    bench.record(
        races[-1],
        "sublevel_sets.connecting_path",
        f'the path of "{method}" for N = {sizes[-1]}',
        cost=f"grows as N^{slope:.1f} from N = {sizes[0]}",
    )
    assert not bench.full or slope < most


def test_beside_a_trained_curve(bench):
    """Same networks, same run: time and barrier of the two."""
    nets = trained_pair(bench.size(5, 30), WIDTHS, epochs=bench.size(20, 600))
    steps = bench.size(5, 1000)
    race = bench.race(
        lambda: ss.connecting_path(*nets),
        lambda: ss.bezier_path(*nets, steps=steps, seed=0, progress=False),
    )
    ours, theirs = race.found.certificate().barrier, ss.barrier(race.their_found)
    straight = ss.barrier(ss.linear_path(*nets))
    bench.record(
        race,
        "sublevel_sets.connecting_path",
        f"a path between two trained networks, {WIDTHS}",
        beside="trained Bezier curve",
        accuracy=f"barrier {ours:.0e} (straight line {straight:.1f})",
        their_accuracy=f"barrier {theirs:.1e}",
        least=10,
    )
    assert ours <= 1e-9
    assert not bench.full or theirs > 1e-9


def test_losses_at_once_beside_network_by_network(bench):
    nets = trained_pair(bench.size(5, 30), WIDTHS, epochs=bench.size(20, 200))
    path = ss.connecting_path(*nets)
    x, y = map(torch.tensor, nets[2:])
    t = path.grid(bench.size(2, 21))

    def twin():
        with torch.no_grad():
            return [
                ((path.network(s)(x) - y) ** 2).sum().item() / (2 * len(x)) for s in t
            ]

    race = bench.race(lambda: path.loss(t), twin)
    np.testing.assert_allclose(race.found, race.their_found, rtol=1e-9)
    bench.record(
        race,
        "sublevel_sets.Path.loss",
        f"the loss at {len(t)} points of a path",
        beside="network by network",
        accuracy="the same within 1e-9",
        least=5,
    )

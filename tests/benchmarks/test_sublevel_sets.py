"""Speed of the connecting path: its targets, its growth in N, and a trained curve.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds, the
least of a few repeats, with one thread; each test prints its ratio.
"""

import numpy as np
import pytest
import torch

from helpers import networks, training
from helpers import sublevel_sets as ss

from .timing import seconds


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
    ("n", "widths", "most"),
    [(30, [5, 60, 10, 5, 3], 1.0), (200, [20, 400, 20, 10, 3], 5.0)],
)
def test_path_and_certificate_meet_their_targets(benchmark, say, n, widths, most):
    nets = trained_pair(n, widths)

    def ours():
        return ss.connecting_path(*nets).certificate(41)

    taken, found = seconds(ours, 3)
    say(
        f"N = {n}, {widths}: {taken:.3f} s for path and {found.points} networks, "
        f"barrier {found.barrier:.0e}, jump {found.jump:.0e}"
    )
    benchmark.extra_info["seconds"] = taken
    benchmark.pedantic(ours, rounds=2)
    assert taken < most
    assert found.barrier <= 1e-9
    assert found.jump <= 1e-8


@pytest.mark.parametrize(
    ("method", "factor", "most"), [("wide", 2, 3.5), ("exchange", 1, 4.5)]
)
def test_cost_grows_as_documented(benchmark, say, method, factor, most):
    """Exponents in N: 3 for "wide", 4 for "exchange", once matrices are large."""
    sizes = np.array([100, 200, 400])
    times = []
    for n in sizes:
        nets = trained_pair(n, [20, factor * n, 20, 10, 3], epochs=20)
        times.append(seconds(lambda nets=nets: ss.connecting_path(*nets), 2)[0])
    exponent = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    say(f"{method}, N = {sizes}: {np.round(times, 3)} s, exponent {exponent:.1f}")
    benchmark.extra_info["exponent"] = exponent
    benchmark.pedantic(lambda: None, rounds=1)
    assert exponent < most


def test_beside_a_trained_curve(benchmark, say):
    """Same networks, same run: time and barrier of the two."""
    nets = trained_pair(30, [5, 60, 10, 5, 3], epochs=600)

    def ours():
        return ss.connecting_path(*nets)

    fast, path = seconds(ours, 5)
    slow, curve = seconds(lambda: ss.bezier_path(*nets, seed=0, progress=False), 1)
    straight = ss.barrier(ss.linear_path(*nets))
    barriers = path.certificate().barrier, ss.barrier(curve)
    say(
        f"connecting path {fast * 1e3:.1f} ms, barrier {barriers[0]:.0e}; Bezier curve "
        f"{slow:.2f} s, barrier {barriers[1]:.1e}; straight line {straight:.1f}: "
        f"ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=3)
    assert barriers[0] <= 1e-9 < barriers[1]
    assert slow > 10 * fast


def test_losses_at_once_beside_network_by_network(benchmark, say):
    nets = trained_pair(30, [5, 60, 10, 5, 3])
    path = ss.connecting_path(*nets)
    x, y = map(torch.tensor, nets[2:])
    t = path.grid(21)

    def ours():
        return path.loss(t)

    def twin():
        with torch.no_grad():
            return [
                ((path.network(s)(x) - y) ** 2).sum().item() / (2 * len(x)) for s in t
            ]

    fast, found = seconds(ours, 5)
    slow, slowly = seconds(twin, 1)
    np.testing.assert_allclose(found, slowly, rtol=1e-9)
    say(
        f"{len(t)} networks at once: {fast * 1e3:.1f} ms, one by one {slow:.2f} s, "
        f"ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=3)
    assert slow > 5 * fast

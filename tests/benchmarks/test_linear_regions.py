"""Speed of the exact counters: ours beside the plain loop, in the same run."""

from functools import partial

import numpy as np
import pytest
import torch
import twins

from helpers import linear_regions as lr
from helpers.networks import mlp

from .bench import Side, exponent

WINDOW = (-10.0, 10.0, -10.0, 10.0)


def slice_of(width, seed=0):
    """A 784-[width]*3 network at He initialisation and a plane through its inputs."""
    net = mlp([784, width, width, width, 1], sigma_b=1e-3, seed=seed)
    return net, np.random.default_rng(seed).normal(size=(3, 784))


def test_plane_beside_plain_loop(bench):
    width = bench.size(8, 64)
    net, plane = slice_of(width)
    race = bench.race(
        lambda: lr.plane_regions(net, *plane, WINDOW),
        lambda: twins.plane_polygons(net, *plane, WINDOW),
    )
    count = race.found.count
    assert count == len(race.their_found[0])
    bench.record(
        race,
        "linear_regions.plane_regions",
        f"the {count:,} regions in a plane, network 784-[{width}]*3",
        beside="plain loop",
        accuracy="exact",
        their_accuracy="exact",
        least=30,
        within=0.8,
    )


def test_lines_beside_plain_loop(bench):
    """Both for a batch of lines; the plain loop runs through a tenth of them."""
    width, n = bench.size((8, 20), (64, 200))
    net, _ = slice_of(width)
    start, end = np.random.default_rng(1).normal(size=(2, n, 784))

    def twin():
        pairs = zip(start[: n // 10], end[: n // 10], strict=True)
        return [twins.line_breakpoints(net, p, q) for p, q in pairs]

    race = bench.race(
        lambda: lr.line_breakpoints(net, start, end), Side(twin, share=1 / 10)
    )
    assert [len(t) for t in race.found[: n // 10]] == [len(t) for t in race.their_found]
    bench.record(
        race,
        "linear_regions.line_breakpoints",
        f"the breakpoints on {n} lines, network 784-[{width}]*3",
        beside="plain loop",
        accuracy="exact",
        their_accuracy="exact",
        least=4,
        within=n * 1e-3,
    )


def test_plane_grows_no_faster_than_neurons_times_regions(bench):
    """Least-squares slope of log time against log(neurons x regions)."""
    work, races = [], []
    for width in bench.size((4, 6, 8), (16, 24, 32, 48, 64, 80)):
        net, plane = slice_of(width)
        races.append(bench.race(partial(lr.plane_regions, net, *plane, WINDOW)))
        work.append(3 * width * races[-1].found.count)
    slope, last = exponent(work, races), exponent(work[-3::2], races[-3::2])
    bench.record(
        races[-1],
        "linear_regions.plane_regions",
        f"{races[-1].found.count:,} regions in a plane, network 784-[{width}]*3",
        cost=f"grows as (neurons × regions)^{slope:.2f} over a "
        f"{work[-1] / work[0]:.0f}-fold range, ^{last:.2f} over the largest three",
    )
    if bench.full:
        assert work[-1] / work[0] >= 30
        assert slope <= 1
        assert last <= 1.15


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("width", [64, 128, 256])
def test_plane_on_cuda_beside_cpu(bench, width):
    width = bench.size(width // 16, width)
    net, plane = slice_of(width)

    def cuda():
        regions = lr.plane_regions(net, *plane, WINDOW, device="cuda")
        torch.cuda.synchronize()
        return regions

    race = bench.race(cuda, lambda: lr.plane_regions(net, *plane, WINDOW))
    assert race.found.count == race.their_found.count
    bench.record(
        race,
        "linear_regions.plane_regions",
        f"the {race.found.count:,} regions in a plane, network 784-[{width}]*3, cuda",
        beside="the same on the processor",
        accuracy="exact",
        their_accuracy="exact",
    )

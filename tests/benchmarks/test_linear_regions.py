"""Speed of the exact counters: ours beside the plain loop, in the same run."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
import twins
from linear_regions.modules import as_mlp
from torch import nn

from helpers import linear_regions as lr
from helpers.networks import mlp

from .bench import Side, exponent

WINDOW = (-10.0, 10.0, -10.0, 10.0)


def named(width):
    """How a row names the network of `slice_of`."""
    return "-".join(map(str, (784, width, width, width)))


def slice_of(width, seed=0):
    """A network at He initialisation and a plane through its inputs."""
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
        f"the {count:,} regions in a plane, network {named(width)}",
        beside="plain loop",
        accuracy="exact",
        their_accuracy="exact",
        least=16,
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
        f"the breakpoints on {n} lines, network {named(width)}",
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
        f"{races[-1].found.count:,} regions in a plane, network {named(width)}",
        cost=f"grows as (neurons × regions)^{slope:.2f} over a "
        f"{work[-1] / work[0]:.0f}-fold range, with {last:.2f} over the largest three",
    )
    if bench.full:
        assert work[-1] / work[0] >= 30
        assert slope <= 1
        assert last <= 1.15


def cnn(channels, shape=(1, 28, 28)):
    """Three convolutions at torch's own initialisation, their neurons and an MLP."""
    torch.manual_seed(0)
    one, two, three = channels
    net = nn.Sequential(
        nn.Conv2d(1, one, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(one, two, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(two, three, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(49 * three, 10),
    ).double()  # fmt: skip
    return net, 196 * one + 49 * (two + three), as_mlp(net, shape)


def test_lines_of_a_cnn_beside_plain_loop(bench):
    """The plain loop runs through the dense matrices of one line."""
    channels, n = bench.size(((1, 1, 1), 4), ((8, 16, 16), 20))
    net, neurons, dense = cnn(channels)
    start, end = np.random.default_rng(1).normal(size=(2, n, 1, 28, 28))
    race = bench.race(
        lambda: lr.line_breakpoints(net, start, end),
        Side(
            lambda: twins.line_breakpoints(dense, start[0].ravel(), end[0].ravel()),
            share=1 / n,
        ),
    )
    assert len(race.found[0]) == len(race.their_found)
    bench.record(
        race,
        "linear_regions.line_breakpoints",
        f"the {sum(map(len, race.found)):,} breakpoints on {n} lines, CNN with "
        f"784 inputs and {neurons:,} neurons",
        beside="plain loop over its dense matrices",
        accuracy="exact",
        their_accuracy="exact",
        least=2,
    )


def test_plane_of_a_cnn_beside_plain_loop(bench):
    channels, size = bench.size(((1, 1, 1), 0.05), ((8, 16, 16), 0.05))
    net, neurons, dense = cnn(channels)
    plane = np.random.default_rng(0).normal(size=(3, 1, 28, 28))
    window = (-size, size, -size, size)
    flat = [part.ravel() for part in plane]
    race = bench.race(
        lambda: lr.plane_regions(net, *plane, window),
        lambda: twins.plane_polygons(dense, *flat, window),
    )
    count = race.found.count
    assert count == len(race.their_found[0])
    bench.record(
        race,
        "linear_regions.plane_regions",
        f"the {count:,} regions in a plane, CNN with 784 inputs and {neurons:,} "
        "neurons",
        beside="plain loop over its dense matrices",
        accuracy="exact",
        their_accuracy="exact",
        least=10,
    )


class Block(nn.Module):
    """Two convolutions and a skip, as He et al. 2016 have them."""

    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.skip = nn.Identity()
        if stride > 1:
            conv = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.skip = nn.Sequential(conv, nn.BatchNorm2d(n_out))

    def forward(self, x):
        h = self.relu(self.norm1(self.conv1(x)))
        return self.relu(self.norm2(self.conv2(h)) + self.skip(x))


def resnet18(width):
    """ResNet-18 of He et al. 2016 (width 64), in eval mode, at He initialisation."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)]
    layers += [nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    n_in = width
    for n_out in (width, 2 * width, 4 * width, 8 * width):
        layers += [Block(n_in, n_out, n_out // n_in), Block(n_out, n_out, 1)]
        n_in = n_out
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_in, 1000)]
    net = nn.Sequential(*layers)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
    return net.eval()


def test_line_of_a_resnet(bench):
    """From one image of noise a twentieth of the way to another.

    Beside it 1000 forward passes in float64, one point after the other: what a grid of
    that many points on the line would take.
    """
    width, passes = bench.size((4, 3), (64, 1000))
    net = resnet18(width)
    start, end = np.random.default_rng(0).normal(size=(2, 3, 32, 32))
    end = start + (end - start) / 20
    double = copy.deepcopy(net).double()
    points = torch.as_tensor(np.linspace(start, end, passes))

    def grid():
        with torch.no_grad():
            return [double(x[None]) for x in points]

    race = bench.race(lambda: lr.line_regions(net, start, end), grid)
    line = race.found
    assert len(line.t) > 10
    at_start, last = line.intercept[0], line.slope[-1] + line.intercept[-1]
    for ours, theirs in ((at_start, 0), (last, -1)):
        wanted = race.their_found[theirs][0].numpy()
        np.testing.assert_allclose(ours, wanted, atol=1e-9 * np.abs(wanted).max())
    bench.record(
        race,
        "linear_regions.line_regions",
        f"the {len(line.t):,} breakpoints on a line of length "
        f"{np.linalg.norm(end - start):.1f}, ResNet-18, 32 × 32 inputs",
        beside=f"{passes:,} forward passes, which find none exactly",
        accuracy="exact",
        their_accuracy="a grid",
    )


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
        f"the {race.found.count:,} regions in a plane, network {named(width)}, cuda",
        beside="the same on the processor",
        accuracy="exact",
        their_accuracy="exact",
    )

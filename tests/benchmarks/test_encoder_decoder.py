"""Speed of frames, cones and pieces: ours beside autograd, plain loops and chapter 1.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds, the
least of a few repeats, with one thread; each test prints its ratio.
"""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from helpers import encoder_decoder as ed
from helpers import linear_regions

from .timing import seconds


@pytest.mark.parametrize(
    ("size", "skip"), [(1024, True), ((32, 32), False), ((32, 32), True)]
)
def test_frames_beside_jacrev(benchmark, say, size, skip):
    """64 inputs of 1024 samples, Jacobians included; jacrev on 8 of them, 8 times."""
    net = ed.EncoderDecoder(size, (1, 4, 8), skip=skip, seed=0)
    x = np.random.default_rng(0).normal(size=(64, 1024))

    def ours():
        return ed.frames(net, x)

    def dense():
        return [frame.jacobian for frame in frames]

    jacobians = torch.func.vmap(torch.func.jacrev(net), chunk_size=8)
    made, frames = seconds(ours, 2)
    multiplied, found = seconds(dense, 2)
    part, eight = seconds(lambda: jacobians(torch.as_tensor(x[:8])).detach(), 1)
    assert np.allclose(found[7], eight[7])
    ratio = 8 * part / (made + multiplied)
    say(
        f"frames at 64 inputs, {size}, skip {skip}, {frames[0].n_atoms} atoms: "
        f"{made:.2f} s, Jacobians {multiplied:.2f} s; jacrev {8 * part:.0f} s, "
        f"ratio {ratio:.0f}"
    )
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(ours, rounds=1)
    assert ratio > 3


def plain_count(normals):
    """The recursion down to one dimension, one hyperplane at a time."""
    rows = []
    for normal in normals:
        unit = normal / np.linalg.norm(normal)
        if all(abs(unit @ other) < 1 - 1e-12 for other in rows):
            rows.append(unit)
    if normals.shape[1] == 1 or len(rows) < 2:
        return 2 if rows else 1
    total = 2
    for i, row in enumerate(rows[1:], 1):
        basis = np.linalg.svd(row[None])[2][1:]
        total += plain_count(np.array(rows[:i]) @ basis.T)
    return total


def test_cones_beside_the_plain_recursion(benchmark, say):
    """The largest case: 24 hyperplanes in four dimensions."""
    net = ed.EncoderDecoder(4, (1, 4), 3, skip=True, seed=0)
    normals = ed.cone_normals(net)
    fast, count = seconds(lambda: ed.count_cones(normals), 5)
    slow, plain = seconds(lambda: plain_count(normals), 1)
    assert count == plain == 3666
    say(
        f"{count} cones: {fast * 1e3:.1f} ms, plain recursion {slow:.2f} s, "
        f"ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(lambda: ed.count_cones(normals), rounds=3)
    assert fast < 1
    assert slow > 5 * fast


def test_pieces_beside_chapter_1_on_the_same_network(benchmark, say):
    """A segment, through convolutions and through the dense MLP."""
    net = ed.EncoderDecoder(64, (1, 8, 16), skip=True, seed=0)
    start, end = np.random.default_rng(0).normal(size=(2, 64))
    mlp = ed.as_mlp(net)

    def ours():
        return ed.pieces_on_segment(net, start, end)

    fast, found = seconds(ours, 3)
    slow, line = seconds(lambda: linear_regions.line_regions(mlp, start, end), 3)
    assert found.count == len(line.t) + 1
    say(
        f"{found.count} pieces on a segment: {fast:.2f} s, chapter 1 on the MLP "
        f"{slow:.2f} s, ratio {slow / fast:.2f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=1)
    assert fast < 3 * slow


def test_sure_beside_the_trace_of_jacrev(benchmark, say):
    net = ed.EncoderDecoder(256, (1, 8, 8), skip=True, seed=0)
    y = np.random.default_rng(0).normal(size=(64, 256))
    jacobians = torch.func.vmap(torch.func.jacrev(net), chunk_size=8)

    def autograd():
        return torch.einsum("tii->t", jacobians(torch.as_tensor(y))).detach()

    fast, found = seconds(lambda: ed.sure(net, y, 1.0), 3)
    slow, traces = seconds(autograd, 1)
    loss = (net(torch.as_tensor(y)).detach() - y).square().mean(1)
    assert np.allclose(found, loss - 1 + 2 * traces / 256)
    say(f"SURE of 64 signals: {fast:.2f} s, jacrev {slow:.1f} s, {slow / fast:.0f}")
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(lambda: ed.sure(net, y, 1.0), rounds=1)
    assert slow > 3 * fast


class Plain(nn.Module):
    """The same architecture from torch's own modules."""

    def __init__(self, channels, taps):
        super().__init__()
        pairs = list(pairwise(channels))
        kind = {"padding": taps // 2, "padding_mode": "circular", "bias": False}
        self.encoder = nn.ModuleList(nn.Conv1d(p, q, taps, **kind) for p, q in pairs)
        self.decoder = nn.ModuleList(
            nn.Conv1d(2 * q, p, taps, **kind) for p, q in pairs
        )
        self.pool, self.up = nn.AvgPool1d(2), nn.Upsample(scale_factor=2)

    def forward(self, x):
        h, kept = x[:, None], []
        for conv in self.encoder:
            z = conv(h)
            kept.append(z.relu())
            h = self.pool(z).relu()
        for level in reversed(range(len(kept))):
            h = self.decoder[level](torch.cat([self.up(h), kept[level]], dim=1))
            h = h.relu() if level else h
        return h[:, 0]


def test_a_training_step_beside_torchs_modules(benchmark, say):
    x = torch.randn(32, 64)
    ours = ed.EncoderDecoder(64, (1, 8, 8, 8), skip=True, seed=0, dtype=torch.float32)
    times = []
    for net in (ours, Plain((1, 8, 8, 8), 3)):

        def step(net=net):
            for _ in range(50):
                (net(x) - x).square().mean().backward()

        times.append(seconds(step, 3)[0] / 50)
    say(
        f"forward and backward: {times[0] * 1e3:.1f} ms, torch's modules "
        f"{times[1] * 1e3:.1f} ms, ratio {times[1] / times[0]:.2f}"
    )
    benchmark.extra_info["ratio"] = times[1] / times[0]
    benchmark.pedantic(lambda: ours(x), rounds=3)
    assert times[0] < 2 * times[1]

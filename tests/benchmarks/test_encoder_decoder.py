"""Speed of frames, cones and pieces: beside autograd, plain loops and chapter 1."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from helpers import encoder_decoder as ed
from helpers import linear_regions

from .bench import Side


@pytest.mark.parametrize(
    ("size", "skip"), [(1024, True), ((32, 32), False), ((32, 32), True)]
)
def test_frames_beside_jacrev(bench, size, skip):
    """Inputs of 1024 samples, Jacobians included; jacrev computes an eighth of them."""
    n = bench.size(8, 64)
    if not bench.full:
        size = 16 if size == 1024 else (8, 8)
    net = ed.EncoderDecoder(size, (1, 4, 8), skip=skip, seed=0)
    x = np.random.default_rng(0).normal(size=(n, np.prod(size)))
    jacobians = torch.func.vmap(torch.func.jacrev(net), chunk_size=8)
    race = bench.race(
        lambda: [frame.jacobian for frame in ed.frames(net, x)],
        Side(lambda: jacobians(torch.as_tensor(x[: n // 8])).detach(), share=1 / 8),
    )
    np.testing.assert_allclose(race.found[: n // 8], race.their_found, atol=1e-8)
    bench.record(
        race,
        "encoder_decoder.frames",
        f"frames and Jacobians at {n} inputs of size {size}, "
        f"{'with' if skip else 'without'} skip",
        beside="torch.func.jacrev",
        accuracy="the same within rounding",
        least=3,
    )


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


def test_cones_beside_the_plain_recursion(bench):
    """The largest case: 24 hyperplanes in four dimensions."""
    channels, count = bench.size(((1, 1), None), ((1, 4), 3666))
    net = ed.EncoderDecoder(4, channels, 3, skip=True, seed=0)
    normals = ed.cone_normals(net)
    race = bench.race(lambda: ed.count_cones(normals), lambda: plain_count(normals))
    assert race.found == race.their_found
    assert count in (None, race.found)
    bench.record(
        race,
        "encoder_decoder.count_cones",
        f"the {race.found:,} cones of {len(normals)} hyperplanes in 4 dimensions",
        beside="plain recursion",
        accuracy="exact",
        their_accuracy="exact",
        least=5,
        within=1,
    )


def test_pieces_beside_chapter_1_on_the_same_network(bench):
    """A segment, through convolutions and through the dense MLP."""
    size, channels = bench.size((8, (1, 2)), (64, (1, 8, 16)))
    net = ed.EncoderDecoder(size, channels, skip=True, seed=0)
    start, end = np.random.default_rng(0).normal(size=(2, size))
    mlp = ed.as_mlp(net)
    race = bench.race(
        lambda: ed.pieces_on_segment(net, start, end),
        lambda: linear_regions.line_regions(mlp, start, end),
    )
    assert race.found.count == len(race.their_found.t) + 1
    bench.record(
        race,
        "encoder_decoder.pieces_on_segment",
        f"the {race.found.count:,} pieces on a segment, {size} samples",
        beside="linear_regions.line_regions on the same network written as an MLP",
        accuracy="exact",
        their_accuracy="exact",
        least=1 / 3,
    )


def test_sure_beside_the_trace_of_jacrev(bench):
    size, n = bench.size((16, 4), (256, 64))
    net = ed.EncoderDecoder(size, (1, 8, 8), skip=True, seed=0)
    y = torch.as_tensor(np.random.default_rng(0).normal(size=(n, size)))
    jacobians = torch.func.vmap(torch.func.jacrev(net), chunk_size=8)

    def autograd():
        loss = (net(y) - y).square().mean(1)
        divergence = torch.einsum("tii->t", jacobians(y))
        return (loss - 1 + 2 * divergence / size).detach()

    race = bench.race(lambda: ed.sure(net, y, 1.0), autograd)
    np.testing.assert_allclose(race.found, race.their_found)
    bench.record(
        race,
        "encoder_decoder.sure",
        f"SURE of {n} signals of {size} samples",
        beside="trace of torch.func.jacrev",
        accuracy="the same within 1e-7",
        least=3,
    )


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


def test_a_training_step_beside_torchs_modules(bench):
    n, size = bench.size((4, 16), (32, 64))
    channels = (1, 8, 8, 8)
    x = torch.randn(n, size)
    ours = ed.EncoderDecoder(size, channels, skip=True, seed=0, dtype=torch.float32)
    plain = Plain(channels, 3)

    def step(net):
        outputs = net(x)
        (outputs - x).square().mean().backward()
        return outputs

    race = bench.race(lambda: step(ours), lambda: step(plain))
    assert race.found.shape == race.their_found.shape
    bench.record(
        race,
        "encoder_decoder.EncoderDecoder",
        f"forward and backward, {n} signals of {size} samples, channels {channels}",
        beside="the same architecture from torch's modules",
        least=0.5,
    )

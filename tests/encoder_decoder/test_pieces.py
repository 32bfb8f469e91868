"""Pieces against those of chapter 1, against bisection, and against lines by hand."""

import numpy as np
import pytest
import torch
from encoder_decoder.cases import SMOOTH, inputs, jacobian, network

from helpers import encoder_decoder as ed
from helpers import linear_regions
from helpers.encoder_decoder.pieces import _knots


@pytest.mark.parametrize(("shape", "pooling", "skip"), SMOOTH)
def test_pieces_on_a_segment_are_those_of_chapter_1(shape, pooling, skip):
    net = network(shape, pooling=pooling, skip=skip)
    start, end = inputs(net, 2, seed=3)
    pieces = ed.pieces_on_segment(net, start, end)
    line = linear_regions.line_regions(ed.as_mlp(net), start, end)
    np.testing.assert_allclose(pieces.t, line.t, atol=1e-12)
    assert pieces.linear_count == 1 + line.bends.sum()
    assert pieces.count == len(line.t) + 1 > 5
    np.testing.assert_allclose(pieces.derivatives[:, 0], line.slope, atol=1e-10)


@pytest.mark.parametrize(("shape", "pooling", "skip"), SMOOTH)
def test_pieces_on_a_plane_are_those_of_chapter_1(shape, pooling, skip):
    net = network(shape, pooling=pooling, skip=skip)
    u, v = inputs(net, 2, seed=4)
    pieces = ed.pieces_on_plane(net, u, v)
    plane = linear_regions.plane_regions(
        ed.as_mlp(net), np.zeros(net.n_in), u, v, (-1, 1, -1, 1)
    )
    assert pieces.count == plane.count
    assert pieces.linear_count == plane.linear_count
    for middle, maps in zip(pieces.middles[:3], pieces.derivatives[:3], strict=True):
        both = jacobian(net, middle) @ np.stack([u, v]).T
        np.testing.assert_allclose(maps.T, both, atol=1e-12)


def signs(net, points):
    margins = net.trace(torch.as_tensor(points)).margins
    return np.hstack([margin.numpy() > 0 for margin in margins])


@pytest.mark.parametrize("shape", ["line", "even", "image"])
def test_pieces_with_maxima_against_bisection(shape):
    """Every change of pattern, found by halving; and a change at every breakpoint."""
    net = network(shape, pooling="max", skip=True)
    start, end = inputs(net, 2, seed=5)
    pieces = ed.pieces_on_segment(net, start, end)
    grid = np.linspace(0, 1, 4001)
    for _ in range(25):
        pattern = signs(net, start + grid[:, None] * (end - start))
        changed = (pattern[1:] != pattern[:-1]).any(axis=1) & (np.diff(grid) > 1e-9)
        if not changed.any():
            break
        halves = (grid[1:] + grid[:-1])[changed] / 2
        grid = np.sort(np.concatenate([grid, halves]))
    pattern = signs(net, start + grid[:, None] * (end - start))
    jumps = grid[1:][(pattern[1:] != pattern[:-1]).any(axis=1)]
    assert len(jumps) == len(pieces.t) > 20
    np.testing.assert_allclose(jumps, pieces.t, atol=2e-9)
    sides = [pieces.t + step for step in (1e-8, -1e-8)]
    beside = [signs(net, start + t[:, None] * (end - start)) for t in sides]
    assert (beside[0] != beside[1]).any(axis=1).all()


@pytest.mark.parametrize("skip", [False, True])
def test_one_level_cuts_a_plane_into_two_sectors_a_gate(skip):
    for seed in range(3):
        net = ed.EncoderDecoder(8, (1, 4), 3, skip=skip, seed=seed)
        u, v = np.random.default_rng(seed).normal(size=(2, 8))
        pieces = ed.pieces_on_plane(net, u, v)
        assert pieces.count == 2 * ed.pattern_bits(net).gates
        normals = ed.cone_normals(net) @ np.stack([u, v]).T
        angles = np.arctan2(-normals[:, 0], normals[:, 1]) % np.pi
        expected = np.sort(np.concatenate([angles, angles + np.pi]))
        np.testing.assert_allclose(pieces.t, expected, atol=1e-12)
        assert ed.count_cones(normals) == pieces.count


def test_the_middles_lie_inside_the_pieces():
    net = network("line", skip=True)
    u, v = inputs(net, 2)
    pieces = ed.pieces_on_plane(net, u, v)
    middles = np.unique(signs(net, pieces.middles), axis=0)
    assert len(middles) <= pieces.count == len(pieces.t)
    angles = np.arctan2(*(np.linalg.pinv(np.stack([u, v]).T) @ pieces.middles.T)[::-1])
    before = np.roll(pieces.t, 1)
    before[0] -= 2 * np.pi
    inside = (angles - before) % (2 * np.pi) < (pieces.t - before)
    assert inside.all()


def test_pieces_that_do_the_same_are_counted_once():
    net = network("line", skip=True)
    with torch.no_grad():
        for part in (net.decoder[0], net.decoder_skip[0]):
            part.zero_()
    u, v = inputs(net, 2)
    plane, segment = ed.pieces_on_plane(net, u, v), ed.pieces_on_segment(net, u, v)
    assert plane.linear_count == segment.linear_count == 1 < segment.count
    assert repr(segment) == f"Pieces(count={segment.count})"
    linear = network("line", activation="linear")
    for pieces in (
        ed.pieces_on_plane(linear, u, v),
        ed.pieces_on_segment(linear, u, v),
    ):
        assert pieces.count == pieces.linear_count == 1
        assert len(pieces.t) == 0


def test_float32_networks_are_counted_in_float64():
    net = network("line", skip=True, dtype=torch.float32)
    u, v = inputs(net, 2)
    pieces = ed.pieces_on_plane(net, u, v)
    assert pieces.count == ed.pieces_on_plane(net.double(), u, v).count
    assert net.encoder[0].requires_grad


def test_a_knot_at_an_end_or_twice_is_one_knot():
    """Two equal units, and one that vanishes at the start."""
    net = network("line")
    with torch.no_grad():
        net.encoder[0][1] = net.encoder[0][0]
    u, v = inputs(net, 2)
    t = _knots(net, lambda t: torch.as_tensor(u) * (1 - t[:, None])
               + torch.as_tensor(v) * t[:, None])  # fmt: skip
    assert (t.diff() > 1e-12).all()
    assert (float(t[0]), float(t[-1])) == (0, 1)


NET, X = network("line", skip=True), np.ones(16)
BAD = [
    (lambda: ed.pieces_on_segment(NET, X, X), "start and end must differ"),
    (lambda: ed.pieces_on_segment(NET, X[None], X), "start must have shape [16]"),
    (lambda: ed.pieces_on_plane(NET, X, -2 * X), "u and v must span a plane"),
    (lambda: ed.pieces_on_plane(NET, X, 0 * X), "u and v must span a plane"),
    (
        lambda: ed.pieces_on_plane(network(pooling="switch"), X, X),
        "network must be continuous, got pooling 'switch'",
    ),
    (lambda: ed.pieces_on_plane(NET, X, X[:3]), "v must have shape [16] or"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

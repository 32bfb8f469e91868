"""Paths read at any t: order, continuity, barrier, certificate."""

import math

import numpy as np
import pytest
import torch
from sublevel_sets.cases import A, B, X, Y, half_mse, nets, parameters, sample

from helpers import sublevel_sets as ss


def test_certificate_says_what_was_met(case):
    *_, path = case
    t, found = path.grid(21), path.certificate(21)
    assert found.barrier == pytest.approx(ss.barrier(path), abs=1e-11)
    assert found.norm == pytest.approx(path.norm(t).max())
    assert found.points == 21 * len(path.segments)
    assert found.singular_value > 0.01


@pytest.mark.parametrize("weak", [0, 1, 2])
def test_smallest_singular_value_is_that_of_the_inverted_weights(weak):
    """Of every layer above the first, which is solved for, whichever has it."""
    a, b = nets((12, 9, 6, 2), seed=1)
    with torch.no_grad():
        a[2 * weak].weight *= 0.01
    path = ss.connecting_path(a, b, *sample(10, (12, 2)))
    weights = [layer.weight.detach() for net in (a, b) for layer in net[2::2]]
    least = min(torch.linalg.svdvals(w).min().item() for w in weights)
    assert path.certificate().singular_value == pytest.approx(least, rel=1e-9)
    assert path.certificate().points == 84


def test_the_gap_is_what_was_welded():
    """Rounding alone on a true path; a segment that is too long shows its excess."""
    path = ss.connecting_path(*nets((4, 24, 8, 5, 3)), *sample(12, (4, 3)))
    assert 0 < path.certificate().gap < 1e-9
    turn = next(segment for segment in path.segments if segment.name == "turn")
    assert turn.reversed().gap == turn.gap
    longer = ss.Segment("long", "free", lambda t: [1.5 * p for p in turn.curve(t)])
    welded = longer.welded(turn.at(0), turn.at(1))
    ends = [np.abs(p).max() for t in (0, 1) for p in turn.at(t)]
    assert longer.gap == 0
    assert welded.gap == pytest.approx(0.5 * max(ends))
    for p, q in zip(welded.at(1), turn.at(1), strict=True):
        np.testing.assert_allclose(p, q, atol=1e-12)


def test_barrier_is_the_climb_above_the_higher_end():
    x, y = sample(9, (4, 3))
    a, b = (ss.descent_path(net, x, y).network(0.9) for net in nets((4, 12, 3)))
    path = ss.linear_path(a, b, x, y)
    losses = [half_mse(path.network(t), x, y) for t in np.linspace(0, 1, 201)]
    expected = max(losses) - max(losses[0], losses[-1])
    assert ss.barrier(path) == pytest.approx(expected)
    assert expected > 0.1
    other = sample(20, (4, 3), seed=9)
    losses = [half_mse(path.network(t), *other) for t in np.linspace(0, 1, 201)]
    climb = max(losses) - max(losses[0], losses[-1])
    assert ss.barrier(path, *other) == pytest.approx(climb)
    assert path.loss(0.5, *other) == pytest.approx(half_mse(path.network(0.5), *other))


def test_values_follow_the_order_of_t():
    path = ss.connecting_path(*nets((4, 24, 5, 3)), *sample(12, (4, 3)))
    t = np.array([0.9, 0.1, 0.55, 0.1])
    assert path(t).shape == (4, len(path(0.2)))
    assert path.outputs(t).shape == (4, 12, 3)
    assert path.outputs(0.4).shape == (12, 3)
    for found in (path, path.loss, path.norm, path.outputs):
        np.testing.assert_array_equal(found(t), [found(s) for s in t])
    assert np.ndim(path.loss(0.5)) == 0
    np.testing.assert_allclose(path(0.3), parameters(path.network(0.3)), rtol=1e-14)
    assert repr(path).startswith("Path(")


def test_a_broken_path_gets_no_certificate():
    path = ss.connecting_path(*nets((4, 24, 5, 3)), *sample(12, (4, 3)))
    holes = [
        path.segments[:-1],
        path.segments[1:],
        path.segments[:3] + path.segments[4:],
    ]
    for segments in holes:
        broken = ss.Path(
            segments, path.shape, path.ends, path.x, path.y, path.loss_name
        )
        assert broken.certificate().jump > 1e-3


def test_welding_moves_a_piece_to_where_it_should_start_and_end():
    a, b = nets((4, 24, 5, 3))
    piece = ss.linear_path(a, b, *sample(12, (4, 3))).segments[0]
    start = tuple(layer + 1e-9 for layer in piece.at(0))
    end = (piece.at(1)[0] - 1e-9, *piece.at(1)[1:])
    welded = piece.welded(start, end)
    for t, wanted in ((0, start), (1, end)):
        for p, q in zip(welded.at(t), wanted, strict=True):
            np.testing.assert_allclose(p, q, rtol=0, atol=1e-15)
    half = zip(welded.at(0.5), piece.at(0.5), strict=True)
    moved = [float(np.mean(p - q)) for p, q in half]
    np.testing.assert_allclose(
        moved, [0, 5e-10, 5e-10, 5e-10][: len(moved)], atol=1e-14
    )
    assert (welded.name, welded.kind) == (piece.name, piece.kind)


BAD = [
    (
        lambda: ss.linear_path(A, B, X, Y)(1.2),
        r"t must be a number or numbers in \[0, 1\]",
    ),
    (lambda: ss.linear_path(A, B, X, Y)(math.nan), "t must be a number"),
    (lambda: ss.linear_path(A, B, X, Y)([]), "t must be a number"),
    (lambda: ss.linear_path(A, B, X, Y).loss(0, X), "x and y must be given together"),
    (lambda: ss.linear_path(A, B, X, Y).outputs(0, X[:, :1]), "x must be finite"),
    (
        lambda: ss.linear_path(A, B, X, Y).grid(1),
        "points must be an integer >= 2, got 1",
    ),
    (lambda: ss.linear_path(A, B, X, Y).certificate(1), "points must be an integer"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

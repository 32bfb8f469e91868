"""The straight line and the trained curve between two networks."""

import math

import numpy as np
import pytest
from sublevel_sets.cases import A, B, X, Y, nets, parameters, sample

from helpers import sublevel_sets as ss


def test_straight_line_is_straight():
    a, b = nets((4, 6, 3))
    path = ss.linear_path(a, b, *sample(9, (4, 3)))
    t = np.array([0.7, 0.0, 1.0, 0.25])
    line = np.outer(1 - t, parameters(a)) + np.outer(t, parameters(b))
    np.testing.assert_allclose(path(t), line, rtol=1e-12)
    np.testing.assert_allclose(path.norm(t), np.linalg.norm(line, axis=1))
    length = np.linalg.norm(parameters(a) - parameters(b))
    np.testing.assert_allclose(
        path.distance(np.linspace(0, 1, 5)), length * np.arange(5) / 4
    )
    assert path.segments[0].kind == "free"


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
@pytest.mark.parametrize("bends", [1, 3])
def test_bezier_curve_keeps_its_ends_and_lowers_the_mean_loss(bends, loss):
    a, b = nets((4, 20, 3))
    x, y = sample(9, (4, 3))
    y = y if loss == "squared" else np.arange(9) % 3
    options = {"steps": 150, "bends": bends, "loss": loss, "progress": False}
    path = ss.bezier_path(a, b, x, y, seed=0, **options)
    np.testing.assert_allclose(path(0), parameters(a), rtol=1e-12)
    np.testing.assert_allclose(path(1), parameters(b), rtol=1e-12)
    t = np.linspace(0, 1, 101)
    straight = ss.linear_path(a, b, x, y, loss=loss)
    assert path.loss(t).mean() < 0.7 * straight.loss(t).mean()
    same, other = (ss.bezier_path(a, b, x, y, seed=s, **options)(0.5) for s in (0, 1))
    np.testing.assert_array_equal(path(0.5), same)
    assert not np.allclose(other, same)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_curves_side_by_side_are_those_trained_alone(loss):
    """To what rounding makes of 20 steps."""
    ways = []
    for seed in (0, 1, 2):
        x, y = sample(9, (4, 3), seed)
        y = y if loss == "squared" else (np.arange(9) + seed) % 3
        ways.append((*nets((4, 6, 3), seed=seed), x, y))
    options = {"steps": 20, "bends": 2, "loss": loss, "seed": 0, "progress": False}
    together = ss.bezier_paths(ways, **options)
    t = np.linspace(0, 1, 5)
    for way, path in zip(ways, together, strict=True):
        alone = ss.bezier_path(*way, **options)
        np.testing.assert_allclose(path(t), alone(t), rtol=1e-9, atol=1e-12)


BAD = [
    (
        lambda: ss.bezier_paths([(A, B, X, Y), (A, B, X[:-1], Y[:-1])], seed=0),
        "ways must be one or more, all of the same widths",
    ),
    (lambda: ss.bezier_paths([], seed=0), r"number of samples, got \[\]"),
    (
        lambda: ss.bezier_path(A, B, X, Y, bends=0, seed=0),
        "bends must be an integer >= 1, got 0",
    ),
    (
        lambda: ss.bezier_path(A, B, X, Y, steps=0, seed=0),
        "steps must be an integer >= 1, got 0",
    ),
    (
        lambda: ss.bezier_path(A, B, X, Y, lr=math.inf, seed=0),
        "lr must be finite and > 0",
    ),
    (lambda: ss.bezier_path(A, B, X, Y, lr=0, seed=0), "lr must be finite and > 0"),
    (lambda: ss.bezier_path(A, B, X, Y, bends=1.5, seed=0), "got 1.5"),
    (lambda: ss.bezier_path(A, B, X, Y, seed=-1), "seed must be an integer >= 0"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

"""Bounds that are attained, and heads that are blind exactly where they must be."""

import math

import numpy as np
import pytest
from greedy_layerwise.cases import network

from helpers import greedy_layerwise as gl


@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_proposition_3_2_is_attained(bias):
    """Layers that shrink by 1 - epsilon and lose epsilon of the bias, all on one ray.

    The distance is the bound up to a factor 1 - depth epsilon.
    """
    epsilon, depth = 1e-6, 50
    ray = np.array([0.6, 0.8])
    exact = rough = 3.0 * ray
    found = [0.0]
    for _ in range(depth):
        exact = np.maximum(exact + bias * ray, 0)
        rough = np.maximum((1 - epsilon) * rough + (bias - epsilon) * ray, 0)
        found.append(np.linalg.norm(exact - rough))
    bound = gl.error_bound(depth, epsilon, 3.0, bias)
    assert (np.array(found) <= bound + 1e-12).all()
    np.testing.assert_allclose(found[1:], bound[1:], rtol=depth * epsilon)


def test_the_bound_sums_to_its_closed_form():
    layers = np.arange(31)
    closed = 0.01 * (layers * (1 + 2.0) + 0.3 * layers * (layers - 1) / 2)
    np.testing.assert_allclose(gl.error_bound(30, 0.01, 2.0, 0.3), closed, atol=1e-12)
    unstable = gl.error_bound(30, 0.01, 2.0, 0.0, stability=1.1)
    closed = 0.03 * (1.1**layers - 1) / 0.1
    np.testing.assert_allclose(unstable, closed, rtol=1e-12)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"depth": 0}, "depth must be an integer >= 1, got 0"),
        ({"epsilon": -1.0}, "epsilon must be finite and >= 0, got -1.0"),
        ({"input_norm": math.inf}, "input_norm must be finite and >= 0, got inf"),
        ({"bias": math.nan}, "bias must be finite and >= 0, got nan"),
        ({"epsilon": 1e300, "input_norm": 1e10}, "must give a finite bound, got 1e"),
        ({"stability": 1e200}, "must give a finite bound, got 0.1"),
        ({"stability": -0.1}, "stability must be finite and >= 0, got -0.1"),
    ],
)
def test_a_bad_bound_is_refused(changed, told):
    given = {"depth": 3, "epsilon": 0.1, "input_norm": 1.0, "bias": 0.1}
    with pytest.raises(ValueError, match=told):
        gl.error_bound(**{**given, **changed})


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("distance", range(1, 8))
def test_a_head_is_blind_exactly_where_its_logits_add_up(k, distance):
    """f(00) + f(11) = f(01) + f(10) for a sum of functions of one pixel each.

    In float64, with leaky weights so that no unit is dead: rounding 1e-13, otherwise
    the difference is of the size of the weights to the power of the depth.
    """
    net = network(k, 4, 8, (1, 8, 8), downsample=()).double().eval()
    pair = gl.two_pixels(distance).x_train.double() * 3
    logits = net(pair).detach()
    gap = (logits[0] - logits[1] - logits[2] + logits[3]).abs().amax(0)
    expected = [gl.is_blind(layer, k, distance) for layer in range(1, 5)]
    assert (gap < 1e-12).tolist() == expected


def test_blind_heads_stay_above_log_2():
    recipe = gl.Recipe(epochs=60, batch_size=4, weight_decay=0.0)
    found = gl.train_greedy(
        gl.two_pixels(3), 2, 16, recipe=recipe, seed=0, progress=False, downsample=(),
        batch_norm=True,
    )  # fmt: skip
    blind, seeing = found.loss
    assert math.log(2) - 1e-6 <= blind < math.log(2) + 0.01
    assert seeing < 0.3


def test_two_pixels_and_their_exclusive_or():
    found = gl.two_pixels(5, 9)
    assert found.x_train.shape == (4, 1, 9, 9)
    assert found.y_train.tolist() == [0, 1, 1, 0]
    places = found.x_train[3, 0].nonzero().tolist()
    assert places == [[4, 2], [4, 7]]
    assert found.x_train.sum((1, 2, 3)).tolist() == [0, 1, 1, 2]


def test_bad_pixels_are_refused():
    with pytest.raises(ValueError, match="distance must be below side 8, got 8"):
        gl.two_pixels(8)
    with pytest.raises(ValueError, match="distance must be an integer >= 1, got 0"):
        gl.two_pixels(0)
    with pytest.raises(ValueError, match="k must be an integer >= 1, got 0"):
        gl.is_blind(1, 0, 3)

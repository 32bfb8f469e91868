"""The regions along a segment against slow twins, sampling and symmetries."""

import math

import numpy as np
import pytest
import twins
from linear_regions.cases import (
    NET,
    SHAPES,
    assert_says,
    ends,
    evaluate,
    every_net,
    every_shape,
    net_of,
    pattern,
)

from helpers import linear_regions as lr

# Against the twins. Both interpolate in float64, errors of a few 1e-15 times the number
# of layers; 1e-9 leaves room for lines that meet at a small angle.


@every_net
@every_shape
def test_line_breakpoints_equal_twin(shape, activation):
    net = net_of(shape, activation, n_in=5)
    start, end = ends(10, n_in=5)
    for p, q, t in zip(start, end, lr.line_breakpoints(net, start, end), strict=True):
        twin = twins.line_breakpoints(net, p, q)
        assert len(t) == len(twin)
        np.testing.assert_allclose(t, twin, atol=1e-9)


# Against sampling, and laws.


@every_net
def test_line_pieces_give_the_output(activation):
    net = net_of("square", activation, n_in=3, n_out=2)
    start, end = ends(1, n_in=3)[:, 0]
    line = lr.line_regions(net, start, end)
    t = np.linspace(0, 1, 501)
    piece = np.searchsorted(line.t, t)
    ours = line.slope[piece] * t[:, None] + line.intercept[piece]
    x = start + t[:, None] * (end - start)
    np.testing.assert_allclose(ours, evaluate(net, x), atol=1e-11)


def test_line_names_the_neuron_that_switches():
    net = net_of("uneven", n_in=3)
    start, end = ends(1, n_in=3)[:, 0]
    line = lr.line_regions(net, start, end)
    first = np.cumsum([0, *SHAPES["uneven"]])
    middles = np.convolve([0, *line.t, 1], [0.5, 0.5], mode="valid")
    change = np.diff(pattern(net, start + middles[:, None] * (end - start)), axis=0)
    np.testing.assert_array_equal(np.abs(change).sum(axis=1), 1)
    switched = np.argmax(np.abs(change), axis=1)
    np.testing.assert_array_equal(first[line.layer - 1] + line.neuron, switched)


def test_batch_equals_single_lines():
    net = net_of("square", n_in=6)
    start, end = ends(70, n_in=6)  # more than two blocks
    for kind in ("linear", "activation"):
        batch = lr.count_line_regions(net, start, end, kind)
        single = [
            lr.count_line_regions(net, p, q, kind)
            for p, q in zip(start, end, strict=True)
        ]
        assert batch.dtype == np.int64
        assert batch.tolist() == single


@every_net
def test_networks_together_equal_each_alone(activation):
    """40 networks are two blocks; sums of a row may be rounded otherwise."""
    nets = [net_of("uneven", activation, n_in=5, seed=seed) for seed in range(40)]
    start, end = ends(40, n_in=5)
    for first, last in ((start, end), (start[0], end[0])):
        together = lr.line_regions(nets, first, last)
        segments = (np.broadcast_to(point, end.shape) for point in (first, last))
        for net, p, q, ours in zip(nets, *segments, together, strict=True):
            alone = lr.line_regions(net, p, q)
            np.testing.assert_array_equal(ours.layer, alone.layer)
            np.testing.assert_array_equal(ours.neuron, alone.neuron)
            np.testing.assert_allclose(ours.t, alone.t, atol=1e-12)
            np.testing.assert_allclose(ours.slope, alone.slope, atol=1e-10)


def test_networks_whose_path_is_parted_equal_each_alone():
    """24 lines of 200 knots before 64 neurons: a part begins at a later network."""
    nets = [net_of([200, 64], n_in=1, seed=seed, sigma_b=1.0) for seed in range(24)]
    together = lr.line_breakpoints(nets, [-1e4], [1e4])
    for net, t in zip(nets, together, strict=True):
        alone = lr.line_breakpoints(net, [-1e4], [1e4])
        np.testing.assert_allclose(t, alone, atol=1e-12)


def test_list_of_one_network_gives_a_list():
    net = net_of("square", n_in=3)
    start, end = ends(1, n_in=3)[:, 0]
    (line,) = lr.line_regions([net], start, end)
    np.testing.assert_array_equal(line.t, lr.line_breakpoints(net, start, end))
    assert lr.count_line_regions([net], start, end).shape == (1,)


def test_reversed_segment_has_mirrored_breakpoints():
    net = net_of("deep", seed=1)
    start, end = ends(1)[:, 0]
    there, back = (lr.line_breakpoints(net, *e) for e in ((start, end), (end, start)))
    assert len(there) > 5
    np.testing.assert_allclose(there, 1 - back[::-1], atol=1e-12)


def test_breakpoints_of_two_halves_add_up():
    net = net_of("square")
    start, end = ends(1)[:, 0]
    cut = start + 0.37 * (end - start)
    halves = [lr.line_breakpoints(net, *e) for e in ((start, cut), (cut, end))]
    joined = np.concatenate([0.37 * halves[0], 0.37 + 0.63 * halves[1]])
    np.testing.assert_allclose(lr.line_breakpoints(net, start, end), joined, atol=1e-12)


TWO = np.zeros((2, 2))
ERRORS = [
    (lambda: lr.line_regions(NET, [0, 0, 0], [1, 1, 1]),
     "start must have shape [2] or [m, 2] (the network has 2 inputs), got [3]"),
    (lambda: lr.line_regions(NET, [0, 0], [math.inf, 1]),
     "end must be finite, got NaN or infinity"),
    (lambda: lr.line_regions(NET, [0, 0], TWO),
     "start and end must have the same shape, got [2] and [2, 2]"),
    (lambda: lr.line_regions(NET, TWO, np.eye(2) * [1, 0]),
     "start and end must differ, got a segment of length 0"),
    (lambda: lr.line_regions([], [0, 0], [1, 1]),
     "net must be a network or a list of them, got an empty list"),
    (lambda: lr.line_regions([NET] * 3, TWO, TWO + 1),
     "start must be one segment or one for each of the 3 networks, got 2"),
    (lambda: lr.line_regions([NET, net_of([4])], [0, 0], [1, 1]),
     "networks must be of one architecture: the same layers, of the same sizes; "
     "network 1 is not as network 0"),
    (lambda: lr.line_regions([NET, net_of([3], "leaky")], [0, 0], [1, 1]),
     "networks must be of one architecture"),
    (lambda: lr.line_regions([NET, net_of([3, 3])], [0, 0], [1, 1]),
     "networks must be of one architecture"),
    (lambda: lr.count_line_regions(NET, [0, 0], [1, 1], "affine"),
     "kind must be 'linear' or 'activation', got 'affine'"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)

"""Connecting paths and the descent, against torch, one network at a time."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import linalg
from sublevel_sets.cases import (
    CASES,
    LEAKY,
    LOOSE,
    RELU,
    A,
    B,
    X,
    Y,
    assert_level,
    features,
    half_mse,
    killed,
    nets,
    parameters,
    sample,
)
from torch import nn

from helpers import sublevel_sets as ss


def test_path_joins_the_networks_without_climbing(case):
    """Every network of the path is built anew and run by torch."""
    a, b, x, y, path = case
    losses = [half_mse(path.network(t), x, y) for t in path.grid(5)]
    ends = half_mse(a, x, y), half_mse(b, x, y)
    assert max(losses) - max(ends) <= LOOSE
    np.testing.assert_allclose((losses[0], losses[-1]), ends, rtol=1e-10)
    np.testing.assert_allclose(path.loss(path.grid(5)), losses, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(path(0), parameters(a), atol=1e-9)
    np.testing.assert_allclose(path(1), parameters(b), atol=1e-9)


def test_path_is_continuous(case):
    """Between neighbours on a grid the step shrinks with the grid, joints included."""
    path = case[-1]
    found = path.certificate()
    assert found.jump <= 1e-12 * found.norm
    coarse, fine = (
        np.linalg.norm(np.diff(path(path.grid(points)), axis=0), axis=1).max()
        for points in (201, 401)
    )
    assert fine <= 0.6 * coarse + 1e-9 * found.norm
    last = path.segments[-1].at(1)
    assert all(np.allclose(p, q) for p, q in zip(last, path.ends[1], strict=True))


def test_segments_are_what_they_say(case):
    """On all but one the training outputs stay, on that one they move straight."""
    a, b, x, _, path = case
    kinds = [segment.kind for segment in path.segments]
    assert kinds.count("convex") == 1
    assert set(kinds) <= {"constant", "convex"}
    share, count = np.linspace(0, 1, 6), len(kinds)
    tensor = torch.from_numpy(x)
    start, end = (net(tensor).detach().numpy() for net in (a, b))
    slide = kinds.index("convex")
    for number in range(count):
        outputs = path.outputs((number + share) / count)
        s = np.clip(share + number - slide, 0, 1)[:, None, None]
        np.testing.assert_allclose(outputs, (1 - s) * start + s * end, atol=1e-9)


def test_slide_has_the_loss_of_a_parabola(case):
    """(1-s) Phi_a + s Phi_b - s (1-s) |A - B|^2 / (2N): squares are quadratic."""
    a, b, x, y, path = case
    number = [segment.kind for segment in path.segments].index("convex")
    s = np.linspace(0, 1, 21)
    tensor = torch.from_numpy(x)
    distance = (a(tensor) - b(tensor)).square().sum().item()
    law = (1 - s) * half_mse(a, x, y) + s * half_mse(b, x, y)
    law -= s * (1 - s) * distance / (2 * len(x))
    found = path.loss((number + s) / len(path.segments))
    np.testing.assert_allclose(found, law, rtol=1e-9, atol=1e-11)


def test_one_hidden_layer_needs_a_slide_and_no_inverse():
    path = ss.connecting_path(*nets((2, 16, 3)), *sample(8, (2, 3)))
    names = [segment.name for segment in path.segments]
    assert not {"turn", "a: fade", "b: fade"} & set(names)
    assert names.count("slide") == 1
    assert path.certificate().singular_value == math.inf


def test_how_many_segments_it_takes():
    """4 for independent data, 10 at most for wide, 2 a neuron and some for exchange."""
    assert (
        len(ss.connecting_path(*nets((12, 9, 2)), *sample(10, (12, 2))).segments) == 4
    )
    x, y = sample(12, (4, 3))
    assert len(ss.connecting_path(*nets((4, 24, 5, 3)), x, y).segments) <= 10
    assert 22 < len(ss.connecting_path(*nets((4, 12, 5, 3)), x, y).segments) < 60
    names = [
        s.name
        for s in ss.connecting_path(*nets((12, 9, 2)), *sample(10, (12, 2))).segments
    ]
    assert names == ["a: fade", "turn", "slide", "b: fade"]


@pytest.mark.parametrize("name", CASES)
def test_networks_without_rank_are_joined_too(name):
    widths, n, activation, method = CASES[name]
    x, y = sample(n, widths, seed=6)
    for dead in ([0], [1], [len(widths) - 2], range(len(widths) - 1)):
        a, b = nets(widths, activation, seed=7)
        for pair in ((killed(a, *dead), b), (b, a), (a, a)):
            assert_level(ss.connecting_path(*pair, x, y, method))


def test_the_path_depends_on_its_seed_alone():
    a, b = nets((4, 24, 5, 3))
    killed(a, 0)
    x, y = sample(12, (4, 3))
    one, same, other = (ss.connecting_path(a, b, x, y, seed=s)(0.3) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_cross_entropy_does_not_climb_either():
    widths = (4, 24, 8, 5, 3)
    a, b = nets(widths)
    x, _ = sample(12, widths)
    y = np.arange(12) % 3
    path = ss.connecting_path(a, b, x, y, loss="cross_entropy")
    t = path.grid(5)
    tensor, classes = torch.from_numpy(x), torch.from_numpy(y)
    twin = [
        nn.functional.cross_entropy(path.network(s)(tensor), classes).item() for s in t
    ]
    np.testing.assert_allclose(path.loss(t), twin, rtol=1e-10)
    assert max(twin) - max(twin[0], twin[-1]) <= LOOSE


@pytest.mark.parametrize(
    ("widths", "n", "activation"),
    [
        ((12, 9, 6, 2), 10, LEAKY),
        ((12, 6, 6, 2), 10, LEAKY),
        ((4, 11, 8, 5, 3), 12, LEAKY),
        ((4, 30, 5, 5, 3), 12, LEAKY),
        ((2, 7, 3), 8, RELU),
    ],
)
@pytest.mark.parametrize("dead", [None, 0, 1])
def test_descent_is_a_parabola_down_to_zero(widths, n, activation, dead):
    a, _ = nets(widths, activation, seed=2)
    if dead is not None:
        killed(a, dead)
    x, y = sample(n, widths)
    path = ss.descent_path(a, x, y)
    t, count = path.grid(11), len(path.segments)
    s = np.clip(t * count - (count - 1), 0, 1)
    losses = np.array([half_mse(path.network(u), x, y) for u in t])
    start = half_mse(a, x, y)
    np.testing.assert_allclose(losses, (1 - s) ** 2 * start, atol=1e-10 * start)
    np.testing.assert_allclose(path(0), parameters(a), atol=1e-9)
    assert count == 1 or dead is not None or activation is RELU


def test_descent_leaves_what_the_data_do_not_see():
    """The kernel of [x, 1] in the first layer, that of W_2 in its features."""
    a, _ = nets((12, 9, 6, 2))
    x, y = sample(10, (12, 2))
    end = ss.descent_path(a, x, y).network(1)
    kernel = linalg.null_space(np.column_stack([x, np.ones(10)]))
    rows = [torch.column_stack([n[0].weight, n[0].bias]) for n in (a, end)]
    unseen = [row.detach().numpy() @ kernel for row in rows]
    np.testing.assert_allclose(*unseen, atol=1e-10)
    kernel = linalg.null_space(a[2].weight.detach().numpy())
    hidden = [features(net, x)[:, :-1] @ kernel for net in (a, end)]
    np.testing.assert_allclose(*hidden, atol=1e-10)


def test_float32_networks_and_tensors_are_read():
    a, b = (net.float() for net in nets((4, 24, 5, 3)))
    x, y = map(torch.from_numpy, sample(12, (4, 3)))
    assert ss.connecting_path(a, b, x, y).certificate().barrier <= LOOSE
    assert next(a.parameters()).dtype == torch.float32


def test_methods_are_those_that_are_offered():
    assert ss.METHODS == ("independent", "wide", "exchange")
    widths = (4, 24, 8, 3)
    a, b = nets(widths)
    x, y = sample(12, widths)
    auto = ss.connecting_path(a, b, x, y)
    wide = ss.connecting_path(a, b, x, y, "wide")
    assert [s.name for s in auto.segments] == [s.name for s in wide.segments]
    lengths = [
        len(ss.connecting_path(a, b, x, y, m).segments) for m in ("wide", "exchange")
    ]
    assert lengths[0] < lengths[1]
    for one, two in pairwise(auto.segments):
        for p, q in zip(one.at(1), two.at(0), strict=True):
            np.testing.assert_allclose(p, q, atol=1e-10)


BAD = [
    (lambda: ss.connecting_path(A, B, X, Y, seed=0.5), "seed must be .*got 0.5"),
    (lambda: ss.descent_path(A, X, Y, seed=True), "seed must be .*got True"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

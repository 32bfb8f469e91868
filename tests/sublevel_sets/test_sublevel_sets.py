"""Paths against torch, one network at a time; curves and heights by a second route."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import interpolate, linalg, optimize
from torch import nn

from helpers import networks
from helpers import sublevel_sets as ss
from helpers.sublevel_sets import bezier as _bezier
from helpers.sublevel_sets import full_rank, pyramid

LEAKY, RELU = nn.LeakyReLU(0.2), nn.ReLU()
LOOSE = 1e-9  # the barrier that rounding may make; measured 1e-12 and less


def nets(widths, activation=LEAKY, seed=0):
    """Two independent networks with biases."""
    return [
        networks.mlp(widths, activation, sigma_b=0.5, seed=2 * seed + k) for k in (0, 1)
    ]


def sample(n, widths, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))


def parameters(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach().double().numpy()


def half_mse(net, x, y):
    """The twin of the loss: torch, one network."""
    with torch.no_grad():
        error = net(torch.from_numpy(x)) - torch.from_numpy(y)
    return float(error.square().sum() / (2 * len(x)))


def rank(matrix):
    return np.linalg.matrix_rank(matrix, rtol=1e-10)


def features(net, x):
    """[H_1, 1] of a network, by torch."""
    with torch.no_grad():
        h = net[:2](torch.from_numpy(x)).numpy()
    return np.column_stack([h, np.ones(len(h))])


def assert_level(path):
    """Nothing moves but on the convex segment, and nothing jumps."""
    found = path.certificate()
    assert found.barrier <= LOOSE
    assert found.jump <= 1e-12 * found.norm
    count, share = len(path.segments), np.linspace(0.05, 0.95, 5)
    for number, segment in enumerate(path.segments):
        if segment.kind == "constant":
            outputs = path.outputs((number + share) / count)
            np.testing.assert_allclose(outputs, outputs[:1] + 0 * outputs, atol=1e-9)


# The cases: every method, depth, activation and loss for which there is a theorem.

CASES = {
    "independent": ((12, 9, 6, 2), 10, LEAKY, "auto"),
    "independent, one hidden layer": ((7, 4, 2), 8, LEAKY, "independent"),
    "wide": ((4, 24, 8, 5, 3), 12, LEAKY, "auto"),
    "wide, at its least width": ((4, 22, 8, 5, 3), 12, LEAKY, "wide"),
    "wide, flat slope": ((4, 24, 8, 5, 3), 12, nn.LeakyReLU(0.05), "auto"),
    "wide, one hidden layer": ((2, 16, 3), 8, LEAKY, "auto"),
    "wide, ReLU": ((2, 16, 3), 8, RELU, "auto"),
    "exchange, width N": ((4, 12, 8, 5, 3), 12, LEAKY, "auto"),
    "exchange, width N + 1": ((4, 13, 8, 5, 3), 12, LEAKY, "auto"),
    "exchange, width 2N": ((4, 24, 8, 5, 3), 12, LEAKY, "exchange"),
    "exchange, ReLU, width N": ((2, 8, 3), 8, RELU, "auto"),
    "exchange, one input": ((1, 9, 2), 9, RELU, "auto"),
    "one sample": ((3, 1, 1), 1, RELU, "exchange"),
    "two samples": ((3, 2, 1), 2, LEAKY, "wide"),
}


@pytest.fixture(params=CASES, scope="module")
def case(request):
    widths, n, activation, method = CASES[request.param]
    a, b = nets(widths, activation, seed=5)
    x, y = sample(n, widths, seed=6)
    return a, b, x, y, ss.connecting_path(a, b, x, y, method)


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


# Ranks that are missing


def killed(net, *layers):
    """The network with all weights and biases of these Linear layers at zero."""
    with torch.no_grad():
        for number in layers:
            net[2 * number].weight.zero_()
            net[2 * number].bias.zero_()
    return net


@pytest.mark.parametrize("name", CASES)
def test_networks_without_rank_are_joined_too(name):
    widths, n, activation, method = CASES[name]
    x, y = sample(n, widths, seed=6)
    for dead in ([0], [1], [len(widths) - 2], range(len(widths) - 1)):
        a, b = nets(widths, activation, seed=7)
        for pair in ((killed(a, *dead), b), (b, a), (a, a)):
            assert_level(ss.connecting_path(*pair, x, y, method))


def test_equal_rows_of_an_upper_weight_are_restored():
    a, b = nets((12, 9, 6, 3, 2), seed=3)
    x, y = sample(10, (12, 2))
    with torch.no_grad():
        a[4].weight[1:] = a[4].weight[:1]
        a[6].weight[1] = -2 * a[6].weight[0]
    path = ss.connecting_path(a, b, x, y)
    names = [segment.name for segment in path.segments]
    assert names[:4] == ["a: hand over", "a: redraw"] * 2
    assert_level(path)
    assert rank(path.network(4 / len(names))[4].weight.detach().numpy()) == 3


@pytest.mark.parametrize(("method", "width"), [("wide", 24), ("exchange", 12)])
def test_features_span_everything_before_the_slide(method, width):
    """From a first layer of zeros; the theorems need rank N under the solved layer."""
    a, b = nets((4, width, 5, 3))
    killed(a, 0)
    x, y = sample(12, (4, 3))
    path = ss.connecting_path(a, b, x, y, method)
    assert rank(features(a, x)) == 1
    slide = [segment.name for segment in path.segments].index("slide")
    middle = path.network((slide + 0.5) / len(path.segments))
    assert rank(features(middle, x)) == 12


def test_nearly_dependent_neurons_do_not_blow_up_an_exchange():
    """Two neurons of b differ by 1e-7: random ones take the place of one of them."""
    a, b = nets((2, 8, 3))
    x, y = sample(8, (2, 3))
    with torch.no_grad():
        b[0].weight[1] = b[0].weight[0] + 1e-7
        b[0].bias[1] = b[0].bias[0]
    found = ss.connecting_path(a, b, x, y).certificate()
    assert found.barrier <= LOOSE
    assert found.norm < 1e4


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


# The descent


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


# Solving for the first layer


def test_first_layer_gives_any_output():
    net, _ = nets((12, 9, 6, 2))
    x, y = sample(10, (12, 2))
    solved = ss.solve_first_layer(net, x, y)
    assert half_mse(solved, x, y) < 1e-18
    for old, new in zip(net[2::2], solved[2::2], strict=True):
        assert torch.equal(old.weight, new.weight)
        assert torch.equal(old.bias, new.bias)


def test_solved_first_layer_is_the_shortest_in_the_last_step():
    """[W_1, b_1] lies in the row space of [x, 1], as a pseudo-inverse makes it."""
    net, _ = nets((12, 5, 2))
    x, y = sample(10, (12, 2))
    first = ss.solve_first_layer(net, x, y)[0]
    rows = np.column_stack([x, np.ones(10)])
    kernel = linalg.null_space(rows)
    both = np.column_stack([first.weight.detach(), first.bias.detach()])
    np.testing.assert_allclose(both @ kernel, 0, atol=1e-10)


# Full rank


SHAPES = [(2, 1), (3, 2), (6, 5), (10, 3), (40, 7)]


@pytest.mark.parametrize(("p", "q"), SHAPES)
@pytest.mark.parametrize("kind", ["random", "mirror", "permuted", "same", "span"])
def test_curve_joins_and_keeps_the_singular_values(p, q, kind):
    rng = np.random.default_rng(p)
    start = rng.normal(size=(p, q))
    end = {
        "random": rng.normal(size=(p, q)),
        "mirror": -start,
        "permuted": start[rng.permutation(p)],
        "same": start,
        "span": start @ rng.normal(size=(q, q)),
    }[kind]
    t = np.linspace(0, 1, 101)
    found = ss.full_rank_curve(start, end)(t)
    np.testing.assert_allclose(found[0], start, atol=1e-12)
    np.testing.assert_allclose(found[-1], end, atol=1e-12)
    least = [np.linalg.svd(m, compute_uv=False)[-1] for m in (start, end)]
    values = np.linalg.svd(found, compute_uv=False)[:, -1]
    assert values.min() >= min(least) * (1 - 1e-10)
    steps = np.linalg.norm(np.diff(found, axis=0), axis=(1, 2))
    largest = np.linalg.norm(found, axis=(1, 2)).max()
    assert steps.max() <= 0.01 * (math.pi + 1) * largest  # turns by pi at most
    if kind == "same":
        np.testing.assert_allclose(found, np.broadcast_to(start, found.shape))


def test_curve_turns_evenly_as_the_matrix_exponential_does():
    """R^t = exp(t log R), by scipy's logarithm; R has no eigenvalue -1 here."""
    rng = np.random.default_rng(1)
    start, end = (np.linalg.qr(rng.normal(size=(6, 3)))[0] for _ in range(2))
    rotation = full_rank._completed(start, end)
    np.testing.assert_allclose(rotation @ start, end, atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    logarithm = np.real(linalg.logm(rotation))
    for t in (0.0, 0.3, 0.8, 1.0):
        twin = linalg.expm(t * logarithm) @ start
        np.testing.assert_allclose(
            full_rank._turn(start, end)(np.array([t]))[0], twin, atol=1e-9
        )


def test_square_matrices_have_no_such_curve():
    """p = q: the determinant may change sign, and a curve is singular where it does."""
    with pytest.raises(ValueError, match="more rows than columns"):
        ss.full_rank_curve(np.eye(3), -np.eye(3))


def test_independent_columns_rebuild_the_rest():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(6, 4)) @ rng.normal(size=(4, 9))
    kept, rest, c = full_rank.independent_columns(columns)
    assert rank(columns[:, kept]) == len(kept) == 4
    assert sorted([*kept, *rest]) == list(range(9))
    np.testing.assert_allclose(columns[:, kept] @ c, columns[:, rest], atol=1e-12)
    assert len(full_rank.independent_columns(np.zeros((3, 2)))[0]) == 0


# The obstruction at width N - 1


def interpolator(n, seed, activation=LEAKY, y=None):
    """A network of width N - 1 with zero loss, its data."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 3)), np.eye(n) if y is None else y
    net = networks.mlp((3, n - 1, y.shape[1]), activation, sigma_b=0.5, seed=seed)
    return ss.descent_path(net, x, y).network(1), x, y


@pytest.mark.parametrize("seed", range(4))
def test_determinant_sign_is_that_of_numpy_and_flips_with_a_swap(seed):
    net, x, _ = interpolator(5, seed)
    sign = np.sign(np.linalg.det(features(net, x)))
    assert ss.determinant_sign(net, x) == sign
    assert ss.determinant_sign(ss.swapped(net, 1, 3), x) == -sign
    assert ss.determinant_sign(killed(net, 0), x) == 0


def test_a_swap_keeps_the_function():
    net, x, _ = interpolator(5, 0)
    other = ss.swapped(net, 0, 2)
    assert not torch.equal(other[0].weight, net[0].weight)
    tensor = torch.from_numpy(x)
    torch.testing.assert_close(other(tensor), net(tensor))


def test_pass_height_is_the_distance_to_the_matrices_without_full_rank():
    """min over unit v of |v^T y|^2: the cheapest row combination to take away."""
    y = np.random.default_rng(0).normal(size=(3, 5))

    def cost(angles):
        v = [
            math.cos(angles[0]),
            math.sin(angles[0]) * math.cos(angles[1]),
            math.sin(angles[0]) * math.sin(angles[1]),
        ]
        return float(np.sum((v @ y) ** 2))

    starts = np.random.default_rng(1).uniform(0, math.pi, size=(10, 2))
    least = min(optimize.minimize(cost, start).fun for start in starts)
    assert ss.pass_height(y) == pytest.approx(least / 6, rel=1e-6)
    assert ss.pass_height(np.eye(4)) == pytest.approx(1 / 8)


@pytest.mark.parametrize("activation", [LEAKY, RELU])
@pytest.mark.parametrize("n", [3, 6])
def test_swap_path_climbs_to_the_height_of_the_pass_and_no_higher(n, activation):
    net, x, y = interpolator(n, 1, activation)
    path = ss.swap_path(net, x, y, 0, 1)
    found = path.certificate()
    assert found.barrier == pytest.approx(ss.pass_height(y), rel=1e-9)
    assert found.jump < 1e-12
    np.testing.assert_allclose(path(1), parameters(ss.swapped(net, 0, 1)), atol=1e-12)
    losses = [half_mse(path.network(t), x, y) for t in path.grid(5)]
    np.testing.assert_allclose(path.loss(path.grid(5)), losses, atol=1e-12)
    assert losses[4] == pytest.approx(losses[16]) == pytest.approx(1 / (2 * n))


def test_swap_path_of_other_targets_climbs_to_the_loss_without_the_neuron():
    rng = np.random.default_rng(0)
    net, x, y = interpolator(5, 2, y=rng.normal(size=(5, 7)))
    j = 3
    v = linalg.null_space(np.delete(features(net, x), j, axis=1).T)[:, 0]
    height = np.sum((v @ y) ** 2) / 10
    assert ss.swap_path(net, x, y, 1, j).certificate().barrier == pytest.approx(height)
    assert height >= ss.pass_height(y)


def test_swap_path_is_level_where_a_neuron_can_be_spared():
    a, _ = nets((3, 9, 2))
    x, y = sample(6, (3, 2))
    net = ss.descent_path(a, x, y).network(1)
    assert ss.swap_path(net, x, y, 0, 1).certificate().barrier < 1e-20


def test_no_curve_passes_below():
    """At width N - 1 every path crosses det = 0, where the loss is 1 / (2N) or more."""
    for seed in range(3):
        net, x, y = interpolator(4, seed)
        other = ss.swapped(net, 0, 1)
        for path in (
            ss.linear_path(net, other, x, y),
            ss.bezier_path(net, other, x, y, steps=100, seed=seed, progress=False),
        ):
            low, high = 0.0, 1.0
            sign = ss.determinant_sign(path.network(0), x)
            for _ in range(60):
                middle = (low + high) / 2
                same = ss.determinant_sign(path.network(middle), x) == sign
                low, high = (middle, high) if same else (low, middle)
            assert path.loss(low) >= ss.pass_height(y) * (1 - 1e-6)


def test_one_neuron_more_and_the_barrier_is_gone():
    n = 5
    a, _ = nets((3, n, n))
    x, y = sample(n, (3, n))[0], np.eye(n)
    net = ss.descent_path(a, x, y).network(1)
    path = ss.connecting_path(net, ss.swapped(net, 0, 1), x, y, "exchange")
    assert path.certificate().barrier < 1e-12


# Straight lines, Bezier curves, and reading a path


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


def test_bernstein_polynomials_are_those_of_scipy():
    t = np.linspace(0, 1, 7)
    for degree in (1, 2, 4):
        coefficients = np.eye(degree + 1)
        twin = interpolate.BPoly(coefficients[:, None, :], [0, 1])(t)
        np.testing.assert_allclose(_bezier.bernstein(t, degree), twin, atol=1e-14)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_bezier_loss_is_the_mean_over_its_points(loss):
    a, b = nets((4, 6, 3))
    x, y = sample(9, (4, 3))
    y = y if loss == "squared" else np.arange(9) % 3
    path = ss.linear_path(a, b, x, y, loss=loss)
    t = np.linspace(0, 1, 8)
    theta = [torch.from_numpy(layer) for layer in path.segments[0].curve(t)]
    data = torch.from_numpy(pyramid.with_ones(x))
    found = _bezier._mean_loss(theta, data, torch.from_numpy(y), path.shape, loss)
    assert found.item() == pytest.approx(path.loss(t).mean())


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


def test_bezier_steps_are_those_of_torch():
    """Two steps of Adam against autograd through whole networks."""
    a, b = nets((3, 4, 2))
    x, y = sample(6, (3, 2))
    path = ss.bezier_path(a, b, x, y, steps=2, lr=0.1, seed=3, progress=False)
    rng = np.random.default_rng(3)
    ends = [torch.from_numpy(parameters(net)) for net in (a, b)]
    middle = ((ends[0] + ends[1]) / 2).requires_grad_()
    optimizer = torch.optim.Adam([middle], lr=0.1)
    for step in range(2):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step * (1 - 1e-3) / 2)
        total = 0
        for k in range(8):
            t = (k + rng.random()) / 8
            theta = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * middle + t**2 * ends[1]
            w, c, v, d = theta.split([12, 4, 8, 2])
            h = nn.functional.leaky_relu(
                torch.from_numpy(x) @ w.reshape(4, 3).T + c, 0.2
            )
            error = h @ v.reshape(2, 4).T + d - torch.from_numpy(y)
            total = total + error.square().sum() / (2 * 6) / 8
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    control = 2 * path(0.5) - (path(0) + path(1)) / 2
    np.testing.assert_allclose(control, middle.detach().numpy(), rtol=1e-9)


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


def test_float32_networks_and_tensors_are_read():
    a, b = (net.float() for net in nets((4, 24, 5, 3)))
    x, y = map(torch.from_numpy, sample(12, (4, 3)))
    assert ss.connecting_path(a, b, x, y).certificate().barrier <= LOOSE
    assert next(a.parameters()).dtype == torch.float32


# What is refused


def refused(widths=(4, 24, 8, 3), n=12, activation=LEAKY, **options):
    a, b = nets(widths, activation)
    return ss.connecting_path(a, b, *sample(n, widths), **options)


ASSUMPTIONS = [
    (
        {"widths": (4, 11, 3)},
        r"assumption is not met. independent: the N = 12 rows of \[x, 1\] have rank 5"
        r".*; wide: n_1 = 11 is below 2N - 2 = 22, N = 12; exchange: n_1 = 11 is below "
        r"N = 12, N = 12",
    ),
    ({"widths": (4, 21, 3), "method": "wide"}, "n_1 = 21 is below 2N - 2 = 22"),
    (
        {"widths": (4, 24, 5, 5, 3), "method": "wide"},
        r"widths must decrease strictly from n_2 on, they are \(5, 5, 3\)",
    ),
    (
        {"widths": (12, 6, 7, 2), "n": 10, "method": "independent"},
        r"widths must decrease strictly from n_1 on, they are \(6, 7, 2\)",
    ),
    ({"method": "wide", "activation": RELU}, r"ReLU is not onto.*hidden layers \[2\]"),
    (
        {"widths": (12, 6, 2), "method": "independent", "activation": RELU},
        r"ReLU is not onto \(leaky ReLU is\): hidden layers \[1\]",
    ),
    ({"method": "best"}, "method must be 'auto' or one of .*got 'best'"),
    ({"loss": "hinge"}, r"loss must be one of \['cross_entropy', 'squared'\]"),
    ({"activation": nn.Tanh()}, "a must be a torch.nn.Sequential of Linear and ReLU"),
    ({"activation": nn.LeakyReLU(-0.1)}, r"slopes must lie in \[0, 1\]"),
    ({"activation": nn.LeakyReLU(1.0)}, "cannot be given rank N = 12.*linear"),
]


@pytest.mark.parametrize(("options", "told"), ASSUMPTIONS)
def test_an_assumption_that_is_not_met_is_named(options, told):
    with pytest.raises((ValueError, TypeError), match=told):
        refused(**options)


def test_repeated_and_nearly_repeated_samples_are_named():
    a, b = nets((4, 24, 3))
    x, y = sample(12, (4, 3))
    x[7] = x[2]
    with pytest.raises(ValueError, match="sample 2 comes 2 times"):
        ss.connecting_path(a, b, x, y)
    x[7] += 1e-13
    killed(a, 0)
    with pytest.raises(ValueError, match="network a cannot be given rank N = 12"):
        ss.connecting_path(a, b, x, y)


def near(gap):
    """Samples 2 and 7 are a small gap apart."""
    a, b = nets((4, 24, 5, 3))
    x, y = sample(12, (4, 3))
    x[7] = x[2] + gap
    return a, b, x, y


def test_samples_that_float64_cannot_tell_apart_are_named():
    with pytest.raises(ValueError, match="cannot tell the N = 12 samples apart"):
        ss.connecting_path(*near(2e-9))


@pytest.mark.parametrize("method", ["wide", "exchange"])
def test_nearly_equal_samples_cost_no_exactness(method):
    """Condition numbers of 1e8: the factors keep the outputs, the welds the ends."""
    found = ss.connecting_path(*near(1e-8), method).certificate()
    assert found.barrier <= 1e-12
    assert found.jump <= 1e-14


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


X, Y = sample(12, (4, 3))
A, B = nets((4, 24, 3))
SQUARE = (*interpolator(5, 0)[:2], np.eye(5))


def not_finite():
    net, _ = nets((4, 24, 3))
    with torch.no_grad():
        net[0].bias[0] = math.nan
    return net


def no_bias():
    return nn.Sequential(nn.Linear(4, 24, bias=False), nn.ReLU(), nn.Linear(24, 3))


BAD = [
    (
        lambda: ss.linear_path(A, nets((4, 23, 3))[0], X, Y),
        "a and b must have the same",
    ),
    (lambda: ss.linear_path(A, nets((4, 24, 3), RELU)[0], X, Y), "and slopes, got"),
    (lambda: ss.linear_path(no_bias(), B, X, Y), "a: every Linear needs a bias"),
    (lambda: ss.linear_path(A, not_finite(), X, Y), "b must have finite parameters"),
    (
        lambda: ss.linear_path(A, B, X[:, :3], Y),
        r"x must be finite, \[N, 4\], got shape",
    ),
    (lambda: ss.linear_path(A, B, X * np.nan, Y), r"x must be finite, \[N, 4\]"),
    (lambda: ss.linear_path(A, B, X[:0], Y[:0]), r"got shape \[0, 4\]"),
    (
        lambda: ss.linear_path(A, B, X, Y[:, :2]),
        r"y must be finite, \[12, 3\] for loss",
    ),
    (lambda: ss.linear_path(A, B, X, Y * np.inf), "y must be finite"),
    (
        lambda: ss.linear_path(A, B, X, np.full(12, 3), loss="cross_entropy"),
        r"y must hold 12 classes 0..2 for loss 'cross_entropy', got int64 of shape",
    ),
    (
        lambda: ss.linear_path(A, B, X, np.full(12, 1.0), loss="cross_entropy"),
        "got float64",
    ),
    (
        lambda: ss.linear_path(A, B, X, np.full(11, 1), loss="cross_entropy"),
        r"of shape \[11\]",
    ),
    (
        lambda: ss.linear_path(A, B, X, np.full(12, -1), loss="cross_entropy"),
        "y must hold 12 classes",
    ),
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
    (
        lambda: ss.descent_path(nets((4, 10, 3))[0], X, Y),
        "wide: n_1 = 10 is below N - 1 = 11, N = 12",
    ),
    (
        lambda: ss.descent_path(nets((4, 24, 3, 4))[0], X, sample(12, (4, 4))[1]),
        r"widths must not increase from n_2 on, they are \(3, 4\)",
    ),
    (lambda: ss.solve_first_layer(A, X, Y), r"rows of \[x, 1\] have rank 5"),
    (
        lambda: ss.solve_first_layer(killed(nets((4, 5, 3))[0], 1), X[:5], Y[:5]),
        "the weights of layer 2 must have rank 3, got 0",
    ),
    (
        lambda: ss.swapped(A, 0, 24),
        r"i and j must be two neurons of 0..23, got 0 and 24",
    ),
    (lambda: ss.swapped(A, 3, 3), "got 3 and 3"),
    (lambda: ss.swapped(A, -1, 3), "got -1 and 3"),
    (
        lambda: ss.swapped(nets((4, 5, 4, 3))[0], 0, 1),
        r"one hidden layer, got .*\(5, 4\)",
    ),
    (lambda: ss.swapped(A, 0, 1.5), "got 0 and 1.5"),
    (lambda: ss.swap_path(A, X, Y, 0, 24), "two neurons"),
    (lambda: ss.bezier_path(A, B, X, Y, bends=1.5, seed=0), "got 1.5"),
    (lambda: ss.bezier_path(A, B, X, Y, seed=-1), "seed must be an integer >= 0"),
    (lambda: ss.connecting_path(A, B, X, Y, seed=0.5), "seed must be .*got 0.5"),
    (lambda: ss.descent_path(A, X, Y, seed=True), "seed must be .*got True"),
    (lambda: ss.determinant_sign(A, X), "needs n_1 = N - 1 neurons .*got n_1 = 24"),
    (lambda: ss.determinant_sign(nets((4, 5, 4, 3))[0], X), "one hidden layer"),
    (lambda: ss.pass_height(np.ones((3, 2))), r"n_out >= N, got shape \[3, 2\]"),
    (lambda: ss.pass_height(np.ones(3)), r"got shape \[3\]"),
    (lambda: ss.pass_height(np.eye(3) * np.nan), "y must be finite"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_other_modules_are_refused_by_kind():
    with pytest.raises(TypeError, match=r"net must be a torch\.nn\.Sequential"):
        ss.swapped(nn.Linear(3, 2), 0, 1)
    with pytest.raises(TypeError, match="with a hidden layer or more"):
        ss.linear_path(nn.Sequential(nn.Linear(4, 3)), A, X, Y)


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

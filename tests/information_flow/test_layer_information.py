"""Information of layers against quadrature, bounds and other seeds."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from information_flow.cases import FOUR, SZT, tiny
from scipy import integrate, stats

from helpers import information_flow as inf

NET = tiny(0.1)
QUIET = tiny(0.1).quiet()
X4 = torch.zeros(4, 3)


def exact_layer_two(net, labels=None):
    """I(X; T_2) or I(Y; T_2) of a tiny network by integrating over Z_1 and T_2."""
    (w1, b1), (w2, b2) = (
        (linear.weight.item(), linear.bias.item()) for linear in net.linears[:2]
    )
    beta = net.beta
    z = np.linspace(-8, 8, 2001)
    weight = stats.norm.pdf(z) * (z[1] - z[0])
    grid = np.linspace(-1 - 9 * beta, 1 + 9 * beta, 4001)
    given = []
    for x in FOUR[:, 0].numpy():
        s = np.tanh(w2 * (np.tanh(w1 * x + b1) + beta * z) + b2)
        given.append(stats.norm.pdf(grid[:, None], s, beta) @ weight)
    given = np.array(given)
    if labels is not None:
        given = np.array([given[labels == k].mean(0) for k in labels])
    p = given.mean(0)
    each = given * np.log(np.maximum(given, 1e-300) / np.maximum(p, 1e-300))
    return integrate.trapezoid(each, grid).mean()


@pytest.mark.parametrize("beta", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("method", inf.METHODS)
def test_information_of_one_neuron_equals_quadrature(beta, method):
    net = tiny(beta)
    exact = inf.scalar_information(np.tanh(FOUR[:, 0].numpy() - 2), beta)
    found = inf.mutual_information(net, FOUR, 1, method, draws=6000, seed=0)
    # the bias of "sampling", at most 3 / (2 * 6000), is below the error
    assert abs(found.value - exact) < 4 * found.standard_error + 1e-9
    assert found.standard_error < 0.02
    assert found.cap == pytest.approx(math.log(4 if method == "linearized" else 6000))


@pytest.mark.parametrize("beta", [0.01, 0.1, 0.4])
def test_layer_two_lies_between_the_bound_and_the_bound_plus_gap(beta):
    net = tiny(beta)
    exact = exact_layer_two(net)
    found = inf.mutual_information(net, FOUR, 2, draws=40_000, seed=0)
    gap = inf.linearization_gap(net, FOUR, 2, n_inputs=4, n_inner=1500, seed=0)
    error = 4 * found.standard_error
    assert found.value < exact + error
    assert found.value + gap.value > exact - error
    if beta == 0.01:
        assert found.value == pytest.approx(exact, abs=error + 1e-3)
        assert abs(gap.value) < 0.01


def test_the_gap_shows_when_the_linear_law_is_wrong():
    net = tiny(0.4, ((1.0, 0.0), (6.0, 0.0)))
    exact = exact_layer_two(net)
    found = inf.mutual_information(net, FOUR, 2, draws=40_000, seed=0)
    gap = inf.linearization_gap(net, FOUR, 2, n_inputs=4, n_inner=1500, seed=0)
    assert found.value < exact - 4 * found.standard_error
    assert found.value + gap.value > exact


@pytest.mark.parametrize("draws", [None, 3])
def test_all_layers_at_once_are_the_layers_one_by_one(draws):
    net = tiny(0.1, ((1.0, -2.0), (2.0, 0.3), (-1.5, 0.1)))
    found = inf.information_by_layer(net, FOUR, draws=draws, seed=5)
    assert found == [
        inf.mutual_information(net, FOUR, layer, draws=draws, seed=5)
        for layer in range(1, net.depth + 1)
    ]


@pytest.mark.parametrize("beta", [0.1, 0.4])
def test_sampling_equals_quadrature_in_layer_two(beta):
    net = tiny(beta)
    options = {"draws": 8000, "n_inputs": 4, "n_inner": 2000}
    runs = [
        inf.mutual_information(net, FOUR, 2, "sampling", seed=s, **options)
        for s in range(4)
    ]
    values = np.array([run.value for run in runs])
    # its error holds the spread between the four inputs, which are always all there;
    # bias of the inner entropies: below 0.002
    error = values.std(ddof=1) / 2 + 0.004
    assert abs(values.mean() - exact_layer_two(net)) < 4 * error
    assert values.std(ddof=1) < runs[0].standard_error


def test_sampling_cannot_exceed_the_log_of_its_draws():
    x, _ = inf.szt_dataset()
    net = inf.NoisyMLP(SZT, 0.01, seed=0)
    found = inf.mutual_information(
        net, x, 3, "sampling", draws=200, n_inner=50, n_inputs=10, seed=0
    )
    assert found.value < found.cap < math.log(200)
    assert found.saturated
    better = inf.mutual_information(net, x, 3, draws=200, seed=0)
    assert better.value > math.log(200) + 2
    first = inf.mutual_information(net, x, 1, "sampling", draws=200, seed=0)
    assert first.cap == pytest.approx(math.log(200))
    assert first.saturated


def test_sampling_error_covers_what_other_seeds_give(rng):
    x = torch.tensor(rng.normal(size=(400, 5)))
    net = inf.NoisyMLP([5, 4, 3, 2], 0.3, seed=0)
    options = {"draws": 300, "n_inner": 60, "n_inputs": 20}
    runs = [
        inf.mutual_information(net, x, 2, "sampling", seed=s, **options)
        for s in range(60)
    ]
    spread = np.std([run.value for run in runs], ddof=1)
    stated = np.mean([run.standard_error**2 for run in runs]) ** 0.5
    assert 0.63 < stated / spread < 1.6  # 60 values: 37 %; the parts are correlated


def test_fewer_draws_leave_the_information_as_it_is():
    x, _ = inf.szt_dataset()
    net = inf.NoisyMLP(SZT, 0.01, seed=3)
    every = inf.mutual_information(net, x[::4], 5, seed=0)
    part = inf.mutual_information(net, x[::4], 5, draws=300, seed=1)
    error = math.hypot(every.standard_error, part.standard_error)
    assert abs(every.value - part.value) < 4 * error
    assert part.standard_error > every.standard_error


def test_information_of_layers_falls_and_stays_below_the_caps():
    x, _ = inf.szt_dataset()
    net = inf.NoisyMLP(SZT, 0.1, seed=0)
    found = [inf.mutual_information(net, x[::4], k, seed=0) for k in range(1, 6)]
    for k, (before, after) in enumerate(pairwise(found), start=2):
        error = math.hypot(before.standard_error, after.standard_error)
        assert after.value < before.value + 4 * error
        assert after.value < inf.information_cap(SZT[k], 0.1)


def test_label_information_has_its_special_cases():
    net = tiny(0.1)
    whole = inf.mutual_information(net, FOUR, 2, draws=4000, seed=0)
    each = inf.label_information(net, FOUR, [0, 1, 2, 3], 2, draws=4000, seed=0)
    assert each.value == pytest.approx(whole.value, abs=1e-9)
    assert each.cap == pytest.approx(math.log(4))
    none = inf.label_information(net, FOUR, [1, 1, 1, 1], 2, draws=4000, seed=0)
    assert none.value == pytest.approx(0, abs=1e-12)
    assert none.cap == 0


def test_label_information_equals_quadrature():
    net, labels = tiny(0.05, ((0.5, -0.5), (2.0, 0.3))), np.array([5, 5, 7, 5])
    exact = exact_layer_two(net, labels)
    found = inf.label_information(net, FOUR, labels, 2, draws=40_000, seed=0)
    assert found.value == pytest.approx(exact, abs=4 * found.standard_error + 0.004)
    assert found.cap == pytest.approx(0.5623351446)


def test_estimates_leave_torch_alone():
    state = torch.random.get_rng_state()
    net = tiny(0.1)
    inf.mutual_information(net, FOUR, 2, seed=0)
    inf.mutual_information(net, FOUR, 2, "sampling", draws=50, n_inner=20, seed=0)
    inf.linearization_gap(net, FOUR, 2, n_inner=20, seed=0)
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.mutual_information(NET, FOUR, 3, seed=0),
         "layer must be 1..2, got 3"),
        (lambda: inf.mutual_information(NET, FOUR, 0, seed=0), "layer .* >= 1, got 0"),
        (lambda: inf.mutual_information(QUIET, FOUR, 1, seed=0),
         "beta must be > 0, got 0: without noise"),
        (lambda: inf.mutual_information(NET, FOUR, 1, "binned", seed=0),
         r"method must be one of \('linearized', 'sampling'\), got 'binned'"),
        (lambda: inf.mutual_information(NET, X4, 1, seed=0), r"x must be \[n, 1\]"),
        (lambda: inf.information_by_layer(NET, FOUR, draws=1, seed=0), "draws .* 1"),
        (lambda: inf.information_by_layer(QUIET, FOUR, seed=0), "beta must be > 0"),
        (lambda: inf.mutual_information(NET, FOUR, 1, draws=1, seed=0), "draws .* 1"),
        (lambda: inf.mutual_information(NET, FOUR, 2, "sampling", n_inner=1, seed=0),
         "n_inner must be an integer >= 2, got 1"),
        (lambda: inf.linearization_gap(NET, FOUR, 2, n_inputs=1, seed=0),
         "n_inputs must be an integer >= 2, got 1"),
        (lambda: inf.label_information(NET, FOUR, [0, 1], 1, seed=0),
         r"y must be \[4\], got shape \[2\]"),
        (lambda: inf.label_information(NET, FOUR, [0, 1, 0, 1], 1, draws=0, seed=0),
         "draws"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

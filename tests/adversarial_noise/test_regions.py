"""The exact nearest error beside every activation pattern, one by one."""

import itertools
import math

import numpy as np
import pytest
import torch
from adversarial_noise.cases import labelled, linear, linear_distances, origin
from scipy.optimize import minimize
from torch import nn

from helpers import adversarial_noise as an
from helpers import networks

SHAPES = ([2, 4, 2], [2, 6, 3], [3, 4, 4, 2], [2, 3, 3, 3])


def network(widths, seed):
    """Torch's own initialisation, with its biases, in float64."""
    layers = []
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        for n_in, n_out in itertools.pairwise(widths):
            layers += [nn.Linear(n_in, n_out, dtype=torch.float64), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def projection(rows, offsets, start):
    """Least |z| with rows z >= offsets by SLSQP, inf where there is none."""
    found = minimize(
        lambda z: z @ z / 2,
        start,
        jac=lambda z: z,
        constraints={
            "type": "ineq",
            "fun": lambda z: rows @ z - offsets,
            "jac": lambda _: rows,
        },
        options={"ftol": 1e-14, "maxiter": 300},
    )
    worst = (offsets - rows @ found.x).max()
    return math.inf if worst > 1e-8 else float(np.linalg.norm(found.x))


def by_patterns(net, x, y):
    """Nearest error over all activation patterns, each a quadratic programme."""
    maps = [[p.detach().numpy() for p in layer.parameters()] for layer in net[::2]]
    best, x = math.inf, x.numpy()
    sizes = [len(bias) for _, bias in maps[:-1]]
    for signs in itertools.product((0.0, 1.0), repeat=sum(sizes)):
        pattern = np.split(np.array(signs), np.cumsum(sizes)[:-1])
        slope, value, rows, offsets = np.eye(len(x)), x, [], []
        for (weight, bias), on in zip(maps, [*pattern, None], strict=True):
            slope, value = weight @ slope, weight @ value + bias
            if on is not None:
                rows.append((2 * on - 1)[:, None] * slope)
                offsets.append(-(2 * on - 1) * value)
                slope, value = on[:, None] * slope, on * value
        for j in set(range(len(value))) - {y}:
            every = np.vstack([*rows, (slope[j] - slope[y])[None]])
            least = np.concatenate([*offsets, [value[y] - value[j]]])
            lengths = np.linalg.norm(every, axis=1)
            dead = lengths < 1e-12
            if (least[dead] > 0).any():
                continue
            every, least = every[~dead], least[~dead] / lengths[~dead]
            every = every / lengths[~dead][:, None]
            if least.max() < best:  # else farther than the best: one inequality alone
                best = min(best, projection(every, least, 0 * x))
    return best


@pytest.mark.parametrize("seed", range(13))
@pytest.mark.parametrize("widths", SHAPES)
def test_the_nearest_error_is_that_of_all_patterns(widths, seed):
    """52 random networks; SLSQP is right to about 1e-6."""
    net = network(widths, seed)
    x = torch.randn(1, widths[0], generator=torch.Generator().manual_seed(seed))
    x = 2 * x.double()
    y = an.labels(net, x)
    found = an.nearest_error(net, x, y)
    exact = by_patterns(net, x[0], int(y))
    if math.isinf(exact):
        assert found.distance[0] == found.lower_bound[0] == math.inf
        return
    assert found.distance[0] == pytest.approx(exact, rel=1e-5, abs=1e-7)
    assert found.lower_bound[0] <= found.distance[0]
    assert found.lower_bound[0] == pytest.approx(found.distance[0], rel=1e-7)
    assert an.labels(net, found.point).item() == found.label[0] != y.item()


def test_the_exact_search_finds_what_the_attacks_miss():
    """A dead start: no gradient there, and the error set is a cone far away."""
    net = network([2, 2, 2], 0)
    with torch.no_grad():
        net[0].weight.copy_(torch.eye(2))
        net[0].bias.fill_(-5.0)
        net[2].weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
        net[2].bias.copy_(torch.tensor([1.0, 0.0]))
    x, y = origin(1, 2)
    none = an.nearest_error(net, x, y, starts=0, projections=0)
    assert none.distance[0] == math.inf
    assert none.lower_bound[0] == 0
    found = an.nearest_error(net, x, y, starts=0)
    # (x_1 - 5)^+ + (x_2 - 5)^+ > 1: nearest where one of them is 6
    assert found.distance[0] == pytest.approx(6, rel=1e-7)
    assert found.attack[0] == "regions"
    assert found.lower_bound[0] == pytest.approx(6, rel=1e-8)
    boxed = an.nearest_error(net, x, y, box=(-1.0, 5.75), starts=0)
    assert boxed.distance[0] == pytest.approx(5.5 * 2**0.5, rel=1e-7)
    assert boxed.lower_bound[0] == pytest.approx(5.5 * 2**0.5, rel=1e-8)
    never = an.nearest_error(net, x, y, box=(-1.0, 5.25))
    assert never.distance[0] == never.lower_bound[0] == math.inf


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_errors_far_away_where_logits_are_large(dtype):
    """The rounding there, not that at the image, is what an error has to exceed."""
    net = networks.mlp([2, 8, 8, 3], seed=0, sigma_b=0.5).to(dtype)
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)).to(dtype)
    y = an.labels(net, x)
    found = an.nearest_error(net, x, y)
    none = an.nearest_error(net, x, y, starts=0, projections=0)
    assert (none.distance == math.inf).any()
    near = found.distance > 150
    assert (found.distance[near] < 160).all()
    assert (np.isfinite(found.distance) == np.isfinite(found.lower_bound)).all()
    assert np.isfinite(found.distance).any()
    rtol = 1e-8 if dtype == torch.float64 else 1e-4
    finite = np.isfinite(found.distance)
    np.testing.assert_allclose(
        found.lower_bound[finite], found.distance[finite], rtol=rtol
    )


def test_random_directions_find_what_gradients_do_not():
    net = nn.Sequential(nn.Linear(2, 2), nn.Hardtanh(0.0, 1.0)).double()
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
        net[0].bias.copy_(torch.tensor([0.5, -5.0]))
    x, y = origin(1, 2)
    assert an.nearest_error(net, x, y, starts=0).distance[0] == math.inf
    found = an.nearest_error(net, x, y)
    assert found.distance[0] == pytest.approx(5.5, rel=1e-6)
    assert found.attack[0] == "random"
    assert found.lower_bound[0] == 0


def test_the_bound_of_a_linear_model_is_its_distance():
    for box in (None, (0.0, 1.0)):
        net = linear(12, 4)
        x, y = labelled(net, 8, 12)
        found = an.nearest_error(net, x, y, box=box)
        exact = linear_distances(net, x, y, box)
        assert (found.lower_bound <= found.distance).all()
        np.testing.assert_allclose(found.lower_bound, exact, rtol=1e-7)
        assert (found.lower_bound <= exact * (1 + 1e-9)).all()


def test_a_search_that_ends_early_leaves_a_bound():
    net = network([6, 16, 16, 3], 1)
    x, y = labelled(net, 3, 6)
    bounds = [
        an.nearest_error(net, x, y, projections=n).lower_bound for n in (0, 30, 3000)
    ]
    assert (bounds[0] == 0).all()
    assert (bounds[1] <= bounds[2]).all()
    assert (bounds[2] > 0).all()
    distance = an.nearest_error(net, x, y, projections=3000).distance
    assert (bounds[2] <= distance).all()
    assert (distance <= an.nearest_error(net, x, y, projections=0).distance).all()


def test_an_error_already_has_no_bound_above_zero():
    net = network([2, 4, 2], 0)
    x, y = labelled(net, 2, 2)
    found = an.nearest_error(net, x, 1 - y)
    assert (found.distance == 0).all()
    assert (found.lower_bound == 0).all()


def test_other_layers_and_hooks_are_left_to_the_attacks():
    net = network([2, 4, 2], 0)
    x, y = labelled(net, 2, 2)
    assert (an.nearest_error(net, x, y).lower_bound > 0).all()
    for other in (nn.Sequential(*net, nn.Tanh()), nn.Sequential(net, nn.Softplus())):
        assert (an.nearest_error(other, x, y).lower_bound == 0).all()
    net[0].register_forward_hook(lambda module, inputs, output: output + 0)
    assert (an.nearest_error(net, x, y).lower_bound == 0).all()


def test_float32_networks_have_the_same_bounds():
    net = network([2, 4, 4, 3], 3)
    x, y = labelled(net, 5, 2)
    exact = an.nearest_error(net, x, y)
    found = an.nearest_error(net.float(), x, y)
    finite = np.isfinite(exact.distance)
    np.testing.assert_allclose(
        found.distance[finite], exact.distance[finite], rtol=1e-4
    )
    assert (found.lower_bound <= found.distance).all()
    np.testing.assert_allclose(
        found.lower_bound[finite], exact.lower_bound[finite], rtol=1e-4
    )

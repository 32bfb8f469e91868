"""Any scale of samples and noise: values within their caps, and right ones."""

import math

import numpy as np
import pytest
import torch
from information_flow.cases import LN2, entropy_1d, tiny

from helpers import information_flow as inf
from helpers.information_flow import mixtures

SCALES = [10.0**k for k in range(-15, 16, 3)]


@pytest.mark.parametrize("beta", [1e-300, 1e-15, 1e-12, 1e-9, 1e-3])
def test_two_points_far_apart_have_an_entropy_of_ln_2(beta):
    found = inf.smoothed_entropy([[0.0], [1.0]], beta, seed=0)
    added = found.value - inf.gaussian_entropy(1, beta)
    assert added == pytest.approx(LN2, abs=1e-9)
    lower, upper = inf.pairwise_bounds([[0.0], [1.0]], beta)
    assert lower - inf.gaussian_entropy(1, beta) == pytest.approx(LN2, abs=1e-9)
    assert upper == pytest.approx(lower, abs=1e-9)


def test_one_outlier_does_not_move_the_rest(rng):
    """Entropy of a mixture whose parts do not meet: that of the parts and of which."""
    near = rng.uniform(-1, 1, size=40)
    found = inf.smoothed_entropy(
        np.append(near, 1e9)[:, None], 0.1, draws=20_000, seed=0
    )
    p = 1 / 41
    exact = (1 - p) * entropy_1d(near, 0.1) + p * inf.gaussian_entropy(1, 0.1)
    exact -= p * math.log(p) + (1 - p) * math.log(1 - p)
    assert abs(found.value - exact) < 4 * found.standard_error
    assert found.standard_error < 0.01


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dim", [1, 3, 30])
@pytest.mark.parametrize("beta", [1e-6, 1.0, 1e6])
def test_no_entropy_leaves_its_range_at_any_scale(rng, dim, beta, dtype):
    rows = rng.normal(size=(12, dim))
    rows[5] = rows[6]
    noise = inf.gaussian_entropy(dim, beta)
    added = []
    for scale in SCALES:
        samples = (scale * beta * rows).astype(dtype)
        found = inf.smoothed_entropy(samples, beta, draws=200, seed=0)
        lower, upper = inf.pairwise_bounds(samples, beta)
        assert noise <= found.value <= found.cap
        assert noise <= lower <= upper <= noise + math.log(12) + 1e-9
        error = 4 * found.standard_error + 1e-7 * (1 + abs(noise))
        assert lower - error <= found.value <= upper + error
        added.append(found.value - noise)
    assert added[0] < 1e-6
    # eleven different points, one of them twice
    assert added[-1] == pytest.approx(
        math.log(12) - LN2 / 6, abs=1e-7 * (1 + abs(noise))
    )


def test_entropies_do_not_depend_on_the_units(rng):
    """The same draws in other units, by products and by differences."""
    rows = rng.normal(size=(50, 4))
    for beta in (0.3, 3.0):
        added = [
            inf.smoothed_entropy(unit * rows, unit * beta, seed=0).value
            - inf.gaussian_entropy(4, unit * beta)
            for unit in (1e-150, 1e-20, 1.0, 1e20, 1e150)
        ]
        np.testing.assert_allclose(added, added[2], atol=1e-9)


@pytest.mark.parametrize("beta", [0.02, 1.0])
def test_both_routes_give_the_same(rng, monkeypatch, beta):
    samples = torch.tensor(rng.normal(size=(1500, 5)))
    points = samples[:300] + 0.1 * torch.tensor(rng.normal(size=(300, 5)))
    roots = torch.tensor(rng.normal(size=(1500, 5, 5)))
    covariances = beta**2 * (roots @ roots.mT + torch.eye(5).double())
    index = torch.arange(300) * 3
    found = []
    for largest in (1e300, 0.0):
        monkeypatch.setattr(mixtures, "_LARGEST", largest)
        mixture = mixtures.gaussians(samples, covariances)
        plain = mixtures.isotropic(samples, beta)
        assert mixture.cancels(points) == plain.cancels(points) == (largest == 0)
        part = mixture.part(index)
        found.append([plain.log_density(points), plain.log_component(points, index)])
        found[-1] += [plain.part(index).log_density(points, points)]
        found[-1] += [mixture.log_density(points), part.log_density(points)]
        found[-1] += [mixture.log_component(points, index)]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("method", inf.METHODS)
def test_no_information_leaves_its_cap(scale, method):
    """Activations of a linear network as large as that, with a noise of 0.1."""
    net = inf.NoisyMLP([2, 3, 3, 2], 0.1, "linear", scale=5.0, seed=0)
    x = scale * torch.rand(60, 2, generator=torch.Generator().manual_seed(0))
    options = {"draws": 120} | (
        {"n_inputs": 4, "n_inner": 20} if method == "sampling" else {}
    )
    for layer in (1, 2):
        found = inf.mutual_information(net, x, layer, method, seed=0, **options)
        assert found.value <= found.cap
    if scale >= 1e3 and method == "linearized":
        assert found.value == pytest.approx(math.log(60), abs=1e-6)
    y = (x[:, 0] > 0.5 * scale).long()
    label = inf.label_information(net, x, y, 2, seed=0)
    assert label.value <= label.cap
    assert inf.linearization_gap(net, x, 1, n_inner=20, seed=0).value >= 0


def test_noise_below_the_rounding_of_the_activations_is_refused():
    net = tiny(1e-14)
    net.activation = torch.nn.Identity()
    x = torch.tensor([[1e4], [2e4]]).double()
    for call in (
        lambda: inf.mutual_information(net, x, 2, seed=0),
        lambda: inf.mutual_information(net, x, 2, "sampling", seed=0),
        lambda: inf.information_by_layer(net, x, seed=0),
    ):
        with pytest.raises(ValueError, match="beta must be above 1000 rounding errors"):
            call()


@pytest.mark.parametrize(
    ("samples", "beta", "added"),
    [
        ([[1e308], [-1e308]], 1.0, LN2),
        ([[0.0], [1.0]], 1e308, 0.0),
        ([[5.0], [5.0]], 1e-200, 0.0),
        ([[1e300, 1.0], [1e300, 1.0]], 1e-5, 0.0),
        ([[1e-310], [0.0]], 1e-312, LN2),
        ([[0.0], [1.0]], 5e-324, LN2),
    ],
)
def test_numbers_at_the_ends_of_float64(samples, beta, added):
    noise = inf.gaussian_entropy(len(samples[0]), beta)
    found = inf.smoothed_entropy(samples, beta, seed=0).value
    assert found - noise == pytest.approx(added, abs=1e-9)
    for bound in inf.pairwise_bounds(samples, beta):
        assert bound - noise == pytest.approx(added, abs=1e-9)


def test_a_list_is_read_in_double_precision():
    found = inf.smoothed_log_density([[0.1]], [[0.0]], 1e-3)
    assert found.item() == pytest.approx(-5000 - math.log(2 * math.pi) / 2 + math.log(
        1000), rel=1e-12)  # fmt: skip


@pytest.mark.parametrize("rows", ["abc", [["a"]], [[None]]])
def test_samples_that_are_no_numbers(rows):
    with pytest.raises(TypeError, match=r"samples must (be|hold real) numbers"):
        inf.smoothed_entropy(rows, 1.0, seed=0)

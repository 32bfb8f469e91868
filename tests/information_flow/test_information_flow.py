"""Entropies and information against quadrature, slow twins and public packages."""

import math
import subprocess
import sys
from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from sklearn.neighbors import KernelDensity
from torch import nn

from helpers import information_flow as inf
from helpers.information_flow.estimates import two_stage
from helpers.information_flow.mixtures import gaussians

SZT = [12, 10, 7, 5, 4, 3, 2]
RNG = np.random.default_rng(0)
CUBE = RNG.uniform(-1, 1, size=(300, 3))
LN2 = math.log(2)


def noise(dim, beta):
    return dim / 2 * math.log(2 * math.pi * math.e * beta**2)


def entropy_1d(atoms, beta, probabilities=None):
    """Entropy of a one-dimensional mixture on a fine grid."""
    atoms = np.asarray(atoms, dtype=float)
    weights = np.full(len(atoms), 1 / len(atoms))
    weights = weights if probabilities is None else np.asarray(probabilities)
    grid = np.linspace(atoms.min() - 10 * beta, atoms.max() + 10 * beta, 200_001)
    p = sum(
        w * stats.norm.pdf(grid, a, beta) for a, w in zip(atoms, weights, strict=True)
    )
    return integrate.trapezoid(-p * np.log(np.maximum(p, 1e-300)), grid)


# Densities


@pytest.mark.parametrize("dim", [1, 2, 10])
@pytest.mark.parametrize("n", [1, 7, 2500])
@pytest.mark.parametrize("beta", [0.02, 1.0])
def test_density_equals_that_of_scikit_learn(dim, n, beta):
    samples = RNG.uniform(-1, 1, size=(n, dim)) + 50  # origin does not matter
    points = samples[RNG.integers(n, size=300)] + beta * RNG.normal(size=(300, dim))
    kernel = KernelDensity(bandwidth=beta, rtol=0, atol=0).fit(samples)
    found = inf.smoothed_log_density(points, samples, beta)
    # rounding: 1e-16 (spread / beta)^2 of ours, 1e-16 (50 / beta)^2 of theirs
    np.testing.assert_allclose(found, kernel.score_samples(points), atol=1e-7)


def test_density_moves_with_its_samples():
    """A shift of 1e6 costs 1e-10 in the points, and 1e-8 after division by beta^2."""
    samples, points = CUBE[:50], CUBE[50:90]
    here = inf.smoothed_log_density(points, samples, 0.1)
    there = inf.smoothed_log_density(points + 1e6, samples + 1e6, 0.1)
    np.testing.assert_allclose(there, here, atol=1e-6)


def test_density_far_away_does_not_underflow():
    found = inf.smoothed_log_density([[3.0]], [[0.0], [-1.0]], 0.01)
    exact = stats.norm.logpdf(3.0, 0.0, 0.01) - LN2
    assert found.item() == pytest.approx(exact, rel=1e-12)


def test_a_mixture_with_covariances_equals_scipy():
    means = RNG.normal(size=(1300, 3)) + 5
    roots = RNG.normal(size=(1300, 3, 3)) * 0.3
    covariances = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(3)
    points = means[:300] + RNG.normal(size=(300, 3))
    mixture = gaussians(torch.tensor(means), torch.tensor(covariances))
    each = np.stack(
        [
            stats.multivariate_normal(m, c).logpdf(points)
            for m, c in zip(means, covariances, strict=True)
        ]
    )
    exact = np.log(np.exp(each).mean(0))
    np.testing.assert_allclose(
        mixture.log_density(torch.tensor(points)), exact, atol=1e-9
    )
    index = torch.arange(300) * 4
    own = mixture.log_component(torch.tensor(points), index)
    np.testing.assert_allclose(own, each[index, np.arange(300)], atol=1e-9)
    part = mixture.part(index).log_density(torch.tensor(points))
    np.testing.assert_allclose(part, np.log(np.exp(each[index]).mean(0)), atol=1e-9)


# The plug-in entropy


@pytest.mark.parametrize("beta", [0.05, 0.3, 1.0])
def test_smoothed_entropy_equals_quadrature_in_one_dimension(beta):
    samples = RNG.uniform(-1, 1, size=(40, 1))
    found = inf.smoothed_entropy(samples, beta, seed=0)
    assert abs(found.value - entropy_1d(samples[:, 0], beta)) < 4 * found.standard_error
    assert found.standard_error < 0.01


def test_smoothed_entropy_of_all_corners_is_that_of_a_coordinate_times_d():
    corners = np.array([[i >> k & 1 for k in range(6)] for i in range(64)]) * 2.0 - 1
    exact = 6 * entropy_1d([-1, 1], 0.5)
    found = inf.smoothed_entropy(corners, 0.5, draws=20_000, seed=1)
    assert abs(found.value - exact) < 4 * found.standard_error


def test_one_sample_has_the_entropy_of_the_noise_exactly():
    found = inf.smoothed_entropy(np.ones((1, 4)), 0.3, seed=0)
    assert found.value == pytest.approx(noise(4, 0.3), abs=1e-12)
    assert found.value == pytest.approx(found.cap, abs=1e-12)
    assert found.standard_error < 1e-12


def test_clusters_add_the_entropy_of_their_sizes():
    samples = np.repeat([[0.0, 0.0], [9.0, 0.0]], [30, 10], axis=0)
    found = inf.smoothed_entropy(samples, 0.1, seed=0)
    added = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert found.value == pytest.approx(noise(2, 0.1) + added, abs=1e-9)
    assert not found.saturated


def test_spread_samples_reach_the_cap_and_say_so():
    samples = RNG.uniform(-1, 1, size=(500, 10))
    found = inf.smoothed_entropy(samples, 0.02, seed=0)
    assert found.cap == pytest.approx(noise(10, 0.02) + math.log(500))
    assert found.value == pytest.approx(found.cap, abs=1e-6)
    assert found.saturated


@pytest.mark.parametrize(("gap", "saturated"), [(0.69, True), (0.70, False)])
def test_saturated_means_within_ln_2_of_the_cap(gap, saturated):
    assert inf.Estimate(5.0 - gap, 0.1, 5.0).saturated is saturated


@pytest.mark.parametrize("draws", [100, 599, 600, 3000])
def test_any_number_of_draws_gives_the_same_entropy_and_an_honest_error(draws):
    many = inf.smoothed_entropy(CUBE, 0.3, draws=60_000, seed=99)
    few = [inf.smoothed_entropy(CUBE, 0.3, draws=draws, seed=s) for s in range(60)]
    values = np.array([one.value for one in few])
    errors = np.array([one.standard_error for one in few])
    assert abs(values.mean() - many.value) < 4 * values.std(ddof=1) / 60**0.5
    # the deviation of 60 values is within 4 / sqrt(120) = 37 % of its own; when every
    # sample gets a single draw the error leaves out that the samples are all there
    ratio = np.sqrt((errors**2).mean()) / values.std(ddof=1)
    assert ratio > 0.63
    assert ratio < (1.37 if draws != 599 else 8)


def test_the_control_variate_and_the_pairs_lower_the_error():
    rows, beta = torch.tensor(CUBE), 1.0
    z = torch.randn(len(rows), 3, generator=torch.Generator().manual_seed(0)).double()
    plain = -inf.smoothed_log_density(rows + beta * z, rows, beta)
    found = inf.smoothed_entropy(CUBE, beta, draws=600, seed=0)
    assert found.standard_error < 0.1 * plain.std() / len(rows) ** 0.5


def test_smoothed_entropy_depends_on_the_seed_alone():
    first, same, other = (
        inf.smoothed_entropy(CUBE, 0.3, seed=s).value for s in (3, 3, 4)
    )
    assert first == same != other


def test_samples_may_be_any_kind_of_rows():
    kinds = (
        CUBE.astype(np.float32),
        torch.tensor(CUBE, requires_grad=True),
        CUBE.tolist(),
    )
    exact = inf.smoothed_entropy(CUBE, 0.3, seed=0).value
    for rows in kinds:
        found = inf.smoothed_entropy(rows, 0.3, seed=0).value
        assert found == pytest.approx(exact, abs=1e-6)


PEAKS = """
import resource, torch
from helpers import information_flow as inf
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
samples = torch.rand(200_000, 10, dtype=torch.float64)
inf.smoothed_log_density(samples[:256], samples[:1024], 0.1)
before = peak()
inf.smoothed_log_density(samples[:600], samples, 0.1)
print(peak() - before)
"""


def test_memory_is_bounded_whatever_the_number_of_samples():
    """A few copies of 200000 samples, 15 MB each; all pairs would take 960 MB.

    In a process of its own: what counts is the peak of memory, holes included.
    """
    run = subprocess.run(
        [sys.executable, "-c", PEAKS], check=True, capture_output=True, text=True
    )
    assert float(run.stdout) < 100


def test_the_smoothed_entropy_of_many_dimensions_does_not_overflow():
    found = inf.smoothed_entropy(RNG.normal(size=(20, 2000)), 0.01, seed=0)
    assert found.value == pytest.approx(noise(2000, 0.01) + math.log(20), abs=1e-8)


def test_two_stage_error_is_that_of_a_simulated_survey():
    """5000 surveys: 8 of 20 centres, 3 draws each; SE of a deviation is 1 %."""
    rng = np.random.default_rng(1)
    levels, spread = rng.normal(size=20), rng.uniform(0.2, 2, size=20)
    means, variances = [], []
    for _ in range(5000):
        rows = rng.permutation(20)[:8]
        draws = levels[rows, None] + spread[rows, None] * rng.normal(size=(8, 3))
        mean, error = two_stage(torch.tensor(draws), 20)
        means.append(mean)
        variances.append(error**2)
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.06)


# Bounds and bins


@pytest.mark.parametrize("beta", [0.05, 0.3, 1.0])
def test_pairwise_bounds_hold_the_entropy_between_them(beta):
    lower, upper = inf.pairwise_bounds(CUBE, beta)
    found = inf.smoothed_entropy(CUBE, beta, seed=0)
    assert lower < found.value - 4 * found.standard_error
    assert upper > found.value + 4 * found.standard_error


def test_pairwise_bounds_equal_the_double_sum():
    d2 = ((CUBE[:, None] - CUBE) ** 2).sum(-1)
    for found, c in zip(inf.pairwise_bounds(CUBE, 0.2), (8, 2), strict=True):
        kernel = np.exp(-d2 / (c * 0.2**2)).mean(1)
        assert found == pytest.approx(noise(3, 0.2) - np.log(kernel).mean(), rel=1e-12)


def test_binned_entropy_counts_cells():
    rows = RNG.uniform(-1.3, 1.3, size=(500, 2))
    cells = Counter((math.floor((a + 1) * 5), math.floor((b + 1) * 5)) for a, b in rows)
    exact = -sum(k / 500 * math.log(k / 500) for k in cells.values())
    assert inf.binned_entropy(rows, 10) == pytest.approx(exact)


def test_binned_entropy_of_equal_clusters_is_the_log_of_their_number():
    rows = np.repeat(np.linspace(-0.9, 0.9, 8), 5)[:, None]
    assert inf.binned_entropy(rows, 30) == pytest.approx(math.log(8))


def test_the_upper_limit_belongs_to_the_last_bin():
    assert inf.binned_entropy([[0.99], [1.0]], 30) == 0
    assert inf.binned_entropy([[0.99], [1.001]], 30) == pytest.approx(LN2)
    assert inf.binned_entropy([[1.9], [2.0]], 4, (0.0, 2.0)) == 0


# One neuron: quadratures


@pytest.mark.parametrize("beta", [0.01, 0.1, 0.5, 3.0])
def test_scalar_information_equals_the_entropy_on_a_grid(beta):
    atoms, share = [-0.9, -0.2, 0.1, 0.8], [0.4, 0.3, 0.2, 0.1]
    exact = entropy_1d(atoms, beta, share) - noise(1, beta)
    assert inf.scalar_information(atoms, beta, share) == pytest.approx(exact, abs=1e-7)
    equal = entropy_1d(atoms, beta) - noise(1, beta)
    assert inf.scalar_information(atoms, beta) == pytest.approx(equal, abs=1e-7)


def test_scalar_information_has_its_limits():
    far, near = np.array([-1.0, 0.0, 1.0]), np.zeros(3)
    assert inf.scalar_information(far, 0.01) == pytest.approx(math.log(3), abs=1e-12)
    assert inf.scalar_information(near, 0.01) == pytest.approx(0, abs=1e-12)
    merged = inf.scalar_information([0.0, 0.0, 0.0, 5.0], 0.1)
    assert merged == pytest.approx(0.5623351446, abs=1e-9)
    assert inf.scalar_information([0.0, 7.0], 0.1, [1.0, 0.0]) == pytest.approx(0)


def test_scalar_information_takes_many_channels_at_once():
    atoms = RNG.uniform(-1, 1, size=(5, 2, 3))
    found = inf.scalar_information(atoms, 0.2)
    assert found.shape == (5, 2)
    alone = inf.scalar_information(atoms[3, 1], 0.2)
    assert found[3, 1] == pytest.approx(alone, rel=1e-12)  # sums in another order
    shares = RNG.dirichlet(np.ones(3), size=5)
    found = inf.scalar_information(atoms[0, 0], 0.2, shares)
    assert found[2] == pytest.approx(
        inf.scalar_information(atoms[0, 0], 0.2, shares[2])
    )


def test_atom_information_is_a_divergence():
    atoms, share, beta = np.array([-0.5, 0.7]), np.array([0.2, 0.8]), 0.4
    grid = np.linspace(-6, 6, 100_001)
    each = stats.norm.pdf(grid[:, None], atoms, beta)
    p = each @ share
    exact = integrate.trapezoid(each * np.log(each / p[:, None] + 1e-300), grid, axis=0)
    np.testing.assert_allclose(inf.atom_information(atoms, beta, share), exact, 1e-7)
    chi2 = integrate.trapezoid((each**2 @ share) / p, grid) - 1
    assert inf.chi2_information(atoms, beta, share) == pytest.approx(chi2, rel=1e-7)


# The bias law


@pytest.mark.parametrize(
    ("beta", "c"),
    [(0.1, 1.0), (0.3, 0.998676), (0.5, 0.931403), (1, 0.5504), (2, 0.204054)],
)
def test_chi2_information_of_two_signs(beta, c):
    assert inf.chi2_information([-1, 1], beta) == pytest.approx(c, abs=1e-6)
    assert inf.bias_law(10, 1, beta).chi2 == pytest.approx(c, abs=1e-6)
    assert inf.bias_law(10, 4, beta).chi2 == pytest.approx((1 + c) ** 4 - 1, rel=1e-5)


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_bias_law_against_the_exact_bias_of_two_atoms(beta):
    """E h_n by summing over the binomial number of samples at the first atom."""
    share, n = 0.3, 200
    k = np.arange(n + 1)
    weights = np.stack([k / n, 1 - k / n], axis=1)
    h_n = inf.scalar_information([-1, 1], beta, weights)
    exact = inf.scalar_information([-1, 1], beta, [share, 1 - share])
    bias = exact - stats.binom.pmf(k, n, share) @ h_n
    law = inf.bias_law(n, 1, beta, probabilities=[share, 1 - share])
    assert bias == pytest.approx(law.leading, rel=3 / n)
    assert 0 < bias < law.bound < law.chi2 / n


def test_bias_law_against_simulation_in_four_dimensions():
    n, beta, rng = 100, 0.6, np.random.default_rng(5)
    exact = 4 * inf.scalar_information([-1, 1], beta) + noise(4, beta)
    found = np.array(
        [
            inf.smoothed_entropy(rng.choice([-1.0, 1.0], (n, 4)), beta, seed=s).value
            for s in range(150)
        ]
    )
    bias, error = exact - found.mean(), found.std() / 150**0.5
    law = inf.bias_law(n, 4, beta)
    # beyond leading order: up to (16^2 - 1) / (12 n^2), that of the entropy of 16 cells
    assert -4 * error < bias - law.leading < 4 * error + 255 / (12 * n**2)
    assert bias < law.bound + 4 * error


def test_bias_law_of_separate_atoms_is_that_of_miller_and_madow():
    law = inf.bias_law(50, 3, 0.01, atoms=[-1, 0, 1])
    assert law.leading == pytest.approx((27 - 1) / (2 * 50))


# The bounds of the papers


def test_risk_bound_is_the_table_of_the_companion_paper():
    table = {1: 7.41e-4, 2: 0.00166, 3: 0.00369, 5: 0.0179, 7: 0.0856, 9: 0.402,
             10: 0.869, 11: 1.87, 12: 4.02}  # fmt: skip
    for dim, value in table.items():
        assert inf.risk_bound(10**9, dim, 1.0) == pytest.approx(value, rel=0.004)


def test_risk_bound_term_by_term():
    n, d, b, e = 5000, 2, 0.5, 0.1
    side = 2 + 2 * b * math.sqrt((2 + e) * math.log(n))
    root = side ** (d / 2) / math.sqrt(n) / (4 * math.pi * b**2) ** (d / 4) / 2
    inside = root * math.log(n * side**d / (math.pi * b**2) ** (d / 2))
    c = d / 2 * math.log(2 * math.pi * b**2) + d / b**2
    rest = 2 * c * d * (1 + b**2) / b**2
    rest += c**2 + 8 * d * (d + 2 * b**4 + d * b**4) / b**4
    assert inf.risk_bound(n, d, b, e) == pytest.approx(inside + 2 * rest / n)


@pytest.mark.parametrize("beta", [0.02, 0.3, 2.0])
@pytest.mark.parametrize("dim", [1, 5])
def test_a_draw_varies_less_than_both_bounds(dim, beta):
    rows = torch.tensor(RNG.uniform(-1, 1, size=(200, dim)))
    z = torch.tensor(RNG.normal(size=(200, 200, dim)))
    points = (rows + beta * z).reshape(-1, dim)
    found = inf.smoothed_log_density(points, rows, beta).reshape(200, 200)
    variance = found.var(0).mean().item()
    paper, ours = inf.monte_carlo_bounds(dim, beta)
    assert ours == dim
    assert paper == pytest.approx(2 * dim * (2 + beta**2) / beta**2)
    assert variance < 1.03 * ours  # its standard error is below 1 %
    assert ours < paper


def test_information_cap_is_the_capacity_of_gaussian_channels():
    assert inf.information_cap(3, 0.5) == pytest.approx(1.5 * math.log(5))
    signs = inf.scalar_information([-1, 1], 1.0)
    assert signs < inf.information_cap(1, 1.0)
    assert inf.gaussian_entropy(3, 0.5) == pytest.approx(noise(3, 0.5))


# The data set


def icosahedron():
    """Adjacency of the corners (0, +-1, +-golden) and their cyclic shifts."""
    golden = (1 + 5**0.5) / 2
    signs = [(a, b) for a in (1, -1) for b in (1, -1)]
    corners = [np.roll([0, a, b * golden], k) for k in range(3) for a, b in signs]
    d2 = ((np.array(corners)[:, None] - corners) ** 2).sum(-1)
    return np.isclose(d2, 4), np.isclose(d2, d2.max())


def test_szt_dataset_has_the_known_counts():
    x, y = inf.szt_dataset()
    assert x.shape == (4096, 12)
    assert x.dtype == torch.float64
    assert y.dtype == torch.int64
    assert y.sum() == 2118
    p = 2118 / 4096
    assert -p * math.log(p) - (1 - p) * math.log(1 - p) == pytest.approx(
        0.692563, abs=1e-6
    )
    words = ((x + 1) / 2) @ 2.0 ** torch.arange(11, -1, -1).double()
    assert torch.equal(words, torch.arange(4096).double())


def test_szt_labels_follow_the_number_of_lit_corners_at_the_ends():
    x, y = inf.szt_dataset()
    lit = (x > 0).sum(1)
    assert y[lit <= 4].sum() == 0
    assert y[lit >= 8].all()


def test_szt_labels_are_those_of_an_icosahedron_built_from_coordinates():
    """The same rule on another numbering of the corners: as many ones at each count."""
    edges, antipodes = icosahedron()
    bits = np.array([[w >> k & 1 for k in range(12)] for w in range(4096)])
    n = bits.sum(1)
    e = np.einsum("wi,ij,wj->w", bits, edges.astype(int), bits) // 2
    q = np.einsum("wi,ij,wj->w", bits, antipodes.astype(int), bits) // 2
    other = 114 * n + 24 * e - 12 * q - 11 * n**2 >= 430
    x, y = inf.szt_dataset()
    lit = (x > 0).sum(1).numpy()
    for k in range(13):
        assert y.numpy()[lit == k].sum() == other[n == k].sum()


def test_szt_labels_do_not_change_when_the_icosahedron_turns():
    """Turns found from the labels alone: permutations that keep words of 5 bits."""
    x, y = inf.szt_dataset()
    label = dict(zip(map(tuple, x.numpy()), y.tolist(), strict=True))
    from helpers.information_flow.icosahedron import _ANTIPODES, _NEIGHBOURS

    assert all(i in _NEIGHBOURS[j] for i in range(12) for j in _NEIGHBOURS[i])
    assert all(len(set(row)) == 5 for row in _NEIGHBOURS)
    for i, a in enumerate(_ANTIPODES):
        assert _ANTIPODES[a] == i
        assert not {i, *_NEIGHBOURS[i]} & {a, *_NEIGHBOURS[a]}
    turn = [0] * 12  # about the axis through corner 0: its neighbours go round
    ring = cyclic(_NEIGHBOURS[0], _NEIGHBOURS)
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        turn[a], turn[_ANTIPODES[a]] = b, _ANTIPODES[b]
    turn[_ANTIPODES[0]] = _ANTIPODES[0]
    assert sorted(turn) == list(range(12))
    for word, value in label.items():
        assert label[tuple(np.array(word)[turn])] == value


def cyclic(corners, neighbours):
    """The five neighbours of a corner in the order they follow each other."""
    for order in permutations(corners):
        steps = zip(order, order[1:] + order[:1], strict=True)
        if all(b in neighbours[a] for a, b in steps):
            return list(order)
    raise AssertionError("the neighbours do not form a ring")


# Noisy networks


def tiny(beta, weights=((1.0, -2.0), (2.0, 0.3))):
    """One neuron a layer, tanh, with weights and biases as given."""
    net = inf.NoisyMLP([1] * (len(weights) + 1) + [2], beta, seed=0)
    for linear, (w, b) in zip(net.linears, weights, strict=False):
        nn.init.constant_(linear.weight, w)
        nn.init.constant_(linear.bias, b)
    return net


FOUR = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]]).double()


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


def test_a_noisy_pass_adds_gaussian_noise_after_each_activation():
    net = inf.NoisyMLP([3, 4, 2, 2], 0.3, seed=1)
    x = torch.zeros(20_000, 3).double() + 0.5
    (s1, t1), (s2, t2) = net.layers(x, torch.Generator().manual_seed(0))
    for s, t in ((s1, t1), (s2, t2)):
        z = ((t - s) / 0.3).detach()
        assert z.mean(0).abs().max() < 4 / 20_000**0.5
        assert (torch.cov(z.T) - torch.eye(z.shape[1])).abs().max() < 6 / 20_000**0.5
    torch.testing.assert_close(s1, torch.tanh(net.linears[0](x)))
    torch.testing.assert_close(s2, torch.tanh(net.linears[1](t1)))
    torch.manual_seed(3)
    out = net(x)
    torch.manual_seed(3)
    torch.testing.assert_close(out, net.linears[2](net.layers(x)[-1][1]))


def test_noise_is_on_in_eval_mode_and_quiet_turns_it_off():
    net = inf.NoisyMLP([3, 4, 2], 0.1, seed=1).eval()
    x = torch.ones(5, 3).double()
    assert not torch.equal(net(x), net(x))
    quiet = net.quiet()
    assert torch.equal(quiet(x), quiet(x))
    assert torch.equal(quiet.linears[0].weight, net.linears[0].weight)
    assert net.beta == 0.1
    state = torch.random.get_rng_state()
    quiet(x)
    inf.NoisyMLP([3, 4, 2], 0.1, seed=1)
    assert torch.equal(state, torch.random.get_rng_state())


def test_weights_start_truncated_with_the_fan_out():
    net = inf.NoisyMLP([300, 50, 200, 2], 0.1, scale=3.0, seed=2)
    for linear, n_out in zip(net.linears, (50, 200, 2), strict=True):
        std = 3 / n_out**0.5
        w = linear.weight.detach()
        assert w.abs().max() <= 2 * std
        cut = stats.truncnorm(-2, 2).std() * std
        assert w.std().item() == pytest.approx(cut, rel=4 / (2 * w.numel()) ** 0.5)
        assert not linear.bias.any()
    same = inf.NoisyMLP([300, 50, 200, 2], 0.1, scale=3.0, seed=2)
    other = inf.NoisyMLP([300, 50, 200, 2], 0.1, scale=3.0, seed=3)
    assert torch.equal(same.linears[1].weight, net.linears[1].weight)
    assert not torch.equal(other.linears[1].weight, net.linears[1].weight)


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_the_linearized_law_is_that_of_many_passes_at_small_noise(activation):
    net = inf.NoisyMLP([4, 5, 3, 2], 1e-4, activation, seed=0)
    nn.init.normal_(net.linears[0].bias, generator=torch.Generator().manual_seed(1))
    x = torch.tensor(RNG.normal(size=(2, 4)))
    means, covariances = net.linearized(x, 2)
    for row, mean, covariance in zip(x, means, covariances, strict=True):
        rows = row.expand(40_000, -1)
        t = net.layers(rows, torch.Generator().manual_seed(2))[1][1].detach()
        # means: 4 standard errors and beta^2; covariances: 4 sqrt(2 / 40000) = 2.8 %
        np.testing.assert_allclose(t.mean(0), mean, rtol=0, atol=1e-5)
        scale = covariance.diagonal().max().item()
        np.testing.assert_allclose(torch.cov(t.T), covariance, 0, 0.028 * scale)


def test_the_linearized_law_of_layer_one_is_exact():
    net = inf.NoisyMLP([4, 5, 3, 2], 0.7, seed=0)
    x = torch.tensor(RNG.normal(size=(6, 4)))
    mean, covariance = net.linearized(x, 1)
    torch.testing.assert_close(mean, net.quiet().layers(x)[0][1])
    every = 0.49 * torch.eye(5).double().expand(6, -1, -1)
    torch.testing.assert_close(covariance.expand(6, -1, -1), every)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("weight", [0.5, 3.0])
def test_the_linearized_law_keeps_mean_and_variance_of_one_neuron(activation, weight):
    """T_2 given x by integrating over Z_1; a kink costs Gauss-Hermite 2 %."""
    net = tiny(0.5, ((1.0, 0.2), (weight, -0.3)))
    net.activation = nn.Tanh() if activation == "tanh" else nn.ReLU()
    mean, covariance = net.linearized(FOUR, 2)
    z = torch.linspace(-9, 9, 20_001).double()
    share = torch.exp(-(z**2) / 2) / torch.exp(-(z**2) / 2).sum()
    for i, x in enumerate(FOUR):
        s1 = net.activation(net.linears[0](x[None]))
        s2 = net.activation(net.linears[1](s1 + 0.5 * z[:, None]))[:, 0].detach()
        exact = (share @ s2).item()
        variance = (share @ (s2 - exact) ** 2).item() + 0.25
        assert mean[i, 0].item() == pytest.approx(exact, abs=0.02)
        assert covariance[i, 0, 0].item() == pytest.approx(variance, rel=0.02)


# Mutual information


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


def test_information_of_one_neuron_has_the_known_values():
    for w, value in ((1, 0.8450), (2, 0.5730)):
        exact = inf.scalar_information(np.tanh(w * FOUR[:, 0].numpy() - 2 * w), 0.1)
        assert exact == pytest.approx(value, abs=5e-5)


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


def test_sampling_error_covers_what_other_seeds_give():
    x = torch.tensor(RNG.normal(size=(400, 5)))
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


# Training


def trained(nets, penalties=None, checkpoints=(0, 3, 5), **options):
    x, y = inf.szt_dataset()
    chosen = {"lr": 0.01, "batch_size": 128, "seed": 0, "progress": False} | options
    return inf.train_together(
        nets, x[::4], y[::4], penalties=penalties, checkpoints=checkpoints, **chosen
    )


def test_networks_train_together_as_they_would_alone():
    nets = [inf.NoisyMLP(SZT, 0.0, seed=s) for s in range(3)]
    together = trained(nets, [0.0, 0.1, 0.0])
    for i, penalty in ((1, 0.1), (2, 0.0)):
        alone = trained([nets[i]], [penalty])
        for a, b in zip(alone.networks[0], together.networks[i], strict=True):
            for p, q in zip(a.parameters(), b.parameters(), strict=True):
                torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4)  # float32


def test_training_keeps_what_it_says():
    nets = [inf.NoisyMLP(SZT, beta, seed=7) for beta in (0.0, 0.1)]
    before = [p.clone() for p in nets[0].parameters()]
    found = trained(nets, checkpoints=(0, 4, 60), test_share=0.25)
    assert all(map(torch.equal, before, nets[0].parameters()))
    assert found.epoch.tolist() == [0, 4, 60]
    first = found.networks[0][0].linears[0].weight
    torch.testing.assert_close(first, nets[0].linears[0].weight, rtol=1e-6, atol=1e-7)
    assert first.dtype == torch.float64
    assert [net.beta for net in next(zip(*found.networks, strict=True))] == [0.0, 0.1]
    assert found.loss.shape == found.test_accuracy.shape == (2, 3)
    assert (found.loss[:, -1] < found.loss[:, 0]).all()
    assert (found.accuracy[:, -1] > 0.8).all()
    x, y = inf.szt_dataset()
    order = torch.randperm(1024, generator=torch.Generator().manual_seed(0))
    out = found.networks[0][2](x[::4])  # without noise
    right = (out.argmax(1) == y[::4]).double()
    loss = nn.functional.cross_entropy(out, y[::4], reduction="none").detach()
    for share, accuracy, losses in (
        (order[:256], found.test_accuracy, found.test_loss),
        (order[256:], found.accuracy, found.loss),
    ):
        assert accuracy[0, 2] == pytest.approx(right[share].mean().item(), abs=1e-6)
        assert losses[0, 2] == pytest.approx(loss[share].mean().item(), rel=1e-4)


def test_the_penalty_makes_the_rows_orthonormal():
    net = trained([inf.NoisyMLP(SZT, 0.01, seed=0)], [10.0], checkpoints=(40,))
    for linear in net.networks[0][0].linears[:-1]:
        w = linear.weight.detach()
        assert (w @ w.T - torch.eye(len(w))).abs().max() < 0.05


def test_training_depends_on_the_seed_alone():
    nets = [inf.NoisyMLP(SZT, 0.1, seed=0)]
    first, same, other = (trained(nets, seed=s).loss[0, -1] for s in (1, 1, 2))
    assert first == same != other


# Bad input


NET = tiny(0.1)
QUIET = tiny(0.1).quiet()
DEEP = inf.NoisyMLP(SZT, 0.1, seed=0)
X4 = torch.zeros(4, 3)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.smoothed_entropy([[0.0, np.nan]], 1.0, seed=0),
         "samples must be finite, got NaN or infinity"),
        (lambda: inf.smoothed_entropy([0.0, 1.0], 1.0, seed=0),
         r"samples must be \[n, d\] with n >= 1, got shape \[2\]"),
        (lambda: inf.smoothed_entropy(np.empty((0, 2)), 1.0, seed=0),
         r"got shape \[0, 2\]"),
        (lambda: inf.smoothed_entropy([[0.0]], 0.0, seed=0),
         "beta must be a finite number > 0, got 0.0"),
        (lambda: inf.smoothed_entropy([[0.0]], math.nan, seed=0), "beta .* got nan"),
        (lambda: inf.smoothed_entropy([[0.0]], "a", seed=0), "beta .* got 'a'"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, draws=1, seed=0),
         "draws must be an integer >= 2, got 1"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, draws=2.5, seed=0), "draws .* 2.5"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, seed=-1), "seed .* >= 0, got -1"),
        (lambda: inf.smoothed_entropy([[0.0]], 1.0, seed=True), "seed .* got True"),
        (lambda: inf.smoothed_log_density([[0.0]], [[0.0, 1.0]], 1.0),
         r"points must be \[n, 2\] with n >= 1, got shape \[1, 1\]"),
        (lambda: inf.pairwise_bounds([[0.0]], -1.0), "beta .* got -1.0"),
        (lambda: inf.binned_entropy([[0.0]], 0), "bins must be an integer >= 1, got 0"),
        (lambda: inf.binned_entropy([[0.0]], 3, (1.0, 1.0)),
         r"limits must be finite and increase, got \(1.0, 1.0\)"),
        (lambda: inf.scalar_information([], 1.0), "atoms must be finite numbers"),
        (lambda: inf.scalar_information([0.0, np.inf], 1.0), "atoms must be finite"),
        (lambda: inf.scalar_information([0.0, 1.0], 1.0, [0.5, 0.6]),
         r"probabilities must be >= 0 and add up to 1, got \[0.5, 0.6\]"),
        (lambda: inf.chi2_information([0.0, 1.0], 1.0, [-0.5, 1.5]), "probabilities"),
        (lambda: inf.atom_information([0.0], -1.0), "beta"),
        (lambda: inf.bias_law(0, 1, 1.0), "n must be an integer >= 1, got 0"),
        (lambda: inf.bias_law(1, 0, 1.0), "dim must be an integer >= 1, got 0"),
        (lambda: inf.risk_bound(1, 1, 1.0), "n must be an integer >= 2, got 1"),
        (lambda: inf.risk_bound(10, 1, 1.0, 0.0), "eps must be .* > 0, got 0.0"),
        (lambda: inf.risk_bound(10, 0, 1.0), "dim"),
        (lambda: inf.risk_bound(10, 1, 0.0), "beta"),
        (lambda: inf.monte_carlo_bounds(0, 1.0), "dim"),
        (lambda: inf.monte_carlo_bounds(1, 0.0), "beta"),
        (lambda: inf.information_cap(0, 1.0), "dim"),
        (lambda: inf.information_cap(1, 0.0), "beta"),
        (lambda: inf.gaussian_entropy(0, 1.0), "dim"),
        (lambda: inf.gaussian_entropy(1, 0.0), "beta"),
        (lambda: inf.NoisyMLP([2, 3, 2], -0.1, seed=0),
         "beta must be finite and >= 0, got -0.1"),
        (lambda: inf.NoisyMLP([2, 3], 0.1, seed=0),
         r"widths needs 3 entries or more, got \[2, 3\]"),
        (lambda: inf.NoisyMLP([2, 0, 2], 0.1, seed=0), "every width must be .* got 0"),
        (lambda: inf.NoisyMLP([2, 3, 2], 0.1, scale=0, seed=0), "scale .* got 0"),
        (lambda: inf.NoisyMLP([2, 3, 2], 0.1, "cosh", seed=0), "unknown activation"),
        (lambda: inf.mutual_information(NET, FOUR, 3, seed=0),
         "layer must be 1..2, got 3"),
        (lambda: inf.mutual_information(NET, FOUR, 0, seed=0), "layer .* >= 1, got 0"),
        (lambda: inf.mutual_information(QUIET, FOUR, 1, seed=0),
         "beta must be > 0, got 0: without noise"),
        (lambda: inf.mutual_information(NET, FOUR, 1, "binned", seed=0),
         r"method must be one of \('linearized', 'sampling'\), got 'binned'"),
        (lambda: inf.mutual_information(NET, X4, 1, seed=0), r"x must be \[n, 1\]"),
        (lambda: inf.mutual_information(NET, FOUR, 1, draws=1, seed=0), "draws .* 1"),
        (lambda: inf.mutual_information(NET, FOUR, 2, "sampling", n_inner=1, seed=0),
         "n_inner must be an integer >= 2, got 1"),
        (lambda: inf.linearization_gap(NET, FOUR, 2, n_inputs=1, seed=0),
         "n_inputs must be an integer >= 2, got 1"),
        (lambda: inf.label_information(NET, FOUR, [0, 1], 1, seed=0),
         r"y must be \[4\], got shape \[2\]"),
        (lambda: inf.label_information(NET, FOUR, [0, 1, 0, 1], 1, draws=0, seed=0),
         "draws"),
        (lambda: trained([]), "nets must be one or more of equal widths"),
        (lambda: trained([NET, inf.NoisyMLP([1, 2, 2], 0.1, seed=0)]), "equal widths"),
        (lambda: trained([DEEP], [0.1, 0.2]), "a penalty each"),
        (lambda: trained([DEEP], [-0.1]), r"penalties must be >= 0, got \[-0.1\]"),
        (lambda: trained([DEEP], checkpoints=(3, 3)),
         r"checkpoints must be >= 0 and increase, got \[3, 3\]"),
        (lambda: trained([DEEP], checkpoints=()), r"got \[\]"),
        (lambda: trained([DEEP], test_share=1.0),
         "test_share must be between 0 and 1, got 1.0"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_public_names_are_all_there():
    assert len(set(inf.__all__)) == len(inf.__all__)
    for name in inf.__all__:
        assert getattr(inf, name).__doc__

"""Speed of the mixture densities: ours beside matrix products and public packages."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.neighbors import KernelDensity

from helpers import information_flow as inf

from .bench import Side, exponent

DIM, BETA = 10, 0.1
WIDTHS = [12, 10, 7, 5, 4, 3, 2]


def cube(n, dim=DIM, seed=0):
    return torch.tensor(np.random.default_rng(seed).uniform(-1, 1, size=(n, dim)))


def plain_log_density(points, samples, beta):
    """All distances, then the logarithm of the mean of the densities."""
    exponents = torch.cdist(points, samples).square() / (-2 * beta**2)
    shift = math.log(len(samples)) + DIM / 2 * math.log(2 * math.pi * beta**2)
    return exponents.logsumexp(1) - shift


def test_pairs_a_second_beside_the_products_of_matrices(bench):
    """Pairs of point and sample at d = 10; at least 1e8 a second, here on one core.

    A pair costs 2 (d + 1) flops of product and one exponential, which takes longer: the
    other side is one exponential a pair, in place, in blocks that stay in the cache.
    """
    n, m = bench.size((64, 32), (8192, 4096))
    samples, points = cube(n), cube(m, seed=1)
    block = torch.zeros(*bench.size((8, 16), (256, 1024)), dtype=torch.float64)
    race = bench.race(
        lambda: inf.smoothed_log_density(points, samples, BETA),
        Side(lambda: block.clone().exp_(), share=block.numel() / (n * m)),
    )
    square = torch.randn(*bench.size((50, 50), (1500, 1500)), dtype=torch.float64)
    product = min(bench.race(lambda: square @ square).ours) / (2 * len(square) ** 3)
    rate = n * m / min(race.ours)
    bench.record(
        race,
        "information_flow.smoothed_log_density",
        f"density of {n:,} Gaussians at {m:,} points, d = {DIM}",
        beside="one exponential a pair, alone",
        cost=f"{rate:.1e} pairs a second; their products take "
        f"{100 * rate * 2 * (DIM + 1) * product:.0f} % of the time at peak speed",
    )
    assert not bench.full or rate >= 1e8


@pytest.mark.parametrize("beta", [0.01, 0.1, 1.0])
def test_the_rate_does_not_depend_on_the_noise(bench, beta):
    """Exponentials that underflow are slow; ours meets none of them."""
    n, m = bench.size((64, 16), (4096, 1024))
    samples, points = cube(n), cube(m, seed=1)
    race = bench.race(
        lambda: inf.smoothed_log_density(points, samples, beta),
        lambda: plain_log_density(points, samples, beta),
    )
    np.testing.assert_allclose(race.found, race.their_found, rtol=1e-9)
    bench.record(
        race,
        "information_flow.smoothed_log_density",
        f"density of {n:,} Gaussians at {m:,} points, noise {beta}",
        beside="cdist and logsumexp of torch",
        accuracy="the same within 1e-9",
        within=n * m / 1e8,
    )


def test_beside_scikit_learn_at_equal_accuracy(bench):
    """Time to an entropy of a given error, ours over KernelDensity's.

    KernelDensity evaluates log g at one noisy copy of each sample; the error of the
    mean falls as 1 / sqrt(time). The noise is such that samples overlap; where they do
    not, h_n is at its cap and the control variate leaves no error to compare.
    """
    n, beta = bench.size(50, 2000), 0.5
    samples = cube(n)
    noise = torch.randn(n, DIM, generator=torch.Generator().manual_seed(0))
    noisy = (samples + beta * noise).numpy()
    kernel = KernelDensity(bandwidth=beta, rtol=0, atol=0).fit(samples.numpy())
    found = inf.smoothed_entropy(samples, beta, seed=0)
    logs = -kernel.score_samples(noisy)
    error = logs.std() / math.sqrt(n)
    assert abs(logs.mean() - found.value) < 4 * error
    equal = bench.race(
        lambda: inf.smoothed_entropy(samples, beta, seed=0),
        Side(
            lambda: kernel.score_samples(noisy),
            share=(found.standard_error / error) ** 2,
        ),
    )
    points = bench.race(
        lambda: inf.smoothed_log_density(noisy, samples, beta),
        lambda: kernel.score_samples(noisy),
    )
    # The bounds of its tree:
    np.testing.assert_allclose(points.found, points.their_found, atol=1e-6)
    bench.record(
        equal,
        "information_flow.smoothed_entropy",
        f"entropy of {n:,} samples, d = {DIM}, noise {beta}",
        beside="KernelDensity of scikit-learn, its time scaled to our error",
        accuracy=f"standard error {found.standard_error:.1e}",
        their_accuracy=f"standard error {error:.1e} before scaling",
        least=10,
    )
    bench.record(
        points,
        "information_flow.smoothed_log_density",
        f"density of {n:,} Gaussians at {n:,} points, noise {beta}",
        beside="KernelDensity of scikit-learn",
        accuracy="the same within 1e-6",
        key="at equal points",
        least=10,
    )


def test_time_is_linear_in_points_times_samples(bench):
    """Slope of log time against log(n m)."""
    work, races, unit = [], [], bench.size(10, 1000)
    for n, m in ((2, 1), (8, 1), (8, 4), (32, 4), (32, 8)):
        points, samples = cube(unit * m, seed=1), cube(unit * n)
        ours = partial(inf.smoothed_log_density, points, samples, BETA)
        races.append(bench.race(ours))
        work.append(n * m)
    slope = exponent(work, races)
    bench.record(
        races[-1],
        "information_flow.smoothed_log_density",
        f"density of {unit * n:,} Gaussians at {unit * m:,} points, d = {DIM}",
        cost=f"grows as (points × samples)^{slope:.2f} over a "
        f"{work[-1] / work[0]:.0f}-fold range",
    )
    assert not bench.full or 0.85 <= slope <= 1.1


def test_linearized_information_beside_a_plain_loop(bench):
    """All pairs of passes and Gaussians, one pass at a time in numpy."""
    x, _ = inf.szt_dataset()
    x, draws = bench.size((x[::64], 8), (x, 512))
    net = inf.NoisyMLP(WIDTHS, 0.01, seed=0)

    def plain():
        means, covariances = (part.numpy() for part in net.linearized(x, 5))
        precisions = np.linalg.inv(covariances)
        logs = -np.linalg.slogdet(covariances)[1] / 2
        generator = torch.Generator().manual_seed(0)
        rows = torch.randperm(len(x), generator=generator)[:draws]
        passes = net.layers(x[rows], generator)[4][1].detach().numpy()
        found = []
        for row, t in zip(rows, passes, strict=True):
            gap = t - means
            each = logs - np.einsum("ni,nij,nj->n", gap, precisions, gap) / 2
            found.append(each[row] - logsumexp(each) + math.log(len(x)))
        return np.mean(found)

    race = bench.race(
        lambda: inf.mutual_information(net, x, 5, draws=draws, seed=0), plain
    )
    assert race.found.value == pytest.approx(race.their_found, abs=1e-8)
    bench.record(
        race,
        "information_flow.mutual_information",
        f"layer 5, {draws} passes of {len(x):,} inputs",
        beside="plain loop over the passes",
        accuracy="the same within 1e-8",
        least=5,
    )


def test_networks_side_by_side(bench):
    """Eight networks trained together, beside one, eight times."""
    x, y = inf.szt_dataset()
    epochs, batch = bench.size((1, 64), (12, 512))
    x, y = bench.size((x[::8], y[::8]), (x, y))
    nets = [inf.NoisyMLP(WIDTHS, 0.01, seed=s) for s in range(8)]
    options = {"checkpoints": [epochs], "lr": 5e-3, "batch_size": batch, "seed": 0,
               "progress": False}  # fmt: skip
    race = bench.race(
        lambda: inf.train_together(nets, x, y, **options),
        Side(lambda: inf.train_together(nets[:1], x, y, **options), share=1 / 8),
    )
    bench.record(
        race,
        "information_flow.train_together",
        f"eight networks, {epochs} epochs",
        beside="one at a time",
        least=1,
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_beside_cpu(bench):
    n = bench.size(256, 16384)
    samples = cube(n)

    def cuda():
        found = inf.smoothed_entropy(samples.cuda(), BETA, draws=n // 2, seed=0)
        torch.cuda.synchronize()
        return found

    race = bench.race(
        cuda, lambda: inf.smoothed_entropy(samples, BETA, draws=n // 2, seed=0)
    )
    other = race.their_found
    assert race.found.value == pytest.approx(other.value, abs=5 * other.standard_error)
    bench.record(
        race,
        "information_flow.smoothed_entropy",
        f"entropy of {n:,} samples, d = {DIM}, cuda",
        beside="the same on the processor",
        accuracy=f"standard error {race.found.standard_error:.1e}",
        their_accuracy=f"standard error {other.standard_error:.1e}",
    )

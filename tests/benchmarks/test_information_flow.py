"""Speed of the mixture densities: ours beside matrix products and public packages.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds, the
least of a few repeats, with one thread; each test prints its ratio.
"""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.neighbors import KernelDensity

from helpers import information_flow as inf

from .timing import seconds

DIM, BETA = 10, 0.1


def cube(n, dim=DIM, seed=0):
    return torch.tensor(np.random.default_rng(seed).uniform(-1, 1, size=(n, dim)))


def test_pairs_a_second_beside_the_products_of_matrices(benchmark, say):
    """Pairs of point and sample at d = 10; at least 1e8 a second, here on one core.

    A pair costs 2 (d + 1) flops of product and one exponential, which takes longer. The
    peak is that of a product of two square matrices of 1500.
    """
    samples, points = cube(8192), cube(4096, seed=1)

    def ours():
        return inf.smoothed_log_density(points, samples, BETA)

    square = torch.randn(1500, 1500, dtype=torch.float64)
    block = torch.randn(256, 1024, dtype=torch.float64)
    taken = seconds(ours, 5)[0]
    peak = 2 * 1500**3 / seconds(lambda: square @ square, 3)[0]
    exponential = seconds(lambda: block.clone().exp_(), 9)[0] / block.numel()
    rate = len(points) * len(samples) / taken
    say(
        f"d = 10: {rate:.2g} pairs a second on one core; products in them at "
        f"{100 * rate * 2 * (DIM + 1) / peak:.0f} % of the peak of {peak / 1e9:.0f} "
        f"GFlop/s, exponentials {100 * rate * exponential:.0f} % of the time"
    )
    benchmark.extra_info["rate"] = rate
    benchmark.pedantic(ours, rounds=3)
    assert rate >= 1e8


@pytest.mark.parametrize("beta", [0.01, 0.1, 1.0])
def test_the_rate_does_not_depend_on_the_noise(benchmark, say, beta):
    """Exponentials that underflow are slow; ours meets none of them."""
    samples, points = cube(4096), cube(1024, seed=1)

    def ours():
        return inf.smoothed_log_density(points, samples, beta)

    def plain():
        squares = torch.cdist(points, samples).square()
        return (squares / (-2 * beta**2)).logsumexp(1)

    fast, found = seconds(ours, 7)
    slow, other = seconds(plain, 3)
    shift = math.log(4096) + DIM / 2 * math.log(2 * math.pi * beta**2)
    np.testing.assert_allclose(found, other - shift, rtol=1e-9)
    rate = len(points) * len(samples) / fast
    say(f"noise {beta}: {rate:.2g} pairs a second, cdist and logsumexp ratio "
        f"{slow / fast:.1f}")  # fmt: skip
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=1)
    assert rate >= 1e8


def test_beside_scikit_learn_at_equal_accuracy(benchmark, say):
    """Time to an entropy of a given error, ours over KernelDensity's.

    KernelDensity evaluates log g at one noisy copy of each sample; the error of the
    mean falls as 1 / sqrt(time). The noise is such that samples overlap; where they do
    not, h_n is at its cap and the control variate leaves no error to compare.
    """
    samples, beta = cube(2000), 0.5

    def ours():
        return inf.smoothed_entropy(samples, beta, seed=0)

    noise = torch.randn(2000, DIM, generator=torch.Generator().manual_seed(0))
    noisy = (samples + beta * noise).numpy()
    kernel = KernelDensity(bandwidth=beta, rtol=0, atol=0).fit(samples.numpy())
    fast, found = seconds(ours, 5)
    slow, logs = seconds(lambda: -kernel.score_samples(noisy), 1)
    error = logs.std() / math.sqrt(len(logs))
    assert abs(logs.mean() - found.value) < 4 * error
    here = inf.smoothed_log_density(noisy, samples, beta)
    np.testing.assert_allclose(-here, logs, atol=1e-6)  # the bounds of its tree
    alone = seconds(lambda: inf.smoothed_log_density(noisy, samples, beta), 5)[0]
    ratio = slow / fast * (error / found.standard_error) ** 2
    say(
        f"entropy of 2000 samples, d = 10: {found.cap - found.value:.1f} nats below "
        f"its cap; ours {fast:.2f} s, error "
        f"{found.standard_error:.1e}; KernelDensity {slow:.2f} s, error {error:.1e}; "
        f"ratio {ratio:.2g} at equal accuracy, {slow / alone:.0f} at equal points"
    )
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(ours, rounds=3)
    assert min(ratio, slow / alone) >= 10


def test_time_is_linear_in_points_times_samples(benchmark, say):
    """Slope of log time against log(n m)."""
    work, times = [], []
    for n, m in ((2, 1), (8, 1), (8, 4), (32, 4), (32, 8)):
        points, samples = cube(1000 * m, seed=1), cube(1000 * n)
        ours = partial(inf.smoothed_log_density, points, samples, BETA)
        times.append(seconds(ours, 3)[0])
        work.append(n * m)
    exponent = np.polyfit(np.log(work), np.log(times), 1)[0]
    say(f"{work[-1] / work[0]:.0f}-fold pairs: exponent {exponent:.2f}")
    benchmark.extra_info["exponent"] = exponent
    benchmark.pedantic(lambda: None, rounds=1)
    assert 0.85 <= exponent <= 1.1


def test_linearized_information_beside_a_plain_loop(benchmark, say):
    """All pairs of 512 passes and 4096 Gaussians, one pass at a time in numpy."""
    x, _ = inf.szt_dataset()
    net = inf.NoisyMLP([12, 10, 7, 5, 4, 3, 2], 0.01, seed=0)

    def ours():
        return inf.mutual_information(net, x, 5, draws=512, seed=0)

    def plain():
        means, covariances = (part.numpy() for part in net.linearized(x, 5))
        precisions = np.linalg.inv(covariances)
        logs = -np.linalg.slogdet(covariances)[1] / 2
        generator = torch.Generator().manual_seed(0)
        rows = torch.randperm(len(x), generator=generator)[:512]
        passes = net.layers(x[rows], generator)[4][1].detach().numpy()
        found = []
        for row, t in zip(rows, passes, strict=True):
            gap = t - means
            each = logs - np.einsum("ni,nij,nj->n", gap, precisions, gap) / 2
            found.append(each[row] - logsumexp(each) + math.log(len(x)))
        return np.mean(found)

    fast, found = seconds(ours, 5)
    slow, value = seconds(plain, 1)
    assert found.value == pytest.approx(value, abs=1e-8)
    say(f"layer 5, 512 passes of 4096 inputs: {fast * 1e3:.0f} ms, plain loop "
        f"{slow * 1e3:.0f} ms, ratio {slow / fast:.1f}")  # fmt: skip
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=3)
    assert slow / fast >= 5


def test_networks_side_by_side(benchmark, say):
    """Eight networks trained together, beside one."""
    x, y = inf.szt_dataset()
    nets = [inf.NoisyMLP([12, 10, 7, 5, 4, 3, 2], 0.01, seed=s) for s in range(8)]
    options = {"checkpoints": [12], "lr": 5e-3, "batch_size": 512, "seed": 0,
               "progress": False}  # fmt: skip

    def train(some):
        return inf.train_together(some, x, y, **options)

    many = seconds(lambda: train(nets), 2)[0]
    one = seconds(lambda: train(nets[:1]), 2)[0]
    say(f"eight networks: {many / one:.1f} times one")
    benchmark.extra_info["ratio"] = many / one
    benchmark.pedantic(lambda: train(nets[:1]), rounds=1)
    assert many < 8 * one


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_beside_cpu(benchmark, say):
    samples = cube(16384)

    def cuda():
        found = inf.smoothed_entropy(samples.cuda(), BETA, draws=8192, seed=0)
        torch.cuda.synchronize()
        return found

    cuda()
    fast, found = seconds(cuda, 3)
    slow, other = seconds(
        lambda: inf.smoothed_entropy(samples, BETA, draws=8192, seed=0), 1
    )
    assert found.value == pytest.approx(other.value, abs=5 * other.standard_error)
    say(f"16384 samples: cuda {fast:.3f} s, cpu {slow:.2f} s, ratio {slow / fast:.0f}")
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(cuda, rounds=3)

"""Speed of noise and curvature: ours beside autograd, dense matrices and PyHessian.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds, the
least of a few repeats, with one thread; each test prints its ratio.
"""

import math
import warnings

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from helpers import data, networks
from helpers import sgd_noise as sn

from .timing import seconds

WIDTHS = [64, 200, 30, 10]  # 19,340 parameters


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", n_train=1000).flatten()


def trained(digits, widths, dtype):
    net = networks.mlp(widths, seed=0, dtype=dtype)
    x, y = digits.x_train.to(dtype), digits.y_train
    run = sn.dynamics(net, x, y, "gd", lr=0.1, steps=200, seed=0, progress=False)
    return run.networks[0], x, y


def batch_gradient(net, x, y):
    return torch.autograd.grad(functional.cross_entropy(net(x), y), net.parameters())


def one_by_one(net, x, y):
    """All per-sample gradients through torch.func, written out."""
    named = {name: p.detach() for name, p in net.named_parameters()}

    def loss(named, xi, yi):
        outputs = functional_call(net, named, (xi[None],))
        return functional.cross_entropy(outputs, yi[None])

    parts = vmap(grad(loss), (None, 0, 0))(named, x, y)
    return torch.cat([part.flatten(1) for part in parts.values()], 1)


@pytest.mark.parametrize("widths", [[64, 16, 10], WIDTHS])
def test_the_noise_beside_one_gradient(benchmark, say, digits, widths):
    """All samples' gradients as factors, products and draws: each within 2 gradients.

    The gradients written out, n x D numbers, are bound by memory; they are shown beside
    torch.func's, and asserted to be no slower.
    """
    net, x, y = trained(digits, widths, torch.float32)
    noise = sn.GradientNoise(net, x, y, 20)
    v = np.random.default_rng(0).normal(size=noise.shape[0])
    gradient = seconds(lambda: batch_gradient(net, x, y), 20)[0]
    factors = seconds(lambda: sn.GradientNoise(net, x, y, 20), 20)[0]
    product = seconds(lambda: noise @ v, 20)[0]
    draw = seconds(lambda: noise.sample(1, seed=0, gaussian=True), 20)[0]
    written, rows = seconds(lambda: sn.per_sample_gradients(net, x, y), 5)
    other, twin = seconds(lambda: one_by_one(net, x, y), 5)
    np.testing.assert_allclose(rows, twin.numpy(), atol=1e-5)
    say(
        f"D = {len(v)}, 1000 digits: gradient {gradient * 1e3:.2f} ms; in gradients: "
        f"all samples' {factors / gradient:.2f}, Sigma v {product / gradient:.2f}, "
        f"Gaussian draw {draw / gradient:.2f}; written out {written / gradient:.1f}, "
        f"by torch.func {other / gradient:.1f}"
    )
    benchmark.extra_info["ratio"] = product / gradient
    benchmark.pedantic(lambda: noise @ v, rounds=5)
    assert factors / gradient <= 2
    assert product / gradient <= 2
    assert draw / gradient <= 2
    assert written <= 1.2 * other


def test_leading_eigenvalues_beside_pyhessian(benchmark, say, digits):
    """Same 20 eigenvalues to 1e-3: Lanczos beside deflated power iteration."""
    pyhessian = pytest.importorskip("pyhessian")
    net, x, y = trained(digits, WIDTHS, torch.float64)

    def ours():
        return sn.top_eigenpairs(sn.HessianOperator(net, x, y), 20)

    def theirs():
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a graph that holds itself
            computed = pyhessian.hessian(
                net, functional.cross_entropy, data=(x, y), cuda=False
            )
            return computed.eigenvalues(maxIter=400, tol=1e-5, top_n=20)[0]

    fast, (values, vectors) = seconds(ours, 2)
    slow, found = seconds(theirs, 1)
    h = sn.HessianOperator(net, x, y)
    misfit = np.abs(h @ vectors - vectors * values).max() / values[0]
    off = np.abs(np.sort(found)[::-1] / values - 1).max()
    say(
        f"Hessian of {h.shape[0]} parameters, 1000 digits, top 20: {fast:.2f} s "
        f"(residual {misfit:.0e}), PyHessian {slow:.1f} s (within {off:.0e}), "
        f"ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=1)
    assert fast < 10
    assert misfit < 1e-8
    assert off < 1e-3
    assert slow > 2 * fast


def test_eigenvectors_of_the_noise_beside_the_dense_matrix(benchmark, say, digits):
    net, x, y = trained(digits, [64, 30, 10], torch.float64)
    noise = sn.GradientNoise(net, x, y, 20)

    def dense():
        rows = one_by_one(net, x, y).numpy()
        return sn.top_eigenpairs(np.cov(rows.T, bias=True) / 20, 20)[0]

    fast, (values, _) = seconds(lambda: noise.top(20), 3)
    slow, right = seconds(dense, 1)
    np.testing.assert_allclose(values, right, rtol=1e-8)
    say(
        f"Sigma, D = {noise.shape[0]}, top 20: {fast:.3f} s, dense {slow:.2f} s, "
        f"ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(lambda: noise.top(20), rounds=2)
    assert slow > 3 * fast


def test_the_trace_of_the_hessian_beside_all_its_columns(benchmark, say, digits):
    net, x, y = trained(digits, [64, 16, 10], torch.float64)
    h = sn.HessianOperator(net, x, y)
    fast, trace = seconds(h.trace, 3)
    slow, full = seconds(h.dense, 1)
    assert trace == pytest.approx(np.trace(full))
    say(
        f"Tr H, D = {h.shape[0]}: {fast * 1e3:.1f} ms, all columns {slow:.2f} s, "
        f"ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(h.trace, rounds=2)
    assert slow > 10 * fast


def every_sample(runs, steps, seed):
    """The two basins with isotropic noise, all 100 samples at every step."""
    rng = np.random.default_rng(seed)
    turn = np.array([[1, -1], [1, 1]]) / math.sqrt(2)
    data = rng.normal(size=(runs, 100, 2)) * np.sqrt([1e-3, 1e-4])
    curvature, flat = np.array([10, 100]), np.array([0, -2 * math.sqrt(2)])
    u = np.zeros((runs, 2))
    for _ in range(steps):
        v = u[:, None] - data
        sharp = v**2 @ curvature < ((v - flat) ** 2).sum(-1)
        slope = np.where(sharp[..., None], 2 * curvature * v, 2 * (v - flat)).mean(1)
        kick = rng.normal(size=u.shape) * math.sqrt(0.005)
        u = u - 0.005 * slope + kick
    return u @ turn + 1


def test_particles_beside_every_sample(benchmark, say):
    basins = sn.TwoBasins()

    def ours():
        return basins.escape("constant", runs=2000, steps=500, seed=0)

    fast, found = seconds(ours, 2)
    slow, right = seconds(lambda: every_sample(2000, 25, 0), 1)
    np.testing.assert_allclose(found.paths[:, 25], right, atol=1e-9)
    ratio = slow / 25 * 500 / fast
    say(
        f"2000 particles, 500 steps: {fast:.2f} s, sample by sample "
        f"{slow / 25 * 500:.1f} s, ratio {ratio:.0f}"
    )
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(ours, rounds=1)
    assert ratio > 10


def test_many_networks_beside_one_at_a_time(benchmark, say, digits):
    """Five networks, 100 steps of isotropic noise of matched energy."""
    nets = [networks.mlp([64, 16, 10], seed=s, dtype=torch.float32) for s in range(5)]
    x, y = digits.x_train[:400], digits.y_train[:400]
    options = {"lr": 0.2, "steps": 100, "seed": 0, "progress": False}

    def ours():
        return sn.dynamics(nets, x, y, "dynamic", **options)

    def plain():
        for net in nets:
            for _ in range(10):
                rows = one_by_one(net, x, y)
                rows.var(0, correction=0).sum()

    fast = seconds(ours, 2)[0]
    slow = 10 * seconds(plain, 1)[0]
    say(
        f"five networks, 100 steps with Tr Sigma: {fast:.2f} s, per-sample gradients "
        f"written out {slow:.2f} s, ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=1)
    assert slow > 3 * fast

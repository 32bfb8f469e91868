"""Speed of noise and curvature: ours beside slow twins and other packages."""

import math
import warnings
from importlib.metadata import version

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from helpers import data, networks, training
from helpers import sgd_noise as sn

from .bench import Side

WIDTHS = [64, 200, 30, 10]  # 19,340 parameters


def trained(bench, widths, dtype, n=1000):
    """A network of such widths, trained on n digits; small: a narrow one, a few."""
    n = bench.size(30, n)
    digits = data.load("digits", n_train=n).flatten()
    net = networks.mlp(bench.size([64, 4, 10], widths), seed=0, dtype=dtype)
    x, y = digits.x_train.to(dtype), digits.y_train
    steps = bench.size(5, 200)
    run = sn.dynamics(net, x, y, "gd", lr=0.1, steps=steps, seed=0, progress=False)
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


WITHIN_THREE_GRADIENTS = {
    "all samples' gradients, as factors": lambda noise, net, x, y: sn.GradientNoise(
        net, x, y, 20
    ),
    "Sigma v": lambda noise, *_: noise @ np.ones(noise.shape[0]),
    "a Gaussian draw": lambda noise, *_: noise.sample(1, seed=0, gaussian=True),
}


@pytest.mark.parametrize("job", WITHIN_THREE_GRADIENTS)
@pytest.mark.parametrize("widths", [[64, 16, 10], WIDTHS], ids=["narrow", "wide"])
def test_the_noise_beside_one_gradient(bench, widths, job):
    net, x, y = trained(bench, widths, torch.float32)
    noise = sn.GradientNoise(net, x, y, 20)
    race = bench.race(
        lambda: WITHIN_THREE_GRADIENTS[job](noise, net, x, y),
        lambda: batch_gradient(net, x, y),
    )
    bench.record(
        race,
        "sgd_noise.GradientNoise",
        f"{job}, {len(x)} digits, {noise.shape[0]:,} parameters",
        beside="one gradient of the mean loss",
        least=0.3,
    )


@pytest.mark.parametrize("widths", [[64, 16, 10], WIDTHS], ids=["narrow", "wide"])
def test_gradients_written_out_beside_torch_func(bench, widths):
    """All n x D numbers, which are bound by memory."""
    net, x, y = trained(bench, widths, torch.float32)
    race = bench.race(
        lambda: sn.per_sample_gradients(net, x, y), lambda: one_by_one(net, x, y)
    )
    np.testing.assert_allclose(race.found, race.their_found.numpy(), atol=1e-5)
    bench.record(
        race,
        "sgd_noise.per_sample_gradients",
        f"gradients of {len(x)} digits written out, {race.found.shape[1]:,} parameters",
        beside="torch.func",
        accuracy="the same within 1e-5",
        least=1 / 1.2,
    )


def test_leading_eigenvalues_beside_pyhessian(bench):
    """Same eigenvalues to 1e-3: Lanczos beside deflated power iteration."""
    net, x, y = trained(bench, WIDTHS, torch.float64)
    n = bench.size(2, 20)

    def ours():
        return sn.top_eigenpairs(sn.HessianOperator(net, x, y), n)

    h, (values, vectors) = sn.HessianOperator(net, x, y), ours()
    misfit = np.abs(h @ vectors - vectors * values).max() / values[0]
    assert misfit < 1e-8
    pyhessian = pytest.importorskip("pyhessian")

    def theirs():
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a graph that holds itself
            computed = pyhessian.hessian(
                net, functional.cross_entropy, data=(x, y), cuda=False
            )
            return computed.eigenvalues(maxIter=400, tol=1e-5, top_n=n)[0]

    race = bench.race(ours, theirs)
    off = np.abs(np.sort(race.their_found)[::-1] / values - 1).max()
    bench.record(
        race,
        "sgd_noise.top_eigenpairs",
        f"{n} eigenpairs of the Hessian, {h.shape[0]:,} parameters, {len(x)} digits",
        beside=f"PyHessian {version('pyhessian')}",
        accuracy=f"residual {misfit:.0e}",
        their_accuracy=f"within {off:.0e} of ours",
        least=2,
        within=10,
    )
    assert off < 1e-3


def small_cnn(bench):
    """A convolutional network with batch norm, trained on digits, in float64."""
    n, channels = bench.size((20, (2, 3)), (200, (4, 8)))
    digits = data.load("digits", n_train=n)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Conv2d(1, channels[0], 3, padding=1),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels[0], channels[1], 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * channels[1], 10),
        ).double()
    x, y = digits.x_train.double(), digits.y_train
    training.train(
        net, x, y, lr=0.01, batch_size=20, epochs=20, record_every=20, seed=0,
        progress=False,
    )  # fmt: skip
    return net.eval(), x, y


def by_pyhessian(net, x, y, n):
    """Power iteration with deflation, which finds the largest by size.

    In this network those are positive.
    """
    pyhessian = pytest.importorskip("pyhessian")
    computed = pyhessian.hessian(net, functional.cross_entropy, data=(x, y), cuda=False)
    return computed.eigenvalues(maxIter=400, tol=1e-6, top_n=n)[0]


def by_curvlinops(net, x, y, n):
    """Products of theirs in scipy's Lanczos, as their documentation does it."""
    curvlinops = pytest.importorskip("curvlinops")
    h = curvlinops.HessianLinearOperator(
        net, nn.CrossEntropyLoss(), list(net.parameters()), [(x, y)],
        check_deterministic=False,
    )  # fmt: skip
    return eigsh(h.to_scipy(), n, which="LA")[0]


def by_eigenthings(net, x, y, n):
    """Their own Lanczos; without reorthogonalising it finds eigenvalues twice."""
    theirs = pytest.importorskip("hessian_eigenthings")
    loss = theirs.supervised_loss(functional.cross_entropy)
    h = theirs.HessianOperator(net, [(x, y)], loss)
    steps = {"max_iter": 5 * n + 20, "reorthogonalize": True}
    found = theirs.lanczos(h, k=n, which="LA", seed=0, **steps)
    return found.eigenvalues.numpy()


PEERS = {
    "PyHessian": by_pyhessian,
    "curvlinops-for-pytorch": by_curvlinops,
    "hessian-eigenthings": by_eigenthings,
}


@pytest.mark.parametrize("peer", PEERS)
def test_the_hessian_of_a_cnn_beside(bench, peer):
    """The same 20 eigenvalues of one convolutional network with batch norm."""
    net, x, y = small_cnn(bench)
    n = bench.size(2, 20)

    def theirs():
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a graph that holds itself, and others
            return np.sort(PEERS[peer](net, x, y, n))[::-1]

    def ours():
        return sn.top_eigenpairs(sn.HessianOperator(net, x, y), n)

    race = bench.race(ours, theirs)
    values, vectors = race.found
    h = sn.HessianOperator(net, x, y)
    misfit = np.abs(h @ vectors - vectors * values).max() / values[0]
    off = np.abs(race.their_found / values - 1).max()
    bench.record(
        race,
        "sgd_noise.top_eigenpairs",
        f"{n} eigenpairs of the Hessian of a CNN, {h.shape[0]:,} parameters, "
        f"{len(x)} digits",
        beside=f"{peer} {version(peer)}",
        accuracy=f"residual {misfit:.0e}",
        their_accuracy=f"within {off:.0e} of ours",
    )
    assert misfit < 1e-8
    assert off < 1e-3


def test_eigenvectors_of_the_noise_beside_the_dense_matrix(bench):
    net, x, y = trained(bench, [64, 30, 10], torch.float64)
    noise = sn.GradientNoise(net, x, y, 20)
    n = bench.size(5, 20)

    def dense():
        rows = one_by_one(net, x, y).numpy()
        return sn.top_eigenpairs(np.cov(rows.T, bias=True) / 20, n)[0]

    race = bench.race(lambda: noise.top(n), dense)
    np.testing.assert_allclose(race.found[0], race.their_found, rtol=1e-8)
    bench.record(
        race,
        "sgd_noise.GradientNoise.top",
        f"{n} eigenpairs of the noise's covariance, {noise.shape[0]:,} parameters",
        beside="the dense matrix",
        accuracy="the same within 1e-8",
        least=3,
    )


def test_the_trace_of_the_hessian_beside_all_its_columns(bench):
    h = sn.HessianOperator(*trained(bench, [64, 16, 10], torch.float64))
    race = bench.race(h.trace, lambda: np.trace(h.dense()))
    assert race.found == pytest.approx(race.their_found)
    bench.record(
        race,
        "sgd_noise.HessianOperator.trace",
        f"the trace of the Hessian, {h.shape[0]:,} parameters",
        beside="all its columns",
        accuracy="the same within 1e-6",
        least=10,
    )


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


def test_particles_beside_every_sample(bench):
    """All samples are read in one step of twenty."""
    runs, steps = bench.size((20, 40), (2000, 500))
    basins = sn.TwoBasins()
    race = bench.race(
        lambda: basins.escape("constant", runs=runs, steps=steps, seed=0),
        Side(lambda: every_sample(runs, steps // 20, 0), share=1 / 20),
    )
    np.testing.assert_allclose(
        race.found.paths[:, steps // 20], race.their_found, atol=1e-9
    )
    bench.record(
        race,
        "sgd_noise.TwoBasins.escape",
        f"{runs:,} particles, {steps} steps",
        beside="sample by sample",
        accuracy="the same paths within 1e-9",
        least=10,
    )


def test_many_networks_beside_one_at_a_time(bench):
    """Five networks, isotropic noise of matched energy; a tenth of the traces."""
    x, y = trained(bench, [64, 16, 10], torch.float32, n=400)[1:]
    steps = bench.size(10, 100)
    widths = bench.size([64, 4, 10], [64, 16, 10])
    nets = [networks.mlp(widths, seed=s, dtype=torch.float32) for s in range(5)]
    options = {"lr": 0.2, "steps": steps, "seed": 0, "progress": False}

    def plain():
        for net in nets:
            for _ in range(steps // 10):
                rows = one_by_one(net, x, y)
                rows.var(0, correction=0).sum()

    race = bench.race(
        lambda: sn.dynamics(nets, x, y, "dynamic", **options),
        Side(plain, share=1 / 10),
    )
    bench.record(
        race,
        "sgd_noise.dynamics",
        f"{steps} steps of five networks with the trace of their noise",
        beside="per-sample gradients written out, the traces alone",
        least=3,
    )

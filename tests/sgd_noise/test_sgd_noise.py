"""Noise, curvature and escape against slow twins, closed forms and simulation."""

import math
import re

import numpy as np
import pytest
import torch
from scipy import integrate, linalg
from torch import nn
from torch.func import functional_call, grad, jacrev, vmap
from torch.nn import functional

from helpers import networks
from helpers import sgd_noise as sn
from helpers.sgd_noise.per_sample import Stack

RNG = np.random.default_rng(0)
N = 30
X = torch.as_tensor(RNG.normal(size=(N, 5)))
CLASSES = torch.as_tensor(RNG.integers(0, 3, N))
VALUES = torch.as_tensor(RNG.normal(size=(N, 3)))


def net_of(activation="relu", seed=0, widths=(5, 7, 6, 3), dtype=torch.float64):
    return networks.mlp(widths, activation, sigma_b=0.3, seed=seed, dtype=dtype)


def frozen():
    """Only the first weight and the last bias are trained."""
    net = net_of()
    for name, p in net.named_parameters():
        p.requires_grad_(name in ("0.weight", "4.bias"))
    return net


def without_bias():
    layers = nn.Linear(5, 4, bias=False), nn.Tanh(), nn.Linear(4, 3)
    return nn.Sequential(*layers).double()


CASES = [
    (net_of, CLASSES, "cross_entropy", functional.cross_entropy),
    (lambda: net_of("tanh"), VALUES, "mse", functional.mse_loss),
    (frozen, CLASSES, "cross_entropy", functional.cross_entropy),
    (without_bias, VALUES, "mse", functional.mse_loss),
    (
        lambda: net_of("abs", widths=(5, 6, 1)),
        (CLASSES > 0).double(),
        sn.clipped_square(0.1),
        sn.clipped_square(0.1),
    ),
]


def twin(net, loss, y=CLASSES, x=X):
    """theta, and the loss of any samples as a function of it, through torch.func."""
    trained = {n: p.detach() for n, p in net.named_parameters() if p.requires_grad}
    theta = torch.cat([p.flatten() for p in trained.values()])
    sizes = [p.numel() for p in trained.values()]

    def value(theta, x, y):
        parts = zip(trained.items(), theta.split(sizes), strict=True)
        named = {name: part.view_as(p) for (name, p), part in parts}
        return loss(functional_call(net, named, (x,)), y)

    return theta, value


def rows_of(net, loss, y):
    theta, value = twin(net, loss)

    def one(theta, xi, yi):
        return value(theta, xi[None], yi[None])

    return vmap(grad(one), (None, 0, 0))(theta, X, y).numpy()


def covariance(rows, m, replace=True):
    factor = 1 if replace else (N - m) / (N - 1)
    return np.cov(rows.T, bias=True) / m * factor


@pytest.mark.parametrize(("make", "y", "loss", "function"), CASES)
def test_gradients_of_single_samples(make, y, loss, function):
    net = make()
    rows = sn.per_sample_gradients(net, X, y, loss=loss)
    np.testing.assert_allclose(rows, rows_of(net, function, y), atol=1e-12)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize(("make", "y", "loss", "function"), CASES)
def test_every_view_of_the_covariance(make, y, loss, function, replace):
    net = make()
    noise = sn.GradientNoise(net, X, y, 4, loss=loss, replace=replace)
    rows = rows_of(net, function, y)
    sigma = covariance(rows, 4, replace)
    close = {"atol": 1e-12}
    np.testing.assert_allclose(noise.gradient, rows.mean(0), **close)
    np.testing.assert_allclose(noise.dense(), sigma, **close)
    np.testing.assert_allclose(noise.rows().T @ noise.rows(), sigma, **close)
    np.testing.assert_allclose(noise.diagonal(), np.diag(sigma), **close)
    assert noise.trace() == pytest.approx(np.trace(sigma))
    block = RNG.normal(size=(len(sigma), 3))
    np.testing.assert_allclose(noise @ block, sigma @ block, **close)
    np.testing.assert_allclose(noise @ block[:, 0], sigma @ block[:, 0], **close)
    np.testing.assert_allclose(noise.T @ block, sigma @ block, **close)
    k = min(5, np.linalg.matrix_rank(sigma, tol=1e-10))
    values, vectors = noise.top(k)
    np.testing.assert_allclose(values, linalg.eigvalsh(sigma)[::-1][:k], **close)
    np.testing.assert_allclose(sigma @ vectors, vectors * values, **close)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1)


@pytest.mark.parametrize("gaussian", [True, False])
def test_samples_have_the_covariance(gaussian):
    """Entries of a sample covariance deviate by sqrt(kurtosis / n) of their scale: 5
    standard errors with the fourth moments of the draws themselves."""
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4, replace=False)
    draws = noise.sample(20_000, seed=1, gaussian=gaussian)
    centred = draws - draws.mean(0)
    sigma = noise.dense()
    for i, j in ((0, 0), (3, 40), (100, 100), (20, 100)):
        product = centred[:, i] * centred[:, j]
        error = product.std() / math.sqrt(len(product))
        assert abs(product.mean() - sigma[i, j]) <= 5 * error + 1e-15
    error = draws.std(0) / math.sqrt(len(draws))
    assert (np.abs(draws.mean(0)) <= 5 * error + 1e-12).all()
    power = (draws**2).sum(1)
    assert abs(power.mean() - noise.trace()) < 5 * power.std() / math.sqrt(len(power))


def test_samples_are_gaussian_or_minibatches():
    """Kurtosis of a Gaussian is 3 +- 5 sqrt(24 / n); a batch of all is no noise."""
    noise = sn.GradientNoise(net_of(), X, CLASSES, 1)
    direction = noise.sample(20_000, seed=0, gaussian=True) @ noise.gradient
    kurtosis = np.mean(direction**4) / np.mean(direction**2) ** 2
    assert abs(kurtosis - 3) < 5 * math.sqrt(24 / 20_000)
    single = noise.sample(50, seed=0)
    rows = sn.per_sample_gradients(net_of(), X, CLASSES) - noise.gradient
    gaps = np.abs(single[:, None] - rows[None]).max(-1).min(1)
    np.testing.assert_allclose(gaps, 0, atol=1e-12)
    whole = sn.GradientNoise(net_of(), X, CLASSES, N, replace=False)
    np.testing.assert_allclose(whole.sample(3, seed=0), 0, atol=1e-12)
    assert whole.trace() == 0


def test_draws_depend_on_their_seed():
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4)
    for gaussian in (True, False):
        one, same, other = (
            noise.sample(2, seed=s, gaussian=gaussian) for s in (0, 0, 1)
        )
        np.testing.assert_array_equal(one, same)
        assert not np.allclose(one, other)
        assert not np.allclose(one[0], one[1])


def test_a_float32_network_keeps_its_precision():
    net = net_of(dtype=torch.float32)
    assert sn.per_sample_gradients(net, X, CLASSES).dtype == np.float32
    exact = sn.GradientNoise(net.double(), X, CLASSES, 4)
    rough = sn.GradientNoise(net.float(), X, CLASSES, 4)
    assert rough.trace() == pytest.approx(exact.trace(), rel=1e-5)


@pytest.mark.parametrize(("make", "y", "loss", "function"), CASES)
def test_the_hessian_and_its_products(make, y, loss, function):
    net = make()
    theta, value = twin(net, function)
    exact = jacrev(jacrev(lambda t: value(t, X, y)))(theta).numpy()
    h = sn.HessianOperator(net, X, y, loss=loss)
    close = {"atol": 1e-10}
    np.testing.assert_allclose(sn.hessian(net, X, y, loss=loss), exact, **close)
    block = RNG.normal(size=(len(exact), 3))
    np.testing.assert_allclose(h @ block, exact @ block, **close)
    np.testing.assert_allclose(h @ block[:, 0], exact @ block[:, 0], **close)
    np.testing.assert_allclose(h.T @ block, exact @ block, **close)
    assert h.trace() == pytest.approx(np.trace(exact))


def test_the_cheap_trace_is_used_for_straight_pieces_only(monkeypatch):
    def no_dense(self):
        raise AssertionError("dense")

    monkeypatch.setattr(sn.HessianOperator, "dense", no_dense)
    for name in ("relu", "leaky_relu", "abs", "identity", "hard_tanh"):
        sn.HessianOperator(net_of(name), X, CLASSES).trace()
    for name in ("tanh", "softplus", "elu"):
        with pytest.raises(AssertionError, match="dense"):
            sn.HessianOperator(net_of(name), X, CLASSES).trace()


def test_the_cheap_trace_of_a_loss_that_is_not_convex_in_the_outputs():
    """cos curves both ways: eigenvalues of the inner Hessians of both signs count."""

    def loss(outputs, y):
        return (outputs + y).cos().sum(1).mean()

    net = net_of()
    h = sn.HessianOperator(net, X, VALUES, loss=loss)
    assert h.trace() == pytest.approx(np.trace(h.dense()))


def test_products_are_made_in_blocks(monkeypatch):
    whole = sn.hessian(net_of(), X, CLASSES)
    monkeypatch.setattr("helpers.sgd_noise.curvature._ELEMENTS_AT_ONCE", 1)
    np.testing.assert_allclose(sn.hessian(net_of(), X, CLASSES), whole, atol=1e-14)


def test_the_hessian_keeps_the_parameters_it_was_given():
    net = net_of()
    h = sn.HessianOperator(net, X, CLASSES)
    v = RNG.normal(size=h.shape[0])
    before = h @ v
    with torch.no_grad():
        net[0].weight.add_(1.0)
    np.testing.assert_array_equal(h @ v, before)
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("size", [10, 200])
def test_leading_eigenpairs(size):
    a = RNG.normal(size=(size, size))
    a = a + a.T
    values, vectors = sn.top_eigenpairs(a, 4)
    right = np.linalg.eigvalsh(a)[::-1][:4]
    np.testing.assert_allclose(values, right, rtol=1e-10)
    np.testing.assert_allclose(a @ vectors, vectors * values, atol=1e-8)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-10)
    every = sn.top_eigenpairs(a, size)[0]
    np.testing.assert_allclose(every, np.linalg.eigvalsh(a)[::-1], atol=1e-10)


def test_leading_eigenpairs_of_operators():
    h = sn.HessianOperator(net_of(), X, CLASSES)
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4)
    for operator in (h, noise):
        right = np.linalg.eigvalsh(operator.dense())[::-1][:6]
        values = sn.top_eigenpairs(operator, 6)[0]
        np.testing.assert_allclose(values, right, rtol=1e-8, atol=1e-12)


def spectra(seed, size=12):
    a, b = np.random.default_rng(seed).normal(size=(2, size, 2 * size))
    return a @ a.T / size, b @ b.T / size


def test_the_indicator_of_matrices():
    h, s = spectra(0)
    found = sn.escape_indicator(h, s, k=3)
    lam, u = np.linalg.eigh(h)
    assert found.indicator == pytest.approx(np.trace(h @ s))
    assert found.isotropic == pytest.approx(np.trace(h) * np.trace(s) / 12)
    assert found.ratio == pytest.approx(found.indicator / found.isotropic)
    along = u[:, -1] @ s @ u[:, -1]
    right = along * np.trace(h) / lam[-1] / np.trace(s)
    assert found.alignment == pytest.approx(right)
    assert found.sharpest == pytest.approx(lam[-1])
    assert found.ceiling == pytest.approx(12 * lam[-1] / np.trace(h))
    assert lam[-4] == pytest.approx(lam[-1] * 12**-found.gap)
    bound = right * 12 / (3 + 12 ** (1 - found.gap)) ** 2
    assert found.floor == pytest.approx(bound)
    assert (found.curvature, found.noise) == pytest.approx((np.trace(h), np.trace(s)))


def test_the_indicator_of_operators_is_that_of_their_matrices(monkeypatch):
    monkeypatch.setattr("helpers.sgd_noise._ROWS_AT_ONCE", 700)
    h = sn.HessianOperator(net_of(), X, CLASSES)
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4)
    right = sn.escape_indicator(h.dense(), noise.dense(), k=5)
    for pair in ((h, noise), (h.dense(), noise), (h, noise.dense())):
        found = sn.escape_indicator(*pair, k=5)
        assert found.ratio == pytest.approx(right.ratio)
        assert found.alignment == pytest.approx(right.alignment)
        assert found.gap == pytest.approx(right.gap)


def test_bounds_are_met_with_equality_where_they_can_be():
    h = np.diag([3.0, 1, 0.5, 0.1])
    first = np.diag([1.0, 0, 0, 0])
    best = sn.escape_indicator(h, first, k=1)
    assert best.ratio == pytest.approx(best.ceiling)
    assert sn.escape_indicator(h, np.eye(4), k=1).ratio == pytest.approx(1)
    assert sn.escape_indicator(h, h, k=1).alignment == pytest.approx(1)
    assert sn.escape_indicator(np.eye(4), h, k=1).ratio == pytest.approx(1)
    assert sn.escape_indicator(np.diag([1.0, 0, 0]), h[:3, :3], k=1).gap == math.inf


def test_no_pair_breaks_the_bounds_and_misaligned_noise_loses():
    for seed in range(100):
        found = sn.escape_indicator(*spectra(seed), k=1 + seed % 10)
        assert found.floor <= found.ratio * (1 + 1e-12)
        assert found.ratio <= found.ceiling * (1 + 1e-12)
    h = np.diag([1.0, 0.1, 0.1])
    bad = sn.escape_indicator(h, np.diag([0.0, 1, 1]), k=1)
    assert bad.ratio < 1
    assert bad.floor == 0


def test_the_bound_in_numbers():
    assert sn.ratio_bound(10_000, 5, 0.6) == pytest.approx(
        10_000 / (5 + 10_000**0.4) ** 2
    )
    np.testing.assert_allclose(sn.ratio_bound([1.0, 100.0], 1, 1.0, 0.5), [0.125, 12.5])


# Closed forms on a quadratic: the integral of the covariance, a slow recursion of it,
# and simulation.


def slow_ou(h, s, eta, t):
    def rate(u):
        flow = linalg.expm(-h * u)
        return eta / 2 * np.trace(h @ flow @ s @ flow)

    return integrate.quad(rate, 0, t, epsabs=1e-12)[0]


def slow_descent(h, s, eta, steps):
    cov, step = np.zeros_like(h), np.eye(len(h)) - eta * h
    for _ in range(steps):
        cov = step @ cov @ step + eta**2 * s
    return np.trace(h @ cov) / 2


def test_the_law_in_continuous_time():
    h, s = spectra(1, 5)
    assert np.abs(h @ s - s @ h).max() > 0.1
    for t in (0.01, 0.3, 4.0):
        assert sn.ou_escape(h, s, 0.2, t) == pytest.approx(slow_ou(h, s, 0.2, t))
    limit = 0.2 / 4 * np.trace(s)
    assert sn.ou_escape(h, s, 0.2, math.inf) == pytest.approx(limit)
    assert sn.ou_escape(h, s, 0.2, [[0.0, 1.0]]).shape == (1, 2)
    assert sn.ou_escape(h, s, 0.2, 0) == 0
    tiny = sn.ou_escape(h, s, 0.2, 1e-7)
    assert tiny == pytest.approx(0.1 * 1e-7 * np.trace(h @ s), rel=1e-4)


def test_flat_and_falling_directions_in_continuous_time():
    h = np.diag([1.0, 0.0, -0.5])
    s = np.diag([0.0, 1.0, 2.0])
    assert sn.ou_escape(h, s, 1.0, 2.0) == pytest.approx(0.5 * (1 - math.exp(2.0)))
    flat = sn.ou_escape(h[:2, :2], np.eye(2), 1.0, math.inf)
    assert flat == pytest.approx(0.25)


def test_the_law_of_discrete_steps():
    h, s = spectra(2, 5)
    eta = 0.9 / np.linalg.eigvalsh(h)[-1]
    for steps in (1, 2, 17):
        right = slow_descent(h, s, eta, steps)
        assert sn.descent_escape(h, s, eta, steps) == pytest.approx(right)
    one = eta**2 / 2 * np.trace(h @ s)
    assert sn.descent_escape(h, s, eta, 1) == pytest.approx(one)
    lam, u = np.linalg.eigh(h)
    along = np.diag(u.T @ s @ u)
    limit = eta / 2 * np.sum(along / (2 - eta * lam))
    assert sn.descent_escape(h, s, eta, math.inf) == pytest.approx(limit)
    assert sn.descent_escape(h, s, eta, 10_000) == pytest.approx(limit)
    small = sn.descent_escape(h, s, 1e-5, 100_000)
    assert small == pytest.approx(float(sn.ou_escape(h, s, 1e-5, 1.0)), rel=1e-4)


def test_discrete_steps_at_the_edge():
    """eta lam = 2 adds the same every step, eta lam = 0 nothing."""
    h, s = np.diag([2.0, 0.0]), np.eye(2)
    steps = np.array([0, 1, 5])
    np.testing.assert_allclose(sn.descent_escape(h, s, 1.0, steps), steps)
    zero = sn.descent_escape(np.diag([1.0, 0.0]), s, 1.0, math.inf)
    assert zero == pytest.approx(0.5)


# The two basins: a plain loop as the twin, one particle and one sample at a time.


def plain_escape(noise, curvature, trace, lr, steps, runs, samples, seed):
    rng = np.random.default_rng(seed)
    turn = np.array([[1, -1], [1, 1]]) / math.sqrt(2)
    data = rng.normal(size=(runs, samples, 2)) * np.sqrt([1e-3, 1e-4])
    draws = [rng.normal(size=(runs, 2)) for _ in range(steps)]
    paths = np.zeros((runs, steps + 1, 2))
    for r in range(runs):
        w = np.ones(2)
        paths[r, 0] = w
        for step in range(steps):
            slopes, curves = [], []
            for x in data[r] @ turn:
                p, q = turn @ (w - x - 1)
                away = w - x + 1
                if curvature[0] * p**2 + curvature[1] * q**2 < away @ away:
                    inner = 2 * np.diag(curvature)
                    slopes.append(turn.T @ inner @ np.array([p, q]))
                    curves.append(turn.T @ inner @ turn)
                else:
                    slopes.append(2 * away)
                    curves.append(2 * np.eye(2))
            cov = np.cov(np.transpose(slopes), bias=True)
            hess = np.mean(curves, axis=0)
            kick = plain_kick(noise, turn, cov, hess, draws[step][r])
            w = w - lr * np.mean(slopes, axis=0) + math.sqrt(trace) * kick
            paths[r, step + 1] = w
    return paths


def plain_kick(noise, turn, cov, hess, z):
    """The helper's use of z: along p and q, except for diagonal: along w1 and w2."""
    if noise == "gd":
        return np.zeros(2)
    if noise == "constant":
        return turn.T @ z / math.sqrt(2)
    if noise == "diagonal":
        return np.sqrt(np.diag(cov) / np.trace(cov)) * z
    if noise == "first":
        values, vectors = np.linalg.eigh(hess)
        axis = vectors[:, 1] if values[1] - values[0] > 1e-9 else np.array([0, 1])
        return z[0] * axis * np.sign(axis[1])
    matrix = cov if noise == "leading" else hess
    root = np.linalg.cholesky(turn @ matrix @ turn.T / np.trace(matrix))
    return turn.T @ root @ z


@pytest.mark.parametrize("noise", sn.SHAPES)
def test_particles_move_as_in_a_plain_loop(noise):
    """Noise eight times the paper's, so that ridges are crossed and straddled."""
    options = {"trace": 0.08, "lr": 0.005, "steps": 40, "runs": 8, "samples": 6}
    found = sn.TwoBasins().escape(noise, seed=3, **options)
    right = plain_escape(noise, (10.0, 100.0), seed=3, **options)
    np.testing.assert_allclose(found.paths, right, atol=1e-9)
    if noise != "gd":
        assert found.exit_step.any()


def test_shapes_and_exits_of_particles():
    basins = sn.TwoBasins()
    found = basins.escape("first", runs=50, steps=80, trace=0.05, seed=0)
    assert found.paths.shape == (50, 81, 2)
    np.testing.assert_array_equal(found.paths[:, 0], 1)
    np.testing.assert_array_equal(found.escaped, (found.paths[:, -1] < -0.5).all(1))
    offsets = found.paths - 1
    flat = basins.loss(found.paths) >= ((offsets + 2) ** 2).sum(-1) - 1e-12
    first = np.where(flat.any(1), flat.argmax(1), 0)
    near = np.abs(first - found.exit_step) <= 0
    assert near.mean() > 0.8  # the data shift the ridge by a percent or so
    rate, error = found.exit_rate
    spent = np.where(found.exit_step > 0, found.exit_step, 80).sum()
    assert rate == pytest.approx(np.count_nonzero(found.exit_step) / spent)
    assert error == pytest.approx(rate / math.sqrt(np.count_nonzero(found.exit_step)))


def test_the_landscape():
    basins = sn.TwoBasins()
    np.testing.assert_allclose(np.linalg.eigvalsh(basins.hessian), [20, 200])
    np.testing.assert_allclose(basins.loss([[1, 1], [-1, -1]]), 0, atol=1e-12)
    step = np.array([1, 1]) / math.sqrt(2) * 0.01
    np.testing.assert_allclose(basins.loss(1 + step), 100 * 1e-4)
    np.testing.assert_allclose(basins.loss(1 + step * [1, -1]), 10 * 1e-4)
    ridge = 1 - np.array([1, 1]) / math.sqrt(2) * 2 * math.sqrt(2) / 11
    assert basins.loss(ridge) == pytest.approx(100 * 8 / 121)


@pytest.mark.parametrize(
    ("noise", "curvature", "lr"),
    [
        ("constant", (10.0, 100.0), 0.005),
        ("hessian", (10.0, 100.0), 0.004),
        ("first", (30.0, 60.0), 0.005),
    ],
)
def test_exits_against_simulated_chains(noise, curvature, lr):
    """Share of Gaussian chains outside the ellipse; 5 standard errors, where chains
    forget within a few steps."""
    basins = sn.TwoBasins(curvature)
    rng, trace = np.random.default_rng(0), 0.03
    weights = {"constant": (1, 1), "hessian": curvature, "first": (0, 1)}[noise]
    deviation = np.sqrt(trace * np.array(weights) / sum(weights))
    u, outside = np.zeros((20_000, 2)), []
    turn = np.array([[1, -1], [1, 1]]) / math.sqrt(2)
    for step in range(100):
        u = u * (1 - 2 * lr * np.array(curvature)) + deviation * rng.normal(
            size=u.shape
        )
        if step > 60 and step % 13 == 0:
            w = u @ turn + 1
            sharp = u**2 @ np.array(curvature)
            outside.append(sharp > ((w + 1) ** 2).sum(1))
    outside = np.concatenate(outside)
    share = outside.mean()
    error = math.sqrt(share / len(outside))
    law = basins.exit_rate(noise, trace=trace, lr=lr)
    assert abs(law - share) < 5 * error
    assert share > 30 * error**2


# Dynamics of networks.


def runs_of(noise, nets, steps=1, **options):
    chosen = {"lr": 0.1, "batch_size": 4, "rank": 3, "seed": 0, "progress": False}
    chosen |= options
    return sn.dynamics(nets, X, CLASSES, noise, steps=steps, **chosen)


def vector(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).numpy()


def test_gradient_descent_is_that_of_torch():
    nets = [net_of(seed=s) for s in (0, 1)]
    found = runs_of("gd", nets, steps=5).networks
    for net, end in zip(nets, found, strict=True):
        for _ in range(5):
            net.zero_grad()
            functional.cross_entropy(net(X), CLASSES).backward()
            with torch.no_grad():
                for p in net.parameters():
                    p -= 0.1 * p.grad
        np.testing.assert_allclose(vector(end), vector(net), atol=1e-12)


def expected_covariances(net):
    noise = sn.GradientNoise(net, X, CLASSES, 4, replace=False)
    sigma, trace = noise.dense(), noise.trace()
    size = len(sigma)
    values, vectors = sn.top_eigenpairs(sn.hessian(net, X, CLASSES), 3)
    sharp = (vectors * np.maximum(values, 0)) @ vectors.T
    lead, axes = noise.top(3)
    leading = (axes * lead) @ axes.T
    return {
        "gd": 0 * sigma,
        "sgd": sigma,
        "constant": np.eye(size) * trace / size,
        "dynamic": np.eye(size) * trace / size,
        "diagonal": np.diag(np.diag(sigma)),
        "leading": leading * trace / np.trace(leading),
        "hessian": sharp * trace / np.trace(sharp),
        "first": np.outer(vectors[:, 0], vectors[:, 0]) * trace,
        "gaussian": sigma,
    }


@pytest.mark.parametrize("noise", sn.NOISES)
def test_one_step_has_the_mean_and_covariance_of_its_kind(noise):
    """1500 runs from one network: 5 standard errors along fixed directions."""
    net, n = net_of(widths=(5, 4, 3)), 1500
    found = runs_of(noise, [net] * n)
    drawn = np.stack([vector(end) for end in found.networks])
    clean = vector(runs_of("gd", net).networks[0])
    kicks = (clean - drawn) / 0.1
    expected = expected_covariances(net)[noise]
    if noise == "gd":
        np.testing.assert_allclose(kicks, 0, atol=1e-12)
        return
    h = sn.top_eigenpairs(sn.hessian(net, X, CLASSES), 1)[1]
    for v in (h[:, 0], *np.random.default_rng(0).normal(size=(4, len(h)))):
        along = kicks @ v
        assert abs(along.mean()) < 5 * along.std() / math.sqrt(n)
        error = (along**2).std() / math.sqrt(n)
        # 0.2 %: eigenvectors of the Hessian are found to 1e-3
        right = v @ expected @ v
        assert abs(np.mean(along**2) - right) < 5 * error + 2e-3 * right
    power = (kicks**2).sum(1)
    error = power.std() / math.sqrt(n)
    assert abs(power.mean() - np.trace(expected)) < 5 * error
    if noise != "sgd":
        np.testing.assert_allclose(found.power, power, rtol=1e-9)
        np.testing.assert_allclose(found.trace, np.trace(expected), rtol=1e-9)


def test_noise_of_a_few_axes_lies_in_their_span():
    net = net_of(widths=(5, 4, 3))
    clean = vector(runs_of("gd", net).networks[0])
    _, axes = sn.GradientNoise(net, X, CLASSES, 4).top(3)
    kick = clean - vector(runs_of("leading", net).networks[0])
    np.testing.assert_allclose(kick, axes @ (axes.T @ kick), atol=1e-10)
    _, axes = sn.top_eigenpairs(sn.hessian(net, X, CLASSES), 1)
    kick = clean - vector(runs_of("first", net).networks[0])
    np.testing.assert_allclose(kick, axes @ (axes.T @ kick), atol=1e-5)


def test_energy_follows_the_trace_or_stays():
    net = net_of()
    moving = runs_of("dynamic", [net] * 2, steps=200, lr=0.5)
    still = runs_of("constant", [net] * 2, steps=200, lr=0.5)
    start = sn.GradientNoise(net, X, CLASSES, 4, replace=False).trace()
    # 200 steps of 128 numbers: chi-square with 25600 degrees, 5 sqrt(2 / 25600)
    np.testing.assert_allclose(moving.power / moving.trace, 1, atol=0.05)
    np.testing.assert_allclose(still.power / start, 1, atol=0.05)
    assert (np.abs(still.power / still.trace - 1) > 0.1).all()


def test_axes_are_renewed_as_asked():
    net = net_of()
    ends = [
        vector(runs_of("first", net, steps=6, lr=0.5, refresh=refresh).networks[0])
        for refresh in (1, 3, 100)
    ]
    assert not np.allclose(ends[0], ends[1])
    assert not np.allclose(ends[1], ends[2])
    once = [
        vector(runs_of("first", net, steps=3, refresh=refresh).networks[0])
        for refresh in (3, 100)
    ]
    np.testing.assert_array_equal(*once)


def test_runs_can_have_data_of_their_own():
    nets = [net_of(seed=s) for s in (0, 1)]
    x = torch.stack([X, X.flip(0) + 1])
    y = torch.stack([CLASSES, CLASSES])
    for noise in ("gd", "hessian", "sgd"):
        options = {"lr": 0.1, "steps": 3, "rank": 3, "seed": 0, "progress": False}
        both = sn.dynamics(nets, x, y, noise, batch_size=N, **options)
        for r in range(2):
            alone = sn.dynamics(nets[r], x[r], y[r], "gd", **options)
            same = np.allclose(vector(both.networks[r]), vector(alone.networks[0]))
            assert same  # a batch of all: no noise


def test_dynamics_leave_the_networks_and_depend_on_the_seed():
    net = net_of()
    before = vector(net)
    ends = {
        (noise, seed): vector(runs_of(noise, net, steps=2, seed=seed).networks[0])
        for noise in sn.NOISES
        for seed in (0, 0, 1)
    }
    np.testing.assert_array_equal(vector(net), before)
    for noise in sn.NOISES[1:]:
        again = vector(runs_of(noise, net, steps=2).networks[0])
        np.testing.assert_array_equal(ends[noise, 0], again)
        assert not np.allclose(ends[noise, 0], ends[noise, 1])


def test_frozen_parameters_stay():
    net = frozen()
    end = runs_of("gaussian", net, steps=3).networks[0]
    moved = [
        name
        for (name, p), q in zip(net.named_parameters(), end.parameters(), strict=True)
        if not torch.equal(p, q)
    ]
    assert moved == ["0.weight", "4.bias"]


# Losses nearby.


def test_losses_at_displaced_parameters(monkeypatch):
    monkeypatch.setattr("helpers.sgd_noise._NETWORKS_AT_ONCE", 2)
    for net in (net_of("tanh"), frozen()):
        theta, value = twin(net, functional.cross_entropy)
        steps = RNG.normal(size=(5, len(theta)))
        right = [float(value(theta + torch.as_tensor(s), X, CLASSES)) for s in steps]
        found = sn.displaced_losses(net, X, CLASSES, steps)
        np.testing.assert_allclose(found, right)


def test_sharpness_is_half_the_trace():
    """To second order; the next is of order scale^2 and a thousandth here."""
    net = net_of("tanh")
    h = sn.HessianOperator(net, X, CLASSES)
    options = {"scale": 0.003, "draws": 2000, "seed": 0}
    mean, error = sn.expected_sharpness(net, X, CLASSES, **options)
    right = 0.003**2 / 2 * h.trace()
    assert abs(mean - right) < 5 * error + 2e-3 * right
    spread = 0.003**2 / 2 * math.sqrt(2 * np.sum(h.dense() ** 2) / 2000)
    assert error == pytest.approx(spread, rel=0.2)
    assert sn.expected_sharpness(net, X, CLASSES, **options)[0] == mean
    other = sn.expected_sharpness(net, X, CLASSES, **options | {"seed": 1})
    assert other[0] != mean


def test_the_clipped_loss():
    loss = sn.clipped_square(0.1)
    outputs = torch.tensor([[-1.0], [0.3], [2.0]])
    value = loss(outputs, torch.tensor([0.0, 1.0, 1.0]))
    assert float(value) == pytest.approx((0.01 + 0.49 + 0.01) / 3)


def test_the_sandwich_of_one_hidden_layer():
    """2 delta^2 H <= E g g' <= 2 (1 - delta)^2 H wherever the network is."""
    delta, targets = 0.1, (X[:, 0] > X[:, 1]).double()
    net = networks.mlp([5, 20, 1], seed=1)
    net[2].requires_grad_(False)
    loss = sn.clipped_square(delta)
    h = sn.hessian(net, X, targets, loss=loss)
    rows = sn.per_sample_gradients(net, X, targets, loss=loss)
    second = rows.T @ rows / N
    assert np.linalg.eigvalsh(second - 2 * delta**2 * h)[0] > -1e-10
    assert np.linalg.eigvalsh(2 * (1 - delta) ** 2 * h - second)[0] > -1e-10
    assert np.trace(h) > 0


def test_the_plot_of_the_basins():
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots()
    sn.plot_basins(ax, sn.TwoBasins())
    assert ax.get_xlabel() == "$w_1$"
    assert ax.collections
    plt.close(fig)


def test_stacks_are_of_one_architecture():
    with pytest.raises(ValueError, match="same architecture"):
        Stack([net_of(), net_of(widths=(5, 7, 5, 3))])


H2, S2 = np.diag([2.0, 1.0]), np.eye(2)
ASYMMETRIC = np.array([[1.0, 1.0], [0.0, 1.0]])
BASINS = sn.TwoBasins()
UNTRAINED = net_of().requires_grad_(False)


def dyn(net=None, y=CLASSES, x=X, noise="sgd", **options):
    chosen = {"lr": 0.1, "steps": 1, "seed": 0, "progress": False, "rank": 2}
    return sn.dynamics(net or net_of(), x, y, noise, **chosen | options)


ERRORS = [
    (lambda: sn.ou_escape(np.ones(3), S2, 1, 1), "hessian must be [D, D], got shape"),
    (lambda: sn.ou_escape(ASYMMETRIC, S2, 1, 1), "hessian must be symmetric"),
    (lambda: sn.ou_escape(H2 * np.nan, S2, 1, 1), "hessian must be finite, got NaN"),
    (lambda: sn.ou_escape(H2, np.eye(3), 1, 1), "must have one shape, got [2, 2] and"),
    (lambda: sn.ou_escape(H2, -S2, 1, 1), "covariance must be PSD, its lowest"),
    (lambda: sn.ou_escape(H2, S2, 0, 1), "eta must be finite and > 0, got 0"),
    (lambda: sn.ou_escape(H2, S2, 1, -1), "t must be >= 0, got -1"),
    (lambda: sn.ou_escape(-H2, S2, 1, math.inf), "t = inf needs a PSD hessian"),
    (lambda: sn.ou_escape(H2, S2, 1, math.nan), "t must be >= 0, got nan"),
    (lambda: sn.descent_escape(H2, S2, 1, -1), "steps must be >= 0, got -1"),
    (lambda: sn.descent_escape(H2, S2, math.nan, 1), "eta must be finite and > 0"),
    (lambda: sn.descent_escape(H2, S2, 1, math.inf), "no limit: eta times the largest"),
    (lambda: sn.ratio_bound(0, 1, 1), "dimension must be >= 1, got 0"),
    (lambda: sn.ratio_bound(5, 0, 1), "k must be an integer >= 1, got 0"),
    (lambda: sn.ratio_bound(5, 1, 1, -1), "alignment must be >= 0, got -1"),
    (lambda: sn.TwoBasins((1.0, 5.0)), "curvature must be two numbers > 1, got (1.0"),
    (lambda: BASINS.escape("round", seed=0), "noise must be one of ('gd', 'constant'"),
    (lambda: BASINS.escape("gd", lr=0, seed=0), "lr is out of range, got 0"),
    (lambda: BASINS.escape("gd", trace=-1, seed=0), "trace is out of range, got -1"),
    (lambda: BASINS.escape("gd", steps=0, seed=0), "steps is out of range, got 0"),
    (lambda: BASINS.escape("gd", runs=0, seed=0), "runs is out of range, got 0"),
    (lambda: BASINS.escape("gd", samples=1, seed=0), "samples is out of range, got 1"),
    (
        lambda: BASINS.exit_rate("leading"),
        "noise must be one of ['constant', 'hess",
    ),
    (lambda: BASINS.exit_rate("first", lr=0.01), "trace must be > 0 and lr below 0.01"),
    (lambda: sn.clipped_square(0.5), "delta must lie in (0, 1/2), got 0.5"),
    (lambda: sn.top_eigenpairs(np.ones((2, 3)), 1), "operator must be square, got"),
    (lambda: sn.top_eigenpairs(H2, 3), "k must be in 1..2, got 3"),
    (lambda: sn.escape_indicator(H2, np.eye(3)), "must have one shape, got (2, 2)"),
    (lambda: sn.escape_indicator(H2, S2, k=2), "k must be in 1..1, got 2"),
    (
        lambda: sn.escape_indicator(-H2, S2, k=1),
        "Tr H and Tr Sigma must be > 0, got",
    ),
    (lambda: sn.escape_indicator(H2, ASYMMETRIC), "noise must be symmetric"),
    (
        lambda: sn.per_sample_gradients(net_of(), X, CLASSES[:3]),
        "x must be [n, n_in] and y start with the same n >= 1, got [30, 5] and [3]",
    ),
    (
        lambda: sn.per_sample_gradients(net_of(), X * torch.nan, CLASSES),
        "x must be finite, got NaN or infinity",
    ),
    (
        lambda: sn.per_sample_gradients(net_of(), X, CLASSES, loss="hinge"),
        "loss must be 'cross_entropy' or 'mse' or a callable, got 'hinge'",
    ),
    (
        lambda: sn.per_sample_gradients(UNTRAINED, X, CLASSES),
        "net has no parameter with requires_grad",
    ),
    (
        lambda: sn.HessianOperator(UNTRAINED, X, CLASSES),
        "net has no parameter with requires_grad",
    ),
    (
        lambda: sn.GradientNoise(net_of(), X, CLASSES, 0),
        "batch_size must be in 1..30, got 0",
    ),
    (
        lambda: sn.GradientNoise(net_of(), X, CLASSES, 4).sample(0, seed=0),
        "n must be >= 1, got 0",
    ),
    (
        lambda: sn.GradientNoise(net_of(), X, CLASSES, 4).top(31),
        "k must be in 1..30, got 31",
    ),
    (
        lambda: sn.GradientNoise(net_of(), X[:1], CLASSES[:1], 1).top(1),
        "Sigma has rank 0, got k = 1",
    ),
    (
        lambda: sn.displaced_losses(net_of(), X, CLASSES, np.zeros((2, 3))),
        "steps must be [K, 111], got shape [2, 3]",
    ),
    (
        lambda: sn.expected_sharpness(net_of(), X, CLASSES, scale=0, seed=0),
        "scale must be > 0 and draws >= 2, got 0 and 100",
    ),
    (lambda: dyn(noise="pink"), "noise must be one of ('gd', 'sgd', 'constant'"),
    (lambda: dyn(lr=0), "lr must be finite and > 0, got 0"),
    (lambda: dyn(steps=0), "steps must be >= 1, got 0"),
    (lambda: dyn(refresh=0), "refresh must be >= 1, got 0"),
    (lambda: dyn(rank=31), "rank must be in 1..30, got 31"),
    (lambda: dyn(batch_size=31), "batch_size must be in 1..30, got 31"),
]


@pytest.mark.parametrize(("call", "told"), ERRORS, ids=[told for _, told in ERRORS])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()


@pytest.mark.parametrize(
    ("net", "told"),
    [
        (nn.Linear(5, 3).double(), "must be a torch.nn.Sequential of Linear layers"),
        (nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3)), "got BatchNorm1d"),
    ],
)
def test_other_networks_are_told_what_is_allowed(net, told):
    with pytest.raises(TypeError, match=told):
        sn.per_sample_gradients(net, X, CLASSES)


def test_a_network_of_another_kind_has_a_hessian():
    net = nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4), nn.Linear(4, 3)).double()
    h = sn.HessianOperator(net, X, CLASSES)
    assert h.trace() == pytest.approx(np.trace(h.dense()))


def test_divergence_is_told():
    with pytest.raises(FloatingPointError, match=r"gd diverged within 300 steps \(lr"):
        dyn(noise="gd", lr=1e6, steps=300, y=VALUES, loss="mse")

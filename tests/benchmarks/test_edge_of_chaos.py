"""Speed of the mean field: quadrature beside Monte Carlo, Grams beside matrices."""

import math

import numpy as np
import pytest

from helpers import edge_of_chaos as ec

from .bench import Side


def sampled_edge(sigma_b, samples, seed, iterations=50):
    """Algorithm 1 with sampled means: sigma_w at the end of the iteration."""
    z = np.random.default_rng(seed).normal(size=samples)
    q = 0.0
    for _ in range(iterations):
        value = np.tanh(math.sqrt(q) * z)
        slope = np.mean((1 - value**2) ** 2)
        q = sigma_b**2 + np.mean(value**2) / slope
    return 1 / math.sqrt(slope)


def root_mean_square(errors):
    return math.sqrt(np.mean(np.square(errors)))


def test_edge_curve_beside_monte_carlo(bench):
    """Monte Carlo computes one point, with the samples of the authors' routine."""
    n, samples = bench.size((5, 20_000), (200, 500_000))
    scales = np.linspace(0.01, 2.0, n)
    race = bench.race(
        lambda: [ec.edge_of_chaos("tanh", sigma_b) for sigma_b in scales],
        Side(lambda: sampled_edge(0.2, samples, 0), share=1 / n),
    )
    for sigma_b, point in zip(scales, race.found, strict=True):
        chi = float(ec.chi("tanh", point.q, point.sigma_w))
        kept = float(ec.variance_map("tanh", point.q, point.sigma_w, sigma_b))
        assert abs(chi - 1) < 1e-11
        assert abs(kept - point.q) < 1e-11
    exact = ec.edge_of_chaos("tanh", 0.2).sigma_w
    errors = [sampled_edge(0.2, samples, seed) - exact for seed in range(6)]
    error = root_mean_square(errors)
    bench.record(
        race,
        "edge_of_chaos.edge_of_chaos",
        f"the edge of chaos of tanh, {n} points",
        beside=f"Monte Carlo, {samples:,} samples",
        accuracy="fixed point and slope within 1e-11",
        their_accuracy=f"error {error:.0e}; 1e-10 would take "
        f"{(error / 1e-10) ** 2:.0e} times the samples",
        least=100,
        within=0.3,
    )
    assert 50 / samples < error < 5 / math.sqrt(samples)


def real_networks(name, gram, sigma_w, width, depth, n, seed):
    """Gaps of n networks made of weight matrices, without biases."""
    act, rng = ec.ACTIVATIONS[name], np.random.default_rng(seed)
    root, gaps = np.linalg.cholesky(gram), []
    for _ in range(n):
        z = rng.normal(size=(width, 2)) @ root.T
        for _ in range(depth):
            weight = rng.normal(size=(width, width)) * (sigma_w / math.sqrt(width))
            z = weight @ act.phi(z)
        gaps.append(1 - np.corrcoef(z.T)[0, 1])
    return np.array(gaps)


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_gram_chain_beside_weight_matrices(bench, name):
    """The weight matrices of one network in two hundred are drawn."""
    sigma_w = 2**0.5 if name == "relu" else 1.304
    width, depth, n = bench.size((30, 5, 200), (300, 50, 1000))
    race = bench.race(
        lambda: ec.gram_chain(name, np.eye(2), sigma_w, 0, width, depth, n, seed=0),
        Side(
            lambda: real_networks(
                name, np.eye(2), sigma_w, width, depth, n // 200, seed=0
            ),
            share=1 / 200,
        ),
    )
    assert np.isfinite(race.found).all()
    assert np.isfinite(race.their_found).all()
    bench.record(
        race,
        "edge_of_chaos.gram_chain",
        f"{n} {name} networks, width {width}, {depth} layers",
        beside="their weight matrices",
        least=50,
        within=0.5,
    )


def test_correlation_map_beside_monte_carlo(bench):
    """Monte Carlo computes one value."""
    n, samples = bench.size((10, 20_000), (200, 500_000))
    point = ec.edge_of_chaos("tanh", 0.2)
    act, rng = ec.ACTIVATIONS["tanh"], np.random.default_rng(0)
    c = np.linspace(-1, 1, n)

    def twin():
        u, w = math.sqrt(point.q) * rng.normal(size=(2, samples))
        product = act.phi(u) * act.phi(0.5 * u + math.sqrt(0.75) * w)
        return (0.04 + point.sigma_w**2 * product.mean()) / point.q

    race = bench.race(
        lambda: ec.correlation_map("tanh", c, point.q, point.sigma_w, 0.2),
        Side(twin, share=1 / n),
    )
    exact = float(ec.correlation_map("tanh", 0.5, point.q, point.sigma_w, 0.2))
    error = root_mean_square([twin() - exact for _ in range(6)])
    bench.record(
        race,
        "edge_of_chaos.correlation_map",
        f"{n} values of the correlation map of tanh",
        beside=f"Monte Carlo, {samples:,} pairs",
        accuracy="quadrature, asked for 1e-12",
        their_accuracy=f"error {error:.0e}",
        least=100,
    )
    assert error < 5 / math.sqrt(samples)

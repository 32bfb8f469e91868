"""Log densities of mixtures against scikit-learn and SciPy."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from information_flow.cases import CUBE, LN2
from scipy import stats
from sklearn.neighbors import KernelDensity

from helpers import information_flow as inf
from helpers.information_flow.mixtures import gaussians


@pytest.mark.parametrize("dim", [1, 2, 10])
@pytest.mark.parametrize("n", [1, 7, 2500])
@pytest.mark.parametrize("beta", [0.02, 1.0])
def test_density_equals_that_of_scikit_learn(rng, dim, n, beta):
    samples = rng.uniform(-1, 1, size=(n, dim)) + 50  # origin does not matter
    points = samples[rng.integers(n, size=300)] + beta * rng.normal(size=(300, dim))
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


def test_a_mixture_with_covariances_equals_scipy(rng):
    means = rng.normal(size=(1300, 3)) + 5
    roots = rng.normal(size=(1300, 3, 3)) * 0.3
    covariances = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(3)
    points = means[:300] + rng.normal(size=(300, 3))
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

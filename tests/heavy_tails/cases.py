"""Cases the tests share: noise, planted signals, integrals over a law."""

import math

import numpy as np
from scipy import integrate, stats

RATIOS = (1.0, 1.3, 2.0, 10.0)


def noise(n, m, seed=0):
    return np.random.default_rng(seed).normal(size=(n, m)) / math.sqrt(n)


def planted(n, m, k, sigma, seed=0):
    """Noise of that sigma and k strong orthogonal signals."""
    rng = np.random.default_rng(seed)
    u, v = (np.linalg.qr(rng.normal(size=(size, k)))[0] for size in (n, m))
    return sigma * (noise(n, m, seed + 1) + (u * np.linspace(3, 6, k)) @ v.T)


def ks_to(law, eigenvalues):
    return stats.ks_1samp(eigenvalues, law.cdf).statistic


def integral(law, function):
    """Over the law, with x = middle - half cos t, which smooths both edges."""
    low, high = law.edges
    middle, half = (low + high) / 2, (high - low) / 2

    def smooth(t):
        x = middle - half * math.cos(t)
        return function(x) * float(law.density(x)) * half * math.sin(t)

    return integrate.quad(smooth, 0, math.pi, epsabs=1e-12, limit=200)[0]

"""Where noise ends in a spectrum: the bulk, its edge, a spike beyond it (chapter 9)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import airy

from helpers.heavy_tails.marchenko_pastur import (
    MarchenkoPastur,
    as_eigenvalues,
    check_count,
    check_number,
)

Array = NDArray[np.float64]

TRACY_WIDOM_MEAN, TRACY_WIDOM_SD = -1.2065335745820, 1.2679830576869
"""Mean and standard deviation of the Tracy-Widom law for real matrices (beta = 1)."""

_BEYOND_THE_EDGE = 3.0  # a spike lies this many Tracy-Widom scales above the edge
_LEAST_VARIANCE = 1e-290  # keeps a law where half of the eigenvalues are 0
_NODES = 40  # of the quadrature behind the Tracy-Widom law


@dataclass(frozen=True)
class MarchenkoPasturFit:
    """The bulk of a spectrum; made by `fit_marchenko_pastur`.

    Attributes:
        law: of the bulk, of an (N - k) x (M - k) noise matrix if there are k spikes;
            `law.edges[1]` is lambda+.
        sigma: square root of N times the variance of the noise's entries.
        n_spikes: k, eigenvalues over 3 Tracy-Widom scales above lambda+.
        excess: (largest eigenvalue - lambda+) / Tracy-Widom scale.
        ks: largest distance between the distribution functions of the other
            eigenvalues and of the law.
    """

    law: MarchenkoPastur
    sigma: float
    n_spikes: int
    excess: float
    ks: float


def fit_marchenko_pastur(eigenvalues: ArrayLike, q: float) -> MarchenkoPasturFit:
    """Fit the noise level of the bulk, leaving out what sticks out above its edge.

    Martin & Mahoney choose the number of spikes by hand, or fit a smoothed histogram.
    Ours: a signal of rank k, strong against the noise, takes k directions on either
    side and leaves a noise matrix of (N - k) x (M - k) with entries as before. So the
    variance is the median of the lowest M - k eigenvalues over that of the law for
    those sizes; k counts what then lies over 3 Tracy-Widom scales above the edge; and
    the two are repeated until k no longer grows.

    Args:
        eigenvalues: of W^T W, [M].
        q: Q = N / M >= 1.

    Raises:
        ValueError: an argument out of its range.

    Cost: 1 ms a repetition, of which there are 2 to 5 where there is a bulk.
    """
    x = as_eigenvalues(eigenvalues)
    m, spikes, found = len(x), -1, 0
    n = q * m
    while found > spikes:
        spikes = found
        size = m - spikes
        unit = MarchenkoPastur((n - spikes) / size)
        spread = float(np.median(x[:size]) / unit.quantile(0.5))
        law = MarchenkoPastur(unit.q, math.sqrt(max(spread, _LEAST_VARIANCE)))
        edge, scale = law.edges[1], tracy_widom_scale(law.q, size, law.sigma)
        beyond = m - int(np.searchsorted(x, edge + _BEYOND_THE_EDGE * scale, "right"))
        found = min(max(beyond, spikes), m - 2)
    gap = law.cdf(x[:size]) - (np.arange(size) + 0.5) / size
    return MarchenkoPasturFit(
        law=law,
        sigma=law.sigma * math.sqrt(n / (n - spikes)),
        n_spikes=spikes,
        excess=(float(x[-1]) - edge) / scale,
        ks=float(np.abs(gap).max()) + 0.5 / size,
    )


def tracy_widom_scale(q: float, m: int, sigma: float = 1.0) -> float:
    """Return the scale on which the largest eigenvalue of noise fluctuates.

    lambda_max is near lambda+ + scale * xi with xi of the Tracy-Widom law and

        scale = sigma^2 Q^(-1/2) (1 + Q^(-1/2))^(4/3) m^(-2/3).

    Args:
        q: Q = N / M >= 1.
        m: M, the number of eigenvalues.
        sigma: as in `MarchenkoPastur`.

    Raises:
        ValueError: an argument out of its range.
    """
    root = MarchenkoPastur(q, sigma).q ** -0.5
    check_count("m", m)
    return sigma**2 * root * (1 + root) ** (4 / 3) * m ** (-2 / 3)


def tracy_widom_cdf(s: ArrayLike) -> Array:
    """Return the distribution function of the Tracy-Widom law, beta = 1.

    The Fredholm determinant det(1 - K) on (0, inf), K(x, y) = Ai(x + y + s) (Ferrari &
    Spohn 2005), by Gauss-Legendre quadrature (Bornemann 2010); accurate
    to 1e-10 for s in [-8, 8].

    Args:
        s: of any shape.

    Cost: 2 ms a value.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x, root = 12 * (nodes + 1), np.sqrt(12 * weights)
    ends = np.asarray(s, dtype=np.float64)
    kernels = airy(x[:, None] + x + ends[..., None, None])[0]
    return np.linalg.det(np.eye(_NODES) - root[:, None] * kernels * root)


@dataclass(frozen=True)
class Spike:
    """What a rank-one signal in noise looks like; made by `bbp`.

    Attributes:
        position: limit of the largest eigenvalue of W^T W.
        left: limit of <u, u'>^2, u' the left singular vector, in R^N.
        right: limit of <v, v'>^2, v' the right one, in R^M.
        variance: limit of N times the variance of the largest eigenvalue; 0 where
            there is no spike: there it fluctuates on the smaller Tracy-Widom scale.
    """

    position: float
    left: float
    right: float
    variance: float


def bbp(theta: float, q: float, sigma: float = 1.0) -> Spike:
    """Return the spike of W = noise + theta u v^T, u and v of length 1.

    Baik, Ben Arous & Peche's transition for the additive model (Benaych-Georges &
    Nadakuditi 2012). With c = 1 / Q and h = (theta / sigma)^2 a spike leaves the bulk
    iff h > sqrt(c), and then

        position = sigma^2 (1 + h)(c + h) / h
        right = 1 - c (1 + h) / (h (h + c)),   left = 1 - (c + h) / (h (h + 1))
        variance = 2 sigma^4 (1 + c + 2 h)(1 - c / h^2),

    the last for Gaussian noise (derived in chapter 9). Johnstone's 2 (1 + h)^2
    (1 - c / h^2) is for another model, a spike of random amplitude.

    Args:
        theta: strength >= 0.
        q: Q = N / M >= 1.
        sigma: of the noise, as in `MarchenkoPastur`.

    Raises:
        ValueError: an argument out of its range.
    """
    noise = MarchenkoPastur(q, sigma)
    check_number("theta", theta, 0)
    c, h = 1 / q, (theta / sigma) ** 2
    if h * h <= c:
        return Spike(noise.edges[1], 0.0, 0.0, 0.0)
    return Spike(
        position=sigma**2 * (1 + h) * (c + h) / h,
        left=1 - (c + h) / (h * (h + 1)),
        right=1 - c * (1 + h) / (h * (h + c)),
        variance=2 * sigma**4 * (1 + c + 2 * h) * (1 - c / h**2),
    )

"""How the largest eigenvalue of noise fluctuates: the Tracy-Widom law and its scale."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import airy

from helpers.heavy_tails.arguments import as_real, check_count
from helpers.heavy_tails.marchenko_pastur import MarchenkoPastur

Array = NDArray[np.float64]

TRACY_WIDOM_MEAN, TRACY_WIDOM_SD = -1.2065335745820, 1.2679830576869
"""Mean and standard deviation of the Tracy-Widom law for real matrices (beta = 1)."""

_NODES = 40  # of the quadrature behind the Tracy-Widom law
_LOWEST, _HIGHEST = -10.0, 40.0  # beyond: below 1e-16, and within it of 1


def tracy_widom_scale(q: float, m: int, sigma: float = 1.0) -> float:
    """Return the scale on which the largest eigenvalue of noise fluctuates.

    lambda_max is near lambda^+ + scale * xi with xi of the Tracy-Widom law and

        scale = sigma^2 Q^(-1/2) (1 + Q^(-1/2))^(4/3) m^(-2/3).

    Args:
        q: Q = N / M >= 1.
        m: M, the number of eigenvalues.
        sigma: as in `MarchenkoPastur`.

    Raises:
        ValueError: an argument out of its range.
    """
    root: float = MarchenkoPastur(q, sigma).q ** -0.5
    check_count("m", m)
    scale: float = sigma**2 * root * (1 + root) ** (4 / 3) * m ** (-2 / 3)
    return scale


def tracy_widom_cdf(s: ArrayLike) -> Array:
    """Return the distribution function of the Tracy-Widom law, beta = 1.

    The Fredholm determinant det(1 - K) on (0, inf), K(x, y) = Ai(x + y + s) (Ferrari &
    Spohn 2005), by Gauss-Legendre quadrature (Bornemann 2010); accurate
    to 1e-10 for s in [-8, 8].

    Args:
        s: of any shape; infinity gives the limits, 0 and 1.

    Raises:
        ValueError: not real numbers, or NaN.

    Cost: 2 ms a value.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x, root = 12 * (nodes + 1), np.sqrt(12 * weights)
    ends = as_real(s, "s").astype(np.float64)
    if np.isnan(ends).any():
        raise ValueError(f"s must be numbers, got NaN in {s!r}")
    ends = np.clip(ends, _LOWEST, _HIGHEST)
    kernels = airy(x[:, None] + x + ends[..., None, None])[0]
    found = np.linalg.det(np.eye(_NODES) - root[:, None] * kernels * root)
    cdf: Array = np.clip(found, 0, 1)
    return cdf

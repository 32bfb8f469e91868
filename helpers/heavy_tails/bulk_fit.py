"""Where noise ends in a spectrum: the bulk, its edge and what lies beyond it."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from helpers.heavy_tails.arguments import as_eigenvalues, scale_of
from helpers.heavy_tails.marchenko_pastur import MarchenkoPastur
from helpers.heavy_tails.tracy_widom import tracy_widom_scale

_BEYOND_THE_EDGE = 3.0  # a spike lies this many Tracy-Widom scales above the edge
_LEAST_VARIANCE = 1e-290  # keeps a law where half of the eigenvalues are 0


@dataclass(frozen=True)
class MarchenkoPasturFit:
    """The bulk of a spectrum; made by `fit_marchenko_pastur`.

    Attributes:
        law: of the bulk, of an (N - k) x (M - k) noise matrix if there are k spikes;
            `law.edges[1]` is lambda^+.
        sigma: square root of N times the variance of the noise's entries.
        n_spikes: k, eigenvalues over 3 Tracy-Widom scales above lambda^+.
        excess: (largest eigenvalue - lambda^+) / Tracy-Widom scale.
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
    scale = scale_of(x)
    if scale != 1:
        return _rescaled(fit_marchenko_pastur(x / scale, q), scale)
    m, spikes, found = len(x), -1, 0
    n = q * m
    while found > spikes:
        spikes = found
        size = m - spikes
        unit = MarchenkoPastur((n - spikes) / size)
        spread = float(np.median(x[:size]) / unit.quantile(0.5))
        law = MarchenkoPastur(unit.q, math.sqrt(max(spread, _LEAST_VARIANCE)))
        edge, width = law.edges[1], tracy_widom_scale(law.q, size, law.sigma)
        beyond = m - int(np.searchsorted(x, edge + _BEYOND_THE_EDGE * width, "right"))
        found = min(max(beyond, spikes), m - 2)
    gap = law.cdf(x[:size]) - (np.arange(size) + 0.5) / size
    return MarchenkoPasturFit(
        law=law,
        sigma=law.sigma * math.sqrt(n / (n - spikes)),
        n_spikes=spikes,
        excess=(float(x[-1]) - edge) / width,
        ks=float(np.abs(gap).max()) + 0.5 / size,
    )


def _rescaled(fit: MarchenkoPasturFit, scale: float) -> MarchenkoPasturFit:
    """Return the fit to eigenvalues `scale` times as large."""
    root = math.sqrt(scale)
    law = MarchenkoPastur(fit.law.q, fit.law.sigma * root)
    return replace(fit, law=law, sigma=fit.sigma * root)

"""The law of the spectrum of pure noise (chapter 9).

One convention throughout: the eigenvalues are those of W^T W, without 1 / N, for W of
shape [N, M] with N >= M, Q = N / M and entries of variance sigma^2 / N.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.heavy_tails.arguments import check_count, check_number

Array = NDArray[np.float64]

_LARGEST = 1e153  # of sigma: its square is near the largest number
_MOST_STEPS, _SAME_ANGLE, _SMALL = 100, 1e-15, 1e-300  # of `quantile`


@dataclass(frozen=True)
class MarchenkoPastur:
    """The Marchenko-Pastur law: eigenvalues of W^T W for large W of independent noise.

    Density Q / (2 pi sigma^2) sqrt((b - x)(x - a)) / x on [a, b], the edges being
    sigma^2 (1 -+ Q^(-1/2))^2. Needs mean 0 and a finite variance, nothing else.

    Attributes:
        q: Q = N / M >= 1.
        sigma: square root of N Var(W_ij), from 1e-153 to 1e153; 1 makes the mean
            eigenvalue 1.

    Raises:
        ValueError: an attribute out of its range.
    """

    q: float
    sigma: float = 1.0

    def __post_init__(self) -> None:
        check_number("q", self.q, 1)
        check_number("sigma", self.sigma, 0, above=True)
        if not 1 / _LARGEST < self.sigma < _LARGEST:
            raise ValueError(
                f"sigma must lie between {1 / _LARGEST:g} and {_LARGEST:g}, so that "
                f"its square is a number, got {self.sigma!r}"
            )

    @property
    def edges(self) -> tuple[float, float]:
        """The ends of the support."""
        root = self.q**-0.5
        return self.sigma**2 * (1 - root) ** 2, self.sigma**2 * (1 + root) ** 2

    def density(self, x: ArrayLike) -> Array:
        """The density at x, of any shape; 0 outside the support."""
        x = np.asarray(x, dtype=np.float64)
        low, high = self.edges
        inside = (x > low) & (x < high)
        safe = np.where(inside, x, high)
        root = np.sqrt((high - safe) * (safe - low))
        scale = 2 * math.pi * self.sigma**2
        density: Array = inside * self.q / scale * root / safe
        return density

    def cdf(self, x: ArrayLike) -> Array:
        """The distribution function at x, of any shape, in closed form.

        With x = (mean of the edges) - (half their distance) cos t the density becomes
        sin^2 t / (A - B cos t), A = 1 + 1/Q, B = 2 Q^(-1/2), whose integral is
        elementary.
        """
        middle, half = 1 + 1 / self.q, 2 * self.q**-0.5
        cosine = (middle - np.asarray(x, dtype=np.float64) / self.sigma**2) / half
        return self._cdf_at_angle(np.arccos(np.clip(cosine, -1, 1)))

    def quantile(self, p: ArrayLike) -> Array:
        """The value below which the share p in [0, 1] lies, of any shape.

        By Newton's method in t, kept between bounds that bisection narrows.

        Raises:
            ValueError: a share outside [0, 1].
        """
        p = np.asarray(p, dtype=np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            raise ValueError(f"p must lie in [0, 1], got {p}")
        middle, half = 1 + 1 / self.q, 2 * self.q**-0.5
        low, high = np.zeros(p.shape), np.full(p.shape, math.pi)
        t, moved = (low + high) / 2, 1.0
        for _ in range(_MOST_STEPS):
            if moved < _SAME_ANGLE:
                break
            gap = self._cdf_at_angle(t) - p
            low, high = np.where(gap < 0, t, low), np.where(gap < 0, high, t)
            x = np.maximum(middle - half * np.cos(t), _SMALL)
            slope = np.maximum(np.sin(t) ** 2 / x * 2 / math.pi, _SMALL)
            new = t - gap / slope
            new = np.where((new > low) & (new < high), new, (low + high) / 2)
            moved, t = float(np.abs(new - t).max(initial=0)), new
        found: Array = self.sigma**2 * (middle - half * np.cos(t))
        return found

    def moment(self, k: int) -> float:
        """The k-th moment, k >= 1, from Narayana numbers N(k, r + 1), r = 0 to k - 1.

        It is sigma^(2k) times the sum over r of N(k, r + 1) / Q^r.

        Raises:
            ValueError: k below 1.
        """
        check_count("k", k)
        terms = (
            math.comb(k, r) * math.comb(k - 1, r) / (r + 1) / self.q**r
            for r in range(k)
        )
        moment: float = self.sigma ** (2 * k) * sum(terms)
        return moment

    def matrix_entropy(self, m: int) -> float:
        """The matrix entropy of an [m q, m] noise matrix: 1 - 1 / (2 Q ln m).

        Page's formula, from E[x ln x] = 1 / (2 Q) at sigma = 1. See
        `heavy_tails.matrix_entropy`.

        Raises:
            ValueError: m below 2.
        """
        check_count("m", m, 2)
        return 1 - 1 / (2 * self.q * math.log(m))

    def stable_rank(self, m: int) -> float:
        """The stable rank of an [m q, m] noise matrix: m / (1 + Q^(-1/2))^2.

        Raises:
            ValueError: m below 1.
        """
        check_count("m", m)
        root: float = self.q**-0.5
        return m / (1 + root) ** 2

    def _cdf_at_angle(self, t: Array) -> Array:
        root = self.q**-0.5
        swept = np.arctan2((1 + root) * np.sin(t / 2), (1 - root) * np.cos(t / 2))
        area = (
            2 * root * np.sin(t) + (1 + 1 / self.q) * t - 2 * (1 - 1 / self.q) * swept
        )
        share: Array = np.clip(area * self.q / (2 * math.pi), 0, 1)
        return share

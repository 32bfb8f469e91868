"""The spectrum of pure noise, its edge, and a signal of rank one in it (chapter 9).

One convention throughout: the eigenvalues are those of W^T W, without 1 / N, for W of
shape [N, M] with N >= M, Q = N / M and entries of variance sigma^2 / N.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import airy

Array = NDArray[np.float64]

TRACY_WIDOM_MEAN, TRACY_WIDOM_SD = -1.2065335745820, 1.2679808495134
"""Mean and standard deviation of the Tracy-Widom law for real matrices (beta = 1)."""

_BEYOND_THE_EDGE = 3.0  # a spike lies this many Tracy-Widom scales above the edge
_BISECTIONS = 60
_LEAST_VARIANCE = 1e-290  # keeps a law where half of the eigenvalues are 0


@dataclass(frozen=True)
class MarchenkoPastur:
    """The Marchenko-Pastur law: eigenvalues of W^T W for large W of independent noise.

    Density Q / (2 pi sigma^2) sqrt((b - x)(x - a)) / x on [a, b], the edges being
    sigma^2 (1 -+ Q^(-1/2))^2. Needs mean 0 and a finite variance, nothing else.

    Attributes:
        q: Q = N / M >= 1.
        sigma: square root of N Var(W_ij), > 0; 1 makes the mean eigenvalue 1.

    Raises:
        ValueError: an attribute out of its range.
    """

    q: float
    sigma: float = 1.0

    def __post_init__(self) -> None:
        check_number("q", self.q, 1)
        check_number("sigma", self.sigma, 0, above=True)

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
        return inside * self.q / (2 * math.pi * self.sigma**2) * root / safe

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

        By bisection in t, to float precision.

        Raises:
            ValueError: a share outside [0, 1].
        """
        p = np.asarray(p, dtype=np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            raise ValueError(f"p must lie in [0, 1], got {p}")
        low, high = np.zeros(p.shape), np.full(p.shape, math.pi)
        for _ in range(_BISECTIONS):
            t = (low + high) / 2
            below = self._cdf_at_angle(t) < p
            low, high = np.where(below, t, low), np.where(below, high, t)
        return self.sigma**2 * (1 + 1 / self.q - 2 * self.q**-0.5 * np.cos(high))

    def moment(self, k: int) -> float:
        """The k-th moment, k >= 1: sigma^(2k) times the sum of Narayana numbers / Q^r.

        Raises:
            ValueError: k below 1.
        """
        check_count("k", k)
        terms = (
            math.comb(k, r) * math.comb(k - 1, r) / (r + 1) / self.q**r
            for r in range(k)
        )
        return self.sigma ** (2 * k) * sum(terms)

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
        return m / (1 + self.q**-0.5) ** 2

    def _cdf_at_angle(self, t: Array) -> Array:
        root = self.q**-0.5
        swept = np.arctan2((1 + root) * np.sin(t / 2), (1 - root) * np.cos(t / 2))
        area = (
            2 * root * np.sin(t) + (1 + 1 / self.q) * t - 2 * (1 - 1 / self.q) * swept
        )
        return np.clip(area * self.q / (2 * math.pi), 0, 1)


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
    Spohn 2005), by Gauss-Legendre quadrature with 64 nodes (Bornemann 2010); accurate
    to 1e-10 for s in [-8, 8].

    Args:
        s: of any shape.

    Cost: 1 ms a value.
    """
    nodes, weights = np.polynomial.legendre.leggauss(64)
    x, root = 12 * (nodes + 1), np.sqrt(12 * weights)
    ends = np.asarray(s, dtype=np.float64)
    kernels = airy(x[:, None] + x + ends[..., None, None])[0]
    return np.linalg.det(np.eye(64) - root[:, None] * kernels * root)


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


def as_eigenvalues(eigenvalues: ArrayLike) -> Array:
    """Return the eigenvalues in ascending order, or raise.

    Negative values of rounding size become 0.
    """
    x = np.asarray(eigenvalues, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"eigenvalues must be [M >= 2], got shape {list(x.shape)}")
    if not np.isfinite(x).all() or x.max() <= 0 or x.min() < -1e-9 * x.max():
        raise ValueError(
            "eigenvalues must be finite, >= 0 and not all 0, "
            f"got values from {x.min()} to {x.max()}"
        )
    return np.sort(np.maximum(x, 0))


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless the value is an integer of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def check_number(name: str, value: float, low: float, *, above: bool = False) -> None:
    """Raise unless the value is a finite number of at least, or above, `low`."""
    real = isinstance(value, int | float | np.floating | np.integer)
    if real and math.isfinite(value) and low <= value and (value > low or not above):
        return
    least = f"{'>' if above else '>='} {low}"
    raise ValueError(f"{name} must be a finite number {least}, got {value!r}")

"""Log densities of Gaussian mixtures, by products of matrices in blocks.

The logarithm of a Gaussian is linear in the features (t, 1), or with a covariance of
its own (t, 1, t_i t_j), so that all pairs of points and components are one product,
and a logsumexp over its columns is all that is left to do. That product is a difference
of numbers of the size of (spread / noise)^2. Where these are so large that the
difference would lose digits, coordinates are subtracted before anything is squared.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from tqdm import tqdm

_ROWS, _COLUMNS = 256, 1024  # a block of pairs takes 2 MB whatever their number
_LARGEST = 1e8  # of the squares that are subtracted: an error of 1e-8 in the logarithm
_SMALLEST_BETA = 1e-100  # whose square is far from 0
_WHITENED = 32  # components whose gaps are whitened together
_NEGLIGIBLE = 60.0


@dataclass(frozen=True, eq=False)
class Mixture:
    """The density (1/n) sum_j N(t; mean_j, covariance_j).

    Attributes:
        origin: subtracted from the points, so that little cancels, [d].
        terms: coefficients of the features, one column a component, [k, n].
        beta: the common noise std; None if each component has its own covariance.
        means: of the components, [n, d].
        roots: lower Cholesky factors of the covariances, [n, d, d]; None with `beta`.
        sharpness: of the narrowest component, 1 / its variance at most.
    """

    origin: Tensor
    terms: Tensor
    beta: float | None
    means: Tensor
    roots: Tensor | None
    sharpness: float

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self.means)

    def log_density(self, points: Tensor, noise: Tensor | None = None) -> Tensor:
        """Log density at points [m, d], or at points + beta noise; [m].

        Points far apart leave no digits for a small noise: it comes on its own then.
        """
        if self.cancels(points):
            blocks = self._exponents_apart(points, noise)
            return _log_sums(len(points), self.n, points, blocks) - math.log(self.n)
        features, shift = self._features(_moved(points, noise, self.beta))
        blocks = _products_of(features, self.terms)
        sums = _log_sums(len(points), self.n, points, blocks)
        return sums + (shift - math.log(self.n))

    def log_component(self, points: Tensor, index: Tensor) -> Tensor:
        """Log density of component index[i] at point i; [m]."""
        if self.cancels(points):
            gaps = (points - self.means[index])[:, None]
            if self.roots is None:
                white = gaps / (self.beta or 1.0)
            else:
                white = _whitened(gaps, self.roots[index])
            return white.square().sum((1, 2)) / -2 - self._log_volumes()[index]
        features, shift = self._features(points)
        return (features * self.terms.T[index]).sum(1) + shift

    def part(self, index: Tensor) -> "Mixture":
        """The mixture of some of the components."""
        roots = None if self.roots is None else self.roots[index]
        terms, means = self.terms[:, index], self.means[index]
        return replace(self, terms=terms, means=means, roots=roots)

    def cancels(self, points: Tensor) -> bool:
        """Whether the difference of squares would lose digits at these points."""
        beta = 1.0 if self.beta is None else self.beta
        if not _SMALLEST_BETA < beta < 1 / _SMALLEST_BETA:
            return True
        far = max(
            (part - self.origin).square_().sum(1).amax().item()
            for part in (points, self.means)
        )
        return not far * self.sharpness < _LARGEST

    def _log_volumes(self) -> Tensor:
        """Minus the log density of each component at its mean, [n] or [1]."""
        d = self.means.shape[1]
        if self.roots is None:
            return self.means.new_full((1,), d * log_std_2pi(self.beta or 1.0)).expand(
                self.n
            )
        log_det = self.roots.diagonal(dim1=1, dim2=2).log().sum(1)
        return log_det + d * log_std_2pi()

    def _exponents_apart(self, points: Tensor, noise: Tensor | None) -> "_Blocks":
        """Blocks of log densities from differences of coordinates."""
        volumes, beta = self._log_volumes(), self.beta or 1.0

        def fill(rows: slice, columns: slice, out: Tensor) -> None:
            out.copy_(-volumes[columns])
            if self.roots is not None:
                means, roots = self.means[columns], self.roots[columns]
                for some, given, to in zip(
                    means.split(_WHITENED), roots.split(_WHITENED),
                    out.split(_WHITENED, dim=1), strict=True,
                ):  # fmt: skip
                    white = _whitened(points[rows] - some[:, None], given)
                    to.sub_(white.square().sum(2).T, alpha=0.5)
                return
            for k in range(points.shape[1]):
                gap = (points[rows, None, k] - self.means[columns, k]) / beta
                if noise is not None:
                    gap += noise[rows, None, k]
                out.sub_(gap.square_(), alpha=0.5)

        return fill

    def _features(self, points: Tensor) -> tuple[Tensor, Tensor]:
        t = points - self.origin
        ones = t.new_ones(len(t), 1)
        if self.beta is None:
            return torch.cat([t, ones, _products(t)], 1), t.new_zeros(len(t))
        return torch.cat([t, ones], 1), t.square().sum(1) / (-2 * self.beta**2)


def isotropic(centres: Tensor, beta: float) -> Mixture:
    """The centres [n, d], each with noise N(0, beta^2 I)."""
    origin = centres.mean(0)
    mu, d = centres - origin, centres.shape[1]
    usable = min(max(beta, _SMALLEST_BETA), 1 / _SMALLEST_BETA)
    square = usable**2  # others are not used: `cancels`
    constant = mu.square().sum(1) / (-2 * square) - d * log_std_2pi(beta)
    terms = torch.cat([mu / square, constant[:, None]], 1).T
    return Mixture(origin, terms, beta, centres, None, 1 / square)


def gaussians(means: Tensor, covariances: Tensor) -> Mixture:
    """Components N(means[j], covariances[j]), [n, d] and [n, d, d]."""
    origin = means.mean(0)
    mu, d = means - origin, means.shape[1]
    lower, failed = torch.linalg.cholesky_ex(covariances)
    if failed.any() or not lower.isfinite().all():
        raise ValueError(
            "beta is too small for the activations of this layer: the Gaussian law "
            "given an input has a covariance that float64 cannot tell from a singular "
            "one"
        )
    precision = torch.cholesky_inverse(lower)
    linear = (precision @ mu[:, :, None])[:, :, 0]
    log_det = 2 * lower.diagonal(dim1=1, dim2=2).log().sum(1)
    constant = -(linear * mu).sum(1) / 2 - log_det / 2 - d * log_std_2pi()
    i, j = torch.triu_indices(d, d, device=mu.device)
    square = precision[:, i, j] * torch.where(i == j, -0.5, -1.0)
    terms = torch.cat([linear, constant[:, None], square], 1).T
    sharpness = precision.diagonal(dim1=1, dim2=2).amax().item()
    return Mixture(origin, terms, None, means, lower, sharpness)


def _products(t: Tensor) -> Tensor:
    """The products t_i t_j for i <= j, [m, d (d + 1) / 2]."""
    i, j = torch.triu_indices(t.shape[1], t.shape[1], device=t.device)
    return t[:, i] * t[:, j]


def _moved(points: Tensor, noise: Tensor | None, beta: float | None) -> Tensor:
    return points if noise is None or beta is None else points + beta * noise


def _whitened(gaps: Tensor, roots: Tensor) -> Tensor:
    """Gaps [n, m, d] from the means in units of each component's noise."""
    solved: Tensor = torch.linalg.solve_triangular(roots, gaps.mT, upper=False)
    return solved.mT


def _products_of(features: Tensor, terms: Tensor) -> "_Blocks":
    """Blocks of features @ terms."""

    def fill(rows: slice, columns: slice, out: Tensor) -> None:
        torch.mm(features[rows], terms[:, columns], out=out)

    return fill


_Blocks = Callable[[slice, slice, Tensor], None]
"""Writes the log densities of some points and components to a block."""


def _log_sums(m: int, n: int, like: Tensor, fill: _Blocks) -> Tensor:
    """Log of the sum over n components of exp(log density), [m].

    All products go to one block: new ones would leave holes between the small results,
    a little too short for the next, and memory would grow with the number of columns.
    """
    sums = like.new_full((m,), -math.inf)
    block = like.new_empty(_ROWS, _COLUMNS)
    for row in tqdm(range(0, m, _ROWS), "mixture", leave=False, delay=3):
        rows = slice(row, min(row + _ROWS, m))
        total = sums[rows]
        for column in range(0, n, _COLUMNS):
            columns = slice(column, min(column + _COLUMNS, n))
            exponents = block[: len(total), : columns.stop - column]
            fill(rows, columns, exponents)
            torch.logaddexp(total, _log_sum(exponents), out=total)
    return sums


def _log_sum(exponents: Tensor) -> Tensor:
    """Row-wise logsumexp [m] of [m, k], which is overwritten.

    Terms below e^-60 of the largest are raised to that: it changes the sum by less than
    k 1e-26, and exponentials that underflow take several times as long.
    """
    largest = exponents.amax(1).clamp_min_(torch.finfo(exponents.dtype).min)
    shares = exponents.sub_(largest[:, None]).clamp_min_(-_NEGLIGIBLE).exp_()
    return shares.sum(1).log_().add_(largest)


def log_std_2pi(beta: float = 1.0) -> float:
    """Log of sqrt(2 pi) beta; beta itself may be too small to be squared."""
    return math.log(2 * math.pi) / 2 + math.log(beta)

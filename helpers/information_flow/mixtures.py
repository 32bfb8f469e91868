"""Log densities of Gaussian mixtures, by products of matrices in blocks.

The logarithm of a Gaussian is linear in the features (t, 1), or with a covariance of
its own (t, 1, t_i t_j), so that all pairs of points and components are one product,
and a logsumexp over its columns is all that is left to do.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from tqdm import tqdm

_ROWS, _COLUMNS = 256, 1024  # a block of pairs takes 2 MB whatever their number
_NEGLIGIBLE = 60.0


@dataclass(frozen=True, eq=False)
class Mixture:
    """The density (1/n) sum_j N(t; mean_j, covariance_j).

    Attributes:
        origin: subtracted from the points, so that little cancels, [d].
        terms: coefficients of the features, one column a component, [k, n].
        beta: the common noise std; None if each component has its own covariance.
    """

    origin: Tensor
    terms: Tensor
    beta: float | None

    @property
    def n(self) -> int:
        """Number of components."""
        return self.terms.shape[1]

    def log_density(self, points: Tensor) -> Tensor:
        """Log density at points [m, d]; [m]."""
        features, shift = self._features(points)
        return _log_sums(features, self.terms) + (shift - math.log(self.n))

    def log_component(self, points: Tensor, index: Tensor) -> Tensor:
        """Log density of component index[i] at point i; [m]."""
        features, shift = self._features(points)
        return (features * self.terms.T[index]).sum(1) + shift

    def part(self, index: Tensor) -> "Mixture":
        """The mixture of some of the components."""
        return replace(self, terms=self.terms[:, index])

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
    constant = mu.square().sum(1) / (-2 * beta**2) - d / 2 * _log_2pi(beta**2)
    return Mixture(origin, torch.cat([mu / beta**2, constant[:, None]], 1).T, beta)


def gaussians(means: Tensor, covariances: Tensor) -> Mixture:
    """Components N(means[j], covariances[j]), [n, d] and [n, d, d]."""
    origin = means.mean(0)
    mu, d = means - origin, means.shape[1]
    lower = torch.linalg.cholesky(covariances)
    precision = torch.cholesky_inverse(lower)
    linear = (precision @ mu[:, :, None])[:, :, 0]
    log_det = 2 * lower.diagonal(dim1=1, dim2=2).log().sum(1)
    constant = -(linear * mu).sum(1) / 2 - log_det / 2 - d / 2 * _log_2pi()
    i, j = torch.triu_indices(d, d, device=mu.device)
    square = precision[:, i, j] * torch.where(i == j, -0.5, -1.0)
    return Mixture(origin, torch.cat([linear, constant[:, None], square], 1).T, None)


def _products(t: Tensor) -> Tensor:
    """The products t_i t_j for i <= j, [m, d (d + 1) / 2]."""
    i, j = torch.triu_indices(t.shape[1], t.shape[1], device=t.device)
    return t[:, i] * t[:, j]


def _log_sums(features: Tensor, terms: Tensor) -> Tensor:
    """Log of the sum over columns of exp(features @ terms), [m].

    All products go to one block: new ones would leave holes between the small results,
    a little too short for the next, and memory would grow with the number of columns.
    """
    sums = features.new_full((len(features),), -math.inf)
    block = features.new_empty(_ROWS, _COLUMNS)
    parts = terms.split(_COLUMNS, dim=1)
    blocks = tqdm(features.split(_ROWS), "mixture", leave=False, delay=3)
    for rows, total in zip(blocks, sums.split(_ROWS), strict=True):
        for part in parts:
            exponents = block[: len(rows), : part.shape[1]]
            torch.mm(rows, part, out=exponents)
            torch.logaddexp(total, _log_sum(exponents), out=total)
    return sums


def _log_sum(exponents: Tensor) -> Tensor:
    """Row-wise logsumexp [m] of [m, k], which is overwritten.

    Terms below e^-60 of the largest are raised to that: it changes the sum by less than
    k 1e-26, and exponentials that underflow take several times as long.
    """
    largest = exponents.amax(1)
    shares = exponents.sub_(largest[:, None]).clamp_min_(-_NEGLIGIBLE).exp_()
    return shares.sum(1).log_().add_(largest)


def _log_2pi(variance: float = 1.0) -> float:
    return math.log(2 * math.pi * variance)

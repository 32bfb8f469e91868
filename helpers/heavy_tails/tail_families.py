"""Other laws for the tail of a spectrum, and how they compare with a power law.

With y = ln(x / xmin) >= 0 both two-parameter laws are exponential families,

    density of y proportional to exp(-a y - b g(y)), b >= 0,

g(y) = e^y for the truncated power law (alpha = a + 1, rate = b / xmin) and g(y) = y^2
for the lognormal law; b = 0 is the power law itself. The likelihood is concave, and
one quadrature gives its value, slope and curvature. (Chapter 9.)
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc
from scipy.stats import chi2

from helpers.heavy_tails.arguments import as_eigenvalues, check_number

Array = NDArray[np.float64]

_SPAN = 45.0  # the density is followed until it has fallen by the factor e^-45
_STEPS, _SMALL = 200, 1e-13  # of Newton's method; its last decrease of the cost


@dataclass(frozen=True)
class _Family:
    """A feature g, and its mean for y of density a e^(-a y)."""

    feature: Callable[[Array], Array]
    mean: Callable[[float], float]


_FAMILIES = {
    "truncated_power_law": _Family(np.exp, lambda a: a / (a - 1) if a > 1 else np.inf),
    "lognormal": _Family(np.square, lambda a: 2 / a**2),
}


@dataclass(frozen=True)
class TruncatedPowerLaw:
    """A density proportional to x^-alpha e^(-rate x) for x >= xmin.

    Attributes:
        alpha: maximum-likelihood exponent, of any sign.
        rate: Lambda >= 0; 0 where the untruncated power law fits best.
        xmin: where the tail begins.
        log_likelihood: of the tail, in nats.
    """

    alpha: float
    rate: float
    xmin: float
    log_likelihood: float


@dataclass(frozen=True)
class TailComparison:
    """A power law against another law on the same tail; made by `compare_tails`.

    Attributes:
        log_ratio: log-likelihood of the other law minus that of the power law.
        p: probability of a ratio this large if the power law were right (laws that
            contain it), or of one this far from 0 if both were equally wrong.
    """

    log_ratio: float
    p: float


def fit_truncated_power_law(eigenvalues: ArrayLike, xmin: float) -> TruncatedPowerLaw:
    """Fit a power law with an exponential cut-off to the values >= xmin.

    Args:
        eigenvalues: [M].
        xmin: > 0, such as that of `fit_power_law`; 3 values or more lie above.

    Raises:
        ValueError: an argument out of its range.

    Cost: 5 ms.
    """
    y = _log_tail(eigenvalues, xmin)
    a, b, fit = _fit_family(y, _FAMILIES["truncated_power_law"])
    loglik = fit - float(y.sum()) - len(y) * math.log(xmin)
    return TruncatedPowerLaw(a + 1, b / float(xmin), float(xmin), loglik)


def compare_tails(eigenvalues: ArrayLike, xmin: float) -> dict[str, TailComparison]:
    """Compare a power law with other laws for the values >= xmin.

    Keys: "truncated_power_law" and "lognormal" contain the power law, so twice the log
    ratio is compared with half a chi-squared law of one degree (the parameter lies on
    its bound); "exponential" does not, and Vuong's normalised ratio is compared with a
    Gaussian.

    Args:
        eigenvalues: [M].
        xmin: as in `fit_truncated_power_law`.

    Raises:
        ValueError: an argument out of its range.

    Cost: 10 ms.
    """
    y = _log_tail(eigenvalues, xmin)
    n, rate = len(y), 1 / y.mean()
    power_law = math.log(rate) - rate * y
    best = n * (math.log(rate) - 1)  # its sum
    found = {}
    for name, family in _FAMILIES.items():
        ratio = max(_fit_family(y, family)[2] - best, 0.0)
        found[name] = TailComparison(ratio, float(chi2.sf(2 * ratio, 1)) / 2)
    excess = np.expm1(y)
    exponential = y - math.log(excess.mean()) - excess / excess.mean()
    gain = exponential - power_law
    p = float(erfc(abs(gain.sum()) / (gain.std() * math.sqrt(2 * n))))
    return found | {"exponential": TailComparison(float(gain.sum()), p)}


def _log_tail(eigenvalues: ArrayLike, xmin: float) -> Array:
    """Return ln(x / xmin) of the tail, or raise."""
    x = as_eigenvalues(eigenvalues)
    check_number("xmin", xmin, 0, above=True)
    tail = x[x >= xmin]
    if len(np.unique(tail)) < 3:
        raise ValueError(
            f"xmin must leave 3 different eigenvalues or more, got {len(tail)} "
            f"above {xmin}"
        )
    return np.log(tail / xmin)


def _fit_family(y: Array, family: _Family) -> tuple[float, float, float]:
    """Return a, b and the log-likelihood of y: damped Newton on a convex cost.

    b = 0 is best iff the likelihood does not rise there, which is seen from the means.
    """
    means = np.array([y.mean(), family.feature(y).mean()])
    a = float(1 / means[0])
    if family.mean(a) <= means[1]:
        return a, 0.0, len(y) * (math.log(a) - 1)
    point = np.array([a, 0.01 / means[1]])
    cost, slope, curvature = _cost(point, means, family.feature)
    for _ in range(_STEPS):
        step, share = -np.linalg.solve(curvature, slope), 1.0
        while point[1] + share * step[1] < point[1] / 10:
            share /= 2
        new = _cost(point + share * step, means, family.feature)
        while not new[0] <= cost + _SMALL:
            share /= 2
            new = _cost(point + share * step, means, family.feature)
        point, gained = point + share * step, cost - new[0]
        cost, slope, curvature = new
        if gained < _SMALL:
            break
    return float(point[0]), float(point[1]), -len(y) * cost


def _cost(
    point: Array, means: Array, feature: Callable[[Array], Array]
) -> tuple[float, Array, Array]:
    """Return minus the mean log-likelihood at (a, b), its gradient and its Hessian.

    With Z the integral of exp(-a y - b g(y)) it is ln Z + a mean(y) + b mean(g); the
    gradient is the sample's means minus the law's, the Hessian the law's covariance.
    """

    def log_density(y: ArrayLike) -> Array:
        at = np.asarray(y, dtype=np.float64)
        value: Array = -point[0] * at - point[1] * feature(at)
        return value

    end = 1.0
    while log_density(end) > log_density(0.0) - _SPAN and end < 600:
        end *= 1.5
    nodes, weights = _gauss_legendre()
    y = end * nodes
    logs = log_density(y)
    mass = weights * np.exp(logs - logs.max())
    log_norm = logs.max() + math.log(end * mass.sum())
    values = np.array([y, feature(y)])
    mass /= mass.sum()
    expected = values @ mass
    spread = values - expected[:, None]
    cost = float(log_norm + point @ means)
    return cost, means - expected, (spread * mass) @ spread.T


@functools.cache
def _gauss_legendre() -> tuple[Array, Array]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    return (nodes + 1) / 2, weights / 2

"""Other laws for the tail of a spectrum, and how they compare with a power law.

With y = ln(x / xmin) >= 0 and its mean s both two-parameter laws are exponential
families of z = y / s,

    density of z proportional to exp(-a z - b g(y)), b >= 0,

g(y) = 2 (e^y - 1 - y) / s^2 for the truncated power law and g(y) = z^2 for the
lognormal law; b = 0 is the power law itself. In y the first is exp(-a' y - b' e^y) with
b' = 2 b / s^2, a' = a / s - b', so alpha = a' + 1 and rate = b' / xmin. The likelihood
is concave, and one quadrature gives its value, slope and curvature. In these units a
narrow tail is as well conditioned as any: there both g tend to z^2. (Chapter 9.)
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfc
from scipy.stats import chi2

from helpers.heavy_tails.arguments import (
    SAME,
    Array,
    as_eigenvalues,
    check_number,
    count_different,
)

_WIDEST = 1e29  # of x / xmin; beyond it eigenvalues are rounding
_SPAN = 45.0  # the density is followed until it has fallen by the factor e^-45
_FARTHEST = 600.0  # or as far as here
_PANEL, _MOST_PANELS = 60.0, 64  # stretch of z and of y that one rule covers
_PEAK, _JUMP = 5.0, 1.0  # where ln density is this near its maximum, it moves less
_STEPS, _SMALL = 200, 1e-13  # of Newton's method; its last decrease of the cost
_HALVINGS = 60  # of a step, after which it is nothing
_FLAT = 1e-3  # gradient at a maximum, in units of the means

_Cost = tuple[float, Array, Array]


@dataclass(frozen=True)
class _Family:
    """A feature g(z) for y of mean s; its mean if z has density e^-z; a and b in y."""

    feature: Callable[[Array, float], Array]
    mean: Callable[[float], float]
    natural: Callable[[float, float, float], tuple[float, float]]


def _excess(z: Array, s: float) -> Array:
    """Return 2 (e^y - 1 - y) / s^2 at y = s z, the exponent kept below 300."""
    y = np.minimum(s * z, 300.0)
    excess: Array = 2 * (np.expm1(y) - y) / s**2
    return excess


_FAMILIES = {
    "truncated_power_law": _Family(
        feature=_excess,
        mean=lambda s: 2 / (1 - s) if s < 1 else math.inf,
        natural=lambda a, b, s: (a / s - 2 * b / s**2, 2 * b / s**2),
    ),
    "lognormal": _Family(
        feature=lambda z, s: np.square(z),
        mean=lambda s: 2.0,
        natural=lambda a, b, s: (a / s, b / s**2),
    ),
}


@dataclass(frozen=True)
class TruncatedPowerLaw:
    """A density proportional to x^-alpha e^(-Lambda x) for x >= xmin.

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
        ValueError: an argument out of its range, or a tail without a maximum of the
            likelihood that can be computed.

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
        ValueError: as in `fit_truncated_power_law`.

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
    spread = max(float(gain.std()), 1e-300)
    p = float(erfc(abs(gain.sum()) / (spread * math.sqrt(2 * n))))
    return found | {"exponential": TailComparison(float(gain.sum()), p)}


def _log_tail(eigenvalues: ArrayLike, xmin: float) -> Array:
    """Return ln(x / xmin) of the tail, or raise."""
    x = as_eigenvalues(eigenvalues)
    check_number("xmin", xmin, 0, above=True)
    xmin = float(xmin)
    tail = x[x >= xmin]
    different = count_different(tail)
    if different < 3:
        raise ValueError(
            f"xmin must leave 3 different eigenvalues or more, got {len(tail)} "
            f"above {xmin:g}, {different} of them by over {SAME:g} of their size"
        )
    if float(tail[-1]) / xmin > _WIDEST:
        raise ValueError(
            f"xmin must be at least {1 / _WIDEST:g} of the largest eigenvalue, which "
            f"is {tail[-1]:g}, got {xmin:g}: what is smaller is rounding"
        )
    logs: Array = np.log(tail / xmin)
    return logs


def _fit_family(y: Array, family: _Family) -> tuple[float, float, float]:
    """Return a', b' and the log-likelihood of y: damped Newton on a convex cost.

    b = 0 is best iff the likelihood does not rise there, which is seen from the means.
    """
    s, n = float(y.mean()), len(y)
    means = np.array([1.0, family.feature(y / s, s).mean()])
    if family.mean(s) <= means[1]:
        return 1 / s, 0.0, -n * (1 + math.log(s))
    point = np.array([1.0, 0.01 / means[1]])
    now = _cost(point, means, family, s)
    for _ in range(_STEPS):
        point, new = _step(point, now, means, family, s)
        gained, now = now[0] - new[0], new
        if not gained >= _SMALL:
            break
    if not (np.abs(now[1]) <= _FLAT * means).all():  # NaN too
        raise ValueError(
            "eigenvalues must have a tail that a law can be fitted to, got no maximum "
            f"of the likelihood for {n} values over a factor of {math.exp(y.max()):.3g}"
        )
    return *family.natural(float(point[0]), float(point[1]), s), -n * (
        now[0] + math.log(s)
    )


def _step(
    point: Array, now: _Cost, means: Array, family: _Family, s: float
) -> tuple[Array, _Cost]:
    """Return the next point and its cost: Newton's, halved until the cost falls.

    b falls tenfold at most.
    """
    try:
        step = -np.asarray(np.linalg.solve(now[2], now[1]), dtype=np.float64)
    except np.linalg.LinAlgError:
        step = -now[1]
    least = -0.9 * point[1]
    if step[1] < least:
        step *= least / step[1]
    for _ in range(_HALVINGS):
        new = _cost(point + step, means, family, s)
        if new[0] <= now[0] + _SMALL:
            return point + step, new
        step /= 2
    return point, now


def _cost(point: Array, means: Array, family: _Family, s: float) -> _Cost:
    """Return minus the mean log-likelihood at (a, b), its gradient and its Hessian.

    With Z the integral of exp(-a z - b g(z)) it is ln Z + a mean(z) + b mean(g); the
    gradient is the sample's means minus the law's, the Hessian the law's covariance.
    """

    def log_density(z: Array) -> Array:
        value: Array = -point[0] * z - point[1] * family.feature(z, s)
        return value

    z, weights, logs = _quadrature(log_density, max(1.0, s))
    mass = weights * np.exp(logs - logs.max())
    log_norm = logs.max() + math.log(mass.sum())
    values = np.array([z, family.feature(z, s)])
    mass /= mass.sum()
    expected = values @ mass
    spread = values - expected[:, None]
    cost = float(log_norm + point @ means)
    return cost, means - expected, (spread * mass) @ spread.T


def _quadrature(
    log_density: Callable[[Array], Array], stretch: float
) -> tuple[Array, Array, Array]:
    """Return nodes, weights and ln density: as far and as dense as the density needs.

    Args:
        log_density: of z >= 0, 0 at 0.
        stretch: y / z where it exceeds 1: laws vary with y where that is the longer.
    """
    end = 1.0
    while log_density(np.array(end)) > -_SPAN and end < _FARTHEST:
        end *= 1.5
    panels = math.ceil(end * stretch / _PANEL)
    while True:
        nodes, weights = _gauss_legendre(panels)
        logs = log_density(end * nodes)
        peak = logs > logs.max() - _PEAK
        jump = np.abs(np.diff(logs))[peak[1:] | peak[:-1]].max()
        if jump <= _JUMP or panels >= _MOST_PANELS:
            return end * nodes, end * weights, logs
        panels *= 2


@functools.cache
def _gauss_legendre(panels: int) -> tuple[Array, Array]:
    """Nodes and weights on [0, 1], cut into equal panels."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    places = (np.arange(panels)[:, None] + (nodes + 1) / 2) / panels
    return places.ravel(), np.tile(weights / 2 / panels, panels)

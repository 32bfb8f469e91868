"""Closed forms of chapter 10: half-spaces, the isoperimetric bound, shells."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import chi

from helpers.adversarial_noise.arguments import (
    read_count,
    read_open_unit,
)
from helpers.adversarial_noise.intervals import clopper_pearson
from helpers.arrays import read_numbers

Array = NDArray[np.float64]


def halfspace_distance(mu: ArrayLike, sigma: ArrayLike) -> Array:
    """Return the distance at which a half-space of errors begins.

    The linear law of Ford et al. 2019, d = -sigma Phi^{-1}(mu): an error rate mu under
    noise N(x_0, sigma^2 I), in any dimension.

    Args:
        mu: error rate in [0, 1], of any shape; above 1/2 the distance is negative, as
            x_0 lies inside; 0 gives infinity.
        sigma: standard deviation of the noise, > 0; broadcast against `mu`.

    Raises:
        ValueError: an argument out of its range.
    """
    mu, sigma, _ = _read(mu, sigma)
    return _times(sigma, -ndtri(mu))


def isoperimetric_quantile(
    mu: ArrayLike, sigma: ArrayLike, alpha: ArrayLike = 0.5
) -> Array:
    """Return the most that a quantile of the noisy points' distance to E can be.

    Gaussian isoperimetry (Borell 1975, Sudakov & Tsirelson 1974): for any set E with
    P(x in E) = mu, x ~ N(x_0, sigma^2 I), the alpha-quantile of d(x, E) is at most
    sigma max(0, Phi^{-1}(alpha) - Phi^{-1}(mu)), with equality for a half-space. Points
    in E count as 0. The median, alpha = 1/2, is the bound of Ford et al. 2019.

    Args:
        mu: error rate, in [0, 1].
        sigma: > 0.
        alpha: order of the quantile, in (0, 1); all are broadcast.

    Raises:
        ValueError: an argument out of its range.
    """
    mu, sigma, alpha = _read(mu, sigma, alpha)
    return _times(sigma, np.maximum(0, ndtri(alpha) - ndtri(mu)))


def shell_distance(mu: ArrayLike, sigma: ArrayLike, k: int) -> Array:
    """Return the clean point's distance to a shell of errors of Gaussian mass mu.

    The shell is E = {|P(x - x_0)| >= R} with P onto k coordinates: k = 1 is a pair of
    half-spaces, k = n all that is far from x_0. |P(x - x_0)| / sigma has the chi law
    with k degrees of freedom, so R = sigma chi_k^{-1}(1 - mu). Ours: the example
    shows that the linear law can fail by a factor sqrt(k) at the clean point.

    Args:
        mu: error rate, in [0, 1].
        sigma: > 0; broadcast against `mu`.
        k: number of coordinates, >= 1.

    Raises:
        ValueError: an argument out of its range.
    """
    mu, sigma, _ = _read(mu, sigma)
    return _times(sigma, chi.isf(mu, read_count("k", k)))


def shell_quantile(
    mu: ArrayLike, sigma: ArrayLike, k: int, alpha: ArrayLike = 0.5
) -> Array:
    """Return a quantile of the distance from noisy points to a shell of errors.

    d(x, E) = max(0, R - |P(x - x_0)|), so the alpha-quantile is
    sigma max(0, chi_k^{-1}(1 - mu) - chi_k^{-1}(1 - alpha)). See `shell_distance`;
    as k grows it tends to 1 / sqrt(2) of `isoperimetric_quantile`.

    Args:
        mu: error rate, in [0, 1].
        sigma: > 0.
        k: number of coordinates, >= 1.
        alpha: order of the quantile, in (0, 1); broadcast.

    Raises:
        ValueError: an argument out of its range.
    """
    mu, sigma, alpha = _read(mu, sigma, alpha)
    k = read_count("k", k)
    gap: Array = chi.isf(mu, k) - chi.isf(alpha, k)
    return _times(sigma, np.maximum(0, gap))


def sandwich(mu: float, n_classes: int) -> tuple[float, float]:
    """Return the range of d / sigma(x_0, mu) for a linear classifier of many classes.

    Ours: mu lies between the mass of the nearest of C - 1 half-spaces and C - 1 times
    that, so -Phi^{-1}(mu) <= d / sigma <= -Phi^{-1}(mu / (C - 1)).

    Raises:
        ValueError: `mu` outside (0, 1), fewer than 2 classes.
    """
    mu = read_open_unit("mu", mu)
    others = read_count("n_classes", n_classes, 2) - 1
    return -float(ndtri(mu)), -float(ndtri(mu / others))


def smoothing_radius(
    errors: ArrayLike, n: int, sigma: ArrayLike, *, level: float = 0.999
) -> Array:
    """Return the radius in which the smoothed classifier is certified to be right.

    Cohen, Rosenfeld & Kolter 2019: the classifier that takes the majority under noise
    N(x, sigma^2 I) keeps its label within -sigma Phi^{-1}(mu) of x_0, where mu is the
    base classifier's error rate at x_0. Here mu is bounded from above with
    one-sided confidence `level` (Clopper-Pearson). 0 where that bound exceeds 1/2.

    Args:
        errors: wrong labels among the draws, integers in 0..n, of any shape.
        n: number of draws.
        sigma: > 0; broadcast.
        level: of confidence, in (0, 1).

    Raises:
        ValueError: an argument out of its range.
    """
    mu = clopper_pearson(errors, n, 2 * read_open_unit("level", level) - 1)[1]
    mu, sigma, _ = _read(mu, sigma, name="errors")
    return _times(sigma, np.maximum(0, -ndtri(mu)))


def _times(sigma: Array, distance: Array) -> Array:
    """Return the product, inf where it overflows."""
    with np.errstate(over="ignore"):
        product: Array = sigma * distance
    return product


def _read(
    mu: ArrayLike, sigma: ArrayLike, alpha: ArrayLike = 0.5, name: str = "mu"
) -> tuple[Array, Array, Array]:
    """Return error rates, scales and orders of quantiles that broadcast, or raise."""
    mu, sigma = read_numbers(name, mu), read_numbers("sigma", sigma)
    alpha = read_numbers("alpha", alpha)
    if not ((mu >= 0) & (mu <= 1)).all():
        raise ValueError(f"mu must lie in [0, 1], got {mu}")
    if not ((sigma > 0) & (sigma < math.inf)).all():
        raise ValueError(f"sigma must be finite and > 0, got {sigma}")
    if not ((alpha > 0) & (alpha < 1)).all():
        raise ValueError(f"alpha must lie strictly between 0 and 1, got {alpha}")
    try:
        np.broadcast_shapes(mu.shape, sigma.shape, alpha.shape)
    except ValueError:
        others = "sigma" if alpha.ndim == 0 else "sigma and alpha"
        raise ValueError(
            f"{name} and {others} must have shapes that broadcast, got {mu.shape}, "
            f"{sigma.shape}" + (f" and {alpha.shape}" if alpha.ndim else "")
        ) from None
    return mu, sigma, alpha

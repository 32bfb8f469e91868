"""Closed forms and quadratures: one neuron, the bias law, the bounds of the papers."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from helpers.information_flow.estimates import check_count, check_positive

Array = NDArray[np.float64]

# The trapezoid rule for an expectation over N(0, 1): analytic integrands, so the error
# falls exponentially in 1 / step; beyond 9 lies a mass of 2e-19.
_STEP = 1 / 64
_Z = np.arange(-9, 9 + _STEP / 2, _STEP)
_WEIGHT = np.exp(-(_Z**2) / 2) * (_STEP / math.sqrt(2 * math.pi))


def atom_information(
    atoms: ArrayLike, beta: float, probabilities: ArrayLike | None = None
) -> Array:
    """What the noisy channel tells of each atom: KL(N(a_k, beta^2) || mixture).

    The channel is T = S + Z in one dimension, S on finitely many atoms. With
    L_k(Z) = ln sum_j p_j exp(-((a_k - a_j)^2 + 2 (a_k - a_j) Z) / (2 beta^2)), this is
    -E L_k(Z), computed by the trapezoid rule.

    Args:
        atoms: the values of S, [..., k].
        beta: standard deviation of the noise, > 0.
        probabilities: of the atoms, sum 1 along the last axis, broadcast against
            `atoms`; None for equal ones.

    Returns:
        nats, [..., k].

    Raises:
        ValueError: NaN, beta not above 0, probabilities negative or of another sum.

    Cost: 1200 k^2 exponentials a channel.
    """
    points, weights = _read_atoms(atoms, beta, probabilities)
    return np.stack([-log @ _WEIGHT for log in _logs(points, weights, beta)], -1)


def scalar_information(
    atoms: ArrayLike, beta: float, probabilities: ArrayLike | None = None
) -> Array:
    """Mutual information I(S; S + Z) of one noisy neuron, in nats.

    The mean of `atom_information`, which see for arguments, errors and cost.

    Returns:
        [...]; absolute error below 1e-9.
    """
    points, weights = _read_atoms(atoms, beta, probabilities)
    return (weights * atom_information(points, beta, weights)).sum(-1)


def chi2_information(
    atoms: ArrayLike, beta: float, probabilities: ArrayLike | None = None
) -> Array:
    """The chi-squared information of the same channel.

    I_chi2(S; S + Z) = E_S chi2(N(S, beta^2) || law of S + Z) = E exp(-L) - 1, L as in
    `atom_information`, which see for arguments, errors and cost. For d independent
    coordinates 1 + I_chi2 is the product of theirs.

    Returns:
        [...], between 0 and k - 1.
    """
    points, weights = _read_atoms(atoms, beta, probabilities)
    means = [np.exp(-log) @ _WEIGHT for log in _logs(points, weights, beta)]
    return (weights * np.stack(means, -1)).sum(-1) - 1


def _logs(points: Array, weights: Array, beta: float) -> list[Array]:
    """L_k on the grid of Z, for each k, [..., len(_Z)]."""
    found = []
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)[..., None]
    for k in range(points.shape[-1]):
        gap = ((points[..., k, None] - points) / beta)[..., None]
        found.append(logsumexp(log_weights - gap * (gap / 2 + _Z), axis=-2))
    return found


def _read_atoms(
    atoms: ArrayLike, beta: float, probabilities: ArrayLike | None
) -> tuple[Array, Array]:
    """Return atoms and probabilities of one shape, or raise."""
    points = np.asarray(atoms, dtype=np.float64)
    check_positive("beta", beta)
    if points.ndim == 0 or points.size == 0 or not np.isfinite(points).all():
        raise ValueError(f"atoms must be finite numbers [..., k], got {atoms!r:.200}")
    if probabilities is None:
        probabilities = np.full(points.shape[-1], 1 / points.shape[-1])
    weights = np.asarray(probabilities, dtype=np.float64)
    if not ((weights >= 0).all() and np.allclose(weights.sum(-1), 1)):
        raise ValueError(
            f"probabilities must be >= 0 and add up to 1, got {probabilities!r:.200}"
        )
    return tuple(np.broadcast_arrays(points, weights))


@dataclass(frozen=True)
class BiasLaw:
    """How far the plug-in estimator is below the truth on average; by `bias_law`.

    Attributes:
        leading: I_chi2 / (2n), the bias up to terms of order 1/n^2.
        bound: ln(1 + I_chi2 / n), never exceeded.
        chi2: I_chi2(S; S + Z).
    """

    leading: float
    bound: float
    chi2: float


def bias_law(
    n: int,
    dim: int,
    beta: float,
    atoms: ArrayLike = (-1.0, 1.0),
    probabilities: ArrayLike | None = None,
) -> BiasLaw:
    """Bias h - E h_n of the plug-in estimator for independent coordinates.

    It is E KL(smoothed samples || smoothed law), between 0 and ln(1 + I_chi2 / n), and
    I_chi2 / (2n) to leading order. With c the `chi2_information` of one coordinate,
    1 + I_chi2 = (1 + c)^d: exponential in the dimension. Our form of the negative bias
    that Goldfeld et al. find; their later work bounds risks by the same information.

    Args:
        n: number of samples.
        dim: d, number of coordinates, each on the same atoms.
        beta: standard deviation of the noise, > 0.
        atoms: of one coordinate, [k]; the default makes S a corner of the cube.
        probabilities: of the atoms, [k]; None for equal ones.

    Raises:
        ValueError: n or dim below 1, and as in `atom_information`.
    """
    check_count("n", n)
    check_count("dim", dim)
    c = float(chi2_information(atoms, beta, probabilities))
    chi2 = math.expm1(dim * math.log1p(c))
    return BiasLaw(chi2 / (2 * n), math.log1p(chi2 / n), chi2)


def risk_bound(n: int, dim: int, beta: float, eps: float = 0.005) -> float:
    """Bound of E|h - h_n| over all laws on the cube [-1, 1]^d.

    Goldfeld, Greenewald & Polyanskiy 2018 (arXiv 1810.11589), Theorem 2 with all its
    constants; for n large. With A = 2 + 2 beta sqrt((2 + eps) ln n) and
    c = (d/2) ln(2 pi beta^2) + d / beta^2,

        (A^d / n)^(1/2) ln(n A^d / (pi beta^2)^(d/2)) / (2 (4 pi beta^2)^(d/4))
        + (2/n) (c^2 + 2 c d (1 + beta^2) / beta^2
                 + 8 d (d + 2 beta^4 + d beta^4) / beta^4).

    Args:
        n: number of samples, >= 2.
        dim: d.
        beta: standard deviation of the noise, > 0.
        eps: > 0, free.

    Raises:
        ValueError: an argument out of range.
    """
    check_count("n", n, 2)
    check_count("dim", dim)
    check_positive("beta", beta)
    check_positive("eps", eps)
    s, d = beta**2, dim
    log_volume = d * math.log(2 + 2 * beta * math.sqrt((2 + eps) * math.log(n)))
    root = math.exp(log_volume / 2) / math.sqrt(n) / (4 * math.pi * s) ** (d / 4)
    log = math.log(n) + log_volume - d / 2 * math.log(math.pi * s)
    c = d / 2 * math.log(2 * math.pi * s) + d / s
    rest = c**2 + 2 * c * d * (1 + s) / s + 8 * d * (d + 2 * s**2 + d * s**2) / s**2
    return root * log / 2 + rest * 2 / n


def monte_carlo_bounds(dim: int, beta: float) -> tuple[float, float]:
    """Bounds of the variance of one draw of -log g(S_i + Z), i given.

    The integral h_n from m draws at each of n samples has a mean squared error of at
    most the bound over (n m).

    Args:
        dim: d.
        beta: standard deviation of the noise, > 0.

    Returns:
        Goldfeld et al.'s 2 d (2 + beta^2) / beta^2, for samples in [-1, 1]^d, and ours:
        d, for any samples. By Poincare's inequality the variance, averaged over i, is
        at most beta^2 times the Fisher information of the smoothed law, and smoothing
        never raises that above the d / beta^2 of the noise.

    Raises:
        ValueError: dim below 1, beta not above 0.
    """
    check_count("dim", dim)
    check_positive("beta", beta)
    return 2 * dim * (2 + beta**2) / beta**2, float(dim)


def information_cap(dim: int, beta: float) -> float:
    """Capacity bound of d neurons in [-1, 1]: (d/2) ln(1 + 1 / beta^2), in nats.

    Raises:
        ValueError: dim below 1, beta not above 0.
    """
    check_count("dim", dim)
    check_positive("beta", beta)
    return dim / 2 * math.log1p(1 / beta**2)

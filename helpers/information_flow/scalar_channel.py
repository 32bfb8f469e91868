"""One noisy neuron: the information of a scalar Gaussian channel, by quadrature."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from helpers.arrays import read_numbers
from helpers.information_flow.arguments import check_positive

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
    found = np.stack([-log @ _WEIGHT for log in _logs(points, weights, beta)], -1)
    return np.maximum(found, 0)  # but for rounding it is


def scalar_information(
    atoms: ArrayLike, beta: float, probabilities: ArrayLike | None = None
) -> Array:
    """Mutual information I(S; S + Z) of one noisy neuron, in nats.

    The mean of `atom_information`, which see for arguments, errors and cost.

    Returns:
        [...]; absolute error below 1e-9.
    """
    points, weights = _read_atoms(atoms, beta, probabilities)
    return _mean(weights, atom_information(points, beta, weights))


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
    with np.errstate(over="ignore"):  # of atoms that have no weight
        means = [np.exp(-log) @ _WEIGHT for log in _logs(points, weights, beta)]
    chi2 = _mean(weights, np.stack(means, -1)) - 1
    return np.maximum(chi2, 0)  # but for rounding it is


def _mean(weights: Array, values: Array) -> Array:
    """Mean over the atoms that have a weight; far from all others they are inf."""
    mean: Array = (weights * np.where(weights > 0, values, 0)).sum(-1)
    return mean


def _logs(points: Array, weights: Array, beta: float) -> list[Array]:
    """L_k on the grid of Z, for each k, [..., len(_Z)]."""
    found = []
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)[..., None]
    with np.errstate(over="ignore"):  # atoms that are infinitely far apart
        for k in range(points.shape[-1]):
            gap = ((points[..., k, None] - points) / beta)[..., None]
            found.append(logsumexp(log_weights - gap * (gap / 2 + _Z), axis=-2))
    return found


def _read_atoms(
    atoms: ArrayLike, beta: float, probabilities: ArrayLike | None
) -> tuple[Array, Array]:
    """Return atoms and probabilities of one shape, or raise."""
    points = read_numbers("atoms", atoms)
    check_positive("beta", beta)
    if points.ndim == 0 or points.size == 0 or not np.isfinite(points).all():
        raise ValueError(f"atoms must be finite numbers [..., k], got {atoms!r:.200}")
    if probabilities is None:
        probabilities = np.full(points.shape[-1], 1 / points.shape[-1])
    weights = read_numbers("probabilities", probabilities)
    fit = weights.ndim > 0 and ((weights >= 0) & (weights <= 2)).all()
    if not (fit and np.allclose(weights.sum(-1), 1)):
        raise ValueError(
            f"probabilities must be >= 0 and add up to 1, got {probabilities!r:.200}"
        )
    try:
        points, weights = np.broadcast_arrays(points, weights)
    except ValueError:
        raise ValueError(
            "atoms and probabilities must have shapes that broadcast, got "
            f"{points.shape} and {weights.shape}"
        ) from None
    return points, weights

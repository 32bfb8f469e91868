"""Closed forms of the escape from a quadratic minimum."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.sgd_noise.arguments import check_positive, read_real, read_symmetric

Array = NDArray[np.float64]


def ou_escape(
    hessian: ArrayLike, covariance: ArrayLike, eta: float, t: ArrayLike
) -> Array:
    """Expected excess loss on a quadratic after time t, in continuous time.

    Zhu et al. 2019 call E[L(theta_t) - L(theta_0)] the escaping efficiency. Under
    d theta = -H (theta - theta_0) dt + sqrt(eta) Sigma^(1/2) dW, started at theta_0, it
    is (ours, by the covariance of the Ornstein-Uhlenbeck process)

        (eta / 4) Tr[(I - exp(-2 H t)) Sigma] = (eta t / 2) Tr(H Sigma) + O(t^2).

    H and Sigma need not commute. As t grows it tends to (eta / 4) Tr Sigma if H > 0.

    Args:
        hessian: H, symmetric [D, D].
        covariance: Sigma of one step's gradient noise, symmetric PSD [D, D].
        eta: learning rate > 0; step k of gradient descent is at t = k eta.
        t: times >= 0, any shape; inf for the limit, if H is PSD.

    Returns:
        Shaped as t.

    Raises:
        ValueError: not symmetric, shapes that differ, Sigma not PSD, eta or t out of
            range, t = inf with a negative eigenvalue of H, or a loss that overflows.

    Cost: O(D^3).
    """
    rate, noise = _spectrum(hessian, covariance)
    times = _times("t", t, rate)
    check_positive("eta", eta)
    decay = np.where(rate > 0, rate, 0) if np.isinf(times).any() else rate
    with np.errstate(invalid="ignore", over="ignore"):
        exponent = np.where(decay == 0, 0, -2 * decay * times[..., None])
        grown = np.where(noise == 0, 0, -np.expm1(exponent))
        return _finite(eta / 4 * (grown @ noise), "eta and t")


def descent_escape(
    hessian: ArrayLike, covariance: ArrayLike, eta: float, steps: ArrayLike
) -> Array:
    """Expected excess loss on a quadratic after steps of noisy gradient descent.

    The discrete law, for theta -> theta - eta (H (theta - theta_0) + noise) from
    theta_0, with independent noise of covariance Sigma (ours):

        (eta^2 / 2) sum_i lam_i s_i sum_(k < steps) (1 - eta lam_i)^(2 k),

    s_i = u_i' Sigma u_i; with a_i = eta lam_i and the inner sum taken it is
    (eta / 2) sum_i s_i (1 - (1 - a_i)^(2 steps)) / (2 - a_i). One step gives
    (eta^2 / 2) Tr(H Sigma) exactly; infinitely
    many give (eta / 2) sum_i s_i / (2 - eta lam_i) over lam_i > 0.

    Args:
        hessian: H, symmetric [D, D].
        covariance: Sigma, symmetric PSD [D, D].
        eta: learning rate > 0.
        steps: integers >= 0, any shape; inf for the limit, if H is PSD and
            eta lam_1 < 2.

    Returns:
        Shaped as steps.

    Raises:
        ValueError: as `ou_escape`, or no limit because eta lam_1 >= 2.

    Cost: O(D^3).
    """
    rate, noise = _spectrum(hessian, covariance)
    steps = _times("steps", steps, rate)
    check_positive("eta", eta)
    if np.isinf(steps).any() and eta * rate.max() >= 2:
        raise ValueError(
            f"no limit: eta times the largest eigenvalue is {eta * rate.max():g}, "
            "it must be below 2"
        )
    if np.isinf(steps).any():
        rate = np.where(rate > 0, rate, 0)
    count = steps[..., None]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        a = eta * rate
        logs = np.log1p(np.where(a > 1, a - 2, -a))  # ln |1 - a|
        grown = -np.expm1(2 * count * logs) / (2 - a)
        grown = np.where(a == 2, 2 * count, grown)
        grown = np.where((a == 0) | (count == 0) | (noise == 0), 0, grown)
        return _finite(eta / 2 * (grown @ noise), "eta and steps")


def _spectrum(hessian: ArrayLike, covariance: ArrayLike) -> tuple[Array, Array]:
    """Eigenvalues of H, and the noise along its eigenvectors, u_i' Sigma u_i."""
    h = read_symmetric("hessian", hessian)
    sigma = read_symmetric("covariance", covariance)
    if h.shape != sigma.shape:
        raise ValueError(
            "hessian and covariance must have one shape, "
            f"got {list(h.shape)} and {list(sigma.shape)}"
        )
    lowest = float(np.linalg.eigvalsh(sigma)[0])
    if lowest < -1e-8 * np.abs(sigma).max():
        raise ValueError(f"covariance must be PSD, its lowest eigenvalue is {lowest:g}")
    values, vectors = np.linalg.eigh(h)
    return values, np.einsum("di,de,ei->i", vectors, sigma, vectors, optimize=True)


def _finite(escape: Array, names: str) -> Array:
    """Return what was computed, or raise where it is beyond the largest number."""
    if not np.isfinite(escape).all():
        raise ValueError(f"{names} must leave a loss below 1e308, got a larger one")
    return escape


def _times(name: str, times: ArrayLike, rate: Array) -> Array:
    array = read_real(name, times)
    if not (array >= 0).all():
        raise ValueError(f"{name} must be >= 0, got {times!r}")
    if np.isinf(array).any() and rate[0] < -1e-8 * np.abs(rate).max():
        raise ValueError(
            f"{name} = inf needs a PSD hessian, its lowest eigenvalue is {rate[0]:g}"
        )
    return array

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
            range, or t = inf with a negative eigenvalue of H.

    Cost: O(D^3).
    """
    rate, noise = _spectrum(hessian, covariance)
    times = _times("t", t, rate)
    check_positive("eta", eta)
    decay = np.where(rate > 0, rate, 0) if np.isinf(times).any() else rate
    with np.errstate(invalid="ignore"):
        exponent = np.where(decay == 0, 0, -2 * decay * times[..., None])
    return -eta / 4 * np.expm1(exponent) @ noise


def descent_escape(
    hessian: ArrayLike, covariance: ArrayLike, eta: float, steps: ArrayLike
) -> Array:
    """Expected excess loss on a quadratic after steps of noisy gradient descent.

    The discrete law, for theta -> theta - eta (H (theta - theta_0) + noise) from
    theta_0, with independent noise of covariance Sigma (ours):

        (eta^2 / 2) sum_i lam_i s_i sum_(k < steps) (1 - eta lam_i)^(2 k),

    s_i = u_i' Sigma u_i. One step gives (eta^2 / 2) Tr(H Sigma) exactly; infinitely
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
    square = (1 - eta * rate) ** 2
    flat = square == 1  # eta lam is 0 or 2: every step adds the same
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = (1 - square ** steps[..., None]) / (1 - square)
        rise = np.where(flat, np.where(rate == 0, 0, steps[..., None]), rise)
    return eta**2 / 2 * rise @ (rate * noise)


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


def _times(name: str, times: ArrayLike, rate: Array) -> Array:
    array = read_real(name, times)
    if not (array >= 0).all():
        raise ValueError(f"{name} must be >= 0, got {times!r}")
    if np.isinf(array).any() and rate[0] < -1e-8 * np.abs(rate).max():
        raise ValueError(
            f"{name} = inf needs a PSD hessian, its lowest eigenvalue is {rate[0]:g}"
        )
    return array

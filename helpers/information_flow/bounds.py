"""Bounds of the papers in closed form: risk, integration, capacity."""

import math

from helpers.information_flow.arguments import check_count, check_positive

_LOG_LARGEST = 709.0  # whose exponential is finite


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
    beta = float(beta)
    d, inverse, log_s = dim, 1 / beta / beta, 2 * math.log(beta)
    log_volume = d * math.log(2 + 2 * beta * math.sqrt((2 + eps) * math.log(n)))
    log_root = (log_volume - math.log(n)) / 2 - d / 4 * (math.log(4 * math.pi) + log_s)
    root = math.exp(log_root) if log_root < _LOG_LARGEST else math.inf
    log = math.log(n) + log_volume - d / 2 * (math.log(math.pi) + log_s)
    c = d / 2 * (math.log(2 * math.pi) + log_s) + d * inverse
    rest = c * c + 2 * c * d * (1 + inverse)
    rest += 8 * d * (d * inverse * inverse + 2 + d)
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
        d / 2, for any samples, attained by a single one. For v = log g(S_i + Z) a
        Hermite expansion gives Var v <= beta^2 (E |grad v|^2 + |E grad v|^2) / 2, the
        part of degree 1 counted twice. As beta^2 grad log g(T) = E[S | T] - T, the
        mean over i of the first term is d / beta^2 - M / beta^4 with
        M = E |S - E[S | T]|^2, and by Jensen's inequality that of the second is at most
        M / beta^4.

    Raises:
        ValueError: dim below 1, beta not above 0.
    """
    check_count("dim", dim)
    check_positive("beta", beta)
    beta = float(beta)
    return 2 * dim * (2 / beta / beta + 1), dim / 2


def information_cap(dim: int, beta: float) -> float:
    """Capacity bound of d neurons in [-1, 1]: (d/2) ln(1 + 1 / beta^2), in nats.

    Raises:
        ValueError: dim below 1, beta not above 0.
    """
    check_count("dim", dim)
    check_positive("beta", beta)
    beta = float(beta)
    if beta < 1:
        return dim / 2 * (math.log1p(beta * beta) - 2 * math.log(beta))
    return dim / 2 * math.log1p(1 / beta / beta)

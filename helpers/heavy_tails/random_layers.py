"""Random matrices with a signal or with heavy tails (chapter 9)."""

import math
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.heavy_tails.arguments import Array, as_real, check_count, check_number

HeavyModel = Literal["entries", "rows", "one-sided"]

HEAVY_MODELS: tuple[str, ...] = get_args(HeavyModel)
"""The names that `heavy_tailed_matrix` accepts."""


def spiked_matrix(
    n: int, m: int, theta: float = 0.0, *, sigma: float = 1.0, seed: int
) -> tuple[Array, Array, Array]:
    """Return W = R + theta u v^T, and u and v.

    R has Gaussian entries of variance sigma^2 / n; u and v are random directions. The
    eigenvalues of W^T W follow `MarchenkoPastur(n / m, sigma)` and `bbp`.

    Args:
        n: rows, N >= m.
        m: columns, M >= 1.
        theta: strength of the signal, >= 0; 0 is pure noise.
        sigma: of the noise, > 0.
        seed: integer >= 0; theta and sigma do not change the draws.

    Returns:
        W [n, m], u [n], v [m].

    Raises:
        ValueError: an argument out of its range.
    """
    _check_shape(n, m, seed)
    check_number("theta", theta, 0)
    check_number("sigma", sigma, 0, above=True)
    rng = np.random.default_rng(seed)
    u, v = (_direction(k, rng) for k in (n, m))
    w = rng.normal(size=(n, m)) * (sigma / math.sqrt(n)) + theta * np.outer(u, v)
    return w, u, v


def heavy_tailed_matrix(
    n: int, m: int, mu: float, *, model: HeavyModel = "entries", seed: int
) -> Array:
    """Return a matrix W(mu) whose large entries fall as |w|^(-1 - mu).

    P(|w| > t) = t^-mu for t >= 1 (Pareto), in three models:

        entries    independent entries of random sign
        rows       w_ij = s_i g_ij: Pareto s_i, one for a row, and Gaussian g_ij
        one-sided  independent entries, all of them positive: the mean is not 0

    The second has dependent large entries, the third breaks the assumption of a mean
    of 0.

    Args:
        n: rows, N >= m.
        m: columns, M >= 1.
        mu: tail index > 0, not so small that entries overflow (near 0.02); the
            variance is finite for mu > 2.
        model: one of `HEAVY_MODELS`.
        seed: integer >= 0.

    Returns:
        [n, m].

    Raises:
        ValueError: an argument out of its range.
    """
    _check_shape(n, m, seed)
    check_number("mu", mu, 0, above=True)
    if model not in HEAVY_MODELS:
        raise ValueError(f"model must be one of {HEAVY_MODELS}, got {model!r}")
    rng = np.random.default_rng(seed)
    if model == "rows":
        return _pareto((n, 1), mu, rng) * rng.normal(size=(n, m))
    size = _pareto((n, m), mu, rng)
    return size if model == "one-sided" else size * rng.choice([-1.0, 1.0], (n, m))


def shuffled(
    weight: ArrayLike | torch.Tensor, *, centre: bool = True, seed: int
) -> Array:
    """Return the entries of a matrix in random places: its law without its structure.

    An outlier in the spectrum of the shuffled matrix may only be the mean of the
    entries: a matrix of mean a has one near N M a^2. `centre` takes the mean off.

    Args:
        weight: [N, M].
        centre: whether the mean of all entries is subtracted.
        seed: integer >= 0.

    Raises:
        ValueError: an argument out of its range.
    """
    w = as_real(weight, "weight").astype(np.float64)
    if w.ndim != 2 or not np.isfinite(w).all():
        raise ValueError(f"weight must be finite, [N, M], got shape {list(w.shape)}")
    check_count("seed", seed, 0)
    mixed = np.random.default_rng(seed).permutation(w.ravel()).reshape(w.shape)
    return mixed - mixed.mean() if centre else mixed


def _pareto(shape: tuple[int, int], mu: float, rng: np.random.Generator) -> Array:
    with np.errstate(over="ignore"):
        size: Array = (1 - rng.random(shape)) ** (-1 / mu)
    if not np.isfinite(size).all():
        raise ValueError(f"mu must leave entries that are finite, got {mu!r}")
    return size


def _direction(size: int, rng: np.random.Generator) -> Array:
    v = rng.normal(size=size)
    return v / np.linalg.norm(v)


def _check_shape(n: int, m: int, seed: int) -> None:
    check_count("m", m)
    check_count("n", n, m)
    check_count("seed", seed, 0)

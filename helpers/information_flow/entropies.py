"""Entropy of samples smoothed by Gaussian noise: plug-in estimator and bounds."""

import math
import sys

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.information_flow.arguments import check_count, check_positive, read_rows
from helpers.information_flow.estimates import (
    Estimate,
    chosen_centres,
    normal,
    seeded,
    two_stage,
)
from helpers.information_flow.mixtures import isotropic, log_std_2pi

_FEWEST_DRAWS = 2048


def gaussian_entropy(dim: int, beta: float) -> float:
    """Entropy of the noise N(0, beta^2 I): (d/2) ln(2 pi e beta^2), in nats.

    Raises:
        ValueError: dim below 1, or beta not above 0.
    """
    check_count("dim", dim)
    check_positive("beta", beta)
    return dim * (log_std_2pi(beta) + 0.5)


def smoothed_log_density(points: ArrayLike, samples: ArrayLike, beta: float) -> Tensor:
    """Log density of the samples smoothed by N(0, beta^2 I).

    log g(t) = log (1/n) sum_i phi_beta(t - S_i).

    Args:
        points: where, [m, d].
        samples: the centres S_i, [n, d]; a tensor stays on its device.
        beta: standard deviation of the noise, > 0.

    Returns:
        float64 [m]. Rounding errors are about 1e-8 at most, and 1e-16 of the value.

    Raises:
        ValueError: NaN, wrong shapes, beta not above 0.

    Cost: O(m n d); 2e8 pairs of point and sample a second on one core at d = 10, 2e7
    where the spread is above 1e4 beta and coordinates are subtracted one by one. Memory
    2 MB for the pairs, whatever their number, and a few copies of what comes in.
    """
    centres = read_rows("samples", samples)
    check_positive("beta", beta)
    where = read_rows("points", points, centres.shape[1]).to(centres.device)
    return isotropic(centres, beta).log_density(where)


def smoothed_entropy(
    samples: ArrayLike, beta: float, *, draws: int | None = None, seed: int
) -> Estimate:
    """Entropy of the samples smoothed by N(0, beta^2 I): the plug-in estimator h_n.

    Goldfeld et al. 2019: h_n = -E log g(S_i + Z), i uniform, Z ~ N(0, beta^2 I), g the
    density of `smoothed_log_density`. The expectation is over random draws, each a pair
    S_i + Z, S_i - Z. The control variate |Z|^2 / (2 beta^2), whose mean d/2 is known,
    is subtracted with its least-squares coefficient; the bias of that is of order
    1/draws of the standard deviation of a draw.

    Args:
        samples: S_1..S_n, [n, d]; a tensor stays on its device.
        beta: standard deviation of the noise, > 0.
        draws: pairs in all. From 2n on each sample gets draws // n of them; below,
            that many samples (n at most) are drawn and get one each. None for 2n, and
            2048 at least.
        seed: integer >= 0.

    Returns:
        The estimate in nats, no less than the entropy of the noise alone and no more
        than its cap, (d/2) ln(2 pi e beta^2) + ln n, as h_n itself. Its error is
        that of the integration; how far h_n is below the entropy of the law that the
        samples come from, `bias_law` tells.

    Raises:
        ValueError: NaN, wrong shape, beta not above 0, fewer than 2 draws.

    Cost: 2 n draws pairs of point and sample, see `smoothed_log_density`: 0.2 s for
    n = 4096 at d = 10 on one core.
    """
    centres = read_rows("samples", samples)
    check_positive("beta", beta)
    n, d = centres.shape
    total = max(2 * n, _FEWEST_DRAWS) if draws is None else draws
    check_count("draws", total, 2)
    values = surprises(centres, beta, total, seeded(seed, centres.device))
    value, error = two_stage(values, n)
    noise = gaussian_entropy(d, beta)
    cap = noise + math.log(n)
    return Estimate(min(max(value, noise), cap), error, cap)


def surprises(
    centres: Tensor, beta: float, draws: int, generator: torch.Generator
) -> Tensor:
    """Draws [c, m] whose mean is the smoothed entropy, m at each of c centres."""
    n, d = centres.shape
    index = chosen_centres(n, draws, generator)
    z = normal((*index.shape, d), generator)
    own = centres[index].expand(2, *z.shape).flatten(0, -2)
    both = torch.stack([z, -z]).flatten(0, -2)
    found = -isotropic(centres, beta).log_density(own, both)
    found = found.reshape(2, *index.shape).mean(0)
    return _controlled(found, z.square().sum(-1) / 2, d / 2)


def _controlled(values: Tensor, control: Tensor, mean: float) -> Tensor:
    """Draws [c, m] less the multiple of a control that explains most of them."""
    if values.shape[1] > 1:
        y, x = (a - a.mean(1, keepdim=True) for a in (values, control))
    else:
        y, x = values - values.mean(), control - control.mean()
    spread = x.square().sum()
    share = (y * x).sum() / spread if spread > 0 else spread
    return values - share * (control - mean)


def pairwise_bounds(samples: ArrayLike, beta: float) -> tuple[float, float]:
    """Bounds of the smoothed entropy h_n from distances alone.

    Kolchinsky & Tracey 2017, for equal weights and covariances beta^2 I:

        (d/2) ln(2 pi e beta^2) - (1/n) sum_i ln (1/n) sum_j exp(-|S_i - S_j|^2 / c)

    is an upper bound with c = 2 beta^2 (Kullback-Leibler divergences of the components)
    and a lower bound with c = 8 beta^2 (Bhattacharyya distances).

    Args:
        samples: [n, d].
        beta: standard deviation of the noise, > 0.

    Returns:
        lower and upper bound in nats.

    Raises:
        ValueError: NaN, wrong shape, beta not above 0.

    Cost: 2 n^2 pairs, see `smoothed_log_density`.
    """
    centres = read_rows("samples", samples)
    check_positive("beta", beta)
    n, d = centres.shape
    noise = gaussian_entropy(d, beta)
    lower, upper = (
        noise - d * log_std_2pi(width)
        - isotropic(centres, width).log_density(centres).mean().item()
        for width in (min(2 * beta, sys.float_info.max), beta)
    )  # fmt: skip
    upper = min(max(upper, noise), noise + math.log(n))  # but for rounding it is
    return min(max(lower, noise), upper), upper

"""The inputs of a simulation: a pool of samples; of each draw, a batch and a noise."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.well_behaved.arguments import check_count, in_units
from helpers.well_behaved.moments import noise_power, signal_power
from helpers.well_behaved.tangent import Generators, Pair


def read_inputs(inputs: ArrayLike, batch_size: int) -> Tensor:
    """Return the pool of samples, [M, channels, *spatial], or raise."""
    try:
        pool = torch.as_tensor(inputs)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"inputs must be numbers: {error}") from None
    if pool.is_complex():
        raise TypeError(f"inputs must be real, got {pool.dtype}")
    if not 2 <= pool.ndim <= 4 or 0 in pool.shape:
        raise ValueError(
            "inputs must be [M, features], [M, channels, n] or "
            f"[M, channels, height, width], got shape {list(pool.shape)}"
        )
    if not torch.isfinite(pool).all():
        raise ValueError("inputs must be finite, got NaN or infinity")
    check_count("batch_size", batch_size, 2)
    if batch_size > len(pool):
        raise ValueError(f"batch_size must be at most {len(pool)}, got {batch_size}")
    return in_units(pool)


def generator_of(seed: int, draw: int, device: str | torch.device) -> torch.Generator:
    """Return the generator of one draw; it depends on the seed and its number alone."""
    state = np.random.SeedSequence([seed, draw]).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))


def draw_batches(
    pool: Tensor,
    batch_size: int,
    noise: float | None,
    generators: Generators,
    dtype: torch.dtype,
) -> Pair:
    """Return a batch and its noise for each draw, both of second moment 1."""
    device = generators[0].device
    pool = pool.to(device, dtype).movedim(1, -1)
    chosen = [
        torch.randperm(len(pool), generator=generator, device=device)[:batch_size]
        for generator in generators
    ]
    x = torch.stack([pool[rows] for rows in chosen])
    dx = torch.empty_like(x)
    for part, generator in zip(dx, generators, strict=True):
        part.normal_(generator=generator)
    mu2, power = signal_power(x)[1], noise_power(dx)
    if not (mu2 > 0).all():
        raise ValueError("inputs: a batch holds the same sample only, mu_2(h_0) = 0")
    return Pair(x, dx).scaled(mu2.rsqrt(), (noise or 1.0) * power.rsqrt())

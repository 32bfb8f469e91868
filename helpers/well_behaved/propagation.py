"""The simulation: batch and noise through random networks, layer after layer."""

import math
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from helpers.devices import read_device
from helpers.well_behaved.arguments import check_count, check_number
from helpers.well_behaved.batches import draw_batches, generator_of, read_inputs
from helpers.well_behaved.moments import (
    activation_moments,
    effective_rank,
    noise_power,
    signal_power,
)
from helpers.well_behaved.tangent import Generators, Layer, Pair, Unit, affine
from helpers.well_behaved.trajectory import MomentTrajectory, joined

Array = NDArray[np.float64]
Architecture = Literal["vanilla", "batch_norm", "residual", "batch_norm_residual"]

ARCHITECTURES: tuple[str, ...] = get_args(Architecture)
"""The names that `propagate` accepts."""

_ELEMENTS_AT_ONCE = 2**19  # of signal and noise; keeps a block of draws in the cache
_ELEMENTS_ON_GPU = 2**25
_LECUN = 1.0  # the gain that keeps nu_2 through a linear layer


def propagate(
    architecture: Architecture,
    depth: int,
    width: int,
    inputs: ArrayLike,
    *,
    n_draws: int = 20,
    batch_size: int = 64,
    seed: int,
    branch_depth: int = 2,
    kernel: int | None = None,
    skip: float = 1.0,
    noise: float | None = None,
    tangent: Literal["frozen", "full"] = "frozen",
    ranks: bool = True,
    noise_ranks: bool = True,
    eps: float = 1e-3,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
) -> MomentTrajectory:
    """Send a signal and a noise through random networks; return their moments.

    The simulation of Labatie 2019. h_0 is a batch, dh_0 white noise. Layer l of the
    architectures, weights N(0, 2 / fan-in) and no biases:

        vanilla              h_l = relu(W h_(l-1))
        batch_norm           h_l = relu(BN(W h_(l-1)))
        residual             h_l = skip h_(l-1) + branch, k times [relu, W]
        batch_norm_residual  h_l = skip h_(l-1) + branch, k times [BN, relu, W]

    Residual networks start with a linear layer N(0, 1 / fan-in) from the inputs. The
    noise is carried by exact forward differentiation, not by differences. Its size is
    reset in each layer and the logarithm kept, so nothing overflows.

    Args:
        architecture: one of `ARCHITECTURES`.
        depth: L, number of layers (units of a residual network).
        width: n, channels of every layer.
        inputs: samples to draw batches from. [M, features] makes the network fully
            connected; [M, channels, n] and [M, channels, height, width] make it
            convolutional with periodic boundary.
        n_draws: networks, each with its own batch and noise. Draw r depends on `seed`
            and r alone.
        batch_size: B, samples drawn without replacement for each network.
        seed: integer >= 0.
        branch_depth: k, layers in a residual branch.
        kernel: odd size of the convolution; None for 3 (1 if fully connected).
        skip: factor of the skip connection in [0, 1].
        noise: None for infinitesimal noise; else mu_2(dh_0) = noise^2 mu_2(h_0) and the
            noise is the difference of two runs. Below 1e-3 that needs float64.
        tangent: "frozen" lets the noise pass batch norm with the statistics of the
            signal, as the paper does; "full" lets them feel the noise: they are
            differentiated too, or each run has its own.
        ranks: whether to compute effective ranks, eigenvalues of a B x B matrix.
        noise_ranks: whether to compute those of the noise too, which doubles the cost.
        eps: added to the variance in batch norm; the paper's is 1e-3.
        dtype: torch.float32 or torch.float64.
        device: where to compute.

    Returns:
        The moments of every layer and draw.

    Raises:
        ValueError: an argument out of its range, or every network dead.

    Cost: O(draws L k B n min(B, n)) if fully connected, plus B^3 a layer for the ranks.
    20 draws of 200 layers of width 512 at B = 64: 9 s on one core.
    """
    pool = read_inputs(inputs, batch_size)
    kernel = _read_kernel(kernel, pool.shape[2:])
    counts = {"depth": depth, "width": width, "n_draws": n_draws}
    for name, value in (counts | {"branch_depth": branch_depth}).items():
        check_count(name, value)
    check_count("seed", seed, 0)
    check_number("skip", skip, 0, 1)
    check_number("eps", eps, 0, math.inf)
    _check_names(architecture, tangent)
    if dtype not in (torch.float32, torch.float64):
        raise ValueError(f"dtype must be torch.float32 or torch.float64, got {dtype}")
    if noise is not None:
        check_number("noise", noise, 1e-12, 1e12)
    layer = Layer(
        normalize=architecture.startswith("batch_norm"),
        kernel=kernel,
        spatial=pool.ndim - 2,
        full_tangent=tangent == "full",
        finite=noise is not None,
        eps=eps,
    )
    unit = Unit(layer, width, skip, branch_depth * ("residual" in architecture))
    device = read_device(device)
    step = _draws_at_once(pool, batch_size, width, device)
    blocks = []
    for first in range(0, n_draws, step):
        draws = range(first, min(first + step, n_draws))
        generators = [generator_of(seed, draw, device) for draw in draws]
        pair = draw_batches(pool, batch_size, noise, generators, dtype)
        blocks.append(
            _record(pair, unit, depth, generators, (ranks, ranks and noise_ranks))
        )
    return joined(blocks)


def _check_names(architecture: str, tangent: str) -> None:
    if architecture not in ARCHITECTURES:
        raise ValueError(
            f"architecture must be one of {ARCHITECTURES}, got {architecture!r}"
        )
    if tangent not in ("frozen", "full"):
        raise ValueError(f"tangent must be 'frozen' or 'full', got {tangent!r}")


def _read_kernel(kernel: int | None, extent: tuple[int, ...]) -> int:
    """Return the kernel's size: odd, at most the extent, 1 if fully connected."""
    size = (3 if extent else 1) if kernel is None else kernel
    check_count("kernel", size)
    if size % 2 == 0 or size > min(extent, default=1):
        raise ValueError(
            f"kernel must be odd and at most the spatial extent {list(extent) or 1}, "
            f"got {size}"
        )
    return size


def _draws_at_once(
    pool: Tensor, batch_size: int, width: int, device: str | torch.device
) -> int:
    """Return how many draws make a block that keeps within the elements allowed."""
    sites = batch_size * math.prod(pool.shape[2:])
    gpu = torch.device(device).type == "cuda"
    elements = _ELEMENTS_ON_GPU if gpu else _ELEMENTS_AT_ONCE
    return max(1, elements // (2 * sites * max(width, pool.shape[1])))


def _record(
    pair: Pair,
    unit: Unit,
    depth: int,
    generators: Generators,
    ranks: tuple[bool, bool],
) -> dict[str, Array]:
    """Return the moments of one block of draws, by name."""
    powers = _powers(pair)
    start = powers.log()
    states = [_state(pair, powers, start - start, ranks)]
    layers: list[dict[str, Tensor]] = []
    if unit.branch_depth:
        pair = affine(pair, unit.width, _LECUN, unit.layer, generators)
        powers = _powers(pair)
    log_scale = torch.zeros_like(start)
    for _ in range(depth):
        before = powers
        pair, z, after = unit(pair, generators)
        powers = _powers(pair)
        at_a = powers if after is pair else _powers(after)
        layers.append(_growths(before, _powers(z), at_a) | activation_moments(z.x))
        logs = powers.log() + log_scale - start
        states.append(_state(pair, powers, logs, ranks))
        size = _sizes(powers, unit.layer)
        pair = pair.scaled(size[0].rsqrt(), size[2].rsqrt())
        powers, log_scale = powers / size, log_scale + size.log()
    return _stacked(states) | _stacked(layers)


def _powers(pair: Pair) -> Tensor:
    """Return nu_2 and mu_2 of the signal and the power of the noise, [3, draws]."""
    return torch.stack([*signal_power(pair.x), noise_power(pair.dx)])


def _growths(before: Tensor, at_z: Tensor, at_a: Tensor) -> dict[str, Tensor]:
    """Return the factors of chi from the powers before, at and after the ReLU."""
    ratios = [noise / mu2 for _, mu2, noise in (before, at_z, at_a)]
    return {
        "affine_growth": (ratios[1] / ratios[0]).sqrt(),
        "activation_growth": (ratios[2] / ratios[1]).sqrt(),
    }


def _sizes(powers: Tensor, layer: Layer) -> Tensor:
    """Return what the powers are divided by, so that nothing overflows, [3, draws].

    The noise is reset by itself where it is infinitesimal, else with the signal; batch
    norm keeps the signal's size.
    """
    nu2, _, noise = powers
    x = torch.ones_like(nu2) if layer.normalize else nu2
    dx = x if layer.finite else noise
    return torch.stack([x, x, dx]).clamp_min(torch.finfo(nu2.dtype).tiny)


def _state(
    pair: Pair, powers: Tensor, logs: Tensor, ranks: tuple[bool, bool]
) -> dict[str, Tensor]:
    """Return the moments of a state; `ranks` asks for those of signal and noise."""
    state = dict(zip(("log_nu2", "log_mu2", "log_noise"), logs, strict=True))
    state["variability"] = powers[1] / powers[0]
    if ranks[0]:
        state["rank"] = effective_rank(pair.x, centre=True)
    if ranks[1]:
        state["noise_rank"] = effective_rank(pair.dx, centre=False)
    return state


def _stacked(records: list[dict[str, Tensor]]) -> dict[str, Array]:
    """Turn a list of layers into arrays [draws, layers] in float64."""
    return {
        name: torch.stack([record[name] for record in records], 1)
        .double()
        .cpu()
        .numpy()
        for name in records[0]
    }

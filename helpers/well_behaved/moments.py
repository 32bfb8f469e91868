"""Moments of signal and noise in random networks of finite width.

The helper of chapter 3, on Labatie, "Characterizing Well-Behaved vs. Pathological Deep
Neural Networks" (ICML 2019). A signal h_l and a white noise dh_l go through the same
random ReLU network (the paper writes x^l for h_l). Data moments average over inputs
and positions, not over weights: mu_p are central, nu_p are not; both are then averaged
over channels. The normalized sensitivity is chi_l = sqrt(mu_2(dh_l) / mu_2(h_l)), over
the same at l = 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student
from torch import Tensor

from helpers.well_behaved import tangent as _tangent
from helpers.well_behaved.laws import (
    check_count,
    check_number,
)
from helpers.well_behaved.tangent import Layer, Pair

Array = NDArray[np.float64]
Generators = Sequence[torch.Generator]
Architecture = Literal["vanilla", "batch_norm", "residual", "batch_norm_residual"]

ARCHITECTURES: tuple[str, ...] = get_args(Architecture)
"""The names that `propagate` accepts."""

_ELEMENTS_AT_ONCE = 2**19  # of signal and noise; keeps a block of draws in the cache
_ELEMENTS_ON_GPU = 2**25
_HE, _LECUN = 2.0, 1.0


@dataclass(frozen=True, eq=False, repr=False)
class MomentTrajectory:
    """Moments by draw and layer; made by `propagate`.

    A draw is one network with one batch. States l = 0..L are the inputs and what the L
    layers (units of a residual network) return: arrays [draws, L + 1]. What happens
    within layer l (the first layer of a residual branch) is at index l - 1 of
    arrays [draws, L].

    Attributes:
        log_nu2: log nu_2(h_l) - log nu_2(h_0).
        log_mu2: log mu_2(h_l) - log mu_2(h_0).
        log_noise: log mu_2(dh_l) - log mu_2(dh_0).
        variability: mu_2(h_l) / nu_2(h_l); towards 0, a zero-dimensional signal.
        rank: effective rank Tr C / ||C||_2 of the signal; towards 1, one-dimensional.
        noise_rank: the same of the noise. None, as is `rank`, if ranks=False.
        affine_growth: factor of chi from h_(l-1) to the pre-activations, after batch
            norm where there is one: the paper's delta_BN chi.
        activation_growth: factor of chi from there through ReLU: delta_phi chi.
        mean_abs: nu_1(|z|) of the pre-activations, centred and scaled by channel.
        kurtosis: mu_4(z), of the same.
        sign_product: E_c[nu_1(z+) nu_1(z-)] / mu_2(z), z as they are.
        mixed_signs: share of channels in which z has both signs.
        n_dead: draws left out because a layer let no signal through; the paper's
            theorem for vanilla networks leaves them out too.
    """

    log_nu2: Array
    log_mu2: Array
    log_noise: Array
    variability: Array
    rank: Array | None
    noise_rank: Array | None
    affine_growth: Array
    activation_growth: Array
    mean_abs: Array
    kurtosis: Array
    sign_product: Array
    mixed_signs: Array
    n_dead: int

    def __repr__(self) -> str:
        return f"MomentTrajectory(draws={self.n_draws}, depth={self.depth})"

    @property
    def n_draws(self) -> int:
        """Number of draws that are left."""
        return len(self.log_nu2)

    @property
    def depth(self) -> int:
        """L, the number of layers or residual units."""
        return self.log_nu2.shape[1] - 1

    @property
    def log_chi(self) -> Array:
        """Logarithm of the normalized sensitivity, [draws, L + 1]."""
        return (self.log_noise - self.log_mu2) / 2

    @property
    def chi(self) -> Array:
        """Normalized sensitivity chi_l, [draws, L + 1]; inf where it overflows."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_chi)

    @property
    def growth(self) -> Array:
        """The increments delta chi_l = chi_l / chi_(l-1), [draws, L]."""
        return np.exp(np.diff(self.log_chi))

    @property
    def predicted_activation_growth(self) -> Array:
        """Labatie's (1 - 2 E_c[nu_1(z+) nu_1(z-)] / mu_2(z))^(-1/2), [draws, L]."""
        return (1 - 2 * self.sign_product) ** -0.5

    def interval(self, name: str, level: float = 0.95) -> tuple[Array, Array, Array]:
        """Return mean over draws and its Student confidence interval, layer by layer.

        Args:
            name: an attribute of this class that holds an array.
            level: of confidence, between 0 and 1.

        Returns:
            mean, low and high, [L + 1] or [L] each.

        Raises:
            ValueError: unknown name, level out of range, fewer than 2 draws.
        """
        names = [f.name for f in fields(self) if f.name != "n_dead"]
        names += ["log_chi", "chi", "growth", "predicted_activation_growth"]
        values = getattr(self, name) if name in names else None
        if values is None:
            raise ValueError(f"name must be an array of these: {names}, got {name!r}")
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, got {level!r}")
        if self.n_draws < 2:
            raise ValueError(f"an interval needs 2 draws or more, got {self.n_draws}")
        mean = values.mean(axis=0)
        error = values.std(axis=0, ddof=1) / math.sqrt(self.n_draws)
        half = student.ppf((1 + level) / 2, self.n_draws - 1) * error
        return mean, mean - half, mean + half


@dataclass(frozen=True, eq=False)
class Fit:
    """A growth law fitted to each draw by least squares.

    Attributes:
        draws: the fitted number of each draw, [draws].
        residual: sum of squared residuals of log chi of each draw, [draws].
    """

    draws: Array
    residual: Array

    @property
    def value(self) -> float:
        """Mean over draws."""
        return float(self.draws.mean())

    @property
    def stderr(self) -> float:
        """Standard error of that mean; infinite for a single draw."""
        n = len(self.draws)
        return float(self.draws.std(ddof=1) / math.sqrt(n)) if n > 1 else math.inf

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Student confidence interval of the mean.

        Raises:
            ValueError: `level` not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, got {level!r}")
        if len(self.draws) < 2:
            return -math.inf, math.inf
        half = student.ppf((1 + level) / 2, len(self.draws) - 1) * self.stderr
        return self.value - half, self.value + half


def growth_rate(
    trajectory: MomentTrajectory, first: int = 10, last: int | None = None
) -> Fit:
    """Fit chi_l = c g^l: the factor g by which chi grows a layer.

    Exponential growth, g > 1, is the paper's exploding sensitivity. Each draw gets its
    own least-squares slope of log chi against l; draws are never averaged before the
    logarithm, since chi is close to log-normal.

    Args:
        trajectory: from `propagate`.
        first: first layer of the fit.
        last: last layer of the fit; None for the last there is.

    Raises:
        ValueError: not 0 <= first < last <= depth with 3 layers or more.
    """
    layers = _layers(trajectory, first, last)
    slope, residual = _fit(layers.astype(float), trajectory.log_chi[:, layers])
    return Fit(np.exp(slope), residual)


def growth_exponent(
    trajectory: MomentTrajectory, first: int = 10, last: int | None = None
) -> Fit:
    """Fit chi_l = c (l + 1)^tau: the exponent of a power law.

    Labatie 2019 proves such bounds for batch-normalized residual networks. Otherwise as
    `growth_rate`.

    Args:
        trajectory: from `propagate`.
        first: first unit of the fit.
        last: last unit of the fit; None for the last there is.

    Raises:
        ValueError: as in `growth_rate`.
    """
    layers = _layers(trajectory, first, last)
    return Fit(*_fit(np.log(layers + 1.0), trajectory.log_chi[:, layers]))


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
    pool = _read_inputs(inputs, batch_size)
    kernel = _read_kernel(kernel, pool.shape[2:])
    counts = {"depth": depth, "width": width, "n_draws": n_draws}
    for name, value in (counts | {"branch_depth": branch_depth}).items():
        check_count(name, value)
    check_count("seed", seed, 0)
    check_number("skip", skip, 0, 1)
    check_number("eps", eps, 0, math.inf)
    if architecture not in ARCHITECTURES:
        raise ValueError(
            f"architecture must be one of {ARCHITECTURES}, got {architecture!r}"
        )
    if tangent not in ("frozen", "full"):
        raise ValueError(f"tangent must be 'frozen' or 'full', got {tangent!r}")
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
    sites = batch_size * math.prod(pool.shape[2:])
    gpu = torch.device(device).type == "cuda"
    elements = _ELEMENTS_ON_GPU if gpu else _ELEMENTS_AT_ONCE
    step = max(1, elements // (2 * sites * max(width, pool.shape[1])))
    unit = _Unit(layer, width, skip, branch_depth * ("residual" in architecture))
    blocks = []
    for start in range(0, n_draws, step):
        draws = range(start, min(start + step, n_draws))
        generators = [_generator(seed, draw, device) for draw in draws]
        pair = _start(pool, batch_size, noise, generators, dtype)
        blocks.append(_record(pair, unit, depth, generators, ranks))
    return _joined(blocks)


@dataclass(frozen=True)
class _Unit:
    """One layer, or one residual unit with a branch of `branch_depth` layers."""

    layer: Layer
    width: int
    skip: float
    branch_depth: int  # 0 for a feed-forward layer

    def __call__(self, pair: Pair, generators: Generators) -> tuple[Pair, Pair, Pair]:
        """Return the state after the unit, and before and after its first ReLU."""
        layer = self.layer
        if not self.branch_depth:
            y = _tangent.affine(pair, self.width, _HE, layer, generators)
            z = _tangent.normalize(y, layer) if layer.normalize else y
            after = _tangent.relu(z, layer)
            return after, z, after
        branch, first = pair, None
        for _ in range(self.branch_depth):
            z = _tangent.normalize(branch, layer) if layer.normalize else branch
            after = _tangent.relu(z, layer)
            first = first or (z, after)
            branch = _tangent.affine(after, self.width, _HE, layer, generators)
        state = Pair(self.skip * pair.x + branch.x, self.skip * pair.dx + branch.dx)
        return state, *first


def _record(
    pair: Pair, unit: _Unit, depth: int, generators: Generators, ranks: bool
) -> dict[str, Array]:
    """Return the moments of one block of draws, by name."""
    layer = unit.layer
    nu2, mu2, noise = _powers(pair)
    start = torch.stack([nu2, mu2, noise]).log()
    states = [_state(pair, start - start, mu2 / nu2, ranks)]
    layers: list[dict[str, Tensor]] = []
    if unit.branch_depth:
        pair = _tangent.affine(pair, unit.width, _LECUN, layer, generators)
        nu2, mu2, noise = _powers(pair)
    log_scale = torch.zeros_like(start)
    for _ in range(depth):
        before = noise / mu2
        pair, z, after = unit(pair, generators)
        nu2, mu2, noise = _powers(pair)
        at_z = _ratio(z)
        at_a = noise / mu2 if after is pair else _ratio(after)
        layers.append(
            {
                "affine_growth": (at_z / before).sqrt(),
                "activation_growth": (at_a / at_z).sqrt(),
                **_tangent.activation_moments(z.x),
            }
        )
        logs = torch.stack([nu2, mu2, noise]).log() + log_scale - start
        states.append(_state(pair, logs, mu2 / nu2, ranks))
        x_power = torch.ones_like(nu2) if layer.normalize else nu2
        dx_power = x_power if layer.finite else noise
        tiny = torch.finfo(nu2.dtype).tiny
        x_power, dx_power = x_power.clamp_min(tiny), dx_power.clamp_min(tiny)
        pair = pair.scaled(x_power.rsqrt(), dx_power.rsqrt())
        nu2, mu2, noise = nu2 / x_power, mu2 / x_power, noise / dx_power
        log_scale = log_scale + torch.stack([x_power, x_power, dx_power]).log()
    return _stacked(states) | _stacked(layers)


def _powers(pair: Pair) -> tuple[Tensor, Tensor, Tensor]:
    """Return nu_2 and mu_2 of the signal and the second moment of the noise."""
    return *_tangent.signal_power(pair.x), _tangent.noise_power(pair.dx)


def _ratio(pair: Pair) -> Tensor:
    """Return the noise-to-signal ratio of each draw."""
    return _tangent.noise_power(pair.dx) / _tangent.signal_power(pair.x)[1]


def _state(
    pair: Pair, logs: Tensor, variability: Tensor, ranks: bool
) -> dict[str, Tensor]:
    state = dict(zip(("log_nu2", "log_mu2", "log_noise"), logs, strict=True))
    state["variability"] = variability
    if ranks:
        state["rank"] = _tangent.effective_rank(pair.x, centre=True)
        state["noise_rank"] = _tangent.effective_rank(pair.dx, centre=False)
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


def _joined(blocks: list[dict[str, Array]]) -> MomentTrajectory:
    """Put blocks of draws together and leave out the dead ones."""
    arrays = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
    alive = np.isfinite(arrays["log_mu2"] + arrays["log_noise"]).all(axis=1)
    if not alive.any():
        raise ValueError(
            f"all {len(alive)} networks are dead (a layer let no signal through): "
            "take a larger width or fewer layers"
        )
    arrays = {"rank": None, "noise_rank": None} | {
        name: values[alive] for name, values in arrays.items()
    }
    return MomentTrajectory(**arrays, n_dead=int((~alive).sum()))


def _generator(seed: int, draw: int, device: str | torch.device) -> torch.Generator:
    state = np.random.SeedSequence([seed, draw]).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))


def _start(
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
    mu2, power = _tangent.signal_power(x)[1], _tangent.noise_power(dx)
    if not (mu2 > 0).all():
        raise ValueError("inputs: a batch holds the same sample only, mu_2(h_0) = 0")
    return Pair(x, dx).scaled(mu2.rsqrt(), (noise or 1.0) * power.rsqrt())


def _layers(
    trajectory: MomentTrajectory, first: int, last: int | None
) -> NDArray[np.int64]:
    """Return the layers first..last of a fit."""
    end = trajectory.depth if last is None else last
    if not (first >= 0 and first + 2 <= end <= trajectory.depth):
        raise ValueError(
            "a fit needs 0 <= first, first + 2 <= last <= depth, "
            f"got first={first}, last={end}, depth={trajectory.depth}"
        )
    return np.arange(first, end + 1)


def _fit(abscissa: Array, values: Array) -> tuple[Array, Array]:
    """Return the least-squares slope and squared residual of each row."""
    a = abscissa - abscissa.mean()
    v = values - values.mean(axis=1, keepdims=True)
    slope = v @ a / (a @ a)
    return slope, ((v - slope[:, None] * a) ** 2).sum(axis=1)


def _read_inputs(inputs: ArrayLike, batch_size: int) -> Tensor:
    """Return the pool of samples, [M, channels, *spatial], or raise."""
    pool = torch.as_tensor(inputs)
    if not 2 <= pool.ndim <= 4:
        raise ValueError(
            "inputs must be [M, features], [M, channels, n] or "
            f"[M, channels, height, width], got shape {list(pool.shape)}"
        )
    if not torch.isfinite(pool).all():
        raise ValueError("inputs must be finite, got NaN or infinity")
    check_count("batch_size", batch_size, 2)
    if batch_size > len(pool):
        raise ValueError(f"batch_size must be at most {len(pool)}, got {batch_size}")
    return pool


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

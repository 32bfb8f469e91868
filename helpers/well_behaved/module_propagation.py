"""Signal and noise through any network, read after each of its modules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers import models
from helpers.well_behaved.arguments import check_count
from helpers.well_behaved.batches import generator_of
from helpers.well_behaved.module_checks import STEP, check_continuous
from helpers.well_behaved.module_moments import ModuleMoments
from helpers.well_behaved.module_passes import (
    RefusedError,
    called,
    send,
    unpacked,
    why_not,
)
from helpers.well_behaved.moments import (
    activation_moments,
    effective_rank,
    noise_power,
    signal_power,
)


def propagate_module(
    net: nn.Module,
    x: Tensor,
    *,
    seed: int,
    n_draws: int = 4,
    channel_dim: int = 1,
    ranks: bool = True,
    noise_ranks: bool = True,
) -> ModuleMoments:
    """Send a signal and a noise through a network; return their moments by module.

    The moments of Labatie 2019 as `propagate` has them, for a network of any
    architecture, as it stands: h_0 is the batch x, dh_0 white noise, h_l and dh_l what
    a submodule gives and its derivative along dh_0, by forward-mode differentiation.
    Batch norm in eval mode is affine, as under `propagate`'s tangent "frozen". A module
    that is called twice has two states.

    Draw r has the noise of draw r of `propagate` at the same seed and batch_size n.

    Args:
        net: any module in eval mode, of float32 or float64; what its forward computes
            itself counts in the modules around it.
        x: inputs [n, channels, *positions] or [n, features].
        seed: of the noise, integer >= 0.
        n_draws: independent draws of the noise.
        channel_dim: where outputs have their channels: 1 as in convolutions, -1 as in
            transformers. Moments average over all other dimensions, then over channels.
        ranks: whether to compute effective ranks, eigenvalues of a matrix of size
            min(channels, n x positions).
        noise_ranks: whether to compute those of the noise.

    Returns:
        The moments of the input and of each output that is a floating-point tensor of n
        samples; modules that give something else (a tuple) or are not called by
        themselves are in its `skipped`.

    Raises:
        TypeError: `net` is no module, or `x` no floating-point tensor.
        ValueError: `net` in train mode or not finite, `x` constant or not finite, an
            argument out of its range, a network that does not run on `x`, gives
            another answer when called again, overflows, jumps, or has no derivative in
            forward mode; the module is named.

    Cost: about 3 n_draws + 5 forward passes, for small networks up to 50 more, and the
    eigenvalues.
    """
    models.check_evaluation(net)
    models.check_finite(net)
    signal = _read_signal(x, net)
    check_count("seed", seed, 0)
    check_count("n_draws", n_draws)
    if channel_dim not in (1, -1):
        raise ValueError(f"channel_dim must be 1 or -1, got {channel_dim!r}")
    with models.unchanged(net):
        noise = partial(_noise, signal, seed)
        step = STEP * float(signal_power(_as_data(signal, 1))[1].sqrt())
        check_continuous(net, signal, noise, step)
        runs = [
            _run(net, signal, noise(i), channel_dim, (ranks and i == 0, noise_ranks))
            for i in range(n_draws)
        ]
    return _record(runs, net)


def _read_signal(x: Tensor, net: nn.Module) -> Tensor:
    """Return the batch in the network's dtype, or raise."""
    given = torch.as_tensor(x)
    if not given.is_floating_point():
        raise TypeError(
            f"x must be floating point, since noise is added to it, got {given.dtype}"
        )
    read = models.read_inputs(given, net)
    if not float(signal_power(_as_data(read, 1))[1]) > 0:
        raise ValueError("x holds the same sample only, mu_2(h_0) = 0")
    return read


def _noise(x: Tensor, seed: int, draw: int) -> Tensor:
    """Return white noise of power 1, shaped as x, that of draw_batches in its order."""
    generator = generator_of(seed, draw, "cpu")
    order = torch.randperm(len(x), generator=generator)
    drawn = torch.empty(x.movedim(1, -1).shape, dtype=x.dtype)
    drawn.normal_(generator=generator)
    noise = torch.empty_like(drawn)
    noise[order] = drawn / drawn.square().mean().sqrt()
    return noise.movedim(-1, 1).contiguous().to(x.device)


@dataclass
class _Run:
    """The states of one draw."""

    n: int
    channel_dim: int
    ranks: tuple[bool, bool]
    states: list[dict[str, float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, module: nn.Module, output: Any) -> None:
        """Add the moments of an output, or say why it has none."""
        why = why_not(output, self.n)
        if why:
            self.skipped[name] = why
            return
        self.add(name, type(module).__name__, *unpacked(output))

    def add(self, name: str, kind: str, x: Tensor, dx: Tensor) -> None:
        """Add the moments of a signal and its noise."""
        if not (x.isfinite().all() and dx.isfinite().all()):
            raise RefusedError(f"{called(name)} overflows, or its derivative does")
        self.names.append(name)
        self.kinds.append(kind)
        data = _as_data(x, self.channel_dim), _as_data(dx, self.channel_dim)
        self.states.append(_moments(*data, self.ranks))


def _run(
    net: nn.Module,
    x: Tensor,
    dx: Tensor,
    channel_dim: int,
    ranks: tuple[bool, bool],
) -> _Run:
    """Return the states of one draw; the input, whose channels are second, is first."""
    run = _Run(len(x), 1, ranks)
    run.add("input", "Tensor", x, dx)
    run.channel_dim = channel_dim
    send(net, x, dx, run.read)
    return run


def _as_data(values: Tensor, channel_dim: int) -> Tensor:
    """Return values as [1, n, *positions, channels] in float64."""
    if values.ndim == 1:
        values = values[:, None]
    return values.detach().double().movedim(channel_dim, -1)[None]


def _moments(x: Tensor, dx: Tensor, ranks: tuple[bool, bool]) -> dict[str, float]:
    """Return the moments of one state by name."""
    nu2, mu2 = signal_power(x)
    found = {"nu2": nu2, "mu2": mu2, "noise": noise_power(dx), "variability": mu2 / nu2}
    if ranks[0]:
        found["rank"] = effective_rank(x, centre=True)
    if ranks[1]:
        found["noise_rank"] = effective_rank(dx, centre=False)
    return {k: float(v) for k, v in (found | activation_moments(x)).items()}


def _record(runs: list[_Run], net: nn.Module) -> ModuleMoments:
    """Return the draws side by side."""
    first = runs[0]
    seen = Counter[str]()
    calls = []
    for name in first.names:
        calls.append(seen[name])
        seen[name] += 1
    skipped = {
        name: "is not called by itself"
        for name, _ in net.named_modules()
        if name not in seen
    }

    def column(name: str) -> np.ndarray:
        return np.array([state[name] for state in first.states])

    def by_draw(name: str) -> np.ndarray:
        return np.array([[state[name] for state in run.states] for run in runs])

    logs = {}
    with np.errstate(divide="ignore"):
        for name, of in (("nu2", column), ("mu2", column), ("noise", by_draw)):
            logs[f"log_{name}"] = np.log(of(name)) - np.log(of(name)[..., :1])
    plain = ("variability", "mean_abs", "kurtosis", "sign_product", "mixed_signs")
    return ModuleMoments(
        names=tuple(first.names),
        kinds=tuple(first.kinds),
        calls=tuple(calls),
        rank=column("rank") if first.ranks[0] else None,
        noise_rank=by_draw("noise_rank") if first.ranks[1] else None,
        skipped=tuple((skipped | first.skipped).items()),
        **logs,
        **{name: column(name) for name in plain},
    )

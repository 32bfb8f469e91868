"""Is a network one continuous function? Its outputs beside those of other runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.well_behaved.module_passes import (
    RefusedError,
    called,
    send,
    unpacked,
    why_not,
)

STEP = 1e-3
"""How far x is moved, in units of the root of mu_2(h_0)."""

_MOST = 16  # places from which it is moved
_NEAR = 0.1  # how far these are from x, in the same units
_KEPT = 2**14  # numbers of an output that are compared
_SAME = {torch.float64: 1e-9, torch.float32: 1e-3}


@dataclass
class Samples:
    """Some numbers of each output of one run, and of their tangents."""

    n: int
    finite: bool = False  # whether another value is an error
    names: list[str] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    tangents: list[Tensor] = field(default_factory=list)
    varies: list[bool] = field(default_factory=list)

    def read(self, name: str, module: nn.Module, output: Any) -> None:
        """Keep some numbers of an output."""
        if why_not(output, self.n):
            return
        primal, tangent = unpacked(output)
        if self.finite and not primal.isfinite().all():
            raise RefusedError(f"{called(name)} gives NaN or infinity for a finite x")
        self.names.append(name)
        self.values.append(_some(primal))
        self.tangents.append(_some(tangent))
        self.varies.append(not torch.equal(primal, primal[:1].expand_as(primal)))


def sampled(
    net: nn.Module, x: Tensor, dx: Tensor | None = None, *, finite: bool = False
) -> Samples:
    """Return what one run gives."""
    found = Samples(len(x), finite)
    send(net, x, dx, found.read)
    return found


def check_repeats(first: Samples, again: Samples, dtype: torch.dtype) -> None:
    """Raise unless two runs on the same inputs give the same.

    Raises:
        ValueError: other modules are called, or an output is another.
    """
    _check_calls(first, again)
    for name, a, b in zip(first.names, first.values, again.values, strict=True):
        if not (a - b).norm() <= _SAME[dtype] * a.norm():
            raise RefusedError(
                f"{called(name)} gives another output for the same x when it is called "
                "again: it draws at random or keeps a state; allowed: one function of "
                "each input"
            )


def check_continuous(
    net: nn.Module, x: Tensor, noise: Callable[[int], Tensor], step: float
) -> None:
    """Raise if an output moves by far more than its derivative says.

    Where x moves by a small step, an output that has a derivative moves by step times
    its tangent, up to curvature. One that jumps moves by whole jumps, in a share of its
    numbers that falls as the step: 1 / sqrt(step) times as far in the mean square,
    whatever its tangent, which is 0 for a sign and 1 for a straight-through quantiser.
    Of small outputs more numbers are looked at: at x, and up to 15 times a tenth of its
    size beside it. Not seen are jumps
    that no sample meets, or of less than a hundredth of an output, and derivatives that
    are cut by a smaller factor.

    Raises:
        ValueError: it moves over five times as far in the mean square, or one number
            of it over twenty times as far as any tangent says; or it differs from
            sample to sample and its tangent is exactly 0.
    """
    plain = sampled(net, x, finite=True)
    check_repeats(plain, sampled(net, x, noise(0)), x.dtype)
    numbers = max(map(len, plain.values), default=_KEPT)
    sizes = []
    for draw in range(min(_MOST, math.ceil(_KEPT / numbers))):
        near = x + _NEAR / STEP * step * noise(draw - 1) if draw else x
        start = sampled(net, near, noise(draw))
        moved = sampled(net, near + step * noise(draw))
        _check_calls(plain, start)
        _check_calls(plain, moved)
        pairs = zip(moved.values, start.values, strict=True)
        moves = [_sizes(after - before) for after, before in pairs]
        sizes.append([moves, [_sizes(step * t) for t in start.tangents]])
    found = np.array(sizes)  # [draws, 2, outputs, 2]
    means, most = found[..., 0].mean(axis=0) ** 0.5, found[..., 1].max(axis=0)
    for i in range(len(plain.names)):
        _check_moves(plain, i, means[:, i].tolist(), most[:, i].tolist())


def _check_moves(plain: Samples, i: int, mean: list[float], most: list[float]) -> None:
    """Raise if output i jumps, from how far it moves and what its derivative says."""
    value = plain.values[i]
    spread, size = (_sizes(v)[0] ** 0.5 for v in (value - value.mean(), value))
    constant = mean[1] == 0 and plain.varies[i]
    far = mean[0] > 5 * mean[1] + STEP / 2 * spread + 1e-5 * size
    if constant or far or most[0] > 20 * most[1] + 10 * STEP * spread + 1e-4 * size:
        raise RefusedError(
            f"{called(plain.names[i])} moves by up to {most[0]:.3g} where its "
            f"derivative says {most[1]:.3g}: it jumps (sign, round, a quantiser) or "
            "cuts the derivative (detach); allowed: continuous functions"
        )


def _check_calls(first: Samples, again: Samples) -> None:
    if first.names != again.names:
        raise RefusedError(
            "net calls other modules for other inputs, or when it is called again; "
            "allowed: the same calls in the same order"
        )


def _some(values: Tensor) -> Tensor:
    """Return up to 2^15 numbers of a tensor, evenly spaced, in float64."""
    flat = values.detach().flatten()
    return flat[:: max(1, len(flat) // _KEPT)].to("cpu", torch.float64, copy=True)


def _sizes(values: Tensor) -> tuple[float, float]:
    """Return mean square and largest size of what is finite."""
    values = values[values.isfinite()]
    if not len(values):
        return 0.0, 0.0
    return float(values.square().mean()), float(values.abs().max())

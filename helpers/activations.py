"""One table of activations: the module of torch and, for theory, the function of numpy.

`networks` builds its networks from the modules; the mean field of chapter 2 integrates
the functions, which bring their derivatives and, where known, their Gaussian means.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special
from torch import Tensor, nn
from torch.nn import functional

from helpers.probes import check_antiderivative, check_elementwise

__all__ = [
    "TABLE",
    "Abs",
    "Activation",
    "Array",
    "Entry",
    "Erf",
    "Function",
    "Moments",
    "ShiftedSoftplus",
    "Sin",
    "relu_like",
]

Array = NDArray[np.float64]
"""Numbers in float64, of any shape."""
Function = Callable[[Array], Array]
"""An activation or a derivative of it, elementwise."""
Moments = tuple[Array, Array, Array]
"""V[phi], V[phi'] and V[phi''] at an array of variances q, each shaped as q."""
MomentsOf = Callable[[Array], Moments]
Gap = Array | float
PairMean = Callable[[Gap, float], Array]

_TEST_POINTS = np.array([-2.3, -1.1, -0.4, 0.3, 0.9, 1.7])


@dataclass(frozen=True)
class Activation:
    """An activation with its derivatives; each acts elementwise on float64 arrays.

    Attributes:
        name: for messages.
        phi: the activation.
        d1: its derivative.
        d2: its second derivative, away from the kinks.
        kinks: where phi or a derivative of any order jumps; quadrature is split there.
        slopes: (right, left) of a ReLU-like activation, None for any other.
        moments: closed form of q -> (V[phi], V[phi'], V[phi'']), if known.
        half_square: closed form of (gap, q) -> E (phi(u) - phi(v))^2 / 2, if known.
        slope_mean: closed form of (gap, q) -> E phi'(u) phi'(v), if known.

    Raises:
        TypeError: phi, d1 or d2 is not callable, or does not return a float64 array
            shaped as its argument.
        ValueError: d1 is not the derivative of phi, or d2 not that of d1; phi jumps, as
            sign and quantisers do, of which V[phi'] says nothing; d1 jumps elsewhere
            than at the kinks; one of them is not elementwise or not finite. All this
            is probed on [-8, 8] by `check_elementwise` and `check_antiderivative`.
    """

    name: str
    phi: Function
    d1: Function
    d2: Function
    kinks: tuple[float, ...] = ()
    slopes: tuple[float, float] | None = None
    moments: MomentsOf | None = None
    half_square: PairMean | None = None
    slope_mean: PairMean | None = None

    def __post_init__(self) -> None:
        kinks = np.asarray(self.kinks, dtype=np.float64)
        if kinks.ndim != 1 or not np.isfinite(kinks).all():
            raise ValueError(
                f"kinks of activation {self.name!r} must be finite numbers, "
                f"got {self.kinks!r}"
            )
        object.__setattr__(self, "kinks", tuple(kinks.tolist()))
        for field in ("phi", "d1", "d2"):
            if not callable(getattr(self, field)):
                raise TypeError(
                    f"{field} of activation {self.name!r} must be callable, "
                    f"got {getattr(self, field)!r}"
                )
            named = f"{field} of activation {self.name!r}"
            check_elementwise(named, getattr(self, field))
        self._check_derivative("d1", self.phi, self.d1)
        self._check_derivative("d2", self.d1, self.d2)
        named = f"phi of activation {self.name!r}"
        check_antiderivative(named, self.phi, self.d1, self.kinks)
        self._check_jumps_of_slope()
        self._check_slopes()

    def _check_derivative(self, field: str, of: Function, given: Function) -> None:
        step = 1e-5
        measured = (of(_TEST_POINTS + step) - of(_TEST_POINTS - step)) / (2 * step)
        near = [np.abs(_TEST_POINTS - kink) < 2 * step for kink in self.kinks]
        wrong = np.abs(given(_TEST_POINTS) - measured) > 1e-6 * (1 + np.abs(measured))
        wrong &= ~np.any(near, axis=0) if near else True
        if wrong.any():
            i = int(np.argmax(wrong))
            raise ValueError(
                f"{field} of activation {self.name!r} is not a derivative: at "
                f"{_TEST_POINTS[i]} it is {float(given(_TEST_POINTS)[i]):.6g}, "
                f"finite differences give {measured[i]:.6g}"
            )

    def _check_jumps_of_slope(self) -> None:
        """Raise if d1 jumps, but for the kinks: quadrature is not split there.

        Where a jump is large, what is left when it is taken away is its rounding, so
        both are looked at in units of the largest.
        """
        unit = max([1.0, *(abs(jump) for _, jump in self.jumps)])

        def without_jumps(x: Array) -> Array:
            total: Array = self.d1(x)
            for kink, jump in self.jumps:
                total = total - jump * (x > kink)
            return total / unit

        named = f"d1 of activation {self.name!r}, which jumps at its kinks alone,"
        check_antiderivative(
            named, without_jumps, lambda x: self.d2(x) / unit, self.kinks
        )

    def _check_slopes(self) -> None:
        if self.slopes is None:
            return
        right, left = self.slopes
        if not np.allclose(
            self.phi(_TEST_POINTS),
            np.where(_TEST_POINTS > 0, right, left) * _TEST_POINTS,
            rtol=1e-12,
        ):
            raise ValueError(
                f"slopes of activation {self.name!r} are {self.slopes}, phi has others"
            )

    @cached_property
    def jumps(self) -> tuple[tuple[float, float], ...]:
        """Where phi' jumps, and by how much: ((x, jump), ...)."""
        found = []
        for x in self.kinks:
            sides = np.array([x - 1e-9, x + 1e-9])
            below, above = self.d1(sides)
            if abs(above - below) > 1e-6:
                found.append((x, float(above - below)))
        return tuple(found)


def relu_like(right: float, left: float, name: str = "relu-like") -> Activation:
    """Return phi(x) = right x for x > 0, left x for x <= 0 (arc-cosine kernel).

    Raises:
        ValueError: a slope whose square is not finite, or both squares zero.
    """
    squares = float(right) * float(right) + float(left) * float(left)
    if not (math.isfinite(squares) and squares > 0):
        raise ValueError(
            "slopes must be finite and not both 0, and so must their squares, got "
            f"right={right!r}, left={left!r}"
        )
    total = (right**2 + left**2) / 2
    top = np.maximum if right >= left else np.minimum

    def half_square(gap: Gap, q: float) -> Array:
        return q * (total * gap - (right - left) ** 2 / 2 * _closed_angle(gap))

    def slope_mean(gap: Gap, q: float) -> Array:
        theta = _angle(gap)
        return (total * (math.pi - theta) + right * left * theta) / math.pi

    return Activation(
        name,
        lambda x: top(right * x, left * x),
        lambda x: np.where(x > 0, right, left) + 0.0 * x,
        lambda x: 0.0 * x,
        kinks=(0.0,),
        slopes=(right, left),
        moments=lambda q: (total * q, total + 0 * q, 0 * q),
        half_square=half_square,
        slope_mean=slope_mean,
    )


def _angle(gap: Gap) -> Array:
    return 2 * np.arcsin(np.sqrt(np.asarray(gap) / 2))


def _closed_angle(gap: Gap) -> Array:
    """Return (sin t - t cos t) / pi at cos t = 1 - gap, by its series for small t."""
    t = _angle(gap)
    series = t**3 / 3 * (1 - t**2 / 10 * (1 - t**2 / 28 * (1 - t**2 / 54)))
    return np.where(t < 0.05, series, np.sin(t) - t * np.cos(t)) / math.pi


def _erf_moments(q: Array) -> Moments:
    slope = 4 / math.pi / np.sqrt(1 + 4 * q)
    value = 2 / math.pi * np.arcsin(2 * q / (1 + 2 * q))
    return value, slope, 4 * q * slope / (1 + 4 * q)


def _erf_half_square(gap: Gap, q: float) -> Array:
    a = 2 * q / (1 + 2 * q)
    b = a * (1 - gap)
    cosines = np.sqrt(1 - b**2), math.sqrt(1 + 4 * q) / (1 + 2 * q)
    sine = a * gap * (a + b) / (a * cosines[0] + np.maximum(b, 0) * cosines[1])
    near = np.arcsin(np.minimum(sine, 1.0))
    return 2 / math.pi * np.where(b > 0, near, np.arcsin(a) - np.arcsin(b))


def _erf_slope_mean(gap: Gap, q: float) -> Array:
    return 4 / math.pi / np.sqrt(1 + 4 * q + 4 * q**2 * gap * (2 - gap))


def _sin_moments(q: Array) -> Moments:
    value = -np.expm1(-2 * q) / 2
    return value, (1 + np.exp(-2 * q)) / 2, value


def _sin_half_square(gap: Gap, q: float) -> Array:
    return (1 + np.exp(-q * (2 - gap))) * -np.expm1(-q * gap) / 2


def _sin_slope_mean(gap: Gap, q: float) -> Array:
    return (np.exp(-q * gap) + np.exp(-q * (2 - gap))) / 2


def _elu_moments(q: Array) -> Moments:
    one, two = special.erfcx(np.sqrt(q / 2)), special.erfcx(np.sqrt(2 * q))
    exact = q / 2 + two / 2 - one + 0.5
    root, n = np.sqrt(np.minimum(q, 0.05))[..., None], np.arange(2, 24)
    terms = (2.0 ** (n / 2) / 2 - 2.0 ** (-n / 2)) / special.gamma(n / 2 + 1)
    small = q / 2 + np.sum(terms * (-root) ** n, axis=-1)  # exact cancels as q -> 0
    return np.where(q < 0.05, small, exact), (1 + two) / 2, two / 2


def _density(x: Array) -> Array:
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def _sigmoid_d1(x: Array) -> Array:
    return special.expit(x) * (1 - special.expit(x))


def _sigmoid_d2(x: Array) -> Array:
    return _sigmoid_d1(x) * (1 - 2 * special.expit(x))


def _softplus(name: str, shift: float) -> Activation:
    """Return ln(1 + e^x) - shift."""
    return Activation(
        name, lambda x: np.logaddexp(0, x) - shift, special.expit, _sigmoid_d1
    )


def _exponential_linear(
    name: str, right: float, left: float, moments: MomentsOf | None = None
) -> Activation:
    """Return right x for x > 0, left (e^x - 1) for x <= 0."""
    return Activation(
        name,
        lambda x: np.where(x > 0, right * x, left * np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, right, left * np.exp(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 0.0, left * np.exp(np.minimum(x, 0))),
        kinks=(0.0,),
        moments=moments,
    )


_TANH = Activation(
    "tanh",
    np.tanh,
    lambda x: 1 - np.tanh(x) ** 2,
    lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
)
_ERF = Activation(
    "erf",
    special.erf,
    lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2)),
    lambda x: -4 / math.sqrt(math.pi) * x * np.exp(-(x**2)),
    moments=_erf_moments,
    half_square=_erf_half_square,
    slope_mean=_erf_slope_mean,
)
_SIN = Activation(
    "sin",
    np.sin,
    np.cos,
    lambda x: -np.sin(x),
    moments=_sin_moments,
    half_square=_sin_half_square,
    slope_mean=_sin_slope_mean,
)
_SILU = Activation(
    "silu",
    lambda x: x * special.expit(x),
    lambda x: special.expit(x) + x * _sigmoid_d1(x),
    lambda x: 2 * _sigmoid_d1(x) + x * _sigmoid_d2(x),
)
_GELU = Activation(
    "gelu",
    lambda x: x * special.ndtr(x),
    lambda x: special.ndtr(x) + x * _density(x),
    lambda x: (2 - x**2) * _density(x),
)
_SELU, _SELU_LEFT = 1.0507009873554805, 1.0507009873554805 * 1.6732632423543772


class Abs(nn.Module):
    """The activation |x|, elementwise."""

    def forward(self, x: Tensor) -> Tensor:
        """Return |x|, shaped as `x`."""
        return x.abs()


class Erf(nn.Module):
    """The activation erf(x) = 2/sqrt(pi) * integral of exp(-t^2) from 0 to x."""

    def forward(self, x: Tensor) -> Tensor:
        """Return erf(x), shaped as `x`."""
        return torch.erf(x)


class Sin(nn.Module):
    """The activation sin(x), elementwise."""

    def forward(self, x: Tensor) -> Tensor:
        """Return sin(x), shaped as `x`."""
        return torch.sin(x)


class ShiftedSoftplus(nn.Module):
    """The activation ln(1 + e^x) - ln 2, elementwise."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ln(1 + e^x) - ln 2, shaped as `x`."""
        return functional.softplus(x) - math.log(2)


@dataclass(frozen=True)
class Entry:
    """An activation for networks and for theory.

    Attributes:
        module: class of torch, made with its default constants.
        function: the same function for numpy; None where no chapter needs it.
    """

    module: type[nn.Module]
    function: Activation | None = None


TABLE: Mapping[str, Entry] = MappingProxyType(
    {
        "abs": Entry(Abs),
        "elu": Entry(nn.ELU, _exponential_linear("elu", 1.0, 1.0, _elu_moments)),
        "erf": Entry(Erf, _ERF),
        "gelu": Entry(nn.GELU, _GELU),
        "hard_tanh": Entry(nn.Hardtanh),
        "identity": Entry(nn.Identity),
        "leaky_relu": Entry(nn.LeakyReLU, relu_like(1.0, 0.01, "leaky_relu")),
        "linear": Entry(nn.Identity),
        "relu": Entry(nn.ReLU, relu_like(1.0, 0.0, "relu")),
        "selu": Entry(nn.SELU, _exponential_linear("selu", _SELU, _SELU_LEFT)),
        "shifted_softplus": Entry(
            ShiftedSoftplus, _softplus("shifted_softplus", math.log(2))
        ),
        "silu": Entry(nn.SiLU, _SILU),
        "sin": Entry(Sin, _SIN),
        "softplus": Entry(nn.Softplus, _softplus("softplus", 0.0)),
        "swish": Entry(nn.SiLU, _SILU),
        "tanh": Entry(nn.Tanh, _TANH),
    }
)
"""Activation name -> `Entry`; leaky_relu has slope 0.01, elu alpha 1."""

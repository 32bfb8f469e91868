"""Activations with their derivatives and, where known, their Gaussian means."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]
Function = Callable[[Array], Array]
Moments = tuple[Array, Array, Array]

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
        TypeError: phi, d1 or d2 is not callable.
        ValueError: d1 is not the derivative of phi, or d2 not that of d1.
    """

    name: str
    phi: Function
    d1: Function
    d2: Function
    kinks: tuple[float, ...] = ()
    slopes: tuple[float, float] | None = None
    moments: Callable[[Array], Moments] | None = None
    half_square: Callable[[Array, float], Array] | None = None
    slope_mean: Callable[[Array, float], Array] | None = None

    def __post_init__(self) -> None:
        for field in ("phi", "d1", "d2"):
            if not callable(getattr(self, field)):
                raise TypeError(
                    f"{field} of activation {self.name!r} must be callable, "
                    f"got {getattr(self, field)!r}"
                )
        self._check_derivative("d1", self.phi, self.d1)
        self._check_derivative("d2", self.d1, self.d2)

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
        ValueError: a slope that is not finite, or both zero.
    """
    if not (math.isfinite(right) and math.isfinite(left)) or right == left == 0:
        raise ValueError(
            f"slopes must be finite and not both 0, got right={right!r}, left={left!r}"
        )
    total = (right**2 + left**2) / 2
    top = np.maximum if right >= left else np.minimum

    def half_square(gap: Array, q: float) -> Array:
        return q * (total * gap - (right - left) ** 2 / 2 * _closed_angle(gap))

    def slope_mean(gap: Array, q: float) -> Array:
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


def _angle(gap: Array) -> Array:
    return 2 * np.arcsin(np.sqrt(np.asarray(gap) / 2))


def _closed_angle(gap: Array) -> Array:
    """Return (sin t - t cos t) / pi at cos t = 1 - gap, by its series for small t."""
    t = _angle(gap)
    series = t**3 / 3 * (1 - t**2 / 10 * (1 - t**2 / 28 * (1 - t**2 / 54)))
    return np.where(t < 0.05, series, np.sin(t) - t * np.cos(t)) / math.pi


def _erf_moments(q: Array) -> Moments:
    slope = 4 / math.pi / np.sqrt(1 + 4 * q)
    value = 2 / math.pi * np.arcsin(2 * q / (1 + 2 * q))
    return value, slope, 4 * q * slope / (1 + 4 * q)


def _erf_half_square(gap: Array, q: float) -> Array:
    a = 2 * q / (1 + 2 * q)
    b = a * (1 - gap)
    cosines = np.sqrt(1 - b**2), math.sqrt(1 + 4 * q) / (1 + 2 * q)
    sine = a * gap * (a + b) / (a * cosines[0] + np.maximum(b, 0) * cosines[1])
    near = np.arcsin(np.minimum(sine, 1.0))
    return 2 / math.pi * np.where(b > 0, near, np.arcsin(a) - np.arcsin(b))


def _erf_slope_mean(gap: Array, q: float) -> Array:
    return 4 / math.pi / np.sqrt(1 + 4 * q + 4 * q**2 * gap * (2 - gap))


def _sin_moments(q: Array) -> Moments:
    value = -np.expm1(-2 * q) / 2
    return value, (1 + np.exp(-2 * q)) / 2, value


def _sin_half_square(gap: Array, q: float) -> Array:
    return (1 + np.exp(-q * (2 - gap))) * -np.expm1(-q * gap) / 2


def _sin_slope_mean(gap: Array, q: float) -> Array:
    return (np.exp(-q * gap) + np.exp(-q * (2 - gap))) / 2


def _elu_moments(q: Array) -> Moments:
    one, two = special.erfcx(np.sqrt(q / 2)), special.erfcx(np.sqrt(2 * q))
    exact = q / 2 + two / 2 - one + 0.5
    root, n = np.sqrt(np.minimum(q, 0.05))[..., None], np.arange(2, 24)
    terms = (2.0 ** (n / 2) / 2 - 2.0 ** (-n / 2)) / special.gamma(n / 2 + 1)
    small = q / 2 + np.sum(terms * (-root) ** n, axis=-1)  # exact cancels as q -> 0
    return np.where(q < 0.05, small, exact), (1 + two) / 2, two / 2


def _sigmoid_triple(x: Array) -> tuple[Array, Array, Array]:
    s = special.expit(x)
    return s, s * (1 - s), s * (1 - s) * (1 - 2 * s)


def _silu_d2(x: Array) -> Array:
    _, first, second = _sigmoid_triple(x)
    return 2 * first + x * second


def _density(x: Array) -> Array:
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


_SELU, _SELU_LEFT = 1.0507009873554805, 1.0507009873554805 * 1.6732632423543772

_ALL: Sequence[Activation] = (
    relu_like(1.0, 0.0, "relu"),
    relu_like(1.0, 0.01, "leaky_relu"),
    Activation(
        "tanh",
        np.tanh,
        lambda x: 1 - np.tanh(x) ** 2,
        lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
    ),
    Activation(
        "erf",
        special.erf,
        lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2)),
        lambda x: -4 / math.sqrt(math.pi) * x * np.exp(-(x**2)),
        moments=_erf_moments,
        half_square=_erf_half_square,
        slope_mean=_erf_slope_mean,
    ),
    Activation(
        "sin",
        np.sin,
        np.cos,
        lambda x: -np.sin(x),
        moments=_sin_moments,
        half_square=_sin_half_square,
        slope_mean=_sin_slope_mean,
    ),
    Activation(
        "elu",
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 0.0, np.exp(np.minimum(x, 0))),
        kinks=(0.0,),
        moments=_elu_moments,
    ),
    Activation(
        "selu",
        lambda x: np.where(x > 0, _SELU * x, _SELU_LEFT * np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, _SELU, _SELU_LEFT * np.exp(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 0.0, _SELU_LEFT * np.exp(np.minimum(x, 0))),
        kinks=(0.0,),
    ),
    Activation(
        "silu",
        lambda x: x * special.expit(x),
        lambda x: special.expit(x) + x * _sigmoid_triple(x)[1],
        _silu_d2,
    ),
    Activation(
        "gelu",
        lambda x: x * special.ndtr(x),
        lambda x: special.ndtr(x) + x * _density(x),
        lambda x: (2 - x**2) * _density(x),
    ),
    Activation(
        "softplus",
        lambda x: np.logaddexp(0, x),
        special.expit,
        lambda x: _sigmoid_triple(x)[1],
    ),
    Activation(
        "shifted_softplus",
        lambda x: np.logaddexp(0, x) - math.log(2),
        special.expit,
        lambda x: _sigmoid_triple(x)[1],
    ),
)
ACTIVATIONS = {act.name: act for act in _ALL} | {"swish": _ALL[7]}
"""Activation name -> `Activation`; leaky_relu has slope 0.01, elu alpha 1."""


Named = str | Activation


def resolve(activation: Named) -> Activation:
    """Return the activation of that name, or raise."""
    if isinstance(activation, Activation):
        return activation
    if not isinstance(activation, str):
        raise TypeError(
            "activation must be a name or an Activation, which brings its derivatives, "
            f"got {activation!r}"
        )
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"unknown activation {activation!r}; allowed: "
            f"{', '.join(sorted(ACTIVATIONS))}, or an Activation"
        )
    return ACTIVATIONS[activation]


# Arguments, checked in one way.


def variances(q: ArrayLike) -> Array:
    """Return the variances as an array, or raise."""
    given = np.asarray(q, dtype=np.float64)
    if not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError(f"q must be finite and >= 0, got {q!r}")
    return given


def positive(name: str, value: float) -> float:
    """Return the number, or raise unless it is finite and > 0."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
    return float(value)


def check_scales(**scales: float) -> None:
    """Raise unless each is finite and >= 0."""
    for name, value in scales.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be finite and >= 0, got {value!r}")


def check_count(**counts: int) -> None:
    """Raise unless each is an integer >= 1."""
    for name, value in counts.items():
        if operator.index(value) < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {value!r}")

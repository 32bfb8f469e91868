"""Is a function what it is said to be: elementwise, continuous, an antiderivative?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_antiderivative", "check_elementwise"]

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

_POINTS = np.array([-2.3, -1.1, -0.4, 0.3, 0.9, 1.7])
_REACH = 8.0
_CELLS = np.linspace(-_REACH, _REACH, 257)
_RULE = np.polynomial.legendre.leggauss(8)
_BESIDE = 1e-9
_TOLERANCE = 1e-6


def check_elementwise(name: str, function: Callable[[Any], Any]) -> None:
    """Raise unless a function acts on each number of a float64 array alone.

    Seen at six points, given at once, one by one, in another order and shape: another
    shape or dtype, NaN or infinity, values that depend on other entries (softmax) or
    change from call to call, and a function that writes to its argument.

    Args:
        name: of the function, for errors.
        function: of an array.

    Raises:
        TypeError: it raises an error, or returns no float64 array of its argument's
            shape.
        ValueError: any other of these.
    """
    at_once = _called(name, function, _POINTS)
    if not np.isfinite(at_once).all():
        bad = _POINTS[~np.isfinite(at_once)][0]
        raise ValueError(f"{name} must be finite, got NaN or infinity at {bad:g}")
    one_by_one = [_called(name, function, _POINTS[i : i + 1]) for i in range(6)]
    others = {
        "alone": np.concatenate(one_by_one),
        "in another order": _called(name, function, _POINTS[::-1].copy())[::-1],
        "in another shape": _called(name, function, _POINTS.reshape(2, 3)).ravel(),
        "when it is called again": _called(name, function, _POINTS),
    }
    for how, values in others.items():
        if not np.allclose(values, at_once, rtol=1e-12, atol=1e-14):
            raise ValueError(
                f"{name} must act on each number alone and always in the same way; "
                f"{how} it gives other values: {values} for {at_once}"
            )


def check_antiderivative(
    name: str, function: Function, derivative: Function, kinks: Sequence[float] = ()
) -> None:
    """Raise unless a function is continuous and the integral of its derivative.

    Between -8 and 8, in 256 cells split at the kinks: it does not jump at the ends of a
    cell, and across each its change is the integral of the derivative, by Gauss's rule
    of 8 points. A jump (sign, a step, a quantiser) of over a millionth is seen wherever
    it lies in that range, and so is what is too steep or too rough for quadrature.

    Args:
        name: of the function, for errors.
        function: elementwise.
        derivative: its derivative, elementwise.
        kinks: where the derivative may jump; at them `function` may not.

    Raises:
        ValueError: it jumps, its derivative is another, or one of both is not finite.
    """
    inside = [kink for kink in kinks if abs(kink) < _REACH]
    edges = np.unique(np.concatenate([_CELLS, inside]))
    left, right = edges[:-1], edges[1:]
    half = (right - left)[:, None] / 2
    slopes = derivative(left[:, None] + half * (1 + _RULE[0]))
    low, high = function(left + _BESIDE), function(right - _BESIDE)
    if not (np.isfinite(slopes).all() and np.isfinite([low, high]).all()):
        raise ValueError(f"{name} must be finite with its derivative on [-8, 8]")
    steep = np.abs(slopes).max(axis=1)
    allowed = _TOLERANCE * (1 + np.abs(low) + np.abs(high) + steep)
    gaps = np.abs(low[1:] - high[:-1])
    if (gaps > allowed[1:] + allowed[:-1]).any():
        i = int(np.argmax(gaps))
        raise ValueError(_jumps(name, f"by {gaps[i]:.3g} at {edges[i + 1]:.4g}"))
    missing = np.abs(high - low - (half * slopes) @ _RULE[1])
    if (missing > allowed).any():
        i = int(np.argmax(missing - allowed))
        place = f"by {missing[i]:.3g} between {left[i]:.4g} and {right[i]:.4g}"
        raise ValueError(_jumps(name, place))


def _jumps(name: str, place: str) -> str:
    return (
        f"{name} changes {place} and its derivative does not say so: it jumps there, "
        "or is too steep for quadrature; allowed: continuous functions and their "
        "derivative"
    )


def _called(name: str, function: Callable[[Any], Any], points: Array) -> Array:
    """Return the values, a float64 array shaped as the points, or raise."""
    given = points.copy()
    try:
        values = function(given)
    except Exception as error:
        raise TypeError(
            f"{name} must take a float64 array, it raised {type(error).__name__}: "
            f"{error}"
        ) from error
    if not np.array_equal(given, points):
        raise ValueError(f"{name} must not write to its argument")
    if not isinstance(values, np.ndarray | np.float64):
        got = f"a {type(values).__name__}"
    elif np.shape(values) != points.shape or values.dtype != np.float64:
        got = f"{values.dtype} of shape {list(np.shape(values))}"
    else:
        array: Array = np.asarray(values)
        return array
    raise TypeError(
        f"{name} must return a float64 array shaped as its argument, for shape "
        f"{list(points.shape)} it gave {got}"
    )

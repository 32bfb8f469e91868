"""What the arguments of chapter 9 have to satisfy."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

Array = NDArray[np.float64]

SAME = 1e-5
"""Eigenvalues this close, unit: the larger one, are not told apart."""

ROUNDING = 16 * 2.0**-52
"""Singular values this small, unit: the largest, are rounding in float64."""

_NEGATIVE = {"float64": 1e-9, "float32": 1e-5}  # of the largest: still rounding
_LARGE = 1e100  # numbers beyond it, or below its inverse, are rescaled to be squared


def as_real(value: ArrayLike | torch.Tensor, name: str) -> NDArray[Any]:
    """Return an array of real numbers in the dtype it has, or raise.

    Args:
        value: an array, nested lists of numbers, or a dense tensor; the 8- and 16-bit
            floating-point tensors, which numpy does not know, become float32.
        name: of the argument, for the error.

    Raises:
        TypeError: a whole module.
        ValueError: another kind of tensor or object, with what to pass in its place.
    """
    if isinstance(value, nn.Module):
        raise TypeError(
            f"{name} must be one array, got a whole {type(value).__name__}: pass one "
            "of its weights, or the module to analyze_model"
        )
    if isinstance(value, torch.Tensor):
        problem = tensor_problem(value)
        if problem:
            raise ValueError(f"{name} must hold real numbers, one by one: {problem}")
        dense = value.detach().cpu()
        return (dense if dense.dtype in _NUMPYS else dense.float()).numpy()
    try:
        read = np.asarray(value)
        read = read.astype(np.float64) if read.dtype.kind == "V" else read
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if read.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must be an array of real numbers, got {type(value).__name__} of "
            f"dtype {read.dtype}"
        )
    return read


def tensor_problem(tensor: torch.Tensor) -> str:
    """Return why a tensor is not a matrix of real numbers, and what to pass; or ""."""
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_meta:
        return "it lies on the meta device and has no values; load them first"
    if tensor.is_quantized:
        return f"it is quantised ({kind}); pass tensor.dequantize()"
    if tensor.is_nested:
        return "it is nested; pass its parts, tensor.unbind(), one by one"
    if tensor.layout != torch.strided:
        return f"its layout is {tensor.layout}; pass tensor.to_dense()"
    if tensor.is_complex():
        return f"it is complex ({kind}); pass tensor.real, tensor.imag or tensor.abs()"
    if not tensor.is_floating_point():
        return f"it holds {kind}, codes without a scale; pass floating-point weights"
    if kind not in _READABLE:
        return f"{kind} is not read; pass it as float32"
    return ""


def as_eigenvalues(eigenvalues: ArrayLike | torch.Tensor) -> Array:
    """Return the eigenvalues in ascending order, or raise.

    One rule says what is 0, here and wherever eigenvalues are read: they are squared
    singular values, of which those below 16 eps of the largest are rounding (eps of the
    dtype given). Negative values of rounding size are 0, and so is what is at most
    ten times as large as the most negative one.

    Raises:
        ValueError: not real numbers [M >= 2], not finite, negative, or all 0.
    """
    given = as_real(eigenvalues, "eigenvalues")
    x = given.astype(np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"eigenvalues must be [M >= 2], got shape {list(x.shape)}")
    single = given.dtype.kind == "f" and given.dtype.itemsize <= 4
    kind = "float32" if single else "float64"
    low, high = float(x.min()), float(x.max())
    if not np.isfinite(x).all() or high <= 0 or -low > _NEGATIVE[kind] * high:
        raise ValueError(
            "eigenvalues must be finite, >= 0 and not all 0, "
            f"got values from {low} to {high}"
        )
    rounding = ROUNDING * float(np.finfo(kind).eps / np.finfo(np.float64).eps)
    least = max(rounding**2 * high, -10 * low)
    return np.sort(np.where(x <= least, 0, x))


def count_different(x: Array, most: int = 3) -> int:
    """Return how many of the sorted numbers >= 0 differ by more than `SAME`.

    Counting from the least, and no further than `most`.
    """
    count, place = 0, 0
    while place < len(x) and count < most:
        count += 1
        place = int(np.searchsorted(x, float(x[place]) * (1 + SAME), "right"))
    return count


def scale_of(x: Array) -> float:
    """Return a power of 4 that brings very large or small numbers near 1; 1 for others.

    Dividing by it is exact, and so is multiplying its root.
    """
    largest = float(np.abs(x).max())
    if largest == 0 or 1 / _LARGE < largest < _LARGE:
        return 1.0
    return math.ldexp(1.0, min(math.frexp(largest)[1] // 2 * 2, 1022))


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless the value is an integer of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def check_number(name: str, value: float, low: float, *, above: bool = False) -> None:
    """Raise unless the value is a finite number of at least, or above, `low`."""
    real = isinstance(value, int | float | np.floating | np.integer)
    if real and math.isfinite(value) and low <= value and (value > low or not above):
        return
    least = f"{'>' if above else '>='} {low}"
    raise ValueError(f"{name} must be a finite number {least}, got {value!r}")


_NUMPYS = (torch.float64, torch.float32, torch.float16)
_READABLE = {
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
}

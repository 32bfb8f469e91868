"""Numbers that a caller hands over, read as arrays in one way."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

__all__ = ["read_numbers"]


def read_numbers(name: str, values: ArrayLike | Tensor) -> NDArray[np.float64]:
    """Return real numbers of any shape as a new float64 array.

    Args:
        name: of the argument, for the error.
        values: numbers, nested sequences, an array, or a tensor on any device.

    Raises:
        TypeError: complex numbers, words, ragged sequences; NaN and infinity pass.
    """
    plain = values.detach().cpu() if isinstance(values, Tensor) else values
    try:
        given = np.asarray(plain)
        if given.dtype.kind not in "biuf":
            raise TypeError(f"dtype {given.dtype}")
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name} must hold real numbers, got {values!r:.80} ({error})"
        ) from None
    return given.astype(np.float64)

"""The checks of chapter 12, as its claims are counted: the page Your own network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.checks.outcome import (
    PASSED,
    Check,
    asked,
    between,
    near,
    number,
    right_is,
)

_ROWS = (
    "the distance to the nearest error",
    "the number of regions on a line",
    "the sensitivity of the output",
    "the exponent alpha",
)


def report_factors(
    answer: Callable[[float, float], tuple[float, float, float, float]],
    *,
    seed: int | None = None,
) -> Check:
    """Your own network, exercise: rows of a report in other units, with other logits.

    Inputs times c, first layer's weights over c, last layer times s: distances between
    inputs are c times as long, and the other three rows stay.
    """
    rng = np.random.default_rng(seed or 0)
    cases = [(255.0, 1.0), (1.0, 4.0), (0.5, 3.0)]
    if seed is not None:
        cases = [(between(rng, 2, 300), between(rng, 2, 9)) for _ in cases]
    for c, s in cases:
        yours = asked(answer, c, s)
        if isinstance(yours, Check):
            return yours
        if not (isinstance(yours, tuple | list | np.ndarray) and len(yours) == 4):
            return Check(False, f"expected four factors, got {yours!r}")
        for row, factor, right in zip(_ROWS, yours, (c, 1.0, 1.0, 1.0), strict=True):
            if not near(factor, right):
                told = number(factor)
                return Check(
                    False,
                    f"for c = {c:g}, s = {s:g} you say {row} is {told:g} times as "
                    f"large, {right_is(f'{right:g}', seed, 'the right factor is')}",
                )
    return PASSED

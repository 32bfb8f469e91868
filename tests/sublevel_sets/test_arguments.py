"""What is refused as data."""

import numpy as np
import pytest
from sublevel_sets.cases import A, B, X, Y

from helpers import sublevel_sets as ss

BAD = [
    (
        lambda: ss.linear_path(A, B, X[:, :3], Y),
        r"x must be finite, \[N, 4\], got shape",
    ),
    (lambda: ss.linear_path(A, B, X * np.nan, Y), r"x must be finite, \[N, 4\]"),
    (lambda: ss.linear_path(A, B, 1j * X, Y), "x must hold real numbers"),
    (lambda: ss.linear_path(A, B, X, 1j * Y), "y must hold real numbers"),
    (lambda: ss.linear_path(A, B, X[:0], Y[:0]), r"got shape \[0, 4\]"),
    (
        lambda: ss.linear_path(A, B, X, Y[:, :2]),
        r"y must be finite, \[12, 3\] for loss",
    ),
    (lambda: ss.linear_path(A, B, X, Y * np.inf), "y must be finite"),
    (
        lambda: ss.linear_path(A, B, X, np.full(12, 3), loss="cross_entropy"),
        r"y must hold 12 classes 0..2 for loss 'cross_entropy', got int64 of shape",
    ),
    (
        lambda: ss.linear_path(A, B, X, np.full(12, 1.0), loss="cross_entropy"),
        "got float64",
    ),
    (
        lambda: ss.linear_path(A, B, X, np.full(11, 1), loss="cross_entropy"),
        r"of shape \[11\]",
    ),
    (
        lambda: ss.linear_path(A, B, X, np.full(12, -1), loss="cross_entropy"),
        "y must hold 12 classes",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

"""Tests of helpers.arrays."""

import numpy as np
import pytest
import torch

from helpers.arrays import read_numbers


@pytest.mark.parametrize(
    "values",
    [[1, 2], (1.0, 2.0), np.array([1, 2], np.uint8), torch.tensor([1, 2]),
     torch.tensor([1.0, 2.0], dtype=torch.float32, requires_grad=True)],
)  # fmt: skip
def test_numbers_of_any_kind_become_float64(values: object) -> None:
    read = read_numbers("x", values)  # type: ignore[arg-type]
    assert read.dtype == np.float64
    assert read.tolist() == [1, 2]


def test_the_callers_array_is_not_the_one_returned() -> None:
    given = np.array([1.0, np.nan])
    read = read_numbers("x", given)
    read[0] = 5
    assert given[0] == 1
    assert np.isnan(read[1])


@pytest.mark.parametrize(
    "values", [[1j], "words", ["a"], [[1], [2, 3]], None, np.array([object()])]
)
def test_what_is_no_real_number_is_named(values: object) -> None:
    with pytest.raises(TypeError, match="x must hold real numbers, got"):
        read_numbers("x", values)  # type: ignore[arg-type]

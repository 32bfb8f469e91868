"""Draws that depend on their number alone, and inputs that are none."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from well_behaved.cases import FLAT, GOOD

from helpers import well_behaved as wb
from helpers.well_behaved import propagation


def test_a_draw_depends_on_seed_and_number_alone(monkeypatch):
    options = {"batch_size": 20, "seed": 3}
    many = wb.propagate("batch_norm", 4, 16, FLAT, n_draws=5, **options)
    monkeypatch.setattr(propagation, "_ELEMENTS_AT_ONCE", 1)
    few = wb.propagate("batch_norm", 4, 16, FLAT, n_draws=2, **options)
    np.testing.assert_allclose(few.log_chi, many.log_chi[:2], rtol=1e-4, atol=1e-5)
    other = wb.propagate("batch_norm", 4, 16, FLAT, n_draws=2, batch_size=20, seed=4)
    different = {tuple(row.round(2)) for row in (*many.log_chi, *other.log_chi)}
    assert len(different) == 7
    assert not np.allclose(other.log_chi[:, 1:], few.log_chi[:, 1:], rtol=1e-2)


def test_the_size_of_the_inputs_does_not_matter():
    options = {"n_draws": 2, "batch_size": 20, "seed": 1, "dtype": torch.float64}
    for architecture in wb.ARCHITECTURES:
        one = wb.propagate(architecture, 4, 16, FLAT, **options)
        two = wb.propagate(architecture, 4, 16, 1e5 * FLAT, **options)
        for field in fields(one):
            np.testing.assert_allclose(
                getattr(two, field.name), getattr(one, field.name), atol=1e-8
            )


BAD = [
    ({"batch_size": 1}, "batch_size must be an integer >= 2, got 1"),
    ({"batch_size": 41}, "batch_size must be at most 40, got 41"),
    ({"inputs": FLAT[0]}, r"inputs must be \[M, features\].*got shape \[12\]"),
    ({"inputs": FLAT * np.nan}, "inputs must be finite"),
    ({"inputs": np.ones((9, 3))}, "a batch holds the same sample only"),
]


@pytest.mark.parametrize(("changes", "told"), BAD)
def test_propagate_says_what_is_wrong_with_its_inputs(changes, told):
    with pytest.raises(ValueError, match=told):
        wb.propagate(**(GOOD | changes))

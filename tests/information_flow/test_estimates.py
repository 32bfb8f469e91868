"""The error of a survey in two stages, and when an estimate is saturated."""

import numpy as np
import pytest
import torch

from helpers import information_flow as inf
from helpers.information_flow.estimates import two_stage


@pytest.mark.parametrize(("gap", "saturated"), [(0.69, True), (0.70, False)])
def test_saturated_means_within_ln_2_of_the_cap(gap, saturated):
    assert inf.Estimate(5.0 - gap, 0.1, 5.0).saturated is saturated


def test_two_stage_error_is_that_of_a_simulated_survey():
    """5000 surveys: 8 of 20 centres, 3 draws each; SE of a deviation is 1 %."""
    rng = np.random.default_rng(1)
    levels, spread = rng.normal(size=20), rng.uniform(0.2, 2, size=20)
    means, variances = [], []
    for _ in range(5000):
        rows = rng.permutation(20)[:8]
        draws = levels[rows, None] + spread[rows, None] * rng.normal(size=(8, 3))
        mean, error = two_stage(torch.tensor(draws), 20)
        means.append(mean)
        variances.append(error**2)
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.06)

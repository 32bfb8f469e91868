"""A test's global random numbers do not depend on what ran before it."""

import random

import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def made_once():
    return torch.rand(3)


@pytest.mark.parametrize("before", [0, 1, 5])
def test_every_test_draws_the_same_numbers(before, made_once):
    fresh = torch.Generator().manual_seed(0)
    expected = torch.rand(3, generator=fresh)
    assert torch.equal(made_once, expected)
    assert torch.equal(torch.rand(3), expected)
    assert np.random.rand() == np.random.RandomState(0).rand()  # noqa: NPY002
    assert random.random() == random.Random(0).random()
    for _ in range(before):  # which the next test must not see
        torch.rand(1), np.random.rand(), random.random()  # noqa: NPY002

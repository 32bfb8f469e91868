"""A generator of its own for each test."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """NumPy's generator at seed 0."""
    return np.random.default_rng(0)

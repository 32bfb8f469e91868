"""The few digits on which the tests of chapter 7 train."""

import pytest

from helpers import data


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", n_train=96, n_test=50)

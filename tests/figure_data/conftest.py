"""Figures in the look of the book."""

import matplotlib
import matplotlib.pyplot as plt
import pytest

from helpers import style


@pytest.fixture(autouse=True)
def _in_the_style_of_the_book():
    with matplotlib.rc_context():
        style.use()
        yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots(figsize=(5, 3))[1]

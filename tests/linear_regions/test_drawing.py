"""The picture holds every region."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from linear_regions.cases import AXES, NET, WINDOW, assert_says, net_of

from helpers import linear_regions as lr


def test_plot_colours_every_region():
    regions = lr.plane_regions(net_of("square"), *AXES, WINDOW)
    figure, ax = plt.subplots()
    default = lr.plot_plane(regions, ax)
    given = lr.plot_plane(regions, ax, np.arange(regions.count), cmap="viridis")
    assert len(default.get_paths()) == regions.count
    assert (default.get_array().min(), default.get_array().max()) <= (0, 1)
    np.testing.assert_array_equal(given.get_array(), np.arange(regions.count))
    assert ax.get_xlim() == (-3, 3)
    figure.canvas.draw()
    plt.close(figure)


ERRORS = [
    (lambda: lr.plot_plane(lr.plane_regions(NET, *AXES, WINDOW), None, [1.0]),
     "values must have shape "),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)

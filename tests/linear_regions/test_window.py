"""A window of a plane seen from the origin, and windows that are none."""

import math

import numpy as np
import pytest
from linear_regions.cases import AXES, NET, WINDOW, assert_says

from helpers import linear_regions as lr


def test_window_on_sphere_of_a_cube_face():
    """A face of the cube sees 1/6 of the sphere; its sides are arccos(1/3) long."""
    basis = np.linalg.qr(np.random.default_rng(7).normal(size=(5, 3)))[0].T
    area, perimeter = lr.window_on_sphere(*(2.0 * basis), (-1, 1, -1, 1))
    assert area == pytest.approx(2 * math.pi / 3)
    assert perimeter == pytest.approx(4 * math.acos(1 / 3))


TWO = np.zeros((2, 2))
ERRORS = [
    (lambda: lr.plane_regions(NET, TWO, [1, 0], [0, 1], WINDOW),
     "origin must have shape [2], got [2, 2]"),
    (lambda: lr.plane_regions(NET, [0, 0], [1, 2], [-2, -4], WINDOW),
     "u and v must span a plane, got parallel or zero directions"),
    (lambda: lr.plane_regions(NET, [0, 0], [1, 2], [0, 0], WINDOW),
     "u and v must span a plane, got parallel or zero directions"),
    (lambda: lr.plane_regions(NET, *AXES, (0, 1, 0)),
     "extent must be four finite numbers, got (0.0, 1.0, 0.0)"),
    (lambda: lr.plane_regions(NET, *AXES, (0, 1, 2, 2)),
     "extent must be (s0, s1, t0, t1), s0 < s1 and t0 < t1, got (0.0, 1.0, 2.0, 2.0)"),
    (lambda: lr.window_on_sphere([0, 0, 0], [1, 0, 0], [0, 1, 0], WINDOW),
     "origin, u and v must be independent: the plane must not contain 0, where "
     "directions are undefined"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)

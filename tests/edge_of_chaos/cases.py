"""What several tests of this room use."""

import math

import numpy as np
from scipy import integrate

from helpers import edge_of_chaos as ec

NAMES = sorted(set(ec.ACTIVATIONS) - {"swish"})
HALVES = [(-9, -1), (-1, 0), (0, 1), (1, 9)]


def integral(function, q):
    """E function(sqrt(q) Z), adaptively, on both sides of zero."""

    def density(z):
        return function(np.array(math.sqrt(q) * z)) * math.exp(-z * z / 2)

    points = {"epsabs": 1e-14, "epsrel": 1e-13, "limit": 400}
    halves = [integrate.quad(density, *ends, **points)[0] for ends in HALVES]
    return sum(halves) / math.sqrt(2 * math.pi)

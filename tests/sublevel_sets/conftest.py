"""The fixture of this room: one connecting path for each of `CASES`."""

import pytest
from sublevel_sets.cases import CASES, nets, sample

from helpers import sublevel_sets as ss


@pytest.fixture(params=CASES, scope="module")
def case(request):
    widths, n, activation, method = CASES[request.param]
    a, b = nets(widths, activation, seed=5)
    x, y = sample(n, widths, seed=6)
    return a, b, x, y, ss.connecting_path(a, b, x, y, method)

"""Ranks that are missing in the first layer."""

import pytest
import torch
from sublevel_sets.cases import LOOSE, features, killed, nets, rank, sample

from helpers import sublevel_sets as ss


@pytest.mark.parametrize(("method", "width"), [("wide", 24), ("exchange", 12)])
def test_features_span_everything_before_the_slide(method, width):
    """From a first layer of zeros; the theorems need rank N under the solved layer."""
    a, b = nets((4, width, 5, 3))
    killed(a, 0)
    x, y = sample(12, (4, 3))
    path = ss.connecting_path(a, b, x, y, method)
    assert rank(features(a, x)) == 1
    slide = [segment.name for segment in path.segments].index("slide")
    middle = path.network((slide + 0.5) / len(path.segments))
    assert rank(features(middle, x)) == 12


def test_nearly_dependent_neurons_do_not_blow_up_an_exchange():
    """Two neurons of b differ by 1e-7: random ones take the place of one of them."""
    a, b = nets((2, 8, 3))
    x, y = sample(8, (2, 3))
    with torch.no_grad():
        b[0].weight[1] = b[0].weight[0] + 1e-7
        b[0].bias[1] = b[0].bias[0]
    found = ss.connecting_path(a, b, x, y).certificate()
    assert found.barrier <= LOOSE
    assert found.norm < 1e4

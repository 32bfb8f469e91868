"""Ranks that are missing in the first layer."""

import numpy as np
import pytest
import torch
from sublevel_sets.cases import LOOSE, features, killed, nets, rank, sample

from helpers import sublevel_sets as ss
from helpers.sublevel_sets.first_layer import FirstLayer
from helpers.sublevel_sets.matrices import read_network


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


class Watched(FirstLayer):
    """Notes by how much each swap multiplies the volume of the basis.

    The volume is that of the features, each of length 1, and the ones.
    """

    def swap_in(self, slot, incoming, basis, fixed=()):
        before = self.volume(basis)
        super().swap_in(slot, incoming, basis, fixed)
        self.ratios.append(self.volume(basis) / before)

    def volume(self, basis):
        found = self.features[:, basis]
        unit = found / np.linalg.norm(found, axis=0)
        return abs(np.linalg.det(np.column_stack([unit, np.ones(len(unit))])))


@pytest.mark.parametrize("seed", range(4))
def test_each_swap_makes_the_basis_five_times_as_large(seed):
    """Of neurons that are nearly one, whatever the size of their features."""
    found = []
    for scale in (1.0, 0.01, 100.0):
        (net, _), (x, _) = nets((2, 12, 3), seed=seed), sample(8, (2, 3), seed=seed)
        with torch.no_grad():
            for part in (net[0].weight, net[0].bias):
                part[1:] = part[0] + 0.1 * part[1:]
                part *= scale
        shape, theta = read_network("net", net)
        layer, rng = Watched("net", theta, x, shape.slopes[0]), np.random.default_rng(0)
        layer.ratios = []
        layer.condition(layer.span(layer.silence(), rng), rng)
        found.append(layer.ratios)
    assert found[0]
    assert min(found[0]) >= 5
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-6)

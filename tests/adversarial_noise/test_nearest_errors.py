"""Nearest errors beside exact distances and exhaustive search."""

import copy
import math

import numpy as np
import pytest
import torch
from adversarial_noise.cases import (
    ball,
    binary,
    halfspace,
    labelled,
    linear,
    linear_distances,
    origin,
    shell,
    trained,
)
from torch import nn

from helpers import adversarial_noise as an
from helpers import networks


def test_nearest_error_is_exact_for_a_linear_model():
    for classes in (2, 10):
        net = linear(30, classes)
        x, y = labelled(net, 50, 30)
        found = an.nearest_error(net, x, y)
        ratio = found.distance / linear_distances(net, x, y)
        assert ((ratio >= 1 - 1e-12) & (ratio < 1 + 1e-8)).all()


def test_nearest_error_is_exact_for_a_linear_model_in_a_box():
    net = linear(12, 4)
    x, y = labelled(net, 12, 12)
    x = torch.where(x < 0.3, 0 * x, x)  # many pixels at the border
    y = an.labels(net, x)
    found = an.nearest_error(net, x, y, box=(0.0, 1.0))
    exact = linear_distances(net, x, y, (0.0, 1.0))
    np.testing.assert_allclose(found.distance, exact, rtol=1e-7)
    assert found.point.min() >= 0
    assert found.point.max() <= 1
    assert (found.distance > an.nearest_error(net, x, y).distance * 1.001).any()


def test_every_error_is_verified():
    net = networks.mlp([16, 24, 24, 5], seed=0, sigma_b=0.3)
    x, y = labelled(net, 60, 16)
    wrong = (y + 1) % 5
    y = torch.where(torch.arange(60) < 50, y, wrong)
    for box in (None, (0.0, 1.0)):
        found = an.nearest_error(net, x, y, box=box)
        assert (found.label != y.numpy()).all()
        np.testing.assert_array_equal(an.labels(net, found.point).numpy(), found.label)
        length = (found.point - x).norm(dim=1).numpy()
        np.testing.assert_allclose(found.distance, length, rtol=1e-12)
        assert (found.distance[:50] > 0).all()
        assert (found.distance[50:] == 0).all()
        assert set(found.attack[:50]) <= {"deepfool", "ddn"}
        assert set(found.attack[50:]) == {""}
        inner = x + 0.999 * (found.point - x)  # just before it all is well
        assert (an.labels(net, inner[:50]) == y[:50]).all()


def nearest_on_rays(net, x, label, n_rays=720):
    """Distance to the nearest error in the plane: many rays in small steps."""
    angle = torch.linspace(0, 2 * math.pi, n_rays + 1, dtype=x.dtype)[:-1]
    rays = torch.stack([angle.cos(), angle.sin()], dim=1)
    steps = torch.linspace(0, 4, 1001, dtype=x.dtype)[1:]
    points = x + steps[:, None, None] * rays
    wrong = (net(points.flatten(0, 1)).argmax(1) != label).view(len(steps), n_rays)
    first = torch.where(wrong.any(0), wrong.int().argmax(0), len(steps) - 1)
    return steps[first].min().item()


def test_nearest_error_of_a_network_in_the_plane():
    """Beside an exhaustive search with steps of 0.004."""
    net = networks.mlp([2, 16, 16, 3], seed=3, sigma_b=0.5)
    generator = torch.Generator().manual_seed(0)
    x = 2 * torch.randn(12, 2, generator=generator, dtype=torch.float64)
    y = an.labels(net, x)
    found = an.nearest_error(net, x, y).distance
    with torch.no_grad():
        pairs = zip(x, y, strict=True)
        exact = np.array([nearest_on_rays(net, *pair) for pair in pairs])
    near = exact < 3.9
    assert near.sum() >= 8
    assert (found[near] > exact[near] - 0.005).all()
    assert (found[near] < 1.001 * exact[near]).mean() > 0.7  # an upper bound at most


def test_nearest_error_of_curved_sets():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20, 6, generator=generator, dtype=torch.float64)
    x = 0.5 * x / x.norm(dim=1, keepdim=True)
    y = torch.zeros(20, dtype=torch.long)
    found = an.nearest_error(shell(2.0), x, y)
    np.testing.assert_allclose(found.distance, 1.5, rtol=1e-6)
    exact = (x - torch.eye(6, dtype=x.dtype)[0] * 1.6).norm(dim=1).numpy() - 0.6
    found = an.nearest_error(ball(1.0, 0.6), x, y)
    np.testing.assert_allclose(found.distance, exact, rtol=1e-5)


def test_nearest_error_in_float32_and_other_shapes():
    net, x, y = trained()
    exact = an.nearest_error(net, x, y).distance
    images = nn.Sequential(nn.Flatten(), *net).float()
    found = an.nearest_error(images, x.float().view(-1, 1, 8, 8), y)
    assert found.point.shape == (60, 1, 8, 8)
    assert found.point.dtype == torch.float32
    assert np.median(np.abs(found.distance / exact - 1)) < 1e-4
    assert (an.labels(images, found.point) != y).all()
    alone = torch.cat([an.labels(images, point[None]) for point in found.point])
    assert (alone != y).float().mean() > 0.95  # other rounding; on the boundary 0.85


def test_an_error_that_is_not_confirmed_is_not_returned():
    """A model that errs beyond 1, but not in a batch as large as the last one."""
    x, y = torch.cat([origin(3)[0], 9 + origin(1)[0]]), origin(4)[1]

    def moody(points):
        late = len(points) == 4 and (points[0] != x[0]).any()
        return halfspace(1.0 + late)(points)

    found = an.nearest_error(moody, x, y)
    assert found.distance.tolist() == [math.inf] * 3 + [0]
    assert torch.equal(found.point, x)
    assert found.label.tolist() == [0, 0, 0, 1]
    assert set(found.attack) == {""}


def test_nearest_error_of_a_model_that_never_errs():
    x, y = origin(3)
    found = an.nearest_error(binary(lambda x: -1 + 0 * x[:, 0]), x, y)
    assert (found.distance == math.inf).all()
    assert torch.equal(found.point, x)
    assert set(found.attack) == {""}
    far = binary(lambda x: x[:, 0] - 2)
    assert an.nearest_error(far, x, y, box=(0.0, 1.0)).distance[0] == math.inf


def test_nearest_error_leaves_the_model_alone():
    net, x, y = trained()
    net.zero_grad()
    before = [p.clone() for p in net.parameters()]
    an.nearest_error(net, x[:3], y[:3])
    assert all(p.grad is None for p in net.parameters())
    for old, new in zip(before, net.parameters(), strict=True):
        assert torch.equal(old, new)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"box": (1.0, 0.0)},
            "box must be (low, high) with low < high, got (1.0, 0.0)",
        ),
        ({"box": (0.5, 1.0)}, "x must lie in the box (0.5, 1.0), got 0 to 0"),
        ({"deepfool_steps": 0}, "deepfool_steps must be at least 1, got 0"),
        ({"ddn_steps": -1}, "ddn_steps must be at least 0, got -1"),
        ({"descent_steps": -1}, "descent_steps must be at least 0, got -1"),
    ],
)
def test_nearest_error_says_what_is_wrong(change, told):
    x, y = origin(1)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.nearest_error(halfspace(1.0), x, y, **change)
    assert told in str(raised.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_finds_the_same():
    """The same nearest errors; rates from other draws."""
    net, x, y = trained()
    found = {}
    for device in ("cpu", "cuda"):
        one = copy.deepcopy(net).to(device), x[:20].to(device), y[:20].to(device)
        distance = an.nearest_error(*one).distance
        sigma = an.noise_scale(*one, n=4000, seed=0).sigma
        blind = an.probit_distance(*one, sigma, seed=0).distance
        noisy = np.median(an.noisy_distances(*one, sigma, 20, seed=0), axis=1)
        found[device] = distance, sigma, blind, noisy
    spreads = 1e-6, 0.05, 0.02, 0.3
    for ours, theirs, spread in zip(*found.values(), spreads, strict=True):
        assert np.median(np.abs(theirs / ours - 1)) < spread

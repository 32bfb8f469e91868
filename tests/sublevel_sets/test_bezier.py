"""The training of a Bezier curve against scipy and torch."""

import numpy as np
import pytest
import torch
from scipy import interpolate
from sublevel_sets.cases import nets, parameters, sample
from torch import nn

from helpers import sublevel_sets as ss
from helpers.sublevel_sets import bezier, matrices


def test_bernstein_polynomials_are_those_of_scipy():
    t = np.linspace(0, 1, 7)
    for degree in (1, 2, 4):
        coefficients = np.eye(degree + 1)
        twin = interpolate.BPoly(coefficients[:, None, :], [0, 1])(t)
        np.testing.assert_allclose(bezier.bernstein(t, degree), twin, atol=1e-14)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_bezier_loss_is_the_mean_over_its_points(loss):
    a, b = nets((4, 6, 3))
    x, y = sample(9, (4, 3))
    y = y if loss == "squared" else np.arange(9) % 3
    path = ss.linear_path(a, b, x, y, loss=loss)
    t = np.linspace(0, 1, 8)
    theta = [torch.from_numpy(layer)[:, None] for layer in path.segments[0].curve(t)]
    data = torch.from_numpy(matrices.with_ones(x))[None]
    targets = torch.from_numpy(y)[None]
    found = bezier._mean_loss(theta, data, targets, path.shape, loss)
    assert found.item() == pytest.approx(path.loss(t).mean())


def test_bezier_steps_are_those_of_torch():
    """Two steps of Adam against autograd through whole networks."""
    a, b = nets((3, 4, 2))
    x, y = sample(6, (3, 2))
    path = ss.bezier_path(a, b, x, y, steps=2, lr=0.1, seed=3, progress=False)
    rng = np.random.default_rng(3)
    ends = [torch.from_numpy(parameters(net)) for net in (a, b)]
    middle = ((ends[0] + ends[1]) / 2).requires_grad_()
    optimizer = torch.optim.Adam([middle], lr=0.1)
    for step in range(2):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step * (1 - 1e-3) / 2)
        total = 0
        for k in range(8):
            t = (k + rng.random()) / 8
            theta = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * middle + t**2 * ends[1]
            w, c, v, d = theta.split([12, 4, 8, 2])
            h = nn.functional.leaky_relu(
                torch.from_numpy(x) @ w.reshape(4, 3).T + c, 0.2
            )
            error = h @ v.reshape(2, 4).T + d - torch.from_numpy(y)
            total = total + error.square().sum() / (2 * 6) / 8
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    control = 2 * path(0.5) - (path(0) + path(1)) / 2
    np.testing.assert_allclose(control, middle.detach().numpy(), rtol=1e-9)

"""The shortest step in a box by hand."""

import math

import numpy as np
import pytest
import torch

from helpers.adversarial_noise.boundary import nearest_boundary


def test_shortest_step_in_a_box_by_hand():
    """g = (3, 1): the first coordinate stops at 1, the second does the rest."""
    start = torch.zeros(1, 2, dtype=torch.float64)
    gradients = torch.tensor([[[3.0, 1.0]]], dtype=torch.float64)
    for target, step in ((1.0, (0.3, 0.1)), (3.5, (1.0, 0.5)), (4.0, (1.0, 1.0))):
        wanted = torch.tensor([[target]], dtype=torch.float64)
        found, length = nearest_boundary(start, wanted, gradients, (0.0, 1.0))
        np.testing.assert_allclose(found[0].numpy(), step, rtol=1e-9)
        assert length.item() == pytest.approx(math.hypot(*step))
    wanted = torch.tensor([[4.1]], dtype=torch.float64)
    _, length = nearest_boundary(start, wanted, gradients, (0.0, 1.0))
    assert length.item() == math.inf

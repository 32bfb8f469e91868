"""Distances from noisy copies, for a half-space and a shell."""

import numpy as np
import pytest
import torch
from adversarial_noise.cases import halfspace, origin, shell
from scipy import stats

from helpers import adversarial_noise as an
from helpers.adversarial_noise.draws import generator


def test_noisy_distances_of_a_halfspace():
    """Distances max(0, 1 - 0.5 z) for the draws of each image."""
    x, y = origin(4)
    found = an.noisy_distances(halfspace(1.0), x, y, 0.5, 400, seed=2)
    for i, row in enumerate(found):
        made = generator(2, i, torch.device("cpu"))
        z = torch.randn((400, 8), generator=made, dtype=x.dtype).numpy()[:, 0]
        np.testing.assert_allclose(row, np.maximum(0, 1 - 0.5 * z), atol=1e-7)
    bound = an.isoperimetric_quantile(stats.norm.sf(2), 0.5)
    assert np.abs(np.median(found, axis=1) - bound).max() < 4 * 0.5 * 1.25 / 20
    few = an.noisy_distances(halfspace(1.0), x, y, [0.1, 0.2, 0.3, 0.4], 30, seed=2)
    assert (np.diff(few.std(axis=1)) > 0).all()
    with pytest.raises(ValueError, match="n must be at least 1"):
        an.noisy_distances(halfspace(1.0), x, y, 0.5, 0, seed=2)


def test_noisy_medians_of_a_shell_keep_to_the_bound():
    x, y = origin(3, features=64)
    radius = float(an.shell_distance(0.01, 0.5, 64))
    found = an.noisy_distances(shell(radius), x, y, 0.5, 300, seed=0)
    exact = an.shell_quantile(0.01, 0.5, 64)
    assert np.abs(np.median(found, axis=1) - exact).max() < 4 * 0.36 * 1.25 / 300**0.5
    assert exact < 0.75 * an.isoperimetric_quantile(0.01, 0.5)

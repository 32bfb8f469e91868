"""The search keeps the nearer of two errors."""

import numpy as np
import pytest
import torch
from adversarial_noise.cases import origin, slab

from helpers.adversarial_noise.search import Search


def test_the_search_keeps_the_nearer_error():
    x, y = origin(2)
    search = Search(slab(1.0), x, y, None)
    near, far = torch.zeros(2, 2, 8, dtype=torch.float64)
    near[:, 0], far[:, 0], far[:, 1] = -3, 3, 3
    assert search.offer(near, "first").all()
    assert not search.offer(far, "second").any()
    np.testing.assert_allclose(search.radius.numpy(), 1, rtol=1e-8)
    np.testing.assert_allclose(search.point[:, 0].numpy(), -1, rtol=1e-8)
    assert set(search.attack) == {"first"}
    other = Search(slab(1.0), x, y, None)
    other.offer(far, "second")
    other.radius[0] = 0.5
    search.merge(other)
    assert search.attack.tolist() == ["second", "first"]
    assert search.radius.numpy() == pytest.approx([0.5, 1])

"""Features kept, or computed again: to the same end."""

import numpy as np
import pytest
import torch
from greedy_layerwise.cases import QUICK, parameters

from helpers import greedy_layerwise as gl


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("cache_bytes", [0, 100_000, 200_000])
def test_features_are_kept_or_computed_again_to_the_same_end(digits, cache_bytes, k):
    """h_0 takes 37 KB, h_1 150 KB, h_2 and h_3 75 KB each.

    For k = 2 the batch norm of finished blocks must stay as it is in either way.
    """
    kept = gl.train_greedy(digits, 3, 4, k, **QUICK)
    again = gl.train_greedy(digits, 3, 4, k, cache_bytes=cache_bytes, **QUICK)
    np.testing.assert_allclose(again.loss, kept.loss, rtol=1e-5)
    for name, tensor in kept.network.state_dict().items():
        # the same numbers from other convolution calls, 18 steps
        other = again.network.state_dict()[name]
        torch.testing.assert_close(other, tensor, atol=1e-5, rtol=1e-4)


def test_augmented_images_are_never_kept(digits):
    calls = []

    def shifted(x):
        calls.append(x.shape)
        return x + torch.rand(len(x), 1, 1, 1)

    one, two = (
        gl.train_greedy(digits, 2, 4, augment=shifted, **QUICK) for _ in range(2)
    )
    assert set(calls) == {(32, 1, 8, 8)}
    assert len(calls) == 2 * 2 * 2 * 3
    assert torch.equal(parameters(one.network), parameters(two.network))

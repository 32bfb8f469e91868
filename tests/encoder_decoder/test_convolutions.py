"""A convolution against a sum of shifts."""

import numpy as np
import pytest
import torch

from helpers.encoder_decoder.convolutions import conv_matrix


@pytest.mark.parametrize("taps", [1, 2, 3, 4])
def test_a_convolution_matrix_is_made_of_shifts(taps):
    psi = torch.from_numpy(np.random.default_rng(taps).normal(size=(1, 1, taps)))
    shift = np.roll(np.eye(6), 1, axis=0)  # P x is x one place later
    before = (taps - 1) // 2
    powers = (np.linalg.matrix_power(shift, (a - before) % 6) for a in range(taps))
    expected = sum(float(w) * P for w, P in zip(psi[0, 0], powers, strict=True))
    np.testing.assert_allclose(conv_matrix(psi, (6,)).toarray(), expected)

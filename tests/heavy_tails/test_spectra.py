"""Eigenvalues against singular values."""

import numpy as np
import pytest
import torch

from helpers import heavy_tails as ht


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (20, 20)])
def test_spectrum_is_the_squared_singular_values(shape):
    w = np.random.default_rng(0).normal(size=shape)
    found = ht.spectrum(w)
    np.testing.assert_allclose(found, np.linalg.svd(w)[1][::-1] ** 2, rtol=1e-9)
    np.testing.assert_allclose(ht.spectrum(torch.tensor(w)), found)
    parameter = torch.nn.Parameter(torch.tensor(w, dtype=torch.float32))
    np.testing.assert_allclose(ht.spectrum(parameter), found, rtol=1e-4)


def test_small_eigenvalues_are_exact():
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.normal(size=(n, 20)))[0] for n in (40, 20))
    values = 10.0 ** -np.arange(20)
    found = ht.spectrum((u * values) @ v.T)
    # singular values are right to 1e-16 of the largest
    np.testing.assert_allclose(np.sqrt(found[::-1][:12]), values[:12], rtol=1e-4)
    assert found[0] < 1e-30


def test_convolutions_are_flattened_or_sliced():
    w = np.random.default_rng(0).normal(size=(6, 4, 3, 2))
    flat = ht.spectrum(w)
    np.testing.assert_allclose(flat, ht.spectrum(w.reshape(6, 24)))
    sliced = ht.spectrum(w, convolution="slices")
    assert sliced.shape == (6, 4)
    for place, values in zip(np.ndindex(3, 2), sliced, strict=True):
        np.testing.assert_allclose(values, ht.spectrum(w[:, :, *place]))
    matrices = ht.layer_matrices(w, convolution="slices")
    assert [part.shape for part in matrices] == [(6, 4)] * 6
    assert ht.layer_matrices(w)[0].shape == (24, 6)
    np.testing.assert_allclose(ht.spectrum(w[..., 0, 0], convolution="slices")[0],
                               sliced[0])  # fmt: skip


REFUSED = {
    "weight must be [out, in] or [out, in, *kernel], got shape [3]": lambda: (
        ht.spectrum(np.ones(3))
    ),
    "convolution must be 'flatten' or 'slices', got 'all'": lambda: ht.spectrum(
        np.ones((3, 3)), convolution="all"
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

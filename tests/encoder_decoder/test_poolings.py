"""Haar's step against its inverse, maxima against torch's."""

import numpy as np
import torch

from helpers.encoder_decoder.poolings import (
    average,
    choose,
    haar,
    unaverage,
    unhaar,
)


def test_haar_is_orthogonal_and_average_is_its_low_band():
    rng = np.random.default_rng(0)
    for shape in ((2, 3, 8), (2, 3, 4, 6)):
        x = torch.from_numpy(rng.normal(size=shape))
        bands = haar(x)
        assert bands.shape[2] == 2 ** (len(shape) - 2)
        assert torch.allclose(bands.square().sum(), x.square().sum())
        assert torch.allclose(unhaar(bands), x)
        assert torch.allclose(average(x), bands[:, :, 0])
        only = torch.zeros_like(bands)
        only[:, :, 0] = bands[:, :, 0]
        assert torch.allclose(unaverage(bands[:, :, 0]), unhaar(only))


def test_maxima_know_where_they_stand():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 4, 6)))
    maxima, mask, margins = choose(x)
    assert torch.equal(maxima, torch.nn.functional.max_pool2d(x, 2))
    assert torch.equal(
        torch.nn.functional.max_pool2d(x * mask - 9.0 * ~mask, 2), maxima
    )
    assert int(mask.sum()) == maxima.numel()
    assert [m.shape for m in margins] == [(2, 3, 4, 3), (2, 3, 2, 3)]

"""Every window, and no other."""

import itertools

import pytest
import torch
from greedy_layerwise.cases import images
from torch.nn import functional

from helpers import greedy_layerwise as gl


def test_crop_and_flip_shifts_and_mirrors():
    x = images(300, (1, 3, 4))
    torch.manual_seed(0)
    found = gl.crop_and_flip(x, 1)
    seen = set()
    for before, after in zip(x, found, strict=True):
        padded = functional.pad(before, [1] * 4)
        windows = {
            (top, left, mirror): window.flip(2) if mirror else window
            for top, left, mirror in itertools.product(range(3), range(3), (0, 1))
            for window in [padded[:, top : top + 3, left : left + 4]]
        }
        hits = [key for key, window in windows.items() if torch.equal(window, after)]
        assert len(hits) == 1
        seen.add(hits[0])
    assert len(seen) == 18  # a window is missed with chance 18 (17 / 18)^300 = 6e-7
    torch.manual_seed(0)
    assert torch.equal(gl.crop_and_flip(x, 1), found)


def test_images_and_pad_are_checked():
    with pytest.raises(ValueError, match=r"images must be .* got \[2, 3\]"):
        gl.crop_and_flip(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="pad must be an integer >= 0, got -1"):
        gl.crop_and_flip(images(), -1)

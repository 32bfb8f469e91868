"""Corruptions: severity, variance, and pictures by hand."""

import math

import numpy as np
import pytest
import torch

from helpers import adversarial_noise as an
from helpers import data

IMAGES = data.load("digits", n_test=60).x_test


@pytest.mark.parametrize("kind", an.CORRUPTIONS)
def test_corruptions_grow_with_severity(kind):
    colour = torch.rand(4, 3, 16, 12, generator=torch.Generator().manual_seed(0))
    for images in (IMAGES, colour):
        made = [an.corrupt(images, kind, severity) for severity in range(1, 6)]
        moved = [(m - images).square().mean().item() for m in made]
        assert moved[0] >= 0
        assert moved[4] > moved[2] > moved[0]
        for m in made:
            assert m.shape == images.shape
            assert m.dtype == images.dtype
            assert m.min() >= 0
            assert m.max() <= 1
    again = an.corrupt(IMAGES, kind, 3, seed=0)
    assert torch.equal(again, an.corrupt(IMAGES, kind, 3))
    random = kind.endswith("noise") or kind == "fog"
    assert torch.equal(again, an.corrupt(IMAGES, kind, 3, seed=1)) is not random


def test_noises_have_their_variance():
    grey = torch.full((50, 1, 20, 20), 0.5, dtype=torch.float64)
    count = grey.numel()
    made = an.corrupt(grey, "gaussian_noise", 1)
    assert made.std().item() == pytest.approx(0.05, rel=4 / math.sqrt(2 * count))
    made = an.corrupt(grey, "shot_noise", 1)
    assert made.var().item() == pytest.approx(0.5 / 100, rel=5 / math.sqrt(2 * count))
    made = an.corrupt(grey, "impulse_noise", 3)
    for value in (0.0, 1.0):
        share = (made == value).double().mean().item()
        assert abs(share - 0.05) < 4 * math.sqrt(0.05 / count)
    assert (made == 0.5).double().mean().item() == pytest.approx(0.9, abs=0.01)


def test_deterministic_corruptions_by_hand():
    x = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
    x[0, 0, :4] = 0.8
    contrast = an.corrupt(x, "contrast", 2)
    assert contrast.unique().tolist() == pytest.approx([0.2, 0.6])
    assert an.corrupt(x, "brightness", 3).unique().tolist() == pytest.approx([0.3, 1])
    blurred = an.corrupt(x, "gaussian_blur", 5)
    assert blurred.mean().item() == pytest.approx(0.4, abs=1e-6)
    assert blurred[0, 0, 3, 0].item() == pytest.approx(
        0.8 * (0.5 + 0.5 * 0.3989 / 1.0003), abs=0.01
    )


def test_blur_keeps_channels_apart():
    colour = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64).view(1, 3, 1, 1)
    image = colour.expand(2, 3, 8, 8)
    blurred = an.corrupt(image, "gaussian_blur", 5)
    np.testing.assert_allclose(blurred.numpy(), image.numpy(), atol=1e-12)


def test_jpeg_is_a_quantisation():
    for channels in (1, 3):
        flat = torch.full((1, channels, 8, 8), 0.4)
        assert (an.corrupt(flat, "jpeg", 1) - flat).abs().max() < 0.011
    noisy = an.corrupt(IMAGES, "gaussian_noise", 5)
    coarse = [an.corrupt(noisy, "jpeg", s).sub(noisy).norm() for s in (1, 5)]
    assert coarse[1] > 3 * coarse[0]


@pytest.mark.parametrize("severity", range(1, 6))
def test_jpeg_keeps_a_picture_of_grey_128(severity):
    """128 is the zero of the transform: its coefficients are 0 at any quality."""
    grey = torch.full((1, 1, 8, 8), 128 / 255, dtype=torch.float64)
    assert torch.equal(an.corrupt(grey, "jpeg", severity), grey)


def test_fog_is_thicker_at_each_severity():
    """What is darkest in an even picture: 0.5^2 / (0.5 + w), which falls with w."""
    x = torch.full((1, 1, 8, 8), 0.5, dtype=torch.float64)
    darkest = [an.corrupt(x, "fog", severity).min().item() for severity in range(1, 6)]
    weights = [0.25 / dark - 0.5 for dark in darkest]
    assert weights == pytest.approx([0.2, 0.5, 0.75, 1.0, 1.5])


def test_fog_keeps_the_maximum_in_place():
    """x + w field, times max / (max + w), field in [0, 1]."""
    black = torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    assert (an.corrupt(black, "fog", 3) == 0).all()
    x = torch.ones(5, 3, 8, 8, dtype=torch.float64) * 0.5
    made = an.corrupt(x, "fog", 4)
    assert made.amin((1, 2, 3)).numpy() == pytest.approx(0.5 * 0.5 / 1.5)
    assert made.amax((1, 2, 3)).numpy() == pytest.approx(0.5)
    assert torch.equal(made[:, 0], made[:, 1])
    across = (made[..., 1:] - made[..., :-1]).square().mean()
    assert across < 0.4 * 2 * made.var()  # neighbours resemble each other


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "frost"}, "kind must be one of ('gaussian_noise', 'shot_noise', "),
        ({"severity": 6}, "severity must be 1, 2, 3, 4 or 5, got 6"),
        (
            {"images": torch.zeros(2, 8, 8)},
            "images must be [n, 1 or 3 channels, height",
        ),
        ({"images": torch.zeros(1, 2, 8, 8)}, "got [1, 2, 8, 8]"),
        ({"images": IMAGES - 1}, "images must lie in [0, 1]"),
        ({"images": IMAGES * torch.nan}, "images must lie in [0, 1]"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_corrupt_says_what_is_wrong(change, told):
    given = {"images": IMAGES, "kind": "fog", "severity": 1}
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.corrupt(**(given | change))
    assert told in str(raised.value)


def test_fog_over_a_single_pixel():
    assert an.corrupt(torch.full((1, 1, 1, 1), 0.5), "fog", 1).isfinite().all()


def test_a_severity_is_an_integer():
    with pytest.raises(ValueError, match=r"severity must be 1, .* got 2\.0"):
        an.corrupt(torch.zeros(1, 1, 2, 2), "fog", 2.0)

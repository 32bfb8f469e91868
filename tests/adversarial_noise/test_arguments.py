"""What is said of images, labels, scales and counts."""

import math

import pytest
import torch
from adversarial_noise.cases import halfspace, origin

from helpers import adversarial_noise as an
from helpers.adversarial_noise.arguments import read_per_image


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"x": torch.zeros(3)}, "x must be floating point of shape [images, ...], got"),
        ({"x": torch.zeros(3, 2, dtype=int)}, "x must be floating point of shape"),
        ({"x": torch.full((3, 2), torch.nan)}, "x must be finite, got NaN or infinity"),
        (
            {"y": torch.zeros(2, dtype=int)},
            "one integer label for each of the 3 images",
        ),
        ({"y": torch.zeros(3)}, "one integer label for each of the 3 images"),
        ({"sigma": -1.0}, "sigma must be finite and > 0, got -1.0"),
        ({"sigma": torch.tensor([1.0, 2.0])}, "sigma must be a number or one for each"),
        ({"sigma": math.nan}, "sigma must be finite and > 0, got nan"),
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"level": 1.0}, "level must lie strictly between 0 and 1, got 1.0"),
    ],
)
def test_error_rate_says_what_is_wrong(change, told):
    given = {"x": torch.zeros(3, 2), "y": torch.zeros(3, dtype=int), "sigma": 1.0}
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.error_rate(halfspace(1.0), **(given | change), seed=0)
    assert told in str(raised.value)


def test_counts_must_be_integers():
    x, y = origin(1)
    with pytest.raises(TypeError, match=r"n must be an integer, got 10\.5"):
        an.error_rate(halfspace(1.0), x, y, 1.0, 10.5, seed=0)


def test_a_noise_beyond_float32_is_told():
    with pytest.raises(ValueError, match=r"sigma must be at most 1e\+30, got 1e\+38"):
        read_per_image("sigma", 1e38, torch.zeros(2, 3))

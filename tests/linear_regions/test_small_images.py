"""Convolutions of small images against torch's own."""

import pytest
import torch
from torch.nn import functional

from helpers.linear_regions.small_images import conv2d


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(
    ("padding", "dilation", "groups"),
    [(1, 1, 1), ((2, 1), 2, 1), ("same", 1, 1), (1, 1, 2)],
)
def test_it_is_conv2d(size, stride, padding, dilation, groups):
    if padding == "same" and stride > 1:
        return  # torch does not define it
    torch.manual_seed(0)
    x = torch.randn(20, 4, size, size).double()
    if padding == (2, 1):
        x = functional.pad(x, (1, 1))
    weight, bias = torch.randn(6, 4 // groups, 3, 3).double(), torch.randn(6).double()
    options = {
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
    }  # fmt: skip
    wanted = functional.conv2d(x, weight, bias, **options)
    torch.testing.assert_close(conv2d(x, weight, bias, **options), wanted)

"""Convolutions of small images against torch's own."""

import pytest
import torch
from torch.nn import functional

from helpers.linear_regions.small_images import conv2d, has_few_places


def case(size, stride, padding, dilation):
    """20 images, weights and a bias, and the options as a layer stores them."""
    torch.manual_seed(0)
    x = torch.randn(20, 4, *size).double()
    weight, bias = torch.randn(6, 4, 3, 3).double(), torch.randn(6).double()
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return x, weight, bias, options | {"groups": 1}


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 4), (4, 4), (5, 2), (9, 7)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 3)])
@pytest.mark.parametrize("padding", [(1, 1), (2, 3)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 1)])
def test_it_is_conv2d(size, stride, padding, dilation):
    if size[0] + 2 * padding[0] < 2 * dilation[0] + 1:
        return  # an image smaller than the window
    x, weight, bias, options = case(size, stride, padding, dilation)
    wanted = functional.conv2d(x, weight, bias, **options)
    last = weight.contiguous(memory_format=torch.channels_last)
    for given in (weight, last):
        torch.testing.assert_close(conv2d(x, given, bias, **options), wanted)
    few = wanted.shape[2:].numel() <= 16
    assert has_few_places(x.shape[1:], weight.shape, options) == few


def test_places_that_see_the_padding_alone_have_the_bias():
    x, weight, bias, options = case((1, 1), (3, 3), (4, 4), (1, 1))
    found = conv2d(x, weight, bias, **options)
    assert found.shape[2:] == (3, 3)
    torch.testing.assert_close(found[:, :, 0, 0], bias.expand(20, 6))


@pytest.mark.parametrize("change", [{"groups": 2}, {"padding": "same"}])
def test_what_it_does_not_compute_it_does_not_take(change):
    _, weight, _, options = case((2, 2), (1, 1), (1, 1), (1, 1))
    assert has_few_places((4, 2, 2), weight.shape, options)
    assert not has_few_places((4, 2, 2), weight.shape, options | change)


def test_many_channels_make_up_for_more_places():
    _, weight, _, options = case((2, 2), (1, 1), (1, 1), (1, 1))
    thick = (6, 64, 3, 3)
    assert not has_few_places((4, 8, 8), weight.shape, options)
    assert has_few_places((64, 8, 8), thick, options)
    assert not has_few_places((64, 9, 8), thick, options)

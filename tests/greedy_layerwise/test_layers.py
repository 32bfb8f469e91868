"""Shapes of the layers by hand; architectures that cannot be."""

import pytest
from greedy_layerwise.cases import network

from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise.layers import layout


def test_widths_double_where_the_image_is_halved_but_not_at_the_first_layer():
    cifar = gl.GreedyNetwork((3, 32, 32), 10, 4, 128, 2, head_width=256, seed=0)
    assert [layer.channels for layer in cifar.layers] == [
        (3, 128), (512, 256), (256, 256), (256, 256),
    ]  # fmt: skip
    assert [layer.side[0] for layer in cifar.layers] == [32, 16, 16, 16]
    assert [layer.head[1] for layer in cifar.layers] == [256, 512, 512, 512]
    down = (1, 2, 3, 4, 6)
    counted = gl.cost((3, 224, 224), 1000, 8, 256, 1, downsample=down)
    assert counted.head_parameters[-1] == (4 * 4096 + 1) * 1000  # the paper's 4096


def test_sides_and_heads_of_images_that_are_no_squares():
    layers = layout((1, 24, 16), 2, 4, 1, downsample=(2,), head_pool=3)
    assert [layer.side for layer in layers] == [(24, 16), (12, 8)]
    assert [layer.head_side for layer in layers] == [(8, 5), (4, 2)]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"k": 4}, "k must be 1, 2 or 3, got 4"),
        ({"k": True}, "k must be 1, 2 or 3, got True"),
        ({"depth": 0}, "depth must be an integer >= 1, got 0"),
        ({"width": -2}, "width must be an integer >= 1, got -2"),
        ({"width": 2.5}, "width must be an integer >= 1, got 2.5"),
        ({"head_width": 0}, "head_width must be an integer >= 1, got 0"),
        ({"head_pool": 0}, "head_pool must be an integer >= 1, got 0"),
        ({"downsample": (0,)}, "downsample must be an integer >= 1, got 0"),
        ({"seed": -1}, "seed must be an integer >= 0, got -1"),
        ({"shape": (8, 8)}, r"image_shape must be \(channels, height, width\), got"),
        ({"shape": (1, 0, 8)}, "image_shape must be an integer >= 1, got 0"),
        (
            {"shape": (1, 6, 6), "downsample": (1, 2)},
            "layer 2 cannot halve a side of 3",
        ),
        ({"k": 1.0}, "k must be 1, 2 or 3, got 1.0"),
        ({"downsample": (1, 2, 3)}, "head of layer 3 needs 2x2 pixels, got 1x1"),
        (
            {"head_pool": 4},
            "head of layer 2 needs 2x2 pixels, got 1x1: downsample less",
        ),
    ],
)
def test_a_bad_architecture_is_refused(changed, told):
    with pytest.raises(ValueError, match=told):
        network(**changed)

"""The shapes of every layer: channels and sides of its block and of its head."""

from collections.abc import Sequence
from dataclasses import dataclass

from helpers.greedy_layerwise.arguments import check_count


@dataclass(frozen=True)
class Layer:
    """Shapes of layer l: its block, and the convolutions of its head.

    Attributes:
        channels: (into the convolution, out of it); the first counts the sub-images
            of a downsampling.
        side: height and width after the block.
        downsample: whether the block starts with `space_to_depth`.
        head: channels through the head's k - 1 convolutions, k entries, the first is
            the block's width.
        head_side: height and width at which the head convolves.
    """

    channels: tuple[int, int]
    side: tuple[int, int]
    downsample: bool
    head: tuple[int, ...]
    head_side: tuple[int, int]


def layout(
    image_shape: Sequence[int],
    depth: int,
    width: int,
    k: int,
    *,
    downsample: Sequence[int] = (2,),
    head_width: int | None = None,
    head_pool: int = 1,
) -> tuple[Layer, ...]:
    """Return the shapes of all layers; arguments and errors as in `GreedyNetwork`."""
    channels, side = _image_shape(image_shape)
    head_width = width if head_width is None else head_width
    counts = {"depth": depth, "width": width, "head_width": head_width}
    for name, value in (counts | {"head_pool": head_pool}).items():
        check_count(name, value)
    if k not in (1, 2, 3) or isinstance(k, bool) or not hasattr(k, "__index__"):
        raise ValueError(f"k must be 1, 2 or 3, got {k!r}")
    places = _places(downsample)
    layers = []
    for number in range(1, depth + 1):
        halves = number in places
        if halves:
            side = _half(side[0], number), _half(side[1], number)
            if number > 1:  # the image itself is cut up without widening
                width, head_width = 2 * width, 2 * head_width
        into = channels * (4 if halves else 1)
        at = side[0] // head_pool, side[1] // head_pool
        if min(at) < 2:
            raise ValueError(
                f"the head of layer {number} needs 2x2 pixels, got {at[0]}x{at[1]}: "
                "downsample less, or take a larger image_shape or smaller head_pool"
            )
        head = (width, *(k - 1) * (head_width,))
        layers.append(Layer((into, width), side, halves, head, at))
        channels = width
    return tuple(layers)


def _image_shape(image_shape: Sequence[int]) -> tuple[int, tuple[int, int]]:
    """Return channels and (height, width), or raise."""
    shape = tuple(image_shape)
    if len(shape) != 3:
        raise ValueError(
            f"image_shape must be (channels, height, width), got {image_shape!r}"
        )
    for size in shape:
        check_count("image_shape", size)
    channels, height, width = shape
    return channels, (height, width)


def _places(downsample: Sequence[int]) -> set[int]:
    for number in downsample:
        check_count("downsample", number)
    return set(downsample)


def _half(side: int, number: int) -> int:
    if side % 2:
        raise ValueError(f"layer {number} cannot halve a side of {side} pixels")
    return side // 2

"""Signals with jumps and pieces of photographs, to be denoised."""

import numpy as np
import torch
from torch import Tensor

from helpers.encoder_decoder.arguments import check_count, check_name

PHOTOGRAPHS = ("china", "flower")
"""The photographs inside scikit-learn, for `photograph`."""


def jump_signals(n: int, size: int, n_jumps: int = 4, *, seed: int) -> Tensor:
    """Draw piecewise constant signals of mean zero on a circle.

    The values between jumps are standard Gaussian, the mean of each signal is taken
    away; the jumps are at distinct places, uniformly drawn.

    Args:
        n: number of signals.
        size: samples of each.
        n_jumps: 1 .. size.
        seed: integer >= 0.

    Returns:
        Float32 signals [n, size].

    Raises:
        ValueError: an argument out of range.
    """
    for name, value in {"n": n, "size": size, "n_jumps": n_jumps}.items():
        check_count(name, value)
    if n_jumps > size:
        raise ValueError(f"n_jumps must be at most size = {size}, got {n_jumps}")
    rng = np.random.default_rng(check_count("seed", seed, 0))
    jumps = rng.permuted(np.tile(np.arange(size) < n_jumps, (n, 1)), axis=1)
    values = rng.normal(size=(n, n_jumps))
    signals = np.take_along_axis(values, jumps.cumsum(axis=1) % n_jumps, axis=1)
    signals -= signals.mean(axis=1, keepdims=True)
    return torch.from_numpy(signals.astype(np.float32))


def photograph(name: str) -> Tensor:
    """Return one of the two photographs inside scikit-learn, grey in [0, 1].

    Args:
        name: one of `PHOTOGRAPHS`.

    Returns:
        Float32, [416, 640]: cut so that both sides are divisible by 32.

    Raises:
        ValueError: an unknown name.
    """
    from sklearn.datasets import load_sample_image

    check_name("name", name, PHOTOGRAPHS)
    colours = load_sample_image(f"{name}.jpg")[:416, :640].astype(np.float32)
    return torch.from_numpy(colours.mean(axis=2) / 255)


def crops(image: Tensor, n: int, size: int, *, seed: int) -> Tensor:
    """Draw square pieces of an image at random places.

    Args:
        image: [height, width].
        n: number of pieces.
        size: side of each, at most that of the image.
        seed: integer >= 0.

    Returns:
        The pieces as rows, [n, size^2].

    Raises:
        ValueError: an argument out of range.
    """
    check_count("n", n)
    size = check_count("size", size)
    if image.ndim != 2 or size > min(image.shape):
        raise ValueError(
            f"image must have two axes, none below size = {size}, "
            f"got {list(image.shape)}"
        )
    if not image.isfinite().all():
        raise ValueError("image must be finite, got NaN or infinity")
    rng = np.random.default_rng(check_count("seed", seed, 0))
    corners = zip(
        *(rng.integers(0, side - size + 1, n) for side in image.shape), strict=True
    )
    pieces = [image[i : i + size, j : j + size].flatten() for i, j in corners]
    return torch.stack(pieces)

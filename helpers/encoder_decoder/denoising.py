"""Signals and pieces of photographs to denoise."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softshrink

from helpers.encoder_decoder.arguments import check_count, check_name, check_positive
from helpers.encoder_decoder.circular import haar, unhaar
from helpers.encoder_decoder.network import EncoderDecoder
from helpers.training import train

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
    if image.ndim != 2 or not 1 <= size <= min(image.shape):
        raise ValueError(
            f"image must have two axes, none below size = {size}, "
            f"got {list(image.shape)}"
        )
    rng = np.random.default_rng(check_count("seed", seed, 0))
    corners = zip(
        *(rng.integers(0, side - size + 1, n) for side in image.shape), strict=True
    )
    pieces = [image[i : i + size, j : j + size].flatten() for i, j in corners]
    return torch.stack(pieces)


def train_denoiser(
    network: EncoderDecoder,
    clean: Tensor,
    sigma: float,
    *,
    lr: float = 0.01,
    batch_size: int = 32,
    seed: int,
) -> EncoderDecoder:
    """Train a network to take noise off, in one pass over the clean signals.

    Adam on the squared error; every batch gets new noise N(0, sigma^2). The filters
    that make the output begin a tenth as large, so that training starts near f = 0.

    Args:
        network: trained in place.
        clean: signals [n, n_0].
        sigma: standard deviation of the noise, above 0.
        lr: learning rate.
        batch_size: signals a step.
        seed: integer; order and noise.

    Returns:
        The network.

    Raises:
        ValueError: an argument out of range.
        DivergedError: the loss is not finite.

    Cost: 1 s for 200 steps of 32 signals with 64 samples, 8 channels, 3 levels.
    """
    check_positive("sigma", sigma)
    with torch.no_grad():
        for filters in (*network.decoder[:1], *network.decoder_skip[:1]):
            filters *= 0.1
    options = {"lr": lr, "batch_size": batch_size, "epochs": 1, "seed": seed}
    train(
        network,
        clean,
        clean,
        loss="mse",
        augment=lambda x: x + sigma * torch.randn_like(x),
        progress=False,
        **options,
    )
    return network


def haar_threshold(y: Tensor, threshold: float, depth: int = 3) -> Tensor:
    """Denoise by soft thresholds on Haar coefficients (Donoho & Johnstone 1994).

    The orthonormal Haar transform of `depth` levels; every high band loses `threshold`
    in size, at most down to 0; back again. A fixed frame, for comparison.

    Args:
        y: a signal [n] or an image [height, width], sides divisible by 2^depth.
        threshold: 0 or more, in the units of y; for noise of standard deviation sigma
            about sigma to 3 sigma.
        depth: number of levels.

    Returns:
        The denoised signal or image.

    Raises:
        ValueError: an argument out of range.
    """
    check_count("depth", depth)
    if not threshold >= 0:
        raise ValueError(f"threshold must be >= 0, got {threshold!r}")
    if y.ndim not in (1, 2) or any(n % 2**depth for n in y.shape):
        raise ValueError(
            f"y must be a signal or image with sides divisible by {2**depth}, "
            f"got {list(y.shape)}"
        )
    return _shrunk(y[None, None], threshold, depth)[0, 0]


def _shrunk(z: Tensor, threshold: float, depth: int) -> Tensor:
    if not depth:
        return z
    bands = haar(z)
    low = _shrunk(bands[:, :, 0], threshold, depth - 1)
    high = softshrink(bands[:, :, 1:], threshold)
    return unhaar(torch.cat([low[:, :, None], high], dim=2))

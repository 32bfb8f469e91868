"""Corrupted images: noise, blur, fog, contrast and the like, in five severities."""

import io
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor

from helpers.adversarial_noise.arguments import read_count

Array = NDArray[np.float64]
_Corruption = Callable[[Array, float, np.random.Generator], Array]


def corrupt(images: Tensor, kind: str, severity: int, *, seed: int = 0) -> Tensor:
    """Return corrupted images, in the spirit of Hendrycks & Dietterich 2019.

    Severities are of our choice, for images of 8x8 to 32x32 pixels. The result is
    clipped to [0, 1], as a picture must be.

    Args:
        images: in [0, 1], [n, channels, height, width], 1 or 3 channels.
        kind: one of `CORRUPTIONS`.
        severity: 1 to 5.
        seed: integer >= 0 of the kinds that are random.

    Raises:
        ValueError: an argument out of its range.

    Cost: milliseconds for a thousand small images; JPEG 0.1 ms an image.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind must be one of {CORRUPTIONS}, got {kind!r}")
    if not hasattr(severity, "__index__") or severity not in range(1, 6):
        raise ValueError(f"severity must be 1, 2, 3, 4 or 5, got {severity!r}")
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise ValueError(
            "images must be [n, 1 or 3 channels, height, width], got "
            f"{list(images.shape)}"
        )
    if not images.is_floating_point():
        raise ValueError(f"images must be floating point, got {images.dtype}")
    pixels = images.detach().cpu().double().numpy()
    if not ((pixels >= 0) & (pixels <= 1)).all():
        raise ValueError("images must lie in [0, 1]")
    function, strengths = _KINDS[kind]
    rng = np.random.default_rng(read_count("seed", seed, 0))
    made = np.clip(function(pixels, strengths[severity - 1], rng), 0, 1)
    return torch.from_numpy(made).to(images)


def _gaussian_noise(x: Array, scale: float, rng: np.random.Generator) -> Array:
    return x + scale * rng.standard_normal(x.shape)


def _shot_noise(x: Array, photons: float, rng: np.random.Generator) -> Array:
    return rng.poisson(x * photons) / photons


def _impulse_noise(x: Array, share: float, rng: np.random.Generator) -> Array:
    """Set a share of the values to 0 or 1, as likely."""
    return np.where(rng.random(x.shape) < share, rng.random(x.shape) < 0.5, x)


def _gaussian_blur(x: Array, width: float, _: np.random.Generator) -> Array:
    return gaussian_filter(x, (0, 0, width, width), mode="nearest")


def _contrast(x: Array, factor: float, _: np.random.Generator) -> Array:
    """Draw every channel towards its mean."""
    mean: Array = x.mean(axis=(2, 3), keepdims=True)
    return mean + factor * (x - mean)


def _brightness(x: Array, lift: float, _: np.random.Generator) -> Array:
    return x + lift


def _fog(x: Array, weight: float, rng: np.random.Generator) -> Array:
    """Add a random field whose amplitude falls as 1 / frequency^2; keep the maximum."""
    n, _, height, width = x.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf
    white = np.fft.rfft2(rng.standard_normal((n, 1, height, width)))
    field = np.fft.irfft2(white / frequency**2, (height, width))
    field -= field.min(axis=(2, 3), keepdims=True)
    field /= np.maximum(field.max(axis=(2, 3), keepdims=True), 1e-300)
    top: Array = x.max(axis=(1, 2, 3), keepdims=True)
    return (x + weight * field) * top / np.maximum(top + weight, 1e-12)


def _jpeg(x: Array, quality: float, _: np.random.Generator) -> Array:
    """Send every image through a JPEG file."""
    made = np.empty_like(x)
    for i, pixels in enumerate(np.rint(x * 255).astype(np.uint8)):
        file = io.BytesIO()
        picture = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
        Image.fromarray(picture).save(file, "JPEG", quality=int(quality))
        decoded = np.asarray(Image.open(file)) / 255
        made[i] = np.atleast_3d(decoded).transpose(2, 0, 1)
    return made


_KINDS: dict[str, tuple[_Corruption, tuple[float, ...]]] = {
    "gaussian_noise": (_gaussian_noise, (0.05, 0.1, 0.15, 0.2, 0.3)),
    "shot_noise": (_shot_noise, (100, 50, 25, 12, 6)),
    "impulse_noise": (_impulse_noise, (0.02, 0.05, 0.1, 0.15, 0.2)),
    "gaussian_blur": (_gaussian_blur, (0.4, 0.6, 0.7, 0.8, 1.0)),
    "jpeg": (_jpeg, (80, 50, 25, 15, 7)),
    "brightness": (_brightness, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "contrast": (_contrast, (0.75, 0.5, 0.4, 0.3, 0.15)),
    "fog": (_fog, (0.2, 0.5, 0.75, 1.0, 1.5)),
}

CORRUPTIONS = tuple(_KINDS)
"""The kinds that `corrupt` accepts."""

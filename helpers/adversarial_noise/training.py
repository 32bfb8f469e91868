"""Training on noisy images, and on the worst images near by."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers import training
from helpers.adversarial_noise.arguments import read_count

_LARGEST = 1e30  # of a noise or a radius: images with it are finite in float32


def train_with_noise(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    sigma: float,
    *,
    lr: float | None = 3e-3,
    batch_size: int = 64,
    epochs: int = 30,
    seed: int,
    augment: Callable[[Tensor], Tensor] | None = None,
    **settings: Any,
) -> training.History:
    """Train a network in place on images with fresh Gaussian noise in every batch.

    Ford et al. 2019 compare sigma = 0, 0.1 and 0.4. Nothing is clipped.

    Args:
        net: classifier.
        x: images [n, ...].
        y: labels [n].
        sigma: standard deviation of the noise, >= 0; 0 trains on the images as they
            are, with the same order of batches.
        lr: learning rate of Adam; None for an optimizer of one's own in `settings`.
        batch_size: as in `training.train`.
        epochs: passes over the data.
        seed: of the order and of the noise.
        augment: applied to each batch before the noise.
        settings: further arguments of `training.train`.

    Raises:
        ValueError: `sigma` negative or not finite; see `training.train`.
    """
    _check_scale("sigma", sigma)

    def noisy(batch: Tensor) -> Tensor:
        images = batch if augment is None else augment(batch)
        return images + sigma * torch.randn_like(images)

    settings |= {"augment": noisy if sigma else augment}
    return training.train(
        net, x, y, lr=lr, batch_size=batch_size, epochs=epochs, seed=seed, **settings
    )


def train_adversarially(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    radius: float,
    *,
    steps: int = 5,
    lr: float | None = 3e-3,
    batch_size: int = 64,
    epochs: int = 30,
    seed: int,
    augment: Callable[[Tensor], Tensor] | None = None,
    **settings: Any,
) -> training.History:
    """Train a network in place on the worst images found within a radius.

    Projected gradient ascent (Madry et al. 2018) in the Euclidean ball, from its
    centre, with steps of 2.5 radius / steps. The loss that it raises is that of the
    label the network gives to the image, which is the right one for nearly all of the
    training set after an epoch.

    Args:
        net: classifier.
        x: images [n, ...].
        y: labels [n].
        radius: of the ball, >= 0.
        steps: of the ascent, >= 1.
        lr: learning rate of Adam; None for an optimizer of one's own in `settings`.
        batch_size: as in `training.train`.
        epochs: passes over the data.
        seed: of the order.
        augment: applied to each batch before the ascent.
        settings: further arguments of `training.train`.

    Raises:
        ValueError: an argument out of its range; see `training.train`.

    Cost: steps + 2 times that of plain training.
    """
    _check_scale("radius", radius)
    read_count("steps", steps)

    def worst(images: Tensor) -> Tensor:
        batch = images if augment is None else augment(images)
        delta = torch.zeros_like(batch)
        given = net(batch).argmax(dim=1)
        for _ in range(steps):
            moved = (batch + delta).requires_grad_()
            loss = functional.cross_entropy(net(moved), given, reduction="sum")
            gradient = torch.autograd.grad(loss, moved)[0]
            delta = delta + 2.5 * radius / steps * _scaled(gradient, 1.0)
            delta = _scaled(delta, radius, shrink_only=True)
        return batch + delta

    settings |= {"augment": worst if radius else augment}
    return training.train(
        net, x, y, lr=lr, batch_size=batch_size, epochs=epochs, seed=seed, **settings
    )


def _scaled(vectors: Tensor, length: float, shrink_only: bool = False) -> Tensor:
    """Return each sample's vector at that length, or at most that length."""
    norms = vectors.flatten(1).norm(dim=1).clamp(min=torch.finfo(vectors.dtype).tiny)
    factor: Tensor = length / norms
    factor = factor.clamp(max=1) if shrink_only else factor
    return vectors * factor.view(-1, *(1,) * (vectors.ndim - 1))


def _check_scale(name: str, value: float) -> None:
    """Raise unless the value is finite and >= 0."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and >= 0, got {value!r}")
    if value > _LARGEST:
        raise ValueError(f"{name} must be at most {_LARGEST:g}, got {value!r}")

"""The affine maps of a small network of Linear and ReLU layers."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from helpers.adversarial_noise.classifiers import Logits
from helpers.models import check_agreement, check_plain

Array = NDArray[np.float64]

_NO_OPERATION = (nn.Identity, nn.Dropout)  # Dropout in eval mode, as checked before


@dataclass(frozen=True, eq=False)
class Layers:
    """Logits of W_L relu(... relu(W_1 x + b_1) ...) + b_L in float64.

    Attributes:
        maps: (W_l, b_l), [n_l, n_{l-1}] and [n_l].
    """

    maps: list[tuple[Array, Array]]

    @property
    def neurons(self) -> int:
        """Number of ReLUs."""
        return sum(len(bias) for _, bias in self.maps[:-1])

    def __call__(self, x: Array) -> Array:
        """Return the logits [n, C] at flat inputs [n, features]."""
        for weight, bias in self.maps[:-1]:
            x = np.maximum(x @ weight.T + bias, 0)
        weight, bias = self.maps[-1]
        return x @ weight.T + bias


def read_layers(model: object, images: Tensor) -> Layers | None:
    """Return the layers of a model, or None if it is made of others.

    Read are torch's own Linear, ReLU, Flatten, Identity and Dropout in eval mode, in
    Sequentials, without hooks or parametrisations. What is read is compared with what
    the model computes at the images.

    Args:
        model: as read by `classifier`.
        images: [n, ...].
    """
    if not isinstance(model, Logits) or model.module is None:
        return None
    try:
        parts = _parts(model.module)
        layers = _composed(parts, images[0].numel())
        flat = images.flatten(1).double().cpu().numpy()
        with torch.no_grad():
            check_agreement(torch.from_numpy(layers(flat)), model(images).cpu())
    except (TypeError, ValueError):
        return None
    return layers


def _parts(module: nn.Module) -> list[nn.Module]:
    """Return the layers of nested Sequentials one after the other, or raise."""
    check_plain(module, "model")
    if type(module) is nn.Sequential:
        return [part for inner in module for part in _parts(inner)]
    whole = type(module) is nn.Flatten and (module.start_dim, module.end_dim) == (1, -1)
    if whole or type(module) in (nn.Linear, nn.ReLU, *_NO_OPERATION):
        return [module]
    raise TypeError(f"no layer of Linear and ReLU: {type(module).__name__}")


def _composed(parts: list[nn.Module], features: int) -> Layers:
    """Return one affine map before each ReLU and one at the end."""
    maps: list[tuple[Array, Array]] = []
    weight, bias, fresh = np.eye(features), np.zeros(features), True
    for part in parts:
        if isinstance(part, nn.Linear):
            w = _array(part.weight)
            b = np.zeros(len(w)) if part.bias is None else _array(part.bias)
            weight, bias, fresh = w @ weight, w @ bias + b, False
        elif isinstance(part, nn.ReLU) and not (fresh and maps):
            maps.append((weight, bias))
            weight, bias, fresh = np.eye(len(bias)), np.zeros(len(bias)), True
    if len(bias) == 1:  # one logit l stands for (0, l)
        weight, bias = np.vstack([0 * weight, weight]), np.append(0, bias)
    return Layers([*maps, (weight, bias)])


def _array(parameter: Tensor) -> Array:
    array: Array = parameter.detach().double().cpu().numpy()
    return array

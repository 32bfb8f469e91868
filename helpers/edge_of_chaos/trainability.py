"""Does it train? Many networks of one shape, trained at once by plain SGD."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers import networks
from helpers.activations import Array
from helpers.arrays import read_numbers
from helpers.data import Dataset
from helpers.edge_of_chaos.arguments import (
    check_count,
    check_scales,
    check_seed,
    positive,
)
from helpers.models import read_classes
from helpers.training_checks import check_alike, read_rows

_TOGETHER = 32  # networks in one product: more do not fit a processor's cache


@dataclass(frozen=True)
class Start:
    """An initialisation: the scales of weights and biases, the variance of layer 1."""

    sigma_w: float
    sigma_b: float
    q: float


def final_accuracies(
    dataset: Dataset,
    activation: str,
    starts: Sequence[Start],
    *,
    depth: int,
    width: int,
    rates: Sequence[float],
    epochs: int,
    batch_size: int,
    seeds: Sequence[int],
) -> Array:
    """Return the test accuracies of trained networks, [n_starts, n_rates, n_seeds].

    Plain SGD on the cross-entropy, float32. Inputs are centred, and scaled so that the
    variance of the first pre-activations, averaged over images and pixels, is q. A
    seed gives the same random numbers and the same order of images at every start and
    rate. A network that diverged counts with what it then answers, which is chance.

    Args:
        dataset: images [n, ...] and classes.
        activation: a key of `helpers.networks.ACTIVATIONS`.
        starts: initialisations, each with q > sigma_b^2.
        depth: hidden layers, >= 1.
        width: neurons of each, >= 1.
        rates: learning rates, > 0.
        epochs: passes over the training images, >= 1.
        batch_size: images a step, >= 1; the last batch may be smaller.
        seeds: integers >= 0.

    Raises:
        ValueError: an argument out of its range.

    Cost: on one core 0.35 s a network of 30 layers of 64, 10 epochs, 1400 images.
    """
    check_count(depth=depth, width=width, epochs=epochs, batch_size=batch_size)
    flat = dataset.flatten()
    mean, std = flat.x_train.mean(), flat.x_train.std()
    x, x_test = ((part - mean) / std for part in (flat.x_train, flat.x_test))
    sizes = [x.shape[1], *[width] * depth, flat.n_classes]
    runs = list(itertools.product(starts, rates, seeds))
    nets = [_network(sizes, activation, start, seed) for start, _, seed in runs]
    scales = [_input_scale(start) for start, _, _ in runs]
    for i in range(0, len(runs), _TOGETHER):
        some = slice(i, i + _TOGETHER)
        train_together(
            nets[some],
            x,
            flat.y_train,
            scales=scales[some],
            rates=[rate for _, rate, _ in runs[some]],
            seeds=[seed for _, _, seed in runs[some]],
            epochs=epochs,
            batch_size=batch_size,
        )
    found = [
        _accuracy(net, scale * x_test, flat.y_test)
        for net, scale in zip(nets, scales, strict=True)
    ]
    return np.reshape(found, (len(starts), len(rates), len(seeds)))


def train_together(
    nets: Sequence[nn.Sequential],
    x: Tensor,
    y: Tensor,
    *,
    scales: Sequence[float],
    rates: Sequence[float],
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
) -> None:
    """Train networks of one shape in place, network i by SGD on scales[i] x.

    What `helpers.training.train` does with optimizer "sgd" to one after the other: the
    same batches from the same seeds, the same steps, but one product of matrices a
    layer for all of them. None of them sees the others; one that diverges goes on.

    Args:
        nets: from `helpers.networks.mlp`, of the same widths and activation.
        x: inputs, [n, n_in]; they go to the networks' dtype.
        y: integer classes, [n].
        scales: factor of the inputs of each network, finite.
        rates: learning rate of each, > 0.
        seeds: integers >= 0, of the order of the samples of each.
        epochs: passes over the data, >= 1.
        batch_size: samples a step, >= 1; the last batch may be smaller.

    Raises:
        TypeError: a network that is no chain of Linear layers and activations, or an
            argument of another kind.
        ValueError: a list of another length than `nets`, networks that are not alike,
            inputs or classes that do not fit them, a number out of its range.
    """
    layers = check_alike(nets)
    for name, given in {"scales": scales, "rates": rates, "seeds": seeds}.items():
        if len(given) != len(nets):
            raise ValueError(
                f"{name} must have one entry for each of the {len(nets)} networks, "
                f"got {len(given)}"
            )
    check_count(epochs=epochs, batch_size=batch_size)
    x = read_rows(x, nets)
    y = read_classes(y, len(x), layers[0][-1].out_features).to(x.device)
    step = x.new_tensor([_positive_rate(rate) for rate in rates])[:, None, None]
    factor = x.new_tensor(read_numbers("scales", scales))[:, None, None]
    if not (factor * x.abs().max()).isfinite().all():
        raise ValueError(f"scales times x must be finite, got scales {list(scales)}")
    weights, biases = _stacked(layers)
    orders = [torch.Generator().manual_seed(check_seed(s, "seeds")) for s in seeds]
    for _ in range(epochs):
        order = torch.stack([torch.randperm(len(x), generator=g) for g in orders])
        for batch in order.split(batch_size, dim=1):
            logits = _outputs(factor * x[batch], weights, biases, nets[0])
            loss = functional.cross_entropy(
                logits.flatten(0, 1), y[batch].flatten(), reduction="sum"
            )
            gradients = torch.autograd.grad(loss / batch.shape[1], weights + biases)
            with torch.no_grad():
                for parameter, gradient in zip(
                    weights + biases, gradients, strict=True
                ):
                    parameter -= step * gradient
    _put_back(layers, weights, biases)


def _outputs(
    h: Tensor, weights: list[Tensor], biases: list[Tensor], like: nn.Sequential
) -> Tensor:
    """Return the logits of all networks, [n_nets, n, classes]."""
    for k, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
        h = like[2 * k + 1](torch.baddbmm(bias, h, weight))
    return torch.baddbmm(biases[-1], h, weights[-1])


def _stacked(nets: list[list[nn.Linear]]) -> tuple[list[Tensor], list[Tensor]]:
    """Return W^T [n_nets, n_in, n_out] and b [n_nets, 1, n_out] of each layer."""
    layers = list(zip(*nets, strict=True))
    weights = [torch.stack([f.weight.detach().T for f in layer]) for layer in layers]
    biases = [torch.stack([f.bias.detach()[None] for f in layer]) for layer in layers]
    for parameter in weights + biases:
        parameter.requires_grad_()
    return weights, biases


@torch.no_grad()
def _put_back(
    nets: list[list[nn.Linear]], weights: list[Tensor], biases: list[Tensor]
) -> None:
    for k, layers in enumerate(nets):
        for linear, weight, bias in zip(layers, weights, biases, strict=True):
            linear.weight.copy_(weight[k].T)
            linear.bias.copy_(bias[k, 0])


def _positive_rate(rate: float) -> float:
    """Return a learning rate, or raise; a large one lets its network diverge."""
    number = float(read_numbers("rates", rate))
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"rates must be finite and > 0, got {rate!r}")
    return number


def _network(
    sizes: Sequence[int], activation: str, start: Start, seed: int
) -> nn.Sequential:
    return networks.mlp(
        sizes,
        activation,
        sigma_w=start.sigma_w,
        sigma_b=start.sigma_b,
        seed=seed,
        dtype=torch.float32,
    )


def _input_scale(start: Start) -> float:
    """Return the factor of inputs of unit variance that makes q_1 = q on average."""
    check_scales(sigma_w=start.sigma_w, sigma_b=start.sigma_b)
    signal = positive("q - sigma_b^2", start.q - start.sigma_b**2)
    return math.sqrt(signal) / positive("sigma_w", start.sigma_w)


@torch.no_grad()
def _accuracy(net: nn.Sequential, x: Tensor, y: Tensor) -> float:
    right: float = (net(x).argmax(dim=1) == y).double().mean().item()
    return right

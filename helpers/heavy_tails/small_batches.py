"""Stochastic gradient descent with momentum on a ReLU network, without autograd."""

import math
import operator
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.heavy_tails.arguments import check_count, check_number
from helpers.models import check_finite, check_plain, read_classes, read_inputs
from helpers.training import DivergedError

Speeds = list[tuple[Tensor, Tensor]]


@torch.no_grad()
def momentum_sgd(
    net: nn.Sequential,
    x: Tensor,
    y: Tensor,
    *,
    batch_size: int,
    epochs: int,
    lr: float,
    momentum: float = 0.0,
    decay: float = 0.0,
    seed: int,
    on_epoch: Callable[[int], None] | None = None,
) -> None:
    """Train a ReLU network in place on the cross-entropy, as `training.train` would.

    With gradient g, momentum m and weight decay c a parameter obeys

        v <- m v + g + c w,    w <- w - lr v.

    Same batches and, up to rounding, same weights as `training.train` with
    `torch.optim.SGD`. At batches of a few samples most of the time of that one goes
    into the bookkeeping of autograd; the gradients of such a network are three lines.

    Args:
        net: Linear, ReLU, Linear, ..., Linear, with biases, as from `networks.mlp`,
            all of them trained.
        x: inputs [n, n_in]; other dtypes than the network's are converted.
        y: classes [n], integers.
        batch_size: 1 to n; the last batch may be smaller.
        epochs: passes over the data, >= 0.
        lr: learning rate > 0.
        momentum: m >= 0.
        decay: c >= 0.
        seed: integer, of the order of the samples.
        on_epoch: called with the number of each finished epoch.

    Raises:
        TypeError: a layer that does not compute what its class says (pruned, hooked), a
            seed that is no integer.
        ValueError: an argument out of its range, or another kind of network.
        training.DivergedError: the outputs are no longer finite.

    Cost: 0.3 ms a step for a network 64-512-256-10, a third of `training.train`.
    """
    layers = _linear_layers(net)
    x, y = _data(net, x, y, layers[-1].out_features)
    check_count("batch_size", batch_size)
    if batch_size > len(x):
        raise ValueError(f"batch_size must be at most {len(x)}, got {batch_size}")
    check_count("epochs", epochs, 0)
    check_number("lr", lr, 0, above=True)
    check_number("momentum", momentum, 0)
    check_number("decay", decay, 0)
    _check_size(torch.finfo(x.dtype).max, lr=lr, momentum=momentum, decay=decay)
    targets = functional.one_hot(y, layers[-1].out_features).to(x)
    speeds = [
        (torch.zeros_like(one.weight), torch.zeros_like(one.bias)) for one in layers
    ]
    order = _generator(seed)
    for epoch in range(1, epochs + 1):
        for batch in torch.randperm(len(x), generator=order).split(batch_size):
            error = _gradients(layers, speeds, x[batch], targets[batch], momentum)
            for layer, speed in zip(layers, speeds, strict=True):
                for w, v in zip((layer.weight, layer.bias), speed, strict=True):
                    _move(w, v, lr, decay)
        if not math.isfinite(error.sum()):
            raise DivergedError(f"outputs not finite in epoch {epoch} (lr {lr:g})")
        if on_epoch is not None:
            on_epoch(epoch)


def _gradients(
    layers: list[nn.Linear], speeds: Speeds, x: Tensor, targets: Tensor, m: float
) -> Tensor:
    """Set v <- m v + g in place; return the error of the outputs."""
    inputs = [x]
    for layer in layers[:-1]:
        inputs.append(layer(inputs[-1]).relu_())
    error: Tensor = (layers[-1](inputs[-1]).softmax(dim=1) - targets) / len(x)
    last = error
    for layer, (v, v_bias), given in zip(
        layers[::-1], speeds[::-1], inputs[::-1], strict=True
    ):
        v.addmm_(error.T, given, beta=m)
        v_bias.mul_(m).add_(error.sum(dim=0))
        if layer is not layers[0]:
            error = (error @ layer.weight) * (given > 0)
    return last


def _move(w: Tensor, v: Tensor, lr: float, decay: float) -> None:
    """Set v <- v + c w and w <- w - lr v, in place."""
    if decay:
        v.add_(w, alpha=decay)
    w.add_(v, alpha=-lr)


def _data(
    net: nn.Sequential, x: Tensor, y: Tensor, classes: int
) -> tuple[Tensor, Tensor]:
    """Return inputs and labels as the network takes them, or raise."""
    x = read_inputs(x, net)
    try:
        net(x[:1])
    except RuntimeError as error:
        raise ValueError(
            f"net does not take x of shape {list(x.shape)}, or one of its layers what "
            f"the one before gives: {error}"
        ) from None
    if x.ndim != 2:
        raise ValueError(f"x must be [n, n_in], got shape {list(x.shape)}")
    return x, read_classes(y, len(x), classes)


def _check_size(most: float, **numbers: float) -> None:
    """Raise for a number that the network's dtype cannot hold."""
    for name, value in numbers.items():
        if value > most:
            raise ValueError(f"{name} must be at most {most:.3g}, got {value!r}")


def _generator(seed: int) -> torch.Generator:
    if not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be an integer, got {seed!r}")
    return torch.Generator().manual_seed(operator.index(seed))


def _linear_layers(net: nn.Sequential) -> list[nn.Linear]:
    """Return the linear layers, or raise."""
    if not isinstance(net, nn.Sequential):
        raise TypeError(f"net must be a torch.nn.Sequential, got {type(net).__name__}")
    layers = [one for one in net if isinstance(one, nn.Linear)]
    kinds = [nn.Linear, nn.ReLU] * len(layers)
    if not layers or [type(one) for one in net] != kinds[:-1]:
        names = [type(one).__name__ for one in net]
        raise ValueError(f"net must be Linear, ReLU, Linear, ..., Linear, got {names}")
    if any(one.bias is None for one in layers):
        raise ValueError("net must have biases in every layer")
    for place, one in enumerate(net):
        check_plain(one, f"net[{place}]")
    check_plain(net, "net")
    if len({id(p) for one in layers for p in one.parameters()}) < 2 * len(layers):
        raise ValueError("net must have parameters of their own in every layer")
    if not all(p.requires_grad for p in net.parameters()):
        raise ValueError("net must have requires_grad in every parameter, all train")
    check_finite(net)
    return layers

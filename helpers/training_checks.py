"""What `train` is given, looked at before the first step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from helpers.models import (
    check_finite,
    check_plain,
    read_inputs,
    unchanged,
)

__all__ = [
    "check_alike",
    "check_batches",
    "check_classes",
    "check_counts",
    "mse",
    "placed",
    "read_rows",
    "same_shape",
]

_BROADCAST = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)
_BROADCAST_FUNCTIONS = (
    functional.mse_loss,
    functional.l1_loss,
    functional.smooth_l1_loss,
    functional.huber_loss,
)


def check_counts(
    n: int, batch_size: int | None, epochs: int, record_every: int
) -> None:
    """Raise unless the counts are integers of their ranges."""
    counts = {"epochs": epochs, "record_every": record_every}
    if batch_size is not None:
        counts["batch_size"] = batch_size
    for name, value in counts.items():
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"{name} must be an integer, got {value!r}")
    if batch_size is not None and not 1 <= operator.index(batch_size) <= n:
        raise ValueError(f"batch_size must be None or 1..{n}, got {batch_size!r}")
    if epochs < 0 or record_every < 1:
        raise ValueError(
            "epochs must be >= 0 and record_every >= 1, "
            f"got {epochs!r} and {record_every!r}"
        )


def placed(
    x: Tensor | None, y: Tensor | None, like: Tensor, part: str = ""
) -> tuple[Tensor, Tensor]:
    """Return both on the device of `like`, finite, floating point in its dtype.

    Raises:
        TypeError: one is no tensor.
        ValueError: one is missing, lengths that differ or are 0, NaN or infinity.
    """
    if x is None or y is None:
        raise ValueError(f"x{part} and y{part} must be given together")
    for name, given in ((f"x{part}", x), (f"y{part}", y)):
        if not isinstance(given, Tensor):
            raise TypeError(
                f"{name} must be a torch.Tensor, got {type(given).__name__}"
            )
        if given.ndim == 0:
            raise ValueError(f"{name} must be [n, ...], got one number")
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"x{part} and y{part} must have the same length >= 1, "
            f"got {len(x)} and {len(y)}"
        )
    x, y = (t.to(like) if t.is_floating_point() else t.to(like.device) for t in (x, y))
    for name, given in ((f"x{part}", x), (f"y{part}", y)):
        if given.is_floating_point() and not given.isfinite().all():
            bad = int((~given.isfinite()).flatten(1 if given.ndim > 1 else 0).sum())
            raise ValueError(
                f"{name} must be finite in {given.dtype}, got NaN or infinity in {bad} "
                "of its numbers"
            )
    return x, y


def same_shape(
    loss: Callable[[Tensor, Tensor], Tensor], name: str
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return an elementwise loss that refuses shapes which would broadcast.

    Other losses are returned as they are: only their authors know what fits.
    """
    if not (isinstance(loss, _BROADCAST) or loss in _BROADCAST_FUNCTIONS):
        return loss

    def checked(outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.shape != targets.shape:
            raise ValueError(
                f"y must have the shape of the outputs for loss {name}, got "
                f"{list(targets.shape)} for outputs {list(outputs.shape)}"
            )
        return loss(outputs, targets)

    return checked


_MSE = same_shape(functional.mse_loss, "'mse'")


def mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error; targets that would broadcast against the outputs are refused.

    Args:
        outputs: of a network, [n, ...].
        targets: floating point, of the same shape.

    Raises:
        TypeError: integer targets.
        ValueError: another shape.
    """
    if not targets.is_floating_point():
        raise TypeError(
            f"y must be floating point for loss 'mse', got {targets.dtype}; "
            "torch.nn.functional.one_hot(y).double() makes targets of classes"
        )
    return _MSE(outputs, targets)


def check_classes(net: nn.Module, x: Tensor, y: Tensor, part: str = "") -> Tensor:
    """Return targets that fit the outputs of a classifier, classes as int64, or raise.

    Args:
        net: a network; it is run on one sample, in eval mode, and left as it was.
        x: inputs, [n, ...].
        y: classes [n, ...], or probabilities shaped as the outputs.
        part: of the names in errors.

    Raises:
        ValueError: one output only, another shape, a label that is no class, or a
            network that cannot be computed at `x`.
    """
    with unchanged(net), torch.no_grad():
        net.eval()
        try:
            outputs: Any = net(x[:1])
        except (RuntimeError, IndexError) as error:
            raise ValueError(
                f"net cannot be computed at x{part}[:1] of shape {[1, *x.shape[1:]]} "
                f"and {x.dtype}: {error}"
            ) from error
    shape = list(outputs.shape[1:]) if isinstance(outputs, Tensor) else []
    if not shape or shape[0] < 2:
        raise ValueError(
            "net must give one number for each of two classes or more for loss "
            f"'cross_entropy', its output for a sample has shape {shape}"
        )
    wanted = shape if y.is_floating_point() else shape[1:]
    if list(y.shape[1:]) != wanted:
        kind = "probabilities" if y.is_floating_point() else "classes"
        raise ValueError(
            f"y{part} must hold {kind} of shape {[len(x), *wanted]} for outputs "
            f"{[len(x), *shape]}, got {y.dtype} of shape {list(y.shape)}"
        )
    if y.is_floating_point():
        return y
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= shape[0]:
        raise ValueError(
            f"y{part} must lie in 0..{shape[0] - 1}, the classes of net, "
            f"got {low if low < 0 else high}"
        )
    return y.long()


def check_batches(net: nn.Module, x: Tensor, batch_size: int | None) -> None:
    """Raise if a batch of one sample is to come that a batch norm cannot take.

    In train mode a batch norm of vectors needs two samples; one of images takes the
    positions of one sample. So the network is run on one sample and left as it was.

    Raises:
        ValueError: the batch size leaves a batch of one sample, and `net` fails on it.
    """
    size = len(x) if batch_size is None else batch_size
    mixing = any(isinstance(m, _BatchNorm) and m.training for m in net.modules())
    if not mixing or (len(x) % size != 1 and size != 1):
        return
    with unchanged(net), torch.no_grad():
        try:
            net(x[:1])
        except ValueError as error:
            raise ValueError(
                f"batch_size {batch_size} of {len(x)} samples leaves a batch of one, "
                "which net cannot take with a batch norm in train mode; allowed: a "
                f"batch size with another remainder ({error})"
            ) from error


def check_alike(
    nets: Sequence[nn.Sequential], name: str = "nets"
) -> list[list[nn.Linear]]:
    """Return the Linear layers of networks that can be trained as one stack, or raise.

    Args:
        nets: Linear, activation, Linear, ..., Linear, as `helpers.networks.mlp` makes.
        name: of the argument, for errors.

    Returns:
        The layers of each network.

    Raises:
        TypeError: a network that is not such a chain, or whose layers compute something
            else than their class says.
        ValueError: no network; two of other shapes, dtypes or activations; a layer
            that stands twice; parameters that are not finite or not trainable.
    """
    if len(nets) == 0:
        raise ValueError(f"{name} must be one network or more, got none")
    layers = [_chain(net, f"{name}[{i}]") for i, net in enumerate(nets)]
    shapes = {tuple(linear.weight.shape for linear in one) for one in layers}
    if len(shapes) != 1:
        raise ValueError(f"{name} must be of one shape, got {len(shapes)} shapes")
    kinds = {
        (str(one[0].weight.dtype), *(repr(module) for module in list(net)[1::2]))
        for net, one in zip(nets, layers, strict=True)
    }
    if len(kinds) != 1:
        raise ValueError(
            f"{name} must be of one dtype and one activation, got {sorted(kinds)}"
        )
    return layers


def _chain(net: nn.Sequential, name: str) -> list[nn.Linear]:
    """Return the Linear layers of a chain of these and activations, or raise."""
    modules = list(net) if type(net) is nn.Sequential else []
    layers = [module for module in modules[::2] if type(module) is nn.Linear]
    between = [*modules[1::2]]
    stateless = not any(m.state_dict() for m in between)
    whole = len(modules) == 2 * len(layers) - 1
    if not (layers and whole and stateless and all(m.bias is not None for m in layers)):
        raise TypeError(
            f"{name} must be a Sequential of Linear layers with biases and, between "
            f"them, activations without parameters, got {net}"
        )
    check_plain(net, name)
    for place, module in enumerate(modules):
        check_plain(module, f"{name}.{place}")
    if len(set(map(id, layers))) < len(layers):
        raise ValueError(f"{name} must have each layer once, one of them stands twice")
    check_finite(net, name)
    if not all(parameter.requires_grad for parameter in net.parameters()):
        raise ValueError(f"{name} must have parameters with requires_grad alone")
    return layers


def read_rows(x: Tensor, nets: Sequence[nn.Sequential], name: str = "nets") -> Tensor:
    """Return inputs [n, n_in] in the dtype of such networks, or raise.

    Raises:
        TypeError: no tensor of numbers.
        ValueError: another shape, NaN or infinity, networks in half precision.
    """
    n_in = next(nets[0].parameters()).shape[1]
    rows = read_inputs(x, nets[0], "x", f"{name}[0]")
    if rows.shape[1:] != (n_in,):
        raise ValueError(f"x must be [n, {n_in}] for {name}, got {list(rows.shape)}")
    return rows

"""A network of the same shape as it would be at initialisation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import torch
from torch import nn

from helpers.devices import same_random_state


def fresh_copy(net: nn.Module, seed: int) -> tuple[nn.Module, tuple[str, ...]]:
    """Return a copy whose modules have set their parameters anew, as torch does.

    Each module's `reset_parameters` is called, outer ones last. That is the default of
    its class: what a network's author set afterwards is not repeated. A batch norm
    forgets its running statistics, so that in eval mode it is the identity.

    Args:
        net: left as it is, and so is torch's generator.
        seed: of the copy's parameters.

    Returns:
        The copy, and the names of the parameters that stay as they are in `net`, since
        their module has no `reset_parameters`.

    Raises:
        ValueError: a network that cannot be copied or reset.
    """
    try:
        fresh = copy.deepcopy(net)
    except Exception as error:  # whatever the attributes of a module raise
        raise ValueError(f"net cannot be copied: {error}") from error
    device = next((p.device for p in net.parameters()), torch.device("cpu"))
    kept: list[str] = []
    with same_random_state(device), torch.no_grad():
        torch.manual_seed(seed)
        for name, module in reversed(list(fresh.named_modules())):
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                _reset(reset, name)
            else:
                kept += _own(name, module)
    return fresh, tuple(reversed(kept))


def _reset(reset: Callable[[], object], name: str) -> None:
    try:
        reset()
    except Exception as error:  # a module of the caller's own
        where = f"net.{name}" if name else "net"
        raise ValueError(f"{where}.reset_parameters() fails: {error}") from error


def _own(name: str, module: nn.Module) -> Iterator[str]:
    """Yield the names of the parameters that a module holds itself, last first."""
    for own, _ in reversed(list(module.named_parameters(recurse=False))):
        yield f"{name}.{own}" if name else own

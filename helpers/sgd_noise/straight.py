"""Which networks are piecewise linear in each single parameter."""

from __future__ import annotations

import operator
from collections import Counter
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from helpers.models import check_plain
from helpers.networks import Abs

_LINEAR_IN_THEIRS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
)
_WITHOUT_PARAMETERS = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.ReLU6,
    nn.Hardtanh,
    Abs,
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.AvgPool1d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
)
_FUNCTIONS = (
    torch.relu,
    torch.abs,
    torch.flatten,
    torch.cat,
    torch.add,
    torch.sub,
    operator.add,
    operator.sub,
    operator.getitem,
    functional.relu,
    functional.leaky_relu,
    functional.max_pool2d,
    functional.avg_pool2d,
    functional.adaptive_avg_pool2d,
)
_SCALINGS = (operator.mul, torch.mul)  # by a number
_METHODS = (
    "abs",
    "add",
    "flatten",
    "mean",
    "permute",
    "relu",
    "reshape",
    "sum",
    "view",
)


def straight_in_each_parameter(net: nn.Module) -> bool:
    """Whether outputs are piecewise linear in each parameter, others held fixed.

    So it is where every module is one of straight pieces, sums and joins of branches
    included, and every parameter is used in one place: then a path from input to output
    meets it once at most. What cannot be read for certain gives False.
    """
    found = [id(p) for m in net.modules() for p in m._parameters.values()]
    if any(times > 1 and p != id(None) for p, times in Counter(found).items()):
        return False
    try:
        for path, module in net.named_modules():
            check_plain(module, path)
    except TypeError:
        return False
    if type(net) is nn.Sequential and len(set(net)) == len(net):
        chain = all(_is_straight(module) for module in net)
        return chain or _reads_straight(net)
    return _reads_straight(net)


def _reads_straight(net: nn.Module) -> bool:
    """Whether every step that the network takes is of straight pieces."""
    root = nn.Sequential(net)  # so that a single layer is called as a module too
    try:
        nodes = list(fx.Tracer().trace(root).nodes)
    except Exception:  # whatever a caller's forward raises on symbols
        return False
    modules = dict(root.named_modules())
    called = Counter(node.target for node in nodes if node.op == "call_module")
    repeated = any(
        times > 1 and any(True for _ in modules[str(name)].parameters())
        for name, times in called.items()
    )
    return not repeated and all(_straight(node, modules) for node in nodes)


def _is_straight(module: nn.Module) -> bool:
    """Whether a module of torch is of straight pieces in each of its parameters."""
    if type(module) is nn.Embedding:
        return module.max_norm is None
    return type(module) in (*_LINEAR_IN_THEIRS, *_WITHOUT_PARAMETERS)


def _straight(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    """Whether one step of the network is of straight pieces."""
    target: Any = node.target
    if node.op == "call_module":
        return _is_straight(modules[target])
    if node.op == "call_function":
        scaled = target in _SCALINGS and len(node.all_input_nodes) == 1
        return target in _FUNCTIONS or (scaled and len(set(node.args)) == 2)
    if node.op == "call_method":
        return target in _METHODS
    return node.op in ("placeholder", "output")

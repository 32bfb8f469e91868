"""The weights of a module or of a state dict, each read when it is its turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from helpers.heavy_tails.arguments import tensor_problem
from helpers.models import unchanged

_SCALES = ("_scale", "_scale_inv")  # names of what a float8 weight is multiplied by
_QKV = ("in_proj_weight", "qkv.weight", "Wqkv.weight", "qkv_proj.weight",
        "c_attn.weight")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Weight:
    """A tensor of 2 dimensions or more, not read yet.

    Attributes:
        name: as in the state dict.
        shape: of the tensor.
        dtype: as torch writes it, without "torch.".
        read: returns the tensor.
        problem: why it cannot be read, or "".
        same_as: the name under which the same tensor came before, or "".
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], torch.Tensor]
    problem: str = ""
    same_as: str = ""


def nothing(name: str, problem: str) -> Weight:
    """Return what stands for a weight or a file of which nothing can be read."""
    return Weight(name, (), "", lambda: torch.empty(0), problem)


def model_weights(model: nn.Module | Mapping[str, Any]) -> list[Weight]:
    """Return the weights of a module or of a state dict, those of 2 dimensions or more.

    Of a pruned, normalised or parametrised layer the weight that it computes with.

    Raises:
        TypeError: neither of the two.
    """
    if isinstance(model, Mapping):
        return tensor_weights(flat_tensors(model))
    if not isinstance(model, nn.Module):
        raise TypeError(
            "model must be a torch.nn.Module or a state dict, got "
            f"{type(model).__name__}"
        )
    return tensor_weights(_module_tensors(model))


def tensor_weights(tensors: Iterable[tuple[str, torch.Tensor]]) -> list[Weight]:
    """Return those of 2 dimensions or more; the second of two equal places says so."""
    found, seen = [], dict[Any, str]()
    named = list(tensors)
    names = {name for name, _ in named}
    for name, tensor in named:
        if is_lazy(tensor):
            found.append(nothing(name, "not initialised: run the model once first"))
        elif tensor.is_nested or tensor.ndim >= 2:
            found.append(_weight(name, tensor, names, seen))
    return found


def scale_problem(name: str, dtype: str, names: Collection[str]) -> str:
    """Return why a float8 weight is not what the model computes with, or ""."""
    scale = next((name + end for end in _SCALES if name + end in names), "")
    if scale and dtype.startswith("float8"):
        return f"{dtype} codes with scales in {scale}; multiply the two first"
    return ""


def flat_tensors(state: Any) -> list[tuple[str, torch.Tensor]]:
    """Return the tensors of nested dicts, lists and modules, names joined by dots.

    The state of an optimizer, which some files keep too, is left out. A name that
    comes twice, as "a.b" and as "b" in "a", gets a number.
    """
    found = dict[str, torch.Tensor]()
    for name, tensor in _flat(state, ""):
        free, number = name, 2
        while free in found:
            free, number = f"{name} ({number})", number + 1
        found[free] = tensor
    return list(found.items())


def split_qkv(weight: Weight) -> list[Weight]:
    """Return queries, keys and values of a fused weight one by one; others as they are.

    A fused one is named as in torch, timm, GPT-2 or Phi and three times as long on one
    side as on the other; heads that are interleaved (`query_key_value`) are not split.
    """
    if weight.problem or len(weight.shape) != 2 or not weight.name.endswith(_QKV):
        return [weight]
    rows, columns = weight.shape
    if 0 in weight.shape or 3 * min(rows, columns) != max(rows, columns):
        return [weight]
    side = 0 if rows > columns else 1
    shape = (min(rows, columns),) * 2

    def part(k: int) -> Callable[[], torch.Tensor]:
        return lambda: weight.read().chunk(3, dim=side)[k]

    return [
        replace(weight, name=f"{weight.name}[{which}]", shape=shape, read=part(k))
        for k, which in enumerate("qkv")
    ]


def _weight(
    name: str, tensor: torch.Tensor, names: Collection[str], seen: dict[Any, str]
) -> Weight:
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = () if tensor.is_nested else tuple(tensor.shape)
    problem = tensor_problem(tensor) or scale_problem(name, dtype, names)
    same = ""
    if not problem and tensor.numel():
        place = (tensor.data_ptr(), tensor.device, dtype, shape, tensor.stride())
        first = seen.setdefault(place, name)
        same = first if first != name else ""
    return Weight(name, shape, dtype, lambda: tensor, problem, same)


def _flat(state: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(state, torch.Tensor):
        yield name or "tensor", state
    elif isinstance(state, np.ndarray) and state.dtype.kind == "f":
        yield name or "array", torch.tensor(state)
    elif isinstance(state, nn.Module):
        for key, value in _module_tensors(state):
            yield f"{name}.{key}" if name else key, value
    elif isinstance(state, Mapping):
        for key, value in state.items():
            if not str(key).startswith("optim"):
                yield from _flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(state, list | tuple):
        for place, value in enumerate(state):
            yield from _flat(value, f"{name}.{place}" if name else str(place))


def _module_tensors(net: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the weights that each module computes with."""
    for path, module in net.named_modules():
        if "parametrizations" in path.split("."):
            continue
        prefix = f"{path}." if path else ""
        made = _computed(module)
        stored = {f"{name}{end}" for name in made for end in ("_orig", "_g", "_v")}
        for name, parameter in module.named_parameters(recurse=False):
            if name not in stored:
                yield prefix + name, parameter
        for name, tensor in made.items():
            yield prefix + name, tensor


def _computed(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights that a module makes from others before it uses them."""
    kinds = (WeightNorm, SpectralNorm, BasePruningMethod)
    hooks = [h for h in module._forward_pre_hooks.values() if isinstance(h, kinds)]
    parametrised = parametrize.is_parametrized(module)
    if not hooks and not parametrised:
        return {}
    made = {}
    with unchanged(module), torch.no_grad():
        if parametrised:
            for name in module.parametrizations:  # type: ignore[union-attr]
                made[name] = getattr(module, name).clone()
        for hook in hooks:
            if isinstance(hook, WeightNorm):
                made[hook.name] = hook.compute_weight(module)
            elif isinstance(hook, SpectralNorm):
                weight = hook.compute_weight(module, do_power_iteration=False)
                made[hook.name] = weight
            else:
                made[hook._tensor_name] = hook.apply_mask(module)
    return made

"""How much memory a gradient takes, and how many samples fit at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

BUDGET = 2**30
"""Bytes that the samples taken at once may fill."""


def saved_bytes(run: Callable[[], object]) -> int:
    """Bytes of the distinct tensors that autograd keeps for the backward passes."""
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run()  # held, so that no memory is counted once for two tensors
    del result
    return sum(sizes.values())


def slices(n: int, bytes_each: int) -> list[slice]:
    """Parts of n samples, as equal as can be, that keep to the budget.

    Args:
        n: number of samples, >= 1.
        bytes_each: what one sample takes; a part has at least one sample.
    """
    at_once = max(1, BUDGET // max(1, bytes_each))
    number = -(-n // at_once)
    ends = [n * part // number for part in range(number + 1)]
    return [slice(*pair) for pair in pairwise(ends)]

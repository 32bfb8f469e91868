"""One pass through a network that is read after each module, and undone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

Read = Callable[[str, nn.Module, Any], None]
"""Called with the name of a module, the module and what it gave."""


def send(net: nn.Module, x: Tensor, dx: Tensor | None, read: Read) -> None:
    """Send a batch through a network, with a tangent if there is one.

    The hooks that read are taken off again, whatever happens. `x` is copied, since the
    first layer may write to it.

    Raises:
        ValueError: `net` cannot be run on `x`, or an operation in it has no derivative
            in forward mode; the last module that was passed is named.
    """
    passed = "no module"

    def reading(name: str, module: nn.Module, _: Any, output: Any) -> None:
        nonlocal passed
        read(name, module, output)
        passed = called(name)

    handles = [
        module.register_forward_hook(partial(reading, name))
        for name, module in net.named_modules()
    ]
    try:
        with (
            torch.inference_mode(False),
            torch.no_grad(),
            _differentiable(net),
            forward_ad.dual_level(),
        ):
            net(x.clone() if dx is None else _dual(x.clone(), dx.clone()))
    except RefusedError:
        raise
    except (RuntimeError, NotImplementedError, TypeError, IndexError) as error:
        said = str(error).partition("\n")[0]
        where = f"it passed {passed} and then said: {said}"
        told = f"net cannot be run on x of shape {list(x.shape)}; {where}"
        if dx is not None:
            told = f"net has no derivative in forward mode; {where}"
        raise ValueError(told) from error
    finally:
        for handle in handles:
            handle.remove()


def _dual(x: Tensor, dx: Tensor) -> Tensor:
    """Join a tensor and its tangent; torch's own first call warns of its own code."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*jit.script.*")
        dual: Tensor = forward_ad.make_dual(x, dx)
    return dual


@contextmanager
def _differentiable(net: nn.Module) -> Iterator[None]:
    """Choose implementations that have a derivative in forward mode."""
    fast = torch.backends.mha.get_fastpath_enabled()
    recurrent = any(isinstance(module, nn.RNNBase) for module in net.modules())
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        with ExitStack() as stack:
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            if recurrent:
                stack.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("ignore", "TF32 acceleration")
                stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
                stack.enter_context(torch.backends.cudnn.flags(enabled=False))
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class RefusedError(ValueError):
    """What `read` found is no answer; the message says why."""


def called(name: str) -> str:
    """Return how a module is called in a message."""
    return f"net.{name}" if name else "net"


def why_not(output: Any, n: int) -> str:
    """Return why an output has no moments, or an empty text."""
    if not isinstance(output, Tensor):
        return f"gives a {type(output).__name__}, no tensor"
    if not output.is_floating_point():
        return f"gives {str(output.dtype).removeprefix('torch.')}, not floating point"
    if output.is_sparse or output.is_nested or output.numel() == 0:
        return "gives a tensor that is sparse, nested or empty"
    if output.ndim == 0 or len(output) != n:
        return f"gives shape {list(output.shape)}, whose first size is not {n} samples"
    return ""


def unpacked(output: Tensor) -> tuple[Tensor, Tensor]:
    """Return an output and its tangent, zero where nothing of the noise arrives."""
    both = forward_ad.unpack_dual(output)
    tangent = both.tangent
    return both.primal, torch.zeros_like(both.primal) if tangent is None else tangent

"""A caller's model as a classifier with logits [n, C], checked, left as it was."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call

from helpers.adversarial_noise.arguments import read_floating, read_images
from helpers.models import (
    check_evaluation,
    check_finite,
    check_per_sample,
    read_classes,
    read_inputs,
    unchanged,
)

_MOST_OBJECTS = 200  # looked at for the networks that a callable uses
_ROWS = 1024  # read together in float64


class Logits:
    """A model that gives logits [n, C], C >= 2, to inputs that it does not write to.

    A single logit l, [n, 1], stands for the logits (0, l): class 1 where l > 0, and
    margins of the same size for both classes.

    Attributes:
        module: the model itself where it is a module, else None.
    """

    def __init__(self, model: Callable[[Tensor], Tensor], y: Tensor | None) -> None:
        self.model, self.y = model, y
        self.module = model if isinstance(model, nn.Module) else None
        self._seen, self._writes = False, True

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the logits [n, C]."""
        given = inputs.clone() if self._writes else inputs
        if not self._seen:
            return self._first(given)
        outputs = self.model(given)
        if outputs.shape[1] == 1:
            return torch.cat([torch.zeros_like(outputs), outputs], dim=1)
        return outputs

    @functools.cached_property
    def _double(self) -> Callable[[Tensor], Tensor] | None:
        return None if self.module is None else _in_float64(self.module)

    def doubled(self, inputs: Tensor) -> Tensor | None:
        """Return the logits in float64, None for what is no float32 module.

        None also where the module cannot be computed so, as it casts on its way.
        """
        if self._double is None:
            return None
        try:
            outputs = torch.cat([
                self._double(piece.double()) for piece in inputs.split(_ROWS)
            ])  # fmt: skip
        except (RuntimeError, ValueError):
            self._double = None
            return None
        return outputs if outputs.dtype == torch.float64 else None

    def _first(self, given: Tensor) -> Tensor:
        """Check what the model makes of inputs, and whether it writes to them."""
        version = given._version
        try:
            outputs = self.model(given)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ValueError(
                f"model cannot be computed at inputs of shape {list(given.shape)} and "
                f"{given.dtype}: {error}"
            ) from error
        self._writes = given._version != version
        _check_outputs(outputs, len(given))
        if self.y is not None:
            read_classes(self.y, len(self.y), max(outputs.shape[1], 2), "y")
        self._seen = True
        if outputs.shape[1] == 1:
            return torch.cat([torch.zeros_like(outputs), outputs], dim=1)
        return outputs


@contextmanager
def classifier(
    model: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor | None = None,
    *,
    name: str = "x",
    counted: bool = False,
) -> Iterator[tuple[Logits, Tensor, Tensor]]:
    """Give a model, images and labels as the chapter computes with them.

    Within the block autograd works whatever the caller has switched off (no_grad,
    inference_mode); after it the modes, buffers, gradients and hooks of the model, or
    of the networks that a plain callable is seen to use, and torch's generator are as
    before. What a callable changes elsewhere cannot be put back.

    Args:
        model: a module in eval mode, or a callable; [n, ...] -> logits [n, C], [n, 1].
        x: images; they go to the dtype and device of a module.
        y: labels, or None.
        name: of the images, for errors.
        counted: a callable that uses no network is not called for checks alone.

    Raises:
        TypeError: no callable, or one that returns no tensor.
        ValueError: train mode where the mode matters, outputs that depend on chance or
            on the batch, that are not finite or not [n, C]; half precision; labels that
            are no classes.
    """
    if not callable(model):
        raise TypeError(f"model must be callable, got {type(model).__name__}")
    x = read_floating(name, x)
    if y is not None:
        x, y = read_images(x, y)
    modules = networks_of(model)
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for module in modules or [nn.Identity()]:
            stack.enter_context(unchanged(module))
        x = _placed(model, x, name)
        y = x.new_zeros(len(x), dtype=torch.long) if y is None else y.to(x.device)
        read = Logits(model, y.long())
        if modules or not counted:
            check_per_sample(read, x, modules, "model")
        yield read, x, y.long()


def _in_float64(module: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """Return a module's function on float64 copies of its numbers, if in float32."""
    state = dict([*module.named_parameters(), *module.named_buffers()])
    if not any(t.dtype == torch.float32 for t in state.values()):
        return None
    copies = {
        name: t.detach().double() if t.is_floating_point() else t
        for name, t in state.items()
    }

    @torch.no_grad()
    def compute(inputs: Tensor) -> Tensor:
        outputs: Tensor = functional_call(module, copies, (inputs,))
        zeros = torch.zeros_like(outputs)
        return torch.cat([zeros, outputs], 1) if outputs.shape[1] == 1 else outputs

    return compute


def networks_of(model: Callable[[Tensor], Tensor]) -> list[nn.Module]:
    """Return the modules that a callable is seen to use: itself, bound, closed over.

    Looks at methods, functools.partial, closures and the globals that a function names,
    at the functions found there, and at the attributes of the callable itself; not into
    containers.
    """
    found: list[nn.Module] = []
    queue: list[object] = [model]
    seen: set[int] = set()
    while queue and len(seen) < _MOST_OBJECTS:
        one = queue.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, nn.Module):
            found.append(one)
        elif isinstance(one, functools.partial):
            queue += [one.func, *one.args, *one.keywords.values()]
        elif inspect.ismethod(one):
            queue += [one.__self__, one.__func__]
        elif inspect.isfunction(one):
            queue += _named_in(one)
        elif one is model:
            queue += vars(one).values() if hasattr(one, "__dict__") else []
    return found


def _named_in(function: Callable[..., object]) -> list[object]:
    """Return what a function closes over, and the globals that it names."""
    try:
        names = inspect.getclosurevars(function)
    except ValueError:  # a name that has no value yet
        return []
    return [*names.nonlocals.values(), *names.globals.values()]


def _placed(model: Callable[[Tensor], Tensor], x: Tensor, name: str) -> Tensor:
    """Return the images as a module takes them, or raise; the caller's stay."""
    x = x.detach()
    if isinstance(model, nn.Module):
        check_evaluation(model, "model")
        if any(p.is_inference() for p in model.parameters()):
            raise ValueError(
                "model has parameters made in inference_mode, which autograd cannot "
                "use; allowed: a model made outside of it"
            )
        check_finite(model, "model")
        x = read_inputs(x, model, name, "model")
    if x.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"{name} must be float32 or float64, got {x.dtype}")
    return x.clone() if x.is_inference() else x.contiguous()


def _check_outputs(outputs: object, n: int) -> None:
    """Raise unless these are logits of n inputs."""
    if not isinstance(outputs, Tensor):
        raise TypeError(
            f"model must return a tensor of logits [n, C], got {type(outputs).__name__}"
        )
    good = outputs.ndim == 2 and len(outputs) == n and outputs.shape[1] > 0
    if not (good and outputs.dtype in (torch.float32, torch.float64)):
        raise ValueError(
            f"model must return float32 or float64 logits [n, C] (or [n, 1]) of {n} "
            f"inputs, got {outputs.dtype} of shape {list(outputs.shape)}"
        )
    if not outputs.isfinite().all():
        raise ValueError("model must give finite outputs, got NaN or infinity")

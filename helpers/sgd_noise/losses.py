"""The losses of the chapter: by name, or clipped as in the paper."""

from __future__ import annotations

import math
import warnings
from functools import partial

import torch
from torch import Tensor
from torch.autograd import grad

from helpers.models import is_finite, read_classes
from helpers.training import Loss
from helpers.training_checks import mse

_SHOWN = 64  # samples on which a loss is compared with the mean of its own values
_DRAWS = 3  # steps from the outputs; at a kink one of them may cross it
_ROUNDING = {torch.float32: 1e-4, torch.float64: 1e-10}


def read_loss(loss: str | Loss) -> Loss:
    """Return the loss function of that name, or raise."""
    if callable(loss):
        return loss
    if loss not in _LOSSES:
        allowed = " or ".join(map(repr, _LOSSES))
        raise ValueError(f"loss must be {allowed} or a callable, got {loss!r}")
    return _LOSSES[loss]


def read_targets(y: Tensor, loss: Loss, outputs: Tensor) -> Tensor:
    """Return the targets as the loss takes them, or raise.

    Args:
        y: from `read_sample`.
        loss: from `read_loss`.
        outputs: of the network for all samples, [n, ...].

    Raises:
        TypeError, ValueError: outputs that are not finite; labels that are no classes;
            targets that would broadcast; a loss that is not a mean over samples.
    """
    if outputs.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"net must give outputs of float32 or float64, got {outputs.dtype}"
        )
    if not is_finite(outputs):
        raise ValueError("net must give finite outputs for x, got NaN or infinity")
    if loss is cross_entropy:
        if outputs.ndim != 2 or outputs.shape[1] < 2:
            raise ValueError(
                "loss 'cross_entropy' takes outputs [n, C] with C >= 2 classes, got "
                f"{list(outputs.shape)}; allowed for others: a callable"
            )
        return read_classes(y, len(outputs), outputs.shape[1]).to(outputs.device)
    if loss is mse:
        mse(outputs, y)
        return y
    _check_mean(loss, outputs, y)
    return y


def _check_mean(loss: Loss, outputs: Tensor, y: Tensor) -> None:
    """Raise unless a loss is the mean over samples of a loss of each.

    Each sample is shown twice, so that a loss that squeezes sees two rows.
    """
    chosen = torch.linspace(0, len(y) - 1, min(len(y), _SHOWN)).long().unique()
    o, t = outputs.detach()[chosen], y[chosen]
    with torch.no_grad():
        whole = _value(loss, o, t)
        twice = _value(loss, o.repeat_interleave(2, 0), t.repeat_interleave(2, 0))
        each = [
            _value(loss, a.repeat_interleave(2, 0), b.repeat_interleave(2, 0))
            for a, b in zip(o.split(1), t.split(1), strict=True)
        ]
    values = torch.stack(each)
    if not (values.isfinite().all() and whole.isfinite()):
        raise ValueError("loss must be finite for every sample, got NaN or infinity")
    off = max(abs(whole - values.mean()), abs(whole - twice))
    if off > _ROUNDING[outputs.dtype] * values.abs().max():
        raise ValueError(
            "loss must be the mean over samples of a loss of each of them alone; that "
            f"of {len(o)} samples is {float(whole):.6g}, the mean of theirs "
            f"{float(values.mean()):.6g}: is it a sum, does it weight classes, or do "
            f"outputs {list(outputs.shape)} and y {list(y.shape)} broadcast?"
        )


def _value(loss: Loss, outputs: Tensor, y: Tensor) -> Tensor:
    """The loss as a tensor without dimensions, or an error that says why not."""
    try:
        with warnings.catch_warnings():
            # that y broadcasts is said below, by what it does
            warnings.simplefilter("ignore", UserWarning)
            value = loss(outputs, y)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"loss does not take outputs {list(outputs.shape)} and y {list(y.shape)} "
            f"of {y.dtype}: {error}"
        ) from error
    if not isinstance(value, Tensor) or value.ndim:
        got = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"loss must return a tensor without dimensions, got {got}")
    return value


def with_second_derivative(loss: Loss, outputs: Tensor, y: Tensor) -> Loss:
    """Return a loss of the same gradient that autograd can differentiate twice.

    That is the loss itself, or where torch has no second derivative of it (such as the
    multi-class hinge loss) and its slope is constant around the outputs, the inner
    product with that slope.

    Raises:
        ValueError: no second derivative, and a slope that varies.
    """
    if loss in KNOWN:
        return loss
    at = outputs.detach().clone().requires_grad_()
    (slope,) = grad(loss(at, y), at, create_graph=True, materialize_grads=True)
    try:
        if slope.requires_grad:
            grad(slope.sum(), at, materialize_grads=True)
    except RuntimeError as error:
        if _is_constant(loss, outputs, y):
            return partial(_straight, loss)
        raise ValueError(
            f"loss must be twice differentiable by autograd: {error}"
        ) from error
    return loss


def _is_constant(loss: Loss, outputs: Tensor, y: Tensor) -> bool:
    """Whether the slope of a loss is the same, to the last bit, at outputs nearby."""
    generator = torch.Generator().manual_seed(0)
    size = math.sqrt(torch.finfo(outputs.dtype).eps) * float(outputs.abs().max())
    here = _slope(loss, outputs, y)
    steps = torch.randn(_DRAWS, *outputs.shape, generator=generator).to(outputs)
    return any(
        torch.equal(here, _slope(loss, outputs + size * step, y)) for step in steps
    )


def _straight(loss: Loss, outputs: Tensor, y: Tensor) -> Tensor:
    return (outputs * _slope(loss, outputs, y)).sum()


def _slope(loss: Loss, outputs: Tensor, y: Tensor) -> Tensor:
    at = outputs.detach().clone().requires_grad_()
    return grad(loss(at, y), at, materialize_grads=True)[0]


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of outputs [n, n_out] and integer classes [n].

    That of torch to rounding. Classes come first in memory here: a softmax over ten
    neighbours in memory is twenty times slower on a CPU than ten long columns are.
    """
    log_p = torch.log_softmax(outputs.T.contiguous(), 0)
    return -log_p.gather(0, targets[None]).mean()


def clipped_square(delta: float) -> Loss:
    """The loss of the paper's network with one hidden layer.

    Mean of (fbar - y)^2 with fbar = min(max(f, delta), 1 - delta), for outputs f
    [n, 1] and targets y in {0, 1}, [n], floating point.

    Raises:
        ValueError: delta not in (0, 1/2).
    """
    if not 0 < delta < 0.5:
        raise ValueError(f"delta must lie in (0, 1/2), got {delta!r}")

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs[:, 0].clamp(delta, 1 - delta) - targets).square().mean()

    return loss


_LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "mse": mse}
KNOWN = tuple(_LOSSES.values())
"""Losses that are means over samples and twice differentiable."""

"""A caller's classifier with its inputs and labels, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from helpers.models import (
    check_evaluation,
    check_finite,
    check_per_sample,
    read_classes,
    read_inputs,
)

_ROWS = 256


@dataclass(frozen=True, eq=False)
class Subject:
    """What an instrument measures.

    Attributes:
        net: in eval mode.
        x: inputs in the network's dtype, in an order drawn from the seed, [n, ...].
        y: their labels, [n].
        decided: what the caller's network says of them, [n].
        logits: number of outputs, C, or 1 for two classes.
        seed: of all that is drawn.
    """

    net: nn.Module
    x: Tensor
    y: Tensor
    decided: Tensor
    logits: int
    seed: int

    @property
    def right(self) -> Tensor:
        """The inputs that the caller's network classifies as they are labelled."""
        return self.x[self.decided == self.y]

    def pairs(self, size: int) -> tuple[Tensor, Tensor]:
        """Inputs, and for each another of another class; both [at most size, ...].

        Raises:
            ValueError: all labels are equal.
        """
        y = self.y.cpu().numpy()
        if (y == y[0]).all():
            raise ValueError("y must hold two classes or more, got one")
        rng = np.random.default_rng(self.seed)
        first = np.arange(min(size, len(y)))
        second = [rng.choice(np.flatnonzero(y != y[i])) for i in first]
        return self.x[first], self.x[second]


def read_subject(net: nn.Module, x: Tensor, y: Tensor, seed: int) -> Subject:
    """Return the subject, or raise; called within `models.unchanged`.

    Raises:
        TypeError: `net` is no module, x or y no numbers.
        ValueError: train mode where it matters, numbers that are not finite, outputs
            that are not [n, C] or depend on the batch or on chance, labels that are no
            classes, fewer than 2 inputs.
    """
    check_evaluation(net)
    check_finite(net)
    inputs = read_inputs(x, net)
    if len(inputs) < 2:
        raise ValueError("x must hold 2 inputs or more, got 1")
    _check_outputs(net, inputs[:2])
    check_per_sample(net, inputs, [net])
    order = torch.as_tensor(_order(len(inputs), seed))
    outputs = torch.cat(list(_outputs(net, inputs)))
    labels = read_classes(y, len(inputs), max(outputs.shape[1], 2))
    decided = decisions(outputs).cpu()
    return Subject(
        net,
        inputs[order.to(inputs.device)].clone(),
        labels.cpu()[order],
        decided[order],
        outputs.shape[1],
        seed,
    )


def share_right(subject: Subject) -> float:
    """Share of the inputs that the network of the subject classifies as labelled."""
    outputs = torch.cat(list(_outputs(subject.net, subject.x)))
    return float((decisions(outputs).cpu() == subject.y).double().mean())


def decisions(outputs: Tensor) -> Tensor:
    """Return the class of each row of logits, [n, C], or of one logit, [n, 1]."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).long()
    return outputs.argmax(dim=1)


def _order(n: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(n)


@torch.no_grad()
def _outputs(net: nn.Module, x: Tensor) -> Iterator[Tensor]:
    for part in x.split(_ROWS):
        yield net(part.clone())


@torch.no_grad()
def _check_outputs(net: nn.Module, x: Tensor) -> None:
    """Raise unless the network takes such inputs and gives logits [n, C]."""
    try:
        outputs = net(x.clone())
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise ValueError(
            f"net does not take x of shape {list(x.shape)} and {x.dtype}: {error}"
        ) from error
    if not isinstance(outputs, Tensor):
        got = type(outputs).__name__
    elif outputs.ndim == 2 and len(outputs) == len(x) and outputs.shape[1] > 0:
        if outputs.isfinite().all():
            return
        raise ValueError("net must give finite outputs, got NaN or infinity")
    else:
        got = f"shape {list(outputs.shape)} for {len(x)} inputs"
    raise ValueError(
        f"net must be a classifier that gives logits [n, C] (or [n, 1]), got {got}"
    )

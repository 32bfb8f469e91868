"""The losses of the chapter: by name, or clipped as in the paper."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from helpers.training import Loss


def read_loss(loss: str | Loss) -> Loss:
    """Return the loss function of that name, or raise."""
    if callable(loss):
        return loss
    if loss not in _LOSSES:
        allowed = " or ".join(map(repr, _LOSSES))
        raise ValueError(f"loss must be {allowed} or a callable, got {loss!r}")
    return _LOSSES[loss]


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


_LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "mse": functional.mse_loss,
}

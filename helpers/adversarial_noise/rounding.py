"""What rounding can do to the score of a point, whatever batch it is read in."""

import torch
from torch import Tensor

from helpers.adversarial_noise.classifiers import Logits
from helpers.adversarial_noise.decisions import Model, logits, scores

_COPIES = 4
_SAFETY = 8.0
_LEAST = 16.0  # units of rounding of the largest logit


def rounding(model: Model, images: Tensor, y: Tensor, *, rough: bool = False) -> Tensor:
    """Return a level above what rounding does to scores at images, [n].

    A score is read again at copies moved by a rounding error, which rounds all that is
    computed on the way otherwise, as another batch would. Where the model is a float32
    module, it is read in float64 too. The level is eight times the largest difference,
    and 16 units of rounding of the largest logit at least; infinite where an output is
    not finite. It is measured, not proved.

    Args:
        model: as read by `classifier`.
        images: [n, ...].
        y: labels [n].
        rough: from two copies alone.

    Cost: six forward passes, or three.
    """
    outputs = logits(model, images, finite=False)
    here = scores(outputs, y).double()
    eps = torch.finfo(outputs.dtype).eps
    size = images.flatten(1).abs().amax(dim=1).view(-1, *(1,) * (images.ndim - 1))
    made = torch.Generator().manual_seed(0)
    noise = torch.zeros_like(here)
    for _ in range(2 if rough else _COPIES):
        step = torch.randn(images.shape[1:], generator=made, dtype=torch.float64)
        moved = images + eps * size * step.to(images)
        other = scores(logits(model, moved, finite=False), y).double()
        noise = torch.maximum(noise, (other - here).abs())
    exact = None
    if isinstance(model, Logits) and not rough:
        exact = model.doubled(images)
    if exact is not None:
        noise = torch.maximum(noise, (scores(exact, y) - here).abs())
    level = _SAFETY * noise + _LEAST * eps * outputs.abs().amax(dim=1).double()
    return level.nan_to_num(torch.inf).to(images.dtype)

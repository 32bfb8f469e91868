"""What rounding can do to the score of a point, whatever batch it is read in."""

import torch
from torch import Tensor

from helpers.adversarial_noise.classifiers import Logits
from helpers.adversarial_noise.decisions import Model, logits, scores

_COPIES, _EXACT_COPIES = 4, 2
_SAFETY = 4.0
_SAFETY_ALONE = 8.0  # where no float64 stands beside
_LEAST = 2.0  # units of rounding of the largest logit


def least_rounding(model: Model, images: Tensor) -> Tensor:
    """Return one unit of rounding of the largest logit at images, [n]."""
    outputs = logits(model, images)
    unit = torch.finfo(outputs.dtype).eps * outputs.abs().amax(dim=1)
    return unit.to(images.dtype)


def rounding(model: Model, images: Tensor, y: Tensor) -> Tensor:
    """Return a level above what rounding does to scores at images, [n].

    A float32 module is read in float64 too, at the images and at two copies of them
    whose numbers are moved by half a unit of rounding; other models at four copies,
    which round all that is computed on the way otherwise, as another batch would. The
    level is four times the largest difference (eight times without float64), or the
    median one of all images if that is more, and two units of rounding of the largest
    logit; infinite where an output is not finite. It is measured, not proved.

    Args:
        model: as read by `classifier`.
        images: [n, ...].
        y: labels [n].

    Cost: five forward passes; three, and three in float64.
    """
    outputs = logits(model, images, finite=False)
    here, eps = scores(outputs, y).double(), torch.finfo(outputs.dtype).eps
    exact = _exact(model, images, y)
    noise = torch.zeros_like(here) if exact is None else (here - exact).abs()
    made = torch.Generator().manual_seed(0)
    for _ in range(_COPIES if exact is None else _EXACT_COPIES):
        share = torch.randn(images.shape[1:], generator=made, dtype=torch.float64)
        moved = images * (1 + eps / 2 * share).to(images)
        other = scores(logits(model, moved, finite=False), y).double()
        true = _exact(model, moved, y)
        noise = torch.maximum(noise, (other - (here if true is None else true)).abs())
    noise = torch.maximum(noise, noise.median())  # a few readings may agree by luck
    safety = _SAFETY_ALONE if exact is None else _SAFETY
    level = safety * noise + _LEAST * eps * outputs.abs().amax(dim=1).double()
    return level.nan_to_num(torch.inf).to(images.dtype)


def _exact(model: Model, images: Tensor, y: Tensor) -> Tensor | None:
    """Return the scores of a float32 module in float64, None for other models."""
    outputs = model.doubled(images) if isinstance(model, Logits) else None
    return None if outputs is None else scores(outputs, y)

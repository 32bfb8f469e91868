"""The nearest of several linear boundaries, with a box or without."""

import torch
from torch import Tensor

Box = tuple[float, float]
"""(low, high) that every pixel keeps to."""

_NEWTON_STEPS = 50


def nearest_boundary(
    origin: Tensor, target: Tensor, gradients: Tensor, box: Box | None
) -> tuple[Tensor, Tensor]:
    """Return the shortest step into one of several half-spaces g_j . step >= target_j.

    Args:
        origin: [n, features]; matters for the box only.
        target: [n, C]; classes whose target is not finite and > 0 are left out.
        gradients: [n, C, features].
        box: origin + step stays inside; None for no restriction.

    Returns:
        Steps [n, features] and lengths [n], infinite where there is none.
    """
    usable = target.isfinite() & (target > 0)
    target = target.where(usable, torch.ones_like(target))
    scale = target / gradients.square().sum(dim=2)
    if box is None:
        steps = scale[..., None] * gradients
    else:
        steps = _boxed(origin[:, None], target, gradients, scale, box)
    lengths = steps.norm(dim=2)
    lengths = lengths.where(usable & lengths.isfinite(), torch.inf)
    length, j = lengths.min(dim=1)
    return steps[torch.arange(len(j), device=j.device), j], length


def _boxed(
    origin: Tensor, target: Tensor, gradients: Tensor, scale: Tensor, box: Box
) -> Tensor:
    """Return the shortest steps within the box: clip(scale g) for the right scale.

    g . clip(scale g) is concave and piecewise linear in scale, so that Newton's method
    from the left ends at the root after finitely many steps; nan where there is none.
    """
    low, high = box[0] - origin, box[1] - origin
    steps, missing = scale[..., None] * gradients, target
    for _ in range(_NEWTON_STEPS):
        free = scale[..., None] * gradients
        steps = torch.minimum(torch.maximum(free, low), high)
        missing = target - (gradients * steps).sum(dim=2)
        if not (missing > 1e-12 * target).any():
            break
        slope = (gradients.square() * (steps == free)).sum(dim=2)
        scale = scale + missing.clamp(min=0) / slope
    return steps.where((missing <= 1e-6 * target)[..., None], torch.nan)

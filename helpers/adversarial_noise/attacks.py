"""Minimal-norm attacks: DeepFool, DDN, random directions, boundary descent."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from helpers.adversarial_noise.boundary import nearest_boundary
from helpers.adversarial_noise.decisions import differentiable
from helpers.adversarial_noise.search import Search

_OVERSHOOT = 0.02  # of DeepFool's step, taken back by the line search
_SHRINK = 0.05  # of the sphere in a step of DDN
_OUTWARD = tuple(4.0**k for k in range(-3, 6))  # lengths, of the largest coordinate
_TOGETHER = 256  # images whose random directions are read at once
_LEAST_SHARE = 1e-4  # of a new direction in the descent


def deepfool(search: Search, steps: int) -> None:
    """Step to the nearest boundary of the linearised model until the point is wrong."""
    points, going = search.x.clone(), search.start <= 0
    for _ in range(steps):
        margins, gradients = search.linearise(points, every_class=True)
        target = -margins * (1 + _OVERSHOOT)
        step, length = nearest_boundary(points, target, gradients, search.box)
        going = going & length.isfinite()
        points = torch.where(going[:, None], points + step, points)
        going = going & (search.score(points) <= 0)
        if not going.any():
            break
    search.offer(points, "deepfool")


def ddn(search: Search, steps: int, scale: Tensor) -> None:
    """Ascend the loss on a sphere that shrinks while wrong and grows while right.

    Args:
        search: where the best point goes.
        steps: number of gradients.
        scale: radius of the first sphere and length of the first step, [n].
    """
    radius, delta = scale.clone(), torch.zeros_like(search.x)
    best, best_size = search.x.clone(), torch.full_like(scale, math.inf)
    for k in range(steps):
        points = (search.x + delta).requires_grad_()
        outputs = differentiable(search.model(search.images(points)))
        loss = functional.cross_entropy(outputs, search.y, reduction="sum")
        gradient = torch.autograd.grad(loss, points)[0].nan_to_num(0, 0, 0)
        wrong, size = search.beyond(outputs.detach()) > 0, delta.norm(dim=1)
        better = wrong & (size < best_size)
        best[better], best_size[better] = points.detach()[better], size[better]
        radius = radius * torch.where(wrong, 1 - _SHRINK, 1 + _SHRINK)
        rate = scale * (0.01 + 0.99 * (1 + math.cos(math.pi * k / steps)) / 2)
        delta = radius[:, None] * _unit(delta + rate[:, None] * _unit(gradient))
        delta = (search.x + delta).clamp(search.low, search.high) - search.x
    search.offer(best, "ddn")


def descent(search: Search, steps: int) -> None:
    """Slide along the boundary: project x on its tangent plane, follow the ray.

    The first step looks at all classes, the others at the one beyond the boundary.
    Where the ray meets no error within the best radius, the new direction gets half its
    share in a mixture with the best one.
    """
    found, share = search.radius.isfinite(), torch.ones_like(search.radius)
    for k in range(steps):
        margins, gradients = search.linearise(search.point, every_class=k == 0)
        offset = search.point - search.x
        target = torch.einsum("ncf,nf->nc", gradients, offset) - margins
        step, length = nearest_boundary(search.x, target, gradients, search.box)
        share = share.where(found & length.isfinite(), torch.zeros_like(share))
        mixed = share[:, None] * _unit(step) + (1 - share)[:, None] * _unit(offset)
        reach = (search.radius * (1 - search.tol)).where(share > 0, 0 * share)
        improved = search.offer(search.along(_unit(mixed), reach))
        share = torch.where(improved, (2 * share).clamp(max=1), share / 2)
        if (share < _LEAST_SHARE).all():
            break


def scatter(search: Search, directions: int, radius: Tensor) -> None:
    """Try random directions, within a radius or, where that is infinite, ever further.

    Args:
        search: where the nearest error goes.
        directions: how many, the same for all images.
        radius: of the best errors so far, [n].
    """
    made = torch.Generator().manual_seed(0)
    shape = directions, search.x.shape[1]
    rays = _unit(torch.randn(shape, generator=made, dtype=torch.float64))
    rays, steps = rays.to(search.x), torch.arange(len(_OUTWARD), device=radius.device)
    size = search.x.abs().amax(dim=1).clamp(min=1)[:, None]
    far = size * radius.new_tensor(_OUTWARD)
    near = radius[:, None] * (steps + 0.5) / len(_OUTWARD)
    lengths = near.where(radius.isfinite()[:, None], far)
    best, going = search.x.clone(), torch.ones_like(radius, dtype=torch.bool)
    for length in lengths.T:
        if not going.any():
            break
        for rows in going.nonzero().squeeze(1).split(_TOGETHER):
            points = search.x[rows, None] + length[rows, None, None] * rays
            points = points.clamp(search.low, search.high).flatten(0, 1)
            score = search.score(points, rows.repeat_interleave(directions))
            most, which = score.view(len(rows), -1).max(dim=1)
            hit = most > 0
            chosen = points.view(len(rows), *shape)[hit, which[hit]]
            best[rows[hit]], going[rows[hit]] = chosen, False
    search.offer(best, "random")


def _unit(vectors: Tensor) -> Tensor:
    """Return vectors of length 1; 0 stays 0."""
    tiny = torch.finfo(vectors.dtype).tiny
    lengths: Tensor = vectors.norm(dim=1, keepdim=True)
    return vectors / lengths.clamp(min=tiny)

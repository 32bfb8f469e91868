"""The nearest error to each image, the best of several attacks."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from helpers.adversarial_noise.arguments import read_count, read_images
from helpers.adversarial_noise.attacks import ddn, deepfool, descent, scatter
from helpers.adversarial_noise.boundary import Box
from helpers.adversarial_noise.classifiers import classifier
from helpers.adversarial_noise.decisions import Model, decide
from helpers.adversarial_noise.regions import bracket
from helpers.adversarial_noise.rounding import least_rounding
from helpers.adversarial_noise.search import Search

_LAST_ROUNDS = 40  # of the line search, at the end
_FEW_FEATURES = 16  # with which random directions are tried


@dataclass(frozen=True, eq=False)
class Distances:
    """The nearest errors found; made by `nearest_error`.

    Attributes:
        distance: Euclidean length of `point` - x, [images]; 0 where x itself is wrong,
            infinite where no error was found. An upper bound of d(x, E).
        point: the errors, shaped as x; x itself where distance is infinite.
        label: what the model says at `point`, [images].
        attack: where the search for it began, "deepfool", "ddn", "random" or "regions"
            (the exact one), [images]; "" where distance is 0 or infinite.
        lower_bound: no error is nearer than this, [images], up to rounding: for the
            networks and numbers of regions named in `nearest_error`; else 0. Infinite
            where there is no error at all.
    """

    distance: NDArray[np.float64]
    point: Tensor
    label: NDArray[np.int64]
    attack: NDArray[np.str_]
    lower_bound: NDArray[np.float64]


def nearest_error(
    model: Model,
    x: Tensor,
    y: Tensor,
    *,
    box: Box | None = None,
    deepfool_steps: int = 50,
    ddn_steps: int = 100,
    descent_steps: int = 20,
    starts: int = 64,
    projections: int | None = None,
) -> Distances:
    """Return the nearest point to each image that the model gets wrong, as found.

    Two attacks give starting points. DeepFool (Moosavi-Dezfooli et al. 2016) goes to
    the nearest boundary of the linearised model, again and again. Decoupled direction
    and norm (Rony et al. 2019) follows the loss on a sphere that shrinks while the
    point is wrong and grows while it is right. Images of at most 16 numbers get random
    directions as well. From each, a descent along the boundary: project x onto the
    tangent plane of the boundary (the step of Hasofer & Lind and of Rackwitz & Fiessler
    in structural reliability), go along that ray to where errors begin. Every point is
    taken back to the boundary by a line search, so that nothing is lost by
    overshooting.

    For small networks of Linear and ReLU layers the nearest error is exact: the regions
    on which the network is affine are visited in the order of their distance, as far as
    the best error, and the distance to the errors of each is a projection onto a
    polyhedron. `lower_bound` says that there is none nearer; where it is less than
    `distance`, the number of projections did not suffice. Logits that are equal are not
    counted as an error.

    What is returned is an error however it is read, alone or in any batch: its score
    max_j l_j - l_y exceeds four times its largest rounding error, as measured beside
    float64 (eight times as measured by images that are rounded otherwise), and two
    units of rounding of the largest logit. The last step goes 1e-9 of the distance
    beyond the boundary (8e-6 in float32), or further until that holds; where it never
    does, no error is reported. It has been read once more, all points together, and is
    wrong.

    Exact for a linear model, with a box or without, up to 1e-8 of the distance (1e-5 in
    float32) and the step that rounding asks for, which is more where the distance is
    small. For others than those above an upper bound.

    Args:
        model: differentiable, [n, ...] -> logits [n, C] or [n, 1], in eval mode; see
            `labels`.
        x: images [images, ...]; they go to the dtype and device of a module, and are
            computed with in these.
        y: right labels [images].
        box: (low, high) that the pixels keep to; None for no restriction.
        deepfool_steps: at most, >= 1; it stops where the point is wrong.
        ddn_steps: >= 0.
        descent_steps: at most, >= 0, from each start.
        starts: random directions for images of at most 16 numbers, >= 0.
        projections: most projections for an image, >= 0; 0 for no exact search. None
            for 10000 with at most 12 neurons (and 64 numbers an image), 16 neurons and
            4 numbers, or a linear model without a box; 1000 with 32 neurons and 8
            numbers; 0 with more.

    Raises:
        TypeError: an argument of another kind.
        ValueError: an argument out of its range, an image outside the box, a model as
            refused by `labels` or that autograd cannot follow.

    Cost: at most deepfool_steps times C + 2 passes, descent_steps times 13 from each
    start, ddn_steps times 2. 200 digits, a network 64-128-128-10: 0.3 s. A projection
    0.1 to 0.3 ms.
    """
    x, y = read_images(x, y)
    steps = _Steps(
        read_count("deepfool_steps", deepfool_steps),
        read_count("ddn_steps", ddn_steps, 0),
        read_count("descent_steps", descent_steps, 0),
        read_count("starts", starts, 0),
        None if projections is None else read_count("projections", projections, 0),
    )
    _check_box(box, x)
    with classifier(model, x, y) as (read, x, y):
        return _nearest(read, x, y, box, steps)


class _Steps(NamedTuple):
    """How long `nearest_error` searches."""

    deepfool: int
    ddn: int
    descent: int
    starts: int
    projections: int | None


def _nearest(
    model: Model, x: Tensor, y: Tensor, box: Box | None, steps: _Steps
) -> Distances:
    """Return what is found for a model, images and labels as read by `classifier`."""
    point, attack = x.clone(), np.full(len(x), "", dtype="<U8")
    distance, lower = np.zeros(len(x)), np.zeros(len(x))
    right = (decide(model, x) == y).nonzero().squeeze(1)
    if len(right):
        best, bound = _searched(model, x[right], y[right], box, steps)
        rows = right.cpu().numpy()
        point[right], attack[rows] = best.images(best.point), best.attack
        length = (best.point.double() - best.x.double()).norm(dim=1)
        distance[rows] = length.where(best.radius.isfinite(), math.inf).cpu().numpy()
        lower[rows] = bound
    label = decide(model, point)
    rows = (label == y).cpu().numpy()  # not found, or not confirmed
    point[label == y] = x[label == y]
    distance[rows], attack[rows] = math.inf, ""
    lower = np.minimum(lower, distance)
    return Distances(distance, point, label.cpu().numpy(), attack, lower)


def _searched(
    model: Model, x: Tensor, y: Tensor, box: Box | None, steps: _Steps
) -> tuple[Search, NDArray[np.float64]]:
    """Return the best errors of images that are right, and lower bounds."""
    floor = least_rounding(model, x)
    best = Search(model, x, y, box, floor)
    deepfool(best, steps.deepfool)
    descent(best, steps.descent)
    found = best.radius.isfinite()
    if steps.ddn and found.any():
        scale = best.radius.where(found, best.radius[found].median())
        other = Search(model, x, y, box, floor)
        ddn(other, steps.ddn, scale)
        descent(other, steps.descent)
        best.merge(other)
    if steps.starts and best.x.shape[1] <= _FEW_FEATURES:
        other = Search(model, x, y, box, floor)
        scatter(other, steps.starts, best.radius)
        descent(other, steps.descent)
        best.merge(other)
    bound = bracket(best, steps.projections)
    best.offer(best.point, rounds=_LAST_ROUNDS)
    best.step_over()
    return best, bound


def _check_box(box: Box | None, x: Tensor) -> None:
    """Raise unless the images lie in the box."""
    if box is None:
        return
    try:
        low, high = map(float, box)
    except (TypeError, ValueError):
        raise TypeError(f"box must be two numbers (low, high), got {box!r}") from None
    if not low < high:
        raise ValueError(f"box must be (low, high) with low < high, got {box}")
    if not ((x >= low) & (x <= high)).all():
        raise ValueError(f"x must lie in the box {box}, got {x.min():g} to {x.max():g}")

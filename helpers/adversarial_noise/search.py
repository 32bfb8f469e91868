"""The best error so far of each image, and the line search that betters it."""

import math

import numpy as np
import torch
from torch import Tensor

from helpers.adversarial_noise.boundary import Box
from helpers.adversarial_noise.decisions import Model, linearise, logits, scores
from helpers.adversarial_noise.rounding import rounding

_ROUNDS = 10  # of the line search, while searching
_PUSHES = 16  # beyond the boundary, each twice as far as the one before


class Search:
    """The best error so far of each image, in flat coordinates [n, features].

    An error is a point whose score is above `floor`, [n]: less may be rounding.
    """

    def __init__(
        self,
        model: Model,
        x: Tensor,
        y: Tensor,
        box: Box | None,
        floor: Tensor | None = None,
    ) -> None:
        self.model, self.shape = model, x.shape
        self.x, self.y, self.box = x.flatten(1), y, box
        self.floor = x.new_zeros(len(x)) if floor is None else floor
        self.low, self.high = box or (-math.inf, math.inf)
        self.tol = max(64 * torch.finfo(x.dtype).eps, 1e-9)
        self.point = self.x.clone()
        self.radius = torch.full((len(x),), math.inf, dtype=x.dtype, device=x.device)
        self.attack = np.full(len(x), "", dtype="<U8")
        self.start = self.score(self.x)

    def images(self, flat: Tensor) -> Tensor:
        """Return flat points in the shape that the model takes."""
        return flat.reshape(-1, *self.shape[1:])

    def score(self, flat: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        """Return max_j l_j - l_y - floor, positive where the model errs."""
        outputs = logits(self.model, self.images(flat), finite=False)
        return self.beyond(outputs, rows)

    def beyond(self, outputs: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        """Return the same from logits; -infinity where they are not finite."""
        found = scores(outputs, self.y[rows]).to(self.x.dtype) - self.floor[rows]
        return found.where(outputs.isfinite().all(dim=1), -math.inf)

    def linearise(self, flat: Tensor, *, every_class: bool) -> tuple[Tensor, Tensor]:
        """Return margins and gradients, of the nearest class or of all."""
        images = self.images(flat)
        return linearise(self.model, images, self.y, every_class=every_class)

    def along(
        self, direction: Tensor, t: Tensor, rows: Tensor | slice = slice(None)
    ) -> Tensor:
        """Return x + t direction, clamped to the box."""
        return (self.x[rows] + t[:, None] * direction).clamp(self.low, self.high)

    def offer(
        self, points: Tensor, name: str | None = None, rounds: int = _ROUNDS
    ) -> Tensor:
        """Take wrong points back to the boundary; keep those nearer than the best.

        Args:
            points: [n, features]; those that the model gets right are ignored.
            name: attack to note; None to leave what is noted.
            rounds: of the line search.

        Returns:
            Which images improved, bool [n].
        """
        improved = torch.zeros_like(self.radius, dtype=torch.bool)
        found = self.score(points)
        rows = (found > 0).nonzero().squeeze(1)
        if len(rows):
            nearer = self._boundary(points[rows], found[rows], rows, rounds)
            radius = (nearer - self.x[rows]).norm(dim=1)
            better = radius < self.radius[rows]
            rows = rows[better]
            improved[rows] = True
            self.point[rows], self.radius[rows] = nearer[better], radius[better]
            if name is not None:
                self.attack[rows.cpu().numpy()] = name
        return improved

    def step_over(self) -> None:
        """Move the points on by a share `tol`, or more, until no rounding matters.

        On the boundary itself rounding decides, and a batch of another size would be
        rounded otherwise. Points that no step of up to half the radius brings clear of
        what rounding does there are given up.
        """
        going = self.radius.isfinite().nonzero().squeeze(1)
        sure = torch.zeros_like(self.radius, dtype=torch.bool)
        point = self.point.clone()
        for share in (self.tol, 0.0, *(self.tol * 2**k for k in range(1, _PUSHES))):
            if len(going) == 0:
                break
            reach = torch.full_like(self.radius[going], 1 + share)
            beyond = self.along(self.point[going] - self.x[going], reach, going)
            images = self.images(beyond)
            score = self.score(beyond, going) + self.floor[going]
            clear = score > rounding(self.model, images, self.y[going])
            done = going[clear]
            point[done], sure[done] = beyond[clear], True
            going = going[~clear]
        self.point = point
        length = (point - self.x).norm(dim=1)
        self.radius = length.where(sure, torch.full_like(length, math.inf))

    def merge(self, other: "Search") -> None:
        """Keep the nearer error of two searches for the same images."""
        nearer = other.radius < self.radius
        self.point = torch.where(nearer[:, None], other.point, self.point)
        self.radius = torch.minimum(other.radius, self.radius)
        self.attack = np.where(nearer.cpu().numpy(), other.attack, self.attack)

    def _boundary(
        self, points: Tensor, found: Tensor, rows: Tensor, rounds: int
    ) -> Tensor:
        """Return where errors begin between x and wrong points.

        Secant steps, which aim `tol` beyond the boundary, alternate with halving; the
        upper end of the bracket is wrong throughout.
        """
        direction = points - self.x[rows]
        low, high = torch.zeros_like(found), torch.ones_like(found)
        at_low, at_high = self.start[rows], found
        for k in range(rounds):
            t = (low + high) / 2
            if k % 2 == 0:
                secant = low - at_low * (high - low) / (at_high - at_low)
                aimed = torch.minimum(secant * (1 + self.tol), high)
                t = aimed.where(aimed.isfinite(), t)
            value = self.score(self.along(direction, t, rows), rows)
            wrong = value > 0
            high, low = torch.where(wrong, t, high), torch.where(wrong, low, t)
            at_high = torch.where(wrong, value, at_high)
            at_low = torch.where(wrong, at_low, value)
        return self.along(direction, high, rows)

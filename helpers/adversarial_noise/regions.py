"""The exact nearest error of a small ReLU network, region by region."""

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from helpers.adversarial_noise.piecewise import Layers, read_layers
from helpers.adversarial_noise.projections import project
from helpers.adversarial_noise.search import Search

Array = NDArray[np.float64]

_SLACK = 1e-9  # of the bounds, for rounding
_CLEAR = 4.0  # rounding errors by which a candidate's score is positive
_ROUNDED = 16.0  # units of rounding of the largest logit, for such an error
_TRIES = 6
_MANY, _SOME = 10_000, 1000  # projections for an image


def bracket(search: Search, projections: int | None) -> NDArray[np.float64]:
    """Offer the exact nearest errors to a search and return lower bounds, [n].

    Args:
        search: with the best errors found so far.
        projections: at most, for each image; None for a number that suits the network.

    Returns:
        Lower bounds of the distance to an error; 0 where the network is no small one
        of Linear and ReLU layers, or the number of projections did not do.
    """
    found = np.zeros(len(search.x))
    images = search.images(search.x)
    layers = read_layers(search.model, images) if projections != 0 else None
    if layers is None:
        return found
    if projections is None:
        projections = _usual(layers, search)
    if projections == 0:
        return found
    points, eps = search.x.clone(), torch.finfo(search.x.dtype).eps
    for i, x in enumerate(search.x.double().cpu().numpy()):
        radius, floor = search.radius[i].item(), search.floor[i].item()
        walk = _Walk(layers, x, int(search.y[i]), search.box, radius, floor, eps)
        found[i] = walk.run(projections)
        if walk.nearest is not None:
            points[i] = torch.from_numpy(x + walk.nearest).to(points)
    search.offer(points.clamp(search.low, search.high), "regions")
    return found


def _usual(layers: Layers, search: Search) -> int:
    """Return how many projections an image gets if the caller does not say."""
    features, neurons = search.x.shape[1], layers.neurons
    if neurons == 0 and search.box is None:
        return _MANY
    if (neurons <= 12 and features <= 64) or (neurons <= 16 and features <= 4):
        return _MANY
    return _SOME if neurons <= 32 and features <= 8 else 0


@dataclass(frozen=True, eq=False)
class _Node:
    """A part of the inputs x + step: those that satisfy rows . step >= offsets.

    Within it the layer's values are values + slopes . step.

    Attributes:
        layer: whose neurons are being decided; beyond the last for a class of errors.
        decided: the neurons whose sign is fixed in this part.
        active: their signs.
        step: the shortest one in this part; None if it is still to be found.
        leaf: whether the last inequality is that of a class of errors; then `values`
            holds the length of its slope.
    """

    rows: Array
    offsets: Array
    layer: int
    slopes: Array
    values: Array
    decided: NDArray[np.bool_]
    active: NDArray[np.bool_]
    step: Array | None
    leaf: bool = False


class _Walk:
    """Best-first search through the activation regions around an image.

    Parts of the input space are taken in the order of their distance from the image.
    A part is split at a neuron that can change its sign within the best radius, layer
    by layer, until the network is affine in it; then each class of errors is one more
    inequality. All that is not yet split is at least as far as the first in the queue,
    which makes its distance a lower bound at any time.
    """

    def __init__(
        self,
        layers: Layers,
        x: Array,
        label: int,
        box: tuple[float, float] | None,
        radius: float,
        floor: float,
        eps: float,
    ) -> None:
        self.layers, self.x, self.label = layers, x, label
        self.radius, self.floor, self.eps = radius, floor, eps
        self.nearest: Array | None = None
        low, high = box or (-math.inf, math.inf)
        self.low, self.high = low - x, high - x
        self.closed = math.inf  # least distance of a class of errors, its edge included
        self.order = itertools.count()
        self.queue: list[tuple[float, int, _Node]] = []

    def run(self, projections: int) -> float:
        """Return a lower bound of the distance; the error itself is in `nearest`."""
        rows, offsets = self._bounds()
        weight, bias = self.layers.maps[0]
        root = self._node(
            rows, offsets, 0, weight, weight @ self.x + bias, np.zeros(len(self.x))
        )
        self._push(0.0, root)
        while self.queue and self.queue[0][0] < self.radius * (1 - _SLACK):
            if projections <= 0 and self.queue[0][2].step is None:
                break
            bound, _, node = heapq.heappop(self.queue)
            if node.step is None:
                projections -= 1
                self._solve(bound, node)
            elif node.leaf:
                projections -= 1
                self.closed = min(self.closed, bound)
                self._offer(node)
            else:
                for further, child in self._split(bound, node):
                    self._push(further, child)
        first = self.queue[0][0] if self.queue else math.inf
        return max(0.0, min(first, self.closed, self.radius) * (1 - _SLACK))

    def _push(self, bound: float, node: _Node) -> None:
        if bound < self.radius:
            heapq.heappush(self.queue, (bound, next(self.order), node))

    def _scale(self) -> float:
        """Return the unit of length of the projections."""
        if math.isfinite(self.radius):
            return self.radius
        return 1.0 + float(np.abs(self.x).max())

    def _solve(self, bound: float, node: _Node) -> None:
        """Find the shortest step of a part; drop it if it is empty or too far."""
        length, step = project(node.rows, node.offsets, self._scale())
        if step is not None:
            self._push(max(bound, length), replace(node, step=step))
        elif length == 0:  # the solver failed: the part stays, with what is known
            self._push(bound, replace(node, step=np.zeros(len(self.x))))

    def _offer(self, leaf: _Node) -> None:
        """Take the nearest point whose score is clear of rounding, if it is one.

        How much rounding there is depends on the logits there, hence the tries.
        """
        wanted = self.floor
        for _ in range(_TRIES):
            clear = leaf.offsets.copy()
            clear[-1] += _CLEAR * wanted / leaf.values[0]
            step = project(leaf.rows, clear, self._scale())[1]
            if step is None:
                return
            step = np.clip(step, self.low, self.high)
            outputs = self.layers((self.x + step)[None])[0]
            score = np.delete(outputs, self.label).max() - outputs[self.label]
            length = float(np.linalg.norm(step))
            if length >= self.radius:
                return
            level = max(self.floor, _ROUNDED * self.eps * np.abs(outputs).max())
            if score > level:
                self.radius, self.nearest = length, step
                return
            wanted = max(_CLEAR * wanted, level)

    def _split(self, bound: float, node: _Node) -> Iterator[tuple[float, _Node]]:
        """Give the two sides of a neuron, or the next layer, or the classes."""
        lengths = np.linalg.norm(node.slopes, axis=1)
        down, up = self._reach(node.slopes, lengths)
        can_fall, can_rise = node.values - down < 0, node.values + up > 0
        either = ~node.decided & can_fall & can_rise
        if node.layer == len(self.layers.maps) - 1:
            yield from self._classes(bound, node)
        elif not either.any():
            active = np.where(node.decided, node.active, ~can_fall)
            weight, bias = self.layers.maps[node.layer + 1]
            slopes = weight @ (active[:, None] * node.slopes)
            values = weight @ (active * node.values) + bias
            yield (
                bound,
                self._node(
                    node.rows, node.offsets, node.layer + 1, slopes, values, node.step
                ),
            )
        else:
            step = node.step if node.step is not None else np.zeros(len(self.x))
            at_step = node.slopes @ step + node.values
            far = np.abs(at_step) / np.maximum(lengths, np.finfo(float).tiny)
            i = int(np.argmax(np.where(either, far, -1.0)))
            yield from self._sides(bound, node, i, lengths[i], at_step[i])

    def _sides(
        self, bound: float, node: _Node, i: int, length: float, at_step: float
    ) -> Iterator[tuple[float, _Node]]:
        """Give the parts where neuron i is on and off; the step stays in one."""
        decided = node.decided.copy()
        decided[i] = True
        for sign in (1.0, -1.0):
            active = node.active.copy()
            active[i] = sign > 0
            offset = -sign * node.values[i] / length
            stays = sign * at_step >= 0
            yield (
                max(bound, offset),
                replace(
                    node,
                    rows=np.vstack([node.rows, sign * node.slopes[i] / length]),
                    offsets=np.append(node.offsets, offset),
                    decided=decided,
                    active=active,
                    step=node.step if stays else None,
                ),
            )

    def _classes(self, bound: float, node: _Node) -> Iterator[tuple[float, _Node]]:
        """Give the part where each other logit is at least the right one."""
        for j in range(len(node.values)):
            slope = node.slopes[j] - node.slopes[self.label]
            score = node.values[j] - node.values[self.label]
            length = float(np.linalg.norm(slope))
            if j == self.label or (length == 0 and score < 0):
                continue
            length = length or 1.0  # the whole part errs: 0 . step >= -score
            yield (
                max(bound, -score / length),
                replace(
                    node,
                    rows=np.vstack([node.rows, slope / length]),
                    offsets=np.append(node.offsets, -score / length),
                    values=np.array([length]),
                    step=None,
                    leaf=True,
                ),
            )

    def _reach(self, slopes: Array, lengths: Array) -> tuple[Array, Array]:
        """Return by how much values can fall and rise within radius and box."""
        ball = np.zeros(len(lengths))
        np.multiply(lengths, self.radius, out=ball, where=lengths > 0)
        if not np.isfinite(self.low).all() or not np.isfinite(self.high).all():
            return ball, ball
        ends = slopes * self.low, slopes * self.high
        up, down = np.maximum(*ends).sum(axis=1), np.minimum(*ends).sum(axis=1)
        return np.minimum(ball, -down), np.minimum(ball, up)

    def _bounds(self) -> tuple[Array, Array]:
        """Return the inequalities of the box."""
        unit = np.eye(len(self.x))
        low, high = np.isfinite(self.low), np.isfinite(self.high)
        rows = np.vstack([unit[low], -unit[high]])
        return rows, np.concatenate([self.low[low], -self.high[high]])

    @staticmethod
    def _node(
        rows: Array,
        offsets: Array,
        layer: int,
        slopes: Array,
        values: Array,
        step: Array | None,
    ) -> _Node:
        undecided = np.zeros(len(values), dtype=bool)
        return _Node(rows, offsets, layer, slopes, values, undecided, undecided, step)

"""Gradients of every sample of any network, a part of the samples at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.func import grad, vmap

from helpers.models import check_agreement
from helpers.sgd_noise.copies import Caller, differentiating
from helpers.sgd_noise.memory import BUDGET, slices
from helpers.sgd_noise.problem import Problem

_GRADIENTS_HELD = (
    4  # a sample's own, its parts before they are joined, and two products
)
_SHOWN = 2  # samples on which both ways are compared


class SampleRows:
    """Gradients J_i' s_i of n samples, with the views that `Factors` has for R = 1.

    J_i is the Jacobian of the outputs of sample i in theta, s_i a row of `slopes`. All
    rows are held if they fit into `memory.BUDGET` and made anew for each view if not.
    """

    def __init__(self, problem: Problem, slopes: Tensor) -> None:
        """Choose how rows are made: for all samples of a part at once, or one by one.

        Some modules (recurrent ones in float64) have no rule for the former; it is
        taken if it gives the same for two samples.
        """
        self._problem, self._slopes = problem, slopes
        self._n = len(slopes)
        each = problem.dimension * problem.like.element_size()
        self._parts = slices(self._n, problem.bytes_each + _GRADIENTS_HELD * each)
        self._one_by_one = not self._together_is_right()
        self._held: Tensor | None = None
        if self._n * each <= BUDGET:
            self._held = torch.cat([self._made(part) for part in self._parts])

    def blocks(self, size: int) -> Iterator[Tensor]:
        """The rows in order, at most `size` at a time, [n_block, D]."""
        for _, rows in self._streamed():
            yield from rows.split(size)

    def rows(self) -> Tensor:
        """The gradients themselves, [1, n, D]."""
        return torch.cat([rows for _, rows in self._streamed()])[None]

    def combine(self, c: Tensor) -> Tensor:
        """Sums of the gradients with weights c, [K, n]: returns [K, D]."""
        total = c.new_zeros(len(c), self._problem.dimension)
        for part, rows in self._streamed():
            total += c[:, part] @ rows
        return total

    def mean(self) -> Tensor:
        """Mean of the gradients, [1, D]."""
        return self.combine(self._slopes.new_full((1, self._n), 1 / self._n))

    def square_sum(self) -> Tensor:
        """Sum over samples of the squared entries of the gradients, [1, D]."""
        total = self._slopes.new_zeros(1, self._problem.dimension)
        for _, rows in self._streamed():
            total += rows.square().sum(0)
        return total

    def dot(self, v: Tensor) -> Tensor:
        """Inner products of the gradients with each row of v, [K, D]: [K, n]."""
        return torch.cat([v @ rows.T for _, rows in self._streamed()], 1)

    def norms(self) -> Tensor:
        """Squared norm of each sample's gradient, [1, n]."""
        parts = [rows.square().sum(1) for _, rows in self._streamed()]
        return torch.cat(parts)[None]

    def gram(self) -> Tensor:
        """Inner products of the gradients of all pairs of samples, [1, n, n]."""
        return torch.cat([self.dot(rows) for _, rows in self._streamed()])[None]

    def _streamed(self) -> Iterator[tuple[slice, Tensor]]:
        """Parts of the samples with their rows."""
        if self._held is not None:
            yield slice(None), self._held
            return
        for part in self._parts:
            yield part, self._made(part)

    def _made(self, part: slice) -> Tensor:
        if self._one_by_one:
            return self._alone(part)
        return self._together(part)

    def _together_is_right(self) -> bool:
        few = slice(_SHOWN)
        try:
            check_agreement(self._together(few), self._alone(few))
        except (RuntimeError, ValueError, NotImplementedError):
            return False
        return True

    def _together(self, part: slice) -> Tensor:
        """Rows of a part by vectorised reverse mode, [n_part, D]."""
        call = Caller(self._problem.net)

        def inner(trained: dict[str, Tensor], x: Tensor, slope: Tensor) -> Tensor:
            return (call(trained, x[None])[0] * slope).sum()

        trained = {name: p.detach() for name, p in self._problem.trained.items()}
        with differentiating(), warnings.catch_warnings():
            # a module without a rule of its own is looped over, which is right too
            warnings.filterwarnings("ignore", "There is a performance drop")
            parts = vmap(grad(inner), (None, 0, 0))(
                trained, self._problem.x[part], self._slopes[part]
            )
        return torch.cat([one.flatten(1) for one in parts.values()], 1).detach()

    def _alone(self, part: slice) -> Tensor:
        """The same rows, one sample after the other."""
        trained = list(self._problem.trained.values())
        rows = []
        with differentiating():
            pairs = zip(
                self._problem.x[part].split(1), self._slopes[part].split(1), strict=True
            )
            for x, slope in pairs:
                value = (self._problem.call(x) * slope).sum()
                parts = torch.autograd.grad(value, trained, materialize_grads=True)
                rows.append(torch.cat([one.flatten() for one in parts]))
        return torch.stack(rows)

"""The covariance of minibatch gradients as an operator that is never formed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from torch import Tensor, nn

from helpers.sgd_noise.arguments import check_batch, read_count, read_seed, to_numpy
from helpers.sgd_noise.factors import Factors
from helpers.sgd_noise.operators import SymmetricOperator
from helpers.sgd_noise.per_sample import sample_gradients
from helpers.training import Loss

Array = NDArray[np.float64]
_DRAWS_AT_ONCE = 16
_ZERO = 1e-12  # share of the first eigenvalue that is rounding


class GradientNoise(SymmetricOperator):
    """Covariance Sigma of the noise of a minibatch gradient.

    Zhu et al. 2019: Sigma = (1/B) [(1/N) sum_i g_i g_i' - gbar gbar'] for a batch of B
    of the N samples drawn with replacement; without, (N - B) / (N - 1) times that.

    A symmetric scipy LinearOperator [D, D]: `noise @ v` takes vectors [D] and blocks
    [D, k]. Sigma is never formed. For Linear layers and activations neither are the N
    gradients, and a product costs less than a gradient of all samples. For any other
    network they are held where they fit into a GiB, and made anew, a part of the
    samples at a time, for each product where they do not.

    Network and data may change later: the operator does not.

    Attributes:
        gradient: gbar, the gradient of the mean loss, [D].
    """

    def __init__(
        self,
        net: nn.Module,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        *,
        loss: str | Loss = "cross_entropy",
        replace: bool = True,
    ) -> None:
        """Take the gradients of all samples once.

        Args:
            net: as in `per_sample_gradients`.
            x: inputs, [N, ...].
            y: targets, [N, ...].
            batch_size: B, 1..N.
            loss: as in `per_sample_gradients`.
            replace: whether a batch is drawn with replacement.

        Raises:
            TypeError, ValueError: as `per_sample_gradients`, or B out of range.
        """
        self._factors = sample_gradients(net, x, y, loss)
        n = len(y)
        check_batch(batch_size, n)
        self._batch, self._n, self._replace = batch_size, n, replace
        self._scale = noise_scale(batch_size, n, replace=replace)
        self._mean = self._factors.mean()
        self.gradient: Array = to_numpy(self._mean[0])
        if not np.isfinite(self.gradient).all():
            raise ValueError("the gradient of the loss must be finite, got NaN or inf")
        super().__init__(len(self.gradient))

    def trace(self) -> float:
        """Tr Sigma = E||noise||^2."""
        second = self._factors.norms().double().mean()
        trace = float(second - self._mean.double().square().sum())
        return self._scale * max(trace, 0.0)

    def diagonal(self) -> Array:
        """Diagonal of Sigma: the variance of each entry of the noise, [D]."""
        second = self._factors.square_sum().double() / self._n
        variance = (second - self._mean.double() ** 2).clamp_min(0)
        return self._scale * to_numpy(variance[0])

    def top(self, k: int) -> tuple[Array, Array]:
        """The k largest eigenvalues, descending, [k], and eigenvectors, [D, k].

        From the N x N Gram matrix of the centred gradients, which has the same nonzero
        eigenvalues.

        Raises:
            ValueError: k not in 1..min(N, D), or Sigma has fewer nonzero eigenvalues.

        Cost: O(N^2 (width + k)).
        """
        k = read_count("k", k, min(self._n, self.shape[0]))
        gram = to_numpy(self._factors.gram()[0])
        gram = gram - gram.mean(axis=0) - gram.mean(axis=1, keepdims=True) + gram.mean()
        values, c = eigh(gram, subset_by_index=[self._n - k, self._n - 1])
        values, c = values[::-1], c[:, ::-1]
        rank = np.count_nonzero(values > _ZERO * values[0])
        if rank < k:
            raise ValueError(f"Sigma has rank {rank}, got k = {k}")
        vectors = self._combine((c - c.mean(axis=0)).T)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return self._scale / self._n * values, vectors.T

    def sample(self, n: int, *, seed: int, gaussian: bool = False) -> Array:
        """Draw the noise of minibatches, or Gaussian noise of the same covariance.

        The former are gradients of minibatches minus gbar. A Gaussian draw is
        sum_i w_i g_i with w_i = sqrt(scale / N) (z_i - zbar), z standard normal: exact.

        Args:
            n: number of draws, >= 1.
            seed: integer >= 0.
            gaussian: which of the two.

        Returns:
            [n, D]. Cost: less than a gradient of all samples a draw.

        Raises:
            ValueError: n below 1, or the seed below 0.
        """
        n = read_count("n", n)
        rng = np.random.default_rng(read_seed(seed, least=0))
        if gaussian:
            z = rng.normal(size=(n, self._n))
            z -= z.mean(axis=1, keepdims=True)
            return self._combine(math.sqrt(self._scale / self._n) * z)
        weights = np.full((n, self._n), -1 / self._n)
        for row in weights:
            chosen = rng.choice(self._n, self._batch, replace=self._replace)
            np.add.at(row, chosen, 1 / self._batch)
        return self._combine(weights)

    def rows(self) -> Array:
        """Centred gradients n_i with Sigma = sum_i n_i n_i', [N, D]."""
        return np.concatenate(list(self.row_blocks(self._n)))

    def row_blocks(self, size: int) -> Iterator[Array]:
        """The same, `size` rows at a time or fewer, [n_block, D]."""
        for block in self._factors.blocks(size):
            rows = to_numpy(block - self._mean)
            yield math.sqrt(self._scale / self._n) * rows

    def dense(self) -> Array:
        """Sigma itself, [D, D]; 8 D^2 bytes."""
        total = np.zeros(self.shape)
        for rows in self.row_blocks(self._n):
            total += rows.T @ rows
        return total

    def _matmat(self, v: Array) -> Array:
        block = torch.as_tensor(np.ascontiguousarray(v.T)).to(self._mean)
        c = self._factors.dot(block)
        c = (c - c.mean(-1, keepdim=True)) * (self._scale / self._n)
        return to_numpy(self._factors.combine(c)).T

    def _matvec(self, v: Array) -> Array:
        return self._matmat(v.reshape(-1, 1))[:, 0]

    def _combine(self, weights: Array) -> Array:
        c = torch.as_tensor(np.ascontiguousarray(weights)).to(self._mean)
        at_once = _DRAWS_AT_ONCE if isinstance(self._factors, Factors) else len(c)
        parts = [self._factors.combine(part) for part in torch.split(c, at_once)]
        return to_numpy(torch.cat(parts))


def noise_scale(batch_size: int, n: int, *, replace: bool) -> float:
    """Covariance of a minibatch mean over that of one sample."""
    return 1 / batch_size * (1 if replace else (n - batch_size) / max(n - 1, 1))

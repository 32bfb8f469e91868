"""The Hessian of the loss as an operator, its trace and its top eigenvectors."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn
from torch.autograd import grad
from torch.func import functional_call

from helpers.sgd_noise.per_sample import Stack, piecewise_linear, read_data, read_loss
from helpers.training import Loss

Array = NDArray[np.float64]
_DENSE = 64  # matrices up to this size are diagonalised whole
_ELEMENTS_AT_ONCE = 2**19  # inputs times vectors of one block of products


class Symmetric(Protocol):
    """A symmetric matrix or scipy LinearOperator [D, D]."""

    shape: tuple[int, int]

    def __matmul__(self, other: Array) -> Array:
        """The product with a vector or a block."""
        ...


class HessianOperator(LinearOperator):
    """Hessian H of the mean loss in the trained parameters; products, never formed.

    A symmetric scipy LinearOperator [D, D]: `h @ v` takes vectors [D] and blocks
    [D, k]; one product costs about two gradients.
    """

    def __init__(
        self,
        net: nn.Module,
        x: Tensor,
        y: Tensor,
        *,
        loss: str | Loss = "cross_entropy",
    ) -> None:
        """Keep the network's parameters as they are now.

        Args:
            net: any differentiable module; theta are the D parameters with
                requires_grad, in the order of `net.parameters()`.
            x: inputs, [n, n_in].
            y: targets: classes [n], or as the loss takes them.
            loss: "cross_entropy", "mse" or a callable (outputs, targets) -> mean.

        Raises:
            ValueError: shapes that do not match, no trainable parameter, unknown loss.
        """
        named = {n: p.detach().clone() for n, p in net.named_parameters()}
        for name, p in net.named_parameters():
            named[name].requires_grad_(p.requires_grad)
        self._trained = [p for p in named.values() if p.requires_grad]
        if not self._trained:
            raise ValueError("net has no parameter with requires_grad")
        self._x, self._y = read_data(x, y, self._trained[0])
        self._net, self._named, self._criterion = net, named, read_loss(loss)
        with torch.enable_grad():
            outputs = functional_call(net, named, (self._x,))
            value = self._criterion(outputs, self._y)
            parts = grad(value, self._trained, create_graph=True)
        self._gradient = torch.cat([part.flatten() for part in parts])
        size = len(self._gradient)
        super().__init__(np.float64, (size, size))

    def trace(self) -> float:
        """Tr H.

        A piecewise linear network is linear in each single weight, so only the
        Gauss-Newton part counts: Tr H = (1/n) sum_i Tr(J_i A_i J_i'), J_i' the Jacobian
        of the outputs of sample i and A_i the Hessian of the loss in them. That costs
        n_out gradients; for other networks the trace costs D products.
        """
        if piecewise_linear(self._net):
            return self._gauss_newton_trace(Stack([self._net]))
        return float(np.trace(self.dense()))

    def _gauss_newton_trace(self, stack: Stack) -> float:
        """(1/n) sum_i Tr(J_i A_i J_i'), one eigenvector of all A_i at a time."""
        inner = self._output_hessians(stack.outputs(self._x)[0].detach())
        values, vectors = torch.linalg.eigh(inner)
        total = 0.0
        for value, vector in zip(values.T, vectors.movedim(-1, 0), strict=True):
            along = stack.factors(self._x, lambda out, v=vector: (out * v).sum())
            total += float((value * along.norms()[0]).double().mean())
        return total

    def _output_hessians(self, outputs: Tensor) -> Tensor:
        """A_i, the Hessian of sample i's loss in its outputs, [n, n_out, n_out]."""
        with torch.enable_grad():
            outputs.requires_grad_()
            total = self._criterion(outputs, self._y) * len(outputs)
            (slope,) = grad(total, outputs, create_graph=True)
            options = {"retain_graph": True, "materialize_grads": True}
            rows = [grad(part.sum(), outputs, **options)[0] for part in slope.T]
        return torch.stack(rows, 1)

    def dense(self) -> Array:
        """H itself, [D, D]; D products and 8 D^2 bytes."""
        full = self._matmat(np.eye(self.shape[0]))
        return (full + full.T) / 2

    def _matmat(self, v: Array) -> Array:
        rows = torch.as_tensor(np.ascontiguousarray(v.T)).to(self._gradient)
        at_once = max(1, _ELEMENTS_AT_ONCE // (self._x.numel() + rows.shape[1]))
        blocks = [self._product(part, batched=True) for part in rows.split(at_once)]
        return torch.cat(blocks).double().numpy().T

    def _matvec(self, v: Array) -> Array:
        vector = torch.as_tensor(v.reshape(-1)).to(self._gradient)
        return self._product(vector, batched=False).double().numpy()

    def _product(self, v: Tensor, *, batched: bool) -> Tensor:
        """Differentiate <gradient, v>; rows of v one by one if batched."""
        parts = grad(
            self._gradient,
            self._trained,
            v,
            retain_graph=True,
            is_grads_batched=batched,
            materialize_grads=True,
        )
        return torch.cat([part.flatten(int(batched)) for part in parts], -1)

    def _adjoint(self) -> HessianOperator:
        return self


def hessian(
    net: nn.Module, x: Tensor, y: Tensor, *, loss: str | Loss = "cross_entropy"
) -> Array:
    """Hessian of the mean loss in the trained parameters, symmetric [D, D].

    At a kink of ReLU it is the Hessian of the piece that autograd takes. Arguments and
    errors as in `HessianOperator`.

    Cost: D products of about two gradients each; 0.7 s for D = 1210 and n = 1000 on
    one core.
    """
    return HessianOperator(net, x, y, loss=loss).dense()


def top_eigenpairs(
    operator: Symmetric | ArrayLike, k: int, *, tol: float = 0.0, seed: int = 0
) -> tuple[Array, Array]:
    """The k algebraically largest eigenvalues and their eigenvectors, by Lanczos.

    Args:
        operator: symmetric [D, D]: an array or a scipy LinearOperator, such as
            `HessianOperator` and `GradientNoise`.
        k: 1..D.
        tol: relative accuracy of the eigenvalues; 0 is machine precision.
        seed: of the starting vector.

    Returns:
        Eigenvalues, descending, [k], and unit eigenvectors, [D, k].

    Raises:
        ValueError: not square, or k out of range.

    Cost: about 3 k products; small or nearly whole problems are solved densely.
    """
    matrix = operator if hasattr(operator, "matvec") else np.asarray(operator, float)
    n = matrix.shape[0]
    if matrix.shape != (n, n):
        raise ValueError(f"operator must be square, got shape {matrix.shape}")
    if not 1 <= k <= n:
        raise ValueError(f"k must be in 1..{n}, got {k!r}")
    if n <= _DENSE or k > n // 2:
        full = matrix @ np.eye(n)
        values, vectors = eigh((full + full.T) / 2, subset_by_index=[n - k, n - 1])
    else:
        start = np.random.default_rng(seed).normal(size=n)
        values, vectors = eigsh(matrix, k, which="LA", v0=start, tol=tol)
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]

"""The Hessian of the loss as an operator, and its trace."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd import grad
from torch.func import functional_call

from helpers.sgd_noise.arguments import read_data
from helpers.sgd_noise.losses import read_loss
from helpers.sgd_noise.operators import SymmetricOperator
from helpers.sgd_noise.per_sample import Stack, piecewise_linear
from helpers.training import Loss

Array = NDArray[np.float64]
_ELEMENTS_AT_ONCE = 2**19  # numbers a layer holds in one block of products


class HessianOperator(SymmetricOperator):
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
        super().__init__(len(self._gradient))

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
            along = stack.factors(self._x, partial(_inner, vector))
            total += float((value * along.norms()[0]).double().mean())
        return total

    def _output_hessians(self, outputs: Tensor) -> Tensor:
        """A_i, the Hessian of sample i's loss in its outputs, [n, n_out, n_out]."""
        with torch.enable_grad():
            outputs.requires_grad_()
            total = self._criterion(outputs, self._y) * len(outputs)
            (slope,) = grad(total, outputs, create_graph=True)
            rows = [
                grad(part.sum(), outputs, retain_graph=True, materialize_grads=True)[0]
                for part in slope.T
            ]
        return torch.stack(rows, 1)

    def dense(self) -> Array:
        """H itself, [D, D]; D products and 8 D^2 bytes."""
        full = self._matmat(np.eye(self.shape[0]))
        return (full + full.T) / 2

    def _matmat(self, v: Array) -> Array:
        rows = torch.as_tensor(np.ascontiguousarray(v.T)).to(self._gradient)
        widest = max(self._x.shape[1], *(len(p) for p in self._named.values()))
        at_once = max(1, _ELEMENTS_AT_ONCE // (len(self._x) * widest + rows.shape[1]))
        blocks = [
            self._product(part, batched=True) for part in torch.split(rows, at_once)
        ]
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


def _inner(vector: Tensor, outputs: Tensor) -> Tensor:
    """Inner product with the outputs of all samples."""
    return (outputs * vector).sum()

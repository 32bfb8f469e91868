"""The gradients of every sample, by the route that a network allows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from helpers.models import check_evaluation
from helpers.sgd_noise.arguments import read_sample
from helpers.sgd_noise.copies import recording
from helpers.sgd_noise.factors import Factors
from helpers.sgd_noise.losses import read_loss, read_targets
from helpers.sgd_noise.problem import Problem
from helpers.sgd_noise.sample_rows import SampleRows
from helpers.sgd_noise.stack import Stack, read_stack
from helpers.training import Loss


def per_sample_gradients(
    net: nn.Module, x: Tensor, y: Tensor, *, loss: str | Loss = "cross_entropy"
) -> NDArray[np.floating]:
    """Gradient of the loss of every single sample, g_i = grad l(x_i; theta).

    Args:
        net: a module that treats each sample alone, in eval mode where that matters.
            theta are the D parameters with requires_grad, in the order of
            `net.parameters()`; one that is used in several places counts once.
        x: inputs, [n, ...]: rows, images, tokens of an Embedding.
        y: targets: classes [n] in 0..C - 1; for "mse" floating point, shaped as the
            outputs; or as the callable takes them.
        loss: "cross_entropy", "mse" or a callable (outputs, targets) -> mean over
            samples.

    Returns:
        [n, D], of the network's dtype.

    Raises:
        TypeError: net is no module, or data are no numbers.
        ValueError: batch norm or dropout in train mode, shapes that do not match,
            numbers that are not finite, labels that are no classes, no trainable
            parameter, half precision, unknown loss or one that is not a mean over
            samples.

    Cost: a gradient of the whole batch, and writing n D numbers; for other networks
    than Linear layers and activations about two gradients of the batch.
    """
    return sample_gradients(net, x, y, loss).rows()[0].cpu().numpy()


def sample_gradients(
    net: nn.Module, x: Tensor, y: Tensor, loss: str | Loss
) -> Factors | SampleRows:
    """Gradients of every sample: factored where all layers are Linear or elementwise.

    Nothing of the caller's is referred to by what is returned. Arguments and errors as
    in `per_sample_gradients`.
    """
    check_evaluation(net)
    with recording():
        stack = read_stack(net, x)
        if stack is not None:
            return _factored(stack, net, x, y, loss)
        problem = Problem(net, x, y, loss)
        return SampleRows(problem, problem.output_slopes())


def _factored(
    stack: Stack, net: nn.Module, x: Tensor, y: Tensor, loss: str | Loss
) -> Factors:
    x, y = read_sample(x, y, net)
    stack.check_inputs(x)
    criterion = read_loss(loss)

    def total(outputs: Tensor) -> Tensor:
        own = read_targets(y, criterion, outputs[0].detach())
        stack.check([net], x, outputs)
        return criterion(outputs[0], own) * len(own)

    return stack.factors(x, total)

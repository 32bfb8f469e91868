"""A caller's network, data and loss as they were when they were given."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from helpers.models import check_agreement, check_evaluation, check_finite
from helpers.sgd_noise.arguments import read_sample
from helpers.sgd_noise.copies import Caller, check_copy, differentiating, private_copy
from helpers.sgd_noise.losses import read_loss, read_targets
from helpers.sgd_noise.memory import saved_bytes, slices
from helpers.sgd_noise.stack import read_stack
from helpers.training import Loss

_SHOWN = 3  # samples that are looked at alone
_RAISED = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


class Problem:
    """The mean loss of any network on n samples, and its gradient; a private copy.

    Attributes:
        net: the copy. theta are its D parameters with requires_grad, in the order of
            `net.parameters()`, each once however often the network uses it.
        trained: those by name.
        x: inputs, [n, ...].
        y: targets, [n, ...].
        loss: (outputs, targets) -> mean over samples.
        outputs: of the network for all samples, [n, ...].
        stack: the network layer by layer where it is one of Linear layers and
            activations and x is [n, n_in]; None for any other.
    """

    def __init__(self, net: nn.Module, x: Tensor, y: Tensor, loss: str | Loss) -> None:
        """Copy and check.

        Raises:
            TypeError: no module.
            ValueError: train mode of what depends on it, numbers that are not finite,
                nothing to train, data or outputs that do not match, a network that does
                not treat each sample alone.
        """
        check_evaluation(net)
        with differentiating():
            check_finite(net)
            self.net = private_copy(net)
            self.trained = trained_parameters(self.net)
            self.x, self.y = read_sample(x, y, self.net)
            own = copy.deepcopy(loss) if isinstance(loss, nn.Module) else loss
            self.loss = read_loss(own)
            self.stack = read_stack(self.net, self.x)
            if self.stack is None:
                with torch.random.fork_rng(devices=[]):
                    self._check(net)
            else:
                self.stack.check_inputs(self.x)
            self.outputs = self._all_outputs()
            self.y = read_targets(self.y, self.loss, self.outputs)
            if self.stack is not None:
                few = self.x[:_SHOWN]
                check_agreement(self.stack.outputs(few)[0], self.outputs[:_SHOWN])

    @property
    def dimension(self) -> int:
        """D, the number of trained parameters."""
        return sum(p.numel() for p in self.trained.values())

    @property
    def like(self) -> Tensor:
        """A tensor of the dtype and on the device of the parameters."""
        return next(iter(self.trained.values())).detach()

    @cached_property
    def bytes_each(self) -> int:
        """What a sample takes while the gradient is differentiated again.

        Measured: the tensors that autograd keeps for two samples less those for one,
        twice, since a backward pass makes derivatives as large as what it reads.
        """
        if self.stack is not None:
            # kept once by each backward pass, and made once more by it
            return 4 * self.stack.numbers * self.x.element_size()
        if len(self.x) == 1:
            return 0
        one, two = (saved_bytes(partial(self.slope, slice(k))) for k in (1, 2))
        own = self.x[0].numel() * self.x.element_size()
        return 2 * max(two - one, own)

    def parts(self) -> list[slice]:
        """The samples in parts that fit into memory with what a gradient keeps."""
        return slices(len(self.x), self.bytes_each)

    def call(self, x: Tensor) -> Tensor:
        """Outputs of the copy; x is left as it is by layers that work in place.

        Raises:
            ValueError: the network does not take x, or gives something else than a
                tensor with a row for each sample.
        """
        try:
            found = self.net(x.clone())
        except _RAISED as error:
            raise ValueError(
                f"net does not take x of shape {list(x.shape)} and {x.dtype}: {error}"
            ) from error
        if not isinstance(found, Tensor) or found.ndim == 0 or len(found) != len(x):
            got = list(found.shape) if isinstance(found, Tensor) else type(found)
            raise ValueError(
                f"net must give a tensor [n, ...] for x of shape {list(x.shape)}, "
                f"got {got}"
            )
        return found

    def slope(self, part: slice) -> Tensor:
        """Part of the gradient of the mean loss, [D], that can be differentiated."""
        with differentiating():
            value = self.loss(self.call(self.x[part]), self.y[part])
            share = len(self.x[part]) / len(self.x)
            parts = torch.autograd.grad(
                value * share,
                list(self.trained.values()),
                create_graph=True,
                materialize_grads=True,
            )
            return torch.cat([one.flatten() for one in parts])

    def output_slopes(self) -> Tensor:
        """Gradient of each sample's loss in its outputs, [n, ...]."""
        with differentiating():
            outputs = self.outputs.clone().requires_grad_()
            total = self.loss(outputs, self.y) * len(outputs)
            (slopes,) = torch.autograd.grad(total, outputs, materialize_grads=True)
        return slopes

    def losses(self, steps: Tensor) -> Iterator[float]:
        """The mean loss at theta + step, for each row of steps, [K, D]."""
        sizes = [p.numel() for p in self.trained.values()]
        for step in steps.to(self.like):
            pairs = zip(self.trained.items(), step.split(sizes), strict=True)
            moved = {name: p.detach() + s.view_as(p) for (name, p), s in pairs}
            with differentiating(), torch.no_grad():
                yield sum(self._moved_loss(moved, part) for part in self.parts())

    def _moved_loss(self, moved: dict[str, Tensor], part: slice) -> float:
        outputs = Caller(self.net)(moved, self.x[part])
        value = self.loss(outputs, self.y[part]).double()
        return float(value) * len(self.x[part]) / len(self.x)

    def _all_outputs(self) -> Tensor:
        with torch.no_grad():
            return torch.cat(
                [self.call(self.x[part]) for part in self._forward_parts()]
            )

    def _forward_parts(self) -> list[slice]:
        if self.stack is not None:
            return self.parts()
        with torch.enable_grad():
            one = saved_bytes(lambda: self.call(self.x[:1]))
        return slices(len(self.x), one)

    def _check(self, net: nn.Module) -> None:
        """Raise unless copy and original agree, and each sample is treated alone."""
        few = self.x[:_SHOWN]
        together = self.call(few)
        if not together.requires_grad:
            raise ValueError(
                "net must be differentiable: autograd finds no way from its outputs to "
                "its parameters with requires_grad"
            )
        alone = torch.cat([self.call(one) for one in few.split(1)])
        try:
            check_agreement(alone.detach(), together)
        except ValueError as error:
            raise ValueError(
                "net must give each sample the same outputs alone as in a batch, each "
                "time; batch statistics and random draws do not: call net.eval(), or "
                f"take them out ({error})"
            ) from error
        check_copy(self.net, net, few)


def trained_parameters(net: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters with requires_grad by name, each once, or ValueError."""
    trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
    if not sum(p.numel() for p in trained.values()):
        raise ValueError("net has no parameter with requires_grad")
    return trained

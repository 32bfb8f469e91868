"""One training loop for every chapter: seeded, recorded, stopped when it diverges."""

import math
import operator
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from tqdm import tqdm

from helpers.devices import same_random_state, seed_generators
from helpers.training_checks import (
    check_batches,
    check_classes,
    check_counts,
    mse,
    placed,
    same_shape,
)

__all__ = [
    "DivergedError",
    "History",
    "Loss",
    "Record",
    "train",
]

Loss = Callable[[Tensor, Tensor], Tensor]
"""(outputs [n, n_out], targets) -> scalar mean over the n samples."""

T = TypeVar("T")

_CHUNK = 256  # samples per forward pass of a record


@dataclass(frozen=True)
class Record:
    """The network after `epoch` epochs; None where there is nothing to measure.

    Attributes:
        epoch: number of finished epochs, 0 at initialisation.
        loss: mean loss over the whole training set.
        accuracy: share of right answers on it, in [0, 1].
        test_loss: mean loss over the test set.
        test_accuracy: share of right answers on it.
        seconds: time spent in gradient steps so far, without the measurements.
    """

    epoch: int
    loss: float
    accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    seconds: float


@dataclass(frozen=True, eq=False)
class History:
    """The records of one training run, one array of shape [n_records] per quantity.

    Named as in `Record`, None if not measured; entry 0 is the initialisation.
    """

    epoch: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray | None
    test_loss: np.ndarray | None
    test_accuracy: np.ndarray | None
    seconds: np.ndarray


class DivergedError(FloatingPointError):
    """The loss is no longer finite; `history` holds the records before that."""

    history: History


def train(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    loss: str | Loss = "cross_entropy",
    optimizer: str | Callable[[list[nn.Parameter]], Optimizer] = "adam",
    lr: float | None = None,
    batch_size: int | None,
    epochs: int,
    seed: int,
    x_test: Tensor | None = None,
    y_test: Tensor | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    on_epoch: Callable[[int, nn.Module, Record], None] | None = None,
    record_every: int = 1,
    progress: bool = True,
) -> History:
    """Train a network in place by minibatch gradient descent.

    Every epoch visits each sample once, in an order drawn from `seed`. The same
    arguments give bit-identical weights on the same machine: torch's global generator,
    from which dropout and `augment` draw, is set from `seed` during the call and put
    back afterwards, on the CPU and the network's device. Data go to that device, and
    floating-point data to the network's dtype. Modules keep the mode they come in (a
    frozen batch norm stays frozen); for the records and for `on_epoch` all are in eval
    mode.

    Args:
        net: the trainable parameters are those with requires_grad.
        x: inputs, [n, ...].
        y: targets: integer classes [n], or floating point, shaped as the output. The
            accuracy is recorded for integer classes.
        loss: "cross_entropy", "mse", or a callable (outputs, targets) -> mean.
        optimizer: "adam", "sgd" (no momentum), or a callable that gets the list of
            trainable parameters and returns an optimizer.
        lr: learning rate > 0 for a named optimizer; leave out for a callable.
        batch_size: 1..n, the last batch may be smaller; None is full-batch descent.
        epochs: passes over the data, >= 0.
        seed: integer seed of the order and of torch's generator during the call.
        x_test: test inputs, [n_test, ...], together with `y_test`.
        y_test: test targets.
        augment: applied to each batch of inputs before the step, not to the records;
            draws from torch's global generator, such as
            `lambda x: x + 0.1 * torch.randn_like(x)`.
        on_epoch: called as on_epoch(epoch, net, record) after each record, the one at
            initialisation (epoch 0) included; autograd is on.
        record_every: epochs between records; the last epoch is always recorded.
        progress: show a progress bar on stderr (TQDM_DISABLE=1 hides it).

    Returns:
        The records as arrays. A record costs one forward pass over all data.

    Raises:
        ValueError: an argument out of range; inputs or targets that are not finite;
            labels that are no classes of `net`; targets that would broadcast; a last
            batch of one sample that a batch norm cannot take.
        TypeError: integer targets with loss "mse"; an argument of another kind.
        DivergedError: the loss is not finite; the history so far is attached. On an
            accelerator this is seen at the end of the epoch, after its other steps.
    """
    parameters = _trainable(net)
    x, y = placed(x, y, parameters[0])
    check_counts(len(x), batch_size, epochs, record_every)
    test = None
    if x_test is not None or y_test is not None:
        test = placed(x_test, y_test, parameters[0], "_test")
    criterion = _loss(loss)
    if loss == "cross_entropy":
        y = check_classes(net, x, y)
        test = test and (test[0], check_classes(net, *test, "_test"))
    check_batches(net, x, batch_size)
    stepper = _optimizer(optimizer, parameters, lr)
    order = _generator(seed)
    recorder = _Recorder(net, (x, y), test, criterion, stepper, on_epoch)
    bar: Iterable[int] = range(1, epochs + 1)
    if progress:
        bar = tqdm(bar, desc="training", unit="epoch", leave=False)
    try:
        with same_random_state(x.device):
            seed_generators(order.initial_seed(), x.device)
            recorder.record(0)
            for epoch in bar:
                with recorder.timed():
                    batches = _batches(x, batch_size, order)
                    _descend(net, x, y, criterion, stepper, batches, augment, epoch)
                if epoch % record_every == 0 or epoch == epochs:
                    recorder.record(epoch)
    except DivergedError as error:
        error.history = recorder.history()
        raise
    stepper.zero_grad()
    return recorder.history()


@dataclass(eq=False)
class _Recorder:
    """What a run has seen so far, and the seconds that its steps took."""

    net: nn.Module
    data: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor] | None
    loss: Loss
    stepper: Optimizer
    on_epoch: Callable[[int, nn.Module, Record], None] | None
    seconds: float = 0.0
    records: list[Record] = field(default_factory=list)

    def record(self, epoch: int) -> None:
        """Measure the network after so many epochs; raise DivergedError if it has."""
        with _eval_mode(self.net):
            value, accuracy = _evaluated(self.net, *self.data, self.loss)
            if not math.isfinite(value):
                raise _diverged(value, f"the end of epoch {epoch}", self.stepper)
            test_loss, test_accuracy = (
                _evaluated(self.net, *self.test, self.loss)
                if self.test
                else (None, None)
            )
            made = Record(
                epoch, value, accuracy, test_loss, test_accuracy, self.seconds
            )
            self.records.append(made)
            if self.on_epoch is not None:
                self.on_epoch(epoch, self.net, made)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the seconds of the block."""
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start

    def history(self) -> History:
        """Return the records as one array per quantity, None if not measured."""
        return History(
            epoch=np.array([one.epoch for one in self.records]),
            loss=np.array([one.loss for one in self.records]),
            accuracy=_measured([one.accuracy for one in self.records]),
            test_loss=_measured([one.test_loss for one in self.records]),
            test_accuracy=_measured([one.test_accuracy for one in self.records]),
            seconds=np.array([one.seconds for one in self.records]),
        )


def _measured(column: list[float | None]) -> np.ndarray | None:
    return None if None in column else np.array(column)


def _batches(
    x: Tensor, batch_size: int | None, order: torch.Generator
) -> Iterable[Tensor | slice]:
    """Return the batches of one epoch, drawn anew."""
    if batch_size is None:
        return (slice(None),)
    shuffled = torch.randperm(len(x), generator=order).to(x.device)
    batches: tuple[Tensor, ...] = shuffled.split(batch_size)
    return batches


def _descend(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    loss: Loss,
    stepper: Optimizer,
    batches: Iterable[Tensor | slice],
    augment: Callable[[Tensor], Tensor] | None,
    epoch: int,
) -> None:
    """Take one gradient step per batch; raise DivergedError at the first bad loss.

    An accelerator is not waited for in each step: its losses are read at the end.
    """
    unread = []
    for step, batch in enumerate(batches, start=1):
        inputs = x[batch] if augment is None else augment(x[batch])
        stepper.zero_grad()
        value = loss(net(inputs), y[batch])
        if not _waits(value.device):
            unread.append(value.detach())
        elif not math.isfinite(value.item()):
            raise _diverged(value.item(), f"epoch {epoch}, step {step}", stepper)
        value.backward()
        stepper.step()
    for step, loss_of_step in enumerate(_numbers(unread), start=1):
        if not math.isfinite(loss_of_step):
            raise _diverged(loss_of_step, f"epoch {epoch}, step {step}", stepper)


def _waits(device: torch.device) -> bool:
    """Whether a number on the device is there as soon as it is asked for."""
    return device.type == "cpu"


def _numbers(values: list[Tensor]) -> list[float]:
    """Return single numbers of a device, which is waited for once."""
    numbers: list[float] = torch.stack(values).tolist() if values else []
    return numbers


def _diverged(loss: float, where: str, stepper: Optimizer) -> DivergedError:
    """Return the error that says where the loss went."""
    lr = stepper.param_groups[0]["lr"]
    return DivergedError(f"loss is {loss} at {where} (lr {lr:g})")


@torch.no_grad()
def _evaluated(
    net: nn.Module, x: Tensor, y: Tensor, loss: Loss
) -> tuple[float, float | None]:
    """Return mean loss and accuracy (None without classes) over all samples."""
    losses, hits, classes = [], [], not y.is_floating_point()
    parts = x.split(_CHUNK)
    for inputs, targets in zip(parts, y.split(_CHUNK), strict=True):
        outputs = net(inputs)
        losses.append(loss(outputs, targets))
        classes = classes and outputs.ndim == 2 and outputs.shape[1] > 1
        if classes:
            hits.append((outputs.argmax(dim=1) == targets).sum())
    found = zip(_numbers(losses), parts, strict=True)
    total = sum(value * len(part) for value, part in found)
    return total / len(x), sum(_numbers(hits)) / len(x) if classes else None


_LOSSES: dict[str, Loss] = {"cross_entropy": functional.cross_entropy, "mse": mse}
_OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adam": partial(torch.optim.Adam, fused=True),
    "sgd": torch.optim.SGD,
}


def _loss(loss: str | Loss) -> Loss:
    """Return the loss function, or raise."""
    if callable(loss):
        return same_shape(loss, getattr(loss, "__name__", type(loss).__name__))
    return _named("loss", loss, _LOSSES)


def _optimizer(
    optimizer: str | Callable[[list[nn.Parameter]], Optimizer],
    parameters: list[nn.Parameter],
    lr: float | None,
) -> Optimizer:
    """Return the optimizer of the parameters, or raise."""
    if callable(optimizer):
        if lr is not None:
            raise ValueError(f"lr is set by the callable optimizer, got lr={lr!r} too")
        return optimizer(parameters)
    make = _named("optimizer", optimizer, _OPTIMIZERS)
    if lr is None or not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr must be finite and > 0, got {lr!r}")
    return make(parameters, lr=lr)


def _named(
    argument: str, name: str, table: dict[str, Callable[..., T]]
) -> Callable[..., T]:
    """Return the entry of that name, or raise."""
    if name not in table:
        allowed = " or ".join(map(repr, table))
        raise ValueError(f"{argument} must be {allowed} or a callable, got {name!r}")
    return table[name]


def _trainable(net: nn.Module) -> list[nn.Parameter]:
    """Return the parameters with requires_grad, or raise if there is none."""
    parameters = [p for p in net.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("net has no parameter with requires_grad, nothing to train")
    return parameters


def _generator(seed: int) -> torch.Generator:
    if not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be an integer, got a {type(seed).__name__}: {seed}")
    return torch.Generator().manual_seed(operator.index(seed))


@contextmanager
def _eval_mode(net: nn.Module) -> Iterator[None]:
    """Switch to eval mode, then put every module back into the mode it was in."""
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training

"""An auxiliary problem: its recipe, the features it is trained on, and the fit."""

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from helpers import training
from helpers.data import Dataset
from helpers.greedy_layerwise.joint_batch import Shared, joint_loss, n_processes, rank
from helpers.greedy_layerwise.network import GreedyNetwork, applied, check_count
from helpers.training import History, Record

Augment = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Recipe:
    """How an auxiliary problem is minimised: SGD whose rate drops in steps.

    The paper on CIFAR-10: 50 epochs a layer in batches of 128, the other values as they
    are here.

    Attributes:
        epochs: passes over the data for each auxiliary problem, >= 1.
        batch_size: images in a step, of all processes together.
        lr: learning rate at the start, > 0.
        momentum: in [0, 1).
        weight_decay: >= 0.
        drop: factor of the learning rate at a drop, in (0, 1].
        drop_every: share of the epochs after which it drops, in (0, 1]; 0.3 of 50
            epochs is every 15.

    Raises:
        ValueError: a value out of range.
    """

    epochs: int = 12
    batch_size: int = 64
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    drop: float = 0.2
    drop_every: float = 0.3

    def __post_init__(self) -> None:
        check_count("epochs", self.epochs)
        check_count("batch_size", self.batch_size)
        tests = {
            "lr": (0 < self.lr < math.inf, "finite and > 0"),
            "momentum": (0 <= self.momentum < 1, "in [0, 1)"),
            "weight_decay": (0 <= self.weight_decay < math.inf, "finite and >= 0"),
            "drop": (0 < self.drop <= 1, "in (0, 1]"),
            "drop_every": (0 < self.drop_every <= 1, "in (0, 1]"),
        }
        for name, (passed, allowed) in tests.items():
            if not passed:
                raise ValueError(f"{name} must be {allowed}, got {getattr(self, name)}")

    def lr_in(self, epoch: int) -> float:
        """Return the learning rate in an epoch; the first is epoch 1."""
        drops = math.floor((epoch - 1) / (self.drop_every * self.epochs) + 1e-9)
        return self.lr * self.drop**drops

    def optimizer(self, n: int) -> Callable[[list[nn.Parameter]], Optimizer]:
        """Return what makes the optimizer for n training images."""

        def make(parameters: list[nn.Parameter]) -> Optimizer:
            sgd = torch.optim.SGD(
                parameters,
                self.lr,
                momentum=self.momentum,
                weight_decay=self.weight_decay,
                fused=True,
            )
            steps = itertools.count(1)

            def drop(optimizer: Optimizer, *_: Any) -> None:
                epoch = next(steps) // math.ceil(n / self.batch_size) + 1
                for group in optimizer.param_groups:
                    group["lr"] = self.lr_in(epoch)

            sgd.register_step_post_hook(drop)
            return sgd

        return make


@dataclass(frozen=True)
class Run:
    """What all auxiliary problems of a run share."""

    recipe: Recipe
    keep: str
    augment: Augment | None
    record_every: int
    dtype: torch.dtype
    progress: bool

    def check(self, n: int) -> None:
        """Raise ValueError unless everything is in range, for n training images."""
        check_count("record_every", self.record_every)
        if self.keep not in ("best", "last"):
            raise ValueError(f"keep must be 'best' or 'last', got {self.keep!r}")
        if self.dtype not in (torch.float32, torch.bfloat16):
            raise ValueError(
                f"dtype must be torch.float32 or torch.bfloat16, got {self.dtype}"
            )
        batch = min(self.recipe.batch_size, n)
        last = n % batch or batch
        if last < n_processes():
            raise ValueError(
                f"batch_size {batch} leaves a last batch of {last} images for "
                f"{n_processes()} processes"
            )


@dataclass(frozen=True, eq=False)
class Fitted:
    """The records of an auxiliary problem, and which of them was kept."""

    history: History
    kept: int


class Stage(nn.Module):
    """A frozen trunk and the body that is trained on it, in some precision."""

    def __init__(self, trunk: nn.Module, body: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.trunk, self.body, self.dtype = trunk, body, dtype

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits in float32."""
        mixed = self.dtype != torch.float32
        with torch.autocast(inputs.device.type, self.dtype, enabled=mixed):
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            return self.body(self.trunk(inputs)).float()


class Decoupled(nn.Module):
    """All blocks with their heads, no gradient from one block to the one before."""

    def __init__(self, network: GreedyNetwork) -> None:
        super().__init__()
        self.blocks, self.heads = network.blocks, network.heads

    def forward(self, h: Tensor) -> Tensor:
        """Return the logits of every head, [n, n_classes, L]."""
        logits = []
        for block, head in zip(self.blocks, self.heads, strict=True):
            h = block(h.detach())
            logits.append(head(h))
        return torch.stack(logits, dim=-1)


@dataclass(frozen=True, eq=False)
class Inputs:
    """The data as some layer gives them, and the frozen blocks from there on.

    Attributes:
        data: images replaced by the features of a layer.
        trunk: frozen modules between these features and the layer to train.
        cache_bytes: features larger than this are not kept; 0 keeps none.
    """

    data: Dataset
    trunk: nn.Sequential
    cache_bytes: int

    def after(self, module: nn.Module) -> "Inputs":
        """Return the inputs one frozen module further, kept if they are small."""
        trunk = nn.Sequential(*self.trunk, module).eval().requires_grad_(False)
        if self._bytes(trunk) > self.cache_bytes:
            return replace(self, trunk=trunk)
        parts = (applied(trunk, x) for x in (self.data.x_train, self.data.x_test))
        data = replace(
            self.data, **dict(zip(("x_train", "x_test"), parts, strict=True))
        )
        return replace(self, data=data, trunk=nn.Sequential())

    def features(self) -> Tensor:
        """Return the features of the training images that the next layer gets."""
        return applied(self.trunk, self.data.x_train)

    def _bytes(self, trunk: nn.Module) -> int:
        one = applied(trunk, self.data.x_train[:1])
        return one.nbytes * (len(self.data.x_train) + len(self.data.x_test))


def fit(body: nn.Module, inputs: Inputs, run: Run, seed: int) -> Fitted:
    """Minimise one auxiliary problem; the body is left as `run.keep` says.

    Raises:
        DivergedError: the loss is not finite.
    """
    stage = Stage(inputs.trunk, body, run.dtype).to(memory_format=torch.channels_last)
    keeper = _Keeper(body) if run.keep == "best" else None
    history = _descend(stage, inputs.data, run, seed, keeper)
    kept = len(history.loss) - 1
    if keeper is not None:
        body.load_state_dict(keeper.state)
        kept = int(history.loss.argmin())
    body.eval()
    return Fitted(history, kept)


def fit_all(
    network: GreedyNetwork, inputs: Inputs, run: Run, seed: int
) -> list[Fitted]:
    """Minimise all auxiliary problems at once, each block on what the last gives."""
    body = Decoupled(network)
    stage = Stage(inputs.trunk, body, run.dtype).to(memory_format=torch.channels_last)
    watcher = _Watcher(inputs.data)
    _descend(stage, inputs.data, run, seed, watcher)
    body.eval()
    return [Fitted(history, len(history.loss) - 1) for history in watcher.histories()]


def _descend(
    stage: Stage,
    data: Dataset,
    run: Run,
    seed: int,
    on_epoch: Callable[[int, nn.Module, Record], None] | None,
) -> History:
    shared = Shared(stage).train()
    stage.trunk.eval()
    return training.train(
        shared,
        data.x_train,
        data.y_train,
        loss=joint_loss,
        optimizer=run.recipe.optimizer(len(data.x_train)),
        batch_size=min(run.recipe.batch_size, len(data.x_train)),
        epochs=run.recipe.epochs,
        seed=seed,
        x_test=data.x_test,
        y_test=data.y_test,
        augment=run.augment,
        on_epoch=on_epoch,
        record_every=run.record_every,
        progress=run.progress and rank() == 0,
    )


class _Keeper:
    """Keeps the weights of the least training loss so far."""

    def __init__(self, body: nn.Module) -> None:
        self.body, self.loss = body, math.inf
        self.state: dict[str, Tensor] = {}

    def __call__(self, _epoch: int, _net: nn.Module, record: Record) -> None:
        if record.loss < self.loss:
            self.loss = record.loss
            self.state = {n: t.clone() for n, t in self.body.state_dict().items()}


class _Watcher:
    """Measures every head after each epoch."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.records: list[list[Record]] = []

    def __call__(self, epoch: int, net: nn.Module, record: Record) -> None:
        train = _by_head(net, self.data.x_train, self.data.y_train)
        test = _by_head(net, self.data.x_test, self.data.y_test)
        columns = zip(*train, *test, strict=True)
        self.records.append([Record(epoch, *row, record.seconds) for row in columns])

    def histories(self) -> list[History]:
        by_head = zip(*self.records, strict=True)
        return [as_history([asdict(record) for record in head]) for head in by_head]


@torch.no_grad()
def _by_head(net: nn.Module, x: Tensor, y: Tensor) -> tuple[list[float], list[float]]:
    """Return the mean loss and the accuracy of every head."""
    device = next(net.parameters()).device
    logits = torch.cat([net(part.to(device)).cpu() for part in x.split(256)])
    y = y[:, None].expand(-1, logits.shape[-1])
    losses = nn.functional.cross_entropy(logits, y, reduction="none").mean(0)
    return losses.tolist(), (logits.argmax(1) == y).float().mean(0).tolist()


def as_history(rows: list[dict[str, float]]) -> History:
    """Return records, as dictionaries, as one array per quantity."""
    names = [field.name for field in fields(History)]
    return History(**{name: np.array([row[name] for row in rows]) for name in names})

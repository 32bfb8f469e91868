"""The fit of an auxiliary problem, or of all at once, and what it records."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn

from helpers import training
from helpers.data import Dataset
from helpers.greedy_layerwise.inputs import Inputs
from helpers.greedy_layerwise.joint_batch import Shared, joint_loss, rank
from helpers.greedy_layerwise.network import GreedyNetwork, use_channels_last
from helpers.greedy_layerwise.recipe import Run
from helpers.training import History, Record


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
            logits: Tensor = self.body(self.trunk(inputs)).float()
        return logits


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


def fit(body: nn.Module, inputs: Inputs, run: Run, seed: int) -> Fitted:
    """Minimise one auxiliary problem; the body is left as `run.keep` says.

    Raises:
        DivergedError: the loss is not finite.
    """
    stage = Stage(inputs.trunk, body, run.dtype)
    use_channels_last(stage)
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
    """Minimise all auxiliary problems at once, each on the output of the one before."""
    body = Decoupled(network)
    stage = Stage(inputs.trunk, body, run.dtype)
    use_channels_last(stage)
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

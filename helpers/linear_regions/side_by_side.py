"""Networks of one shape, trained at once: one product of matrices a layer for all."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers import training
from helpers.linear_regions.reading import check_count
from helpers.models import read_classes
from helpers.training_checks import check_alike, read_rows


def train_together(
    nets: Sequence[nn.Sequential],
    x: Tensor,
    labels: Sequence[Tensor],
    *,
    lr: float,
    batch_size: int,
    epochs: int,
    seeds: Sequence[int],
    record_every: int = 1,
) -> dict[int, list[nn.Sequential]]:
    """Train ReLU networks of one shape with Adam, each on labels of its own.

    Network k sees the samples in an order of its own, drawn from seeds[k]. None sees
    another: the loss is the sum of theirs, and Adam acts entry by entry, so that each
    takes the steps that it would take alone.

    Args:
        nets: from `helpers.networks.mlp`, of the same widths; left as they are.
        x: inputs, [n, n_in]; they go to the networks' dtype.
        labels: integer classes [n] of each network.
        lr: learning rate, > 0.
        batch_size: samples a step, 1..n.
        epochs: passes over the data, >= 0.
        seeds: integer seed of each network's order; all differ.
        record_every: epochs between copies; the last epoch is always copied.

    Returns:
        Epoch -> copies of the networks in float64, epoch 0 included.

    Raises:
        TypeError: a network that is no chain of Linear and ReLU layers, or an argument
            of another kind.
        ValueError: a list of another length than `nets`, two equal seeds, networks of
            different shapes or dtypes, inputs or classes that do not fit them, or a
            number out of its range.
        DivergedError: as `helpers.training.train`.

    Cost: ten networks [64]*3 take two to three times as long as one.
    """
    _check_lists(nets, labels=labels, seeds=seeds)
    layers = check_alike(nets)
    for i, net in enumerate(nets):
        if not all(type(module) is nn.ReLU for module in list(net)[1::2]):
            raise TypeError(f"nets[{i}] must have ReLU as activation, got {net}")
    x = read_rows(x, nets)
    classes = layers[0][-1].out_features
    labels = [
        read_classes(y, len(x), classes, f"labels[{i}]") for i, y in enumerate(labels)
    ]
    for seed in seeds:
        check_count(0, seeds=seed)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    orders = [torch.randperm(len(x), generator=g) for g in generators]
    found: dict[int, list[nn.Sequential]] = {}
    stack = _Stack(nets, x)

    def keep(epoch: int, _net: nn.Module, _record: training.Record) -> None:
        found[epoch] = stack.apart(nets)

    training.train(
        stack,
        torch.stack(orders, dim=1),
        torch.stack([y[o] for y, o in zip(labels, orders, strict=True)], dim=1),
        loss=_sum_of_losses,
        lr=lr,
        batch_size=batch_size,
        epochs=epochs,
        seed=seeds[0],
        on_epoch=keep,
        record_every=record_every,
    )
    return found


class _Stack(nn.Module):
    """K networks side by side: rows of x [m, K] to logits [m, K, classes]."""

    def __init__(self, nets: Sequence[nn.Sequential], x: Tensor) -> None:
        super().__init__()
        self.x = x
        layers = list(zip(*map(_linears, nets), strict=True))
        self.weights = nn.ParameterList(
            torch.stack([f.weight.detach().T for f in layer]) for layer in layers
        )
        self.biases = nn.ParameterList(
            torch.stack([f.bias.detach()[None] for f in layer]) for layer in layers
        )

    def forward(self, rows: Tensor) -> Tensor:
        h = self.x[rows.T]
        *hidden, readout = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            h = torch.baddbmm(bias, h, weight).relu()
        return torch.baddbmm(readout[1], h, readout[0]).transpose(0, 1)

    @torch.no_grad()
    def apart(self, like: Sequence[nn.Sequential]) -> list[nn.Sequential]:
        """Return the networks one by one, in float64."""
        copies = [copy.deepcopy(net).double() for net in like]
        for k, net in enumerate(copies):
            layers = zip(_linears(net), self.weights, self.biases, strict=True)
            for linear, weight, bias in layers:
                linear.weight.copy_(weight[k].T)
                linear.bias.copy_(bias[k, 0])
        return copies


def _linears(net: nn.Sequential) -> list[nn.Linear]:
    return [module for module in net if isinstance(module, nn.Linear)]


def _sum_of_losses(logits: Tensor, y: Tensor) -> Tensor:
    """Return the sum over networks of the mean cross-entropy."""
    total = functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum")
    return total / len(y)


def _check_lists(nets: Sequence[nn.Sequential], **lists: Sequence[object]) -> None:
    for name, given in lists.items():
        if len(given) != len(nets):
            raise ValueError(
                f"{name} must have one entry for each of the {len(nets)} networks, "
                f"got {len(given)}"
            )
    if len(set(lists["seeds"])) < len(nets):
        raise ValueError(f"seeds must all differ, got {list(lists['seeds'])}")

"""Several noisy networks of one shape trained side by side, as one stack."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from helpers import training
from helpers.information_flow.arguments import check_positive, read_rows
from helpers.information_flow.estimates import seeded
from helpers.information_flow.noisy_networks import NoisyMLP
from helpers.models import read_classes


@dataclass(frozen=True, eq=False)
class Training:
    """Networks trained side by side; made by `train_together`.

    Attributes:
        epoch: the checkpoints, [k].
        networks: networks[i][j] is network i at checkpoint j, in float64.
        loss: mean cross-entropy on the training part, [networks, k].
        test_loss: the same on the test part.
        accuracy: share of right answers on the training part.
        test_accuracy: the same on the test part.
    """

    epoch: NDArray[np.int64]
    networks: list[list[NoisyMLP]]
    loss: NDArray[np.float32]
    test_loss: NDArray[np.float32]
    accuracy: NDArray[np.float32]
    test_accuracy: NDArray[np.float32]


def train_together(
    nets: Sequence[NoisyMLP],
    x: Tensor,
    y: Tensor,
    *,
    test_share: float = 0.15,
    penalties: Sequence[float] | None = None,
    checkpoints: Sequence[int],
    lr: float,
    batch_size: int,
    seed: int,
    progress: bool = True,
) -> Training:
    """Train networks of one shape side by side with Adam, in float32.

    Each network minimises its own mean cross-entropy plus penalty times
    sum_l ||W_l W_l' - I||^2 over the hidden layers (rows of W_l: weights of a neuron),
    on the same batches. As Adam treats each weight on its own, every network trains as
    it would alone; together they cost little more than one.

    Args:
        nets: of the same widths and activation; left unchanged.
        x: inputs, [n, n_0], n >= 2.
        y: integer classes, [n].
        test_share: the share of inputs, chosen by `seed`, that is not trained on; one
            at least is, and one is not.
        penalties: >= 0, one a network; None for none.
        checkpoints: epochs to keep the networks at, increasing; the last ends the
            training.
        lr: learning rate, > 0.
        batch_size: inputs in a batch.
        seed: of split, order and noise.
        progress: show a progress bar on stderr.

    Returns:
        The networks at the checkpoints, with losses and accuracies of one noisy pass.

    Raises:
        TypeError: inputs or classes that are no numbers.
        ValueError: nets of different shapes, checkpoints that do not increase,
            test_share not between 0 and 1 or of too few inputs, a penalty below 0 or
            not finite, inputs or classes that do not fit the networks, a number out of
            its range.

    Cost: 2 ms a batch of 256 for eight networks 12-10-7-5-4-3-2, on one core.
    """
    stack = _Stack(nets, [0.0] * len(nets) if penalties is None else penalties)
    ends = list(checkpoints)
    if not ends or ends[0] < 0 or any(a >= b for a, b in pairwise(ends)):
        raise ValueError(f"checkpoints must be >= 0 and increase, got {ends}")
    check_positive("lr", lr)
    x, y = _read_data(x, y, nets[0].widths)
    n_test = _test_size(test_share, len(x))
    order = torch.randperm(len(x), generator=seeded(seed, torch.device("cpu")))
    test, train = order[:n_test], order[n_test:]
    adam = torch.optim.Adam(stack.parameters(), lr=lr, fused=True)
    kept, scores = [], []
    spans = list(pairwise([0, *ends]))
    for start, end in tqdm(spans, "training", leave=False) if progress else spans:
        training.train(
            stack, x[train], y[train], loss=stack.loss, optimizer=lambda _: adam,
            batch_size=batch_size, epochs=end - start, record_every=max(1, end - start),
            seed=seed + end, progress=False,
        )  # fmt: skip
        kept.append(stack.unstacked())
        scores.append([stack.scores(x[part], y[part], end) for part in (train, test)])
    table = np.array(scores).transpose(2, 1, 3, 0)
    by_network = [list(one) for one in zip(*kept, strict=True)]
    return Training(np.array(ends), by_network, *table.reshape(4, len(nets), -1))


def _read_data(x: Tensor, y: Tensor, widths: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return inputs in float32 and classes that fit networks of these widths."""
    rows = read_rows("x", x, widths[0]).float()
    if not rows.isfinite().all():
        raise ValueError("x must be finite in float32, got numbers above 3e38")
    return rows, read_classes(y, len(rows), widths[-1]).to(rows.device)


def _test_size(test_share: float, n: int) -> int:
    """Return how many of n inputs are not trained on, or raise."""
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must be between 0 and 1, got {test_share!r}")
    size = round(test_share * n)
    if not 1 <= size < n:
        raise ValueError(
            "test_share must leave an input at least to test on and one to train on, "
            f"got {test_share!r} of {n}"
        )
    return size


class _Stack(nn.Module):
    """Networks of one shape as one: parameters [networks, ...], float32."""

    def __init__(self, nets: Sequence[NoisyMLP], penalties: Sequence[float]) -> None:
        super().__init__()
        if len({net.widths for net in nets}) != 1 or len(penalties) != len(nets):
            raise ValueError(
                "nets must be one or more of equal widths, with a penalty each, got "
                f"widths {[net.widths for net in nets]} and penalties {penalties}"
            )
        if not all(0 <= penalty < math.inf for penalty in penalties):
            raise ValueError(f"penalties must be >= 0 and finite, got {penalties}")
        self.nets, self.penalties = list(nets), torch.tensor(penalties)
        self.beta = torch.tensor([net.beta for net in nets])[:, None, None]
        self.activation = nets[0].activation
        self.weight, self.bias = _stacked(nets, "weight"), _stacked(nets, "bias")

    def forward(self, x: Tensor) -> Tensor:
        """Outputs of all networks, [n, networks, n_out]."""
        h, last = x.expand(len(self.nets), -1, -1), len(self.weight) - 1
        for i, (weight, bias) in enumerate(zip(self.weight, self.bias, strict=True)):
            h = torch.baddbmm(bias[:, None], h, weight.transpose(1, 2))
            if i < last:
                s = self.activation(h)
                h = torch.addcmul(s, torch.randn_like(s), self.beta)
        return h.transpose(0, 1)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Sum over networks of cross-entropy and penalty."""
        total = _cross_entropy(outputs, y).mean(0).sum()
        if not self.penalties.any():
            return total
        for weight in self.weight[:-1]:
            excess = weight @ weight.transpose(1, 2) - torch.eye(weight.shape[1])
            total = total + (self.penalties * excess.square().sum((1, 2))).sum()
        return total

    @torch.no_grad()
    def scores(self, x: Tensor, y: Tensor, seed: int) -> NDArray[np.float32]:
        """Mean cross-entropy and accuracy of each network, [2, networks]."""
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            outputs = self(x.float())
        right = (outputs.argmax(2) == y[:, None]).float()
        return torch.stack([_cross_entropy(outputs, y), right]).mean(1).numpy()

    def unstacked(self) -> list[NoisyMLP]:
        """The networks one by one, as they are now."""
        copies = copy.deepcopy(self.nets)
        for i, net in enumerate(copies):
            for layer, linear in enumerate(net.linears):
                linear.weight.data = self.weight[layer].data[i].double()
                linear.bias.data = self.bias[layer].data[i].double()
        return copies


def _stacked(nets: Sequence[NoisyMLP], name: str) -> nn.ParameterList:
    """One parameter a layer, [networks, ...], of the weights or of the biases."""
    stacks = [
        torch.stack([getattr(linear, name).detach() for linear in layer])
        for layer in zip(*(net.linears for net in nets), strict=True)
    ]
    return nn.ParameterList(nn.Parameter(stack.float()) for stack in stacks)


def _cross_entropy(outputs: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of each input and network, [n, networks]."""
    chosen = y[:, None, None].expand(-1, outputs.shape[1], 1)
    return -outputs.log_softmax(2).gather(2, chosen)[:, :, 0]

"""Networks whose neurons are noisy, and several of them trained side by side."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from helpers import networks, training
from helpers.information_flow.estimates import check_count, seeded

_NODES = 16


class NoisyMLP(nn.Module):
    """A multilayer perceptron with noise after each activation, always on.

    Goldfeld et al. 2019: T_0 = x, S_l = phi(W_l T_{l-1} + b_l), T_l = S_l + Z_l with
    Z_l ~ N(0, beta^2 I) drawn anew for each input, in training and in use, for the
    hidden layers l = 1..L; the output W_{L+1} T_L + b_{L+1} has no noise.

    Weights start from a normal law of standard deviation scale / sqrt(fan-out), cut off
    at two of these, biases from 0: the set-up of Shwartz-Ziv & Tishby 2017 as Saxe et
    al. 2018 rebuilt it.

    Args:
        widths: [n_0, n_1, ..., n_L, n_out].
        beta: standard deviation of the noise, >= 0; 0 is a deterministic network.
        activation: name or module, as in `networks.activation`; acts elementwise.
        scale: factor of the initial weights, > 0.
        seed: integer >= 0, of the weights.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self,
        widths: Sequence[int],
        beta: float,
        activation: str | nn.Module = "tanh",
        *,
        scale: float = 1.0,
        seed: int,
    ) -> None:
        super().__init__()
        if not (math.isfinite(beta) and beta >= 0):
            raise ValueError(f"beta must be finite and >= 0, got {beta!r}")
        if len(widths) < 3:
            raise ValueError(f"widths needs 3 entries or more, got {list(widths)}")
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(f"scale must be finite and > 0, got {scale!r}")
        generator = seeded(seed, torch.device("cpu"))
        self.widths, self.beta = tuple(widths), float(beta)
        self.activation = networks.activation(activation)
        self.linears = nn.ModuleList()
        for n_in, n_out in pairwise(self.widths):
            check_count("every width", n_in)
            check_count("every width", n_out)
            self.linears.append(_truncated(n_in, n_out, scale, generator))

    @property
    def depth(self) -> int:
        """L, the number of hidden layers."""
        return len(self.linears) - 1

    def forward(self, x: Tensor) -> Tensor:
        """Output [n, n_out] at inputs [n, n_0]; draws from torch's generator."""
        return self.linears[-1](self.layers(x)[-1][1])

    def layers(
        self, x: Tensor, generator: torch.Generator | None = None
    ) -> list[tuple[Tensor, Tensor]]:
        """(S_l, T_l) for l = 1..L, each [n, n_l], of one noisy pass."""
        t, found = x, []
        for linear in self.linears[:-1]:
            s = self.activation(linear(t))
            z = torch.empty_like(s).normal_(generator=generator) if self.beta else 0.0
            t = s + self.beta * z
            found.append((s, t))
        return found

    def quiet(self) -> "NoisyMLP":
        """The same weights without the noise: the deterministic network."""
        other = copy.deepcopy(self)
        other.beta = 0.0
        return other

    @torch.no_grad()
    def linearized(self, x: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Mean [n, n_l] and covariance [n, n_l, n_l] of a Gaussian near T_l given x.

        A Gaussian passes W_l and b_l as it is. Of each phi(z_i) its mean, its variance
        and its mean slope E phi' are kept; the slopes carry the covariances, which is
        right to first order in them (statistical linearization). The law is exact for
        l = 1, and in the limit of small beta.
        """
        mean, covariance = x, x.new_zeros(1, x.shape[1], x.shape[1])
        for linear in self.linears[:layer]:
            weight = linear.weight
            covariance = weight @ covariance @ weight.T
            variance = covariance.diagonal(dim1=1, dim2=2)
            mean, slope, rest = _through(self.activation, linear(mean), variance)
            covariance = slope[:, :, None] * covariance * slope[:, None, :]
            covariance = covariance + torch.diag_embed(rest + self.beta**2)
        return mean, covariance


def _through(
    phi: nn.Module, mean: Tensor, variance: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and mean slope of phi(z), and the variance that the slope leaves, [n, d].

    z ~ N(mean, variance), by Gauss-Hermite quadrature; the slope by Stein's lemma,
    E phi'(z) = E phi(z) (z - mean) / variance.
    """
    nodes, weights = map(mean.new_tensor, np.polynomial.hermite_e.hermegauss(_NODES))
    weights = weights / weights.sum()
    deviation = variance.sqrt().clamp_min(1e-8)
    values = phi(mean[:, :, None] + deviation[:, :, None] * nodes)
    centre = values @ weights
    slope = values @ (weights * nodes) / deviation
    spread = (values - centre[:, :, None]).square() @ weights
    return centre, slope, (spread - slope.square() * variance).clamp_min(0)


def _truncated(
    n_in: int, n_out: int, scale: float, generator: torch.Generator
) -> nn.Linear:
    linear = nn.utils.skip_init(nn.Linear, n_in, n_out, dtype=torch.float64)
    std = scale / math.sqrt(n_out)
    bounds = {"a": -2 * std, "b": 2 * std}
    nn.init.trunc_normal_(linear.weight, 0.0, std, **bounds, generator=generator)
    nn.init.zeros_(linear.bias)
    return linear


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

    epoch: np.ndarray
    networks: list[list[NoisyMLP]]
    loss: np.ndarray
    test_loss: np.ndarray
    accuracy: np.ndarray
    test_accuracy: np.ndarray


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
        x: inputs, [n, n_0].
        y: integer classes, [n].
        test_share: the share of inputs, chosen by `seed`, that is not trained on.
        penalties: >= 0, one a network; None for none.
        checkpoints: epochs to keep the networks at, increasing; the last ends the
            training.
        lr: learning rate.
        batch_size: inputs in a batch.
        seed: of split, order and noise.
        progress: show a progress bar on stderr.

    Returns:
        The networks at the checkpoints, with losses and accuracies of one noisy pass.

    Raises:
        ValueError: nets of different shapes, checkpoints that do not increase,
            test_share not between 0 and 1, a penalty below 0.

    Cost: 2 ms a batch of 256 for eight networks 12-10-7-5-4-3-2, on one core.
    """
    stack = _Stack(nets, [0.0] * len(nets) if penalties is None else penalties)
    ends = list(checkpoints)
    if not ends or ends[0] < 0 or any(a >= b for a, b in pairwise(ends)):
        raise ValueError(f"checkpoints must be >= 0 and increase, got {ends}")
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must be between 0 and 1, got {test_share!r}")
    n_test = round(test_share * len(x))
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


class _Stack(nn.Module):
    """Networks of one shape as one: parameters [networks, ...], float32."""

    def __init__(self, nets: Sequence[NoisyMLP], penalties: Sequence[float]) -> None:
        super().__init__()
        if len({net.widths for net in nets}) != 1 or len(penalties) != len(nets):
            raise ValueError(
                "nets must be one or more of equal widths, with a penalty each, got "
                f"widths {[net.widths for net in nets]} and penalties {penalties}"
            )
        if min(penalties) < 0:
            raise ValueError(f"penalties must be >= 0, got {penalties}")
        self.nets, self.penalties = list(nets), torch.tensor(penalties)
        self.beta = torch.tensor([net.beta for net in nets])[:, None, None]
        self.activation = nets[0].activation
        for name in ("weight", "bias"):
            stacked = [
                torch.stack([getattr(net.linears[i], name).detach() for net in nets])
                for i in range(nets[0].depth + 1)
            ]
            parameters = [nn.Parameter(tensor.float()) for tensor in stacked]
            setattr(self, name, nn.ParameterList(parameters))

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
    def scores(self, x: Tensor, y: Tensor, seed: int) -> np.ndarray:
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


def _cross_entropy(outputs: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of each input and network, [n, networks]."""
    chosen = y[:, None, None].expand(-1, outputs.shape[1], 1)
    return -outputs.log_softmax(2).gather(2, chosen)[:, :, 0]

"""Networks whose neurons are noisy, and the Gaussian law near their layers."""

import copy
import math
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
import torch
from torch import Tensor, nn

from helpers import networks
from helpers.information_flow.arguments import check_count
from helpers.information_flow.estimates import seeded

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
        output: Tensor = self.linears[-1](self.layers(x)[-1][1])
        return output

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

    def linearized(self, x: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Mean [n, n_l] and covariance [n, n_l, n_l] of a Gaussian near T_l given x.

        A Gaussian passes W_l and b_l as it is. Of each phi(z_i) its mean, its variance
        and its mean slope E phi' are kept; the slopes carry the covariances, which is
        right to first order in them (statistical linearization). The law is exact for
        l = 1, and in the limit of small beta.
        """
        return next(islice(self.laws(x), layer - 1, None))

    @torch.no_grad()
    def laws(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Mean and covariance of `linearized` for l = 1..L, one after the other."""
        mean, covariance = x, x.new_zeros(1, x.shape[1], x.shape[1])
        for linear in self._affine()[:-1]:
            weight = linear.weight
            covariance = weight @ covariance @ weight.T
            variance = covariance.diagonal(dim1=1, dim2=2)
            mean, slope, rest = _through(self.activation, linear(mean), variance)
            covariance = slope[:, :, None] * covariance * slope[:, None, :]
            covariance = covariance + torch.diag_embed(rest + self.beta**2)
            yield mean, covariance

    def _affine(self) -> list[nn.Linear]:
        return [linear for linear in self.linears if isinstance(linear, nn.Linear)]


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
    spread = values.sub_(centre[:, :, None]).square_() @ weights
    return centre, slope, (spread - slope.square() * variance).clamp_min(0)


def _truncated(
    n_in: int, n_out: int, scale: float, generator: torch.Generator
) -> nn.Linear:
    linear = nn.Linear(n_in, n_out, device="meta")
    linear.weight = nn.Parameter(torch.empty(n_out, n_in, dtype=torch.float64))
    linear.bias = nn.Parameter(torch.zeros(n_out, dtype=torch.float64))
    std = scale / math.sqrt(n_out)
    bounds = {"a": -2 * std, "b": 2 * std}
    nn.init.trunc_normal_(linear.weight, 0.0, std, **bounds, generator=generator)
    return linear

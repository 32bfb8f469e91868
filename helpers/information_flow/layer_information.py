"""What a layer of a noisy network tells of its input, and of a label."""

import math
from typing import Literal, get_args

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.information_flow.arguments import check_count, read_rows
from helpers.information_flow.entropies import gaussian_entropy, surprises
from helpers.information_flow.estimates import (
    Estimate,
    chosen_centres,
    normal,
    seeded,
    two_stage,
)
from helpers.information_flow.mixtures import gaussians, isotropic
from helpers.information_flow.noisy_networks import NoisyMLP

Method = Literal["linearized", "sampling"]
METHODS: tuple[str, ...] = get_args(Method)
"""The names that `mutual_information` accepts."""
_MOST_DRAWS = 2**13  # of the integral in "sampling": more do not lessen its bias


def mutual_information(
    net: NoisyMLP,
    x: ArrayLike,
    layer: int,
    method: Method = "linearized",
    *,
    draws: int | None = None,
    n_inputs: int = 64,
    n_inner: int = 512,
    seed: int,
) -> Estimate:
    """I(X; T_l) of a noisy network, X uniform on the rows of x.

    "sampling" is the estimator of Goldfeld et al. 2019: the entropy of `draws` samples
    of S_l, smoothed, less the mean over `n_inputs` inputs of the same from `n_inner`
    samples given the input. The first is biased downwards and cannot exceed
    ln(draws); the second is biased downwards too, which raises the difference.

    "linearized" (ours) runs the true network and asks how well its inputs can be told
    apart by q(x | t), proportional to the Gaussian q(t | x) of `NoisyMLP.linearized`:
    ln N + E ln q(X | T). By Barber & Agakov (2003) that is at most I(X; T_l) whatever
    q is, with a gap of E KL(p(x | T) || q(x | T)): none in layer 1, and none as
    beta -> 0; `linearization_gap` bounds it. Its cap, ln N, is that of I(X; T_l). It
    can be negative, and says nothing then.

    Args:
        net: with beta > 0.
        x: the N inputs, [N, n_0].
        layer: l, 1..L.
        method: one of `METHODS`.
        draws: noisy passes; for "linearized" at all inputs, or at a random part of them
            when fewer than 2N. None for 2N.
        n_inputs: "sampling" only: inputs in the conditional term.
        n_inner: "sampling" only: noisy passes for each of them.
        seed: integer >= 0.

    Returns:
        The estimate. Its error covers all that is drawn, not the bias of the method.

    Raises:
        ValueError: an argument out of range; beta = 0, where I(X; T_l) is ln N for
            distinct activations, whatever the network computes.

    Cost: "linearized": draws * N pairs, 3e8 (d = 2) to 1e8 (d = 10) a second on one
    core. "sampling": 4 n_inputs n_inner^2 pairs, and 2 draws min(2 draws, 8192).
    """
    inputs = _read(net, x, layer)
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    total = 2 * len(inputs) if draws is None else draws
    check_count("draws", total, 2)
    generator = seeded(seed, inputs.device)
    if method == "sampling":
        repeats = n_inputs, n_inner
        return _sampled(net, inputs, layer, total, repeats, generator)
    index, t = _passes(net, inputs, layer, total, generator)
    return _told_apart(net.linearized(inputs, layer), index, t)


@torch.no_grad()
def information_by_layer(
    net: NoisyMLP, x: ArrayLike, *, draws: int | None = None, seed: int
) -> list[Estimate]:
    """I(X; T_l) of all layers l = 1..L, "linearized" as in `mutual_information`.

    The estimates are those of L calls; passes and laws are computed once for all.

    Args:
        net: with beta > 0.
        x: the N inputs, [N, n_0].
        draws: as in `mutual_information`.
        seed: integer >= 0.

    Raises:
        ValueError: an argument out of range.

    Cost: draws * N pairs for each layer, see `mutual_information`.
    """
    inputs = _read(net, x, 1)
    total = 2 * len(inputs) if draws is None else draws
    check_count("draws", total, 2)
    generator = seeded(seed, inputs.device)
    index = chosen_centres(len(inputs), total, generator)
    passes = net.layers(inputs[index.flatten()], generator)
    return [
        _told_apart(law, index, t)
        for law, (_, t) in zip(net.laws(inputs), passes, strict=True)
    ]


def label_information(
    net: NoisyMLP,
    x: ArrayLike,
    y: ArrayLike,
    layer: int,
    *,
    draws: int | None = None,
    seed: int,
) -> Estimate:
    """I(Y; T_l) of a noisy network, where Y is a label of X.

    The lower bound H(Y) + E ln q(Y | T), with q(y | t) the sum of the q(x | t) of
    `mutual_information` over the inputs with that label.

    Args:
        net: with beta > 0.
        x: the N inputs, [N, n_0].
        y: their labels, [N] integers.
        layer: l, 1..L.
        draws: as in `mutual_information`.
        seed: integer >= 0.

    Returns:
        The estimate; its cap is H(Y).

    Raises:
        ValueError: an argument out of range.
    """
    inputs = _read(net, x, layer)
    labels = torch.as_tensor(y, device=inputs.device)
    if labels.shape != inputs.shape[:1]:
        raise ValueError(f"y must be [{len(inputs)}], got shape {list(labels.shape)}")
    total = 2 * len(inputs) if draws is None else draws
    check_count("draws", total, 2)
    generator = seeded(seed, inputs.device)
    index, t = _passes(net, inputs, layer, total, generator)
    mixture = gaussians(*net.linearized(inputs, layer))
    classes, of = labels.unique(return_inverse=True)
    share = of.bincount().double() / len(inputs)
    entropy = -(share * share.log()).sum().item()
    joint = torch.stack(
        [
            mixture.part(torch.nonzero(of == k)[:, 0]).log_density(t) + share[k].log()
            for k in range(len(classes))
        ]
    )
    posterior = joint.log_softmax(0).gather(0, of[index.flatten()][None])
    value, error = two_stage(posterior.reshape(index.shape), len(inputs))
    return Estimate(entropy + value, error, entropy)


def linearization_gap(
    net: NoisyMLP,
    x: ArrayLike,
    layer: int,
    *,
    n_inputs: int = 64,
    n_inner: int = 512,
    seed: int,
) -> Estimate:
    """How far "linearized" can be below I(X; T_l): an upper bound, ours.

    By the chain rule E KL(p(t | X) || q(t | X)) = KL(p(t) || q(t)) + the gap
    E KL(p(x | T) || q(x | T)), so the left side bounds the gap. In it, p(t | x) is
    replaced by samples of S_l given x, smoothed, which on average only raises a
    divergence: it is convex.

    Args:
        net: as in `mutual_information`, and so are the others.
        x: [N, n_0].
        layer: 1..L.
        n_inputs: inputs that the mean is taken over.
        n_inner: samples given each of them; the more, the tighter.
        seed: integer >= 0.

    Raises:
        ValueError: an argument out of range.

    Cost: 2 n_inputs n_inner^2 pairs.
    """
    inputs = _read(net, x, layer)
    generator = seeded(seed, inputs.device)
    q = gaussians(*net.linearized(inputs, layer))
    index, signals = _repeated(net, inputs, layer, n_inputs, n_inner, generator)
    gaps = []
    for i, s in zip(index, signals, strict=True):
        z = net.beta * normal(s.shape, generator)
        t = torch.cat([s + z, s - z])
        own = q.log_component(t, i.expand(len(t)))
        gaps.append((isotropic(s, net.beta).log_density(t) - own).mean())
    value, error = two_stage(torch.stack(gaps)[:, None], len(inputs))
    return Estimate(value, error, math.inf)


def _repeated(
    net: NoisyMLP,
    x: Tensor,
    layer: int,
    n_inputs: int,
    n_inner: int,
    generator: torch.Generator,
) -> tuple[Tensor, list[Tensor]]:
    """Some inputs, index [n_inputs, 1], and samples of S_l given each, [n_inner, d]."""
    check_count("n_inputs", n_inputs, 2)
    check_count("n_inner", n_inner, 2)
    index = chosen_centres(len(x), min(n_inputs, len(x)), generator)
    passes = [x[i].expand(n_inner, -1) for i in index]
    return index, [_signal(net, rows, layer, generator) for rows in passes]


def _sampled(
    net: NoisyMLP,
    x: Tensor,
    layer: int,
    n: int,
    repeats: tuple[int, int],
    generator: torch.Generator,
) -> Estimate:
    """The estimator of the paper; repeats: n_inputs, n_inner."""
    rows = torch.randint(len(x), (n,), generator=generator, device=x.device)
    s = _signal(net, x[rows], layer, generator)
    values = surprises(s, net.beta, min(2 * n, _MOST_DRAWS), generator)
    whole, error = two_stage(values, math.inf)  # h_n, but as an estimate of h
    if layer == 1:
        given, its_error = gaussian_entropy(s.shape[1], net.beta), 0.0
    else:
        _, signals = _repeated(net, x, layer, *repeats, generator)
        n_inner = repeats[1]
        inner = [surprises(s, net.beta, 2 * n_inner, generator) for s in signals]
        means = torch.stack([one.mean() for one in inner])
        given, its_error = two_stage(means[:, None], len(x))
    cap = gaussian_entropy(s.shape[1], net.beta) + math.log(n) - given
    return Estimate(whole - given, math.hypot(error, its_error), cap)


@torch.no_grad()
def _signal(net: NoisyMLP, x: Tensor, layer: int, generator: torch.Generator) -> Tensor:
    return net.layers(x, generator)[layer - 1][0]


@torch.no_grad()
def _passes(
    net: NoisyMLP, x: Tensor, layer: int, draws: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Which inputs [c, m], and T_l at each of them, [c m, d]."""
    index = chosen_centres(len(x), draws, generator)
    return index, net.layers(x[index.flatten()], generator)[layer - 1][1]


def _told_apart(law: tuple[Tensor, Tensor], index: Tensor, t: Tensor) -> Estimate:
    """The bound ln N + E ln q(X | T), from means and covariances, T at some inputs."""
    mixture = gaussians(*law)
    found = mixture.log_component(t, index.flatten()) - mixture.log_density(t)
    value, error = two_stage(found.reshape(index.shape), mixture.n)
    return Estimate(value, error, math.log(mixture.n))


def _read(net: NoisyMLP, x: ArrayLike, layer: int) -> Tensor:
    """Return the inputs [N, n_0] in float64, or raise."""
    check_count("layer", layer)
    if layer > net.depth:
        raise ValueError(f"layer must be 1..{net.depth}, got {layer}")
    if net.beta == 0:
        raise ValueError(
            "beta must be > 0, got 0: without noise I(X; T_l) is the entropy of X, "
            "whatever the network computes; binned_entropy measures clusters"
        )
    return read_rows("x", x, net.widths[0])

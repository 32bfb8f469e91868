"""What a layer of a noisy network tells of its input, and of a label."""

import math
from numbers import Real
from typing import Literal, get_args

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from helpers.information_flow.arguments import (
    check_count,
    check_positive,
    read_labels,
    read_rows,
)
from helpers.information_flow.entropies import gaussian_entropy, surprises
from helpers.information_flow.estimates import (
    Estimate,
    chosen_centres,
    normal,
    seeded,
    two_stage,
)
from helpers.information_flow.mixtures import gaussians, isotropic
from helpers.information_flow.named_layers import (
    class_information,
    input_information,
)
from helpers.information_flow.noisy_networks import NoisyMLP
from helpers.models import check_evaluation, check_finite

Method = Literal["linearized", "sampling"]
METHODS: tuple[str, ...] = get_args(Method)
"""The names that `mutual_information` accepts."""
_DIGITS = 1e-3  # of the noise that rounding may take
_MOST_DRAWS = 2**13  # of the integral in "sampling": more do not lessen its bias


def mutual_information(
    net: nn.Module,
    x: ArrayLike,
    layer: int | str,
    method: Method | float = "linearized",
    *,
    beta: float | None = None,
    draws: int | None = None,
    n_inputs: int = 64,
    n_inner: int = 512,
    seed: int,
) -> Estimate:
    """I(X; T_l) of a noisy network, X uniform on the rows of x.

    A name of a submodule as the layer, with a noise beta, is for any network in eval
    mode: T = f(x) + N(0, beta^2 I), f(x) the submodule's output, flattened. As f is
    deterministic, I(X; T) is the smoothed entropy of the N outputs less that of the
    noise, without bias (`smoothed_entropy`), and "linearized" is that.

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
        net: `NoisyMLP` with beta > 0, or any module in eval mode; left as it was.
        x: the N inputs, [N, n_0], or as the module takes them.
        layer: l, 1..L; or the name of a submodule that a pass calls once.
        method: one of `METHODS`; "linearized" for a submodule, whose noise beta may
            stand here too.
        beta: noise > 0 on a named submodule; a `NoisyMLP` has its own.
        draws: noisy passes; for "linearized" at all inputs, or at a random part of them
            when fewer than 2N. None for 2N.
        n_inputs: "sampling" only: inputs in the conditional term.
        n_inner: "sampling" only: noisy passes for each of them.
        seed: integer >= 0.

    Returns:
        The estimate, no more than its cap. Its error covers all that is drawn, not the
        bias of the method. For a submodule it is between 0 and ln N.

    Raises:
        TypeError: an argument of another kind, a submodule whose output is no tensor.
        ValueError: an argument out of range; beta = 0, where I(X; T_l) is ln N for
            distinct activations, whatever the network computes; a noise that is below
            the rounding of the activations; no such submodule (the error lists those
            there are); train mode where it matters.

    Cost: "linearized": draws * N pairs, 3e8 (d = 2) to 1e8 (d = 10) a second on one
    core. "sampling": 4 n_inputs n_inner^2 pairs, and 2 draws min(2 draws, 8192).
    """
    if isinstance(layer, str) and isinstance(method, Real) and beta is None:
        method, beta = "linearized", float(method)
    if method not in METHODS:
        raise ValueError(
            f"method must be one of {METHODS}, got {method!r} (the noise is beta=...)"
        )
    if draws is not None:
        check_count("draws", draws, 2)
    if isinstance(layer, str):
        if method != METHODS[0]:
            raise ValueError(
                f"method must be {METHODS[0]!r} for a named layer, got {method!r}"
            )
        return input_information(net, x, layer, _noise(net, beta), draws, seed)
    noisy, inputs = _read(net, x, layer, beta)
    total = 2 * len(inputs) if draws is None else draws
    generator = seeded(seed, inputs.device)
    if method == "sampling":
        repeats = n_inputs, n_inner
        return _sampled(noisy, inputs, layer, total, repeats, generator)
    index, t = _passes(noisy, inputs, layer, total, generator)
    return _told_apart(noisy.linearized(inputs, layer), index, t)


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
    _, inputs = _read(net, x, 1)
    total = 2 * len(inputs) if draws is None else draws
    check_count("draws", total, 2)
    generator = seeded(seed, inputs.device)
    index = chosen_centres(len(inputs), total, generator)
    passes = net.layers(inputs[index.flatten()], generator)
    for _, t in passes:
        _check_digits(net, t)
    return [
        _told_apart(law, index, t)
        for law, (_, t) in zip(net.laws(inputs), passes, strict=True)
    ]


def label_information(
    net: nn.Module,
    x: ArrayLike,
    y: ArrayLike,
    layer: int | str,
    *,
    beta: float | None = None,
    draws: int | None = None,
    seed: int,
) -> Estimate:
    """I(Y; T_l) of a noisy network, where Y is a label of X.

    The lower bound H(Y) + E ln q(Y | T), with q(y | t) the sum of the q(x | t) of
    `mutual_information` over the inputs with that label. For a named submodule q is
    p(y | t), and the bound is I(Y; T).

    Args:
        net: as in `mutual_information`.
        x: the N inputs.
        y: their labels, [N] integers.
        layer: l, 1..L, or the name of a submodule.
        beta: noise > 0 on a named submodule.
        draws: as in `mutual_information`.
        seed: integer >= 0.

    Returns:
        The estimate; its cap is H(Y).

    Raises:
        TypeError: labels that are no numbers, and as in `mutual_information`.
        ValueError: labels that are no integers, and as there.
    """
    if draws is not None:
        check_count("draws", draws, 2)
    if isinstance(layer, str):
        return class_information(net, x, y, layer, _noise(net, beta), draws, seed)
    noisy, inputs = _read(net, x, layer, beta)
    labels = read_labels("y", y, len(inputs), inputs.device)
    total = 2 * len(inputs) if draws is None else draws
    generator = seeded(seed, inputs.device)
    index, t = _passes(noisy, inputs, layer, total, generator)
    mixture = gaussians(*noisy.linearized(inputs, layer))
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
    return Estimate(min(entropy + value, entropy), error, entropy)


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
    divergence: it is convex. A mean of draws below 0 is returned as 0.

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
    _, inputs = _read(net, x, layer)
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
    return Estimate(max(value, 0.0), error, math.inf)


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
    return Estimate(min(whole - given, cap), math.hypot(error, its_error), cap)


@torch.no_grad()
def _signal(net: NoisyMLP, x: Tensor, layer: int, generator: torch.Generator) -> Tensor:
    signal, _ = net.layers(x, generator)[layer - 1]
    _check_digits(net, signal)
    return signal


@torch.no_grad()
def _passes(
    net: NoisyMLP, x: Tensor, layer: int, draws: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Which inputs [c, m], and T_l at each of them, [c m, d]."""
    index = chosen_centres(len(x), draws, generator)
    t = net.layers(x[index.flatten()], generator)[layer - 1][1]
    _check_digits(net, t)
    return index, t


def _told_apart(law: tuple[Tensor, Tensor], index: Tensor, t: Tensor) -> Estimate:
    """The bound ln N + E ln q(X | T), from means and covariances, T at some inputs."""
    mixture = gaussians(*law)
    found = mixture.log_component(t, index.flatten()) - mixture.log_density(t)
    value, error = two_stage(found.reshape(index.shape), mixture.n)
    cap = math.log(mixture.n)
    return Estimate(min(value, cap), error, cap)


def _check_digits(net: NoisyMLP, activations: Tensor) -> None:
    """Raise unless the noise is well above the rounding of what it is added to."""
    largest = activations.abs().amax().item()
    if not largest * torch.finfo(torch.float64).eps < _DIGITS * net.beta:
        raise ValueError(
            f"beta must be above {1 / _DIGITS:.0f} rounding errors of the activations, "
            f"got {net.beta:g} with activations of up to {largest:g}"
        )


def _noise(net: nn.Module, beta: float | None) -> float:
    """Return the noise of a named layer, or raise."""
    if isinstance(net, NoisyMLP) and net.beta > 0:
        raise ValueError(
            "layer must be an integer for a NoisyMLP, whose neurons have noise of "
            "their own; net.quiet() is one without"
        )
    if beta is None:
        raise ValueError("beta must be given with a named layer: the noise on it")
    check_positive("beta", beta)
    return float(beta)


def _read(
    net: nn.Module, x: ArrayLike, layer: int, beta: float | None = None
) -> tuple[NoisyMLP, Tensor]:
    """Return the network and the inputs [N, n_0] in float64, or raise."""
    if not isinstance(net, NoisyMLP):
        raise TypeError(
            "net must be a NoisyMLP where layer is a number, got "
            f"{type(net).__name__}; allowed for others: the name of a submodule"
        )
    if beta is not None:
        raise ValueError(f"beta is for named layers; this network has {net.beta:g}")
    check_evaluation(net)
    check_finite(net)
    if any(p.dtype != torch.float64 for p in net.parameters()):
        raise ValueError("net must have float64 parameters; net.double() gives them")
    check_count("layer", layer)
    if layer > net.depth:
        raise ValueError(f"layer must be 1..{net.depth}, got {layer}")
    if net.beta == 0:
        raise ValueError(
            "beta must be > 0, got 0: without noise I(X; T_l) is the entropy of X, "
            "whatever the network computes; binned_entropy measures clusters"
        )
    return net, read_rows("x", x, net.widths[0])

"""What a named submodule of any network gives, and what noise on it would leave."""

import math

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from helpers.information_flow.arguments import check_positive, read_labels
from helpers.information_flow.entropies import gaussian_entropy, surprises
from helpers.information_flow.estimates import (
    Estimate,
    chosen_centres,
    normal,
    seeded,
    two_stage,
)
from helpers.information_flow.mixtures import isotropic
from helpers.models import (
    check_evaluation,
    check_finite,
    check_per_sample,
    read_inputs,
    unchanged,
)

_NUMBERS = 2**20  # of input in a forward pass


def layer_outputs(net: nn.Module, x: ArrayLike, layer: str) -> Tensor:
    """Return what a submodule gives for each input, flattened, float64 [N, d].

    Args:
        net: in eval mode; left as it was.
        x: inputs [N, ...], as the network takes them.
        layer: name of a submodule, as in `net.named_modules()`.

    Raises:
        TypeError: no module, or a submodule whose output is no tensor.
        ValueError: no such name; a submodule that a pass calls never or more than once;
            outputs that are not finite, not one for each input, or depend on chance or
            on the batch.

    Cost: a forward pass for each input, and a few more.
    """
    check_evaluation(net)
    check_finite(net)
    names = [name for name, _ in net.named_modules() if name]
    if layer not in names:
        raise ValueError(
            f"layer must be the name of a submodule, one of {names}, got {layer!r}"
        )
    with torch.inference_mode(False), torch.no_grad(), unchanged(net):
        inputs = read_inputs(_tensor(x), net)
        inputs = inputs.clone() if inputs.is_inference() else inputs

        def compute(rows: Tensor) -> Tensor:
            return _captured(net, rows, layer)

        check_per_sample(compute, inputs, [net])
        pieces = inputs.split(max(1, _NUMBERS // inputs[0].numel()))
        found = torch.cat([compute(piece.clone()) for piece in pieces]).double()
    if not found.isfinite().all():
        raise ValueError(f"layer {layer!r} must give finite outputs, got NaN or inf")
    return found


def _captured(net: nn.Module, x: Tensor, layer: str) -> Tensor:
    """Return the output of one call of a submodule, [n, d]."""
    outputs: list[object] = []

    def keep(_: nn.Module, inputs: object, output: object) -> None:
        # a copy: the next layer may write to it
        outputs.append(output.clone() if isinstance(output, Tensor) else output)

    handle = net.get_submodule(layer).register_forward_hook(keep)
    try:
        net(x)
    finally:
        handle.remove()
    if len(outputs) != 1:
        raise ValueError(
            f"layer {layer!r} must be called once in a pass, got {len(outputs)} calls"
        )
    found = outputs[0]
    if not isinstance(found, Tensor):
        raise TypeError(
            f"layer {layer!r} must give a tensor, got {type(found).__name__}; name a "
            "submodule of it"
        )
    if found.ndim == 0 or len(found) != len(x) or found.is_complex():
        raise ValueError(
            f"layer {layer!r} must give one real output for each of {len(x)} inputs, "
            f"got {found.dtype} of shape {list(found.shape)}"
        )
    return found.reshape(len(x), -1)


def _tensor(x: ArrayLike) -> Tensor:
    try:
        return torch.as_tensor(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"x must be a tensor of numbers: {error}") from None


def input_information(
    net: nn.Module, x: ArrayLike, layer: str, beta: float, draws: int | None, seed: int
) -> Estimate:
    """I(X; T) of T = f(x) + N(0, beta^2 I), f(x) the output of the submodule.

    The smoothed entropy of the outputs less that of the noise, between 0 and ln N.
    """
    check_positive("beta", beta)
    centres = layer_outputs(net, x, layer)
    n, d = centres.shape
    total = 2 * n if draws is None else draws
    values = surprises(centres, beta, total, seeded(seed, centres.device))
    value, error = two_stage(values - gaussian_entropy(d, beta), n)
    cap = math.log(n)
    return Estimate(min(max(value, 0.0), cap), error, cap)


def class_information(
    net: nn.Module,
    x: ArrayLike,
    y: ArrayLike,
    layer: str,
    beta: float,
    draws: int | None,
    seed: int,
) -> Estimate:
    """I(Y; T) of the same T, between 0 and H(Y)."""
    check_positive("beta", beta)
    centres = layer_outputs(net, x, layer)
    n, d = centres.shape
    labels = read_labels("y", y, n, centres.device)
    total = 2 * n if draws is None else draws
    generator = seeded(seed, centres.device)
    index = chosen_centres(n, total, generator)
    noise = normal((index.numel(), d), generator)
    classes, of = labels.unique(return_inverse=True)
    share = of.bincount().double() / n
    cap = -(share * share.log()).sum().item()
    own, mixture = centres[index.flatten()], isotropic(centres, beta)
    joint = torch.stack(
        [
            mixture.part((of == k).nonzero()[:, 0]).log_density(own, noise)
            + share[k].log()
            for k in range(len(classes))
        ]
    )
    posterior = joint.log_softmax(0).gather(0, of[index.flatten()][None])
    value, error = two_stage(posterior.reshape(index.shape), n)
    return Estimate(min(max(cap + value, 0.0), cap), error, cap)

"""What is measured of networks wherever a descent has brought them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from helpers.data import Dataset
from helpers.sgd_noise.arguments import check_positive, read_count, read_seed
from helpers.sgd_noise.curvature import HessianOperator
from helpers.sgd_noise.losses import cross_entropy
from helpers.sgd_noise.problem import Problem
from helpers.sgd_noise.sharpness import expected_sharpness

Array = NDArray[np.float64]


def look(
    nets: Sequence[nn.Module],
    sets: Sequence[Dataset],
    *,
    scale: float = 0.01,
    draws: int = 30,
    seed: int,
) -> dict[str, Array]:
    """Loss, accuracy and the two measures of flatness of each network on its data.

    The expected sharpness of Zhu et al. 2019 is (scale^2 / 2) Tr H to second order. A
    ReLU network has kinks, at which the first sees a jump of the slope and Tr H none.

    Args:
        nets: R classifiers, each as in `per_sample_gradients`.
        sets: the data of each.
        scale: deviation of the expected sharpness, > 0.
        draws: pairs of draws behind it, >= 2.
        seed: integer, of those draws.

    Returns:
        "loss", "accuracy", "test_loss", "test_accuracy", "sharpness" and "trace", Tr H
        of the training loss, each [R].

    Raises:
        ValueError: an argument out of range, not as many sets as networks, or a network
            that is refused, told with its place.

    Cost: 2 draws forward passes a network, and n_out gradients for Tr H.
    """
    if len(nets) != len(sets) or not nets:
        raise ValueError(
            "nets and sets must be as many, one or more, "
            f"got {len(nets)} and {len(sets)}"
        )
    check_positive("scale", scale)
    draws, seed = read_count("draws", draws, least=2), read_seed(seed)
    rows = []
    for place, (net, one) in enumerate(zip(nets, sets, strict=True)):
        try:
            rows.append(_row(net, one, scale=scale, draws=draws, seed=seed))
        except (TypeError, ValueError) as error:
            raise type(error)(f"nets[{place}] with sets[{place}]: {error}") from error
    names = ("loss", "accuracy", "test_loss", "test_accuracy", "sharpness", "trace")
    return dict(zip(names, np.transpose(rows), strict=True))


def _row(
    net: nn.Module, one: Dataset, *, scale: float, draws: int, seed: int
) -> list[float]:
    """What `look` returns of one network."""
    train, test = (one.x_train, one.y_train), (one.x_test, one.y_test)
    sharpness, _ = expected_sharpness(net, *train, scale=scale, draws=draws, seed=seed)
    trace = HessianOperator(net, *train).trace()
    return [*_score(net, *train), *_score(net, *test), sharpness, trace]


def _score(net: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Mean cross-entropy, and the share of right answers."""
    problem = Problem(net, x, y, "cross_entropy")
    right = (problem.outputs.argmax(1) == problem.y).double().mean()
    return cross_entropy(problem.outputs, problem.y).item(), right.item()

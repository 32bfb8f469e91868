"""How an auxiliary problem is minimised, and what all those of a run share."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from helpers.greedy_layerwise.arguments import check_count
from helpers.greedy_layerwise.augmentation import Augment
from helpers.greedy_layerwise.joint_batch import n_processes


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

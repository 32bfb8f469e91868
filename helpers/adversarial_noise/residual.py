"""A small residual network for colour photographs, and how it is trained quickly."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.optim import SGD, Optimizer

_MOMENTUM = 0.9
_WEIGHT_DECAY = 5e-4
_WARM_UP = 0.25  # of all steps, in which the rate rises
_MARGIN = 4  # pixels by which a crop may be shifted


class _Residual(nn.Module):
    """x + branch(x)."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.branch(x)
        return x + branch


def residual_network(channels: int, width: int, n_classes: int, seed: int) -> nn.Module:
    """Return a residual network of eight convolutions with batch norm.

    3x3 convolutions, batch norm, ReLU: `width` channels; 2 `width`, pooled, with a
    residual branch of two; 4 `width`, pooled; 8 `width`, pooled, with a residual branch
    of two; the maximum over positions; one linear layer. Images of 8 x 8 or more.

    Args:
        channels: of an image.
        width: channels of the first layer.
        n_classes: number of logits.
        seed: integer; torch's global generator is put back afterwards.
    """
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        net = nn.Sequential(
            *_block(channels, width),
            *_block(width, 2 * width, pool=True),
            _Residual(nn.Sequential(*_block(2 * width), *_block(2 * width))),
            *_block(2 * width, 4 * width, pool=True),
            *_block(4 * width, 8 * width, pool=True),
            _Residual(nn.Sequential(*_block(8 * width), *_block(8 * width))),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(8 * width, n_classes),
        )
    for weight in net.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return net


class Mixed(nn.Module):
    """A network whose passes autocast computes in bfloat16; its logits are float32."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [n, C]."""
        with torch.autocast(x.device.type, torch.bfloat16):
            logits: Tensor = self.net(x).float()
        return logits


def _block(n_in: int, n_out: int | None = None, pool: bool = False) -> list[nn.Module]:
    n_out = n_in if n_out is None else n_out
    layers: list[nn.Module] = [
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    ]
    return [*layers, nn.MaxPool2d(2)] if pool else layers


def one_cycle(lr: float, steps: int) -> Callable[[list[nn.Parameter]], Optimizer]:
    """Return what makes an optimizer whose rate rises to `lr` and falls to 0.

    Stochastic gradient descent with Nesterov momentum 0.9 and weight decay 5e-4; the
    rate is linear up to a quarter of `steps` and linear down from there.
    """

    def make(parameters: list[nn.Parameter]) -> Optimizer:
        optimizer = SGD(
            parameters, lr, _MOMENTUM, nesterov=True, weight_decay=_WEIGHT_DECAY
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _share(min(step, steps - 1), steps)
        )
        optimizer.register_step_post_hook(lambda *_: schedule.step())
        return optimizer

    return make


def _share(step: int, steps: int) -> float:
    """Return which share of the peak's rate a step takes, in (0, 1]."""
    peak = max(1, math.ceil(_WARM_UP * steps))
    return (step + 1) / peak if step < peak else (steps - step) / (steps - peak + 1)


def shifted(batch: Tensor) -> Tensor:
    """Shift each image by up to four pixels, filled by zeros, and flip every other.

    Both at random, from torch's global generator.
    """
    n, _, height, width = batch.shape
    padded = pad(batch, (_MARGIN,) * 4)
    top, left = torch.randint(0, 2 * _MARGIN + 1, (2, n), device=batch.device)
    flip = torch.rand(n, device=batch.device) < 0.5
    rows = top[:, None] + torch.arange(height, device=batch.device)
    columns = torch.arange(width, device=batch.device).expand(n, width)
    columns = torch.where(flip[:, None], columns.flip(1), columns) + left[:, None]
    images = torch.arange(n, device=batch.device)[:, None, None]
    chosen = padded.permute(0, 2, 3, 1)[images, rows[:, :, None], columns[:, None]]
    return chosen.permute(0, 3, 1, 2)

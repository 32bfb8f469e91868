"""Several processes, one batch: each takes its rows, all get the joint gradient."""

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel


def n_processes() -> int:
    """Number of processes that train together, 1 without torch.distributed."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Number of this process among them."""
    return distributed.get_rank() if distributed.is_initialized() else 0


class Shared(nn.Module):
    """In training a process computes its rows of the batch, in evaluation all rows.

    Rows r, r + R, r + 2R, … belong to process r of R. DistributedDataParallel averages
    the gradients; `joint_loss` weighs them so that the average is that of the batch.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        several = n_processes() > 1
        self.parallel = DistributedDataParallel(module) if several else None

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs of this process's rows, or of all in eval mode."""
        if self.parallel is None or not self.training:
            outputs: Tensor = self.module(inputs)
        else:
            outputs = self.parallel(inputs[rank() :: n_processes()])
        return outputs


def joint_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy, its mean over samples and its sum over the heads.

    Args:
        outputs: logits [n, classes] or [n, classes, heads], of all rows or of this
            process's.
        targets: classes of all rows.

    Returns:
        The mean; of a process's rows, such that the mean over processes is that of
        all rows.
    """
    mine = targets
    if len(outputs) < len(targets):
        mine = targets[rank() :: n_processes()]
    weight = n_processes() / len(targets) if len(mine) < len(targets) else 1 / len(mine)
    if outputs.ndim == 3:
        mine = mine[:, None].expand(-1, outputs.shape[-1])
    return weight * nn.functional.cross_entropy(outputs, mine, reduction="sum")


class JointBatchNorm(nn.BatchNorm2d):
    """Batch norm whose batch is that of all processes together."""

    running_mean: Tensor  # torch's own types say None too, for norms without statistics
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalized channels of [n, channels, height, width]."""
        if n_processes() == 1 or not self.training:
            return super().forward(x)
        axes, shape = (0, 2, 3), (1, -1, 1, 1)
        count = _all_sum(x.new_tensor(x.numel() / x.shape[1]))
        mean = _all_sum(x.sum(axes)) / count
        centred = x - mean.view(shape)
        variance = _all_sum(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return centred * scale.view(shape) + self.bias.view(shape)


def _all_sum(x: Tensor) -> Tensor:
    """Return the sum over all processes, through which gradients pass."""
    # torch leaves apply without types
    total: Tensor = _AllSum.apply(x)  # type: ignore[no-untyped-call]
    return total


class _AllSum(torch.autograd.Function):
    """The sum over all processes, with its derivative."""

    @staticmethod
    def forward(_context: object, x: Tensor) -> Tensor:
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: object, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total

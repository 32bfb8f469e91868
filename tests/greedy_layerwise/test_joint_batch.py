"""On one process: torch's batch norm, and a loss that adds heads."""

import torch
from greedy_layerwise.cases import images
from torch import nn
from torch.nn import functional

from helpers.greedy_layerwise.joint_batch import JointBatchNorm, joint_loss


def test_alone_the_joint_batch_norm_is_torchs():
    ours, torchs = JointBatchNorm(3), nn.BatchNorm2d(3)
    x = images(5, (3, 4, 4))
    for _ in range(2):
        assert torch.equal(ours(x), torchs(x))
        ours.eval()
        torchs.eval()


def test_the_loss_adds_heads_and_averages_images():
    logits = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 2, 1, 1])
    each = [functional.cross_entropy(logits[..., i], y) for i in (0, 1)]
    torch.testing.assert_close(joint_loss(logits, y), sum(each))
    torch.testing.assert_close(joint_loss(logits[..., 0], y), each[0])

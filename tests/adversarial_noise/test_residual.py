"""The residual network, its schedule, its augmentation."""

import pytest
import torch
from torch import nn

from helpers.adversarial_noise.residual import (
    Mixed,
    one_cycle,
    residual_network,
    shifted,
)


def test_the_network_is_that_of_its_seed_and_leaves_the_generator():
    before = torch.random.get_rng_state()
    first, second = (residual_network(3, 2, 7, seed=4) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    x = torch.rand(2, 3, 32, 32)
    assert torch.equal(first.eval()(x), second.eval()(x))
    assert first(x).shape == (2, 7)
    assert not torch.equal(first(x), residual_network(3, 2, 7, seed=5).eval()(x))


def test_the_skip_passes_what_an_empty_branch_lets_through():
    net = residual_network(3, 2, 7, seed=4).eval()
    skips = [part for part in net if hasattr(part, "branch")]
    assert len(skips) == 2
    for part in skips:
        nn.init.zeros_(part.branch[3].weight)
        x = torch.rand(1, part.branch[0].in_channels, 4, 4)
        assert torch.equal(part(x), x)


def test_mixed_computes_in_bfloat16_and_returns_float32():
    net = residual_network(3, 2, 7, seed=4).eval()
    x = torch.rand(2, 3, 32, 32)
    exact, mixed = net(x), Mixed(net)(x)
    assert mixed.dtype == torch.float32
    rounded = mixed.to(torch.bfloat16).float()
    assert torch.equal(mixed, rounded)  # no digits beyond bfloat16's
    assert 0 < (mixed - exact).abs().max() < 0.05 * exact.abs().max()
    assert not torch.is_autocast_enabled("cpu")


def test_the_rate_rises_and_falls():
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = one_cycle(0.4, 8)([parameter])
    rates = []
    for _ in range(8):
        parameter.grad = torch.ones(1)
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
    assert rates[:2] == pytest.approx([0.2, 0.4])
    assert rates[1:] == pytest.approx([0.4 * k / 7 for k in range(7, 0, -1)])
    assert optimizer.param_groups[0]["lr"] == rates[-1]  # for a step too many


def test_shifts_move_whole_images_and_flips_turn_half_of_them():
    torch.manual_seed(0)
    image = torch.zeros(400, 1, 9, 9)
    image[:, 0, 4, 3] = 1.0  # stays within the frame, and shows a flip
    image[:, 0, 4, 4] = 2.0
    moved = shifted(image)
    assert moved.shape == image.shape
    right = (moved[..., 1:] == 2) & (moved[..., :-1] == 1)
    left = (moved[..., :-1] == 2) & (moved[..., 1:] == 1)
    flipped = left.flatten(1).any(1)
    seen = flipped | right.flatten(1).any(1)
    assert 0.7 < seen.float().mean() < 0.95  # a row or column may leave: 8 of 9, 9 of 9
    assert 150 < int(flipped.sum()) < 250
    assert len(moved.flatten(1).argmax(1).unique()) > 40

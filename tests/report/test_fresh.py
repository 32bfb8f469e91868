"""A copy at initialisation: what is drawn anew, and what stays."""

import copy

import pytest
import torch
from report.cases import small_cnn, trained_cnn
from torch import nn

from helpers.report.fresh import fresh_copy


def test_the_copy_is_drawn_as_torch_draws():
    """Uniform within 1 / sqrt(fan in): the law of torch's Linear and Conv2d."""
    net = nn.Sequential(nn.Linear(100, 200), nn.Conv2d(4, 50, 5))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(7.0)
    fresh, kept = fresh_copy(net, 0)
    assert kept == ()
    for parameter in fresh.parameters():
        assert parameter.abs().max() <= 0.1
        # the deviation of a uniform law, 5 of its standard errors: 0.9 / sqrt(2 n)
        error = 5 * 0.9 / (2 * parameter.numel()) ** 0.5
        assert parameter.std().item() == pytest.approx(0.1 / 3**0.5, rel=error)


def test_a_seed_gives_one_copy_and_leaves_the_rest():
    net = trained_cnn()
    before = copy.deepcopy(net.state_dict())
    state = torch.get_rng_state()
    first, again, other = (fresh_copy(net, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(
        torch.equal(before[name], value) for name, value in net.state_dict().items()
    )
    one, same, another = (fresh[0].weight for fresh in (first, again, other))
    assert torch.equal(one, same)
    assert not torch.equal(one, another)
    assert not torch.equal(one, net[0].weight)
    assert not any(module.training for module in first.modules())


def test_a_batch_norm_forgets_its_statistics():
    net = trained_cnn()
    assert net[2].norm.running_mean.abs().max() > 0.01
    fresh, _ = fresh_copy(net, 0)
    assert not fresh[2].norm.running_mean.any()
    assert (fresh[2].norm.running_var == 1).all()


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((2,), 3.0))
        self.inner = nn.Linear(2, 2)


def test_a_parameter_without_a_method_stays_and_is_named():
    fresh, kept = fresh_copy(nn.Sequential(Scaled(), nn.ReLU()), 0)
    assert kept == ("0.scale",)
    assert (fresh[0].scale == 3).all()


class Failing(nn.Linear):
    ready = False

    def reset_parameters(self):
        if self.ready:
            raise RuntimeError("no")
        super().reset_parameters()


def test_what_cannot_be_copied_or_reset_is_told():
    net = nn.Sequential(Failing(2, 2))
    net[0].ready = True
    with pytest.raises(ValueError, match=r"net\.0\.reset_parameters\(\) fails: no"):
        fresh_copy(net, 0)
    net = small_cnn()
    net.kept = net[0].weight * 2  # part of a graph, as weight_norm leaves it
    with pytest.raises(ValueError, match="net cannot be copied: Only Tensors"):
        fresh_copy(net, 0)

"""What is read, what is refused, and that the caller's network is left alone."""

import copy

import numpy as np
import pytest
import torch
from linear_regions.cases import assert_says
from linear_regions.modules import KINDS, network, points
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

from helpers import linear_regions as lr


def net_that(forward, **modules):
    """A module whose forward is a function of the module and of its input."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 4)
            for name, module in modules.items():
                setattr(self, name, module)

        def forward(self, x):
            return forward(self, self.first(x))

    torch.manual_seed(0)
    return Net()


def count(net, shape=(4,)):
    start, end = np.random.default_rng(0).normal(size=(2, *shape))
    return lr.count_line_regions(net, start, end)


class Doubled(nn.Linear):
    """A subclass that is never to be read as a Linear."""

    def forward(self, x):
        return 2 * super().forward(x) + 1


REFUSED = {
    "softmax": (net_that(lambda s, h: torch.softmax(h, 1)),
     "node softmax of net, a call of softmax, cannot be read; allowed: Linear"),
    "gelu": (net_that(lambda s, h: functional.gelu(h)),
     "node gelu of net, a call of gelu, cannot be read; allowed: Linear"),
    "method": (net_that(lambda s, h: h.tanh()),
     "node tanh of net, a call of tanh, cannot be read; allowed: Linear"),
    "module": (net_that(lambda s, h: s.act(h), act=nn.Sequential(nn.SiLU())),
     "net.act.0, a SiLU, cannot be read; allowed: Linear"),
    "layer norm": (net_that(lambda s, h: s.norm(h), norm=nn.LayerNorm(4)),
     "net.norm, a LayerNorm, cannot be read; allowed: Linear"),
    "product": (net_that(lambda s, h: h * torch.relu(h)),
     "node mul of net, a call of mul, cannot be read; allowed: a product with a const"),
    "quotient": (net_that(lambda s, h: 1 / h),
     "node truediv of net, a call of truediv, cannot be read; allowed: a quotient by"),
    "attention": (net_that(lambda s, h: h @ h.transpose(0, 1)),
     "node transpose of net, a call of transpose, cannot be read; allowed: "),
    "jump": (net_that(lambda s, h: functional.threshold(h, 0.0, 1.0)),
     "node _threshold of net, a call of _threshold, cannot be read; allowed: a thresh"),
    "control flow": (net_that(lambda s, h: h if h.sum() > 0 else -h),
     "net cannot be read by torch.fx: its steps depend on the data"),
    "control flow by shape": (net_that(lambda s, h: h if h.shape[1] > 3 else -h),
     "net cannot be read by torch.fx: its steps depend on the data or ask for its sh"),
    "a number of the data": (net_that(lambda s, h: h * h.sum().item()),
     "node sum_1 of net, a call of sum, cannot be read; allowed: nodes that ke"),
    "mean of the batch": (net_that(lambda s, h: h - h.mean(0)),
     "node mean of net, a call of mean, cannot be read; allowed: "),
    "cumsum": (net_that(lambda s, h: torch.cumsum(h, 1)),
     "node cumsum of net, a call of cumsum, cannot be read; allowed: Linear"),
    "two outputs": (net_that(lambda s, h: (h, h)),
     "net must return one tensor, made from its input"),
    "train": (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)),
     "net must be in eval mode: net.1, a BatchNorm1d, is in train mode"),
    "dropout": (net_that(lambda s, h: functional.dropout(h, 0.5)),
     "node dropout of net, a call of dropout, cannot be read; allowed: dropout with "),
    "a reshape of the batch": (net_that(lambda s, h: h.reshape(2, -1)),
     "node reshape of net, a call of reshape, cannot be read; allowed: nodes that ke"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_named(case):
    net, sentence = REFUSED[case]
    assert_says(lambda: count(net), sentence)


def hooked():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    net[0].register_forward_hook(lambda *_: None)
    return net


def pruned():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    prune.l1_unstructured(net[0], "weight", 0.5)
    return net


def parametrised():
    layer = nn.Linear(4, 4)
    parametrizations.weight_norm(layer)
    return nn.Sequential(layer, nn.ReLU())


def replaced():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    net[0].forward = lambda x: x
    return net


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (hooked, "net.0 has hooks"),
        (pruned, "net.0 has hooks"),
        (parametrised, "net.0 is parametrised"),
        (replaced, "net.0 has a forward of its own"),
    ],
)
def test_layers_that_do_not_compute_what_they_store_are_refused(make, sentence):
    for call in (
        lambda: count(make()),
        lambda: lr.distance_to_boundary(make(), np.ones(4)),
        lambda: lr.plane_regions(make(), *np.eye(4)[:3], (0, 1, 0, 1)),
    ):
        assert_says(call, sentence)


def test_subclass_of_linear_is_read_by_its_own_forward():
    """Its forward is 2 (Wx + b) + 1: kinks where that is 0."""
    net = nn.Sequential(Doubled(2, 2), nn.ReLU()).double()
    plain = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).double()
    with torch.no_grad():
        plain[0].weight.copy_(2 * net[0].weight)
        plain[0].bias.copy_(2 * net[0].bias + 1)
    line = ([-9.0, 3.0], [9.0, -2.0])
    t, twin = (lr.line_breakpoints(n, *line) for n in (net, plain))
    assert len(t) == 2
    np.testing.assert_allclose(t, twin, atol=1e-14)


def test_len_of_a_batch_is_read_as_its_size():
    """And the caller's module has no such name afterwards."""
    lengths = net_that(lambda s, h: torch.relu(h.view(len(h), -1)) * len([1, 2]))
    sizes = net_that(lambda s, h: torch.relu(h.view(h.size(0), -1)) * 2)
    line = (-10 * np.ones(4), 9 * np.ones(4))
    t, twin = (lr.line_breakpoints(net, *line) for net in (lengths, sizes))
    assert len(t) > 1
    np.testing.assert_array_equal(t, twin)
    assert "len" not in globals()


def test_network_that_computes_something_else_is_refused():
    """A constant of the batch's size is read once: for other batches it is wrong."""
    net = net_that(lambda s, h: torch.relu(h) * h.size(0))
    assert_says(lambda: count(net), "net does not compute what its layers say")


@pytest.mark.parametrize("kind", KINDS)
def test_caller_is_left_alone(kind):
    net = network(kind)
    before = copy.deepcopy(net.state_dict())
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    attributes = [set(vars(module)) for module in net.modules()]
    random = torch.random.get_rng_state()
    x = points(kind, 2)
    given = x.copy()
    lr.line_regions(net, *x)
    lr.distance_to_boundary(net, x)
    np.testing.assert_array_equal(x, given)
    assert torch.equal(random, torch.random.get_rng_state())
    assert [set(vars(module)) for module in net.modules()] == attributes
    assert not any(module.training for module in net.modules())
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all((parameter.grad == 1).all() for parameter in net.parameters())


def test_constant_of_the_forward_stays_out_of_the_module():
    net = net_that(lambda s, h: torch.relu(h - torch.tensor([0.1, 0.2, 0.3, 0.4])))
    names = set(vars(net))
    assert lr.count_line_regions(net, np.full(4, -9.0), np.full(4, 9.0)) > 1
    assert set(vars(net)) == names


def test_one_image_and_many():
    """[C, H, W] is one point of a network that flattens, [m, C, H, W] are m."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU()).double()
    a, b = np.random.default_rng(0).normal(size=(2, 3, 2, 2))
    one = lr.line_breakpoints(net, a, b)
    np.testing.assert_array_equal(one, lr.line_breakpoints(net, a.ravel(), b.ravel()))
    many = lr.line_breakpoints(net, a[None], b[None])
    assert isinstance(many, list)
    np.testing.assert_array_equal(many[0], one)


ERRORS = [
    (lambda: lr.line_regions(network("residual"), np.ones((6, 6)), np.zeros((6, 6))),
     "start must have 3 axes for one point and 4 for many, as the first layer takes"),
    (lambda: lr.line_regions(network("residual"), *np.ones((2, 3, 6, 6))),
     "net must take points of shape [3, 6, 6]: "),
    (lambda: lr.plane_regions(network("residual"), *points("residual", 2), 0, [0] * 4),
     "v must have shape [2, 6, 6] or [m, 2, 6, 6] (the network has 72 inputs), got []"),
    (lambda: lr.distance_to_boundary(network("residual"), np.full((2, 6, 6), np.nan)),
     "x must be finite, got NaN or infinity"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)

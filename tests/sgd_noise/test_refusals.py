"""Networks, data, losses and numbers that are refused, or that only seem wrong."""

import numpy as np
import pytest
import torch
from sgd_noise.calls import CLOSE, FUNCTIONS, WITH_DATA
from sgd_noise.modules import (
    IMAGES,
    LABELS,
    ROWS,
    N,
    Wrapped,
    cnn,
    plain,
    plain_hessian,
    plain_rows,
    seeded,
)
from torch import nn
from torch.nn import functional

from helpers import sgd_noise as sn


@WITH_DATA
def test_batch_norm_and_dropout_in_train_mode(name):
    net = seeded(cnn)().train()
    with pytest.raises(ValueError, match=r"net must be in eval mode: net\.1"):
        FUNCTIONS[name](net, IMAGES, LABELS)
    assert all(m.training for m in net.modules())


class Noisy(nn.Linear):
    def forward(self, x):
        return functional.dropout(super().forward(x), 0.5)


class Centred(nn.Linear):
    def forward(self, x):
        h = super().forward(x)
        return h - h.mean(0)


class Detached(nn.Linear):
    def forward(self, x):
        return super().forward(x).detach()


class Pair(nn.Linear):
    def forward(self, x):
        return super().forward(x), x


def closed_over():
    net = nn.Sequential(nn.Linear(5, 3)).double()
    inner = net.forward
    net.forward = lambda x: 2 * inner(x)
    return net


def with_nan():
    net = plain()
    with torch.no_grad():
        net[0].weight[0, 0] = torch.nan
    return net


BAD_NETS = {
    "random": (lambda: Noisy(5, 3).double(), "alone as in a batch"),
    "batch statistics": (lambda: Centred(5, 3).double(), "alone as in a batch"),
    "detached": (lambda: Detached(5, 3).double(), "net must be differentiable"),
    "pair": (lambda: Pair(5, 3).double(), "must give a tensor"),
    "closure": (closed_over, "without closures"),
    "NaN": (with_nan, "finite parameters, got NaN or infinity in net.0.weight"),
    "bfloat16": (lambda: plain().bfloat16(), "torch.bfloat16; allowed: float32"),
    "half": (lambda: Wrapped(plain().half()), "torch.float16; allowed: float32"),
    "frozen": (
        lambda: plain().requires_grad_(False),
        "no parameter with requires_grad",
    ),
    "empty": (lambda: nn.Identity(), "no parameter with requires_grad"),
    "one output": (lambda: nn.Linear(5, 1).double(), "C >= 2 classes"),
    "other inputs": (lambda: nn.Linear(4, 3).double(), "net does not take x"),
    "other inputs, fast": (
        lambda: nn.Sequential(nn.Linear(4, 3)),
        "inputs of 4 numbers",
    ),
    "lazy": (lambda: nn.LazyLinear(3), "has no shape yet"),
}


@pytest.mark.parametrize("kind", BAD_NETS)
@WITH_DATA
def test_networks_that_are_refused(name, kind):
    make, told = BAD_NETS[kind]
    if kind == "lazy" and name == "displaced_losses":
        pytest.skip("its steps have no size")
    with pytest.raises((ValueError, TypeError), match=told):
        FUNCTIONS[name](make(), ROWS, LABELS)


@WITH_DATA
def test_no_module(name):
    if name == "displaced_losses":
        pytest.skip("its steps have no size")
    with pytest.raises(TypeError, match=r"net must be a torch\.nn\.Module"):
        FUNCTIONS[name](lambda x: x, ROWS, LABELS)


BAD_DATA = {
    "no class": (ROWS, LABELS + 1, r"y must lie in 0\.\.2"),
    "negative class": (ROWS, LABELS - 1, r"y must lie in 0\.\.2"),
    "classes that are floats": (ROWS, LABELS.double(), "one integer label"),
    "classes in a column": (ROWS, LABELS[:, None], "one integer label"),
    "NaN": (ROWS * torch.nan, LABELS, "x must be real and finite"),
    "empty": (ROWS[:0], LABELS[:0], "n >= 1"),
    "another number": (ROWS, LABELS[1:], "start with the same n"),
    "words": (ROWS, ["cat"] * N, "y must be a tensor"),
}


@pytest.mark.parametrize("wrap", [Wrapped, lambda net: net], ids=["general", "fast"])
@pytest.mark.parametrize("kind", BAD_DATA)
@WITH_DATA
def test_data_that_are_refused(name, kind, wrap):
    x, y, told = BAD_DATA[kind]
    with pytest.raises((ValueError, TypeError), match=told):
        FUNCTIONS[name](wrap(plain()), x, y)


def line():
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 1)).double()


@pytest.mark.parametrize("wrap", [Wrapped, lambda net: net], ids=["general", "fast"])
@pytest.mark.parametrize(
    "loss", ["mse", lambda o, y: (o - y).square().mean()], ids=["mse", "callable"]
)
@WITH_DATA
def test_targets_that_would_broadcast(name, loss, wrap):
    net, y = wrap(line()), ROWS[:, 0]
    FUNCTIONS[name](net, ROWS, y[:, None], loss=loss)
    with pytest.raises(ValueError, match=r"\[12\] for outputs \[12, 1\]|broadcast"):
        FUNCTIONS[name](net, ROWS, y, loss=loss)


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(reduction="sum"),
        nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]).double()),
        lambda o, y: functional.cross_entropy(o - o.mean(0), y),
    ],
    ids=["sum", "class weights", "contrast"],
)
@pytest.mark.parametrize("n", [2, 3, N])
@WITH_DATA
def test_losses_that_are_no_mean_over_samples(name, loss, n):
    if (
        n == 2
        and "weight" in vars(loss).get("_buffers", {})
        and loss.weight is not None
    ):
        assert LABELS[0] != LABELS[1]
    with pytest.raises(ValueError, match="loss must be the mean over samples"):
        FUNCTIONS[name](plain(), ROWS[:n], LABELS[:n], loss=loss)


@WITH_DATA
def test_losses_of_another_kind(name):
    for loss, told in (
        (nn.CrossEntropyLoss(reduction="none"), "without dimensions"),
        (lambda o, y: float(o.mean()), "without dimensions, got float"),
        (lambda o, y: o.mean() * torch.nan, "loss must be finite"),
        (nn.MSELoss(), "loss does not take|must be the mean"),
        ("hinge", "loss must be 'cross_entropy' or 'mse'"),
    ):
        with pytest.raises(ValueError, match=told):
            FUNCTIONS[name](plain(), ROWS, LABELS, loss=loss)


def hinge(outputs, y):
    """Largest wrong output over the right one by less than 1: straight pieces."""
    right = outputs.gather(1, y[:, None])
    margins = (1 + outputs - right).clamp_min(0)
    return (margins.sum(1) - 1).mean()


@pytest.mark.parametrize(
    "make", [plain, lambda: nn.Sequential(nn.Linear(5, 3)).double()]
)
@pytest.mark.parametrize("loss", [hinge, nn.MultiMarginLoss()], ids=["own", "torch"])
def test_hinge_loss(make, loss):
    """Straight in the outputs: no curvature in one layer, a trace of 0 in two."""
    net = make()
    own = hinge if loss is hinge else lambda o, y: hinge(o, y) / 3
    for one in (net, Wrapped(net)):
        h = sn.HessianOperator(one, ROWS, LABELS, loss=loss)
        exact = plain_hessian(net, ROWS, LABELS, own)
        np.testing.assert_allclose(h.dense(), exact, **CLOSE)
        assert h.trace() == pytest.approx(0, abs=1e-12)
        assert exact.any() == (len(net) > 1)
        values, vectors = sn.top_eigenpairs(h, 2)
        np.testing.assert_allclose(h @ vectors, vectors * values, atol=1e-9)
        rows = sn.per_sample_gradients(one, ROWS, LABELS, loss=loss)
        np.testing.assert_allclose(rows, plain_rows(net, ROWS, LABELS, own), **CLOSE)


def test_a_net_without_a_second_derivative():
    net = nn.Sequential(nn.EmbeddingBag(7, 4), nn.Linear(4, 3))
    x = torch.arange(4 * N).view(N, 4) % 7
    assert sn.per_sample_gradients(net, x, LABELS).shape == (N, 43)
    with pytest.raises(ValueError, match="must be twice differentiable"):
        sn.HessianOperator(net, x, LABELS)


@pytest.mark.parametrize("n", [10, 200])
def test_a_zero_operator(n):
    values, vectors = sn.top_eigenpairs(np.zeros((n, n)), 3)
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_array_equal(vectors.T @ vectors, np.eye(3))


@pytest.mark.parametrize("rank", [1, 2, 200])
def test_operators_of_low_rank_and_multiples_of_the_identity(rank):
    matrix = np.diag(np.r_[np.full(rank, 3.0), np.zeros(200 - rank)])
    values, vectors = sn.top_eigenpairs(matrix, 4)
    right = np.r_[np.full(min(rank, 4), 3.0), np.zeros(4 - min(rank, 4))]
    np.testing.assert_allclose(values, right, atol=1e-12)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-10)


@pytest.mark.parametrize(
    ("matrix", "options", "told"),
    [
        (np.full((3, 3), np.nan), {}, "operator must be finite"),
        (np.triu(np.ones((3, 3))), {}, "operator must be symmetric"),
        (1j * np.eye(3), {}, "operator must be real"),
        (np.eye(3), {"k": 4}, r"k must be in 1\.\.3, got 4"),
        (np.eye(3), {"k": 0}, r"k must be in 1\.\.3, got 0"),
        (np.eye(3), {"k": 1.5}, r"k must be in 1\.\.3, got 1.5"),
        (np.eye(3), {"tol": -1.0}, "tol must be finite and >= 0, got -1.0"),
    ],
)
def test_operators_and_numbers_that_are_refused(matrix, options, told):
    with pytest.raises(ValueError, match=told):
        sn.top_eigenpairs(matrix, **{"k": 1} | options)

"""What callers hand in: left as it was, read rightly, or refused with a reason."""

import numpy as np
import pytest
import torch
from sgd_noise.modules import (
    IMAGES,
    LABELS,
    ROWS,
    N,
    Wrapped,
    cnn,
    hooked,
    in_place_first,
    own_forward,
    plain,
    plain_hessian,
    plain_rows,
    pruned,
    seeded,
    shared_bias,
    shared_module,
    tokens,
)
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

from helpers import sgd_noise as sn
from helpers.data import Dataset
from helpers.sgd_noise.copies import private_copy

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def data(x, y):
    return Dataset("ours", x, y, x, y, 3)


FUNCTIONS = {
    "per_sample_gradients": sn.per_sample_gradients,
    "GradientNoise": lambda net, x, y, **o: sn.GradientNoise(net, x, y, 4, **o),
    "HessianOperator": sn.HessianOperator,
    "hessian": sn.hessian,
    "displaced_losses": lambda net, x, y, **o: sn.displaced_losses(
        net, x, y, np.zeros((1, size(net))), **o
    ),
    "expected_sharpness": lambda net, x, y, **o: sn.expected_sharpness(
        net, x, y, scale=0.01, draws=2, seed=0, **o
    ),
}
WITH_DATA = pytest.mark.parametrize("name", FUNCTIONS)


def size(net):
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def everything(net):
    """What must be after a call as it was before."""
    return {
        "parameters": [
            (id(p), p.detach().clone(), p.requires_grad) for p in net.parameters()
        ],
        "gradients": [id(p.grad) for p in net.parameters()],
        "buffers": [b.clone() for b in net.buffers()],
        "modes": [m.training for m in net.modules()],
        "hooks": [
            (list(m._forward_hooks.items()), list(m._forward_pre_hooks.items()))
            for m in net.modules()
        ],
        "attributes": [
            {key: id(value) for key, value in vars(m).items()} for m in net.modules()
        ],
        "members": [
            {k: id(p) for k, p in m._parameters.items()} for m in net.modules()
        ],
        "torch": torch.random.get_rng_state(),
        "numpy": np.random.get_state()[1].copy(),  # noqa: NPY002
    }


def same(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def mixed_modes():
    net = plain()
    net[1].train()
    return net


SUBJECTS = {
    "plain, partly in train mode": (mixed_modes, ROWS),
    "cnn": (seeded(cnn), IMAGES),
    "tokens": (seeded(tokens), torch.arange(4 * N).view(N, 4) % 7),
    "pruned": (seeded(pruned), ROWS),
    "hooked": (seeded(hooked), ROWS),
    "in place first": (seeded(in_place_first), ROWS),
    "shared bias": (seeded(shared_bias), ROWS),
    "shared module": (seeded(shared_module), ROWS),
}


@pytest.mark.parametrize("subject", SUBJECTS)
@WITH_DATA
def test_nothing_of_the_callers_is_changed(name, subject):
    make, x = SUBJECTS[subject]
    net, x, y = make(), x.clone(), LABELS.clone()
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    before, given = everything(net), (x.clone(), y.clone())
    made = FUNCTIONS[name](net, x, y)
    if isinstance(made, sn.HessianOperator):
        made.trace()
        sn.top_eigenpairs(made, 2)
    if isinstance(made, sn.GradientNoise):
        made.top(2)
        made.sample(2, seed=0)
    after = everything(net)
    for part, value in before.items():
        if part == "attributes":
            assert after[part] == value
        else:
            assert same(value, after[part]), part
    assert torch.equal(x, given[0])
    assert torch.equal(y, given[1])


def test_nothing_is_changed_by_runs_and_looks():
    net, one = plain(), data(ROWS, LABELS)
    before = everything(net)
    sn.dynamics(net, ROWS, LABELS, "hessian", lr=0.1, steps=2, batch_size=4, rank=2,
                seed=0, progress=False)  # fmt: skip
    sn.look([net], [one], draws=2, seed=0)
    after = everything(net)
    assert all(same(value, after[part]) for part, value in before.items())


def test_looks_at_any_classifier():
    net = seeded(cnn)()
    found = sn.look([net], [data(IMAGES, LABELS)], draws=2, seed=0)
    loss = functional.cross_entropy(net(IMAGES), LABELS)
    assert found["loss"][0] == pytest.approx(float(loss.detach()))
    assert found["trace"][0] == pytest.approx(
        np.trace(plain_hessian(net, IMAGES, LABELS))
    )


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


@pytest.mark.parametrize("wrap", [Wrapped, lambda net: net], ids=["general", "fast"])
def test_operators_hold_what_they_were_made_of(wrap):
    """Weights, data, modes and hooks may change afterwards."""
    inner, x, y = plain(), ROWS.clone(), LABELS.clone()
    net = wrap(inner)
    h, noise = sn.HessianOperator(net, x, y), sn.GradientNoise(net, x, y, 4)
    before = h.dense(), h.trace(), noise.dense(), noise.trace(), noise.top(2)[0]
    indicator = sn.escape_indicator(before[0], before[2], k=3)
    inner[0].weight.data.mul_(2)
    inner[1].register_forward_hook(lambda module, inputs, output: 0 * output)
    x.zero_()
    y.zero_()
    net.train()
    after = h.dense(), h.trace(), noise.dense(), noise.trace(), noise.top(2)[0]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(other, one, **CLOSE)
    assert h.trace() == pytest.approx(np.trace(h.dense()))
    assert sn.escape_indicator(h, noise, k=3).ratio == pytest.approx(indicator.ratio)


@pytest.mark.parametrize("make", [own_forward, hooked, pruned])
def test_layers_that_compute_something_else_never_take_the_fast_route(make):
    """A pruned layer after an optimiser's step: its stored weight is an old one."""
    net = seeded(make)()
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(1.5)
    rows = sn.per_sample_gradients(net, ROWS, LABELS)
    np.testing.assert_allclose(rows, plain_rows(net, ROWS, LABELS), **CLOSE)
    with pytest.raises(TypeError, match=r"hooks|got Twice"):
        sn.dynamics(net, ROWS, LABELS, lr=0.1, steps=1, batch_size=4, seed=0)


def test_a_class_that_was_patched_is_noticed(monkeypatch):
    forward = nn.Linear.forward
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: 2 * forward(self, x))
    with pytest.raises(ValueError, match="does not compute what its layers say"):
        sn.per_sample_gradients(plain(), ROWS, LABELS)


def test_pruning_made_permanent_leaves_the_bias_before_the_weight():
    net = seeded(pruned)()
    rows = sn.per_sample_gradients(net, ROWS, LABELS)
    prune.remove(net[0], "weight")
    found = sn.per_sample_gradients(net, ROWS, LABELS)
    kept = net[0].weight.detach().numpy().ravel() != 0
    weights = slice(4, 24)
    np.testing.assert_allclose(found[:, :4], rows[:, :4], **CLOSE)
    np.testing.assert_allclose(found[:, weights][:, kept], rows[:, weights][:, kept])
    assert not rows[:, weights][:, ~kept].any()


@pytest.mark.parametrize("wrap", [Wrapped, lambda net: net], ids=["general", "fast"])
@pytest.mark.parametrize(
    "mode", [torch.no_grad, torch.inference_mode, torch.enable_grad]
)
def test_every_mode_of_autograd(mode, wrap):
    right = (
        sn.per_sample_gradients(plain(), ROWS, LABELS),
        sn.hessian(plain(), ROWS, LABELS),
    )
    with mode():
        net, x, y = wrap(plain()), ROWS + 0, LABELS + 0
        rows, h = sn.per_sample_gradients(net, x, y), sn.HessianOperator(net, x, y)
        dense, noise = h.dense(), sn.GradientNoise(net, x, y, 4)
        drawn = noise.sample(2, seed=0)
        mean, _ = sn.expected_sharpness(net, x, y, scale=0.01, draws=2, seed=0)
    np.testing.assert_allclose(rows, right[0], **CLOSE)
    np.testing.assert_allclose(dense, right[1], **CLOSE)
    assert np.isfinite(drawn).all()
    assert np.isfinite(mean)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("wrap", [Wrapped, lambda net: net], ids=["general", "fast"])
@pytest.mark.parametrize(
    "form",
    [
        lambda x: x.clone().requires_grad_(),
        lambda x: x.T.contiguous().T,
        lambda x: x.numpy(),
        lambda x: torch.stack([x, x], 2)[..., 0],
    ],
    ids=["requires_grad", "not contiguous", "numpy", "strided"],
)
def test_inputs_of_every_form(form, wrap):
    right = (
        sn.hessian(plain(), ROWS, LABELS),
        sn.per_sample_gradients(plain(), ROWS, LABELS),
    )
    net, x, y = wrap(plain()), form(ROWS), LABELS.to(torch.int32)
    np.testing.assert_allclose(sn.hessian(net, x, y), right[0], **CLOSE)
    np.testing.assert_allclose(sn.per_sample_gradients(net, x, y), right[1], **CLOSE)


@pytest.mark.parametrize("wrap", [Wrapped, lambda net: net], ids=["general", "fast"])
def test_inputs_of_other_types(wrap):
    """Whole numbers and float64 for a float32 network: read in its own dtype."""
    net = wrap(plain().float())
    x = (4 * ROWS).round()
    right = sn.per_sample_gradients(net, x.float(), LABELS)
    for kind in (torch.int64, torch.int8, torch.float64, torch.float16):
        rows = sn.per_sample_gradients(net, x.to(kind), LABELS)
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, right)


@pytest.mark.parametrize("wrap", [Wrapped, lambda net: net], ids=["general", "fast"])
def test_one_sample(wrap):
    net, x, y = wrap(plain()), ROWS[:1], LABELS[:1]
    noise = sn.GradientNoise(net, x, y, 1)
    assert noise.trace() == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(noise.dense(), 0, atol=1e-15)
    with pytest.raises(ValueError, match="Sigma has rank 0, got k = 1"):
        noise.top(1)
    np.testing.assert_allclose(sn.hessian(net, x, y), plain_hessian(net, x, y), **CLOSE)


@pytest.mark.parametrize("k", [0, 39, 40, 2.5, True])
def test_k_beyond_what_there_is(k):
    net = plain()
    h, noise = (
        sn.HessianOperator(net, ROWS, LABELS),
        sn.GradientNoise(net, ROWS, LABELS, 4),
    )
    with pytest.raises(ValueError, match=r"k must be in 1\.\.38"):
        sn.escape_indicator(h, noise, k=k)
    with pytest.raises(ValueError, match=r"k must be in 1\.\.12"):
        noise.top(k)


def test_a_copy_is_the_network_with_what_it_shares():
    net = seeded(shared_bias)()
    copied = private_copy(net)
    assert copied[2].bias is copied[0].bias
    assert copied[2].bias is not net[0].bias

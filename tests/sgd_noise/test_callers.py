"""What callers hand in: left as it was, and read rightly."""

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


def data(x, y):
    return Dataset("ours", x, y, x, y, 3)


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

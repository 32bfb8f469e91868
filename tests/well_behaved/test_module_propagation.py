"""Any network, module by module: against `propagate` and against differences."""

import math
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from well_behaved.cases import POOLS, Twin, effective_rank

from helpers import well_behaved as wb
from helpers.well_behaved.module_propagation import _noise


class Skip(nn.Module):
    """A residual unit, as the chapter has it."""

    def __init__(self, branch, skip):
        super().__init__()
        self.branch, self.skip = branch, skip

    def forward(self, x):
        return self.skip * x + self.branch(x)


def chapters_own(architecture, pool, seed, *, depth, width, branch_depth, skip):
    """The network that draw 0 of `propagate` has, as a module, and its inputs.

    The statistics of its batch norms are those of its batch.
    """
    spatial = pool.ndim - 2
    twin = Twin(pool, width, len(pool), seed, 0)
    x = pool / math.sqrt(pool.var((0, *range(2, pool.ndim))).mean())
    h = torch.from_numpy(x)

    def affine(gain):
        weight = torch.from_numpy(twin.weights(gain, 3))
        twin.x = np.empty((*twin.x.shape[:-1], width))
        if not spatial:
            layer = nn.Linear(*weight.shape, bias=False)
            weight = weight.T
        else:
            kind = (nn.Conv1d, nn.Conv2d)[spatial - 1]
            options = {"padding": 1, "padding_mode": "circular", "bias": False}
            layer = kind(weight.shape[1], width, 3, **options)
        layer.weight = nn.Parameter(weight)
        return layer

    def frozen(z):
        kind = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d)[spatial]
        norm = kind(z.shape[1], eps=1e-3, affine=False).double()
        dims = (0, *range(2, z.ndim))
        norm.running_mean, norm.running_var = z.mean(dims), z.var(dims, correction=0)
        return norm.eval()

    normal, units = architecture.startswith("batch_norm"), OrderedDict()
    if "residual" in architecture:
        units["start"] = affine(1)
        h = units["start"](h).detach()
    for k in range(depth):
        layers, z = [], h
        for _ in range(branch_depth if "residual" in architecture else 1):
            steps = [lambda _: nn.ReLU(), lambda _: affine(2)]
            steps = ([frozen] if normal else []) + steps
            if "residual" not in architecture:
                steps = [steps[-1], *steps[:-1]]
            for make in steps:
                layers.append(make(z))
                z = layers[-1](z).detach()
        unit = nn.Sequential(*layers)
        units[f"unit{k}"] = Skip(unit, skip) if "residual" in architecture else unit
        h = units[f"unit{k}"](h).detach()
    return nn.Sequential(units).eval(), torch.from_numpy(x)


@pytest.mark.parametrize("shape", POOLS)
@pytest.mark.parametrize("architecture", wb.ARCHITECTURES)
def test_the_chapters_own_networks_agree_with_propagate(architecture, shape):
    """The same weights, batch and noise, in float64: equal up to rounding."""
    pool, depth = POOLS[shape], 4
    options = {"branch_depth": 2, "skip": 0.8, "seed": 5}
    found = wb.propagate(
        architecture, depth, 9, pool, n_draws=1, batch_size=len(pool),
        dtype=torch.float64, **options,
    )  # fmt: skip
    net, x = chapters_own(architecture, pool, depth=depth, width=9, **options)
    ours = wb.propagate_module(net, x, seed=5, n_draws=1)
    states = [ours.names.index(f"unit{k}") for k in range(depth)]
    places, close = [0, *states], {"rtol": 1e-9, "atol": 1e-11}
    for name in ("log_nu2", "log_mu2", "variability", "rank"):
        mine, wanted = getattr(ours, name)[places], getattr(found, name)[0]
        np.testing.assert_allclose(mine, wanted, **close, err_msg=name)
    for name in ("log_noise", "noise_rank", "log_chi"):
        mine, wanted = getattr(ours, name)[:, places], getattr(found, name)
        np.testing.assert_allclose(mine, wanted, **close, err_msg=name)
    first = [before_relu(ours, f"unit{k}") for k in range(depth)]
    for name in ("mean_abs", "kurtosis", "sign_product", "mixed_signs"):
        mine, wanted = getattr(ours, name)[first], getattr(found, name)[0]
        np.testing.assert_allclose(mine, wanted, **close, err_msg=name)
    growth = np.exp(np.diff(ours.log_chi[0, [first, np.add(first, 1)]], axis=0))[0]
    np.testing.assert_allclose(growth, found.activation_growth[0], **close)


def before_relu(moments, unit):
    """The state that enters the first ReLU of a unit."""
    named = enumerate(zip(moments.names, moments.kinds, strict=True))
    relus = [i for i, (name, kind) in named if name.startswith(unit) and kind == "ReLU"]
    return relus[0] - 1


class Classifier(nn.Module):
    """A residual CNN with functional code, a layer used twice and an output in a tuple.

    Its activations are smooth, so that differences are exact to second order.
    """

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.again = nn.Conv2d(6, 6, 3, padding=1, groups=2)
        self.act = nn.GELU()
        self.pair = Pair()
        self.unused = nn.Linear(3, 3)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        h = self.norm(self.first(x))
        for _ in range(2):
            h = h + self.again(self.act(h))
        low, _ = self.pair(h)
        pooled = functional.avg_pool2d(low, (5, 4)).flatten(1)
        return functional.log_softmax(functional.linear(pooled, self.head.weight), 1)


class Pair(nn.Module):
    def forward(self, x):
        return torch.tanh(x), x


@pytest.fixture
def classifier():
    torch.manual_seed(3)
    net = Classifier().double()
    net(torch.randn(50, 2, 5, 4, dtype=torch.float64))  # running statistics
    return net.eval()


@pytest.fixture
def batch():
    return torch.from_numpy(POOLS["image"][:12])


def outputs(net, x, names):
    """What the modules of these names give, in order of execution."""
    found, modules = [], dict(net.named_modules())
    handles = [
        modules[name].register_forward_hook(
            lambda module, inputs, output: found.append(output.detach().numpy())
        )
        for name in names
    ]
    with torch.no_grad():
        net(x)
    for handle in handles:
        handle.remove()
    return found


def test_every_moment_is_that_of_a_difference(classifier, batch):
    """Central differences, h = 1e-5: error of order h^2 and of rounding / h, 1e-10."""
    ours = wb.propagate_module(classifier, batch, seed=2, n_draws=3)
    states = ["first", "norm", "act", "again", "act", "again", ""]
    assert ours.names == ("input", *states)
    assert ours.calls == (0, 0, 0, 0, 0, 1, 1, 0)
    assert ours.kinds[1:3] == ("Conv2d", "BatchNorm2d")
    signals = [batch.numpy(), *outputs(classifier, batch, dict.fromkeys(states))]
    rows = [np.moveaxis(h, 1, -1).reshape(-1, h.shape[1]) for h in signals]
    powers = np.array([row.var(0).mean() for row in rows])
    np.testing.assert_allclose(ours.log_mu2, np.log(powers / powers[0]), atol=1e-9)
    spread = [row.var(0).mean() / (row**2).mean() for row in rows]
    np.testing.assert_allclose(ours.variability, spread, rtol=1e-9)
    ranks = [effective_rank(row, centre=True) for row in rows]
    np.testing.assert_allclose(ours.rank, ranks, rtol=1e-9)
    for draw in range(3):
        step = 1e-5 * _noise(batch, 2, draw)
        sides = []
        for x in (batch + step, batch - step):
            sides.append([x.numpy(), *outputs(classifier, x, dict.fromkeys(states))])
        noises = [(a - b) / 2e-5 for a, b in zip(*sides, strict=True)]
        power = np.array([(noise**2).mean() for noise in noises])
        chi = np.sqrt(power / powers * powers[0] / power[0])
        np.testing.assert_allclose(ours.chi[draw], chi, rtol=1e-7)
        rows = [np.moveaxis(h, 1, -1).reshape(-1, h.shape[1]) for h in noises]
        ranks = [effective_rank(row, centre=False) for row in rows]
        np.testing.assert_allclose(ours.noise_rank[draw], ranks, rtol=1e-7)


def test_what_has_no_state_is_said(classifier, batch):
    ours = wb.propagate_module(classifier, batch, seed=0, n_draws=1)
    assert dict(ours.skipped) == {
        "pair": "gives a tuple, no tensor",
        "unused": "is not called by itself",
        "head": "is not called by itself",
    }


class Odd(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: x.argmax(1), "gives int64, not floating point"),
        (lambda x: {"a": x}, "gives a dict, no tensor"),
        (lambda x: x.sum(), r"gives shape \[\], whose first size is not 10 samples"),
        (lambda x: x.T, r"gives shape \[4, 10\], whose first size is not 10 samples"),
        (lambda x: None, "gives a NoneType, no tensor"),
    ],
)
def test_outputs_without_moments(function, why):
    net = nn.Sequential(nn.Linear(3, 4), Odd(function)).eval()
    ours = wb.propagate_module(net, torch.randn(10, 3), seed=0, n_draws=1)
    assert ours.names == ("input", "0")
    np.testing.assert_string_equal(dict(ours.skipped)["1"], why.replace("\\", ""))


def test_transformers_and_recurrent_networks():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    x = torch.randn(6, 5, 8)
    ours = wb.propagate_module(layer.eval(), x, seed=0, channel_dim=-1)
    assert ours.names[-1] == ""
    assert np.isfinite(ours.log_chi).all()
    assert ours.rank.max() < 8

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(8, 4, batch_first=True), nn.Linear(4, 2)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    ours = wb.propagate_module(Recurrent().eval(), x, seed=0, channel_dim=-1)
    assert ours.names == ("input", "head", "")
    assert np.isfinite(ours.log_chi).all()


def test_channels_may_be_last():
    torch.manual_seed(0)
    x = torch.randn(6, 5, 8, dtype=torch.float64)
    net = nn.Sequential(nn.Linear(8, 4), nn.Tanh()).double().eval()
    last = wb.propagate_module(net, x, seed=0, channel_dim=-1, n_draws=1)
    h = net[0](x).detach().flatten(0, 1).numpy()
    assert last.rank[1] == pytest.approx(effective_rank(h, centre=True))
    flat = wb.propagate_module(net, x, seed=0, n_draws=1)
    h = net[0](x).detach().movedim(1, -1).flatten(0, 1).numpy()
    assert flat.rank[1] == pytest.approx(effective_rank(h, centre=True))


def test_linear_layers_keep_the_ratio_on_average():
    """E |W dh|^2 / E |W h|^2 is the same for each: chi is 1 up to the draw of W."""
    torch.manual_seed(0)
    net = nn.Sequential(*[nn.Linear(400, 400, bias=False) for _ in range(3)]).eval()
    ours = wb.propagate_module(net, torch.randn(300, 400), seed=0, ranks=False)
    np.testing.assert_allclose(ours.chi, 1, atol=0.02)
    assert ours.rank is None
    assert set(ours.rows()[0]) >= {"name", "kind", "call", "chi", "noise_rank"}
    assert "rank" not in ours.rows()[0]
    assert repr(ours) == "ModuleMoments(draws=4, states=5, skipped=0)"


def test_deep_networks_overflow_nothing():
    torch.manual_seed(0)
    net = nn.Sequential(*[nn.Linear(50, 50), nn.Tanh()] * 40).eval()
    ours = wb.propagate_module(net, torch.randn(9, 50), seed=0)
    assert np.isfinite(ours.log_chi).all()


JUMPS = {
    "sign": torch.sign,
    "step": lambda x: (x > 0).to(x),
    "round": torch.round,
    "floor": lambda x: torch.floor(3 * x),
    "beside a skip": lambda x: x + 0.3 * x.sign(),
    "straight through": lambda x: x + ((x * 4).round() / 4 - x).detach(),
    "8 bits": lambda x: torch.round(x * 32) / 32,
    "cut": lambda x: x.detach(),
    "argmax": lambda x: functional.one_hot(x.argmax(1), x.shape[1]).to(x),
    "jump elsewhere": lambda x: torch.where(x > 0.3, x, 0.1 * x),
}


@pytest.mark.parametrize("name", JUMPS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_jumps_is_refused(name, dtype):
    torch.manual_seed(0)
    layers = nn.Linear(6, 30), Odd(JUMPS[name]), nn.Linear(30, 3)
    net = nn.Sequential(*layers).to(dtype).eval()
    with pytest.raises(ValueError, match=r"net\.1 moves by .* jumps \(sign, round"):
        wb.propagate_module(net, torch.randn(20, 6), seed=0)


def test_a_layer_that_jumps_in_place_does_not_blame_the_one_before():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 30), Odd(torch.round_), nn.Linear(30, 3))
    with pytest.raises(ValueError, match=r"net\.1 moves by .* jumps \(sign, round"):
        wb.propagate_module(net.double().eval(), torch.randn(20, 6), seed=0)


CONTINUOUS = [
    nn.ReLU(), nn.Hardtanh(), nn.ReLU6(), nn.LeakyReLU(), nn.Softshrink(0.1), nn.SiLU(),
    nn.Hardswish(), nn.Softmax(1), nn.LayerNorm(30), nn.Sigmoid(), nn.ELU(),
    Odd(lambda x: torch.tanh(20 * x)), Odd(lambda x: x.sort(1).values), Odd(torch.sin),
    Odd(lambda x: x.square()), Odd(lambda x: 1e6 + x), Odd(lambda x: 1e-6 * x),
]  # fmt: skip


@pytest.mark.parametrize("layer", CONTINUOUS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_does_not_jump_is_not_refused(layer, dtype):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 30), layer, nn.Linear(30, 3)).to(dtype).eval()
    ours = wb.propagate_module(net, torch.randn(20, 6), seed=0, n_draws=1)
    assert len(ours.names) == 5


def test_a_constant_signal_has_no_ratio():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    nn.init.constant_(net[0].bias, -100.0)
    ours = wb.propagate_module(net, torch.randn(10, 3), seed=0, n_draws=1)
    assert np.isnan(ours.log_chi[0, 2:]).all()
    assert np.isfinite(ours.log_chi[0, :2]).all()


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.calls * x


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.calls = nn.Identity(), nn.Identity(), 0

    def forward(self, x):
        self.calls += 1
        return self.one(x) if self.calls % 2 else self.two(x)


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (nn.Dropout().train(), "in train mode"),
        (nn.BatchNorm1d(4).train(), "in train mode"),
        (Odd(functional.dropout), r"net\.1 gives another output for the same x"),
        (Counting(), r"net\.1 gives another output for the same x"),
        (Branching(), "net calls other modules"),
        (
            nn.Linear(5, 3),
            r"net cannot be run on x of shape \[10, 3\]; it passed net\.0",
        ),
        (Odd(lambda x: x / 0), r"net\.1 gives NaN or infinity"),
        (Odd(lambda x: x.sqrt()), r"net\.1 gives NaN or infinity"),
    ],
)
def test_networks_that_are_refused(layer, told):
    net = nn.Sequential(nn.Linear(3, 4), layer)
    before = [len(module._forward_hooks) for module in net.modules()]
    with pytest.raises(ValueError, match=told):
        wb.propagate_module(net, torch.randn(10, 3), seed=0)
    assert [len(module._forward_hooks) for module in net.modules()] == before
    assert not any(before)


LINE = nn.Linear(3, 4).eval()
X = torch.randn(10, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ((lambda x: x, X), TypeError, "net must be a torch.nn.Module"),
        ((LINE, X.long()), TypeError, "x must be floating point, .* got torch.int64"),
        ((LINE, X[0]), ValueError, r"x must be \[n, \.\.\.\]"),
        ((LINE, X[:1]), ValueError, "x holds the same sample only"),
        ((LINE, X * torch.nan), ValueError, "x must be real and finite"),
        ((nn.Linear(3, 4).half(), X), ValueError, "parameters of torch.float16"),
    ],
)
def test_bad_input_is_told(arguments, error, told):
    with pytest.raises(error, match=told):
        wb.propagate_module(*arguments, seed=0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": -1}, "seed must be an integer >= 0, got -1"),
        ({"n_draws": 0}, "n_draws must be an integer >= 1, got 0"),
        ({"channel_dim": 2}, "channel_dim must be 1 or -1, got 2"),
    ],
)
def test_bad_options_are_told(change, told):
    with pytest.raises(ValueError, match=told):
        wb.propagate_module(LINE, X, **({"seed": 0} | change))


@pytest.mark.parametrize(
    "mode", [torch.no_grad, torch.inference_mode, torch.enable_grad]
)
def test_the_caller_finds_all_as_it_was(mode):
    torch.manual_seed(1)
    net = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 4), nn.BatchNorm1d(4))
    net(torch.randn(9, 3)).sum().backward()
    net.eval()
    net[0].train()
    x = torch.randn(10, 3)
    before, given, state = net.state_dict(), x.clone(), torch.get_rng_state()
    before = {name: value.clone() for name, value in before.items()}
    gradient = net[1].weight.grad.clone()
    with mode():
        one = wb.propagate_module(net, x, seed=4)
    two = wb.propagate_module(net, x.requires_grad_(), seed=4)
    assert one.log_chi.tolist() == two.log_chi.tolist()
    assert torch.equal(x, given)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(net[1].weight.grad, gradient)
    assert [module.training for module in net] == [True, False, False]
    assert all(torch.equal(net.state_dict()[name], before[name]) for name in before)
    assert not any(module._forward_hooks for module in net.modules())
    assert torch.backends.mha.get_fastpath_enabled()

"""Models that are read rightly or refused, and left as they were."""

import functools
import math

import numpy as np
import pytest
import torch
from adversarial_noise.cases import binary, halfspace, labelled, linear, origin
from torch import nn
from torch.nn import functional

from helpers import adversarial_noise as an
from helpers.adversarial_noise import study
from helpers.adversarial_noise.classifiers import networks_of

CALLS = {
    "labels": lambda model, x, y: an.labels(model, x),
    "error_rate": lambda model, x, y: an.error_rate(model, x, y, 0.5, 60, seed=0),
    "noise_scale": lambda model, x, y: an.noise_scale(model, x, y, 0.05, n=100, seed=0),
    "nearest_error": an.nearest_error,
    "noisy_distances": lambda model, x, y: an.noisy_distances(
        model, x, y, 0.5, 3, seed=0
    ),
    "rare_error_rate": lambda model, x, y: an.rare_error_rate(
        model, x, y, 0.5, 20, floor=0.01, seed=0
    ),
    "probit_distance": lambda model, x, y: an.probit_distance(
        model, x, y, 0.5, n=20, seed=0
    ),
}  # train_with_noise and train_adversarially are there to change a network
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def network(features=4, classes=3, extra=None):
    """Batch norm, dropout and an in-place ReLU, in eval mode, running means moved."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Linear(features, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True),
            nn.Dropout(0.5), nn.Linear(8, classes), *([] if extra is None else [extra]),
        )  # fmt: skip
        net(2 * torch.randn(50, features))
    return net.eval()


def images(n=4, features=4, dtype=torch.float32):
    made = torch.Generator().manual_seed(1)
    x = torch.randn(n, features, generator=made, dtype=torch.float64).to(dtype)
    return x, torch.arange(n) % 3


class Functional(nn.Module):
    """Depends on the mode in its forward, not in the classes of its modules."""

    def __init__(self, kind):
        super().__init__()
        self.linear, self.kind = nn.Linear(30, 3), kind

    def forward(self, x):
        if self.kind == "dropout":
            x = functional.dropout(x, training=self.training)
        elif self.kind == "batch norm":
            x = functional.batch_norm(x, None, None, training=True)
        elif self.training:
            x = 2 * x
        return self.linear(x)


def same(a, b, rtol=1e-12, without=()):
    """Whether two results hold the same numbers, nan included; some parts left out."""
    if not isinstance(a, torch.Tensor | np.ndarray):
        parts = vars(a).keys() - {*without}
        return all(same(vars(a)[k], vars(b)[k], rtol) for k in parts)
    a, b = np.asarray(a), np.asarray(b)
    number = a.dtype.kind == "f"
    return (
        np.allclose(a, b, equal_nan=True, atol=0, rtol=rtol)
        if number
        else (a == b).all()
    )


@every_call
def test_a_model_is_as_it_was_after_any_call(call):
    net, (x, y) = network(), images()
    net(x).sum().backward()
    net[0].weight.requires_grad_(False)
    x.requires_grad_()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    gradients = [None if p.grad is None else p.grad.clone() for p in net.parameters()]
    inputs, generator = x.detach().clone(), torch.random.get_rng_state()
    numbers = np.random.get_state()[1].copy()  # noqa: NPY002
    for model in (net, net.forward, lambda t: net(t), functools.partial(net)):
        call(model, x, y)
        assert not any(module.training for module in net.modules())
        assert not any(module._forward_hooks for module in net.modules())
        assert all(torch.equal(v, state[k]) for k, v in net.state_dict().items())
        for p, gradient in zip(net.parameters(), gradients, strict=True):
            assert (p.grad is None) if gradient is None else p.grad.equal(gradient)
        assert [p.requires_grad for p in net.parameters()][:2] == [False, True]
        assert torch.equal(x.detach(), inputs)
        assert x.grad is None
        assert torch.equal(torch.random.get_rng_state(), generator)
        assert (np.random.get_state()[1] == numbers).all()  # noqa: NPY002


@every_call
@pytest.mark.parametrize("part", [None, 1, 3])
def test_train_mode_is_refused_and_moves_nothing(call, part):
    """All of the network, the batch norm alone, the dropout alone."""
    net, (x, y) = network(), images()
    (net if part is None else net[part]).train()
    modes = [module.training for module in net.modules()]
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.random.get_rng_state()
    for model in (net, net.forward, lambda t: net(t), functools.partial(net)):
        with pytest.raises(ValueError, match=r"model must .*eval"):
            call(model, x, y)
        assert [module.training for module in net.modules()] == modes
        assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
        assert torch.equal(torch.random.get_rng_state(), state)


@every_call
@pytest.mark.parametrize("n", [1, 9])
@pytest.mark.parametrize(
    ("kind", "training", "told"),
    [
        ("dropout", True, "the same output each time"),
        ("batch norm", False, "each output from its own input"),
        ("gate", True, "it computes something else in train mode"),
    ],
)
def test_what_only_outputs_show(call, kind, training, told, n):
    net, (x, y) = Functional(kind).train(training), images(n, 30)
    with pytest.raises(ValueError, match=f"model must .*{told}"):
        call(net, x, y)
    assert net.training == training


@every_call
def test_modules_that_do_not_depend_on_the_mode_may_be_in_any(call):
    net, (x, y) = nn.Sequential(nn.Linear(4, 3), nn.Tanh()), images()
    assert same(call(net.train(), x, y), call(net.eval(), x, y))


@every_call
def test_a_plain_callable_is_the_model_that_it_calls(call):
    net, (x, y) = network(), images()
    assert same(call(lambda t: net(t), x, y), call(net, x, y))


@every_call
def test_one_logit_is_a_model_of_two_classes(call):
    """l stands for (0, l).

    A processor may round one product otherwise than two, and by that which of several
    attacks comes out ahead; the last step beyond the boundary is 1e-9 of the distance.
    """
    one, (x, y) = linear(4, 1), images(dtype=torch.float64)
    two = linear(4, 2)
    with torch.no_grad():
        for name, p in one.named_parameters():
            two.get_parameter(name)[0] = 0
            two.get_parameter(name)[1] = p[0]
    y = y.clamp(max=1)
    for a, b in ((one, two), (lambda t: one(t), lambda t: two(t))):
        assert same(call(a, x, y), call(b, x, y), rtol=1e-8, without=["attack"])


def test_the_distance_of_one_logit_is_that_to_its_plane():
    """Logits of float32 are rounded by up to 1e-6, and moved past that."""
    net, (x, _) = linear(4, 1, dtype=torch.float32), images(20)
    logit = net(x)[:, 0].detach().double()
    y = (logit > 0).long()
    exact = (logit.abs() / net.weight.detach().double().norm()).numpy()
    found = an.nearest_error(net, x, y)
    np.testing.assert_allclose(found.distance, exact, rtol=3e-5, atol=1e-5)
    assert (found.label == 1 - y.numpy()).all()
    assert torch.equal(an.labels(net, x), y)


@every_call
@pytest.mark.parametrize(
    ("model", "kind", "told"),
    [
        (lambda x: x[:, 0], ValueError, r"logits \[n, C\] \(or \[n, 1\]\) of"),
        (lambda x: x[:, None], ValueError, r"of shape \[\d+, 1, 4\]"),
        (lambda x: x[:1], ValueError, r"model must return .* logits|own input"),
        (lambda x: (x, x), TypeError, "model must return a tensor .* got tuple"),
        (lambda x: x.half(), ValueError, r"model must return .* got torch\.float16"),
        (lambda x: x / 0, ValueError, "model must give finite outputs"),
        (lambda x: x * math.nan, ValueError, "model must give finite outputs"),
        (lambda x: x @ torch.ones(5, 2), ValueError, "model cannot be computed at"),
        ("model", TypeError, "model must be callable, got str"),
        (nn.Linear(4, 3).half(), ValueError, r"model has parameters of torch\.float16"),
        (nn.Linear(4, 3).bfloat16(), ValueError, "model has parameters of torch.bfloa"),
        (nn.Linear(5, 3), ValueError, r"model cannot be computed at .*\[\d, 4\]"),
    ],
)
def test_what_is_no_classifier(call, model, kind, told):
    x, y = images(2)
    with pytest.raises(kind, match=told):
        call(model, x, y.clamp(max=1))


@every_call
def test_parameters_that_are_not_finite(call):
    net, (x, y) = nn.Linear(4, 3), images()
    with torch.no_grad():
        net.bias[1] = math.inf
    with pytest.raises(ValueError, match=r"NaN or infinity in model\.bias"):
        call(net, x, y)


def test_outputs_that_are_not_finite_in_noise_alone():
    """Fine at the image, and at the few others that are looked at."""
    x, y = origin(2)
    model = binary(lambda x: torch.where(x[:, 0] > 1, math.nan, -1.0 + 0 * x[:, 0]))
    for name in ("error_rate", "rare_error_rate"):
        with pytest.raises(ValueError, match="model must give finite outputs"):
            an.__dict__[name](model, x, y, 2.0, 100, seed=0)
    with pytest.raises(ValueError, match="model must give finite outputs"):
        an.noise_scale(model, x, y, n=100, start=2.0, seed=0)
    assert (an.nearest_error(model, x, y).distance == math.inf).all()


labelled_calls = pytest.mark.parametrize(
    "call", [call for name, call in CALLS.items() if name != "labels"]
)


@labelled_calls
@pytest.mark.parametrize(
    ("y", "kind", "told"),
    [
        ([0, 3], ValueError, r"y must lie in 0\.\.2, .* got 3"),
        ([0, -1], ValueError, r"y must lie in 0\.\.2, .* got -1"),
        ([0.0, math.nan], ValueError, "y must hold one integer label"),
        ([True, False], ValueError, "y must hold one integer label"),
        ([0], ValueError, "y must hold one integer label for each of the 2 images"),
        (["cat", "dog"], TypeError, "y must be a tensor of integers"),
    ],
)
def test_labels_that_are_no_classes(call, y, kind, told):
    x, _ = images(2)
    y = y if isinstance(y[0], str) else torch.tensor(y)
    for model in (network(), lambda x: x[:, :3]):
        with pytest.raises(kind, match=told):
            call(model, x, y)


@labelled_calls
def test_labels_that_are_no_class_of_one_logit(call):
    with pytest.raises(ValueError, match=r"y must lie in 0\.\.1, .* got 2"):
        call(nn.Linear(4, 1), *images(3))


@every_call
@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8, torch.int16])
def test_labels_of_any_integer_type(call, dtype):
    net, (x, y) = network(), images()
    assert same(call(net, x, y.to(dtype)), call(net, x, y))


@every_call
@pytest.mark.parametrize("ours", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "theirs", [torch.float16, torch.bfloat16, torch.float32, torch.float64]
)
def test_images_go_to_the_type_of_the_network(call, ours, theirs):
    net, (x, y) = network().to(ours), images(dtype=theirs)
    assert same(call(net, x, y), call(net, x.to(ours), y))


@every_call
def test_half_precision_for_a_callable_is_refused(call):
    x, y = images(dtype=torch.float16)
    with pytest.raises(ValueError, match=r"must be float32 or float64, got torch\.flo"):
        call(lambda x: x[:, :3], x, y)


@every_call
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_within_contexts_of_the_caller(call, context):
    net, (x, y) = network(), images()
    expected = call(net, x, y)
    with context():
        assert same(call(net, x, y), expected)
        made = x + 0  # an inference tensor, in inference mode
        assert same(call(net, made, y), expected)
        assert torch.is_inference_mode_enabled() == (context is torch.inference_mode)
        assert not torch.is_grad_enabled()


def test_a_network_made_in_inference_mode_is_refused():
    with torch.inference_mode():
        net = nn.Linear(4, 3)
    with pytest.raises(ValueError, match="parameters made in inference_mode"):
        an.nearest_error(net, *images())


@every_call
def test_a_first_layer_that_writes_to_its_input(call):
    (x, y), last = images(), nn.Linear(4, 3)
    before = x.clone()
    found = call(nn.Sequential(nn.ReLU(inplace=True), last), x, y)
    assert torch.equal(x, before)
    assert same(found, call(nn.Sequential(nn.ReLU(), last), x, y))


@every_call
def test_images_that_are_not_contiguous(call):
    net, (x, y) = network(), images()
    apart = x.T.contiguous().T
    assert not apart.is_contiguous()
    assert same(call(net, apart, y), call(net, x, y))


@every_call
def test_one_image_is_the_first_of_many(call):
    net, (x, y) = network().double(), images(dtype=torch.float64)
    one, many = call(net, x[:1], y[:1]), call(net, x, y)
    if isinstance(one, torch.Tensor | np.ndarray):
        np.testing.assert_allclose(one, many[:1], rtol=1e-6)
        return
    for name, value in vars(one).items():
        if np.asarray(value).dtype.kind == "f":
            first = np.asarray(vars(many)[name])[:1]
            np.testing.assert_allclose(np.asarray(value), first, rtol=1e-6, atol=1e-9)


@every_call
@pytest.mark.parametrize(
    ("x", "kind", "told"),
    [
        (torch.full((4, 4), math.inf), ValueError, "must be finite"),
        (torch.zeros(4), ValueError, r"must be floating point of shape \[images"),
        (torch.zeros(0, 4), ValueError, r"must be floating point of shape \[images"),
        (torch.zeros(4, 0), ValueError, r"must be floating point of shape \[images"),
        (torch.zeros(4, 4, dtype=torch.uint8), ValueError, "must be floating point"),
        (torch.zeros(4, 4, dtype=torch.cfloat), ValueError, "must be floating point"),
        ([["a"]], TypeError, "must be a tensor of numbers"),
    ],
)
def test_what_is_no_image(call, x, kind, told):
    with pytest.raises(kind, match=told):
        call(network(), x, torch.zeros(4, dtype=torch.long))


@pytest.mark.parametrize(
    ("sigma", "kind"),
    [
        (0.0, ValueError),
        (-1.0, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        ("much", TypeError),
    ],
)
@pytest.mark.parametrize(
    "function",
    [an.error_rate, an.noisy_distances, an.rare_error_rate, an.probit_distance],
)
def test_noise_that_is_none(function, sigma, kind):
    with pytest.raises(kind, match=r"sigma must (be|hold)"):
        function(network(), *images(), sigma, seed=0)


def test_models_that_autograd_cannot_follow():
    x, y = images(2)
    net = network()
    y = an.labels(net, x)
    for call in (an.nearest_error, CALLS["noisy_distances"]):
        with pytest.raises(ValueError, match="model must be differentiable"):
            call(lambda t: net(t).detach(), x, y)
    an.error_rate(lambda t: net(t).detach(), x, y, 1.0, 10, seed=0)


@pytest.mark.parametrize("box", [(0.0,), 1.0, ("a", "b"), (0.0, 1.0, 2.0)])
def test_boxes_that_are_none(box):
    with pytest.raises(TypeError, match="box must be two numbers"):
        an.nearest_error(halfspace(1.0), *origin(1), box=box)


@pytest.mark.parametrize("box", [(0.5, 1.0), (math.nan, 1.0), (1.0, 1.0)])
def test_boxes_without_the_image(box):
    with pytest.raises(ValueError, match="box"):
        an.nearest_error(halfspace(1.0), *origin(1), box=box)


@pytest.mark.parametrize("seed", [-1, 0.5, "a", None])
def test_seeds_that_are_none(seed):
    with pytest.raises((TypeError, ValueError), match="seed must be"):
        an.error_rate(network(), *images(), 1.0, seed=seed)


def test_the_networks_of_a_callable_are_found():
    net, other = network(), network()
    assert networks_of(net) == [net]
    assert networks_of(net.forward) == [net]
    assert networks_of(functools.partial(lambda m, x: m(x), net)) == [net]
    assert set(networks_of(lambda x: net(x) + other(x))) == {net, other}

    def outer(x):
        return inner(x)

    def inner(x):
        return net(x)

    class Held:
        def __init__(self):
            self.inside = net

        def __call__(self, x):
            return self.inside(x)

    assert networks_of(outer) == [net]
    assert networks_of(Held()) == [net]
    assert networks_of(halfspace(1.0)) == []


@pytest.mark.parametrize("kind", ["network", "linear", "callable", "wide", "image"])
def test_an_error_is_one_alone_and_in_any_batch(kind):
    """300 points of float32 models, read alone, in pairs, in all, and in float64."""
    made = torch.Generator().manual_seed(0)
    x = torch.rand(300, 64, generator=made)
    last = linear(128, 10, dtype=torch.float32)
    net = nn.Sequential(network(64, 128), nn.ReLU(), last).eval()
    if kind == "linear":
        net = linear(64, 10, dtype=torch.float32)
    if kind == "image":
        net, x = study.network([1, 8, 8], 8, 10, 0), x.view(-1, 1, 8, 8)
    if kind == "wide":  # large numbers that cancel leave rounding in the logits
        x = x + 100
    y = an.labels(net, x)
    model = (lambda t: net(t)) if kind == "callable" else net
    found = an.nearest_error(model, x, y, ddn_steps=20, descent_steps=5)
    near = np.isfinite(found.distance)
    assert near.mean() > 0.9
    points, right = found.point[near], y[near]
    with torch.no_grad():
        assert (net(points).argmax(1) != right).all()
        alone = torch.cat([net(point[None]) for point in points]).argmax(1)
        assert (alone != right).all()
        for size in (2, 7, 64):
            some = torch.cat([net(part) for part in points.split(size)]).argmax(1)
            assert (some != right).all()
        assert (net(points.flip(0)).argmax(1).flip(0) != right).all()
        net.double()
        assert (net(points.double()).argmax(1) != right).all()
    exact = (points.double() - x[near].double()).flatten(1).norm(dim=1).numpy()
    np.testing.assert_allclose(found.distance[near], exact, rtol=1e-12)


def test_labelled_images_are_right_at_first():
    x, y = labelled(linear(6, 3), 5, 6)
    assert (an.nearest_error(linear(6, 3), x, y).distance > 0).all()

"""Tests of helpers.training."""

import copy
import dataclasses
import math
import os
import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import data, training
from helpers.networks import mlp
from helpers.training import DivergedError, train

CLASSES = {"lr": 0.01, "batch_size": 32, "epochs": 3, "seed": 0, "progress": False}
LINE = {**CLASSES, "loss": "mse", "optimizer": "sgd", "batch_size": None}


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", n_train=300, n_test=100).flatten()


@pytest.fixture
def line():
    """Least squares y = 2x - 1 without noise."""
    x = torch.linspace(-1, 1, 10, dtype=torch.float64)[:, None]
    return x, 2 * x - 1


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def trained(x, y, net=None, **options):
    net = mlp([x.shape[1], 16, 10], seed=0) if net is None else net
    return weights(net) if train(net, x, y, **options) else None


def test_learns_digits(digits):
    net = mlp([64, 32, 10], seed=0)
    history = train(
        net,
        digits.x_train,
        digits.y_train,
        x_test=digits.x_test,
        y_test=digits.y_test,
        **{**CLASSES, "epochs": 20},
    )
    assert history.accuracy[-1] > 0.99
    assert history.test_accuracy[-1] > 0.85
    assert history.test_loss[-1] < history.test_loss[0] / 2


def test_history_measures_the_network_after_each_epoch(digits):
    """Every entry is recomputed here, in one pass, from copies of the network."""
    nets = []
    history = train(
        mlp([64, 16, 10], seed=0),
        digits.x_train,
        digits.y_train,
        x_test=digits.x_test,
        y_test=digits.y_test,
        on_epoch=lambda epoch, net, record: nets.append(copy.deepcopy(net)),
        **CLASSES,
    )
    assert history.epoch.tolist() == [0, 1, 2, 3]
    for part, x, y in (
        ("", digits.x_train, digits.y_train),
        ("test_", digits.x_test, digits.y_test),
    ):
        outputs = [net(x.double()) for net in nets]
        loss = [functional.cross_entropy(o, y).item() for o in outputs]
        right = [(o.argmax(1) == y).double().mean().item() for o in outputs]
        np.testing.assert_allclose(getattr(history, f"{part}loss"), loss, rtol=1e-12)
        np.testing.assert_allclose(getattr(history, f"{part}accuracy"), right)


def test_records_reach_the_callback_and_the_history(digits):
    seen = []
    history = train(
        net := mlp([64, 16, 10], seed=0),
        digits.x_train,
        digits.y_train,
        on_epoch=lambda *arguments: seen.append(arguments),
        **CLASSES,
    )
    assert [epoch for epoch, _, _ in seen] == [0, 1, 2, 3]
    assert all(given is net for _, given, _ in seen)
    assert [record.loss for _, _, record in seen] == history.loss.tolist()
    assert [record.epoch for _, _, record in seen] == history.epoch.tolist()


def test_first_record_is_the_initialisation(digits):
    net, seen = mlp([64, 16, 10], seed=0), []
    initial = weights(net)
    options = {**CLASSES, "epochs": 0}
    train(
        net,
        digits.x_train,
        digits.y_train,
        on_epoch=lambda epoch, net, record: seen.append((epoch, weights(net))),
        **options,
    )
    assert [epoch for epoch, _ in seen] == [0]
    assert torch.equal(seen[0][1], initial)
    assert torch.equal(weights(net), initial)


def test_record_every_keeps_first_and_last(digits):
    x, y = digits.x_train, digits.y_train
    options = {**CLASSES, "epochs": 7}
    net, sparse = mlp([64, 16, 10], seed=0), mlp([64, 16, 10], seed=0)
    every = train(net, x, y, **options)
    third = train(sparse, x, y, record_every=3, **options)
    assert third.epoch.tolist() == [0, 3, 6, 7]
    assert third.loss.tolist() == every.loss[[0, 3, 6, 7]].tolist()
    assert torch.equal(weights(net), weights(sparse))


def test_seconds_grow_and_skip_the_callback(digits, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("helpers.training.time.perf_counter", lambda: next(clock))
    history = train(
        mlp([64, 16, 10], seed=0),
        digits.x_train,
        digits.y_train,
        on_epoch=lambda *_: next(clock),
        **CLASSES,
    )
    assert history.seconds.tolist() == [0, 1, 2, 3]


def test_full_batch_descent_is_the_closed_form(line):
    """Least squares: theta_k - theta* = (I - lr H)^k (theta_0 - theta*).

    For the design A = [x, 1], H = 2 A'A / n and theta* = (2, -1).
    """
    x, y = line
    net = mlp([1, 1], seed=0)
    design = torch.cat([x, torch.ones_like(x)], dim=1)
    hessian = 2 * design.T @ design / len(x)
    target = torch.tensor([2.0, -1.0], dtype=torch.float64)
    start = weights(net)
    shrink = torch.eye(2, dtype=torch.float64) - 0.3 * hessian
    train(net, x, y, **{**LINE, "lr": 0.3, "epochs": 5})
    expected = target + torch.linalg.matrix_power(shrink, 5) @ (start - target)
    torch.testing.assert_close(weights(net), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [96, 100])
def test_each_epoch_visits_every_sample_once(n):
    """The loss writes down the targets of every gradient step."""
    steps = []

    def loss(outputs, targets):
        if torch.is_grad_enabled():
            steps.append(targets)
        return outputs.square().mean()

    y = torch.arange(n, dtype=torch.float64)
    train(mlp([1, 1], seed=0), y[:, None] / n, y, **{**CLASSES, "loss": loss})
    sizes = [32, 32, 32] + ([4] if n == 100 else [])
    assert [len(targets) for targets in steps] == 3 * sizes
    epochs = torch.cat(steps).reshape(3, n)
    assert all(torch.equal(epoch.sort().values, y) for epoch in epochs)
    assert not any(torch.equal(epoch, y) for epoch in epochs)
    assert not torch.equal(epochs[0], epochs[1])


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_named_optimizers_equal_the_bare_loop(digits, name):
    """The plain loop with torch's unfused optimizer and the same order of samples."""
    x, y = digits.x_train.double(), digits.y_train
    bare = mlp([64, 16, 10], seed=0)
    maker = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name]
    optimizer = maker(bare.parameters(), lr=0.01)
    order = torch.Generator().manual_seed(0)
    for _ in range(3):
        for batch in torch.randperm(len(x), generator=order).split(32):
            optimizer.zero_grad()
            functional.cross_entropy(bare(x[batch]), y[batch]).backward()
            optimizer.step()
    ours = trained(x, y, optimizer=name, **CLASSES)
    torch.testing.assert_close(ours, weights(bare), rtol=1e-9, atol=1e-12)


def test_same_seed_gives_the_same_bits(digits):
    x, y = digits.x_train, digits.y_train
    first, again = (trained(x, y, **CLASSES) for _ in range(2))
    other = trained(x, y, **{**CLASSES, "seed": 1})
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_dropout_and_noise_follow_the_seed_and_leave_the_global_generator(digits):
    def run(seed):
        net = nn.Sequential(mlp([64, 16], seed=0), nn.Dropout(), mlp([16, 10], seed=1))
        noise = {"augment": lambda x: x + 0.1 * torch.randn_like(x)}
        options = {**CLASSES, **noise, "seed": seed}
        return trained(digits.x_train, digits.y_train, net, **options)

    torch.manual_seed(5)
    state, first = torch.get_rng_state(), run(0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    assert torch.equal(run(0), first)
    assert not torch.equal(run(1), first)


def test_order_of_samples_does_not_depend_on_noise(digits):
    def order(augment):
        seen = []

        def loss(outputs, targets):
            if torch.is_grad_enabled():
                seen.extend(targets.tolist())
            return functional.cross_entropy(outputs, targets)

        options = {**CLASSES, "loss": loss, "augment": augment}
        trained(digits.x_train, digits.y_train, **options)
        return seen

    assert order(None) == order(lambda x: x + torch.randn_like(x))


def test_augment_changes_the_steps_and_not_the_records(digits):
    x, y = digits.x_train, digits.y_train
    shapes = []

    def blank(batch):
        shapes.append(tuple(batch.shape))
        return torch.zeros_like(batch)

    net = mlp([64, 16, 10], seed=0)
    first = weights(net[0])
    history = train(net, x, y, augment=blank, **{**CLASSES, "epochs": 1})
    assert shapes == [(32, 64)] * 9 + [(12, 64)]
    assert torch.equal(weights(net[0])[: 64 * 16], first[: 64 * 16])
    plain = train(mlp([64, 16, 10], seed=0), x, y, **{**CLASSES, "epochs": 0})
    assert history.loss[0] == plain.loss[0]


def test_callable_optimizer_gets_the_trainable_parameters(digits):
    net = mlp([64, 16, 10], seed=0)
    net[0].requires_grad_(False)
    frozen, given = weights(net[0]), []

    def optimizer(parameters):
        given.extend(parameters)
        return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)

    options = {**CLASSES, "optimizer": optimizer, "lr": None}
    train(net, digits.x_train, digits.y_train, **options)
    assert [id(p) for p in given] == [id(p) for p in net[2].parameters()]
    assert torch.equal(weights(net[0]), frozen)


def test_callable_loss_and_missing_accuracy(line):
    history = train(mlp([1, 1], seed=0), *line, **{**LINE, "loss": nn.L1Loss()})
    assert history.loss[-1] < history.loss[0]
    assert history.accuracy is history.test_loss is history.test_accuracy is None


def test_one_output_has_no_accuracy(line):
    def logistic(outputs, targets):
        return functional.softplus(-outputs[:, 0] * targets).mean()

    x, y = line
    options = {**LINE, "loss": logistic}
    history = train(mlp([1, 1], seed=0), x, y[:, 0].sign().long(), **options)
    assert history.loss[-1] < history.loss[0]
    assert history.accuracy is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_data_take_the_dtype_of_the_network(digits, dtype):
    net = mlp([64, 10], seed=0, dtype=dtype)
    train(net, digits.x_train.double(), digits.y_train, **CLASSES)
    assert weights(net).dtype == dtype


def test_modes_are_kept_and_records_are_in_eval_mode(digits):
    net = nn.Sequential(nn.BatchNorm1d(64), nn.Dropout(), nn.Linear(64, 10))
    net[0].eval()
    statistics, seen = net[0].running_mean.clone(), []
    train(
        net,
        digits.x_train,
        digits.y_train,
        on_epoch=lambda *_: seen.append(any(m.training for m in net.modules())),
        **CLASSES,
    )
    assert [m.training for m in net] == [False, True, True]
    assert torch.equal(net[0].running_mean, statistics)
    assert seen == [False] * 4


def test_callback_may_differentiate_and_leaves_no_trace(digits):
    def differentiate(epoch, net, record):
        outputs = net(digits.x_train[:8].double())
        functional.cross_entropy(outputs, digits.y_train[:8]).backward()

    x, y = digits.x_train, digits.y_train
    assert torch.equal(
        trained(x, y, on_epoch=differentiate, **CLASSES), trained(x, y, **CLASSES)
    )


def test_gradients_are_cleared_at_the_end(digits):
    net = mlp([64, 10], seed=0)
    train(net, digits.x_train, digits.y_train, **CLASSES)
    assert all(p.grad is None for p in net.parameters())


def test_divergence_stops_with_place_and_history(line):
    """At lr 100 the error grows by |1 - lr h| > 30 a step, past 1e308."""
    options = {**LINE, "lr": 100.0, "epochs": 500}
    with pytest.raises(DivergedError, match=r"loss is (inf|nan) at .* \(lr 100\)") as e:
        train(mlp([1, 1], seed=0), *line, **options)
    history = e.value.history
    assert 2 < len(history.loss) < 500
    assert np.isfinite(history.loss).all()
    assert history.loss[-1] > 1e300
    assert isinstance(e.value, FloatingPointError)


def test_divergence_names_epoch_and_step(line):
    x, y = line
    calls = iter(range(100))
    net = mlp([1, 1], seed=0)

    def loss(outputs, targets):
        bad = torch.is_grad_enabled() and next(calls) == 7
        return functional.mse_loss(outputs, targets) * (math.nan if bad else 1.0)

    options = {**LINE, "loss": loss, "batch_size": 2}
    with pytest.raises(
        DivergedError, match=r"loss is nan at epoch 2, step 3 \(lr 0.01"
    ):
        train(net, x, y, **options)
    assert weights(net).isfinite().all()


def test_network_broken_from_the_start(line):
    net = mlp([1, 1], seed=0)
    nn.init.constant_(net[0].weight, math.nan)
    with pytest.raises(DivergedError, match="at the end of epoch 0") as caught:
        train(net, *line, **LINE)
    assert len(caught.value.history.loss) == 0


def test_divergence_survives_pickling(line):
    with pytest.raises(DivergedError) as caught:
        train(mlp([1, 1], seed=0), *line, **{**LINE, "lr": 100.0, "epochs": 500})
    copied = pickle.loads(pickle.dumps(caught.value))
    assert str(copied) == str(caught.value)
    assert copied.history.loss.tolist() == caught.value.history.loss.tolist()


def test_interrupt_leaves_a_usable_network(digits):
    net = nn.Sequential(mlp([64, 16], seed=0), nn.Dropout(), mlp([16, 10], seed=1))
    state = torch.get_rng_state()

    def interrupt(epoch, net, record):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(net, digits.x_train, digits.y_train, on_epoch=interrupt, **CLASSES)
    assert all(module.training for module in net.modules())
    assert weights(net).isfinite().all()
    assert torch.equal(torch.get_rng_state(), state)
    train(net, digits.x_train, digits.y_train, **CLASSES)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"loss": "hinge"},
            ValueError,
            "loss must be 'cross_entropy' or 'mse' or a ca",
        ),
        (
            {"loss": "mse"},
            TypeError,
            "y must be floating point .* got torch.int64; .*one_",
        ),
        (
            {"optimizer": "lbfgs"},
            ValueError,
            "optimizer must be 'adam' or 'sgd' or a c",
        ),
        ({"optimizer": torch.optim.Adam}, ValueError, "lr is set by the callable"),
        ({"lr": None}, ValueError, "lr must be finite and > 0, got None"),
        ({"lr": 0.0}, ValueError, r"lr must be finite and > 0, got 0\.0"),
        ({"lr": math.nan}, ValueError, "lr must be finite and > 0, got nan"),
        ({"batch_size": 0}, ValueError, r"batch_size must be None or 1\.\.300, got 0"),
        ({"batch_size": 2.0}, TypeError, r"batch_size must be an integer, got 2\.0"),
        ({"batch_size": 301}, ValueError, r"batch_size must be .*1\.\.300, got 301"),
        ({"epochs": 2.0}, TypeError, r"epochs must be an integer, got 2\.0"),
        ({"epochs": -1}, ValueError, "epochs must be >= 0 .* got -1"),
        ({"record_every": 0}, ValueError, "record_every >= 1, got 3 and 0"),
        ({"x_test": torch.zeros(1, 64)}, ValueError, "x_test and y_test must be given"),
        ({"y_test": torch.zeros(1)}, ValueError, "x_test and y_test must be given"),
        ({"seed": 0.5}, TypeError, "float"),
    ],
)
def test_bad_arguments(digits, change, error, message):
    net = mlp([64, 10], seed=0)
    before = weights(net)
    with pytest.raises(error, match=message):
        train(net, digits.x_train, digits.y_train, **{**CLASSES, **change})
    assert torch.equal(weights(net), before)


def test_lengths_must_agree(digits):
    with pytest.raises(ValueError, match="same length >= 1, got 300 and 299"):
        train(mlp([64, 10], seed=0), digits.x_train, digits.y_train[1:], **CLASSES)
    with pytest.raises(ValueError, match="same length >= 1, got 0 and 0"):
        train(mlp([64, 10], seed=0), digits.x_train[:0], digits.y_train[:0], **LINE)


def test_targets_that_would_broadcast(line):
    x, y = line
    with pytest.raises(ValueError, match=r"got \[10\] for outputs \[10, 1\]"):
        train(mlp([1, 1], seed=0), x, y[:, 0], **LINE)


def test_nothing_to_train(line):
    net = mlp([1, 1], seed=0).requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter with requires_grad"):
        train(net, *line, **LINE)


def test_history_is_frozen(line):
    history = train(mlp([1, 1], seed=0), *line, **LINE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        history.loss = None


def test_progress_goes_to_stderr_and_can_be_hidden(line, capsys):
    for progress in (True, False):
        train(mlp([1, 1], seed=0), *line, **{**LINE, "progress": progress})
        captured = capsys.readouterr()
        assert captured.out == ""
        assert ("training" in captured.err) == progress


def test_tqdm_disable_is_respected():
    code = (
        "import torch; from helpers.networks import mlp; from helpers.training import "
        "train; x = torch.ones(2, 1); train(mlp([1, 1], seed=0), x, x, loss='mse', "
        "lr=0.1, batch_size=None, epochs=2, seed=0)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    run = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert run.stdout == run.stderr == b""


def late(monkeypatch):
    """Let the CPU count as a device whose numbers come late."""
    monkeypatch.setattr("helpers.training._waits", lambda device: False)


def test_a_device_is_not_waited_for_in_each_step(digits, monkeypatch):
    """As many numbers are read as there are epochs and records, and not steps."""
    ours = trained(digits.x_train, digits.y_train, **CLASSES)
    late(monkeypatch)
    read, numbers = [], training._numbers
    monkeypatch.setattr(
        training, "_numbers", lambda values: read.append(len(values)) or numbers(values)
    )
    monkeypatch.setattr(torch.Tensor, "item", None)
    again = trained(digits.x_train, digits.y_train, **CLASSES)
    assert torch.equal(ours, again)
    records, steps = [2, 2], [10]  # of losses and of hits; 300 samples
    assert read == records + 3 * (steps + records)


def test_divergence_on_a_device_names_the_same_step(line, monkeypatch):
    options = {**LINE, "lr": 100.0, "epochs": 500, "batch_size": 5}
    told = []
    for _ in range(2):
        with pytest.raises(DivergedError) as caught:
            train(mlp([1, 1], seed=0), *line, **options)
        told.append((str(caught.value), caught.value.history.loss.tolist()))
        late(monkeypatch)
    assert told[0] == told[1]


def test_other_random_states_are_left_alone(digits):
    state = np.random.get_state
    before = state()[1].tolist(), random.getstate()
    trained(digits.x_train, digits.y_train, **CLASSES)
    assert (state()[1].tolist(), random.getstate()) == before


def normed(*shape):
    norm = nn.BatchNorm1d(64) if not shape else nn.BatchNorm2d(1)
    layers = nn.Unflatten(1, shape or (64,)), norm, nn.Flatten(), nn.Linear(64, 10)
    return nn.Sequential(*layers)


@pytest.mark.parametrize(("n", "batch_size"), [(33, 32), (33, 1), (1, None), (3, 2)])
def test_a_batch_norm_and_a_last_batch_of_one(digits, n, batch_size):
    net, options = normed(), {**CLASSES, "batch_size": batch_size}
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(ValueError, match=f"batch_size {batch_size} of {n} samples lea"):
        train(net, digits.x_train[:n], digits.y_train[:n], **options)
    assert all(torch.equal(net.state_dict()[name], before[name]) for name in before)
    assert all(module.training for module in net.modules())
    data_ = digits.x_train[:n], digits.y_train[:n]
    train(normed(1, 8, 8), *data_, **options)  # of images one sample will do
    train(normed().eval(), *data_, **options)


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.L1Loss(), functional.huber_loss])
def test_callable_losses_that_would_broadcast(line, loss):
    x, y = line
    with pytest.raises(ValueError, match=r"for loss \w+, got \[10\] for .* \[10, 1\]"):
        train(mlp([1, 1], seed=0), x, y[:, 0], **{**LINE, "loss": loss})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda y: y - 1, r"y must lie in 0\.\.9, the classes of net, got -1"),
        (lambda y: y + 1, r"y must lie in 0\.\.9, the classes of net, got 10"),
        (lambda y: 0 * y - 100, r"y must lie in 0\.\.9, .* got -100"),
        (
            lambda y: y[:, None],
            r"classes of shape \[300\] for outputs \[300, 10\], got",
        ),
        (lambda y: y.double(), r"y must hold probabilities of shape \[300, 10\]"),
        (lambda y: y.double() * math.nan, "y must be finite in torch.float64, got NaN"),
    ],
)
def test_labels_that_are_no_classes(digits, change, told):
    net = mlp([64, 10], seed=0)
    before = weights(net)
    x, y = digits.x_train, change(digits.y_train)
    with pytest.raises(ValueError, match=told):
        train(net, x, y, **CLASSES)
    told = told.replace("y must", "y_test must").replace("300", "100")
    options = {"x_test": digits.x_test, "y_test": change(digits.y_test)}
    with pytest.raises(ValueError, match=told):
        train(net, x, digits.y_train, **options, **CLASSES)
    assert torch.equal(weights(net), before)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int8])
def test_labels_of_any_integer_dtype(digits, dtype):
    ours = trained(digits.x_train, digits.y_train.to(dtype), **CLASSES)
    assert torch.equal(ours, trained(digits.x_train, digits.y_train, **CLASSES))


def test_one_output_is_no_classifier(digits):
    with pytest.raises(ValueError, match=r"two classes or more .* has shape \[1\]"):
        train(mlp([64, 1], seed=0), digits.x_train, 0 * digits.y_train, **CLASSES)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_inputs_that_are_not_finite(digits, bad):
    x = digits.x_train.clone()
    x[3, 5] = bad
    with pytest.raises(ValueError, match=r"x must be finite .* infinity in 1 of its"):
        train(mlp([64, 10], seed=0), x, digits.y_train, **CLASSES)
    options = {"x_test": x, "y_test": digits.y_train}
    with pytest.raises(ValueError, match="x_test must be finite"):
        train(
            mlp([64, 10], seed=0), digits.x_train, digits.y_train, **options, **CLASSES
        )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"epochs": 2.5}, r"epochs must be an integer, got 2\.5"),
        ({"batch_size": 32.0}, r"batch_size must be an integer, got 32\.0"),
        ({"record_every": True}, "record_every must be an integer, got True"),
    ],
)
def test_counts_are_integers(digits, change, told):
    with pytest.raises(TypeError, match=told):
        trained(digits.x_train, digits.y_train, **{**CLASSES, **change})


def test_data_are_tensors(digits):
    for x, y in ((digits.x_train.numpy(), digits.y_train), (digits.x_train, [1, 2])):
        with pytest.raises(TypeError, match=r"(x|y) must be a torch\.Tensor, got"):
            train(mlp([64, 10], seed=0), x, y, **CLASSES)


def test_a_network_of_two_precisions_is_told():
    net = torch.nn.Sequential(torch.nn.Linear(3, 4).double(), torch.nn.Linear(4, 2))
    x, y = torch.zeros(5, 3), torch.tensor([0, 1, 0, 1, 1])
    with pytest.raises(ValueError, match=r"net cannot be computed at x\[:1\] of shape"):
        train(net, x, y, lr=0.1, batch_size=1, epochs=1, seed=0, progress=False)

"""Greedy training against a plain loop, counted costs against torch's own counters."""

import dataclasses
import functools
import itertools
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from helpers import data
from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise import stages as _greedy_stages
from helpers.greedy_layerwise.__main__ import main
from helpers.greedy_layerwise.joint_batch import JointBatchNorm, joint_loss
from helpers.greedy_layerwise.network import derived_seed
from helpers.greedy_layerwise.stages import Decoupled
from helpers.training import DivergedError

QUICK = {"recipe": gl.Recipe(epochs=2, batch_size=32), "seed": 3, "progress": False}


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", n_train=96, n_test=50)


def parameters(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def network(k=1, depth=3, width=4, shape=(2, 8, 8), **options):
    return gl.GreedyNetwork(shape, 5, depth, width, k, **{"seed": 0, **options})


def images(n=6, shape=(2, 8, 8), seed=0):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed))


# The network


def convolved(x, conv):
    """A 3x3 convolution with zeros around, pixel by pixel."""
    weight, bias = conv.weight.detach().numpy(), conv.bias.detach().numpy()
    n, _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    y = np.empty((n, len(weight), height, width))
    for i, j in itertools.product(range(height), range(width)):
        window = padded[:, :, i : i + 3, j : j + 3]
        y[:, :, i, j] = np.einsum("ncab,ocab->no", window, weight) + bias
    return y


def normalized(x, norm):
    shape = (1, -1, 1, 1)
    mean, variance = norm.running_mean.numpy(), norm.running_var.numpy()
    scale = norm.weight.detach().numpy() / np.sqrt(variance + norm.eps)
    shift = norm.bias.detach().numpy() - mean * scale
    return x * scale.reshape(shape) + shift.reshape(shape)


def sub_images(x):
    """The four sub-lattices of every channel, one channel after the other."""
    lattices = [x[:, :, a::2, b::2] for a in (0, 1) for b in (0, 1)]
    n, channels, height, width = x.shape
    return np.stack(lattices, 2).reshape(n, 4 * channels, height // 2, width // 2)


def quadrant_means(x):
    h, w = x.shape[2] // 2, x.shape[3] // 2
    quadrants = x[..., :h, :w], x[..., :h, w:], x[..., h:, :w], x[..., h:, w:]
    return np.stack([q.mean((2, 3)) for q in quadrants], 2).reshape(len(x), -1)


def twin_logits(net, x, *, k, pool, down, normal):
    """All heads of a network in eval mode, in numpy."""
    h, logits = x.numpy().astype(float), []
    for number, (block, head) in enumerate(zip(net.blocks, net.heads, strict=True), 1):
        h = sub_images(h) if number in down else h
        h = convolved(h, block.conv)
        h = np.maximum(normalized(h, block.norm) if normal else h, 0)
        g, modules = h, [m for m in head if list(m.parameters())]
        if pool == 2:
            g = sub_images(g).reshape(
                len(g), g.shape[1], 4, *np.array(g.shape[2:]) // 2
            )
            g = g.mean(2)
        for _ in range(k - 1):
            g = convolved(g, modules.pop(0))
            g = np.maximum(normalized(g, modules.pop(0)) if normal else g, 0)
        (linear,) = modules
        weight, bias = linear.weight.detach().numpy(), linear.bias.detach().numpy()
        logits.append(quadrant_means(g) @ weight.T + bias)
    return np.stack(logits, -1)


@pytest.mark.parametrize("normal", [False, True])
@pytest.mark.parametrize(
    ("k", "pool", "down"), [(1, 1, ()), (2, 2, (2,)), (3, 1, (1,))]
)
def test_every_logit_equals_the_twin(k, pool, down, normal):
    net = network(
        k, 2, downsample=down, head_width=3, head_pool=pool, batch_norm=normal
    )
    net(images(20, seed=1))  # batch norm gets statistics
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.weight, 1.0, 0.2, generator=torch.manual_seed(0))
            nn.init.normal_(norm.bias, 0.0, 0.2)
    found = net.eval()(images())
    expected = twin_logits(net, images(), k=k, pool=pool, down=down, normal=normal)
    # float32 against float64, sums of some 100 terms of size 1
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-5)


def test_widths_double_where_the_image_is_halved_but_not_at_the_first_layer():
    cifar = gl.GreedyNetwork((3, 32, 32), 10, 4, 128, 2, head_width=256, seed=0)
    assert [layer.channels for layer in cifar.layers] == [
        (3, 128), (512, 256), (256, 256), (256, 256),
    ]  # fmt: skip
    assert [layer.side[0] for layer in cifar.layers] == [32, 16, 16, 16]
    assert [layer.head[1] for layer in cifar.layers] == [256, 512, 512, 512]
    down = (1, 2, 3, 4, 6)
    counted = gl.cost((3, 224, 224), 1000, 8, 256, 1, downsample=down)
    assert counted.head_parameters[-1] == (4 * 4096 + 1) * 1000  # the paper's 4096


def test_batch_norm_comes_with_the_second_hidden_layer():
    for k, normal in ((1, False), (2, True), (3, True)):
        norms = [isinstance(m, nn.BatchNorm2d) for m in network(k).modules()]
        assert any(norms) is normal
        assert sum(norms) == 3 * k * normal


def test_space_to_depth_is_a_permutation_with_an_inverse():
    x = images()
    found = gl.space_to_depth(x)
    np.testing.assert_array_equal(found, sub_images(x.numpy()))
    assert torch.equal(functional.pixel_shuffle(found, 2), x)
    assert torch.equal(found.flatten().sort()[0], x.flatten().sort()[0])


def test_a_layer_is_drawn_from_the_seed_and_its_number_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    deep, shallow, other = network(2, 3), network(2, 2), network(2, 2, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    for part in ("blocks", "heads"):
        deep_part = parameters(getattr(deep, part)[:2])
        assert torch.equal(deep_part, parameters(getattr(shallow, part)))
        assert not torch.equal(deep_part, parameters(getattr(other, part)))
    assert not torch.equal(parameters(deep.heads[1]), parameters(deep.heads[2]))


def test_features_are_what_the_blocks_give():
    net, x = network(1), images()
    net.standardize.measure(x)
    h = (x - x.mean((0, 2, 3), keepdim=True)) / x.std(
        (0, 2, 3), correction=0, keepdim=True
    )
    torch.testing.assert_close(net.features(x, 0), h)
    for layer, block in enumerate(net.blocks, 1):
        h = block(h)
        torch.testing.assert_close(net.features(x, layer), h)
    assert not net.features(x, 3).requires_grad
    with pytest.raises(ValueError, match=r"layer must be in 0\.\.3, got 4"):
        net.features(x, 4)


def test_a_constant_channel_is_only_centred():
    x = images()
    x[:, 1] = 0.5
    net = network()
    net.standardize.measure(x)
    assert torch.equal(net.features(x, 0)[:, 1], torch.zeros(6, 8, 8))


@pytest.mark.parametrize("normal", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_proposition_3_1_the_identity_start_repeats_the_head_before(k, normal):
    net, x = network(k, downsample=(), batch_norm=normal), images(40)
    net(x)  # statistics that are not those of the start
    net.start_at_identity(2, net.features(x, 1))
    logits = net(images(seed=5))
    torch.testing.assert_close(logits[..., 1], logits[..., 0], atol=1e-6, rtol=0)
    assert not torch.allclose(logits[..., 2], logits[..., 1])
    if normal:  # on its batch too, so that training starts from there
        h = net.features(x, 1)
        torch.testing.assert_close(net.blocks[1].train()(h), h, atol=1e-5, rtol=0)


def test_no_identity_start_where_the_number_of_channels_changes():
    net = network()
    assert [net.can_start_at_identity(layer) for layer in (1, 2, 3)] == [
        False,
        False,
        True,
    ]
    for layer in (1, 2):
        with pytest.raises(
            ValueError, match=f"layer {layer} has no identity start: it"
        ):
            net.start_at_identity(layer, images())
    with pytest.raises(ValueError, match=r"layer must be in 1\.\.3, got 0"):
        net.can_start_at_identity(0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"k": 4}, "k must be 1, 2 or 3, got 4"),
        ({"k": True}, "k must be 1, 2 or 3, got True"),
        ({"depth": 0}, "depth must be an integer >= 1, got 0"),
        ({"width": -2}, "width must be an integer >= 1, got -2"),
        ({"width": 2.5}, "width must be an integer >= 1, got 2.5"),
        ({"head_width": 0}, "head_width must be an integer >= 1, got 0"),
        ({"head_pool": 0}, "head_pool must be an integer >= 1, got 0"),
        ({"downsample": (0,)}, "downsample must be an integer >= 1, got 0"),
        ({"seed": -1}, "seed must be an integer >= 0, got -1"),
        ({"shape": (8, 8)}, r"image_shape must be \(channels, height, width\), got"),
        ({"shape": (1, 0, 8)}, "image_shape must be an integer >= 1, got 0"),
        (
            {"shape": (1, 6, 6), "downsample": (1, 2)},
            "layer 2 cannot halve a side of 3",
        ),
        ({"downsample": (1, 2, 3)}, "head of layer 3 needs 2x2 pixels, got 1x1"),
        (
            {"head_pool": 4},
            "head of layer 2 needs 2x2 pixels, got 1x1: downsample less",
        ),
    ],
)
def test_a_bad_architecture_is_refused(changed, told):
    with pytest.raises(ValueError, match=told):
        network(**changed)


def test_a_single_class_is_refused():
    with pytest.raises(ValueError, match="n_classes must be an integer >= 2, got 1"):
        gl.GreedyNetwork((1, 8, 8), 1, 2, 4, seed=0)


# Training


def plain_greedy(dataset, depth, width, k, recipe, seed, **architecture):
    """Algorithm 1 of the paper, with momentum and weight decay written out."""
    x, y = dataset.x_train, dataset.y_train
    net = gl.GreedyNetwork(x.shape[1:], 10, depth, width, k, seed=seed, **architecture)
    net.standardize.measure(x)
    for layer in range(1, depth + 1):
        body = nn.Sequential(net.blocks[layer - 1], net.heads[layer - 1]).train()
        weights = list(body.parameters())
        speed = [torch.zeros_like(w) for w in weights]
        order = torch.Generator().manual_seed(derived_seed(seed, layer, 1))
        for epoch in range(recipe.epochs):
            lr = recipe.lr * recipe.drop ** math.floor(epoch / (0.3 * recipe.epochs))
            for rows in torch.randperm(len(x), generator=order).split(
                recipe.batch_size
            ):
                with torch.no_grad():
                    h = net.standardize(x[rows])
                    for block in net.blocks[: layer - 1]:
                        h = block(h)
                loss = functional.cross_entropy(body(h), y[rows])
                gradients = torch.autograd.grad(loss, weights)
                with torch.no_grad():
                    for w, v, g in zip(weights, speed, gradients, strict=True):
                        v.mul_(recipe.momentum).add_(g + recipe.weight_decay * w)
                        w.sub_(lr * v)
        body.eval()
    return net.eval()


@pytest.mark.parametrize("k", [1, 2])
def test_training_equals_a_plain_loop(digits, k):
    recipe = gl.Recipe(epochs=4, batch_size=40, weight_decay=0.01)  # last batch: 16
    found = gl.train_greedy(digits, 3, 4, k, recipe=recipe, seed=7, progress=False)
    plain = plain_greedy(digits, 3, 4, k, recipe, 7)
    with torch.no_grad():
        logits, expected = found.network(digits.x_test), plain(digits.x_test)
    # the same numbers in another order of summation: 1e-7, grown over 36 steps
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-3)
    losses = [
        functional.cross_entropy(expected[..., i], digits.y_test).item()
        for i in range(3)
    ]
    np.testing.assert_allclose(found.test_loss, losses, rtol=1e-4)


def test_a_layer_does_not_depend_on_those_after_it(digits):
    one, three = (gl.train_greedy(digits, n, 4, 2, **QUICK) for n in (1, 3))
    for name, tensor in one.network.blocks[0].state_dict().items():
        assert torch.equal(tensor, three.network.blocks[0].state_dict()[name]), name
    np.testing.assert_array_equal(one.records[0].loss, three.records[0].loss)


@pytest.mark.parametrize("way", ["parallel", "end_to_end"])
def test_with_one_layer_all_ways_are_one(digits, way):
    greedy = gl.train_greedy(digits, 1, 4, 2, **QUICK)
    if way == "parallel":
        other = gl.train_greedy(digits, 1, 4, 2, parallel=True, **QUICK)
    else:
        other = gl.train_end_to_end(digits, 1, 4, 2, **QUICK)
    torch.testing.assert_close(parameters(other.network), parameters(greedy.network))
    for name in ("loss", "accuracy", "test_loss", "test_accuracy"):
        np.testing.assert_allclose(
            getattr(other, name), getattr(greedy, name), rtol=1e-5
        )
    np.testing.assert_array_equal(other.records[0].epoch, [0, 1, 2])


def test_in_parallel_the_first_layer_learns_as_it_does_alone(digits):
    """No gradient comes back to it from the layers after."""
    alone = gl.train_greedy(digits, 1, 4, **QUICK)
    parallel = gl.train_greedy(digits, 3, 4, parallel=True, **QUICK)
    torch.testing.assert_close(
        parameters(parallel.network.blocks[0]), parameters(alone.network.blocks[0])
    )
    np.testing.assert_allclose(parallel.loss[0], alone.loss[0], rtol=1e-5)
    assert len(parallel.records) == 3
    assert parallel.loss[2] != parallel.loss[1]


def test_no_gradient_crosses_a_layer_of_the_decoupled_network():
    net = network(2)
    decoupled = Decoupled(net)
    torch.testing.assert_close(decoupled(images()), net(images()))
    decoupled(images())[..., 1].sum().backward()
    touched = [
        any(p.grad.abs().sum() > 0 for p in block.parameters()) for block in net.blocks
    ]
    assert touched == [False, True, False]


def test_end_to_end_moves_every_block_and_the_last_head_alone(digits):
    found = gl.train_end_to_end(digits, 3, 4, **QUICK).network
    fresh = gl.GreedyNetwork((1, 8, 8), 10, 3, 4, seed=3)
    moved = [
        not torch.equal(parameters(a), parameters(b))
        for a, b in zip(
            [*found.blocks, *found.heads], [*fresh.blocks, *fresh.heads], strict=True
        )
    ]
    assert moved == [True, True, True, False, False, True]


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("cache_bytes", [0, 100_000, 200_000])
def test_features_are_kept_or_computed_again_to_the_same_end(digits, cache_bytes, k):
    """h_0 takes 37 KB, h_1 150 KB, h_2 and h_3 75 KB each.

    For k = 2 the batch norm of finished blocks must stay as it is in either way.
    """
    kept = gl.train_greedy(digits, 3, 4, k, **QUICK)
    again = gl.train_greedy(digits, 3, 4, k, cache_bytes=cache_bytes, **QUICK)
    np.testing.assert_allclose(again.loss, kept.loss, rtol=1e-5)
    for name, tensor in kept.network.state_dict().items():
        # the same numbers from other convolution calls, 18 steps
        other = again.network.state_dict()[name]
        torch.testing.assert_close(other, tensor, atol=1e-5, rtol=1e-4)


def test_augmented_images_are_never_kept(digits):
    calls = []

    def shifted(x):
        calls.append(x.shape)
        return x + torch.rand(len(x), 1, 1, 1)

    one, two = (
        gl.train_greedy(digits, 2, 4, augment=shifted, **QUICK) for _ in range(2)
    )
    assert set(calls) == {(32, 1, 8, 8)}
    assert len(calls) == 2 * 2 * 2 * 3
    assert torch.equal(parameters(one.network), parameters(two.network))


class StopError(Exception):
    """The power cut of a test."""


@pytest.mark.parametrize("k", [1, 2])
def test_an_interrupted_run_goes_on_bit_by_bit(digits, tmp_path, monkeypatch, k):
    options = {**QUICK, "start": "identity", "keep": "best"}
    whole = gl.train_greedy(digits, 4, 4, k, **options)
    fit, calls = gl.fit, []

    def fragile(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise StopError
        return fit(*arguments)

    monkeypatch.setattr(gl, "fit", fragile)
    options["checkpoint"] = tmp_path / "run.pt"
    with pytest.raises(StopError):
        gl.train_greedy(digits, 4, 4, k, **options)
    resumed = gl.train_greedy(digits, 4, 4, k, **options)
    assert len(calls) == 3 + 2
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    for one, other in zip(whole.records, resumed.records, strict=True):
        for name in ("epoch", "loss", "accuracy", "test_loss", "test_accuracy"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert resumed.kept == whole.kept
    gl.train_greedy(digits, 3, 4, k, **options)  # shallower: all there already
    assert len(calls) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 4},
        {"recipe": gl.Recipe(epochs=3, batch_size=32)},
        {"start": "identity"},
        {"keep": "best"},
        {"augment": gl.crop_and_flip},
        {"downsample": ()},
    ],
)
def test_a_checkpoint_of_another_run_is_refused(digits, tmp_path, changed):
    options = {**QUICK, "checkpoint": tmp_path / "run.pt"}
    gl.train_greedy(digits, 1, 2, **options)
    with pytest.raises(ValueError, match=r"run\.pt belongs to a run with other argum"):
        gl.train_greedy(digits, 1, 2, **{**options, **changed})


def test_a_checkpoint_knows_a_partial_augmentation_again(digits, tmp_path):
    options = {**QUICK, "checkpoint": tmp_path / "run.pt"}
    for _ in range(2):  # each a new object at another address
        augment = functools.partial(gl.crop_and_flip, pad=1)
        gl.train_greedy(digits, 1, 2, augment=augment, **options)
    other = functools.partial(gl.crop_and_flip, pad=2)
    with pytest.raises(ValueError, match="belongs to a run with other arguments"):
        gl.train_greedy(digits, 1, 2, augment=other, **options)


def test_a_checkpoint_knows_its_data(digits, tmp_path):
    options = {**QUICK, "checkpoint": tmp_path / "run.pt"}
    gl.train_greedy(digits, 1, 2, **options)
    other = dataclasses.replace(digits, y_train=digits.y_train.flip(0))
    with pytest.raises(ValueError, match="other arguments or data: give another path"):
        gl.train_greedy(other, 1, 2, **options)


def test_the_best_weights_are_those_of_the_least_loss(digits):
    recipe = gl.Recipe(epochs=6, batch_size=32, lr=1.0, drop=1.0)  # too large a rate
    options = {"recipe": recipe, "seed": 1, "progress": False}
    best = gl.train_greedy(digits, 2, 4, keep="best", **options)
    last = gl.train_greedy(digits, 2, 4, keep="last", **options)
    assert last.kept == (6, 6)
    assert best.kept[0] < 6
    for index, (history, kept) in enumerate(zip(best.records, best.kept, strict=True)):
        assert history.loss[kept] == history.loss.min() == best.loss[index]
    logits = best.network(digits.x_train)
    for index in range(2):
        loss = functional.cross_entropy(logits[..., index], digits.y_train)
        right = (logits[..., index].argmax(1) == digits.y_train).float().mean()
        assert loss.item() == pytest.approx(best.loss[index], rel=1e-5)
        assert right.item() == pytest.approx(best.accuracy[index])


@pytest.mark.parametrize("k", [1, 2])
def test_proposition_3_1_from_the_identity_no_layer_is_worse(digits, k):
    options = {**QUICK, "start": "identity", "keep": "best", "downsample": ()}
    found = gl.train_greedy(digits, 4, 4, k, **options)
    starts = [history.loss[0] for history in found.records[1:]]
    np.testing.assert_allclose(starts, found.loss[:-1], rtol=1e-6)
    assert (np.diff(found.loss) <= 1e-6).all()


def test_the_rate_drops_as_in_the_paper():
    recipe = gl.Recipe(epochs=50, lr=0.1)
    rates = [recipe.lr_in(epoch) for epoch in range(1, 51)]
    drops = [epoch for epoch in range(2, 51) if rates[epoch - 1] != rates[epoch - 2]]
    assert drops == [16, 31, 46]
    np.testing.assert_allclose(sorted(set(rates)), [0.0008, 0.004, 0.02, 0.1])
    tenths = gl.Recipe(epochs=6, drop_every=0.1)  # 3 / 0.6 falls below 5 in binary
    assert tenths.lr_in(4) == pytest.approx(0.1 * 0.2**5)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"epochs": 0}, "epochs must be an integer >= 1, got 0"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"lr": 0.0}, "lr must be finite and > 0, got 0.0"),
        ({"lr": math.nan}, "lr must be finite and > 0, got nan"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1.0"),
        ({"weight_decay": -1.0}, "weight_decay must be finite and >= 0, got -1.0"),
        ({"drop": 0.0}, r"drop must be in \(0, 1\], got 0.0"),
        ({"drop_every": 1.5}, r"drop_every must be in \(0, 1\], got 1.5"),
    ],
)
def test_a_bad_recipe_is_refused(changed, told):
    with pytest.raises(ValueError, match=told):
        gl.Recipe(**changed)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"start": "zero"}, "start must be 'random' or 'identity', got 'zero'"),
        ({"keep": "first"}, "keep must be 'best' or 'last', got 'first'"),
        ({"record_every": 0}, "record_every must be an integer >= 1, got 0"),
        ({"dtype": torch.float64}, r"dtype must be torch\.float32 or torch\.bfloat16"),
        ({"parallel": True, "keep": "best"}, "parallel training needs start 'random'"),
        ({"seed": -1}, "seed must be an integer >= 0, got -1"),
    ],
)
def test_bad_arguments_of_a_run_are_refused(digits, changed, told):
    with pytest.raises(ValueError, match=told):
        gl.train_greedy(digits, 2, 4, **{**QUICK, **changed})


def test_a_batch_too_small_for_the_processes_is_refused(digits, monkeypatch):
    monkeypatch.setattr(_greedy_stages, "n_processes", lambda: 8)
    recipe = gl.Recipe(epochs=1, batch_size=46)  # 96 = 2 * 46 + 4
    with pytest.raises(ValueError, match="leaves a last batch of 4 images for 8 proc"):
        gl.train_end_to_end(digits, 2, 4, recipe=recipe, seed=0, progress=False)


def test_a_diverging_layer_says_so_and_leaves_the_ones_before(digits, tmp_path):
    bad = dataclasses.replace(digits, x_train=digits.x_train * math.nan)
    with pytest.raises(DivergedError, match="loss is nan"):
        gl.train_greedy(bad, 2, 4, **QUICK)


def test_mixed_precision_is_close_to_single(digits):
    """bfloat16 keeps 8 bits: 0.4 % a product, in a loss near log 10."""
    single, mixed = (
        gl.train_greedy(digits, 2, 4, dtype=dtype, **QUICK)
        for dtype in (torch.float32, torch.bfloat16)
    )
    np.testing.assert_allclose(mixed.loss, single.loss, rtol=0.01)
    assert not np.array_equal(mixed.loss, single.loss)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_as_on_a_processor(digits):
    here, there = (
        gl.train_greedy(digits, 2, 4, 2, device=device, **QUICK)
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(there.loss, here.loss, rtol=1e-2)


# The ensemble and the augmentation


def test_the_ensemble_doubles_its_weights():
    net = network(2).eval()
    logits = net(images()).detach()
    mixed = (logits[..., 0] + 2 * logits[..., 1] + 4 * logits[..., 2]) / 7
    torch.testing.assert_close(gl.layer_ensemble(net, images()), mixed)
    shares = logits.softmax(1)
    mixed = (shares[..., 0] + 2 * shares[..., 1] + 4 * shares[..., 2]) / 7
    found = gl.layer_ensemble(net, images(), "probabilities")
    torch.testing.assert_close(found, mixed)
    torch.testing.assert_close(found.sum(1), torch.ones(6))
    with pytest.raises(
        ValueError, match="mix must be 'logits' or 'probabilities', got"
    ):
        gl.layer_ensemble(net, images(), "votes")


def test_crop_and_flip_shifts_and_mirrors():
    x = images(300, (1, 3, 4))
    torch.manual_seed(0)
    found = gl.crop_and_flip(x, 1)
    seen = set()
    for before, after in zip(x, found, strict=True):
        padded = functional.pad(before, [1] * 4)
        windows = {
            (top, left, mirror): window.flip(2) if mirror else window
            for top, left, mirror in itertools.product(range(3), range(3), (0, 1))
            for window in [padded[:, top : top + 3, left : left + 4]]
        }
        hits = [key for key, window in windows.items() if torch.equal(window, after)]
        assert len(hits) == 1
        seen.add(hits[0])
    assert len(seen) == 18  # a window is missed with chance 18 (17 / 18)^300 = 6e-7
    torch.manual_seed(0)
    assert torch.equal(gl.crop_and_flip(x, 1), found)


# Costs


def kept_by_autograd(function, module):
    """Numbers in distinct saved tensors of more than one dimension, weights apart."""
    own, sizes = {p.data_ptr() for p in module.parameters()}, {}

    def pack(tensor):
        if tensor.data_ptr() not in own and tensor.ndim > 1:
            sizes[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = function()
    return sum(sizes.values()), outputs


def measured(module, x):
    """Operations of a step and kept numbers, per image, by torch's own counting."""
    with FlopCounterMode(display=False) as counter:
        kept, outputs = kept_by_autograd(lambda: module(x), module)
        outputs.sum().backward()
    return counter.get_total_flops() / len(x), kept / len(x)


@pytest.mark.parametrize("down", [(), (2,), (1, 3)])
@pytest.mark.parametrize(("k", "pool"), [(1, 1), (1, 2), (2, 1), (3, 2)])
@pytest.mark.parametrize("normal", [False, True])
def test_costs_equal_what_torch_counts(k, pool, normal, down):
    shape = {"downsample": down, "head_pool": pool, "head_width": 5}
    net = network(k, shape=(2, 16, 16), batch_norm=normal, **shape)
    counted = gl.cost((2, 16, 16), 5, 3, 4, k, batch_norm=normal, **shape)
    x, h, flops = images(7, (2, 16, 16)), images(7, (2, 16, 16)), 0
    floats = counted.input_floats + counted.block_floats + counted.head_floats
    for layer, (block, head) in enumerate(zip(net.blocks, net.heads, strict=True)):
        step, kept = measured(nn.Sequential(block, head), h)
        assert kept == floats[layer]
        flops += step
        h = block(h).detach()
        for part, counts in (
            (block, counted.parameters),
            (head, counted.head_parameters),
        ):
            assert sum(p.numel() for p in part.parameters()) == counts[layer]
    assert counted.floats("sequential") == counted.floats("cached") == floats.max()
    assert measured(Decoupled(net), x) == (flops, counted.floats("parallel"))
    assert counted.flops("parallel") == flops
    whole = nn.Sequential(*net.blocks, net.heads[-1])
    expected = counted.flops("end_to_end"), counted.floats("end_to_end")
    assert measured(whole, x) == expected


def test_epochs_and_passes_to_make_features():
    counted = gl.cost((1, 8, 8), 10, 3, 4, 2)
    f = counted.block_macs.tolist()
    local = counted.flops("parallel")
    assert counted.flops("parallel", 5) == 5 * local
    assert counted.flops("end_to_end", 5) == 5 * counted.flops("end_to_end")
    assert counted.flops("cached", 5) == 5 * local + 2 * (f[0] + f[1])
    assert counted.flops("sequential", 5) == 5 * (local + 2 * (2 * f[0] + f[1]))
    with pytest.raises(ValueError, match="way must be one of"):
        counted.flops("fast")
    with pytest.raises(ValueError, match="way must be one of"):
        counted.floats("fast")
    with pytest.raises(ValueError, match="epochs must be an integer >= 1, got 0"):
        counted.flops("cached", 0)
    with pytest.raises(ValueError, match="n_classes must be an integer >= 2, got 1"):
        gl.cost((1, 8, 8), 1, 3, 4)


# Laws


@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_proposition_3_2_is_attained(bias):
    """Layers that shrink by 1 - epsilon and lose epsilon of the bias, all on one ray.

    The distance is the bound up to a factor 1 - depth epsilon.
    """
    epsilon, depth = 1e-6, 50
    ray = np.array([0.6, 0.8])
    exact = rough = 3.0 * ray
    found = [0.0]
    for _ in range(depth):
        exact = np.maximum(exact + bias * ray, 0)
        rough = np.maximum((1 - epsilon) * rough + (bias - epsilon) * ray, 0)
        found.append(np.linalg.norm(exact - rough))
    bound = gl.error_bound(depth, epsilon, 3.0, bias)
    assert (np.array(found) <= bound + 1e-12).all()
    np.testing.assert_allclose(found[1:], bound[1:], rtol=depth * epsilon)


def test_the_bound_sums_to_its_closed_form():
    layers = np.arange(31)
    closed = 0.01 * (layers * (1 + 2.0) + 0.3 * layers * (layers - 1) / 2)
    np.testing.assert_allclose(gl.error_bound(30, 0.01, 2.0, 0.3), closed, atol=1e-12)
    unstable = gl.error_bound(30, 0.01, 2.0, 0.0, stability=1.1)
    closed = 0.03 * (1.1**layers - 1) / 0.1
    np.testing.assert_allclose(unstable, closed, rtol=1e-12)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"depth": 0}, "depth must be an integer >= 1, got 0"),
        ({"epsilon": -1.0}, "epsilon must be finite and >= 0, got -1.0"),
        ({"input_norm": math.inf}, "input_norm must be finite and >= 0, got inf"),
        ({"bias": math.nan}, "bias must be finite and >= 0, got nan"),
        ({"stability": -0.1}, "stability must be finite and >= 0, got -0.1"),
    ],
)
def test_a_bad_bound_is_refused(changed, told):
    given = {"depth": 3, "epsilon": 0.1, "input_norm": 1.0, "bias": 0.1}
    with pytest.raises(ValueError, match=told):
        gl.error_bound(**{**given, **changed})


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("distance", range(1, 8))
def test_a_head_is_blind_exactly_where_its_logits_add_up(k, distance):
    """f(00) + f(11) = f(01) + f(10) for a sum of functions of one pixel each.

    In float64, with leaky weights so that no unit is dead: rounding 1e-13, otherwise
    the difference is of the size of the weights to the power of the depth.
    """
    net = network(k, 4, 8, (1, 8, 8), downsample=()).double().eval()
    pair = gl.two_pixels(distance).x_train.double() * 3
    logits = net(pair).detach()
    gap = (logits[0] - logits[1] - logits[2] + logits[3]).abs().amax(0)
    expected = [gl.is_blind(layer, k, distance) for layer in range(1, 5)]
    assert (gap < 1e-12).tolist() == expected


def test_blind_heads_stay_above_log_2():
    recipe = gl.Recipe(epochs=60, batch_size=4, weight_decay=0.0)
    found = gl.train_greedy(
        gl.two_pixels(3), 2, 16, recipe=recipe, seed=0, progress=False, downsample=(),
        batch_norm=True,
    )  # fmt: skip
    blind, seeing = found.loss
    assert math.log(2) - 1e-6 <= blind < math.log(2) + 0.01
    assert seeing < 0.3


def test_two_pixels_and_their_exclusive_or():
    found = gl.two_pixels(5, 9)
    assert found.x_train.shape == (4, 1, 9, 9)
    assert found.y_train.tolist() == [0, 1, 1, 0]
    places = found.x_train[3, 0].nonzero().tolist()
    assert places == [[4, 2], [4, 7]]
    assert found.x_train.sum((1, 2, 3)).tolist() == [0, 1, 1, 2]


def test_bad_pixels_are_refused():
    with pytest.raises(ValueError, match="distance must be below side 8, got 8"):
        gl.two_pixels(8)
    with pytest.raises(ValueError, match="distance must be an integer >= 1, got 0"):
        gl.two_pixels(0)
    with pytest.raises(ValueError, match="k must be an integer >= 1, got 0"):
        gl.is_blind(1, 0, 3)


# Linear separability


def clouds(distance, n=4000, seed=0):
    """Two Gaussians of variance 1 around +-(distance, distance), and their class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return rng.normal(size=(n, 2)) + distance * (2 * y[:, None] - 1), y


@pytest.mark.parametrize(("distance", "accuracy"), [(0.5, 0.76025), (4.0, 1.0)])
def test_a_linear_classifier_finds_the_best_line(distance, accuracy):
    """No classifier does better than Phi(sqrt 2 distance) on such clouds.

    4 standard errors of 4000 draws are 0.027; the line costs another 0.001.
    """
    found = gl.linear_separability(*clouds(distance), *clouds(distance, seed=1))
    assert found.test == pytest.approx(accuracy, abs=0.028)
    assert found.train == pytest.approx(accuracy, abs=0.028)
    assert gl.linear_separability(*clouds(distance)).test is None


def test_the_fit_is_the_minimum_of_its_objective():
    """The same objective minimised with autograd gives the same classes."""
    x = np.random.default_rng(0).normal(size=(300, 5))
    y = (x @ np.random.default_rng(1).normal(size=(5, 3)) + x[:, :3] ** 2).argmax(1)
    z = torch.tensor((x - x.mean(0)) / x.std(0))
    weight = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    stepper = torch.optim.LBFGS(
        [weight, bias], max_iter=500, line_search_fn="strong_wolfe"
    )

    def closure():
        stepper.zero_grad()
        fit = functional.cross_entropy(z @ weight + bias, torch.tensor(y))
        (fit + 0.05 * weight.square().sum()).backward()
        return fit + 0.05 * weight.square().sum()

    stepper.step(closure)
    right = ((z @ weight + bias).argmax(1).numpy() == y).mean()
    found = gl.linear_separability(x, y, ridge=0.1)
    assert found.train == pytest.approx(right, abs=1 / 300)
    assert right < 0.95


def test_feature_maps_are_averaged_over_quadrants():
    x, y = images(60, (3, 6, 6)), torch.arange(60) % 3
    means = quadrant_means(x.numpy())
    found = gl.linear_separability(x, y, x.flip(0), y.flip(0))
    assert found == gl.linear_separability(means, y, means[::-1].copy(), y.flip(0))
    assert found.train == found.test


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ridge": 0.0}, "ridge must be finite and > 0, got 0.0"),
        ({"features": np.zeros(4)}, r"features must be \[n, d\] or \[n, channels"),
        ({"features": np.full((4, 2), np.nan)}, "features must be finite, got NaN or"),
        ({"labels": np.zeros(3)}, r"labels must be \[n\] for 4 images, got \[3\]"),
        ({"labels": np.zeros(4)}, "labels must hold two classes or more"),
        ({"test_features": np.zeros((4, 2))}, "must be given together"),
    ],
)
def test_bad_features_are_refused(changed, told):
    given = {"features": np.eye(4)[:, :2], "labels": np.array([0, 1, 0, 1])}
    with pytest.raises(ValueError, match=told):
        gl.linear_separability(**{**given, **changed})


# Several processes, and the command

COMMAND = [
    *("--data", "digits", "--n-train", "131", "--n-test", "40", "--depth", "2"),
    *("--width", "4", "--k", "2", "--epochs", "2", "--batch-size", "64"),
    *("--augment", "--threads", "1", "--device", "cpu"),
]


def test_two_processes_do_what_one_does_with_the_joint_batch(tmp_path):
    """Batch norm, augmentation, a last batch of three: losses agree to rounding."""
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert main([*COMMAND, "--out", str(one)]) == 0
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    program = ["-m", "helpers.greedy_layerwise", *COMMAND, "--out", str(two)]
    done = subprocess.run(
        [sys.executable, *torchrun, *program],
        env={**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote") == 1
    alone, joint = (json.loads(path.read_text()) for path in (one, two))
    assert "2 processes" in joint["source"]
    for a, b in zip(alone["layers"], joint["layers"], strict=True):
        for name in ("loss", "accuracy", "test_loss", "test_accuracy"):
            # sums over rows in another order, 12 steps
            np.testing.assert_allclose(b[name], a[name], rtol=1e-4)


def test_alone_the_joint_batch_norm_is_torchs():
    ours, torchs = JointBatchNorm(3), nn.BatchNorm2d(3)
    x = images(5, (3, 4, 4))
    for _ in range(2):
        assert torch.equal(ours(x), torchs(x))
        ours.eval()
        torchs.eval()


def test_the_loss_adds_heads_and_averages_images():
    logits, y = torch.randn(4, 3, 2), torch.tensor([0, 2, 1, 1])
    each = [functional.cross_entropy(logits[..., i], y) for i in (0, 1)]
    torch.testing.assert_close(joint_loss(logits, y), sum(each))
    torch.testing.assert_close(joint_loss(logits[..., 0], y), each[0])


def test_the_command_writes_its_results(tmp_path, capsys):
    path = tmp_path / "run.json"
    options = ["--width", "4", "--epochs", "2", "--depth", "2", "--n-train", "100"]
    assert main([*options, "--probe", "100", "--out", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    found = json.loads(path.read_text())
    assert found["source"].endswith(f"--probe 100 --out {path}")
    assert "python -m helpers.greedy_layerwise --width 4" in found["source"]
    assert [len(layer["loss"]) for layer in found["layers"]] == [3, 3]
    assert found["accuracy"] == [layer["accuracy"][-1] for layer in found["layers"]]
    assert len(found["linear_separability"]) == 3
    assert found["arguments"]["epochs"] == 2
    assert found["versions"]["torch"] == torch.__version__
    assert 0 < sum(found["seconds_in_steps"]) < found["seconds"]
    assert found["processor_seconds"] > 0
    assert found["peak_memory_bytes"] > 1e6
    counted = gl.cost((1, 8, 8), 10, 2, 4, 1)
    assert found["cost"]["flops"] == counted.flops("cached", 2)
    again = gl.train_greedy(
        data.load("digits", n_train=100), 2, 4, seed=0, progress=False,
        recipe=gl.Recipe(epochs=2, batch_size=128),
    )  # fmt: skip
    np.testing.assert_allclose(found["loss"], again.loss, rtol=1e-6)


@pytest.mark.parametrize("method", ["parallel", "end_to_end"])
def test_the_command_knows_the_other_ways(tmp_path, method):
    path = tmp_path / "run.json"
    options = ["--width", "2", "--epochs", "1", "--depth", "2", "--n-train", "50"]
    main([*options, "--method", method, "--out", str(path)])
    found = json.loads(path.read_text())
    assert len(found["layers"]) == (1 if method == "end_to_end" else 2)
    assert (found["ensemble_test_accuracy"] is None) is (method == "end_to_end")
    assert found["cost"]["flops"] == gl.cost((1, 8, 8), 10, 2, 2).flops(method)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--k", "4"], "k must be 1, 2 or 3, got 4"),
        (["--n-train", "0"], "n_train must be an integer in 1..1400, got 0"),
        (["--data", "imagenet"], "invalid choice: 'imagenet'"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, told, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


def test_every_public_name_is_there():
    assert all(hasattr(gl, name) for name in gl.__all__)
    assert len(set(gl.__all__)) == len(gl.__all__)

"""Logits against a twin in numpy; features, seeds and the start at the identity."""

import itertools

import numpy as np
import pytest
import torch
from greedy_layerwise.cases import (
    images,
    network,
    parameters,
    quadrant_means,
    sub_images,
)
from torch import nn
from torch.nn import functional

from helpers import greedy_layerwise as gl


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
    generator = torch.Generator().manual_seed(0)
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.weight, 1.0, 0.2, generator=generator)
            nn.init.normal_(norm.bias, 0.0, 0.2, generator=generator)
    found = net.eval()(images())
    expected = twin_logits(net, images(), k=k, pool=pool, down=down, normal=normal)
    # float32 against float64, sums of some 100 terms of size 1
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-5)


def test_batch_norm_comes_with_the_second_hidden_layer():
    for k, normal in ((1, False), (2, True), (3, True)):
        norms = [isinstance(m, nn.BatchNorm2d) for m in network(k).modules()]
        assert any(norms) is normal
        assert sum(norms) == 3 * k * normal


@pytest.mark.parametrize("shape", [(), (4, 4), (1, 1, 3, 4)])
def test_space_to_depth_asks_for_even_sides(shape):
    with pytest.raises(ValueError, match=r"images must be .* even sides"):
        gl.space_to_depth(torch.zeros(shape))


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


def test_a_single_class_is_refused():
    with pytest.raises(ValueError, match="n_classes must be an integer >= 2, got 1"):
        gl.GreedyNetwork((1, 8, 8), 1, 2, 4, seed=0)

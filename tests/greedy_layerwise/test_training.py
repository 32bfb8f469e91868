"""Greedy training against a plain loop; what the ways of training share."""

import math

import numpy as np
import pytest
import torch
from greedy_layerwise.cases import QUICK, parameters
from torch import nn
from torch.nn import functional

from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise.network import derived_seed
from helpers.training import DivergedError


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
def test_proposition_3_1_from_the_identity_no_layer_is_worse(digits, k):
    options = {**QUICK, "start": "identity", "keep": "best", "downsample": ()}
    found = gl.train_greedy(digits, 4, 4, k, **options)
    starts = [history.loss[0] for history in found.records[1:]]
    np.testing.assert_allclose(starts, found.loss[:-1], rtol=1e-6)
    assert (np.diff(found.loss) <= 1e-6).all()


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


def test_a_diverging_layer_says_so_and_leaves_the_ones_before(digits, tmp_path):
    wild = {**QUICK, "recipe": gl.Recipe(epochs=2, batch_size=32, lr=1e30)}
    with pytest.raises(DivergedError, match=r"loss is (nan|inf)"):
        gl.train_greedy(digits, 2, 4, **wild)

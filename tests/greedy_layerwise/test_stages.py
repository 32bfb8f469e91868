"""No gradient crosses a layer; the best weights are kept; precision."""

import numpy as np
import pytest
import torch
from greedy_layerwise.cases import QUICK, images, network
from torch.nn import functional

from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise.stages import Decoupled


def test_no_gradient_crosses_a_layer_of_the_decoupled_network():
    net = network(2)
    decoupled = Decoupled(net)
    torch.testing.assert_close(decoupled(images()), net(images()))
    decoupled(images())[..., 1].sum().backward()
    touched = [
        any(p.grad.abs().sum() > 0 for p in block.parameters()) for block in net.blocks
    ]
    assert touched == [False, True, False]


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

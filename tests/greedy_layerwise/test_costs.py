"""Counted costs against torch's own counters."""

import pytest
import torch
from greedy_layerwise.cases import images, network
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise.stages import Decoupled


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

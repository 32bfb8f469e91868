"""The authors' network has their shapes and their start."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from helpers import heavy_tails as ht
from helpers.heavy_tails.mini_alexnet import LAYERS, mini_alexnet, prepared

CUT = math.sqrt(0.77374)  # deviation of a normal value between -2 and 2


def test_shapes_are_the_authors():
    net = mini_alexnet(0)
    weights = [list(p.shape) for p in net.parameters() if p.ndim > 1]
    assert weights == [
        [96, 3, 5, 5], [256, 96, 5, 5], [384, 4096], [192, 384], [10, 192],
    ]  # fmt: skip
    assert net(torch.zeros(2, 3, 28, 28)).shape == (2, 10)
    assert [list(net.get_parameter(name).shape) for name in LAYERS.values()] == weights[
        2:4
    ]


@pytest.mark.parametrize(("name", "sigma"), [("fc1", 1.1895), ("fc2", 1.0157)])
def test_the_start_is_noise_of_the_glorot_law(name, sigma):
    """sigma = CUT sqrt(2 N / (N + M)); two draws; bounds derived beside each line."""
    for seed in range(2):
        weight = mini_alexnet(seed).get_parameter(LAYERS[name]).detach().double()
        m, n = weight.shape
        assert math.isclose(CUT * math.sqrt(2 * n / (n + m)), sigma, abs_tol=5e-5)
        values, q = ht.spectrum(weight), n / m
        # the mean of n m squares: each has deviation < 2 sigma^2 / n; 5 errors
        assert abs(values.mean() / sigma**2 - 1) < 10 / math.sqrt(n * m)
        # the edge within Tracy-Widom's mean -1.2 and 3 deviations of 1.27
        edge = sigma**2 * (1 + q**-0.5) ** 2
        top = (values[-1] - edge) / (sigma**2 * ht.tracy_widom_scale(q, m))
        assert -5.1 < top < 2.7
        # ranks as the law has them: 225.07 and 65.88, 0 to 4 % more for the edge
        assert 0.98 < ht.stable_rank(values) * (1 + q**-0.5) ** 2 / m < 1.05
        law = 1 - 1 / (2 * q * np.log(m))
        assert ht.matrix_entropy(values) == pytest.approx(law, abs=1e-3)


def test_weights_end_at_two_deviations_and_biases_are_a_tenth():
    for layer in mini_alexnet(0):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            n_out, n_in = layer.weight.shape[:2]
            places = layer.weight[0, 0].numel()
            sd = math.sqrt(2 / ((n_out + n_in) * places))
            assert layer.weight.abs().max() <= 2 * sd * (1 + 1e-6)
            n = layer.weight.numel()
            found = layer.weight.double().square().mean().sqrt() / (CUT * sd)
            assert abs(found - 1) < 5 / math.sqrt(n)  # kurtosis below the normal one
            assert (layer.bias == torch.tensor(0.1)).all()


def test_seeds_are_repeated_and_differ():
    first, same, other = (mini_alexnet(seed)[9].weight for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_images_are_cut_and_standardised_one_by_one():
    made = torch.Generator().manual_seed(0)
    images = torch.rand(3, 3, 32, 32, generator=made)
    images[1] = 0.5
    seen = prepared(images)
    assert seen.shape == (3, 3, 28, 28)
    assert (seen[1] == 0).all()
    middle = images[0, :, 2:30, 2:30]
    expected = (middle - middle.mean()) / middle.std(correction=0)
    torch.testing.assert_close(seen[0], expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(prepared(seen), seen, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 32, 32), (2, 1, 32, 32), (2, 3, 27, 32)])
def test_other_images_are_refused(shape):
    with pytest.raises(ValueError, match=r"images must be \[n, 3, height >= 28"):
        prepared(torch.zeros(shape))

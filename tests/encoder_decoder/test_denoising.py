"""A denoiser that learns, and thresholds by hand."""

import math

import numpy as np
import pytest
import torch
from encoder_decoder.cases import network

from helpers import encoder_decoder as ed


def test_a_denoiser_learns_and_is_seeded():
    def made(**options):
        net = ed.EncoderDecoder(
            32, (1, 4, 4), 3, seed=0, dtype=torch.float32, skip=True
        )
        options = {"seed": 1} | options
        return ed.train_denoisers([net], clean[None], 0.5, **options)[0]

    clean = ed.jump_signals(960, 32, seed=0)
    start = ed.EncoderDecoder(32, (1, 4, 4), 3, seed=0, dtype=torch.float32, skip=True)
    noisy = clean + 0.5 * torch.randn(
        clean.shape, generator=torch.Generator().manual_seed(0)
    )
    net = made()
    assert float((net(noisy).detach() - clean).square().mean()) < 0.2 < 0.25
    assert torch.equal(net(noisy), made()(noisy))
    assert not torch.equal(net(noisy), made(seed=2)(noisy))
    still = made(lr=1e-9)
    for name in ("encoder", "decoder", "decoder_skip"):
        for level, (a, b) in enumerate(
            zip(getattr(start, name), getattr(still, name), strict=True)
        ):
            small = name != "encoder" and level == 0
            assert torch.allclose(b, a * (0.1 if small else 1), atol=1e-6)


@pytest.mark.parametrize("kind", [{}, {"skip": True}, {"pooling": "haar"}])
def test_denoisers_side_by_side_are_those_trained_alone(kind):
    """The order is that of the seed, and noise of 1e-9 changes nothing."""

    def made(seeds):
        nets = [ed.EncoderDecoder(32, (1, 4, 4), 3, seed=k, **kind) for k in seeds]
        clean = torch.stack([ed.jump_signals(96, 32, seed=k) for k in seeds])
        return ed.train_denoisers(nets, clean.double(), 1e-9, seed=5)

    alone = [net for k in range(3) for net in made([k])]
    for one, other in zip(alone, made(range(3)), strict=True):
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.allclose(a, b, rtol=1e-6, atol=1e-7)


def test_one_denoiser_is_trained_as_the_only_one_of_several():
    clean = ed.jump_signals(96, 32, seed=0).double()
    one, other = (ed.EncoderDecoder(32, (1, 4, 4), 3, seed=0) for _ in range(2))
    assert ed.train_denoiser(one, clean, 0.1, seed=5) is one
    ed.train_denoisers([other], clean[None], 0.1, seed=5)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_haar_thresholds():
    """By hand in one dimension; an orthonormal transform otherwise."""
    y = torch.tensor([3.0, 1.0, 0.0, 0.2], dtype=torch.float64)
    found = ed.haar_threshold(y, 0.5 * 2**0.5, 1)
    assert torch.allclose(found, torch.tensor([2.5, 1.5, 0.1, 0.1]).double())
    image = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 16)))
    assert torch.allclose(ed.haar_threshold(image, 0.0), image)
    blocks = torch.nn.functional.avg_pool2d(image[None], 8)[0]
    flat = blocks.repeat_interleave(8, 0).repeat_interleave(8, 1)
    assert torch.allclose(ed.haar_threshold(image, 1e3), flat)
    shifted = ed.haar_threshold(image, 0.3) - image
    assert float(shifted.square().sum()) <= 0.3**2 * (image.numel() - 2) + 1e-12


LINE = network("line")

BAD = [
    (
        lambda: ed.train_denoisers([LINE], torch.ones(1, 40, 16), -1.0, seed=0),
        "sigma must be finite and > 0, got -1.0",
    ),
    (
        lambda: ed.train_denoisers([LINE], torch.ones(40, 16), 1.0, seed=0),
        "clean must have shape [1, n, n_0], got [40, 16]",
    ),
    (
        lambda: ed.train_denoisers([LINE], torch.ones(2, 40, 16), 1.0, seed=0),
        "clean must have shape [1, n, n_0], got [2, 40, 16]",
    ),
    (lambda: ed.haar_threshold(torch.ones(8), -1.0), "threshold must be >= 0, got -1"),
    (lambda: ed.haar_threshold(torch.ones(8), math.nan), "threshold must be >= 0"),
    (lambda: ed.haar_threshold(torch.ones(4), 1.0), "sides divisible by 8, got [4]"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

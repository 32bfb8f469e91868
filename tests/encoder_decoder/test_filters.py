"""Filters drawn at random have their variance, given ones must fit."""

import math

import pytest
import torch
from encoder_decoder.cases import network

from helpers import encoder_decoder as ed


def test_filters_have_he_variance_and_skips_share_the_encoder():
    """Sample variance of k Gaussians: relative error sqrt(2 / k); 4.5 of them."""
    plain = ed.EncoderDecoder(8, (8, 64, 64), 3, seed=3)
    skips = ed.EncoderDecoder(8, (8, 64, 64), 3, skip=True, seed=3)
    fans = [
        (plain.encoder, (24, 192)), (plain.decoder, (192, 192)),
        (skips.decoder, (384, 384)), (skips.decoder_skip, (384, 384)),
    ]  # fmt: skip
    for filters, sizes in fans:
        for part, fan in zip(filters, sizes, strict=True):
            ratio = float(part.detach().square().mean()) * fan / 2
            assert abs(ratio - 1) < 4.5 * (2 / part.numel()) ** 0.5
    for a, b in zip(plain.encoder, skips.encoder, strict=True):
        assert torch.equal(a, b)
    assert not torch.allclose(skips.decoder[0], skips.decoder_skip[0])
    other = ed.EncoderDecoder(8, (8, 64, 64), 3, seed=4)
    assert not torch.allclose(plain.encoder[0], other.encoder[0])


BAD = [
    (lambda: network(seed=None), "give either filters or seed, and not both"),
    (lambda: network(filters=[]), "give either filters or seed, and not both"),
    (lambda: network(seed=None, filters=[]), "filters must hold 2 pairs"),
    (
        lambda: ed.EncoderDecoder(
            8, (1, 2), 3, filters=[(torch.ones(2, 1, 3), torch.ones(1, 2, 3))]
        ),
        "filters[0] must have shape (2, 1, 3), got (1, 2, 3)",
    ),
    (
        lambda: ed.EncoderDecoder(
            8,
            (1, 2),
            1,
            filters=[(torch.ones(2, 1, 1), torch.full((2, 1, 1), math.inf))],
        ),
        "filters[0] must be finite",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

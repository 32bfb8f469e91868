"""Counts of patterns by hand, and patterns that are seen."""

import math

import numpy as np
import pytest
import torch
from encoder_decoder.cases import network

from helpers import encoder_decoder as ed


def test_pattern_bits_by_hand():
    net = network("line", skip=True)  # 8 samples, channels 2, 3, 4
    bits = ed.pattern_bits(net)
    assert bits.paper == 4 * 3 + (8 * 3 + 4 * 4)
    assert bits.gates == 24 + 12 + 16 + 8 + 12
    steps = [ed.most_cones(n, 16) for n in (24, 12, 16, 8, 12)]
    assert bits.arrangements == pytest.approx(sum(map(math.log2, steps)))
    assert ed.pattern_bits(network("line")).paper == 12
    bands = ed.pattern_bits(network("line", pooling="haar"))
    assert (bands.paper, bands.gates) == (24, 24 + 16 + 12)
    maxima = ed.pattern_bits(network("line", pooling="max"))
    assert maxima.gates == 12 + 12 + 8 + 8 + 12


def test_no_more_patterns_than_the_bits_allow():
    net = ed.EncoderDecoder(4, (1, 2, 2), 2, skip=True, seed=0)
    points = np.random.default_rng(0).normal(size=(30_000, 4))
    margins = net.trace(torch.as_tensor(points)).margins
    seen = len(np.unique(np.hstack([m.numpy() > 0 for m in margins]), axis=0))
    bits = ed.pattern_bits(net)
    assert 50 < seen <= 2**bits.arrangements <= 2**bits.gates


BAD = [
    (lambda: ed.pattern_bits(network(activation="linear")), "network must have ReLU"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

"""What is wrong with a size, a count or a list of channels is said."""

import math

import pytest
from encoder_decoder.cases import network

from helpers import encoder_decoder as ed

BAD = [
    (lambda: ed.EncoderDecoder(8, taps=0, seed=0), "taps must be an integer >= 1"),
    (lambda: ed.EncoderDecoder((4, 4, 4), seed=0), "size must have one or two axes"),
    (lambda: ed.EncoderDecoder(-8, seed=0), "size must be an integer >= 1, got -8"),
    (lambda: ed.EncoderDecoder(8.0, seed=0), "size must be an integer >= 1, got 8.0"),
    (lambda: ed.EncoderDecoder(8, (3,), seed=0), "channels must be (q_0, q_1, ..)"),
    (lambda: ed.EncoderDecoder(8, (1, 0), seed=0), "channels must be an integer >= 1"),
    (lambda: network(pooling="median"), "pooling must be one of ('identity', 'haar'"),
    (lambda: network(activation="tanh"), "activation must be one of ('relu', 'lin"),
    (lambda: network(alpha=0.0), "alpha must be finite and > 0, got 0.0"),
    (lambda: network(alpha=math.nan), "alpha must be finite and > 0, got nan"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

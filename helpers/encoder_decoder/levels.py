"""The sparse matrices of one level of an encoder-decoder."""

from dataclasses import dataclass

from torch import Tensor

from helpers.encoder_decoder.convolutions import Matrix, conv_matrix
from helpers.encoder_decoder.poolings import band_matrices


@dataclass(frozen=True)
class Level:
    """Matrices of one level; see `EncoderDecoder` for what they do.

    Attributes:
        conv: encoder's convolution, [n_(l-1), k_l N].
        low: pooling, [k_l N, n_l].
        high: pooling of what goes straight across to the decoder, or None.
        decode: decoder's convolution, [n_(l-1), k_l N].
        decode_skip: that of the skip branch, or None.
        gain: alpha; the decoder unpools with alpha times `low` and `high`.
        switch: whether the decoder unpools to the entries that were the maxima.
    """

    conv: Matrix
    low: Matrix
    high: Matrix | None
    decode: Matrix
    decode_skip: Matrix | None
    gain: float
    switch: bool


def level_matrices(
    encode: Tensor,
    decode: Tensor,
    across: Tensor | None,
    *,
    size: tuple[int, ...],
    pooling: str,
    gain: float,
) -> Level:
    """Return the matrices that filters make for signals of that size, in float64.

    Args:
        encode: filters of the encoder, [k_l, k_(l-1), *taps].
        decode: those of the decoder, shaped alike.
        across: those of the skip branch, or None.
        size: of h_(l-1).
        pooling: one of `POOLINGS`.
        gain: alpha.
    """
    low, high = band_matrices(pooling, len(encode), size)
    skip = None if across is None else conv_matrix(across, size)
    conv, deconv = conv_matrix(encode, size), conv_matrix(decode, size)
    return Level(conv, low, high, deconv, skip, gain, pooling == "switch")

"""Encoder-decoder CNNs as frames that the input chooses.

The helper of chapter 4, on Ye & Sung, "Understanding Geometry of Encoder-Decoder CNNs"
(ICML 2019). A network f without biases is linear on each of many cones: there
f(x) = B~(x) B(x)^T x, with an analysis frame B(x) and a synthesis frame B~(x) that are
products of sparse convolution and pooling matrices and of 0/1 gates. The paper's
z^l, d_l, s_l, chi^l are h_l, n_l, n^s_l, h^s_l here.

Read in this order:

    convolutions.py    circular convolutions, on tensors and as sparse matrices
    poolings.py        poolings and how they are undone, in the same two forms
    filters.py         filters drawn at random, or given
    levels.py          the matrices of one level
    network.py         the network, and what decides which linear piece an input is on
    framelets.py       the frames B(x) and B~(x)
    reconstruction.py  filters with which a linear network returns its input
    cones.py           cones between hyperplanes through 0, counted exactly
    patterns.py        how many linear maps there could be
    pieces.py          those on a segment or a plane, exactly
    mlp.py             the same network with dense layers, for chapter 1
    lipschitz.py       the Lipschitz constant between two bounds
    landscape.py       the gradient of the loss between two bounds
    signals.py         what to denoise: signals with jumps, pieces of photographs
    denoising.py       a trained denoiser, and thresholds on Haar coefficients
    stein.py           Stein's estimate of the error of a denoiser
    arguments.py       checks of what is given to these functions
"""

from helpers.encoder_decoder.cones import cone_normals, count_cones, most_cones
from helpers.encoder_decoder.denoising import (
    haar_threshold,
    train_denoiser,
    train_denoisers,
)
from helpers.encoder_decoder.framelets import Frames, frames
from helpers.encoder_decoder.landscape import LandscapeBounds, landscape_bounds
from helpers.encoder_decoder.lipschitz import LipschitzBounds, lipschitz_bounds
from helpers.encoder_decoder.mlp import as_mlp
from helpers.encoder_decoder.network import EncoderDecoder
from helpers.encoder_decoder.patterns import PatternBits, pattern_bits
from helpers.encoder_decoder.pieces import Pieces, pieces_on_plane, pieces_on_segment
from helpers.encoder_decoder.poolings import POOLINGS
from helpers.encoder_decoder.reconstruction import (
    perfect_reconstruction_filters,
    pooling_gain,
)
from helpers.encoder_decoder.signals import PHOTOGRAPHS, crops, jump_signals, photograph
from helpers.encoder_decoder.stein import sure

__all__ = [
    "PHOTOGRAPHS",
    "POOLINGS",
    "EncoderDecoder",
    "Frames",
    "LandscapeBounds",
    "LipschitzBounds",
    "PatternBits",
    "Pieces",
    "as_mlp",
    "cone_normals",
    "count_cones",
    "crops",
    "frames",
    "haar_threshold",
    "jump_signals",
    "landscape_bounds",
    "lipschitz_bounds",
    "most_cones",
    "pattern_bits",
    "perfect_reconstruction_filters",
    "photograph",
    "pieces_on_plane",
    "pieces_on_segment",
    "pooling_gain",
    "sure",
    "train_denoiser",
    "train_denoisers",
]

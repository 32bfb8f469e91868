"""Encoder-decoder CNNs as frames that the input chooses.

The helper of chapter 4, on Ye & Sung, "Understanding Geometry of Encoder-Decoder CNNs"
(ICML 2019). A network f without biases is linear on each of many cones: there
f(x) = B~(x) B(x)^T x, with an analysis frame B(x) and a synthesis frame B~(x) that are
products of sparse convolution and pooling matrices and of 0/1 gates. The paper's
z^l, d_l, s_l, chi^l are h_l, n_l, n^s_l, h^s_l here.
"""

from helpers.encoder_decoder.bounds import (
    LandscapeBounds,
    LipschitzBounds,
    landscape_bounds,
    lipschitz_bounds,
)
from helpers.encoder_decoder.circular import (
    POOLINGS,
)
from helpers.encoder_decoder.cones import (
    cone_normals,
    count_cones,
    most_cones,
)
from helpers.encoder_decoder.denoising import (
    PHOTOGRAPHS,
    crops,
    haar_threshold,
    jump_signals,
    photograph,
    train_denoiser,
)
from helpers.encoder_decoder.framelets import (
    Frames,
    frames,
    perfect_reconstruction_filters,
    pooling_gain,
)
from helpers.encoder_decoder.network import (
    EncoderDecoder,
)
from helpers.encoder_decoder.patterns import (
    PatternBits,
    as_mlp,
    pattern_bits,
    sure,
)
from helpers.encoder_decoder.pieces import (
    Pieces,
    pieces_on_plane,
    pieces_on_segment,
)

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
]

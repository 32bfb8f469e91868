"""Bounds of the Lipschitz constant, from its pieces and from its layers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from helpers.encoder_decoder.convolutions import Array, Matrix
from helpers.encoder_decoder.framelets import frames_at
from helpers.encoder_decoder.levels import Level
from helpers.encoder_decoder.network import EncoderDecoder, read_inputs


@dataclass(frozen=True, eq=False)
class LipschitzBounds:
    """What `lipschitz_bounds` knows of the Lipschitz constant of a network.

    Attributes:
        local: K_p = ||B~ B^T||_2 of the piece of each point, [m].
        upper: product of the norms of the layers, inf if the network is not continuous.
    """

    local: Array
    upper: float

    @property
    def lower(self) -> float:
        """The largest K_p seen; the Lipschitz constant is the largest of all."""
        return float(self.local.max())


def lipschitz_bounds(network: EncoderDecoder, points: ArrayLike) -> LipschitzBounds:
    """Bound the Lipschitz constant K = max_p K_p (Ye & Sung 2019) from both sides.

    From below by the pieces that hold the points; from above layer by layer, with
    ||G|| <= 1 for gates and maxima:

        U_l = ||D_l|| ||E_l|| U_(l+1) + ||D^s_l|| ||E^s_l||,   U_(kappa+1) = 1,

    where Haar's high bands make one more such term.

    Args:
        network: the network.
        points: [m, n_0] or [n_0].

    Raises:
        ValueError: wrong shape, NaN or infinity.

    Cost: O(m n_0^3).
    """
    found = frames_at(network, read_inputs(network, points, "points"))
    local = np.linalg.norm([frame.jacobian for frame in found], 2, axis=(1, 2))
    upper = 1.0
    for level in reversed(network.levels()):
        upper = _level_bound(network, level, upper)
    return LipschitzBounds(local, np.inf if network.pooling == "switch" else upper)


def _level_bound(network: EncoderDecoder, level: Level, inner: float) -> float:
    """Return U_l from U_(l+1)."""
    maxima = network.pooling in ("max", "switch")
    encode = level.conv if maxima else level.conv @ level.low
    bound = level.gain * _norm(level.decode @ level.low) * _norm(encode) * inner
    if level.high is not None:
        high = _norm(level.decode @ level.high) * _norm(level.conv @ level.high)
        bound += level.gain * high
    if level.decode_skip is not None:
        bound += _norm(level.decode_skip) * _norm(level.conv)
    return bound


def _norm(matrix: Matrix) -> float:
    """Return the spectral norm."""
    wide = matrix.shape[0] <= matrix.shape[1]
    gram = matrix @ matrix.T if wide else matrix.T @ matrix
    return float(np.linalg.eigvalsh(gram.toarray())[-1] ** 0.5)

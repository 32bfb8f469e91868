"""Bounds of the gradient of the squared loss in one decoder matrix."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.encoder_decoder.arguments import check_count
from helpers.encoder_decoder.convolutions import Array
from helpers.encoder_decoder.framelets import as_arrays, decoder_rows
from helpers.encoder_decoder.network import EncoderDecoder, read_inputs

_LARGEST = 1e100  # the products of two and a map are finite


@dataclass(frozen=True, eq=False)
class LandscapeBounds:
    """Norm of a gradient between its bounds; made by `landscape_bounds`.

    Attributes:
        gradient: Frobenius norm of the gradient of the loss.
        residual: ||u||, so that the loss is ||u||^2 / 2.
        features: smallest and largest singular value of the features Xi, [n, N]; 0
            unless they are linearly independent.
        decoders: smallest and largest singular value of the M_i; 0 unless each has full
            row rank n_0.
    """

    gradient: float
    residual: float
    features: tuple[float, float]
    decoders: tuple[float, float]

    @property
    def lower(self) -> float:
        """sigma_min(Xi) min_i sigma_min(M_i) ||u||."""
        return self.features[0] * self.decoders[0] * self.residual

    @property
    def upper(self) -> float:
        """sigma_max(Xi) max_i sigma_max(M_i) ||u||."""
        return self.features[1] * self.decoders[1] * self.residual


def landscape_bounds(
    network: EncoderDecoder, x: ArrayLike, y: ArrayLike, level: int | None = None
) -> LandscapeBounds:
    r"""Bound the gradient of the squared loss in one decoder matrix from both sides.

    L = (1/2) sum_i ||f(x_i) - y_i||^2. With D^s_l taken as a free matrix (no sharing of
    filters), features Xi = [h^s_l(x_1), .., h^s_l(x_N)], residuals u_i and
    M_i = D_1 G~_1 .. D_(l-1) G~_(l-1) at x_i,

        grad L = sum_i M_i^T u_i h^s_l(x_i)^T,
        sigma_min(Xi) min_i sigma_min(M_i) ||u||
            <= ||grad L||_F <= sigma_max(Xi) max_i sigma_max(M_i) ||u||.

    So if the lower factors are positive the gradient vanishes only where the loss does.
    The idea is Ye & Sung's (after Nguyen & Hein 2018), these constants are proved here.

    Args:
        network: the network.
        x: inputs [N, n_0].
        y: targets [N, n_0].
        level: l, 1 .. kappa, of a skip branch; None for the code: the gradient in
            D_kappa as a free matrix, with features h_kappa (unpooled, not convolved).

    Raises:
        ValueError: wrong shapes, a level out of range, a network without skips, or
            features or residuals above 1e100.

    Cost: O(N n_0^2 n_(l-1)) and O(N^2 n).
    """
    points, targets = read_inputs(network, x), read_inputs(network, y, "y")
    if network.activation != "relu":
        raise ValueError("network must have ReLU, got a linear one")
    if points.shape != targets.shape:
        raise ValueError(
            f"x and y must have the same shape, got {list(points.shape)} and "
            f"{list(targets.shape)}"
        )
    if level is not None and not (
        network.skip and check_count("level", level) <= network.depth
    ):
        raise ValueError(
            f"level must be None, or 1..{network.depth} with skip branches, "
            f"got {level!r}"
        )
    kind, index = ("low", network.depth - 1) if level is None else ("skip", level - 1)
    with torch.no_grad():
        residual = (network(points) - targets).double().cpu().numpy()
        trace = network.trace(points)
    features = trace.units[kind, index].relu().double().cpu().numpy()
    _check_size(residual, features)
    gates = as_arrays(trace.gates)
    rows = decoder_rows(network.levels(), gates, len(points))[index].toarray()
    maps = rows.reshape(len(points), network.n_in, -1)
    pulled = np.einsum("tij,ti->tj", maps, residual)
    return LandscapeBounds(
        gradient=float(np.linalg.norm(pulled.T @ features)),
        residual=float(np.linalg.norm(residual)),
        features=_singular_range(features.T),
        decoders=_singular_range(maps.transpose(0, 2, 1)),
    )


def _check_size(*values: Array) -> None:
    """Raise where products of the values might overflow."""
    largest = max(float(abs(part).max(initial=0.0)) for part in values)
    if not largest <= _LARGEST:
        raise ValueError(
            f"x and y must keep features and residuals within {_LARGEST:g}, "
            f"got {largest:.3g}"
        )


def _singular_range(matrices: Array) -> tuple[float, float]:
    """Return the smallest and largest of all singular values of [.., tall, n] matrices.

    With fewer rows than columns the smallest is 0.
    """
    values = np.linalg.svd(matrices, compute_uv=False)
    rows, columns = matrices.shape[-2:]
    return float(values.min()) if rows >= columns else 0.0, float(values.max())

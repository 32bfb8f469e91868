"""The frames B(x) and B~(x) of an encoder-decoder, and filters that reconstruct."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from torch import Tensor

from helpers.encoder_decoder.arguments import (
    check_channels,
    check_count,
    check_positive,
)
from helpers.encoder_decoder.circular import Array, Matrix
from helpers.encoder_decoder.network import EncoderDecoder, Filters, Level

_Gates = dict[tuple[str, int], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False, repr=False)
class Frames:
    """Analysis and synthesis frame of a network at one input; made by `frames`.

    Attributes:
        analysis: B(x), [n_0, n]; column i is the atom b_i(x).
        synthesis: B~(x), [n_0, n]; column i is b~_i(x).
        level: where the coefficient of each atom leaves the encoder, 1..kappa, [n].
        code: whether it leaves by the code h_kappa, not by a branch across, [n].
    """

    analysis: Matrix
    synthesis: Matrix
    level: NDArray[np.int64]
    code: NDArray[np.bool_]

    def __repr__(self) -> str:
        return f"Frames(n_in={self.analysis.shape[0]}, atoms={self.n_atoms})"

    @property
    def n_atoms(self) -> int:
        """Number n of atoms, those that are zero at this input included."""
        return self.analysis.shape[1]

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Which atoms b_i(x) are not zero, [n]."""
        return abs(self.analysis).sum(axis=0) > 0

    @property
    def jacobian(self) -> Array:
        """B~(x) B(x)^T, the Jacobian of the network, dense [n_0, n_0]."""
        return (self.synthesis @ self.analysis.T).toarray()

    @property
    def divergence(self) -> float:
        """Trace of the Jacobian, the sum of <b_i, b~_i>, without forming it."""
        return float(self.analysis.multiply(self.synthesis).sum())

    def coefficients(self, x: ArrayLike) -> Array:
        """Return <b_i, x> for every atom, [n]."""
        return self.analysis.T @ np.asarray(x, dtype=np.float64)

    def bounds(self) -> tuple[float, float]:
        """Return the frame bounds of the b_i: extreme eigenvalues of B(x) B(x)^T.

        Cost: O(n_0^3).
        """
        values = np.linalg.eigvalsh((self.analysis @ self.analysis.T).toarray())
        return max(float(values[0]), 0.0), float(values[-1])


def frames(network: EncoderDecoder, x: ArrayLike) -> Frames | list[Frames]:
    """Return B(x) and B~(x), for which f(x) = B~(x) B(x)^T x.

    The combinatorial convolution frames of Ye & Sung 2019. With gates G (0/1 diagonal
    matrices that say which units are open at x), per level E = conv Phi, D = deconv
    alpha Phi, E^s = conv, D^s = deconv^s:

        B  = [E_1 G_1 .. E_kappa G_kappa, .., .. G_(l-1) E^s_l G^s_l, .., E^s_1 G^s_1],
        B~ = [D_1 G~_1 .. G~_(kappa-1) D_kappa, .., D_1 .. G~_(l-1) D^s_l, .., D^s_1],

    which is the Jacobian of f at x. Haar's high bands are branches like the skips. The
    decoder's gates are part of it. Products of sparse matrices, all inputs at once.

    Args:
        network: the network.
        x: one input [n_0], or m of them [m, n_0].

    Returns:
        The frames, or a list of m.

    Raises:
        ValueError: another shape, NaN or infinity.

    Cost: O(m x non-zeros of B and B~): atoms are local, as filters are.
    """
    points = read_inputs(network, x)
    m, levels = len(points), network.levels()
    with torch.no_grad():
        gates = as_arrays(network.trace(points).gates)
    analysis, level, code = _analysis(levels, gates, m)
    synthesis = _synthesis(levels, gates, m)
    n_0 = network.n_in
    cut = [slice(t * n_0, (t + 1) * n_0) for t in range(m)]
    made = [Frames(analysis[rows], synthesis[rows], level, code) for rows in cut]
    return made if np.ndim(x) == 2 else made[0]


def read_inputs(network: EncoderDecoder, x: ArrayLike, name: str = "x") -> Tensor:
    """Return inputs as a tensor [m, n_0] of the network's type, or raise."""
    like = network.encoder[0]
    points = torch.as_tensor(np.asarray(x)).to(like)
    if points.ndim not in (1, 2) or points.shape[-1] != network.n_in:
        raise ValueError(
            f"{name} must have shape [{network.n_in}] or [m, {network.n_in}], "
            f"got {list(points.shape)}"
        )
    if not points.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return torch.atleast_2d(points)


def as_arrays(gates: dict[tuple[str, int], Tensor]) -> _Gates:
    """Return the gates of a trace as numpy arrays."""
    return {name: gate.cpu().numpy() for name, gate in gates.items()}


def _analysis(
    levels: Sequence[Level], gates: _Gates, m: int
) -> tuple[Matrix, NDArray[np.int64], NDArray[np.bool_]]:
    """Return B of all points, one below the other, and level and code of its atoms."""
    rows, branches = None, []
    for index, level in enumerate(levels):
        z = sparse.vstack([level.conv] * m) if rows is None else rows @ level.conv
        if level.decode_skip is not None:
            branches.append((index, gated(z, gates.get(("skip", index)), m)))
        z = gated(z, gates.get(("select", index)), m)
        if level.high is not None:
            branches.append(
                (index, gated(z @ level.high, gates.get(("high", index)), m))
            )
        rows = gated(z @ level.low, gates.get(("low", index)), m)
    parts = [(len(levels) - 1, rows), *reversed(branches)]
    sizes = [part.shape[1] for _, part in parts]
    label = np.repeat([index + 1 for index, _ in parts], sizes)
    stacked = sparse.hstack([part for _, part in parts], format="csr")
    return stacked, label, np.arange(stacked.shape[1]) < sizes[0]


def _synthesis(levels: Sequence[Level], gates: _Gates, m: int) -> Matrix:
    """Return B~ of all points, one below the other, its atoms as in `_analysis`."""
    branches = []
    for index, rows in enumerate(decoder_rows(levels, gates, m)):
        level = levels[index]
        if level.decode_skip is not None:
            branches.append(rows @ level.decode_skip)
        if level.high is not None:
            branches.append(level.gain * (rows @ level.decode @ level.high))
    last = len(levels) - 1
    code = _decoded(rows, levels[last], gates, last, m)
    return sparse.hstack([code, *reversed(branches)], format="csr")


def decoder_rows(levels: Sequence[Level], gates: _Gates, m: int) -> list[Matrix]:
    """Return D_1 G~_1 .. D_l G~_l for l = 0..kappa-1, all points below each other."""
    rows = sparse.vstack([sparse.eye_array(levels[0].conv.shape[0])] * m, format="csr")
    made = [rows]
    for index, level in enumerate(levels[:-1]):
        rows = _decoded(rows, level, gates, index, m)
        rows = gated(rows, gates.get(("decoder", index + 1)), m)
        made.append(rows)
    return made


def _decoded(rows: Matrix, level: Level, gates: _Gates, index: int, m: int) -> Matrix:
    """Return rows D_l."""
    z = rows @ level.decode
    if level.switch:
        z = gated(z, gates["select", index], m)
    return level.gain * (z @ level.low)


def gated(rows: Matrix, gate: NDArray[np.bool_] | None, m: int) -> Matrix:
    """Return the rows of m points with the columns that are closed at each set to 0."""
    if gate is None:
        return rows
    rows = rows.tocsr()
    n_0 = rows.shape[0] // m
    point = np.repeat(np.arange(m), np.diff(rows.indptr[::n_0]))
    keep = gate[point, rows.indices]
    before = np.concatenate([[0], np.cumsum(keep)])
    kept = rows.data[keep], rows.indices[keep], before[rows.indptr]
    return sparse.csr_array(kept, shape=rows.shape)


def perfect_reconstruction_filters(
    channels: Sequence[int],
    taps: int,
    *,
    axes: int = 1,
    alpha: float = 1.0,
    skip: bool = False,
    paired: bool = False,
    seed: int,
) -> Filters:
    """Draw filters with which a linear encoder-decoder returns its input.

    Psi_l, [R k_(l-1), k_l] with R = taps^axes, holds filter j in column j, and so does
    Psi~_l of the decoder. Ye & Sung 2019 ask for

        Psi_l Psi~_l^T = c I,  c = 1 / (R alpha), with skips 1 / (R (alpha + 1)),

    beside Phi~ Phi^T = alpha I of the pooling, which "identity" and "haar" fulfil and
    "average", "max" and "switch" do not. Here Psi is Gaussian and
    Psi~ = c (Psi Psi^T)^-1 Psi.

    Args:
        channels: (k_0, k_1, .., k_kappa), k_l >= R k_(l-1); twice that if paired.
        taps: m.
        axes: 1 for signals, 2 for images.
        alpha: as in `EncoderDecoder`.
        skip: whether the network has skip branches.
        paired: filters in pairs psi, -psi (the second half of the channels): they
            reconstruct through ReLU, as phi(a) - phi(-a) = a, and not without it.
        seed: integer >= 0.

    Returns:
        The argument `filters` of `EncoderDecoder`.

    Raises:
        ValueError: an argument out of range, or too few channels.
    """
    channels = check_channels(channels)
    check_count("taps", taps)
    check_positive("alpha", alpha)
    if axes not in (1, 2):
        raise ValueError(f"axes must be 1 or 2, got {axes!r}")
    rng = np.random.default_rng(check_count("seed", seed, 0))
    area, pairs = taps**axes, 1 + paired
    c = 1 / (area * (alpha + skip))
    made = []
    for k_in, k_out in pairwise(channels):
        if k_out % pairs or k_out < pairs * area * k_in:
            raise ValueError(
                f"channels must grow by a factor of {pairs * area} or more a level"
                f"{', to even numbers' * paired}, got {k_in} and {k_out}"
            )
        psi = rng.normal(size=(area * k_in, k_out // pairs))
        dual = c * np.linalg.pinv(psi).T
        shape = (k_out, k_in) + (taps,) * axes
        signed = [np.hstack([part, -part][:pairs]) for part in (psi, dual)]
        layout = [part.T.reshape(k_out, k_in, area) for part in signed]
        made.append(tuple(torch.from_numpy(p.reshape(shape).copy()) for p in layout))
    return made


def pooling_gain(frequency: ArrayLike, depth: int, *, skip: bool = False) -> Array:
    """Return what a linear network with average pooling does to each frequency.

    For signals, filters of `perfect_reconstruction_filters` with 2 taps (or another
    even number) and alpha = 1. A convolution with such filters averages what stands
    inside it over m shifts, which cancels the aliasing of the pooling, so that sines
    pass with a gain (ours):

        g_l(w) = cos(w / 2)^2 g_(l+1)(2 w),          g_(kappa+1) = 1,
        g_l(w) = (1 + cos(w / 2)^2 g_(l+1)(2 w)) / 2 with skip branches.

    Without skips g_1 is Fejer's kernel (sin(2^kappa w/2) / (2^kappa sin(w/2)))^2.

    Args:
        frequency: w, in radians a sample.
        depth: kappa.
        skip: whether there are skip branches.

    Returns:
        g_1, shaped as `frequency`.

    Raises:
        ValueError: depth below 1.
    """
    check_count("depth", depth)
    w = np.asarray(frequency, dtype=np.float64)
    gain = np.ones_like(w)
    for level in reversed(range(depth)):
        gain = np.cos(2**level * w / 2) ** 2 * gain
        gain = (1 + gain) / 2 if skip else gain
    return gain

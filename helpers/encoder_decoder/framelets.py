"""The frames B(x) and B~(x) of an encoder-decoder, which the input chooses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from torch import Tensor

from helpers.encoder_decoder.convolutions import Array, Matrix
from helpers.encoder_decoder.levels import Level
from helpers.encoder_decoder.network import EncoderDecoder, read_inputs

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
        product: Matrix = self.synthesis @ self.analysis.T
        return product.toarray()

    @property
    def divergence(self) -> float:
        """Trace of the Jacobian, the sum of <b_i, b~_i>, without forming it."""
        return float(self.analysis.multiply(self.synthesis).sum())

    def coefficients(self, x: ArrayLike) -> Array:
        """Return <b_i, x> for every atom, [n]."""
        found: Array = self.analysis.T @ np.asarray(x, dtype=np.float64)
        return found

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

    Cost: O(m times the non-zeros of B and B~): atoms are local, as filters are.
    """
    made = frames_at(network, read_inputs(network, x))
    return made if np.ndim(x) == 2 else made[0]


def frames_at(network: EncoderDecoder, points: Tensor) -> list[Frames]:
    """Return the frames at each of the points [m, n_0], as `read_inputs` gives them."""
    m, levels = len(points), network.levels()
    with torch.no_grad():
        gates = as_arrays(network.trace(points).gates)
    analysis, level, code = _analysis(levels, gates, m)
    synthesis = _synthesis(levels, gates, m)
    n_0 = network.n_in
    cut = [slice(t * n_0, (t + 1) * n_0) for t in range(m)]
    return [Frames(analysis[rows], synthesis[rows], level, code) for rows in cut]


def as_arrays(gates: dict[tuple[str, int], Tensor]) -> _Gates:
    """Return the gates of a trace as numpy arrays."""
    return {name: gate.cpu().numpy() for name, gate in gates.items()}


def _analysis(
    levels: Sequence[Level], gates: _Gates, m: int
) -> tuple[Matrix, NDArray[np.int64], NDArray[np.bool_]]:
    """Return B of all points, one below the other, and level and code of its atoms."""
    rows, branches = None, []
    for index, level in enumerate(levels):
        z = _repeated(level.conv, m) if rows is None else rows @ level.conv
        if level.decode_skip is not None:
            branches.append((index, _gated(z, gates.get(("skip", index)), m)))
        z = _gated(z, gates.get(("select", index)), m)
        if level.high is not None:
            branches.append(
                (index, _gated(z @ level.high, gates.get(("high", index)), m))
            )
        rows = _gated(z @ level.low, gates.get(("low", index)), m)
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
    atoms: Matrix = sparse.hstack([code, *reversed(branches)], format="csr")
    return atoms


def decoder_rows(levels: Sequence[Level], gates: _Gates, m: int) -> list[Matrix]:
    """Return D_1 G~_1 .. D_l G~_l for l = 0..kappa-1, all points below each other."""
    rows = _repeated(sparse.eye_array(levels[0].conv.shape[0], format="csr"), m)
    made = [rows]
    for index, level in enumerate(levels[:-1]):
        rows = _decoded(rows, level, gates, index, m)
        rows = _gated(rows, gates.get(("decoder", index + 1)), m)
        made.append(rows)
    return made


def _decoded(rows: Matrix, level: Level, gates: _Gates, index: int, m: int) -> Matrix:
    """Return rows D_l."""
    z = rows @ level.decode
    if level.switch:
        z = _gated(z, gates["select", index], m)
    decoded: Matrix = level.gain * (z @ level.low)
    return decoded


def _gated(rows: Matrix, gate: NDArray[np.bool_] | None, m: int) -> Matrix:
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


def _repeated(matrix: Matrix, m: int) -> Matrix:
    """Return m copies of the matrix, one below the other."""
    ends = matrix.indptr[1:] + matrix.nnz * np.arange(m)[:, None]
    indptr = np.append(0, ends.ravel())
    entries = np.tile(matrix.data, m), np.tile(matrix.indices, m), indptr
    return sparse.csr_array(entries, shape=(m * matrix.shape[0], matrix.shape[1]))

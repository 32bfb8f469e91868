"""What is known of one weight of a model, or why nothing is (chapter 9)."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch

from helpers.heavy_tails.arguments import (
    Array,
    as_eigenvalues,
    check_count,
    count_different,
)
from helpers.heavy_tails.phases import phase
from helpers.heavy_tails.power_law import bootstrap_power_law
from helpers.heavy_tails.ranks import stable_rank
from helpers.heavy_tails.reports import LayerReport, report_of
from helpers.heavy_tails.spectra import layer_matrices, matrix_spectrum, rounding_of
from helpers.heavy_tails.weights import Weight, split_qkv

Pooling = Literal["pooled", "flatten"]

_HALVED = 2.0  # weightwatcher divides the eigenvalues of 2-d convolutions by it


@dataclass(frozen=True)
class LayerRow:
    """One weight of a model; a row of `LayerTable`.

    Where `note` says why a weight is not analysed, the fields that could not be
    computed are None. The others are those of `LayerReport`.

    Attributes:
        name: of the weight.
        shape: of the weight.
        dtype: as torch writes it.
        note: why there is no fit, or "".
        n: N; of a pooled convolution N times the places of its kernel.
        m: M, the number of eigenvalues.
        rank: eigenvalues above rounding.
        stable_rank: sum of the eigenvalues over the largest.
        lambda_max: the largest eigenvalue.
        sigma: of the bulk.
        lambda_plus: upper edge of the bulk.
        n_spikes: eigenvalues beyond it.
        soft_rank: lambda_plus / lambda_max, at most 1.
        entropy: the matrix entropy.
        alpha: exponent of the power law.
        alpha_error: standard deviation over bootstraps.
        xmin: where the tail begins.
        n_tail: eigenvalues in the tail.
        ks: Kolmogorov-Smirnov distance D.
        p: goodness of fit.
        phase: one of `PHASES`.
        weighted_alpha: alpha log10(lambda_max), as weightwatcher has it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    note: str = ""
    n: int | None = None
    m: int | None = None
    rank: int | None = None
    stable_rank: float | None = None
    lambda_max: float | None = None
    sigma: float | None = None
    lambda_plus: float | None = None
    n_spikes: int | None = None
    soft_rank: float | None = None
    entropy: float | None = None
    alpha: float | None = None
    alpha_error: float | None = None
    xmin: float | None = None
    n_tail: int | None = None
    ks: float | None = None
    p: float | None = None
    phase: str | None = None
    weighted_alpha: float | None = None


@dataclass(frozen=True)
class Asked:
    """What is asked of every weight; see `analyze_model`.

    Raises:
        ValueError: an attribute out of its range.
    """

    convolution: Pooling = "pooled"
    split_qkv: bool = False
    n_draws: int = 100
    smallest: int = 8

    def __post_init__(self) -> None:
        if self.convolution not in get_args(Pooling):
            raise ValueError(
                f"convolution must be 'pooled' or 'flatten', got {self.convolution!r}"
            )
        if self.n_draws != 0:
            check_count("n_draws", self.n_draws, 2)
        check_count("smallest", self.smallest, 3)


def layer_rows(weights: Iterable[Weight], asked: Asked) -> Iterator[LayerRow]:
    """Yield the rows of weights, of which one is held in memory at a time."""
    for weight in weights:
        for part in split_qkv(weight) if asked.split_qkv else [weight]:
            yield _row(part, asked)


def _row(weight: Weight, asked: Asked) -> LayerRow:
    """Return the row of one weight, whatever it is."""
    row = LayerRow(weight.name, weight.shape, weight.dtype, weight.problem)
    if weight.problem:
        return row
    if weight.same_as:
        return replace(row, note=f"the same tensor as {weight.same_as}")
    if 0 in weight.shape:
        return replace(row, note="empty")
    try:
        tensor = weight.read().detach()
        note = _unusable(tensor)
        return replace(row, note=note) if note else _filled(row, tensor, asked)
    except (OSError, RuntimeError, ValueError, np.linalg.LinAlgError) as error:
        return replace(row, note=str(error))
    except MemoryError:
        return replace(row, note="not enough memory for its spectrum")


def _unusable(tensor: torch.Tensor) -> str:
    """Return why the entries of a tensor are no weight, or ""."""
    entries = tensor.float() if tensor.element_size() < 4 else tensor
    wrong = entries.numel() - int(entries.isfinite().sum())
    if wrong:
        return f"{wrong} of {entries.numel()} entries are NaN or infinite"
    return "" if bool(entries.any()) else "all entries are 0"


def _filled(row: LayerRow, tensor: torch.Tensor, asked: Asked) -> LayerRow:
    """Return the row with what its spectrum says."""
    pooled = asked.convolution == "pooled"
    matrices = layer_matrices(tensor, convolution="slices" if pooled else "flatten")
    k, (n, m) = len(matrices), matrices[0].shape
    row = replace(row, n=n * k, m=m * k)
    if m * k < asked.smallest:
        note = f"too small: {m * k} eigenvalues where {asked.smallest} are needed"
        return replace(row, note=note)
    eps = rounding_of(tensor)
    x = as_eigenvalues(np.concatenate([matrix_spectrum(w, eps) for w in matrices]))
    row = replace(
        row,
        rank=int((x > 0).sum()),
        stable_rank=stable_rank(x),
        lambda_max=float(x[-1]),
    )
    note = _featureless(x)
    return replace(row, note=note) if note else _fitted(row, x, asked)


def _featureless(x: Array) -> str:
    """Return why a spectrum has no tail to be fitted, or ""."""
    positive = x[x > 0]
    if len(positive) == 1:
        return "rank 1"
    if count_different(positive) == 1 and len(positive) == len(x):
        return "constant spectrum: the singular values are equal up to rounding"
    if count_different(positive) < 3:
        return f"rank {len(positive)}: fewer than 3 different singular values"
    return ""


def _fitted(row: LayerRow, x: Array, asked: Asked) -> LayerRow:
    """Return the row with bulk, tail and phase."""
    assert row.n is not None
    report = report_of(x, row.n, len(x), n_draws=asked.n_draws)
    draws = asked.n_draws
    errors = bootstrap_power_law(x, n_draws=draws, seed=0) if draws else None
    return replace(
        row,
        sigma=report.sigma,
        lambda_plus=report.lambda_plus,
        n_spikes=report.n_spikes,
        soft_rank=report.soft_rank,
        entropy=report.entropy,
        alpha=report.alpha,
        alpha_error=None if errors is None else float(errors.std(ddof=1)),
        xmin=report.xmin,
        n_tail=report.n_tail,
        ks=report.ks,
        p=report.p,
        phase=phase(report).name if draws else None,
        weighted_alpha=_weighted(report, row.shape, asked.convolution),
    )


def _weighted(report: LayerReport, shape: tuple[int, ...], convolution: str) -> float:
    """Return alpha log10 lambda_max as weightwatcher computes it."""
    halved = len(shape) == 4 and convolution == "pooled"
    return report.alpha * math.log10(report.lambda_max / (_HALVED if halved else 1))

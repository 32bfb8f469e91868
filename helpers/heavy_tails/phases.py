"""One layer in one report, and the phase of training it is in (chapter 9)."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.heavy_tails.bulk_edge import fit_marchenko_pastur
from helpers.heavy_tails.power_law import fit_power_law
from helpers.heavy_tails.spectra import (
    layer_matrices,
    matrix_entropy,
    soft_rank,
    spectrum,
    stable_rank,
)

PhaseName = Literal[
    "random-like",
    "bleeding-out",
    "bulk+spikes",
    "bulk-decay",
    "heavy-tailed",
    "rank-collapse",
]

PHASES: tuple[str, ...] = get_args(PhaseName)
"""The five phases of training in order, and the rank collapse."""

# The thresholds are ours: Martin & Mahoney tell the phases apart by eye. They lie
# between the numbers that the authors' notebooks give for the layers they name.
_TINY = 1e-4  # of the mean eigenvalue: gone; 1 % of the root-mean-square singular value
_GONE = 0.1  # share of the eigenvalues gone in a rank collapse
_AT_THE_EDGE = 3.0  # excess of the largest eigenvalue that the edge explains
_NEAR_THE_EDGE = 0.8  # soft rank above which the largest has not left the bulk
_FEW = 1 / 16  # share of the eigenvalues that may be called spikes
_GOOD_FIT = 0.1  # Kolmogorov-Smirnov distance of a power law that describes a tail
_LONG_TAIL = 1 / 4  # share of the eigenvalues in a tail that replaces the edge
_NO_EDGE = 0.2  # soft rank below which the edge is no longer a scale
_HEAVY = 4.0  # exponent below which a tail is heavy


@dataclass(frozen=True)
class LayerReport:
    """What the spectrum of one matrix says; made by `analyze`.

    Attributes:
        n: N, the larger side.
        m: M, the smaller side: the number of eigenvalues of W^T W.
        lambda_max: the largest eigenvalue.
        sigma: of the bulk, from `fit_marchenko_pastur`.
        lambda_plus: upper edge of the bulk.
        excess: (lambda_max - lambda_plus) over the Tracy-Widom scale.
        n_spikes: eigenvalues more than 3 such scales above the edge.
        bulk_ks: distance of the rest from the Marchenko-Pastur law.
        soft_rank: lambda_plus / lambda_max, at most 1.
        stable_rank: sum of the eigenvalues over the largest.
        entropy: the matrix entropy.
        alpha: exponent of the power law, from `fit_power_law`.
        xmin: where its tail begins.
        ks: its Kolmogorov-Smirnov distance D.
        n_tail: eigenvalues in that tail.
        gone: share of the eigenvalues below 1e-4 of their mean.
    """

    n: int
    m: int
    lambda_max: float
    sigma: float
    lambda_plus: float
    excess: float
    n_spikes: int
    bulk_ks: float
    soft_rank: float
    stable_rank: float
    entropy: float
    alpha: float
    xmin: float
    ks: float
    n_tail: int
    gone: float

    @property
    def q(self) -> float:
        """The aspect ratio Q = N / M >= 1."""
        return self.n / self.m


@dataclass(frozen=True)
class Phase:
    """One of the 5+1 phases of training, and why; made by `phase`.

    Attributes:
        name: of the phase.
        number: 1 to 5, 6 for the rank collapse.
        reason: the comparison that decided.
        report: all the numbers.
    """

    name: PhaseName
    number: int
    reason: str
    report: LayerReport


def analyze(weight: ArrayLike | torch.Tensor) -> LayerReport:
    """Return spectrum, bulk, tail and ranks of one layer.

    Args:
        weight: [out, in], or a convolution [out, in, *kernel], which is flattened; its
            places one by one are `layer_matrices(weight, convolution="slices")`.

    Raises:
        ValueError: as in `layer_matrices`, or fewer than 3 different eigenvalues
            above 0.

    Cost: that of `spectrum`, and 2 ms.
    """
    (w,) = layer_matrices(weight)
    return report_of(spectrum(w), *w.shape)


def report_of(eigenvalues: ArrayLike, n: int, m: int) -> LayerReport:
    """Return the report of a spectrum [m] of an [n, m] matrix."""
    x = np.asarray(eigenvalues, dtype=np.float64)
    bulk, tail = fit_marchenko_pastur(x, n / m), fit_power_law(x)
    edge = bulk.law.edges[1]
    return LayerReport(
        n=n,
        m=m,
        lambda_max=float(x.max()),
        sigma=bulk.sigma,
        lambda_plus=edge,
        excess=bulk.excess,
        n_spikes=bulk.n_spikes,
        bulk_ks=bulk.ks,
        soft_rank=soft_rank(x, edge),
        stable_rank=stable_rank(x),
        entropy=matrix_entropy(x),
        alpha=tail.alpha,
        xmin=tail.xmin,
        ks=tail.ks,
        n_tail=tail.n_tail,
        gone=float((x < _TINY * x.mean()).mean()),
    )


def phase(layer: ArrayLike | torch.Tensor | LayerReport) -> Phase:
    """Return which of Martin & Mahoney's 5+1 phases a layer is in.

    The names are theirs, the rule is ours: the paper gives no thresholds. The first
    that applies, D being the distance of the power law from its tail:

        rank-collapse  over 10 % of the eigenvalues below 1e-4 of their mean
        random-like    largest eigenvalue less than 3 Tracy-Widom scales above lambda+
        bleeding-out   soft rank above 0.8
        bulk+spikes    at most 1/16 of the eigenvalues outside, and no long tail: not
                       D < 0.1 on a quarter of them
        heavy-tailed   soft rank below 0.2, D < 0.1 and alpha < 4
        bulk-decay     otherwise

    Args:
        layer: a weight as in `analyze`, or its report.

    Raises:
        ValueError: as in `analyze`.

    Cost: that of `analyze`.
    """
    r = layer if isinstance(layer, LayerReport) else analyze(layer)
    outside = f"{r.n_spikes} outside ({r.n_spikes / r.m:.1%})"
    tail = f"alpha {r.alpha:.2f} on {r.n_tail / r.m:.0%} (D {r.ks:.3f})"
    good = r.ks < _GOOD_FIT
    few = r.n_spikes <= _FEW * r.m and not (good and r.n_tail >= _LONG_TAIL * r.m)
    name: PhaseName
    if r.gone > _GONE:
        name, reason = "rank-collapse", f"{r.gone:.0%} of the eigenvalues are gone"
    elif r.excess < _AT_THE_EDGE:
        name, reason = "random-like", f"the largest is at the edge ({r.excess:+.1f})"
    elif r.soft_rank > _NEAR_THE_EDGE:
        name, reason = "bleeding-out", f"soft rank {r.soft_rank:.2f}, out but near"
    elif few:
        name, reason = "bulk+spikes", f"{outside}, no long tail"
    elif good and r.soft_rank < _NO_EDGE and r.alpha < _HEAVY:
        name, reason = "heavy-tailed", f"{tail}, soft rank {r.soft_rank:.2g}"
    else:
        name, reason = "bulk-decay", f"{outside}, {tail}, soft rank {r.soft_rank:.2g}"
    return Phase(name, PHASES.index(name) + 1, reason, r)

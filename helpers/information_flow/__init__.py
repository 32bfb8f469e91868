"""Mutual information between the input and the layers of a noisy network.

The helper of chapter 8, on Goldfeld et al., "Estimating Information Flow in Deep Neural
Networks" (ICML 2019). X is uniform on finitely many inputs, T_l = S_l + Z_l is a hidden
layer, Z_l ~ N(0, beta^2 I) its noise. Everything is in nats and in float64.

Read in this order:

- icosahedron.py: the data set of Shwartz-Ziv & Tishby, from a rule
- bins.py: the entropy of binned activations, often reported as I(X; T)
- noisy_networks.py: networks with noise after each neuron, and their linearized law
- scalar_channel.py: one noisy neuron, its information by quadrature
- entropies.py: the plug-in entropy of samples smoothed by noise, and its bounds
- sample_bias.py: how far that is below the truth on average
- bounds.py: the bounds of the papers: risk, integration, capacity
- named_layers.py: the same of any network, with noise on a submodule of it
- layer_information.py: I(X; T_l) and I(Y; T_l) of a layer, and the gap of the bound
- stacked_training.py: several networks trained side by side
- mixtures.py: log densities of Gaussian mixtures in blocks, for the files above
- estimates.py: an estimate with its error and its cap, and the draws behind it
- arguments.py: what arguments have to satisfy
- __main__.py: the command behind the stored runs: many networks of four kinds
"""

from helpers.information_flow.bins import binned_entropy
from helpers.information_flow.bounds import (
    information_cap,
    monte_carlo_bounds,
    risk_bound,
)
from helpers.information_flow.entropies import (
    gaussian_entropy,
    pairwise_bounds,
    smoothed_entropy,
    smoothed_log_density,
)
from helpers.information_flow.estimates import Estimate
from helpers.information_flow.icosahedron import szt_dataset
from helpers.information_flow.layer_information import (
    METHODS,
    information_by_layer,
    label_information,
    linearization_gap,
    mutual_information,
)
from helpers.information_flow.noisy_networks import NoisyMLP
from helpers.information_flow.sample_bias import BiasLaw, bias_law
from helpers.information_flow.scalar_channel import (
    atom_information,
    chi2_information,
    scalar_information,
)
from helpers.information_flow.stacked_training import Training, train_together

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
    "information_by_layer",
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

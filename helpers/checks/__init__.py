"""The checks behind the exercises: passed, what is wrong, or not solved yet.

One file for each chapter; all checks are reached as `checks.<name>(answer)`.
"""

from helpers.checks.adversarial_noise import (
    farthest_quantile,
    importance_rate,
    shell_ratio,
)
from helpers.checks.edge_of_chaos import edge_point, leaky_like_residual
from helpers.checks.encoder_decoder import cone_count, dual_filters, threshold_sure
from helpers.checks.greedy_layerwise import (
    identity_block,
    receptive_reach,
    unstable_error,
)
from helpers.checks.heavy_tails import power_law_scan, spike_strength, untouched_sigma
from helpers.checks.information_flow import relu_information, samples_needed
from helpers.checks.linear_regions import (
    angle_law,
    half_of_layer_three,
    hard_tanh_breakpoints,
)
from helpers.checks.outcome import Check
from helpers.checks.sgd_noise import forgetting_time, gaussian_noise, quadratic_escape
from helpers.checks.sublevel_sets import level_path, pass_level
from helpers.checks.well_behaved import batch_norm_growth, full_tangent, scaled_branch
from helpers.checks.your_network import report_factors

__all__ = [
    "Check",
    "angle_law",
    "batch_norm_growth",
    "cone_count",
    "dual_filters",
    "edge_point",
    "farthest_quantile",
    "forgetting_time",
    "full_tangent",
    "gaussian_noise",
    "half_of_layer_three",
    "hard_tanh_breakpoints",
    "identity_block",
    "importance_rate",
    "leaky_like_residual",
    "level_path",
    "pass_level",
    "power_law_scan",
    "quadratic_escape",
    "receptive_reach",
    "relu_information",
    "report_factors",
    "samples_needed",
    "scaled_branch",
    "shell_ratio",
    "spike_strength",
    "threshold_sure",
    "unstable_error",
    "untouched_sigma",
]

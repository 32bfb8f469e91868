"""The checks behind the exercises: passed, what is wrong, or not solved yet.

One file for each chapter; all checks are reached as `checks.<name>(answer)`.
"""

from helpers.checks._outcome import Check
from helpers.checks.edge_of_chaos import edge_point, leaky_like_residual
from helpers.checks.encoder_decoder import cone_count, dual_filters, threshold_sure
from helpers.checks.linear_regions import (
    angle_law,
    half_of_layer_three,
    hard_tanh_breakpoints,
)
from helpers.checks.well_behaved import batch_norm_growth, full_tangent, scaled_branch

__all__ = [
    "Check",
    "angle_law",
    "batch_norm_growth",
    "cone_count",
    "dual_filters",
    "edge_point",
    "full_tangent",
    "half_of_layer_three",
    "hard_tanh_breakpoints",
    "leaky_like_residual",
    "scaled_branch",
    "threshold_sure",
]

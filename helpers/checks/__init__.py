"""The checks behind the exercises: passed, what is wrong, or not solved yet.

One file for each chapter; all checks are reached as `checks.<name>(answer)`.
"""

from helpers.checks._outcome import Check
from helpers.checks.adversarial_noise import (
    farthest_quantile,
    importance_rate,
    shell_ratio,
)
from helpers.checks.edge_of_chaos import edge_point, leaky_like_residual
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
    "edge_point",
    "farthest_quantile",
    "full_tangent",
    "half_of_layer_three",
    "hard_tanh_breakpoints",
    "importance_rate",
    "leaky_like_residual",
    "scaled_branch",
    "shell_ratio",
]

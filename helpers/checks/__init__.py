"""The checks behind the exercises: passed, what is wrong, or not solved yet.

One file for each chapter; all checks are reached as `checks.<name>(answer)`. A file is
imported when the first of its checks is: a notebook needs one chapter's room, not ten.
"""

from collections.abc import Callable
from importlib import import_module

from helpers.checks.outcome import Check

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

_FILES = {
    "adversarial_noise": ["farthest_quantile", "importance_rate", "shell_ratio"],
    "edge_of_chaos": ["edge_point", "leaky_like_residual"],
    "encoder_decoder": ["cone_count", "dual_filters", "threshold_sure"],
    "greedy_layerwise": ["identity_block", "receptive_reach", "unstable_error"],
    "heavy_tails": ["power_law_scan", "spike_strength", "untouched_sigma"],
    "information_flow": ["relu_information", "samples_needed"],
    "linear_regions": ["angle_law", "half_of_layer_three", "hard_tanh_breakpoints"],
    "sgd_noise": ["forgetting_time", "gaussian_noise", "quadratic_escape"],
    "sublevel_sets": ["level_path", "pass_level"],
    "well_behaved": ["batch_norm_growth", "full_tangent", "scaled_branch"],
    "your_network": ["report_factors"],
}


def __getattr__(name: str) -> Callable[..., Check]:
    for file, names in _FILES.items():
        if name in names:
            check: Callable[..., Check]
            check = getattr(import_module(f"{__name__}.{file}"), name)
            return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

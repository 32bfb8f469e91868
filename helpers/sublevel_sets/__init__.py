"""Paths between networks along which the training loss does not rise.

The helper of chapter 5, on Nguyen, "On Connected Sublevel Sets in Deep Learning" (ICML
2019). N training samples; hidden widths n_1, ..., n_L, all layers with biases. A
sublevel set is {theta: Phi(theta) <= level}, Phi the training loss, convex in the
outputs. It is connected if any two of its networks can be joined inside it; the paths
made here do that, in float64.
"""

from helpers.sublevel_sets.full_rank import (
    full_rank_curve,
)
from helpers.sublevel_sets.paths import (
    METHODS,
    barrier,
    bezier_path,
    connecting_path,
    descent_path,
    determinant_sign,
    linear_path,
    pass_height,
    solve_first_layer,
    swap_path,
    swapped,
)
from helpers.sublevel_sets.walk import (
    Certificate,
    Path,
    Segment,
)

__all__ = [
    "METHODS",
    "Certificate",
    "Path",
    "Segment",
    "barrier",
    "bezier_path",
    "connecting_path",
    "descent_path",
    "determinant_sign",
    "full_rank_curve",
    "linear_path",
    "pass_height",
    "solve_first_layer",
    "swap_path",
    "swapped",
]

"""Paths between networks along which the training loss does not rise.

The helper of chapter 5, on Nguyen, "On Connected Sublevel Sets in Deep Learning" (ICML
2019). N training samples; hidden widths n_1, ..., n_L, all layers with biases. A
sublevel set is {theta: Phi(theta) <= level}, Phi the training loss, convex in the
outputs. It is connected if any two of its networks can be joined inside it; the paths
made here do that, in float64.

Read in this order:
    matrices.py: networks as tuples of matrices, read and run.
    paths.py: segments, paths, and what is measured on them.
    full_rank.py: independent columns, and a curve that keeps the rank.
    assumptions.py: what the theorems assume, checked on network and data.
    first_layer.py: moves of the first layer that leave the outputs alone.
    solved_layer.py: the layer that can be solved for, whatever is above it.
    connecting.py: the paths that the theorems promise.
    obstruction.py: where sublevel sets fall apart, at width N - 1.
    free_paths.py: paths of whose loss nothing is proved, for comparison.
    bezier.py: how the curve among these is trained.
    alignment.py: neurons of one network reordered to match another.
    plane.py: the loss on a plane through three networks.
    losses.py: squared error and cross-entropy.
    arguments.py: checks of data and numbers.
"""

from helpers.sublevel_sets.alignment import aligned
from helpers.sublevel_sets.connecting import METHODS, connecting_path, descent_path
from helpers.sublevel_sets.free_paths import bezier_path, bezier_paths, linear_path
from helpers.sublevel_sets.full_rank import full_rank_curve
from helpers.sublevel_sets.obstruction import (
    determinant_sign,
    pass_height,
    swap_path,
    swapped,
)
from helpers.sublevel_sets.paths import Certificate, Path, Segment, barrier
from helpers.sublevel_sets.plane import Plane, loss_plane
from helpers.sublevel_sets.solved_layer import solve_first_layer

__all__ = [
    "METHODS",
    "Certificate",
    "Path",
    "Plane",
    "Segment",
    "aligned",
    "barrier",
    "bezier_path",
    "bezier_paths",
    "connecting_path",
    "descent_path",
    "determinant_sign",
    "full_rank_curve",
    "linear_path",
    "loss_plane",
    "pass_height",
    "solve_first_layer",
    "swap_path",
    "swapped",
]

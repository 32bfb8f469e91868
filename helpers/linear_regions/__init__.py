"""Linear regions of piecewise-linear networks, counted exactly.

The helper of chapter 1, on Hanin & Rolnick, "Complexity of Linear Regions in Deep
Networks" (ICML 2019). A neuron is its pre-activation z = Wh + b; a ReLU neuron has
its kink at z = 0. In an activation region no neuron leaves its linear piece; in a
linear region the gradient of the output is continuous. Layers are numbered 1..L as in
the paper, the neurons of a layer from 0. All arithmetic is in float64.
"""

from helpers.linear_regions.laws import (
    breakpoint_density,
    breakpoint_scale,
    density_bound,
    distance_bound,
    expected_breakpoints,
    expected_distance,
    expected_plane_regions,
)
from helpers.linear_regions.regions import (
    LineRegions,
    PlaneRegions,
    count_line_regions,
    distance_to_boundary,
    gradient_norms,
    line_breakpoints,
    line_regions,
    plane_regions,
    plot_plane,
    sawtooth,
    window_on_sphere,
)

__all__ = [
    "LineRegions",
    "PlaneRegions",
    "breakpoint_density",
    "breakpoint_scale",
    "count_line_regions",
    "density_bound",
    "distance_bound",
    "distance_to_boundary",
    "expected_breakpoints",
    "expected_distance",
    "expected_plane_regions",
    "gradient_norms",
    "line_breakpoints",
    "line_regions",
    "plane_regions",
    "plot_plane",
    "sawtooth",
    "window_on_sphere",
]

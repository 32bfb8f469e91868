"""Linear regions of piecewise-linear networks, counted exactly.

The helper of chapter 1, on Hanin & Rolnick, "Complexity of Linear Regions in Deep
Networks" (ICML 2019). A neuron is its pre-activation z = Wh + b; a ReLU neuron has
its kink at z = 0. In an activation region no neuron leaves its linear piece; in a
linear region the gradient of the output is continuous. Layers are numbered 1..L as in
the paper, the neurons of a layer from 0. All arithmetic is in float64.

A network is any module in eval mode that is piecewise linear: convolutions, frozen
batch norm, max pooling and branches too, read through torch.fx. A max pooling counts as
a layer of its own; it breaks where the winner of a window changes. No convolution is
written as a matrix: each layer is applied to all knots or corners at once.

Read in this order:
    piecewise.py: a network as a graph of affine maps, activations and maxima.
    affine_maps.py, kinked_maps.py: what torch's layers and functions are in it.
    small_images.py: convolutions of many of them.
    vocabulary.py: which of them are read.
    chains.py: a plain chain of Linear layers and activations, read fast.
    tracing.py: the steps of any module's forward.
    reading.py: any module, traced, read, and compared with what it computes.
    crossings.py: where an activation or a maximum changes its piece.
    own_maps.py: several networks of one architecture, of which each line has its own.
    line_cuts.py: the knots of a network along many segments at once.
    lines.py: the regions along a segment, and how many there are.
    window.py: a window of a plane, and its area and perimeter on the unit sphere.
    plane_cuts.py: polygons, cut by one neuron after the other.
    plane_merging.py: polygons that belong together, made one again.
    face_maps.py: the affine map of each polygon.
    planes.py: the regions in a window of a plane.
    drawing.py: their picture.
    distance.py: the distance to the nearest boundary, and the gradients of neurons.
    telgarsky.py: the worst case, a sawtooth.
    side_by_side.py: networks of one shape, trained at once.
    laws.py: what random networks have in expectation, and the theorems' bounds.
"""

from helpers.linear_regions.distance import distance_to_boundary, gradient_norms
from helpers.linear_regions.drawing import plot_plane
from helpers.linear_regions.laws import (
    breakpoint_density,
    breakpoint_scale,
    density_bound,
    distance_bound,
    expected_breakpoints,
    expected_distance,
    expected_plane_regions,
)
from helpers.linear_regions.lines import (
    LineRegions,
    count_line_regions,
    line_breakpoints,
    line_regions,
)
from helpers.linear_regions.planes import PlaneRegions, plane_regions
from helpers.linear_regions.side_by_side import train_together
from helpers.linear_regions.telgarsky import sawtooth
from helpers.linear_regions.window import window_on_sphere

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
    "train_together",
    "window_on_sphere",
]

"""The instruments of a report, in order of worth; last what takes longest."""

from helpers.report.input_space import (
    PARTS,
    boundary_distance,
    errors_in_noise,
    line_regions,
    one_distance,
)
from helpers.report.inside import curvature, exponents, sensitivity
from helpers.report.readings import Instrument

INSTRUMENTS = (
    Instrument(
        "errors",
        "10_adversarial_noise",
        "A flat boundary would put the nearest error at 1.64 times the noise in which "
        "5% of the copies are errors; near 1, a close error and errors in noise are "
        "one finding.",
        3,
        (1, 4, 16, 64),
        errors_in_noise,
    ),
    Instrument(
        "regions on a line",
        "01_linear_regions",
        "The network is affine on each region. At initialisation their number on a "
        "line grows like the number of neurons, not exponentially with depth.",
        2,
        (2, 8, 32, 128, 512, 2048, 8192, 32768, 131072),
        line_regions,
        per_input=PARTS,
    ),
    Instrument(
        "sensitivity by depth",
        "03_well_behaved",
        "By how much more a small white noise grows on its way than the differences "
        "between inputs do; below 1, it grows less.",
        1,
        (8, 32, 128, 512),
        sensitivity,
    ),
    Instrument(
        "curvature and noise",
        "06_sgd_noise",
        "Where the noise of a minibatch lies along the sharpest direction of the loss, "
        "the second number is above 1; isotropic noise of the same size has 1.",
        2,
        (16, 64, 256, 1024),
        curvature,
    ),
    Instrument(
        "spectra of the weights",
        "09_heavy_tails",
        "The exponent of a power law fitted to the largest eigenvalues of each weight. "
        "A fit gives a number for noise too: read it beside that at initialisation.",
        1,
        (1,),
        exponents,
    ),
    Instrument(
        "distance to a boundary",
        "01_linear_regions",
        "How far an input can move before a neuron switches, or another entry wins a "
        "max pooling; in the units of the inputs. It is 0 where entries tie: max "
        "pooling of a constant patch, such as a blank background, lies on a boundary.",
        1,
        (1, 4, 16, 64, 256),
        boundary_distance,
        expected=one_distance,
    ),
)
"""All that apply to a classifier; (name, chapter, sentence, weight, sizes, measure)."""

NOT_MEASURED = (
    (
        "information of a layer",
        "08_information_flow",
        "needs a noise on the layer, which the network does not have and you choose: "
        "information_flow.mutual_information(net, x, layer, beta=...)",
    ),
)
"""(name, chapter, why) of what a network alone does not determine."""

"""Errors in noise and the nearest error.

The helper of chapter 10, on Ford, Gilmer, Carlini & Cubuk, "Adversarial Examples Are a
Natural Consequence of Test Error in Noise" (ICML 2019). A classifier f has the
error set E = {x: f(x) != y} for an image x_0 with label y. d(x_0, E) is the distance to
the nearest error, mu the probability of E under noise N(x_0, sigma^2 I), and
sigma(x_0, mu) the noise at which that probability is mu.

    python -m helpers.adversarial_noise --data mnist --output results.json

trains networks with several noises and measures all of these; `--help` lists the rest.

Read in this order:

    geometry.py        closed forms: half-spaces, the isoperimetric bound, shells
    classifiers.py     a caller's model: checked, and left as it was
    decisions.py       a classifier: labels, scores, linearisations
    rates.py           error rates in noise, and sigma(x_0, mu)
    nearest_errors.py  d(x_0, E), the best of the attacks below
    boundary.py        the nearest of several linear boundaries, in a box
    search.py          the best error so far, and its line search
    rounding.py        what rounding can do to a score
    attacks.py         DeepFool, DDN, random directions, boundary descent
    piecewise.py       the affine maps of a network of Linear and ReLU layers
    projections.py     the nearest point that satisfies linear inequalities
    regions.py         the exact nearest error of a small network, region by region
    noisy_copies.py    distances from noisy copies to the nearest error
    rare_events.py     error rates too small to count, by splitting
    extrapolation.py   d(x_0, E) from rates alone, without an attack
    training.py        training on noise, and on the worst images near by
    corruptions.py     corrupted images
    published.py       accuracies on them that the authors published
    residual.py        a residual network for colour photographs
    measurements.py    all of it for one network
    checkpoint.py      the networks of a run so far, to go on from
    study.py           networks of a data set of choice, trained and measured
    __main__.py        the command of that study
    intervals.py       confidence intervals of a probability
    draws.py           random numbers of an image
    arguments.py       what the functions accept
"""

from helpers.adversarial_noise.corruptions import CORRUPTIONS, corrupt
from helpers.adversarial_noise.decisions import labels
from helpers.adversarial_noise.extrapolation import Extrapolation, probit_distance
from helpers.adversarial_noise.geometry import (
    halfspace_distance,
    isoperimetric_quantile,
    sandwich,
    shell_distance,
    shell_quantile,
    smoothing_radius,
)
from helpers.adversarial_noise.nearest_errors import Distances, nearest_error
from helpers.adversarial_noise.noisy_copies import noisy_distances
from helpers.adversarial_noise.published import PublishedAccuracy, published_accuracy
from helpers.adversarial_noise.rare_events import RareRate, rare_error_rate
from helpers.adversarial_noise.rates import NoiseScale, Rate, error_rate, noise_scale
from helpers.adversarial_noise.training import train_adversarially, train_with_noise

__all__ = [
    "CORRUPTIONS",
    "Distances",
    "Extrapolation",
    "NoiseScale",
    "PublishedAccuracy",
    "RareRate",
    "Rate",
    "corrupt",
    "error_rate",
    "halfspace_distance",
    "isoperimetric_quantile",
    "labels",
    "nearest_error",
    "noise_scale",
    "noisy_distances",
    "probit_distance",
    "published_accuracy",
    "rare_error_rate",
    "sandwich",
    "shell_distance",
    "shell_quantile",
    "smoothing_radius",
    "train_adversarially",
    "train_with_noise",
]

"""Errors in noise and the nearest error.

The helper of chapter 10, on Ford, Gilmer, Carlini & Cubuk, "Adversarial Examples Are a
Natural Consequence of Test Error in Noise" (ICML 2019). A classifier f has the
error set E = {x: f(x) != y} for an image x_0 with label y. d(x_0, E) is the distance to
the nearest error, mu the probability of E under noise N(x_0, sigma^2 I), and
sigma(x_0, mu) the noise at which that probability is mu.

    python -m helpers.adversarial_noise --data mnist --output results.json

trains networks with several noises and measures all of these; `--help` lists the rest.
"""

from helpers.adversarial_noise.corruptions import (
    CORRUPTIONS,
    PublishedAccuracy,
    corrupt,
    published_accuracy,
)
from helpers.adversarial_noise.decisions import (
    labels,
)
from helpers.adversarial_noise.geometry import (
    halfspace_distance,
    isoperimetric_quantile,
    sandwich,
    shell_distance,
    shell_quantile,
    smoothing_radius,
)
from helpers.adversarial_noise.nearest_errors import (
    Distances,
    nearest_error,
)
from helpers.adversarial_noise.noisy_distances import (
    noisy_distances,
)
from helpers.adversarial_noise.rare_events import (
    Extrapolation,
    RareRate,
    probit_distance,
    rare_error_rate,
)
from helpers.adversarial_noise.rates import (
    NoiseScale,
    Rate,
    error_rate,
    noise_scale,
)
from helpers.adversarial_noise.training import (
    train_adversarially,
    train_with_noise,
)

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

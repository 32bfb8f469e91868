"""Chapters 3, 6 and 9: from layer to layer, in the loss, and among the weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from helpers import heavy_tails, sgd_noise, well_behaved
from helpers.report.readings import Measurement, Reading, quartiles
from helpers.report.subject import Subject

_TOLERANCE = 1e-3  # of the top eigenvalue


def sensitivity(subject: Subject, size: int) -> Measurement:
    """Measure how much faster a small noise grows than the signal, layer by layer."""
    x = subject.x[:size]
    found = well_behaved.propagate_module(
        subject.net, x, seed=subject.seed, ranks=False, noise_ranks=False
    )
    logs = found.log_chi
    reading = Reading(
        "sensitivity of the output",
        float(np.exp(logs[:, -1].mean())),
        float(np.exp(logs[:, -1].min())),
        float(np.exp(logs[:, -1].max())),
    )
    names = [
        f"{name or 'output'} ({kind})" + (f", call {call + 1}" if call else "")
        for name, kind, call in zip(found.names, found.kinds, found.calls, strict=True)
    ]
    values = np.exp(logs.mean(axis=0)).tolist()
    return Measurement(
        (reading,),
        f"{len(x)} inputs, {found.n_draws} draws of noise",
        tuple(zip(names, values, strict=True))[1:],
    )


def curvature(subject: Subject, size: int) -> Measurement:
    """Measure the sharpest direction of the loss, and the noise of SGD along it."""
    x, y = subject.x[:size], subject.y[:size]
    loss, targets = _loss_of(subject, y)
    hessian = sgd_noise.HessianOperator(subject.net, x, targets, loss=loss)
    noise = sgd_noise.GradientNoise(subject.net, x, targets, 1, loss=loss)
    values, vectors = sgd_noise.top_eigenpairs(
        hessian, 1, tol=_TOLERANCE, seed=subject.seed
    )
    first, power = vectors[:, 0], noise.trace()
    if not power > 0:
        raise ValueError("the gradients of all inputs are equal: SGD has no noise")
    along = float(first @ (noise @ first)) / power
    readings = (
        Reading("largest eigenvalue of the Hessian", float(values[0])),
        Reading("SGD noise along it, over isotropic noise", along * len(first)),
    )
    return Measurement(readings, f"{len(x)} inputs, {len(first)} parameters")


def exponents(subject: Subject, size: int) -> Measurement:
    """Fit a power law to the spectrum of each weight; the size is not used."""
    table = heavy_tails.analyze_model(subject.net, n_draws=0)
    fitted = {row.name: row.alpha for row in table if row.alpha is not None}
    if not fitted:
        raise ValueError("net has no weight with 8 different singular values or more")
    alphas = list(fitted.values())
    return Measurement(
        (quartiles("exponent alpha of a weight's spectrum", alphas),),
        f"{len(fitted)} of {len(table)} weights",
        tuple(fitted.items()),
    )


def _loss_of(
    subject: Subject, y: Tensor
) -> tuple[str | Callable[[Tensor, Tensor], Tensor], Tensor]:
    """Return the cross-entropy of such outputs, and the targets it takes."""
    if subject.logits > 1:
        return "cross_entropy", y
    return binary_cross_entropy_with_logits, y[:, None].to(subject.x.dtype)

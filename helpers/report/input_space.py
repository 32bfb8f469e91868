"""Chapters 1 and 10: regions, boundaries and errors around the inputs."""

from __future__ import annotations

import copy
import time

import numpy as np
import torch

from helpers import adversarial_noise, linear_regions
from helpers.report.readings import Measurement, counted, quartiles
from helpers.report.subject import Subject

ERROR_RATE = 0.05
"""Of noisy copies, at the noise that is reported."""
PARTS = 1024
"""Size of one line: the parts it has, of which a trial takes some."""
_DRAWS = 400
_ROWS = 8  # of inputs in a timed pass


def line_regions(subject: Subject, size: int) -> Measurement:
    """Count the linear regions on lines between inputs of different classes.

    A line of a large network can have a hundred thousand regions. A trial therefore
    takes a part of two lines, at random places, and scales up what it counts, as if
    breaks were as dense all along.

    Args:
        subject: the network and its inputs.
        size: of whole lines, `PARTS` for each; below two lines, the part of them.
    """
    start, end = (_points(ends) for ends in subject.pairs(max(2, size // PARTS)))
    share = min(1.0, size / (len(start) * PARTS))
    if share < 1:
        rng = np.random.default_rng(subject.seed)
        at = (1 - share) * rng.random((len(start), *[1] * (start.ndim - 1)))
        start, end = start + at * (end - start), start + (at + share) * (end - start)
    counts = linear_regions.count_line_regions(subject.net, start, end)
    reading = quartiles(
        "linear regions on a line to another class", 1 + (counts - 1) / share
    )
    lines = counted(len(start), "line")
    seen = lines if share == 1 else f"{share:.1%} of {lines}, scaled up"
    return Measurement((reading,), seen)


def boundary_distance(subject: Subject, size: int) -> Measurement:
    """Measure how far inputs are from the nearest change of activation pattern."""
    x = subject.x[:size]
    distances = linear_regions.distance_to_boundary(subject.net, _points(x))
    reading = quartiles("distance to the nearest boundary of regions", distances)
    return Measurement((reading,), counted(len(x), "input"))


def one_distance(subject: Subject) -> float:
    """Return the seconds that one input will take: a pass for each of its numbers."""
    x = subject.x[:_ROWS].double()
    net = copy.deepcopy(subject.net).double()
    with torch.no_grad():
        net(x)
        start = time.perf_counter()
        net(x)
    return (time.perf_counter() - start) / len(x) * x[0].numel()


def errors_in_noise(subject: Subject, size: int) -> Measurement:
    """Measure how far inputs are from an error, and how much noise makes as many.

    An error is a change of the network's own decision, at inputs that the caller's
    network has right: of the network itself the nearest errors, of one that is right by
    chance something comparable.
    """
    x = subject.right[:size]
    if not len(x):
        raise ValueError("the network has no input of x right")
    net, y = subject.net, adversarial_noise.labels(subject.net, x)
    near = adversarial_noise.nearest_error(net, x, y).distance
    start = 0.25 * float(subject.x.std())
    sigma = adversarial_noise.noise_scale(
        net, x, y, ERROR_RATE, _DRAWS, start=start, seed=subject.seed
    ).sigma
    flat = adversarial_noise.halfspace_distance(ERROR_RATE, 1.0) * sigma
    known = np.isfinite(near) & np.isfinite(flat)
    readings = [
        quartiles("distance to the nearest error", near),
        quartiles(f"noise in which {ERROR_RATE:.0%} of copies are errors", sigma),
    ]
    if known.any():
        ratio = near[known] / flat[known]
        readings.append(quartiles("nearest error over that of a flat boundary", ratio))
    return Measurement(tuple(readings), counted(len(x), "input"))


def _points(x: object) -> np.ndarray:
    """Return points in float64, as chapter 1 takes them."""
    return np.asarray(x.detach().cpu(), dtype=np.float64)  # type: ignore[attr-defined]

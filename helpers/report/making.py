"""The report of a network: every instrument that applies, within a budget."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn
from tqdm import tqdm

from helpers.models import unchanged
from helpers.report.budget import Budget, Sized, capped, largest_that_fits
from helpers.report.fresh import fresh_copy
from helpers.report.instruments import INSTRUMENTS, NOT_MEASURED
from helpers.report.links import chapter_link
from helpers.report.readings import Instrument, Measurement
from helpers.report.record import Report
from helpers.report.rows import Layer, Row, Told
from helpers.report.subject import Subject, read_subject, share_right

_SPREAD = (
    "A number with a spread is a median over inputs, lines or weights with its "
    "quartiles; of the sensitivity, the mean over draws of noise with the least and "
    "the largest."
)


def report(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    seconds: float = 60,
    seed: int = 0,
    progress: bool = True,
) -> Report:
    """Measure a trained classifier with every instrument of the book that applies.

    Linear regions on a line and the distance to a boundary (chapter 1), sensitivity by
    depth (3), the largest eigenvalue of the Hessian and the noise of SGD along it (6),
    exponents of the weights' spectra (9), the nearest error beside errors in noise
    (10); each beside its value for a copy whose modules have called their
    `reset_parameters`: the default initialisation of torch. An instrument that refuses
    the network is left out, with its error message.

    A short trial says how long an instrument takes; the sample then grows fourfold
    while the time allows it. What is drawn depends on `seed` and the size of a sample,
    so that two runs differ only where their time allows different sizes.

    The network stays as it is, whatever happens: parameters, modes, buffers, gradients,
    hooks, and torch's random state.

    Args:
        net: a module in eval mode, of float32 or float64, that gives logits [n, C], or
            [n, 1] for two classes.
        x: inputs, [n, ...], n >= 2; some hundreds do. Their unit is that of distances.
        y: their classes, integers [n]; those of the loss.
        seconds: the time for all, > 0. An instrument that has begun is not stopped, so
            a large network takes longer; no other is begun then.
        seed: integer >= 0, of the samples, the noise and the copy.
        progress: show a progress bar on stderr (TQDM_DISABLE=1 hides it).

    Returns:
        A `Report`; as the last value of a cell it shows itself as a page.

    Raises:
        TypeError: `net` is no module, `x` or `y` no numbers.
        ValueError: an argument out of its range; `net` in train mode where it matters,
            not finite, no classifier of `x`, or one whose outputs depend on the batch.

    Cost: `seconds` at most, but for an instrument that has begun; 3 s of one core for a
    network of 1,600 parameters and 16 digits, where it stops by itself.
    """
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"seconds must be finite and > 0, got {seconds!r}")
    if operator.index(seed) < 0:
        raise ValueError(f"seed must be an integer >= 0, got {seed!r}")
    if not isinstance(net, nn.Module):
        raise TypeError(f"net must be a torch.nn.Module, got {type(net).__name__}")
    budget = Budget(seconds)
    with torch.inference_mode(False), torch.enable_grad(), unchanged(net):
        subject = read_subject(net, x, y, seed)
        fresh, notes = _at_initialisation(subject)
        runs = [
            _run(subject, fresh, instrument, budget, weight)
            for instrument, weight in _in_turn(progress=progress)
        ]
        return _gathered(subject, fresh, runs, notes)


class _Run:
    """What became of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.found: Measurement | None = None
        self.initial: Measurement | None = None
        self.why = ""  # one of the two is missing


def _in_turn(*, progress: bool) -> Iterable[tuple[Instrument, float]]:
    """Return the instruments with their share of the time that then remains."""
    weights = [one.weight for one in INSTRUMENTS]
    shares = [weight / sum(weights[i:]) for i, weight in enumerate(weights)]
    turns = list(zip(INSTRUMENTS, shares, strict=True))
    if not progress:
        return turns
    return tqdm(turns, desc="report", unit="instrument", leave=False)


def _at_initialisation(subject: Subject) -> tuple[Subject | None, tuple[str, ...]]:
    """Return the copy as a subject, and what to know of it."""
    try:
        net, kept = fresh_copy(subject.net, subject.seed)
    except ValueError as error:
        return None, (f"Nothing at initialisation: {error}.",)
    note = (
        "At initialisation: a copy whose modules have called reset_parameters, the "
        "default of torch, with fresh running statistics"
    )
    if kept:
        note += f"; without such a method, so as they are: {', '.join(kept)}"
    return replace(subject, net=net), (note + ".",)


def _run(
    subject: Subject,
    fresh: Subject | None,
    instrument: Instrument,
    budget: Budget,
    weight: float,
) -> _Run:
    """Measure both networks with one instrument, as large a sample as time allows."""
    run = _Run(instrument)
    if budget.left <= 0:
        run.why = f"not run: {budget.seconds:g} s were spent"
        return run
    sizes = capped(instrument.sizes, len(subject.x) * instrument.per_input)
    measure, share = partial(instrument.measure, subject), weight * budget.left
    try:
        expected = instrument.expected(subject) if instrument.expected else 0.0
        if expected > share:
            run.why = f"not run: one input would take {expected:.0f} s"
            return run
        sized = largest_that_fits(measure, sizes, share)
    except Exception as error:  # what one instrument refuses, others take
        run.why = _sentence(error)
        return run
    run.found = sized.found
    if fresh is not None:
        _measure_fresh(run, fresh, sized, budget)
    return run


def _measure_fresh(
    run: _Run, fresh: Subject, sized: Sized[Measurement], budget: Budget
) -> None:
    """Add what the instrument reads off the copy, at the same size."""
    if budget.left < sized.took:
        run.why = f"not run, {budget.seconds:g} s would not suffice"
        return
    try:
        run.initial = run.instrument.measure(fresh, sized.size)
    except Exception as error:  # as above
        run.why = _sentence(error)


def _sentence(error: Exception) -> str:
    """Return the message of an error on one line, without its final stop."""
    message = " ".join(str(error).split()).rstrip(".")
    return message or type(error).__name__


def _gathered(
    subject: Subject, fresh: Subject | None, runs: list[_Run], notes: tuple[str, ...]
) -> Report:
    """Return all that was measured as one record."""
    right = share_right(subject)
    parameters = sum(p.numel() for p in subject.net.parameters())
    left_out = [_told(run.instrument, "", run.why) for run in runs if not run.found]
    for name, chapter, why in NOT_MEASURED:
        left_out.append(Told(name, chapter, "", why, "", chapter_link(chapter)))
    return Report(
        title=(
            f"{type(subject.net).__name__}: {parameters:,} parameters, "
            f"{right:.1%} of {len(subject.x)} inputs right"
        ),
        accuracy=right,
        initial_accuracy=None if fresh is None else share_right(fresh),
        rows=tuple(row for run in runs for row in _rows(run)),
        layers=tuple(layer for run in runs for layer in _layers(run)),
        measured=tuple(
            _told(run.instrument, run.found.seen, run.instrument.sentence, run.why)
            for run in runs
            if run.found
        ),
        left_out=tuple(left_out),
        notes=(_SPREAD, *notes),
    )


def _told(instrument: Instrument, seen: str, sentence: str, note: str = "") -> Told:
    link = chapter_link(instrument.chapter)
    return Told(instrument.name, instrument.chapter, seen, sentence, note, link)


def _rows(run: _Run) -> list[Row]:
    """Return the readings of both networks side by side, by quantity."""
    if run.found is None:
        return []
    initial = {r.quantity: r for r in run.initial.readings} if run.initial else {}
    rows = []
    for one in run.found.readings:
        other = initial.get(one.quantity)
        beside = (other.value, other.low, other.high) if other else (None, None, None)
        numbers = (one.value, one.low, one.high, *beside)
        rows.append(Row(run.instrument.name, one.quantity, *numbers))
    return rows


def _layers(run: _Run) -> list[Layer]:
    """Return the numbers by layer of both networks, by name."""
    if run.found is None:
        return []
    initial = dict(run.initial.by_layer) if run.initial else {}
    return [
        Layer(run.instrument.name, name, value, initial.get(name))
        for name, value in run.found.by_layer
    ]

"""The phase of training that a layer is in (chapter 9)."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from numpy.typing import ArrayLike

from helpers.heavy_tails.reports import LayerReport, analyze

PhaseName = Literal[
    "random-like",
    "bleeding-out",
    "bulk+spikes",
    "bulk-decay",
    "heavy-tailed",
    "rank-collapse",
]

PHASES: tuple[str, ...] = get_args(PhaseName)
"""The five phases of training in order, and the rank collapse."""

# The thresholds are ours: Martin & Mahoney tell the phases apart by eye. They lie
# between the numbers that the authors' notebooks give for the layers they name.
_GONE = 0.1  # share of the eigenvalues gone in a rank collapse
_AT_THE_EDGE = 3.0  # excess of the largest eigenvalue that the edge explains
_NEAR_THE_EDGE = 0.8  # soft rank above which the largest has not left the bulk
_FEW = 1 / 16  # share of the eigenvalues that may be called spikes
# Clauset, Shalizi & Newman reject below 0.1, which a true power law meets once in ten.
_NOT_REJECTED = 0.01  # p above which it may be a power law: a rule for many spectra
_LONG_TAIL = 1 / 4  # share of the eigenvalues in a tail that replaces the edge
_DRAWS = 100  # samples behind p
_NO_EDGE = 0.2  # soft rank below which the edge is no longer a scale
_HEAVY = 4.0  # exponent below which a tail is heavy


@dataclass(frozen=True)
class Phase:
    """One of the 5+1 phases of training, and why; made by `phase`.

    Attributes:
        name: of the phase.
        number: 1 to 5, 6 for the rank collapse.
        reason: the comparison that decided.
        report: all the numbers.
    """

    name: PhaseName
    number: int
    reason: str
    report: LayerReport


def phase(layer: ArrayLike | torch.Tensor | LayerReport) -> Phase:
    """Return which of Martin & Mahoney's 5+1 phases a layer is in.

    The names are theirs, the rule is ours: the paper gives no thresholds. The first
    that applies, p being that of `power_law_p_value`:

        rank-collapse  over 10 % of the eigenvalues below 1e-4 of their mean
        random-like    largest eigenvalue less than 3 Tracy-Widom scales above lambda^+
        bleeding-out   soft rank above 0.8
        bulk+spikes    at most 1/16 of the eigenvalues outside, and no long tail: not
                       p > 0.01 on a quarter of them
        heavy-tailed   soft rank below 0.2, p > 0.01 and alpha < 4
        bulk-decay     otherwise

    Args:
        layer: a weight as in `analyze`, or its report with p.

    Raises:
        TypeError: as in `analyze`.
        ValueError: as in `analyze`, or a report without p.

    Cost: that of `analyze` with 100 draws.
    """
    r = layer if isinstance(layer, LayerReport) else _analyzed(layer)
    if r.p is None:
        raise ValueError(
            "layer is a report without p: make it by analyze(weight, n_draws=100)"
        )
    outside = f"{r.n_spikes} outside ({r.n_spikes / r.m:.1%})"
    tail = f"alpha {r.alpha:.2f} on {r.n_tail / r.m:.0%} (p {r.p:.2f})"
    kept = r.p > _NOT_REJECTED
    few = r.n_spikes <= _FEW * r.m and not (kept and r.n_tail >= _LONG_TAIL * r.m)
    name: PhaseName
    if r.gone > _GONE:
        name, reason = "rank-collapse", f"{r.gone:.0%} of the eigenvalues are gone"
    elif r.excess < _AT_THE_EDGE:
        name, reason = "random-like", f"the largest is {r.excess:+.1f} Δ from the edge"
    elif r.soft_rank > _NEAR_THE_EDGE:
        name, reason = "bleeding-out", f"soft rank {r.soft_rank:.2f}, out but near"
    elif few:
        name, reason = "bulk+spikes", f"{outside}, no long tail"
    elif kept and r.soft_rank < _NO_EDGE and r.alpha < _HEAVY:
        name, reason = "heavy-tailed", f"{tail}, soft rank {r.soft_rank:.2g}"
    else:
        name, reason = "bulk-decay", f"{outside}, {tail}, soft rank {r.soft_rank:.2g}"
    return Phase(name, PHASES.index(name) + 1, reason, r)


def _analyzed(layer: ArrayLike | torch.Tensor) -> LayerReport:
    """Return the report of a weight with p; errors name the argument of `phase`."""
    try:
        return analyze(layer, n_draws=_DRAWS)
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer cannot be analysed: {error}") from None

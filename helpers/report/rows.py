"""The numbers of a report and what is said of them: a record each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One quantity of a network, and of the network at initialisation.

    Attributes:
        instrument: that measured it.
        quantity: in words.
        value: the number; over several inputs or lines their median; inf where there
            is none, as of a distance to an error.
        low: the lower quartile, or the least of the draws; None of a single number.
        high: the upper quartile, or the largest.
        initial: the value at initialisation; None where it was not measured.
        initial_low: as `low`.
        initial_high: as `high`.
    """

    instrument: str
    quantity: str
    value: float
    low: float | None
    high: float | None
    initial: float | None
    initial_low: float | None
    initial_high: float | None


@dataclass(frozen=True)
class Layer:
    """A quantity of one layer.

    Attributes:
        instrument: that measured it.
        name: of the module or weight.
        value: the number.
        initial: the value at initialisation; None where it was not measured.
    """

    instrument: str
    name: str
    value: float
    initial: float | None


@dataclass(frozen=True)
class Told:
    """What an instrument says in words.

    Attributes:
        instrument: its name.
        chapter: its notebook, as "01_linear_regions".
        seen: how large the sample was; "" where nothing was measured.
        sentence: what its numbers say, or why there are none.
        note: why nothing stands beside it at initialisation; "" where something does.
        link: address of the chapter; "" where none is known.
    """

    instrument: str
    chapter: str
    seen: str
    sentence: str
    note: str
    link: str

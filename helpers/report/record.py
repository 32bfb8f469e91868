"""The report: numbers of a network beside those at initialisation."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.report.rows import Layer, Row, Told
from helpers.report.showing import as_html, as_text


@dataclass(frozen=True, repr=False)
class Report:
    """What the instruments read off a network; made by `report`.

    Shows itself as a table of text, and as a page of HTML in a notebook.

    Attributes:
        title: the network, its parameters, and how many inputs it has right.
        accuracy: share of the inputs that it has right.
        initial_accuracy: that of the copy at initialisation; None without one.
        rows: a number each.
        layers: numbers by layer.
        measured: what each instrument says whose numbers are here.
        left_out: the others, and why.
        notes: what to know of the copy at initialisation.
    """

    title: str
    accuracy: float
    initial_accuracy: float | None
    rows: tuple[Row, ...]
    layers: tuple[Layer, ...]
    measured: tuple[Told, ...]
    left_out: tuple[Told, ...]
    notes: tuple[str, ...]

    def __getitem__(self, quantity: str) -> Row:
        """The row of a quantity, by its name or the beginning of it.

        Raises:
            KeyError: no such row, or several; it lists the names.
        """
        found = [row for row in self.rows if row.quantity.startswith(quantity)]
        if len(found) != 1:
            names = [row.quantity for row in self.rows]
            raise KeyError(f"quantity must begin one of {names}, got {quantity!r}")
        return found[0]

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write all fields, in UTF-8; null for what is infinite or not known.

        Args:
            path: of the file.
        """
        text = json.dumps(
            _plain(asdict(self)), indent=1, ensure_ascii=False, allow_nan=False
        )
        Path(path).write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """Return the same with None in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

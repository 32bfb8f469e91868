"""The layers of a whole model as a table, a plot, CSV, JSON or a data frame."""

import csv
import html
import importlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import nn

from helpers.heavy_tails.layer_rows import Asked, LayerRow, Pooling, layer_rows
from helpers.heavy_tails.phases import PHASES
from helpers.heavy_tails.weight_files import path_weights
from helpers.heavy_tails.weights import model_weights
from helpers.style import COLORS

_COLUMNS: dict[str, Callable[[LayerRow], str]] = {
    "layer": lambda r: r.name,
    "shape": lambda r: " x ".join(map(str, r.shape)),
    "alpha": lambda r: _number(r.alpha, ".3f"),
    "+-": lambda r: _number(r.alpha_error, ".2f"),
    "D": lambda r: _number(r.ks, ".3f"),
    "p": lambda r: _number(r.p, ".2f"),
    "tail": lambda r: _number(r.n_tail, "d"),
    "spikes": lambda r: _number(r.n_spikes, "d"),
    "soft rank": lambda r: _number(r.soft_rank, ".3f"),
    "stable rank": lambda r: _number(r.stable_rank, ".1f"),
    "sigma": lambda r: _number(r.sigma, ".3g"),
    "phase": lambda r: r.note or r.phase or "",
}


@dataclass(frozen=True, repr=False)
class LayerTable:
    """The layers of a model, a row each; made by `analyze_model` and `analyze_file`.

    Shows itself as a table of text, and of HTML in a notebook.

    Attributes:
        rows: one `LayerRow` a weight, in the order of the model.
    """

    rows: tuple[LayerRow, ...]

    @property
    def mean_alpha(self) -> float:
        """The mean exponent of the layers that have one; NaN without any.

        weightwatcher's "alpha" of a model.
        """
        return _mean([row.alpha for row in self.rows])

    @property
    def weighted_alpha(self) -> float:
        """The mean of alpha log10(lambda_max) of these layers; NaN without any.

        weightwatcher's "alpha_weighted" of a model, which halves the eigenvalues of
        two-dimensional convolutions; so does this, where they are pooled.
        """
        return _mean([row.weighted_alpha for row in self.rows])

    @property
    def summary(self) -> str:
        """One sentence: how many layers, and the model's two exponents."""
        fitted = sum(row.alpha is not None for row in self.rows)
        count = f"{fitted} of {len(self.rows)} weights fitted"
        if not fitted:
            return count
        return (
            f"{count}, mean alpha {self.mean_alpha:.3f}, "
            f"weighted alpha {self.weighted_alpha:.3f}"
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[LayerRow]:
        return iter(self.rows)

    def __repr__(self) -> str:
        cells = [list(_COLUMNS), *map(_cells, self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [_line(row, widths) for row in cells]
        return "\n".join([*lines, self.summary])

    def _repr_html_(self) -> str:
        def row(cells: list[str], tag: str) -> str:
            text = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
            return f"<tr>{text}</tr>"

        body = "".join(row(_cells(one), "td") for one in self.rows)
        head = row(list(_COLUMNS), "th")
        return (
            f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
            f"<p>{html.escape(self.summary)}</p>"
        )

    def plot(self) -> Figure:
        """Return a figure of the exponent of each layer, its error and its phase.

        Layers without an exponent leave a gap.
        """
        figure = Figure(figsize=(7.0, 3.6), layout="constrained")
        ax = figure.add_subplot()
        colors = dict(zip((*PHASES, None), COLORS.values(), strict=True))
        for name, color in colors.items():
            rows = [(i, row) for i, row in enumerate(self.rows, 1)
                    if row.alpha is not None and row.phase == name]  # fmt: skip
            if rows:
                ax.errorbar(
                    [i for i, _ in rows],
                    [row.alpha or 0 for _, row in rows],
                    [row.alpha_error or 0 for _, row in rows],
                    fmt="o",
                    color=color,
                    label=name or "phase not asked for",
                )
        if ax.has_data():
            ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
            ax.set_ylim(bottom=0)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(xlabel="weight, in the order of the model", ylabel="exponent alpha")
        ax.set_title(self.summary, loc="left", fontsize="medium")
        return figure

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a line for each row, in UTF-8; what is not known is empty.

        Args:
            path: of the file.
        """
        names = [field.name for field in fields(LayerRow)]
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(map(_record, self.rows))

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write `layers`, a list of rows, `mean_alpha` and `weighted_alpha`, in UTF-8.

        Args:
            path: of the file; what is not known is null.
        """
        means = {"mean_alpha": self.mean_alpha, "weighted_alpha": self.weighted_alpha}
        made: dict[str, Any] = {
            name: None if math.isnan(mean) else mean for name, mean in means.items()
        }
        made["layers"] = [asdict(row) for row in self.rows]
        text = json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame with a row a weight.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "to_pandas needs pandas: pip install pandas; to_csv and to_json do "
                "without it"
            ) from None
        names = [field.name for field in fields(LayerRow)]
        return pandas.DataFrame(list(map(_record, self.rows)), columns=names)


def analyze_model(
    model: nn.Module | Mapping[str, Any],
    *,
    convolution: Pooling = "pooled",
    split_qkv: bool = False,
    n_draws: int = 100,
    smallest: int = 8,
) -> LayerTable:
    """Return spectrum, bulk, tail and phase of every weight of a model.

    Every floating-point tensor of 2 dimensions or more is a row: of a module the
    parameters (of a pruned, normalised or parametrised layer the weight it computes
    with), of a state dict what is in it and in dicts within. A weight that is used
    twice counts once. What cannot be analysed (empty, NaN, all 0, rank 1, a constant
    spectrum, too small, integers, ...) has a row that says so. The model is left as it
    was.

    The means over layers are those of weightwatcher 0.7.7, which takes linear layers,
    embeddings and two-dimensional convolutions of 8 eigenvalues or more, counts shared
    weights twice, and below 20 eigenvalues fits by a rule of its own.

    Args:
        model: a module or a state dict; for files see `analyze_file`.
        convolution: "pooled" takes the eigenvalues of the matrices [out, in] of all
            places of a kernel as one spectrum, as weightwatcher does, and fits its bulk
            as if they were one matrix of the same Q; "flatten" those of the one matrix
            [out, in * kernel size], as `analyze` does.
        split_qkv: whether queries, keys and values that share a weight, three times as
            long as wide and named as in torch, timm, GPT-2 or `Phi`, get a row each.
        n_draws: samples behind the error of alpha and behind p, with seed 0; 0 leaves
            both out, and the phase, which needs p.
        smallest: eigenvalues that a weight must have, 3 or more.

    Raises:
        TypeError: `model` is neither.
        ValueError: an argument out of its range, or no weight of 2 dimensions.

    Cost: for every weight that of `spectrum`, and 2 n_draws power-law fits.
    """
    asked = Asked(convolution, split_qkv, n_draws, smallest)
    weights = model_weights(model)
    if not weights:
        raise ValueError(
            "model must have a weight of 2 dimensions or more, got none (layers that "
            "were quantised keep theirs elsewhere: pass the model before that)"
        )
    return LayerTable(tuple(layer_rows(weights, asked)))


def analyze_file(
    path: str | os.PathLike[str],
    *,
    convolution: Pooling = "pooled",
    split_qkv: bool = False,
    n_draws: int = 100,
    smallest: int = 8,
) -> LayerTable:
    """Return the table of the weights in a file or folder, read one at a time.

    Reads .safetensors, and .pt, .pth and .bin with `weights_only=True`; the shards of
    an index (.json); and all such files of a folder and below it. Files are mapped, so
    that a model larger than memory can be read. What is wrong with a file or a weight
    is a row that says so.

    Args:
        path: of the file or folder.
        convolution: as in `analyze_model`.
        split_qkv: as in `analyze_model`.
        n_draws: as in `analyze_model`.
        smallest: as in `analyze_model`.

    Raises:
        FileNotFoundError: no such path.
        ValueError: an argument out of its range, a file of another kind, or no weight
            of 2 dimensions.

    Cost: as in `analyze_model`.
    """
    asked = Asked(convolution, split_qkv, n_draws, smallest)
    rows = tuple(layer_rows(path_weights(Path(path)), asked))
    if not rows:
        raise ValueError(f"path must hold a weight of 2 dimensions or more, got {path}")
    return LayerTable(rows)


def printable(text: str) -> str:
    """Return text that a terminal shows and does not obey: names come from files."""
    return "".join(one if one.isprintable() else "?" for one in text)


def _cells(row: LayerRow) -> list[str]:
    return [printable(cell(row)) for cell in _COLUMNS.values()]


def _line(cells: list[str], widths: list[int]) -> str:
    """Return a line of text: names and phases to the left, numbers to the right."""
    last = len(cells) - 1
    return "  ".join(
        cell.ljust(width) if i in (0, last) else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def _record(row: LayerRow) -> dict[str, Any]:
    return asdict(row) | {"shape": " x ".join(map(str, row.shape))}


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else math.nan

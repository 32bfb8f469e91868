"""Run a chapter with other parameters and store its claims.

    python tools/chapter.py 01_linear_regions 'dataset = "mnist"' 'epochs = 20'

executes the notebook with those lines after its `parameters` cell, without stopping at
a claim that fails, and writes what they measured to helpers/<room>/results/claims.json,
from which the chapter shows them beside its own.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import home
import nbformat
from execute import kernel_of_its_own
from nbclient import NotebookClient

from helpers.claim_rows import measured_in_words
from helpers.stored_runs import Run, claim_hashes, code_of, imported, record, write

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"


def run(chapter: str, assignments: list[str]) -> dict[str, dict[str, Any]]:
    """Execute a chapter after such lines as "seed = 3"; its claims by id.

    Raises:
        RuntimeError: a cell fails for another reason than a claim.
    """
    notebook = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4)
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    place = next(i for i, found in enumerate(tags) if "parameters" in found) + 1
    notebook.cells.insert(place, nbformat.v4.new_code_cell("\n".join(assignments)))
    resources = {"metadata": {"path": BOOK}}
    with kernel_of_its_own() as config:
        NotebookClient(
            notebook,
            timeout=None,
            allow_errors=True,
            resources=resources,
            config=config,
        ).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    for out in outputs:
        if out.output_type == "error" and out.ename != "ClaimError":
            raise RuntimeError(f"{chapter}, {assignments}: {out.ename}: {out.evalue}")
    found = [out.get("metadata", {}).get("claim") for out in outputs]
    return {made["id"]: made for made in found if made}


def results(chapter: str) -> Path:
    """The folder of a notebook's stored results: in its room, if it has one."""
    room = ROOT / "helpers" / chapter.partition("_")[2]
    return room / "results" if room.is_dir() else BOOK / "_data" / chapter


def recorded(
    command: Sequence[str], chapter: str, seed: int | list[int] | None, since: float
) -> Run:
    """The record of a command that ran a chapter and ends now."""
    modules = imported(code_of(BOOK / f"{chapter}.ipynb"))
    return record(command, modules, seed=seed, since=since, root=ROOT)


def seed_of(chapter: str, assignments: list[str]) -> int | None:
    """The seed that a chapter runs with after such lines; None if it has none."""
    notebook = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4)
    lines = [*(cell.source for cell in notebook.cells), *assignments]
    found = re.findall(r"^seed = (\d+)$", "\n".join(lines), re.MULTILINE)
    return int(found[-1]) if found else None


def main(arguments: list[str]) -> int:
    """Run and store."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    home.check()
    since = time.perf_counter()
    chapter, *assignments = arguments
    lines = claim_hashes(BOOK / f"{chapter}.ipynb")
    made = run(chapter, assignments)
    claims = {
        id: {name: row[name] for name in ("measured", "stderr", "seeds")}
        | {"lines": lines.get(id)}
        for id, row in made.items()
        if not row["stored"]
    }
    path = results(chapter) / "claims.json"
    command = ["python", "tools/chapter.py", *arguments]
    ran = recorded(command, chapter, seed_of(chapter, assignments), since)
    write(path, ran, {"claims": claims}, partial(json.dumps, indent=1))
    for id, row in made.items():
        print(f"{id:>6}  {measured_in_words(row):28} {row['verdict']}")
    print(f"wrote {path.relative_to(ROOT)}: {len(claims)} claims")
    return 0


if __name__ == "__main__":
    home.write_any_letter()
    sys.exit(main(sys.argv[1:]))

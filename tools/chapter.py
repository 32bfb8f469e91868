"""Run a chapter with other parameters and store its claims.

    python tools/chapter.py 01_linear_regions 'dataset = "mnist"' 'epochs = 20'

executes the notebook with those lines after its `parameters` cell, without stopping at
a claim that fails, and writes what they measured to helpers/<room>/results/claims.json,
from which the chapter shows them beside its own.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import sys
from pathlib import Path
from typing import Any

import home
import nbformat
from execute import kernel_of_its_own
from nbclient import NotebookClient

from helpers.claim_rows import measured_in_words

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


def source(command: list[str]) -> str:
    """Date, machine and command, as a stored result carries them."""
    machine = f"{os.cpu_count()} CPU cores, Python {platform.python_version()}"
    return f"{datetime.date.today()}, {machine}: {shlex.join(command)}"


def main(arguments: list[str]) -> int:
    """Run and store."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    home.check()
    chapter, *assignments = arguments
    made = run(chapter, assignments)
    claims = {
        id: {name: row[name] for name in ("measured", "stderr", "seeds")}
        for id, row in made.items()
        if not row["stored"]
    }
    path = results(chapter) / "claims.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {
        "source": source(["python", "tools/chapter.py", *arguments]),
        "claims": claims,
    }
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    for id, row in made.items():
        print(f"{id:>6}  {measured_in_words(row):28} {row['verdict']}")
    print(f"wrote {path.relative_to(ROOT)}: {len(claims)} claims")
    return 0


if __name__ == "__main__":
    home.write_any_letter()
    sys.exit(main(sys.argv[1:]))

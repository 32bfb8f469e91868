"""Run a chapter's claims for twenty seeds it was not written with.

    python tools/seeds.py 01_linear_regions [20]

executes the notebook once a seed (1, 2, …), without stopping at a claim that fails,
prints how often each failed and writes helpers/<room>/results/seeds.json. Interrupted,
it goes on where it stopped: seeds that are done wait in _build/seeds, for as long as
nothing behind the notebook changes.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import home
import numpy as np
from chapter import BOOK, recorded, results, run
from keys import ROOT, key

from helpers.claims import FAILED
from helpers.stored_runs import claim_hashes, write
from helpers.sweeps import sweep


def run_seed(seed: int, chapter: str) -> dict[str, np.ndarray]:
    """By claim: what was measured with another seed, and whether that failed."""
    return {
        id: np.array([row["measured"], row["verdict"] == FAILED], dtype=float)
        for id, row in run(chapter, [f"seed = {seed}"]).items()
        if not row["stored"] and row["measured"] is not None
    }


def summary(
    id: str, found: np.ndarray, lines: str | None
) -> dict[str, float | int | str | None]:
    """One row a claim: how many seeds failed, and the spread of what was measured."""
    measured, failed = found.T
    return {
        "id": id,
        "seeds": len(found),
        "failed": int(failed.sum()),
        "mean": float(measured.mean()),
        "sd": float(measured.std(ddof=1)),
        "lines": lines,
    }


def main(arguments: list[str]) -> int:
    """Run, print, store."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    home.check()
    since = time.perf_counter()
    chapter, n = arguments[0], int(arguments[1]) if len(arguments) == 2 else 20
    lines = claim_hashes(BOOK / f"{chapter}.ipynb")
    kept = ROOT / "_build" / "seeds" / key(BOOK / f"{chapter}.ipynb", {})
    found = sweep(run_seed, {"chapter": [chapter]}, range(1, n + 1), cache=kept)
    assert isinstance(found.values, dict)  # since run_seed returns one
    rows = [
        summary(id, values[0], lines.get(id)) for id, values in found.values.items()
    ]
    for row in rows:
        spread = f"{row['mean']:.4g} sd {row['sd']:.2g}"
        print(f"{row['id']:>5}  failed {row['failed']} of {row['seeds']}  {spread}")
    command = ["make", "seeds", f"CHAPTER={chapter}"]
    ran = recorded(command, chapter, [*range(1, n + 1)], since)
    path = results(chapter) / "seeds.json"
    write(path, ran, {"claims": rows}, partial(json.dumps, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Measure how long the sections of a chapter's notebook run, for lecturers.

    python tools/cell_times.py [01_linear_regions …]

runs the notebooks, one after another, and writes the processor's seconds by section
into book/_data/teaching/cell_times.json, which the pages under book/teaching show.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import nbformat
from chapter import BOOK, recorded
from execute import kernel_of_its_own
from nbclient import NotebookClient
from pace import PaceMeter

STORED = BOOK / "_data" / "teaching" / "cell_times.json"
PROBE = "import os as _os; print(sum(_os.times()[:4]))"
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
START = "set-up"


def probed(notebook: nbformat.NotebookNode) -> tuple[nbformat.NotebookNode, list[str]]:
    """A copy with a probe after each code cell, and the section of each probe.

    A probe prints what processors gave to the kernel and its finished children.
    """
    copy = nbformat.v4.new_notebook(metadata=notebook.metadata)
    sections, section = [], START
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = SECTION.findall(f"## {section}\n{cell.source}")[-1]
            continue
        probe = nbformat.v4.new_code_cell(PROBE, metadata={"probe": True})
        copy.cells += [nbformat.v4.new_code_cell(cell.source), probe]
        sections.append(section)
    return copy, sections


def readings(notebook: nbformat.NotebookNode) -> list[float]:
    """What the probes of a notebook that ran have printed, in any number of parts."""
    probes = [cell for cell in notebook.cells if cell.metadata.get("probe")]
    return [float("".join(part.text for part in cell.outputs)) for cell in probes]


def by_section(sections: list[str], read: list[float]) -> dict[str, float]:
    """Seconds spent between one reading and the next, added up by section."""
    spent: defaultdict[str, float] = defaultdict(float)
    for section, before, after in zip(sections, [0.0, *read[:-1]], read, strict=True):
        spent[section] += after - before
    return dict(spent)


def measure(path: Path) -> dict[str, float]:
    """Run a notebook; seconds of the reference machine (pace.py) by section."""
    notebook, sections = probed(nbformat.read(path, as_version=4))
    with PaceMeter() as machine, kernel_of_its_own() as config:
        NotebookClient(
            notebook,
            timeout=None,
            resources={"metadata": {"path": path.parent}},
            config=config,
        ).execute()
    found = by_section(sections, readings(notebook))
    return {name: round(spent / machine.mean, 1) for name, spent in found.items()}


def main(chapters: list[str]) -> int:
    """Measure the chapters, all of them if none is named, and store the times."""
    known = sorted(path.stem for path in BOOK.glob("[0-9]*.ipynb"))
    if unknown := set(chapters) - set(known):
        raise ValueError(f"no chapter {sorted(unknown)}; there are {known}")
    stored: dict[str, Any] = {}
    if STORED.exists():
        stored = json.loads(STORED.read_text(encoding="utf-8"))
    for chapter in chapters or known:
        since = time.perf_counter()
        made = measure(BOOK / f"{chapter}.ipynb")
        command = ["python", "tools/cell_times.py", chapter]
        ran = recorded(command, chapter, None, since)
        stored[chapter] = {"source": ran.text, "sections": made}
        text = json.dumps(dict(sorted(stored.items())), indent=1, ensure_ascii=False)
        STORED.write_text(text + "\n", encoding="utf-8")
        print(f"{chapter}: {sum(made.values()):.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

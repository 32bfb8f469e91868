"""Measure how long the sections of the notebooks run, for lecturers.

    python tools/cell_times.py [--colab] [01_linear_regions …]

runs the notebooks, one after another, and writes the processor's seconds by section
into book/_data/teaching/cell_times.json, which the pages under book/teaching show.
With --colab the kernel has the versions that Colab brings (.venv-colab, which
`make test` makes), and colab_times.json beside it holds what was measured.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from chapter import BOOK, ROOT, recorded
from execute import kernel_of_its_own
from nbclient import NotebookClient
from pace import PaceMeter

from helpers.stored_runs import PACKAGES


@dataclass(frozen=True)
class Environment:
    """Where notebooks run.

    Attributes:
        python: that runs their kernels.
        stored: the file of what is measured there.
        option: of the command that measures there, "" for none.
    """

    python: Path
    stored: Path
    option: str = ""


DATA = BOOK / "_data" / "teaching"
HERE = Environment(Path(sys.executable), DATA / "cell_times.json")
COLAB = Environment(
    ROOT / ".venv-colab" / "bin" / "python", DATA / "colab_times.json", "--colab"
)
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


def measure(path: Path, python: Path = HERE.python) -> dict[str, float]:
    """Run a notebook; seconds of the reference machine (pace.py) by section."""
    notebook, sections = probed(nbformat.read(path, as_version=4))
    with PaceMeter() as machine, kernel_of_its_own() as config:
        client = NotebookClient(
            notebook,
            timeout=None,
            resources={"metadata": {"path": path.parent}},
            config=config,
        )
        kernel = client.create_kernel_manager().kernel_spec
        assert kernel is not None
        kernel.argv[0] = str(python)
        kernel.env |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        client.execute()
    found = by_section(sections, readings(notebook))
    return {name: round(spent / machine.mean, 1) for name, spent in found.items()}


def versions(python: Path) -> dict[str, str]:
    """The versions in an environment, as a stored run carries them.

    It imports what is slow the first time, so that no notebook is the first to.

    Raises:
        FileNotFoundError: there is no such environment.
    """
    if not python.exists():
        raise FileNotFoundError(f"no {python}; `make test` makes it")
    code = (
        "import json, platform, matplotlib.pyplot, scipy.stats, sklearn, torch\n"
        "from importlib.metadata import version\n"
        f"found = {{name: version(name) for name in {PACKAGES!r}}}\n"
        "print(json.dumps({'python': platform.python_version()} | found))"
    )
    run = [str(python), "-c", code]
    said = subprocess.run(run, check=True, capture_output=True, encoding="utf-8")
    found: dict[str, str] = json.loads(said.stdout)
    return found


def source(environment: Environment, notebook: str, since: float) -> str:
    """How the times of a notebook that ends now were measured, in a line."""
    command = ["python", "tools/cell_times.py", environment.option, notebook]
    ran = recorded([word for word in command if word], notebook, None, since)
    return replace(ran, versions=versions(environment.python)).text


def store(environment: Environment, notebook: str, made: dict[str, Any]) -> None:
    """Put the times of one notebook into the file of its environment."""
    path, stored = environment.stored, dict[str, Any]()
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
    stored[notebook] = made
    text = json.dumps(dict(sorted(stored.items())), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Measure the notebooks, all of them if none is named, and store the times."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--colab", action="store_true", help="with Colab's versions")
    parser.add_argument("notebooks", nargs="*", help="their names; else all")
    options = parser.parse_args(arguments)
    known = sorted(path.stem for path in BOOK.glob("*.ipynb"))
    if unknown := set(options.notebooks) - set(known):
        parser.error(f"no notebook {sorted(unknown)}; there are {known}")
    environment = COLAB if options.colab else HERE
    versions(environment.python)
    for notebook in options.notebooks or known:
        since = time.perf_counter()
        made = measure(BOOK / f"{notebook}.ipynb", environment.python)
        said = source(environment, notebook, since)
        store(environment, notebook, {"source": said, "sections": made})
        print(f"{notebook}: {sum(made.values()):.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

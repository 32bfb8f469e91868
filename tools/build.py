"""Build the book: run the notebooks (cached), write the pages, say what each took.

    python tools/build.py                       the whole book, into _build/html
    python tools/build.py 01_linear_regions     one chapter, into _build/one

A notebook runs again when its key changes (see keys.py), its page is then read again;
the pages are all read again when the packages, the settings or what makes them has
changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import home
import keys
import scale
import yaml
from execute import Cost, costs, execute
from lean import finish_pages
from outputs import plain
from progress import failure
from weight import BUDGET, figures, first_visit

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
ONE = BUILD / "one"
TIMES = ROOT / "book" / "_data" / "teaching" / "cell_times.json"
CACHE = ".jupyter_cache"
JUPYTER_BOOK = (
    *(sys.executable, "-c"),
    "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')",
)
"""Not its script, which names the folder that the environment was made in."""

SETTINGS = {"DLT_FRAMES": "all", "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}


def inputs_hash() -> str:
    """A hash of what the pages depend on beside their own text and outputs."""
    files = [
        *sorted((ROOT / "helpers").rglob("*.py")),
        *sorted((ROOT / "helpers").rglob("*.json")),
        *sorted((ROOT / "book" / "_ext").glob("*.py")),
        *sorted((ROOT / "book" / "_data").rglob("*.json")),
        ROOT / "_config.yml",
    ]
    digest = hashlib.sha256(" ".join((sys.version, *keys.installed())).encode())
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def discard_stale(current: str, build: Path) -> None:
    """Remove the pages of the last build if they were made from other inputs.

    The outputs of the notebooks have keys of their own and stay.
    """
    stamp = build / "inputs.sha256"
    build.mkdir(parents=True, exist_ok=True)
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == current):
        for found in build.iterdir():
            if found.is_dir() and found.name != CACHE:
                shutil.rmtree(found)
    stamp.write_text(current, encoding="utf-8")


def read_again(ran: list[Path], build: Path) -> None:
    """Make Sphinx read the pages of these notebooks again: their outputs are new."""
    for path in ran:
        tree = build / ".doctrees" / path.relative_to(ROOT).with_suffix(".doctree")
        tree.unlink(missing_ok=True)


def contents(chapters: list[str]) -> dict[str, Any]:
    """The table of contents, cut down to such chapters; none given, whole.

    Raises:
        ValueError: an unknown chapter.
    """
    table: dict[str, Any] = yaml.safe_load(
        (ROOT / "_toc.yml").read_text(encoding="utf-8")
    )
    files = [entry["file"] for part in table["parts"] for entry in part["chapters"]]
    known = [Path(file).name for file in files if (ROOT / f"{file}.ipynb").exists()]
    for name in chapters:
        if name not in known:
            raise ValueError(f"no chapter {name!r} in _toc.yml; there are {known}")
    for part in table["parts"]:
        part["chapters"] = [
            entry
            for entry in part["chapters"]
            if not chapters
            or Path(entry["file"]).name in chapters
            or Path(entry["file"]).name not in known
        ]
    table["parts"] = [part for part in table["parts"] if part["chapters"]]
    return table


def notebooks_of(table: dict[str, Any]) -> list[Path]:
    """The notebooks of a table of contents."""
    files = [entry["file"] for part in table["parts"] for entry in part["chapters"]]
    paths = [ROOT / f"{file}.ipynb" for file in files]
    return [path for path in paths if path.exists()]


def longest_first(paths: list[Path]) -> list[Path]:
    """In the order of the stored times of their cells, so that cores end together."""
    times = json.loads(TIMES.read_text(encoding="utf-8"))
    seconds = {name: sum(one["sections"].values()) for name, one in times.items()}
    return sorted(paths, key=lambda path: -seconds.get(path.stem, math.inf))


def write_pages(table: dict[str, Any], build: Path) -> int:
    """Call Jupyter Book; its exit status.

    A warning fails the whole book. One chapter has links to pages it is built without.
    """
    toc = build / "toc.yml"
    toc.write_text(yaml.safe_dump(table, sort_keys=False), encoding="utf-8")
    strict = ["-W", "--keep-going"] if build == BUILD else []
    places = ["--toc", str(toc), "--path-output", str(build.parent)]
    print("Writing the pages ...", flush=True)
    return subprocess.run(
        [*JUPYTER_BOOK, "build", "--quiet", str(ROOT), *strict, *places],
        env=os.environ | {"DLT_CACHE": str(plain(build / CACHE))},
    ).returncode


def page_megabytes(path: Path, build: Path) -> float:
    """Size of a chapter's page with its figures."""
    page = build / "html" / "book" / f"{path.stem}.html"
    return page.stat().st_size / 1e6 + figures(page)


def report(taken: dict[Path, Cost], build: Path) -> str:
    """The table of what each chapter takes."""
    rows = [
        f"{'chapter':24}{'seconds':>9}{'memory MB':>11}{'page MB':>9}{'visit MB':>10}"
        f"{'read MB':>9}"
    ]
    for path, cost in taken.items():
        size = page_megabytes(path, build)
        page = build / "html" / "book" / f"{path.stem}.html"
        visit = first_visit(page)
        rows.append(
            f"{path.stem:24}{cost.seconds:9.0f}{cost.megabytes:11.0f}{size:9.2f}"
            f"{visit:10.2f}{visit + figures(page):9.2f}"
        )
    pace = sum(cost.pace for cost in taken.values()) / len(taken)
    rows.append(
        f"Seconds of the reference machine: this one took {pace:.1f} times them."
    )
    rows.append(
        f"A first visit may move {BUDGET} MB, with up to 0.4 MB of fonts and the "
        "figures near its top; who reads to the end gets all."
    )
    return "\n".join(rows)


NOT_BUILT = "The book did not build: the cause stands above."


def summary(error: str) -> str:
    """What `execute` says of a notebook that failed, in one line."""
    name, _, traceback = error.partition("\n")
    return failure(ROOT / "book" / name, traceback)


def main(chapters: list[str]) -> int:
    """Build, and print what each chapter took and the page to open."""
    start = time.monotonic()
    home.check()
    build = ONE / "_build" if chapters else BUILD
    table = contents(chapters)
    discard_stale(inputs_hash(), build)
    os.environ.update(SETTINGS)
    paths = longest_first(notebooks_of(table))
    known = {path: keys.key(path, SETTINGS) for path in paths}
    ran, errors = execute(known, build / CACHE)
    read_again(ran, build)
    failed = 1 if errors else write_pages(table, build)
    if failed:
        print(*errors, *map(summary, errors), NOT_BUILT, sep="\n", file=sys.stderr)
        return failed
    finish_pages(build)
    print(report(costs(dict(sorted(known.items())), build / CACHE), build))
    print(scale.summary())
    page = build / "html" / "index.html"
    print(f"Built in {time.monotonic() - start:.0f} s. Open {page}")
    return 0


if __name__ == "__main__":
    home.write_any_letter()
    sys.exit(main(sys.argv[1:]))

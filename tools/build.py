"""Build the book: run the notebooks (cached), write the pages, say what each took.

    python tools/build.py                       the whole book, into _build/html
    python tools/build.py 01_linear_regions     one chapter, into _build/one

MyST-NB's cache knows a notebook by its code alone, so this throws the build away
whenever the helpers, the pinned packages or the build's own settings have changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from execute import Cost, costs, execute

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
ONE = BUILD / "one"
SETTINGS = {"DLT_FRAMES": "all", "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}


def inputs_hash() -> str:
    """A hash of what the notebooks' outputs depend on beside their own code."""
    files = [
        *sorted((ROOT / "helpers").rglob("*.py")),
        *sorted((ROOT / "helpers").rglob("*.json")),
        *sorted((ROOT / "book" / "_ext").glob("*.py")),
        ROOT / "requirements.txt",
        ROOT / "_config.yml",
    ]
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def discard_stale(current: str, build: Path) -> None:
    """Remove the last build if it was made from other inputs."""
    stamp = build / "inputs.sha256"
    if build.exists() and not (stamp.exists() and stamp.read_text() == current):
        shutil.rmtree(build)
    build.mkdir(parents=True, exist_ok=True)
    stamp.write_text(current)


def contents(chapters: list[str]) -> dict[str, Any]:
    """The table of contents, cut down to such chapters; none given, whole.

    Raises:
        ValueError: an unknown chapter.
    """
    table: dict[str, Any] = yaml.safe_load((ROOT / "_toc.yml").read_text())
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


def write_pages(table: dict[str, Any], build: Path) -> int:
    """Call Jupyter Book; its exit status.

    A warning fails the whole book. One chapter has links to pages it is built without.
    """
    toc = build / "toc.yml"
    toc.write_text(yaml.safe_dump(table, sort_keys=False))
    command = ["jupyter-book", "build", "--quiet", str(ROOT)]
    strict = ["-W", "--keep-going"] if build == BUILD else []
    places = ["--toc", str(toc), "--path-output", str(build.parent)]
    program = str(Path(sys.executable).parent / command[0])
    return subprocess.run(
        [program, *command[1:], *strict, *places], env=os.environ
    ).returncode


def page_megabytes(path: Path, build: Path) -> float:
    """Size of a chapter's page with its figures."""
    pages = build / "html" / "book"
    page = pages / f"{path.stem}.html"
    images = (build / "html" / "_images").glob("*")
    text = page.read_text()
    return (
        len(text.encode())
        + sum(image.stat().st_size for image in images if image.name in text)
    ) / 1e6


def report(taken: dict[Path, Cost], build: Path) -> str:
    """The table of what each chapter takes."""
    rows = [f"{'chapter':24}{'seconds':>9}{'memory MB':>11}{'page MB':>9}"]
    for path, cost in taken.items():
        size = page_megabytes(path, build)
        rows.append(
            f"{path.stem:24}{cost.seconds:9.0f}{cost.megabytes:11.0f}{size:9.1f}"
        )
    pace = sum(cost.pace for cost in taken.values()) / len(taken)
    rows.append(
        f"Seconds of the reference machine: this one took {pace:.1f} times them."
    )
    return "\n".join(rows)


def main(chapters: list[str]) -> int:
    """Build, and print what each chapter took and the page to open."""
    start = time.monotonic()
    build = ONE / "_build" if chapters else BUILD
    table = contents(chapters)
    discard_stale(inputs_hash(), build)
    os.environ.update(SETTINGS)
    cache = build / ".jupyter_cache"
    errors = execute(notebooks_of(table), cache)
    failed = 1 if errors else write_pages(table, build)
    if failed:
        print(
            *errors,
            "The book did not build: the cause stands above.",
            sep="\n",
            file=sys.stderr,
        )
        return failed
    print(report(costs(notebooks_of(table), cache), build))
    page = build / "html" / "index.html"
    print(f"Built in {time.monotonic() - start:.0f} s. Open {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

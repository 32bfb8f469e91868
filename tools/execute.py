"""Run notebooks side by side and keep their outputs where MyST-NB looks for them."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from pace import PaceMeter

CELL_SECONDS = 180
"""A cell that takes longer stops the build."""


@dataclass(frozen=True)
class Cost:
    """What one notebook took.

    Attributes:
        seconds: of a processor of the reference machine (see pace.py).
        megabytes: memory at its peak.
        pace: how many times longer than the reference this machine took.
    """

    seconds: float
    megabytes: float
    pace: float


def costs(notebooks: Sequence[Path], folder: Path) -> dict[Path, Cost]:
    """What each notebook took when it was run; those without a run are left out."""
    cache, found = get_cache(str(folder)), {}
    for path in notebooks:
        with suppress(KeyError):
            data = cache.match_cache_notebook(_read(path)).data
            found[path] = Cost(**data)
    return found


def execute(notebooks: Sequence[Path], folder: Path) -> list[str]:
    """Run the notebooks that the cache in `folder` lacks, as many at once as cores.

    Returns:
        The traceback of each notebook that failed; the others are kept.
    """
    cache, errors = get_cache(str(folder)), []
    known = costs(notebooks, folder)
    waiting = [path for path in notebooks if path not in known]
    with ProcessPoolExecutor(
        len(os.sched_getaffinity(0)), get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        running = {pool.submit(_run, path): path for path in waiting}
        for done in as_completed(running):
            path, (notebook, cost, error) = running[done], done.result()
            if error is not None:
                errors.append(f"{path.name}\n{error}")
                continue
            cache.cache_notebook_bundle(
                CacheBundleIn(notebook, str(path), data=asdict(cost)),
                check_validity=False,
                overwrite=True,
            )
            print(f"ran {path.stem} in {cost.seconds * cost.pace:.0f} s", flush=True)
    return errors


def _run(path: Path) -> tuple[nbformat.NotebookNode, Cost, str | None]:
    """Run one notebook in its folder; this process runs no other."""
    notebook = _read(path)
    with PaceMeter() as machine:
        done = single_nb_execution(
            notebook, cwd=str(path.parent), timeout=CELL_SECONDS, allow_errors=False
        )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    per_megabyte = 2**20 if sys.platform == "darwin" else 2**10
    seconds = (used.ru_utime + used.ru_stime) / machine.mean
    cost = Cost(seconds, used.ru_maxrss / per_megabyte, machine.mean)
    return notebook, cost, done.exc_string


def _read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(
        path, as_version=nbformat.NO_CONVERT
    )
    return notebook

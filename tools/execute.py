"""Run notebooks side by side and keep their outputs where MyST-NB looks for them.

Figures of the explorers (see tools/kernel/kept_figures.py) are kept with the outputs.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase, NbArtifacts
from jupyter_cache.executors.utils import single_nb_execution
from kernel import kept_figures
from outputs import open_cache
from pace import PaceMeter
from progress import Progress
from traitlets.config import Config

CELL_SECONDS = 180
"""A cell that takes longer stops the build."""

KERNEL = Path(__file__).resolve().parent / "kernel"
"""The modules that kernels load."""

SLOW = ["fontTools.subset", "jupyter_cache.executors.utils", "matplotlib.figure"]
"""Modules that take long to load: once, where the system has a fork server."""

RERAISE = "--InteractiveShellApp.reraise_ipython_extension_failures=True"
"""A kernel that cannot load an extension fails."""


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


Outcome = tuple[nbformat.NotebookNode, Cost, str | None]
"""A notebook that ran, what it took, and the traceback if it failed."""


def costs(known: Mapping[Path, str], folder: Path) -> dict[Path, Cost]:
    """What each notebook took when it was run under its key; others are left out."""
    with open_cache(folder) as cache:
        found = {path: _under(key, path, cache) for path, key in known.items()}
    return {path: one[0] for path, one in found.items() if one}


def runs(known: Mapping[Path, str], folder: Path) -> dict[Path, nbformat.NotebookNode]:
    """Each notebook as it was run under its key, with its outputs; others left out."""
    with open_cache(folder) as cache:
        found = {path: _under(key, path, cache) for path, key in known.items()}
        return {
            path: cache.get_cache_bundle(one[1]).nb
            for path, one in found.items()
            if one
        }


def figures_of(path: Path, key: str, folder: Path) -> list[Path]:
    """The pickled figures of a notebook's run under its key, one file an explorer.

    Raises:
        KeyError: it was not run under that key.
    """
    with open_cache(folder) as cache:
        found = _under(key, path, cache)
        if found is None:
            raise KeyError(f"{path.name} was not run under this key: build the book")
        return sorted(cache.get_cache_bundle(found[1]).artifacts.paths)


def _under(key: str, path: Path, cache: JupyterCacheBase) -> tuple[Cost, int] | None:
    """What a notebook took under its key, and the number of that run in the cache."""
    with suppress(KeyError):
        record = cache.match_cache_notebook(_read(path))
        data = dict(record.data)
        if data.pop("key", None) == key:
            return Cost(**data), record.pk
    return None


def execute(known: Mapping[Path, str], folder: Path) -> tuple[list[Path], list[str]]:
    """Run the notebooks that the cache in `folder` lacks, as many at once as cores.

    Args:
        known: each notebook with the key of what its outputs depend on.
        folder: of the cache.

    Returns:
        The notebooks that ran and are kept; the traceback of each that failed.
    """
    ran, errors = [], []
    there = costs(known, folder)
    waiting = [path for path in known if path not in there]
    with (
        open_cache(folder) as cache,
        TemporaryDirectory() as figures,
        Progress(waiting, _cores()) as progress,
        ProcessPoolExecutor(_cores(), _context(), max_tasks_per_child=1) as pool,
    ):
        places = {path: Path(figures) / path.stem for path in waiting}
        running = {pool.submit(_run, *one): one[0] for one in places.items()}
        for done in _as_they_end(running, progress):
            path, (notebook, cost, error) = running[done], done.result()
            if error is not None:
                errors.append(f"{path.name}\n{error}")
                progress.failed(path, error)
                continue
            cache.cache_notebook_bundle(
                CacheBundleIn(
                    notebook,
                    str(path),
                    artifacts=NbArtifacts([*places[path].iterdir()], places[path]),
                    data=asdict(cost) | {"key": known[path]},
                ),
                check_validity=False,
                overwrite=True,
            )
            ran.append(path)
            progress.ran(path, cost.seconds * cost.pace)
    return ran, errors


def _as_they_end(
    running: Iterable[Future[Outcome]], progress: Progress
) -> Iterator[Future[Outcome]]:
    """Each as soon as it is done; the clock goes on in between."""
    left = set(running)
    while left:
        done, left = wait(left, timeout=1, return_when=FIRST_COMPLETED)
        yield from done
        progress.tick()


def _cores() -> int:
    """The cores this process may use; all of them where the system cannot say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> BaseContext:
    """Processes that start afresh; where the system can, with what is slow to load."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(SLOW)
    return context


def _run(path: Path, figures: Path) -> Outcome:
    """Run one notebook in its folder; this process runs no other.

    `figures`: the folder, made here, for the pickles of its explorers.
    """
    notebook = _read(path)
    figures.mkdir()
    os.environ[kept_figures.VARIABLE] = str(figures)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(KERNEL), os.environ.get("PYTHONPATH")))
    )
    with PaceMeter() as machine, kernel_of_its_own() as config:
        config.NotebookClient.extra_arguments = ["--ext=kept_figures", RERAISE]
        done = single_nb_execution(
            notebook,
            cwd=str(path.parent),
            timeout=CELL_SECONDS,
            allow_errors=False,
            config=config,
        )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    per_megabyte = 2**20 if sys.platform == "darwin" else 2**10
    seconds = (used.ru_utime + used.ru_stime) / machine.mean
    cost = Cost(seconds, used.ru_maxrss / per_megabyte, machine.mean)
    return notebook, cost, done.exc_string


@contextmanager
def kernel_of_its_own() -> Iterator[Config]:
    """Settings of a kernel that talks through files, where the system has such.

    Two kernels that start at the same moment may choose the same port.
    """
    if os.name == "nt":
        yield Config()
        return
    with TemporaryDirectory(prefix="book") as folder:  # such paths must be short
        yield Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


def _read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(
        path, as_version=nbformat.NO_CONVERT
    )
    return notebook

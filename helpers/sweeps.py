"""Grids times seeds through joblib, kept on disk so that nothing is computed twice."""

import hashlib
import json
import operator
import os
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import product, takewhile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from joblib.parallel import get_active_backend
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from helpers.fingerprints import fingerprint

__all__ = [
    "Sweep",
    "SweepError",
    "sweep",
]

Values = np.ndarray | dict[str, np.ndarray]
_Result = dict[str, np.ndarray]
_Call = tuple[dict[str, Any], int]
_PLAIN = ""  # the name under which a result that is not a dict is kept


class SweepError(RuntimeError):
    """One call of the swept function failed; the message names its point and seed."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The results of a sweep, in the order of its grid and seeds.

    Attributes:
        grid: name -> the values it took.
        seeds: the seeds.
        values: [*lengths of the grid, n_seeds, *shape of one result], or one such
            array per key when the results are dicts.
    """

    grid: Mapping[str, tuple[Any, ...]]
    seeds: tuple[int, ...]
    values: Values

    def mean(self) -> Values:
        """Return the mean over the seeds, [*lengths of the grid, *shape]."""
        return self._over_seeds(lambda a, axis: a.mean(axis=axis))

    def stderr(self) -> Values:
        """Return the standard error of that mean: sample deviation / sqrt(n_seeds).

        Raises:
            ValueError: fewer than 2 seeds.
        """
        n = len(self.seeds)
        if n < 2:
            raise ValueError(f"stderr needs at least 2 seeds, got {n}")
        return self._over_seeds(lambda a, axis: a.std(axis=axis, ddof=1) / n**0.5)

    def _over_seeds(self, reduce: Callable[[np.ndarray, int], np.ndarray]) -> Values:
        axis = len(self.grid)
        if isinstance(self.values, dict):
            return {key: reduce(array, axis) for key, array in self.values.items()}
        return reduce(self.values, axis)


def sweep(
    fn: Callable[..., Any],
    grid: Mapping[str, Sequence[Any]],
    seeds: Sequence[int],
    *,
    cache: str | os.PathLike[str] | None = None,
    progress: bool = True,
    n_jobs: int | None = None,
) -> Sweep:
    """Call fn(seed=s, **point) for every point of the grid and every seed.

    The calls run in processes on this machine, or where the caller's
    `joblib.parallel_config` sends them (`backend="dask"` is a dask cluster), each with
    one BLAS and torch thread; the numbers are the same wherever and in whatever order
    they run, if `fn` draws only from generators made from `seed`. `fn` travels with
    what it captures, so load big data inside it.

    With `cache`, each result is written as it arrives, by the calling process, and a
    call already there is not made again. A result is found by the point, the seed and
    `fingerprint(fn)`: the code and source of `fn` and, by value, all that it reads
    outside itself. Not seen are files and the insides of other modules that `fn` calls:
    delete the folder when they change.

    Args:
        fn: returns a number, an array or a dict of these, of one shape throughout.
        grid: argument -> its values: numbers, strings, None, or tuples of these; the
            empty grid has one point.
        seeds: distinct integers.
        cache: folder of the results, made if missing; None keeps nothing.
        progress: show a progress bar on stderr (TQDM_DISABLE=1 hides it).
        n_jobs: number of workers; None is what `parallel_config` says, else all cores.

    Returns:
        All results in the order of `grid` and `seeds`.

    Raises:
        ValueError: bad grid, seeds or results; with `cache`, `fn` of unknown source or
            with a value that cannot be compared between runs, which is named.
        SweepError: `fn` raised; the calls under way are finished and kept first.
    """
    points, seeds = _checked_grid(grid), _checked_seeds(seeds)
    lengths = [*map(len, points.values()), len(seeds)]
    combined = [dict(zip(points, v, strict=True)) for v in product(*points.values())]
    calls = [(point, seed) for point in combined for seed in seeds]
    store = None if cache is None else _Store(Path(cache), fn)
    results = {} if store is None else store.found(calls)
    todo = [i for i in range(len(calls)) if i not in results]
    failures = []
    with warnings.catch_warnings(), closing(_computed(fn, calls, todo, n_jobs)) as new:
        warnings.filterwarnings("ignore", ".* tasks .*(not used|cancelled)")
        bar = tqdm(new, "sweep", len(todo), leave=False) if progress else new
        for i, result in bar:
            if isinstance(result, SweepError):
                failures.append(result)
            else:
                results[i] = result
                if store is not None:
                    store.put(calls[i], result)
    if failures:
        raise failures[0]
    return Sweep(points, seeds, _stacked(results, calls, lengths))


def _computed(
    fn: Callable[..., Any], calls: list[_Call], todo: list[int], n_jobs: int | None
) -> Generator[tuple[int, _Result | SweepError], None, None]:
    """Yield (index, result or failure) as they finish; no new call after a failure."""
    if not todo:
        return
    failed = False
    indices = takewhile(lambda _: not failed, todo)
    tasks = (joblib.delayed(_answered)(fn, i, calls[i]) for i in indices)
    workers = n_jobs or get_active_backend()[1] or -1
    pool = joblib.Parallel(workers, batch_size=1, return_as="generator_unordered")
    with _one_thread():
        for i, result in pool(tasks):
            failed = failed or isinstance(result, SweepError)
            yield i, result


def _answered(
    fn: Callable[..., Any], index: int, call: _Call
) -> tuple[int, _Result | SweepError]:
    """Make one call, in the worker; a failure is returned so that no result is lost."""
    point, seed = call
    try:
        with _one_thread():
            return index, _as_result(fn(seed=seed, **point))
    except Exception as error:
        failure = SweepError(f"{_name(fn)} failed at {point}, seed {seed}: {error!r}")
        failure.add_note(traceback.format_exc())
        return index, failure


@contextmanager
def _one_thread() -> Iterator[None]:
    """Give BLAS and torch one thread, so that workers do not fight for the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


def _as_result(value: Any) -> _Result:
    """Return key -> numeric array; a value that is not a dict gets the key ""."""
    entries = dict(value) if isinstance(value, Mapping) else {"value": value}
    result = {key: np.asarray(entry) for key, entry in entries.items()}
    numeric = all(array.dtype.kind in "biufc" for array in result.values())
    if not (result and numeric and all(k and isinstance(k, str) for k in result)):
        raise TypeError(
            "fn must return a number, a numeric array or a dict from non-empty strings "
            f"to these, got {value!r:.200}"
        )
    return result if isinstance(value, Mapping) else {_PLAIN: result["value"]}


def _stacked(
    results: dict[int, _Result], calls: list[_Call], lengths: list[int]
) -> Values:
    """Return the results as arrays of shape [*lengths, *shape of one result]."""
    ordered = [results[i] for i in range(len(calls))]
    shapes = [{key: array.shape for key, array in r.items()} for r in ordered]
    for call, shape in zip(calls, shapes, strict=True):
        if shape != shapes[0]:
            first = f"{shapes[0]} at {calls[0]}"
            raise ValueError(f"all shapes must equal {first}; got {shape} at {call}")
    values = {
        key: np.stack([result[key] for result in ordered]).reshape(*lengths, *shape)
        for key, shape in shapes[0].items()
    }
    return values.get(_PLAIN, values)


class _Store:
    """A folder with one .npz file per call of one function."""

    def __init__(self, folder: Path, fn: Callable[..., Any]) -> None:
        self.folder, self.identity = folder, fingerprint(fn)
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, call: _Call) -> Path:
        """Return where the result of the call is, or would be."""
        parts = [self.identity, *call]
        key = json.dumps(parts, sort_keys=True).encode()
        return self.folder / f"{hashlib.sha256(key).hexdigest()}.npz"

    def found(self, calls: list[_Call]) -> dict[int, _Result]:
        """Return index -> result for the calls on disk; damaged files do not count."""
        results = {}
        for i, call in enumerate(calls):
            with (
                suppress(OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error),
                self.path(call).open("rb") as file,
                np.load(file, allow_pickle=False) as arrays,
            ):
                results[i] = {key[1:]: arrays[key] for key in arrays}
        return results

    def put(self, call: _Call, result: _Result) -> None:
        """Write the result at once or not at all."""
        path = self.path(call)
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with unfinished.open("wb") as file:
                arrays: dict[str, Any] = {
                    f"_{key}": array for key, array in result.items()
                }
                np.savez(file, **arrays)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _name(value: Any) -> str:
    """Return the name of a function or class, or of the value's type."""
    return getattr(value, "__qualname__", type(value).__qualname__)


def _is_plain(value: Any) -> bool:
    """Return whether the value is a number, string, None or nested tuples of these."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | np.integer | np.bool_)


def _checked_grid(
    grid: Mapping[str, Sequence[Any]],
) -> dict[str, tuple[Any, ...]]:
    """Return the grid with tuples of plain Python values, or raise."""
    checked = {}
    for name, values in grid.items():
        if name == "seed":
            raise ValueError("grid must not hold 'seed', that is what seeds is for")
        if isinstance(values, str) or len(values) == 0:
            raise ValueError(
                f"grid[{name!r}] must be a non-empty sequence of values, got {values!r}"
            )
        plain = tuple(v.item() if isinstance(v, np.generic) else v for v in values)
        if not _is_plain(plain):
            raise ValueError(
                f"grid[{name!r}] must hold numbers, strings, None or tuples of these, "
                f"got {plain!r}"
            )
        checked[name] = plain
    return checked


def _checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """Return the seeds as distinct integers, or raise."""
    checked = tuple(operator.index(seed) for seed in seeds)
    if not checked or len(set(checked)) < len(checked):
        raise ValueError(f"seeds must be at least one, all distinct, got {checked}")
    return checked

"""Grade a folder: several submissions at a time, each in processes of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkContext, ForkProcess
from pathlib import Path

import torch

from course import grade_record
from course.grade_checks import Graded, Grading, grade, nothing
from course.grade_perform import ROUNDS
from course.grade_submission import GRACE, PATIENCE, StageError

FAILED = "the check itself failed; grade this one by hand"
_NO_STAGE = 3  # exit status


@dataclass(frozen=True)
class Work:
    """One submission to grade: whose, which file, and the key of its record."""

    name: str
    path: Path
    key: str


def submissions(folder: Path) -> dict[str, Path]:
    """The notebooks in a folder, by student.

    `folder/ada.ipynb` is of ada; so is `folder/ada/any.ipynb`, as Moodle gives it out.

    Raises:
        ValueError: there is no such folder, or no notebook in it.
    """
    if not folder.is_dir():
        raise ValueError(f"no folder {folder}; give one that holds notebooks (.ipynb)")
    found: dict[str, Path] = {}
    for path in [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("*/*.ipynb"))]:
        inside = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in inside):
            several = len(list(path.parent.glob("*.ipynb"))) > 1
            name = path.stem if len(inside) == 1 else inside[0]
            if len(inside) > 1 and (several or name in found):
                name = f"{inside[0]} {path.stem}"
            found[name] = path
    if not found:
        raise ValueError(
            f"no notebook (.ipynb) in {folder} or in a folder directly below it"
        )
    return found


def left_out(folder: Path, taken: Mapping[str, Path]) -> list[str]:
    """What lies in the folder and is no submission."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if not path.name.startswith(".")
        and not any(one.is_relative_to(path) for one in taken.values())
    )


def grade_all(
    works: Sequence[Work],
    grading: Grading,
    control: socket.socket,
    out: Path,
    jobs: int,
) -> Iterator[Graded]:
    """Grade submissions, and keep a record of each.

    Args:
        works: what to do.
        grading: the same for all.
        control: see `grade_submission.stage`.
        out: where the records are kept.
        jobs: how many at a time.

    Yields:
        What each has brought, as they come.

    Raises:
        StageError: the machine did not give a process.
    """
    context = multiprocessing.get_context("fork")
    waiting, running = list(reversed(works)), list[_Running]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                work = waiting.pop()
                running.append(_Running(context, work, grading, control, out))
            wait([one.process.sentinel for one in running], timeout=1)
            for one in [one for one in running if one.is_over()]:
                running.remove(one)
                yield one.outcome(out, grading)
    finally:
        for one in running:
            one.process.kill()
            one.process.join()


class _Running:
    """A process that grades one submission."""

    def __init__(
        self,
        context: ForkContext,
        work: Work,
        grading: Grading,
        control: socket.socket,
        out: Path,
    ) -> None:
        self.work = work
        limit = grading.limits.seconds
        self.end = time.monotonic() + PATIENCE
        self.end += (ROUNDS + 3 * len(grading.tasks)) * (limit + GRACE)
        self.process: ForkProcess = context.Process(
            target=_grade_one, args=(work, grading, control, out), daemon=False
        )
        self.process.start()

    def is_over(self) -> bool:
        """Whether it has ended, by itself or because it took far too long."""
        if time.monotonic() > self.end:
            self.process.kill()
        self.process.join(timeout=0)
        return self.process.exitcode is not None

    def outcome(self, out: Path, grading: Grading) -> Graded:
        """What it has found; without a record, that it failed."""
        if self.process.exitcode == _NO_STAGE:
            raise StageError("no process for a submission could be had")
        kept = grade_record.recall(out, self.work.name, self.work.key)
        failed = nothing(grading.tasks, FAILED)
        return kept or Graded(self.work.name, failed, (), (FAILED,))


def _grade_one(work: Work, grading: Grading, control: socket.socket, out: Path) -> None:
    """Run in a process of its own: grade, and keep the record."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    torch.set_num_threads(1)
    try:
        graded = grade(work.name, work.path, grading, control)
    except StageError:
        sys.stderr.flush()
        os._exit(_NO_STAGE)
    grade_record.keep(out, work.key, graded)

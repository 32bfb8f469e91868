"""Grade a folder of notebooks on this machine.

    python tools/grade.py FOLDER [--week 3 | --chapter 01_linear_regions]
    python tools/grade.py --masters otter --week 3

Writes scores.csv, feedback/<student>.md and gradescope/<student>.json. Every
submission runs in a process of its own with limits, on Linux without network; the
checks run in another, about other numbers than in the notebooks. Run it again and only
what has changed is graded again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from course.exercises import notebooks
from course.grade_checks import Graded, Grading
from course.grade_submission import StageError, stage
from course.plan import Task
from repository import current
from tqdm import tqdm

from course import (
    grade_cells,
    grade_folder,
    grade_jail,
    grade_masters,
    grade_record,
    grade_results,
    grade_tasks,
)
from course import plan as plans

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
APART = "Submissions had no network and saw no files of yours."
NOT_APART = (
    "Submissions had limits of time, memory and processes, but nothing kept them from "
    "the network and from your files ({why}): know whose code you run."
)


def main(arguments: Sequence[str]) -> int:
    """Grade, and say where the results are."""
    options = _options(arguments)
    try:
        tasks = _tasks(options)
        if options.masters:
            repository, branch = current()
            setup = grade_masters.SETUP.format(repository=repository, branch=branch)
            made = grade_masters.write(options.masters, tasks, _out(options), setup)
            print(f"wrote {made}")
            return 0
        found = grade_folder.submissions(options.folder)
        return _grade(options, tasks, found)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except StageError as error:
        print(f"{error}; what is graded is kept, try again", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _grade(
    options: argparse.Namespace, tasks: tuple[Task, ...], found: Mapping[str, Path]
) -> int:
    began = time.monotonic()
    out = _out(options)
    grading = _grading(options, tasks, out)
    common = grade_record.common(grading, ROOT, options.apart)
    works = [
        grade_folder.Work(name, path, grade_record.fingerprint(path, common))
        for name, path in found.items()
    ]
    done = {w.name: grade_record.recall(out, w.name, w.key) for w in works}
    graded = {name: one for name, one in done.items() if one}
    new = [work for work in works if work.name not in graded]
    why = ""
    if new:
        new_ones, why = _run(new, grading, out, options)
        graded |= {one.name: one for one in new_ones}
    table = [graded[name] for name in found]
    look = grade_results.look(table, tasks, {work.name: work.key for work in works})
    grade_results.write(out, table, tasks, look)
    _report(options, found, out, look, len(new), time.monotonic() - began)
    if new:
        print(NOT_APART.format(why=why) if why else APART)
    return 0


def _run(
    works: Sequence[grade_folder.Work],
    grading: Grading,
    out: Path,
    options: argparse.Namespace,
) -> tuple[list[Graded], str]:
    """Grade with a bar; also why submissions are not kept apart."""
    tqdm.monitor_interval = 0  # no thread: the work forks
    grade_jail.close_to_others()
    with stage(grading.limits, options.apart) as (control, why):
        graded = grade_folder.grade_all(works, grading, control, out, options.jobs)
        bar = tqdm(graded, total=len(works), unit=" submissions", file=sys.stderr)
        return list(bar), why


def _grading(options: argparse.Namespace, tasks: Sequence[Task], out: Path) -> Grading:
    checked = tuple(task for task in tasks if task.exercise.check)
    code = [grade_cells.code_of(path) for path in notebooks(BOOK)]
    limits = {one.name: getattr(options, one.name) for one in fields(grade_jail.Limits)}
    return Grading(
        tasks=checked,
        book=frozenset(source for sources in code for source in sources),
        seed=grade_record.seed(out, options.seed),
        limits=grade_jail.Limits(**limits),
    )


def _report(
    options: argparse.Namespace,
    found: Mapping[str, Path],
    out: Path,
    look: Mapping[str, Sequence[str]],
    new: int,
    seconds: float,
) -> None:
    print(f"{len(found)} submissions, {new} of them graded now, in {seconds:.0f} s")
    print(f"wrote {out / 'scores.csv'}, feedback/ and gradescope/ beside it")
    if others := grade_folder.left_out(options.folder, found):
        print(f"not graded, no notebook: {', '.join(others)}")
    if marked := [name for name, said in look.items() if said]:
        print(f"to look at (last column): {', '.join(marked)}")


def _tasks(options: argparse.Namespace) -> tuple[Task, ...]:
    if options.chapter:
        return grade_tasks.of_chapter(BOOK, options.chapter)
    if not options.course.is_file():
        raise ValueError(f"no file {options.course}; give a plan such as course.yml")
    plan = plans.load(options.course, BOOK)
    if options.week is not None:
        return grade_tasks.of_week(plan, options.week)
    return grade_tasks.of_course(plan)


def _out(options: argparse.Namespace) -> Path:
    """Where the results go, if not told: a folder of their own under _build."""
    if options.out:
        return Path(options.out)
    what = options.chapter or (f"week_{options.week:02}" if options.week else "course")
    name = options.folder.resolve().name if options.folder else options.masters
    return ROOT / "_build" / "grades" / f"{name}_{what}"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    limits = grade_jail.Limits()
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("folder", type=Path, nargs="?", help="of the notebooks handed in")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--week", type=int, help="of the course: 1, 2, ...")
    which.add_argument("--chapter", help="such as 01_linear_regions")
    add("--course", type=Path, default=ROOT / "course" / "course.yml")
    add("--out", type=Path, help="folder of the results")
    add("--masters", choices=["otter", "nbgrader"], help="write a master notebook")
    add("--seed", type=_above(0, int), help="of the checks; else drawn once and kept")
    add("--jobs", type=_above(0, int), default=2, help="submissions at a time")
    add("--seconds", type=_above(0, float), default=limits.seconds, help="an exercise")
    add("--memory", type=_above(0, float), default=limits.memory, help="GiB")
    add("--file", type=_above(0, int), default=limits.file, help="MiB")
    add("--processes", type=_above(0, int), default=limits.processes)
    add("--no-namespaces", dest="apart", action="store_false", help="limits alone")
    options = parser.parse_args(arguments)
    if options.folder is None and not options.masters:
        parser.error("give the folder of the notebooks handed in")
    return options


def _above(least: float, kind: type[int] | type[float]) -> Callable[[str], float]:
    """What reads a number of the command line."""

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = kind(least)
        if not least < number < float("inf"):
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} above {least:g}")
        return number

    return read


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Make the course kit: sheets, solutions, syllabus, start page, archives.

    python tools/kit.py [course/course.yml] [https://hub.example.org]

writes `_build/course` from the notebooks and from the built site. The address is that
of a JupyterHub, in place of the one in the course's file.
"""

from __future__ import annotations

import os
import sys
import time

import keys
import repository
from build import BUILD, CACHE, ROOT, SETTINGS
from course.assemble import Sources, assemble
from course.launch import Home
from course.plan import load
from course.slides import write_slides
from execute import costs

TARGET = BUILD / "course"


def seconds(chapters: tuple[str, ...]) -> dict[str, float]:
    """What the notebook of each chapter took in the build.

    Raises:
        FileNotFoundError: a chapter has changed since the build, or there was none.
    """
    paths = {ROOT / "book" / f"{name}.ipynb": name for name in chapters}
    known = {path: keys.key(path, SETTINGS) for path in paths}
    found = costs(known, BUILD / CACHE)
    missing = [name for path, name in paths.items() if path not in found]
    if missing:
        raise FileNotFoundError(
            f"not built as they stand: {', '.join(missing)}; `make book` builds them"
        )
    return {paths[path]: cost.seconds for path, cost in found.items()}


def main(arguments: list[str]) -> int:
    """Make it, and say where it is."""
    if len(arguments) > 2:
        print(__doc__, file=sys.stderr)
        return 2
    start = time.monotonic()
    os.environ.update(SETTINGS)
    course, hub, *_ = [*arguments, *("course/course.yml", "")[len(arguments) :]]
    try:
        plan = load(ROOT / course, ROOT / "book", hub)
        sources = Sources(
            root=ROOT,
            course=ROOT / course,
            home=Home(*repository.current()),
            seconds=seconds(plan.chapters),
            site=BUILD / "html",
            cache=BUILD / ".sheets_cache",
            slides=write_slides,
        )
        assemble(plan, sources, TARGET)
    except (OSError, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    taken = time.monotonic() - start
    print(f"Made in {taken:.0f} s. Open {TARGET / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

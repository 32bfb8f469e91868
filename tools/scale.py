"""Which stored results are out of date, and their commands; or run a chapter's.

    python tools/scale.py                     list every stored result
    python tools/scale.py 06_sgd_noise        make those of a chapter again

Commands run one after another, and each writes its result as soon as it has it, so a
run can be cut off: called again, it leaves out what today's code has made. Runs for
other seeds (`make seeds`) are listed and not run.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from helpers.stored_runs import ROOT, notebook_of, since, stored_files


def listed() -> str:
    """Every stored result: what has changed since, and what makes it again."""
    lines = []
    for path in stored_files():
        found = since(path)
        lines.append(f"{path.relative_to(ROOT)}: {found.changed() or 'as it was'}")
        if found.changed():
            lines.append(f"    {found.run.command}")
    return "\n".join(lines)


def summary() -> str:
    """In a line, how many stored results are out of date."""
    found = [since(path).changed() for path in stored_files()]
    return (
        f"Stored results: {len(found)}, of which {sum(map(bool, found))} were measured "
        "by code that has changed since (`make scale` lists them)."
    )


def make_again(path: Path) -> int:
    """Run the command of a stored file, unless its code is as it was; its status."""
    found = since(path)
    name, words = path.relative_to(ROOT), shlex.split(found.run.command)
    if not found.changed():
        print(f"{name}: as it was")
        return 0
    if words[0] != "python":
        print(f"{name}: not run here: {found.run.command}")
        return 0
    print(f"{name}: {found.run.command}", flush=True)
    return subprocess.run([sys.executable, *words[1:]], cwd=ROOT).returncode


def main(arguments: list[str]) -> int:
    """List, or run a chapter's commands to the end, whichever of them fail.

    Raises:
        ValueError: the chapter has no stored result.
    """
    if not arguments:
        print(listed())
        return 0
    by_chapter: dict[str, list[Path]] = {}
    for path in stored_files():
        by_chapter.setdefault(notebook_of(path).stem, []).append(path)
    (chapter,) = arguments
    if chapter not in by_chapter:
        raise ValueError(f"no stored result of {chapter!r}; there are {[*by_chapter]}")
    return max(map(make_again, by_chapter[chapter]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

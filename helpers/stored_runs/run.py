"""What a stored file says of how it was made, and the record of a run that ends."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from helpers.stored_runs.imports import ROOT, code_hash

PACKAGES = ("torch", "numpy", "scipy")
"""The packages whose versions a run carries, beside Python's."""

HASH = r"[0-9a-f]{16}"
"""The form of a hash of code."""

_FORMS = {
    "date": r"\d{4}-\d\d-\d\d",
    "commit": r"[0-9a-f]{40}(-dirty)?",
    "code": HASH,
}


@dataclass(frozen=True)
class Run:
    """How stored measurements were made. None: not recorded.

    Attributes:
        command: what makes them again, from the root of the checkout.
        date: on which it ran, as in "2026-11-28".
        machine: processors, and the graphics card if one was used.
        versions: of python and `PACKAGES`, by name; those that were recorded.
        seed: of the run, or all of its seeds.
        seconds: it took, by the clock.
        peak_memory_bytes: on the card if one was used, else of the largest process.
        commit: of the code that ran; "-dirty" after it for changes not committed.
        code: `code_hash` of that code.
        found_later: commit and hashes were not written by the run: the commit is the
            first that holds these measurements, found in the history.
    """

    command: str
    date: str
    machine: str
    versions: dict[str, str]
    seed: int | list[int] | None
    seconds: float | None
    peak_memory_bytes: int | None
    commit: str | None
    code: str | None
    found_later: bool = False

    def __post_init__(self) -> None:
        """Refuse what is not of the form above.

        Raises:
            ValueError: naming the field and what it was given.
        """
        for name, form in _FORMS.items():
            value = getattr(self, name)
            missing = value is None and name != "date"
            if not missing and not re.fullmatch(form, str(value)):
                raise ValueError(f"{name} of a stored run must be {form}: {value!r}")
        if not (self.command and self.machine):
            raise ValueError("a stored run needs its command and its machine")
        if not self.versions.keys() <= {"python", *PACKAGES}:
            raise ValueError(f"versions of a stored run: unknown in {self.versions}")
        for name in ("seconds", "peak_memory_bytes"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} of a stored run must be > 0: {value!r}")

    @property
    def text(self) -> str:
        """Date, machine, versions, commit and command in a line, as pages show it."""
        names = {"python": "Python"}
        parts = [self.date, self.machine]
        parts += [f"{names.get(name, name)} {v}" for name, v in self.versions.items()]
        parts.append(self.code_in_words)
        return f"{', '.join(parts)}: {self.command}"

    @property
    def code_in_words(self) -> str:
        """The commit, in short."""
        if self.commit is None:
            return "commit not recorded"
        commit = self.commit[:7] + self.commit[40:]
        return f"{'stored by ' if self.found_later else ''}commit {commit}"


def record(
    command: Sequence[str],
    modules: Iterable[str] | None = None,
    *,
    seed: int | list[int] | None,
    since: float,
    device: str = "cpu",
    root: Path = ROOT,
) -> Run:
    """Describe the run that ends now.

    Args:
        command: its words, as in `["python", "-m", "helpers.heavy_tails", "--store"]`.
        modules: of `helpers`, that did the work; by default what `python -m` names.
        seed: as in `Run`.
        since: `time.perf_counter()` when it began.
        device: where torch computed.
        root: the checkout.
    """
    machine = f"{os.cpu_count()} CPU cores"
    if device != "cpu":
        import torch

        machine += f", {torch.cuda.get_device_name(device)}"
    return Run(
        command=shlex.join(command),
        date=str(datetime.date.today()),
        machine=machine,
        versions={"python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        seed=seed,
        seconds=float(f"{time.perf_counter() - since:.3g}"),
        peak_memory_bytes=peak_memory_bytes(device),
        commit=_commit(root),
        code=code_hash(modules or [program_of(command, root)], root),
    )


def program_of(command: Sequence[str], root: Path = ROOT) -> str:
    """The module that a command such as ["python", "-m", "helpers.heavy_tails"] runs.

    Of a package that is its `__main__`, of a file the file.

    Args:
        command: its words.
        root: the folder that holds `helpers`.

    Raises:
        ValueError: it runs none.
    """
    if [*command[:2]] != ["python", "-m"] or len(command) < 3:
        raise ValueError(f"command must begin with python -m and a module: {command}")
    name = command[2]
    alone = root.joinpath(*name.split(".")).with_suffix(".py").is_file()
    return name if alone else f"{name}.__main__"


def peak_memory_bytes(device: str = "cpu") -> int:
    """The most bytes held: on the card, or by this process or one that it started."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated(device))
    import resource  # not on Windows, where a run cannot be recorded

    unit = 1 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return unit * max(resource.getrusage(one).ru_maxrss for one in who)


def _commit(root: Path) -> str | None:
    """The commit of a checkout; None where there is none, or no git."""
    code = [":(glob)helpers/**/*.py", ":(glob)book/*.ipynb"]
    try:
        head, changed = (
            subprocess.run(
                ["git", *words],
                cwd=root,
                check=True,
                capture_output=True,
                text=True,
                encoding="utf-8",
            ).stdout.strip()
            for words in (
                ["rev-parse", "HEAD"],
                ["status", "--porcelain", "--", *code],
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + "-dirty" * bool(changed)

"""What a build shows while notebooks run: a bar with the time left, a line for each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
TIMES = ROOT / "book" / "_data" / "teaching" / "cell_times.json"
OTHER_SECONDS = 25.0
"""What a notebook counts for whose time is not measured."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def expected(paths: Iterable[Path]) -> dict[Path, float]:
    """Seconds that each notebook takes on the reference machine, as stored."""
    stored = json.loads(TIMES.read_text(encoding="utf-8")) if TIMES.exists() else {}
    return {
        path: sum(stored[path.stem]["sections"].values())
        if path.stem in stored
        else OTHER_SECONDS
        for path in paths
    }


def in_one_line(traceback: str) -> str:
    """The last line of a traceback that says something, without colours."""
    lines = [line.strip() for line in COLOURS.sub("", traceback).splitlines()]
    return next(filter(None, reversed(lines)), "no message")


def failure(path: Path, traceback: str) -> str:
    """What failed in a notebook, in one line, and how to run that chapter alone."""
    said = f"{path.stem} failed: {in_one_line(traceback)}"
    if path.parent != ROOT / "book":
        return said
    return f"{said}; run it alone: make book CHAPTER={path.stem}"


class Progress:
    """A bar over the notebooks that run, where a terminal shows it.

    A notebook counts for the seconds that it is expected to take, so that the time left
    is near even where chapters differ.
    """

    def __init__(self, paths: Iterable[Path], cores: int) -> None:
        """Say what will run, and start the bar."""
        self._weights, self._done = expected(paths), 0
        names = ", ".join(path.stem for path in self._weights) or "none"
        at_once = min(cores, len(self._weights))
        side = f", {at_once} at a time" if at_once > 1 else ""
        print(f"Notebooks to run{side}: {names}", flush=True)
        self._bar = tqdm(
            total=sum(self._weights.values()),
            desc=self._count(),
            bar_format="{desc} |{bar}| {elapsed}, {remaining} left",
            smoothing=0,
            disable=None if self._weights else True,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def tick(self) -> None:
        """Let the clock go on."""
        self._bar.refresh()

    def ran(self, path: Path, seconds: float) -> None:
        """A notebook is done."""
        self._advance(path, f"ran {path.stem} in {seconds:.0f} s")

    def failed(self, path: Path, traceback: str) -> None:
        """A notebook has failed with such a traceback."""
        self._advance(path, failure(path, traceback))

    def _advance(self, path: Path, line: str) -> None:
        self._done += 1
        self._bar.set_description_str(self._count(), refresh=False)
        self._bar.update(self._weights[path])
        self._bar.write(f"{line} ({self._done} of {len(self._weights)})")

    def _count(self) -> str:
        return f"{self._done} of {len(self._weights)} notebooks"

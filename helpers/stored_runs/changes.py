"""Whether the code behind a stored file is still what measured it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from helpers.stored_runs.claim_lines import claim_hashes
from helpers.stored_runs.files import ROWS, notebook_of, read, rows_of
from helpers.stored_runs.imports import ROOT, code_hash, code_of, imported
from helpers.stored_runs.run import Run, program_of


@dataclass(frozen=True)
class Since:
    """A stored run, and what has changed since in the code behind it.

    Attributes:
        run: how it was made.
        code: whether the code of its room, or of what that imports, has changed.
        lines: ids of the claims whose lines in the notebook have changed.
    """

    run: Run
    code: bool
    lines: frozenset[str]

    def changed(self, id: str | None = None) -> str:
        """What has changed since behind a row, or behind the whole file; "" if nothing.

        Args:
            id: of the row; None for the whole file.
        """
        if self.run.code is None:
            return "not recorded which code measured it"
        found = ["its helpers, or what these import"] * self.code
        if id in self.lines:
            found.append("the lines of the page that measure it")
        elif id is None and self.lines:
            found.append(f"the lines of the page for {len(self.lines)} of its claims")
        return "; ".join(found)

    def told(self, id: str | None = None) -> str:
        """The same in two sentences that the reader of a page needs; "" if nothing."""
        changed = self.changed(id)
        code = self.run.code_in_words
        return changed and (
            f"changed: {changed}. The number stands as measured on "
            f"{self.run.date} ({code}); today's code may give another."
        )


def since(path: Path, root: Path = ROOT) -> Since:
    """Compare the code behind a stored file with today's.

    Args:
        path: one of `stored_files`.
        root: the checkout.

    Raises:
        ValueError: the file is not of the form that `write` gives it.
    """
    stored = read(path)
    run = Run(**stored["run"])
    notebook, lines = notebook_of(path, root), frozenset[str]()
    modules = {f"helpers.{path.parent.parent.name}"}
    if path.stem in ROWS:
        today = claim_hashes(notebook)
        rows = rows_of(path.stem, stored)
        lines = frozenset(id for id, row in rows if row["lines"] != today.get(id))
        modules = {*imported(code_of(notebook), root)}
    elif run.command.startswith("python -m "):
        modules = {program_of(shlex.split(run.command), root)}
    return Since(run, code_hash(modules, root) != run.code, lines)

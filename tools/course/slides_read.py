"""A chapter's notebook with the outputs that the build has kept."""

from __future__ import annotations

from pathlib import Path

import nbformat
from build import BUILD, CACHE, SETTINGS
from execute import costs
from keys import key
from outputs import open_cache


class NotBuiltError(FileNotFoundError):
    """Something that `make book` makes is not there."""


def executed(notebook: Path, build: Path = BUILD) -> nbformat.NotebookNode:
    """A committed notebook with the outputs of its last run, and its own tags.

    Args:
        notebook: of a chapter.
        build: the folder that `make book` writes.

    Raises:
        NotBuiltError: it has not been run as it stands.
    """
    cache = build / CACHE
    known = {notebook: key(notebook, SETTINGS)}
    if not cache.is_dir() or not costs(known, cache):
        raise NotBuiltError(
            f"{notebook.stem} has not been run as it stands: `make book` runs it"
        )
    read = nbformat.read(notebook, as_version=4)
    with open_cache(cache) as kept:
        _, merged = kept.merge_match_into_notebook(read, cell_meta=())
    found: nbformat.NotebookNode = merged
    return found

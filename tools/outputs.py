"""The cache of notebooks' outputs, in a folder of any name."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from jupyter_cache.cache.main import JupyterCacheBase


@cache
def plain(folder: Path) -> Path:
    """A path to a folder without a question mark: after one, SQLite reads options."""
    if "?" not in str(folder.absolute()):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    place = mkdtemp(prefix="book")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    link = Path(place) / "link"
    link.symlink_to(folder.absolute(), target_is_directory=True)
    return link


@contextmanager
def open_cache(folder: Path) -> Iterator[JupyterCacheBase]:
    """The cache in a folder, made if there is none; its data base is closed after."""
    cache = JupyterCacheBase(str(plain(folder)))
    try:
        yield cache
    finally:
        cache.db.dispose()

"""Leave out of the site what the table of contents does not name.

sphinx-external-toc can do so too, but takes the path of the checkout for a pattern: in
a folder with [, ] or * in its name it finds nothing to leave out, and one chapter's
build then reads and runs all others. For the same reason the path of the notebooks'
cache is taken from the build, which knows one without a question mark.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.matching import get_matching_files

CACHE = "DLT_CACHE"
"""The environment variable in which the build hands over the folder of the cache."""


def not_named(source: Path, config: Config) -> Iterator[str]:
    """The documents under `source` that neither contents nor configuration name."""
    named = set(config.external_site_map)
    suffixes = tuple(config.source_suffix)
    for file in get_matching_files(source, exclude_patterns=config.exclude_patterns):
        stem = file.removesuffix(Path(file).suffix)
        if file.endswith(suffixes) and not {file, stem} & named:
            yield file


def _leave_out(app: Sphinx, config: Config) -> None:
    config.exclude_patterns += not_named(Path(app.srcdir), config)
    config.nb_execution_cache_path = os.environ.get(CACHE, "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Run after sphinx-external-toc has read the contents."""
    app.connect("config-inited", _leave_out, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

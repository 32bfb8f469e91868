"""Write the pages with more than one core, and look for no garbage.

Sphinx reads them one after another, since references between pages that were read
apart come out wrong, and then writes them side by side. The process ends with its
pages: to search what it holds for cycles, again and again, took a fifth of its time.
"""

from __future__ import annotations

import gc
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def write_side_by_side(app: Sphinx, env: BuildEnvironment) -> None:
    """Let two processes write pages while Sphinx's own resolves the next."""
    app.parallel = 3


def setup(app: Sphinx) -> dict[str, Any]:
    """Stop looking for garbage; write side by side when all pages have been read."""
    gc.disable()
    app.connect("env-updated", write_side_by_side)
    return {"version": "1", "parallel_read_safe": False}

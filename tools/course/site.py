"""The built site as students get it: without what is folded away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from course.exercises import without_folded


def copy_site(site: Path, target: Path) -> None:
    """Copy the built site without solutions, hints and source maps.

    Raises:
        FileNotFoundError: the site is not built.
    """
    if not (site / "index.html").exists():
        raise FileNotFoundError(f"{site} has no site: `make book` builds it")
    shutil.copytree(site, target, ignore=shutil.ignore_patterns("*.map", ".buildinfo"))
    for page in target.glob("book/*.html"):
        text = page.read_text(encoding="utf-8")
        if (shown := without_folded(text)) != text:
            page.write_text(shown, encoding="utf-8")
    for source in target.glob("_sources/book/*.ipynb"):
        notebook = json.loads(source.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            shown = without_folded("".join(cell["source"]))
            cell["source"] = shown.splitlines(keepends=True)
        source.write_text(json.dumps(notebook), encoding="utf-8")

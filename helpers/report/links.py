"""Where the chapters are: beside the page while the book is built, else published."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from helpers.explorer import FRAMES_VARIABLE

_DISTRIBUTION = "deep-learning-theory-helpers"
_CHECKOUT = Path(__file__).resolve().parents[2]
_REPOSITORY = re.compile(
    r"^Repository(?: = \"|, )https://github\.com/([\w-]+)/([\w.-]+)\"?$", re.MULTILINE
)


def chapter_link(chapter: str) -> str:
    """Return the address of a chapter's page; "" where none is known.

    While the book is built that is the page's name: all notebooks are in one folder.
    Elsewhere it is where the repository publishes its site.

    Args:
        chapter: its notebook, as "01_linear_regions".
    """
    if os.environ.get(FRAMES_VARIABLE) == "all":
        return f"{chapter}.html"
    site = published()
    return f"{site}book/{chapter}.html" if site else ""


def published() -> str:
    """Return the address of the repository's site, or "" where none is stated."""
    for text in _settings():
        found = _REPOSITORY.search(text)
        if found:
            return f"https://{found[1]}.github.io/{found[2]}/"
    return ""


def _settings() -> Iterator[str]:
    """Yield what names the repository: the checkout's settings, or the package's."""
    path = _CHECKOUT / "pyproject.toml"
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        if f'name = "{_DISTRIBUTION}"' in text:
            yield text
    try:
        yield "\n".join(metadata(_DISTRIBUTION).get_all("Project-URL") or [])
    except PackageNotFoundError:
        return

"""Say where the repository lives, everywhere at once.

    python tools/repository.py owner/name [branch]

`_config.yml` holds the address; this writes a new one there and in every file that
repeats it: the set-up cells, the badges, README and CITATION.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "_config.yml"


def current() -> tuple[str, str]:
    """The repository (owner/name) and the branch that `_config.yml` names."""
    text = CONFIG.read_text(encoding="utf-8")
    repository = re.search(r"url: https://github\.com/([\w.-]+/[\w.-]+)", text)
    branch = re.search(r"branch: (\S+)", text)
    if repository is None or branch is None:
        raise ValueError(f"{CONFIG} names no repository url and branch")
    return repository[1], branch[1]


def files_that_repeat_it() -> list[Path]:
    """Every file that holds the address."""
    names = ("README.md", "CITATION.cff", "CONTRIBUTING.md", "_config.yml")
    pages = [*(ROOT / "book").rglob("*.md"), *(ROOT / "book").glob("*.ipynb")]
    return [ROOT / name for name in names] + sorted(pages)


def moved(text: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """The text with every address of the old repository and branch replaced."""
    (old_name, old_branch), (new_name, new_branch) = old, new
    text = text.replace(
        f"{old_name}/blob/{old_branch}/", f"{new_name}/blob/{new_branch}/"
    )
    text = text.replace(f"{old_name}@{old_branch}", f"{new_name}@{new_branch}")
    text = text.replace(f"  branch: {old_branch}\n", f"  branch: {new_branch}\n")
    return text.replace(old_name, new_name)


def move(new: tuple[str, str]) -> list[Path]:
    """Write a repository and branch wherever those of `_config.yml` stand.

    Returns:
        The files that changed.
    """
    old, changed = current(), []
    for path in files_that_repeat_it():
        text = path.read_text(encoding="utf-8")
        if (made := moved(text, old, new)) != text:
            path.write_text(made, encoding="utf-8")
            changed.append(path)
    return changed


def main(arguments: list[str]) -> int:
    """Write the new address and list the files that changed."""
    if not 1 <= len(arguments) <= 2 or not re.fullmatch(
        r"[\w.-]+/[\w.-]+", arguments[0]
    ):
        print(__doc__, file=sys.stderr)
        return 2
    branch = arguments[1] if len(arguments) == 2 else current()[1]
    for path in move((arguments[0], branch)):
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Make a release: one version everywhere, a commit and a tag.

    python tools/release.py 2026.1

writes the version into CHANGELOG.md, CITATION.cff, .zenodo.json and pyproject.toml, and
the tag v2026.1 into badges, set-up cells and links; tests that, commits and tags it. A
second commit lets badges, cells and links open the branch again. Nothing is pushed. If
a test is red, or the work is interrupted, everything is as before.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from collections.abc import Sequence

import repository
from repository import ROOT

VERSION = re.compile(r"\d+(\.\d+){1,2}")
TEST = ("make", "test")
VERSIONS = {
    "CHANGELOG.md": (r"^## Unreleased$", "## Unreleased\n\n## {version} ({today})"),
    "CITATION.cff": (
        r"^version: .*$(\ndate-released: .*$)?",
        'version: "{version}"\ndate-released: {today}',
    ),
    ".zenodo.json": (r'^ "version": ".*"', ' "version": "{version}"'),
    "pyproject.toml": (r'^version = ".*"$', 'version = "{version}"'),
}
"""By file, the place of the version and what is written there."""


class RefusedError(Exception):
    """Why no release is made."""


def release(version: str, today: datetime.date, test: Sequence[str] = TEST) -> str:
    """Make a release; its tag.

    Args:
        version: such as "2026.1".
        today: the date of the release.
        test: the command that must succeed on the files of the release.

    Raises:
        RefusedError: the version is no version or is there already, files are not
            committed, git does not know who commits, a file has no place for the
            version, or a test is red.
    """
    tag = f"v{version}"
    _refuse(version, tag)
    before = _git("rev-parse", "HEAD")
    try:
        name, branch = repository.current()
        write_version(version, today)
        repository.move((name, tag))
        if subprocess.run(test, cwd=ROOT).returncode:
            raise RefusedError(f"`{' '.join(test)}` fails: no release")
        _git("commit", "--all", "--message", f"Release {version}")
        released = _git("rev-parse", "HEAD")
        repository.move((name, branch))
        _git("commit", "--all", "--message", f"Open {branch} again after {version}")
        _git("tag", "--annotate", tag, "--message", f"Release {version}", released)
    except BaseException:
        _git("reset", "--hard", before)
        raise
    return tag


def write_version(version: str, today: datetime.date) -> None:
    """Write version and date where they stand.

    Raises:
        RefusedError: a file without a place for it.
    """
    for name, (place, form) in VERSIONS.items():
        path = ROOT / name
        said = form.format(version=version, today=today)
        text, found = re.subn(
            place, said, path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE
        )
        if not found:
            raise RefusedError(f"{name} has no line {place!r}")
        path.write_text(text, encoding="utf-8")


def _refuse(version: str, tag: str) -> None:
    """Refuse what needs no test to be refused."""
    if not VERSION.fullmatch(version):
        raise RefusedError(f"a version is written as 2026.1, got {version!r}")
    if changed := _git("status", "--porcelain"):
        raise RefusedError(f"commit these first, or put them back:\n{changed}")
    if _git("tag", "--list", tag):
        raise RefusedError(f"there is a tag {tag} already; take the next version")
    _git("var", "GIT_COMMITTER_IDENT")  # before the tests, not after them


def _git(*arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise RefusedError(f"git {arguments[0]} fails: {done.stderr.strip()}")
    return done.stdout.rstrip()


def main(arguments: list[str]) -> int:
    """Make it, and say how to publish it."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        tag = release(arguments[0], datetime.date.today())
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Released as {tag}. Publish it: git push origin HEAD {tag}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

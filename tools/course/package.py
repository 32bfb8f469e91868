"""Files to hand out: a wheel of the helpers, archives, check sums."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

WHEEL_NEEDS = ("pyproject.toml", "README.md", "LICENSE")
GRADER_NEEDS = (
    "tools/grade.py",
    "tools/repository.py",
    "tools/course/*.py",
    "book/*.ipynb",
    "book/chapters.yml",
    "helpers/**/*.py",
    "helpers/**/*.json",
    "_config.yml",
    "LICENSE",
    "requirements.txt",
    "requirements-torch.txt",
)
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive, so that equal files make equal archives."""


def wheel(root: Path, folder: Path) -> Path:
    """Build a wheel of `helpers` into a folder, without a network.

    Cost: about 5 s.

    Raises:
        RuntimeError: pip fails; the message is its own.
    """
    with TemporaryDirectory(prefix="wheel") as place:
        for name in WHEEL_NEEDS:
            shutil.copy(root / name, place)
        shutil.copytree(
            root / "helpers",
            Path(place, "helpers"),
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        command = [sys.executable, "-m", "pip", "wheel", *options]
        done = subprocess.run(
            [*command, "--wheel-dir", str(folder), place],
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    if done.returncode:
        raise RuntimeError(f"no wheel of helpers:\n{done.stderr}")
    (made,) = folder.glob("*.whl")
    return made


def grader(root: Path, course: Path, folder: Path) -> None:
    """Copy what `tools/grade.py` needs, so that it runs from that folder alone.

    Args:
        root: of the repository.
        course: the file of the plan, by which it knows what a week asks.
        folder: to make.
    """
    for pattern in GRADER_NEEDS:
        for path in root.glob(pattern):
            copy = folder / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    (folder / "course").mkdir()
    shutil.copy(course, folder / "course" / "course.yml")


def archive(folder: Path, path: Path) -> None:
    """Write a folder's files into a zip, under the folder's name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for file in _files(folder):
            name = Path(folder.name, file.relative_to(folder)).as_posix()
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            made.writestr(entry, file.read_bytes())


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS, which `sha256sum -c SHA256SUMS` checks, beside the files.

    It has no line about itself.
    """
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  "
        f"{file.relative_to(folder).as_posix()}\n"
        for file in _files(folder)
        if file != folder / "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())

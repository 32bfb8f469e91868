"""What has been graded already: one small file a student, named for its inputs.

A submission is run again only if its notebook, the exercises, the checks, the seed or
the limits have changed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict
from pathlib import Path

from course.grade_checks import Graded, Grading
from course.grade_feedback import write

FOLDER = ".graded"


def fingerprint(path: Path, common: str) -> str:
    """A digest of a notebook and of what is the same for all."""
    return hashlib.sha256(common.encode() + path.read_bytes()).hexdigest()


def common(grading: Grading, root: Path, apart: bool) -> str:
    """A digest of what decides about all submissions but their own notebooks."""
    found = hashlib.sha256()
    tools = (root / "tools" / "course").glob("grade_*.py")
    for path in sorted([*tools, *(root / "helpers").rglob("*.py")]):
        found.update(path.read_bytes())
    asked = [(t.exercise.check, t.exercise.answer, t.points) for t in grading.tasks]
    settings = [asked, grading.seed, asdict(grading.limits), apart]
    found.update(json.dumps([settings, sorted(grading.book)]).encode())
    return found.hexdigest()


def recall(out: Path, name: str, key: str) -> Graded | None:
    """What a student's notebook has brought, if it was graded under that key."""
    try:
        stored = json.loads(_place(out, name).read_text(encoding="utf-8"))
        return Graded.from_json(stored["graded"]) if stored["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(out: Path, key: str, graded: Graded) -> None:
    """Store what a student's notebook has brought."""
    stored = {"key": key, "graded": graded.as_json()}
    write(_place(out, graded.name), json.dumps(stored, indent=1) + "\n")


def seed(out: Path, given: int | None) -> int:
    """The seed of this folder's checks: the given one, else its own, else a new one.

    All submissions are asked the same, and again when the work is resumed.
    """
    place = out / FOLDER / "seed"
    if given is None and place.exists():
        return int(place.read_text(encoding="ascii"))
    chosen = given if given is not None else 1 + secrets.randbelow(2**31 - 1)
    write(place, f"{chosen}\n")
    return chosen


def _place(out: Path, name: str) -> Path:
    return out / FOLDER / f"{name}.json"

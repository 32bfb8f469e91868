"""Whether the helpers that Python imports are those of this checkout.

    python tools/home.py        prints "here", or where they are

A checkout that was copied or moved brings the environment of the folder it was in, and
a package of the same name may have been installed over ours.
"""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def stranger() -> str | None:
    """Where `helpers` comes from if not from this checkout; None if it does."""
    found = importlib.util.find_spec("helpers")
    if found is None:
        return "nowhere"
    place = found.origin or str(list(found.submodule_search_locations or ()))
    ours = ROOT / "helpers" / "__init__.py"
    return None if Path(place).resolve() == ours.resolve() else place


def check() -> None:
    """Stop with a sentence if `helpers` is not that of this checkout.

    Raises:
        SystemExit: it is not.
    """
    if place := stranger():
        again = f"`{sys.executable} -m pip uninstall helpers`, then `make book`"
        away = again if Path(place).is_relative_to(sys.prefix) else "`make book`"
        raise SystemExit(
            f"`helpers` comes from {place}, not from {ROOT / 'helpers'}: {away} "
            "puts that right"
        )


def write_any_letter() -> None:
    """Print letters that the locale lacks as escapes, not as an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    print(stranger() or "here")
    sys.exit(stranger() is not None)

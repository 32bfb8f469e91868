"""A stranger named `helpers`: the set-up cell and our own package recognise it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from places import ROOT

CHAPTER = ROOT / "book" / "01_linear_regions.ipynb"


def set_up():
    """The part of the set-up cell that looks whose helpers there are."""
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    code = "".join(first["source"])
    _, begins, rest = code.partition("\nimport helpers\n")
    check, ends, _ = rest.partition("\nfrom helpers import")
    assert begins
    assert ends
    return f"import helpers\n{check}\nprint('went on')"


def run(folder, code):
    """Run code in a folder as a kernel does, which looks there first.

    Without installed packages (-S) no other helpers are found.
    """
    return subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def last_line(done):
    return done.stderr.strip().splitlines()[-1]


@pytest.fixture
def ours(tmp_path):
    """A folder in which our package lies."""
    shutil.copytree(
        ROOT / "helpers",
        tmp_path / "helpers",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return tmp_path


def test_with_our_helpers_it_goes_on(ours):
    assert run(ours, set_up()).stdout == "went on\n"


def test_a_file_of_the_students_own_beside_the_notebook_is_named(tmp_path):
    (tmp_path / "helpers.py").write_text("def mine(): pass\n", encoding="utf-8")
    done = run(tmp_path, set_up())
    assert done.stdout == ""
    said = last_line(done)
    assert said.startswith("ImportError: <module 'helpers' from ")
    assert str(tmp_path / "helpers.py") in said
    assert "rename that file and restart the kernel" in said


@pytest.mark.parametrize("left", ["# a stranger\n", None])
def test_a_package_that_was_installed_over_ours_or_removed_again(ours, left):
    """The one on the public index brings, and takes away, `helpers/__init__.py`."""
    init = ours / "helpers" / "__init__.py"
    if left is None:
        init.unlink()
    else:
        init.write_text(left, encoding="utf-8")
    done = run(ours, set_up())
    assert done.stdout == ""
    said = last_line(done)
    assert left is None or str(init) in said
    assert "`pip uninstall helpers deep-learning-theory-helpers`" in said


def test_our_package_says_what_a_stranger_took_with_it(ours):
    (ours / "helpers" / "data.py").unlink()
    shutil.rmtree(ours / "helpers" / "checks")
    said = last_line(run(ours, "import helpers"))
    assert said.startswith(f"ImportError: the book's package in {ours / 'helpers'} has")
    assert " has lost checks, data: another package named `helpers`" in said
    assert "install the book's again" in said

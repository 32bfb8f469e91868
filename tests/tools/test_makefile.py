"""The Makefile on a checkout of its own, with a Python that only notes its calls."""

import os
import shutil
import subprocess
import sys

import pytest
from places import ROOT

ODD = "a [2] $HOME ? * # % 'b"
PYTHON = """#!/bin/sh
echo "$@" >> calls
if [ "$1" = tools/home.py ]; then
  PYTHONPATH=$(cat helpers_at) exec '{real}' "$@"
fi
"""
EDITABLE = "-m pip install --quiet --no-deps --no-build-isolation --editable ."
REQUIREMENTS = (
    "requirements.txt",
    "requirements-torch.txt",
    "requirements-colab.txt",
    "pyproject.toml",
)


def environment(folder, name):
    """A folder that make takes for an environment made before."""
    (folder / name / "bin").mkdir(parents=True)
    python = folder / name / "bin" / "python"
    python.write_text(PYTHON.format(real=sys.executable), encoding="utf-8")
    python.chmod(0o755)
    (folder / name / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    return folder / name / "lib" / "python3.11" / "site-packages"


@pytest.fixture
def checkout(tmp_path):
    """A checkout with its environment; its path is one that tools trip over."""
    folder = tmp_path / ODD
    environment(folder, ".venv")
    for name in ("Makefile", "tools/home.py", "helpers/__init__.py", *REQUIREMENTS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "helpers_at").write_text(str(folder), encoding="utf-8")
    for stamp in (".packages", ".installed"):
        (folder / ".venv" / stamp).touch()
    return folder


def make(folder, *arguments, noted=True):
    """Run make in the folder; the calls of its Python, where that notes them."""
    (folder / "path").mkdir(exist_ok=True)
    shutil.copy(folder / ".venv" / "bin" / "python", folder / "path" / "python3")
    (folder / "calls").unlink(missing_ok=True)
    subprocess.run(
        ["make", *arguments],
        cwd=folder,
        check=True,
        env=os.environ | {"PATH": f"{folder / 'path'}:{os.environ['PATH']}"},
    )
    if not noted:
        return []
    calls = (folder / "calls").read_text(encoding="utf-8").splitlines()
    return [call for call in calls if call != "tools/home.py"]


def test_helpers_that_are_ours_are_not_installed_again(checkout):
    assert make(checkout, "book", "CHAPTER=01_a") == ["tools/build.py 01_a"]


@pytest.mark.parametrize("how", [shutil.copytree, shutil.move])
def test_a_checkout_that_was_copied_or_moved_gets_helpers_of_its_own(checkout, how):
    assert make(checkout, "book") == ["tools/build.py"]
    other = checkout.parent / "other"
    how(checkout, other)
    made = ["-m venv --without-pip .venv", EDITABLE, "tools/build.py"]
    assert make(other, "book") == made
    assert make(other, "book") == made  # for nothing was installed here
    (other / "helpers_at").write_text(str(other), encoding="utf-8")
    assert make(other, "book") == ["tools/build.py"]


@pytest.mark.parametrize("target", ["lint", "slides", "seeds", "pdf", "serve"])
def test_no_command_runs_with_the_helpers_of_another_folder(checkout, target):
    (checkout / "helpers_at").write_text(str(ROOT), encoding="utf-8")
    (checkout / ".venv" / "bin" / "zizmor").symlink_to("/bin/true")
    assert EDITABLE in make(checkout, target)


@pytest.mark.parametrize(
    ("word", "call"),
    [
        ("CHAPTER=01_a", "tools/scale.py 01_a"),
        ("CARD=yes", "tools/card.py"),
        ("CARD=tiny", "tools/card.py tiny"),
    ],
)
def test_scale_lists_or_runs(checkout, word, call):
    assert make(checkout, "scale", word) == [call]


def test_an_index_for_pytorch_alone(checkout):
    (checkout / ".venv" / ".packages").unlink()
    calls = make(checkout, "book", "TORCH_INDEX=https://example.org/cpu")
    pip = "-m pip install --quiet"
    at = "--index-url https://example.org/cpu"
    assert calls[1:4] == [
        "-m venv .venv",
        f"{pip} --require-hashes -r requirements.txt",
        f"{pip} {at} -r requirements-torch.txt",
    ]
    (checkout / ".venv" / ".packages").unlink()
    assert f"{pip} -r requirements-torch.txt" in make(checkout, "book")


def test_colabs_environment_links_the_books_torch_and_survives_a_move(checkout):
    for name in ("torch", "torch-2.13.0+cpu.dist-info"):
        place = checkout / ".venv" / "lib" / "python3.11" / "site-packages" / name
        place.mkdir()
        (place / "file").write_text("here", encoding="utf-8")
    environment(checkout, ".venv-colab")
    (checkout / ".venv-colab" / ".packages").touch()
    make(checkout, ".venv-colab/.installed")
    other = checkout.parent / "other"
    shutil.move(checkout, other)
    packages = other / ".venv-colab" / "lib" / "python3.11" / "site-packages"
    assert sorted(path.name for path in packages.iterdir()) == [
        "torch",
        "torch-2.13.0+cpu.dist-info",
    ]
    for link in packages.iterdir():
        assert (link / "file").read_text(encoding="utf-8") == "here"


MEETING = """#!/bin/sh
# Makes environments of copies of itself; each installation waits for the other one.
case "$*" in
  "-m venv .venv-colab")
    mkdir -p .venv-colab/bin .venv-colab/lib/python3.11/site-packages
    cp "$0" .venv-colab/bin/python ;;
  *-r\\ requirements.txt) mine=book other=colab ;;
  *-r\\ requirements-colab.txt) mine=colab other=book ;;
esac
if [ -n "$mine" ]; then
  touch "$mine-began"
  for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$other-began" ] && exit 0; sleep 1; done
  exit 1
fi
"""


def test_the_two_environments_are_made_side_by_side(checkout):
    python = checkout / ".venv" / "bin" / "python"
    python.write_text(MEETING, encoding="utf-8")
    (checkout / ".venv" / ".packages").unlink()
    make(checkout, "test", noted=False)
    assert (checkout / ".venv-colab" / ".installed").exists()


def test_make_help_lists_every_command():
    shown = subprocess.run(
        ["make", "help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    ).stdout
    for command in (
        *("book", "test", "pdf", "serve", "bench", "lint", "slides", "seeds"),
        *("scale", "fuzz", "grade", "course", "release", "repository", "lock", "clean"),
    ):
        assert f"\n{command} " in f"\n{shown}"

"""The key of a notebook's outputs: what changes it and what does not."""

import nbformat
import pytest
from places import ROOT, tool

CODE = """
if "google.colab" in sys.modules:
    %pip install -q something
from helpers import checks, shared
from helpers import first as one
checks.right(1)
"""
FILES = {
    "helpers/__init__.py": "",
    "helpers/shared.py": "import numpy as np\n",
    "helpers/below.py": "x = 1  # as it was\n",
    "helpers/first/__init__.py": "from helpers.first.inner import f\n",
    "helpers/first/inner.py": "def f():\n    from helpers import below\n",
    "helpers/first/results/run.json": "{}",
    "helpers/first/results/seeds.json": "{}",
    "helpers/second/__init__.py": "y = 1\n",
    "helpers/checks/__init__.py": "_FILES = {'first': ['right'], 'second': ['other']}",
    "helpers/checks/first.py": "from helpers import first\n",
    "helpers/checks/second.py": "from helpers import second\n",
}


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """The tool, on helpers of its own."""
    made = tool("keys")
    monkeypatch.setattr(made, "ROOT", tmp_path)
    monkeypatch.delenv("DLT_DATA", raising=False)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    cell = nbformat.v4.new_code_cell(CODE)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    return made


def key_of(keys, **settings):
    return keys.key(keys.ROOT / "a.ipynb", settings)


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        ("helpers/shared.py", "import numpy as np\nz = 1\n", True),
        ("helpers/below.py", "x = 2\n", True),
        ("helpers/below.py", "# a comment\nx = (1)\n", False),
        ("helpers/first/inner.py", "def f(): pass\n", True),
        ("helpers/first/results/run.json", '{"a": 1}', True),
        ("helpers/first/results/seeds.json", '{"a": 1}', False),
        ("helpers/second/__init__.py", "y = 2\n", False),
        ("helpers/checks/first.py", "from helpers import first as one\n", True),
        ("helpers/checks/second.py", "from helpers import shared\n", False),
    ],
)
def test_only_what_a_notebook_uses_changes_its_key(keys, name, text, changes):
    before = key_of(keys)
    (keys.ROOT / name).write_text(text, encoding="utf-8")
    assert (key_of(keys) != before) is changes


def test_packages_settings_and_data_change_every_key(keys, monkeypatch, tmp_path):
    found = {key_of(keys), key_of(keys, DLT_FRAMES="all")}
    monkeypatch.setattr(keys, "installed", lambda: ("numpy==99",))
    found.add(key_of(keys))
    monkeypatch.setenv("DLT_DATA", str(tmp_path))
    (tmp_path / "mnist.npz").write_bytes(b"1")
    found.add(key_of(keys))
    (tmp_path / "mnist.npz").write_bytes(b"12")
    found.add(key_of(keys))
    monkeypatch.setattr(keys.sys, "version", "3.99")
    assert len(found | {key_of(keys)}) == 6


def test_a_chapter_depends_on_its_own_room_and_on_no_other():
    found = tool("keys").files_behind(ROOT / "book" / "09_heavy_tails.ipynb")
    names = {path.relative_to(ROOT).as_posix() for path in found}
    assert "helpers/heavy_tails/power_law.py" in names
    assert "helpers/checks/heavy_tails.py" in names
    assert not any("linear_regions" in name for name in names)

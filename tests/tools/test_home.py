"""Whose helpers a command imports."""

import sys
from importlib.machinery import PathFinder

import pytest
from places import ROOT, tool


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The tool, in a checkout of its own that nothing is imported from."""
    made = tool("home")
    (tmp_path / "mine" / "helpers").mkdir(parents=True)
    (tmp_path / "mine" / "helpers" / "__init__.py").touch()
    monkeypatch.setattr(made, "ROOT", tmp_path / "mine")
    monkeypatch.delitem(sys.modules, "helpers", raising=False)
    return made


def test_in_its_own_checkout_nothing_is_said():
    home = tool("home")
    assert home.stranger() is None
    home.check()


def test_the_helpers_of_the_folder_it_was_copied_from_are_named(home):
    with pytest.raises(SystemExit) as stop:
        home.check()
    said = str(stop.value)
    assert said.startswith(f"`helpers` comes from {ROOT / 'helpers' / '__init__.py'}")
    assert said.endswith(": `make book` puts that right")


def test_a_package_of_that_name_in_the_environment_is_to_be_removed(home, monkeypatch):
    monkeypatch.setattr(home.sys, "prefix", str(ROOT))
    with pytest.raises(
        SystemExit, match=r"-m pip uninstall helpers`, then `make book`"
    ):
        home.check()


def test_a_folder_without_init_and_no_helpers_at_all(home, tmp_path, monkeypatch):
    (tmp_path / "other" / "helpers").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "other")])
    monkeypatch.setattr(
        sys, "meta_path", [PathFinder]
    )  # an editable install has its own
    assert str(tmp_path / "other" / "helpers") in home.stranger()
    monkeypatch.setattr(sys, "path", [])
    assert home.stranger() == "nowhere"
    with pytest.raises(SystemExit, match="comes from nowhere"):
        home.check()

"""The public names of `helpers`: none lost, none added unseen, each of them documented.

`public_names.json` holds them, room by room; a new name is written there too.
"""

import dataclasses
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import helpers

STORED = json.loads(
    Path(__file__).with_name("public_names.json").read_text(encoding="utf-8")
)
MODULES = {name: importlib.import_module(f"helpers.{name}") for name in STORED}
ROOMS = {
    name: module for name, module in MODULES.items() if hasattr(module, "__path__")
}
HEAVY = {"IPython", "matplotlib", "numpy", "scipy", "sklearn", "torch"}


def documented(name):
    """The public functions and classes of a module, with the methods of the latter."""
    for one in MODULES[name].__all__:
        value = getattr(MODULES[name], one)
        if inspect.isfunction(value):
            yield one, value
        elif inspect.isclass(value):
            yield one, value
            yield from methods(one, value)


def methods(name, cls):
    """The methods and properties that a class defines itself, without its magic."""
    for inner, value in vars(cls).items():
        value = value.fget if isinstance(value, property) else value
        value = value.__func__ if isinstance(value, classmethod) else value
        if inspect.isfunction(value) and not inner.startswith("_"):
            yield f"{name}.{inner}", value


def is_silent(value):
    """Without a docstring, or with the signature that a dataclass gets by itself."""
    return not value.__doc__ or value.__doc__.startswith(f"{value.__name__}(")


def unannotated(function):
    """The parameters without a type, and "return" where that has none."""
    signature = inspect.signature(function)
    missing = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.annotation is parameter.empty
        and parameter.name not in ("self", "cls")
    ]
    return missing + ["return"] * (signature.return_annotation is signature.empty)


def ruffs_order(name):
    """Constants, classes, the rest: the order of ruff's rule RUF022."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def test_every_module_has_its_stored_names():
    found = {one.name for one in pkgutil.iter_modules(helpers.__path__)}
    assert found == set(STORED) == set(helpers.__all__)


@pytest.mark.parametrize("name", STORED)
def test_no_name_is_lost_and_none_is_added_unseen(name):
    assert sorted(MODULES[name].__all__) == sorted(STORED[name])
    for one in STORED[name]:
        assert hasattr(MODULES[name], one)


@pytest.mark.parametrize("name", STORED)
def test_a_module_states_each_name_once_and_in_order(name):
    stated = list(MODULES[name].__all__)
    assert stated == sorted(set(stated), key=ruffs_order)


@pytest.mark.parametrize("name", ROOMS)
def test_no_public_name_hides_a_file_of_its_room(name):
    files = {one.name for one in pkgutil.iter_modules(ROOMS[name].__path__)}
    assert not files & set(ROOMS[name].__all__)


@pytest.mark.parametrize("name", STORED)
def test_functions_and_classes_say_what_they_do(name):
    assert MODULES[name].__doc__
    assert not [one for one, value in documented(name) if is_silent(value)]


@pytest.mark.parametrize("name", STORED)
def test_functions_and_methods_state_their_types(name):
    bare = {
        one: unannotated(value)
        for one, value in documented(name)
        if inspect.isfunction(value) and unannotated(value)
    }
    assert not bare


def holds_arrays(cls):
    """Whether a field is an array or a tensor, by its type."""
    types = [str(field.type) for field in dataclasses.fields(cls)]
    names = ("Array", "ndarray", "Tensor")
    return any(
        "Callable" not in one and any(name in one for name in names) for one in types
    )


@pytest.mark.parametrize("name", STORED)
def test_what_is_returned_is_frozen_and_compared_where_that_has_an_answer(name):
    """Two arrays are not equal or unequal: what holds some is equal to itself alone."""
    for one, cls in documented(name):
        if dataclasses.is_dataclass(cls):
            made = cls.__dataclass_params__
            assert made.frozen, one
            assert not (made.eq and holds_arrays(cls)), one


def test_the_package_itself_imports_nothing_heavy():
    code = f"import sys, helpers; print(sorted({HEAVY} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.stdout == "[]\n"

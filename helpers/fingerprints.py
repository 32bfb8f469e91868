"""What the answers of a function depend on, in one short text: its code and values."""

from __future__ import annotations

import builtins
import copyreg
import dis
import functools
import hashlib
import importlib
import inspect
import json
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np
import torch

__all__ = ["fingerprint"]

_PLAIN = (
    *(type(None), type(...), bool, int, float, complex, str, bytes, range),
    *(torch.dtype, torch.device),
)
_READS_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_OPAQUE = ("eval", "exec", "globals", "__import__")
_INSTALLED = {
    Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")
}
_NUMPY_STATE = getattr(np.random.normal, "__self__", None)  # of the global generator


def fingerprint(fn: Callable[..., Any]) -> str:
    """Return a text that is the same as long as `fn` computes the same, else another.

    Read by value: the code of `fn` with all code inside it, its source, defaults and
    attributes, what it captures, the globals and the attributes of modules whose names
    occur in it, and so on for the functions and classes of the same module that it
    refers to. Containers, arrays, tensors and objects count with all they hold (of an
    object what pickle would write). A function or class of another module counts with
    its name and its own code, but for what it reads itself.

    Not seen: files, the state of numpy's and torch's global generators, changes inside
    what another module computes.

    Args:
        fn: a `def`, `lambda` or bound method, a `functools.partial` or a callable
            object of these.

    Raises:
        ValueError: `fn` has no readable source, reads names by `eval`, `exec`,
            `globals` or `__import__`, or refers to a value that cannot be compared
            between runs (a lock, an open file, a running generator), which is named.

    Cost: one pass over all the values, 1 s for 1 GB of arrays.
    """
    root = _function_of(fn)
    try:
        if isinstance(root, FunctionType) and root.__code__.co_filename == "<string>":
            raise OSError("made by eval or exec; Python 3.13 may show another's text")
        source = inspect.getsource(root)
    except (OSError, TypeError) as error:
        raise ValueError(
            f"cache needs fn to be a def or lambda with readable source, got {fn!r}"
        ) from error
    try:
        return _digest(source, _Reader(root.__module__).of(fn, "fn"))
    except RecursionError as error:
        raise ValueError("cache cannot compare fn: its values nest too deep") from error


def _function_of(fn: Any) -> Any:
    """Return the function that is run in the end."""
    while not isinstance(fn, FunctionType):
        if isinstance(fn, functools.partial):
            fn = fn.func
        elif isinstance(fn, MethodType):
            fn = fn.__func__
        elif callable(fn) and not isinstance(fn, type):
            called = type(fn).__call__
            if not isinstance(called, FunctionType):
                break
            fn = called
        else:
            break
    return fn


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class _Reader:
    """Turns values into texts; functions and classes of `module` are walked."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.done: dict[int, str] = {}
        self.open: dict[int, int] = {}
        self.alive: list[Any] = []  # an id is a value's own as long as that lives

    def of(self, value: Any, where: str) -> str:
        """Return the text of a value; `where` names it in an error."""
        if type(value) in _PLAIN:
            return _digest(type(value).__name__, repr(value))
        if value is _NUMPY_STATE:
            return "numpy's global generator"
        key = id(value)
        if key in self.done:
            return self.done[key]
        if key in self.open:
            return f"the value that was opened as number {self.open[key]}"
        self.open[key] = len(self.open)
        self.alive.append(value)
        try:
            made = _digest(type(value).__qualname__, *self._parts(value, where))
        finally:
            del self.open[key]
        self.done[key] = made
        return made

    def _parts(self, value: Any, where: str) -> Iterable[str]:
        for kinds, read in _KINDS:
            if type(value) in kinds:
                return read(self, value, where)
        if isinstance(value, type):
            return self._class(value, where)
        if isinstance(value, torch.Tensor):
            return self._tensor(value, where)
        return self._reduced(value, where)

    def _sequence(self, value: Iterable[Any], where: str) -> Iterator[str]:
        for i, entry in enumerate(value):
            yield self.of(entry, f"{where}[{i}]")

    def _set(self, value: Iterable[Any], where: str) -> list[str]:
        return sorted(self.of(entry, f"an element of {where}") for entry in value)

    def _mapping(self, value: Any, where: str) -> Iterator[str]:
        for key, entry in value.items():
            yield self.of(key, f"a key of {where}")
            yield self.of(entry, f"{where}[{key!r}]")

    def _array(self, value: Any, where: str) -> Iterator[str]:
        yield repr((value.dtype.descr, value.shape))
        if value.dtype.hasobject:
            yield self.of(value.tolist(), where)
        else:
            yield hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()

    def _tensor(self, value: torch.Tensor, where: str) -> Iterator[str]:
        yield repr((value.dtype, value.shape, value.requires_grad))
        try:
            flat = value.detach().cpu().contiguous().flatten()
            yield hashlib.sha256(flat.view(torch.uint8).numpy().tobytes()).hexdigest()
        except (RuntimeError, TypeError) as error:
            raise _refusal(value, where) from error

    def _generator(self, value: torch.Generator, where: str) -> Iterator[str]:
        yield self.of(value.get_state(), where)

    def _method(self, value: MethodType, where: str) -> Iterator[str]:
        yield self.of(value.__func__, where)
        yield self.of(value.__self__, f"{where}.__self__")

    def _builtin(self, value: BuiltinFunctionType, where: str) -> Iterator[str]:
        yield f"{value.__module__}.{value.__qualname__}"
        owner = value.__self__
        if not (owner is None or isinstance(owner, ModuleType)):
            yield self.of(owner, f"{where}.__self__")

    def _wrapped(self, value: Any, where: str) -> Iterator[str]:
        yield self.of(value.__wrapped__, where)

    def _module(self, value: ModuleType, where: str) -> Iterator[str]:
        yield value.__name__

    def _class(self, value: type, where: str) -> Iterator[str]:
        yield f"{value.__module__}.{value.__qualname__}"
        if value.__module__ != self.module:
            return
        yield from self._sequence(value.__bases__, f"the bases of {value.__name__}")
        for name, entry in vars(value).items():
            inner = _unwrapped(entry)
            special = name.startswith("__") or name == "_abc_impl"
            if special and not isinstance(inner, FunctionType):
                continue
            yield name
            yield self.of(inner, f"{value.__name__}.{name}")

    def _reduced(self, value: Any, where: str) -> Iterator[str]:
        """Read an object as pickle would, without writing it."""
        registered = copyreg.dispatch_table.get(type(value))
        try:
            made = registered(value) if registered else value.__reduce_ex__(4)
        except Exception as error:
            raise _refusal(value, where) from error
        if isinstance(made, str):
            yield made
            return
        make, arguments, *rest = made
        yield self.of(make, where)
        yield from self._sequence(arguments, where)
        for part in rest:
            if isinstance(part, dict):
                for name, entry in part.items():
                    yield str(name)
                    yield self.of(entry, f"{where}.{name}")
            else:
                whole = list(part) if isinstance(part, Iterator) else part
                yield self.of(whole, where)

    def _function(self, value: FunctionType, where: str) -> Iterator[str]:
        yield f"{value.__module__}.{value.__qualname__}"
        yield from self._code(value.__code__, where)
        own = value.__module__ == self.module
        if own or "<locals>" in value.__qualname__:
            yield from self._captured(value, where)
        if own and value.__globals__.get("__name__") == self.module:
            yield from self._globals(value)

    def _captured(self, value: FunctionType, where: str) -> Iterator[str]:
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        for name, cell in cells:
            yield name
            try:
                held = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            yield self.of(held, name)
        yield self.of(value.__defaults__, f"{where}.__defaults__")
        yield self.of(value.__kwdefaults__, f"{where}.__defaults__")
        kept = {k: v for k, v in vars(value).items() if k != "__wrapped__"}
        yield self.of(kept, f"{where}.__dict__")

    def _code(self, code: CodeType, where: str) -> Iterator[str]:
        yield code.co_code.hex()
        yield repr(code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from self._code(constant, where)
            else:
                yield self.of(constant, f"a constant of {where}")

    def _globals(self, function: FunctionType) -> Iterator[str]:
        """Read the globals that the function and all code inside it look up."""
        read, imported, words = _names(function.__code__)
        there = function.__globals__
        for name in sorted(read):
            if name in there:
                yield name
                if isinstance(there[name], ModuleType):
                    yield from self._attributes(there[name], words, set())
                else:
                    yield self.of(there[name], name)
            elif name in _OPAQUE and hasattr(builtins, name):
                raise ValueError(
                    f"cache cannot see what {function.__qualname__} reads through "
                    f"{name}(...); allowed: names that stand in its code"
                )
        for name in sorted(imported):
            module = _imported(name, there.get("__package__"))
            yield from self._attributes(module, words, set())

    def _attributes(
        self, module: ModuleType, words: set[str], seen: set[str]
    ) -> Iterator[str]:
        """Read the attributes of a module whose names occur in the code."""
        if module.__name__ in seen:
            return
        seen.add(module.__name__)
        for name in sorted(words & vars(module).keys()):
            value, where = vars(module)[name], f"{module.__name__}.{name}"
            yield where
            if isinstance(value, ModuleType):
                yield from self._attributes(value, words, seen)
                continue
            try:
                yield self.of(value, where)
            except ValueError:
                if not _is_installed(module):
                    raise
                yield type(value).__qualname__  # sys.stderr and its like


_KINDS: tuple[tuple[tuple[Any, ...], Callable[..., Iterable[str]]], ...] = (
    ((list, tuple), _Reader._sequence),
    ((set, frozenset), _Reader._set),
    ((dict, MappingProxyType), _Reader._mapping),
    ((np.ndarray, np.memmap), _Reader._array),
    ((torch.Generator,), _Reader._generator),
    ((FunctionType,), _Reader._function),
    ((MethodType,), _Reader._method),
    ((BuiltinFunctionType,), _Reader._builtin),
    ((functools._lru_cache_wrapper,), _Reader._wrapped),
    ((ModuleType,), _Reader._module),
)


def _refusal(value: Any, where: str) -> ValueError:
    return ValueError(
        f"cache cannot compare {where!r}, a {type(value).__name__} that fn reads, "
        "between runs: make it inside fn, or pass what it is made from in the grid"
    )


def _unwrapped(entry: Any) -> Any:
    """Return what a descriptor of a class holds: its function or functions."""
    if isinstance(entry, classmethod | staticmethod):
        return entry.__func__
    if isinstance(entry, functools.cached_property):
        return entry.func
    if isinstance(entry, property):
        return (entry.fget, entry.fset)
    return entry


def _names(code: CodeType) -> tuple[set[str], set[str], set[str]]:
    """Return the globals looked up, the modules imported, and all names and words."""
    read, imported, words = set(), set(), set(code.co_names)
    for step in dis.get_instructions(code):
        if step.opname in _READS_GLOBAL:
            read.add(step.argval)
        if step.opname == "IMPORT_NAME":
            imported.add(step.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            for mine, inner in zip(
                (read, imported, words), _names(constant), strict=True
            ):
                mine |= inner
        elif isinstance(constant, str) and constant.isidentifier():
            words.add(constant)  # getattr(module, "name")
    return read, imported, words


def _imported(name: str, package: str | None) -> ModuleType:
    """Return the module that an import inside the function finds."""
    for full in (name, f"{package}.{name}" if package else name):
        try:
            return importlib.import_module(full)
        except ImportError:
            continue
    raise ValueError(f"cache cannot find the module {name!r} that fn imports")


def _is_installed(module: ModuleType) -> bool:
    """Whether a module comes with Python or from a package index."""
    file = getattr(module, "__file__", None)
    return file is None or not _INSTALLED.isdisjoint(Path(file).parents)

"""The reference: a page for each room of helpers, made from its docstrings.

`.. room:: linear_regions` lists the public names of helpers.linear_regions, file by
file in reading order, and below them those that it shows of other rooms, which lead
there; `.. rooms::` lists the rooms themselves. Signatures are shown as they are
written, not as Python evaluates them.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from docstrings import restructured
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective


def public_names(face: ModuleType) -> list[str]:
    """The names in `__all__`; without one, what the module defines for others."""
    return list(getattr(face, "__all__", None) or definitions(face))


def definitions(module: ModuleType) -> list[str]:
    """The public names that a file itself defines, in its order."""
    names: list[str] = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found = (name for target in targets for name in ast.walk(target))
            names += [name.id for name in found if isinstance(name, ast.Name)]
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]


def files(face: ModuleType) -> dict[ModuleType, list[str]]:
    """The public names of a room by the file that defines them, in reading order.

    A file comes where the face's docstring names it, else where the face imports it;
    the files of the checks come in the order of their chapters. Other rooms come last,
    with names that are public there too.
    """
    names, found = set(public_names(face)), {}
    for module in [*imported(face), face]:
        shown = names & set(public_names(module)) if _is_room(module, face) else names
        here = [name for name in definitions(module) if name in shown]
        names -= set(here)
        if here:
            found[module] = here
    return dict(sorted(found.items(), key=lambda item: _order(item[0], face)))


def _order(module: ModuleType, face: ModuleType) -> tuple[bool, int, int]:
    told = (face.__doc__ or "").find(f"{module.__name__.rpartition('.')[2]}.py")
    chapter = re.match(r"The checks of chapter (\d+)", module.__doc__ or "")
    away = not f"{module.__name__}.".startswith(f"{face.__name__}.")
    return away, told if told >= 0 else sys.maxsize, int(chapter[1]) if chapter else 0


def imported(face: ModuleType) -> Iterator[ModuleType]:
    """The files that a face takes its names from, in the order of its imports.

    They are those of the room, and a shared module whose names the face shows again;
    after them the files that the face imports only when it is asked for a name.
    """
    for node in ast.parse(inspect.getsource(face)).body:
        if isinstance(node, ast.ImportFrom) and f"{node.module}".startswith("helpers."):
            yield import_module(f"{node.module}")
    homes = (
        getattr(getattr(face, name), "__module__", "") for name in public_names(face)
    )
    for home in dict.fromkeys(homes):
        if f"{home}".startswith(f"{face.__name__}."):
            yield import_module(home)


class Room(SphinxDirective):
    """`.. room:: linear_regions`: every public name of helpers.linear_regions."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Let autodoc write the entries under a heading for each file."""
        face = import_module(f"helpers.{self.arguments[0]}")
        lines = [f".. automodule:: {face.__name__}", ""]
        found = files(face)
        for module, names in found.items():
            self.env.note_dependency(inspect.getfile(module))
            if len(found) > 1:
                lines += _heading(module, face)
            for name in names:
                lines += _pointer(face, module, name) or _entry(face, module, name)
        parsed = self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)
        for node in parsed:
            if isinstance(node, nodes.section):
                node["names"] = []  # MyST would make labels of them: laws.py, and again
        return parsed


def _heading(module: ModuleType, face: ModuleType) -> list[str]:
    path = module.__name__.removeprefix(f"{face.__name__}.").replace(".", "/") + ".py"
    if module is face:
        path = path.rpartition("/")[2]
    told = [] if module.__doc__ == face.__doc__ else _lines(module.__doc__)
    if _is_room(module, face):
        told = [f"More on the page :doc:`{module.__name__.rpartition('.')[2]}`."]
    return [path, "-" * len(path), "", *told, ""]


def _is_room(module: ModuleType, face: ModuleType) -> bool:
    """Whether a file is another room than the face's, with a page of its own."""
    return module is not face and module.__name__.count(".") == 1


def _pointer(face: ModuleType, module: ModuleType, name: str) -> list[str]:
    """A name that stands on the page of its own room, in one line that leads there."""
    if not (_is_room(module, face) and name in public_names(module)):
        return []
    value, home = getattr(face, name), f"{module.__name__}.{name}"
    kind = "class" if inspect.isclass(value) else "data"
    kind = "function" if inspect.isfunction(value) else kind
    docstring = value.__doc__ if kind != "data" else "\n".join(_attribute(module, name))
    told = "".join(f"{line} " for line in _lines(docstring)[:1])
    made = _signature(kind, value) if kind == "function" else None
    arguments, returns = made or ("", None)
    arrow = f" -> {returns}" if returns else ""
    head = [
        f".. py:{kind}:: {name}{arguments}{arrow}",
        f"   :module: {face.__name__}",
        "",
    ]
    return [*head, f"   {told}See `{home}`.", ""]


def _entry(face: ModuleType, module: ModuleType, name: str) -> list[str]:
    value = getattr(face, name)
    if inspect.isclass(value):
        return [f".. autoclass:: {face.__name__}.{name}", "   :members:", ""]
    if inspect.isfunction(value):
        return [f".. autofunction:: {face.__name__}.{name}", ""]
    told = _attribute(module, name)
    source = repr(value) if _is_literal(value) else _assigned(module, name)
    shown = [f"   :value: {source}"] if len(source) < 300 else []
    head = [f".. py:data:: {name}", f"   :module: {face.__name__}", *shown, ""]
    return [*head, *(f"   {line}" for line in restructured(told)), ""]


def _attribute(module: ModuleType, name: str) -> list[str]:
    """What stands in quotes below a constant."""
    docs = ModuleAnalyzer.for_module(module.__name__).find_attr_docs()
    return list(docs.get(("", name), []))


def _is_literal(value: object) -> bool:
    """Whether a constant can be read in the form in which Python shows it."""
    return isinstance(value, int | float | str | tuple)


def _assigned(module: ModuleType, name: str) -> str:
    """What stands in the file behind a constant that is neither number nor text."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.unparse(node.value)
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            return ast.unparse(node.value or node.annotation)
    raise ValueError(f"{module.__name__} assigns nothing to {name}")


def _lines(docstring: str | None) -> list[str]:
    return restructured(inspect.cleandoc(docstring or "").splitlines())


class Rooms(SphinxDirective):
    """`.. rooms:: networks data`: a list of rooms, each with what it is for."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """A link to each page, and the first line of the docstring."""
        lines = []
        for room in self.arguments[0].split():
            told = (import_module(f"helpers.{room}").__doc__ or "").partition("\n")[0]
            lines += [f":doc:`{room}`", f"   {told}"]
        return self.parse_text_to_nodes("\n".join(lines))


def as_written(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, ret: str
) -> tuple[str, str | None] | None:
    """The signature as it stands in the file."""
    return _signature(what, obj)


def _signature(what: str, obj: Any) -> tuple[str, str | None] | None:
    if inspect.isclass(obj):
        if dataclasses.is_dataclass(obj):
            return _fields(obj), None
        obj = vars(obj).get("__init__")
        if obj is None:
            return "", None
    if what == "property" or not inspect.isroutine(obj):
        return None
    node = ast.parse(textwrap.dedent(inspect.getsource(obj))).body[0]
    assert isinstance(node, ast.FunctionDef)
    if what in ("class", "exception", "method") and node.args.args:
        del (node.args.posonlyargs or node.args.args)[0]
    node = _Shown(inspect.unwrap(obj)).visit(node)
    returns = ast.unparse(node.returns) if node.returns and what != "class" else None
    return f"({ast.unparse(node.args)})", returns


class _Shown(ast.NodeTransformer):
    """Private constants replaced by what they hold; types without their module."""

    def __init__(self, function: Any) -> None:
        self.known = getattr(function, "__globals__", {})

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.known.get(node.id)
        if node.id.startswith("_") and isinstance(value, int | float | str):
            shown = round(value, 4) if isinstance(value, float) else value
            return ast.Constant(shown)
        return node


def _fields(kind: type) -> str:
    """The public fields of a dataclass, as its file declares them."""
    declared: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("helpers."):
            body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
            assert isinstance(body, ast.ClassDef)
            for node in body.body:
                if isinstance(node, ast.AnnAssign):
                    target, value = ast.unparse(node.target), node.value
                    plain = isinstance(value, ast.Constant)
                    default = f" = {ast.unparse(value)}" if value and plain else ""
                    declared[target] = ast.unparse(node.annotation) + default
    shown = [f.name for f in dataclasses.fields(kind) if not f.name.startswith("_")]
    return f"({', '.join(f'{name}: {declared[name]}' for name in shown)})"


def read_docstring(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Make a docstring reStructuredText before napoleon reads its sections.

    Of a property it takes what stands before a colon in the first line for the type: an
    empty comment is put there.
    """
    first = ["..", ""] if what in ("attribute", "property") else []
    lines[:] = first + restructured(lines)


def without_lists(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Wrapped signatures in spans: Sphinx writes lists there that have no terms."""
    context["body"] = re.sub(
        r"<dl>\n(<dd>.*?)</dl>",
        lambda found: (
            '<span class="sig-lines">'
            + re.sub("(</?)dd>", r"\1span>", found[1])
            + "</span>"
        ),
        context.get("body", ""),
        flags=re.DOTALL,
    )


def without_namesakes(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Unlink a type of a signature that leads to another object of the same name."""
    for entry in doctree.findall(addnodes.desc_signature):
        for link in list(entry.findall(nodes.reference)):
            room, _, name = link.get("reftitle", "").rpartition(".")
            here = _namespace(entry).get(name)
            if here is None or not room.startswith("helpers."):
                continue
            if here is not getattr(import_module(room), name, here):
                link.replace_self(link.children)


def _namespace(entry: addnodes.desc_signature) -> dict[str, Any]:
    """The names known where the object of a signature is defined."""
    value: Any = import_module(entry["module"]) if entry.get("module") else None
    for part in (entry.get("fullname") or "").split("."):
        value = getattr(value, part, None)
    module = inspect.getmodule(getattr(value, "fget", value))
    return vars(module) if module else {}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and what is done to signatures and docstrings."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.add_directive("room", Room)
    app.add_directive("rooms", Rooms)
    app.connect("autodoc-process-signature", as_written)
    app.connect("autodoc-process-docstring", read_docstring, priority=400)
    app.connect("doctree-resolved", without_namesakes)
    app.connect("html-page-context", without_lists)
    return {"version": "1", "parallel_read_safe": True}

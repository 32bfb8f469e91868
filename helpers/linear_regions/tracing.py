"""The steps of a module's forward, as torch.fx sees them."""

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import fx, nn

from helpers.linear_regions.vocabulary import ALLOWED, MODULES


def trace(root: nn.Module) -> fx.Graph:
    """Return the steps of a forward of one input.

    Raises:
        TypeError: steps that depend on the data or its shape, or a second input
            without a default.
    """
    try:
        with _lengths_seen(root):
            graph = _Tracer().trace(root)
    except Exception as error:
        raise TypeError(
            "net cannot be read by torch.fx: its steps depend on the data or ask for "
            f"its shape, or call what fx does not see ({error}); allowed: {ALLOWED}"
        ) from error
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    for node in inputs[1:]:
        if not node.args:
            raise TypeError(f"net must take one input, got {node.target!r} too")
    return graph


class _Tracer(fx.Tracer):
    """Sees the modules of the vocabulary, and others of torch, as one node each."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MODULES or super().is_leaf_module(m, module_qualified_name)


@contextmanager
def _lengths_seen(root: nn.Module) -> Iterator[None]:
    """Make len(x) of a forward a step, as x.size(0) is one.

    len itself must give a number, so torch.fx refuses it. Where the forwards of the
    caller's classes look names up, another is put for the time of the block, as
    torch.fx.wrap("len") would.
    """
    scopes: dict[int, dict[str, Any]] = {}
    for module in root.modules():
        scope = getattr(type(module).forward, "__globals__", {})
        if not scope.get("__name__", "torch").startswith("torch"):
            scopes[id(scope)] = scope
    ours = [scope for scope in scopes.values() if "len" not in scope]
    for scope in ours:
        scope["len"] = _length
    try:
        yield
    finally:
        for scope in ours:
            del scope["len"]


def _length(x: Any) -> Any:
    return x.size(0) if isinstance(x, fx.Proxy) else builtins.len(x)

"""A caller's module read as a `Network`, and compared with what it computes."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor, fx, nn

from helpers import models
from helpers.arrays import read_numbers
from helpers.linear_regions.affine_maps import NotPiecewiseLinearError, Value
from helpers.linear_regions.chains import read_chain
from helpers.linear_regions.piecewise import Network, Node, Rearrangement
from helpers.linear_regions.tracing import trace
from helpers.linear_regions.vocabulary import (
    ALLOWED,
    AXES,
    ELEMENTWISE,
    FUNCTIONS,
    METHODS,
    MODULES,
    RESHAPES,
    TUPLES,
)

_BATCHES = (5, 3)  # more than the points compared: a size is no constant
_COMPARED = 4


def read_points(
    net: nn.Module, **given: ArrayLike
) -> tuple[Network, tuple[Tensor, ...]]:
    """Return a module as a network in float64, and the points that it is asked about.

    Args:
        net: as in `line_regions`.
        given: one point [*shape] or m points [m, *shape] under each name. What one
            point is follows from the layer that takes it, [n_in] for a Linear and
            [C, H, W] for a Conv2d; else a shape that the network takes as one point.

    Raises:
        TypeError: a node that is not piecewise linear, or steps that depend on data.
        ValueError: another shape, NaN or infinity, or a network that mixes samples.
    """
    _check_module(net)
    points = {name: finite(name, value) for name, value in given.items()}
    name, first = next(iter(points.items()))
    network = read_chain(net, first.shape[-1] if first.ndim else 1)
    if network is None:
        network = _read_graph(net, name, first)
    for name, point in points.items():
        check_point(name, point, network.shape)
    return network, tuple(points.values())


def check_point(name: str, point: Tensor, shape: tuple[int, ...]) -> None:
    """Raise unless the points have the shape of the network's inputs."""
    n_axes, one = len(shape), str(list(shape))
    fits = point.ndim in (n_axes, n_axes + 1) and 0 not in point.shape
    if not fits or tuple(point.shape[point.ndim - n_axes :]) != shape:
        raise ValueError(
            f"{name} must have shape {one} or [m, {one[1:]} (the network has "
            f"{math.prod(shape)} inputs), got {list(point.shape)}"
        )


def finite(name: str, points: ArrayLike) -> Tensor:
    """Return points as a float64 tensor, or raise unless they are real and finite."""
    array = torch.from_numpy(read_numbers(name, points))
    if not array.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


def check_count(low: int, **counts: int) -> None:
    """Raise unless each is an integer of at least `low`."""
    for name, value in counts.items():
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"{name} must be an integer, got {value!r}")
        if value < low:
            raise ValueError(f"{name} must be at least {low}, got {value}")


def check_reading(network: Network, net: nn.Module, x: Tensor) -> None:
    """Raise unless the network that was read is what the module computes.

    Args:
        network: as read.
        net: the caller's.
        x: points [m, *shape] in float64; the first few are compared.
    """
    some = x[:_COMPARED]
    like = next((p for p in net.parameters() if p.is_floating_point()), some)
    inert = all(type(m) in (nn.Sequential, *MODULES) for m in net.modules())
    with torch.no_grad(), nullcontext() if inert else models.unchanged(net):
        models.check_agreement(network(some), net(some.to(like)).cpu(), "net")


def _check_module(net: nn.Module) -> None:
    """Raise unless a network is in eval mode, finite, and computes what it says."""
    models.check_evaluation(net)
    models.check_finite(net)
    for path, module in net.named_modules():
        models.check_plain(module, f"net.{path}" if path else "net")


def _read_graph(net: nn.Module, name: str, points: Tensor) -> Network:
    """Return a module read through torch.fx, for the shape that fits the points."""
    reading = _Reading(net)
    shape = tuple(points.shape)
    n_axes = reading.axes()
    if n_axes is None:
        likely, other = (shape, shape[1:]) if len(shape) % 2 else (shape[1:], shape)
        try:
            return reading.network(likely)
        except ValueError:
            return reading.network(other)
    if points.ndim not in (n_axes, n_axes + 1):
        raise ValueError(
            f"{name} must have {n_axes} axes for one point and {n_axes + 1} for many, "
            f"as the first layer takes it, got shape {list(shape)}"
        )
    return reading.network(shape[points.ndim - n_axes :])


class _Reading:
    """One module on its way to a `Network`."""

    def __init__(self, net: nn.Module) -> None:
        own = copy.deepcopy(net).cpu().double().requires_grad_(False)
        self.root = nn.Sequential(own) if type(net) in MODULES else own
        self.graph = trace(self.root)

    def network(self, shape: tuple[int, ...]) -> Network:
        """Return the network for inputs of this shape."""
        self.shape = shape
        self.nodes: list[Node] = []
        self.seen: dict[fx.Node, Any] = {}
        self.records = [self.record(batch) for batch in _BATCHES]
        for node in self.graph.nodes:
            self.seen[node] = self.read(node)
        output = self.seen[next(iter(reversed(self.graph.nodes)))]
        return Network(self.shape, tuple(self.nodes), output.place)

    def axes(self) -> int | None:
        """Return the number of axes of one input, None if the first layer leaves it."""
        node = next(iter(self.graph.nodes))
        while node.users:
            node = next(iter(node.users))
            target = node.target
            if node.op == "call_module":
                target = type(self.root.get_submodule(str(target)))
            if target in AXES:
                return AXES[target]
            if target not in ELEMENTWISE:
                return None
        return None

    def record(self, batch: int) -> dict[fx.Node, Any]:
        """Return what every node gives for a batch of zeros."""
        run = _Recorder(fx.GraphModule(self.root, self.graph))
        try:
            with torch.no_grad():
                run.run(torch.zeros(batch, *self.shape, dtype=torch.float64))
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"net must take points of shape {list(self.shape)}: {reason}"
            ) from None
        return run.found

    def read(self, node: fx.Node) -> Any:
        """Return the value that a node stands for, a tuple of them, or a constant."""
        if node.op == "placeholder":
            return Value(0, self.shape) if not node.args else node.args[0]
        given = fx.node.map_arg((node.args, node.kwargs), lambda n: self.seen[n])
        if node.op == "output":
            if not isinstance(given[0][0], Value):
                raise TypeError("net must return one tensor, made from its input")
            return given[0][0]
        if node.op == "get_attr" or self.is_constant(node):
            return self.records[0][node]
        if node.target in TUPLES:
            return self.parts(node, *given)
        return self.step(node, *given)

    def is_constant(self, node: fx.Node) -> bool:
        """Whether a node is a size, or is made from constants alone."""
        sizes = node.target == "size" or node.target == "dim"
        sizes |= node.target is getattr and node.args[1] in ("shape", "ndim")
        given = [self.seen[n] for n in node.all_input_nodes]
        return sizes or not any(map(_holds_value, given))

    def step(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        """Read one call."""
        shape = self.apart(node, [record[node] for record in self.records])
        reader, arguments = self.reader(node)
        if reader in RESHAPES:
            kwargs = {**kwargs, "out": shape}
        try:
            inspect.signature(reader).bind(*arguments, *args, **kwargs)
        except TypeError:
            raise self.refusal(node, "its plain arguments") from None
        try:
            found = reader(*arguments, *args, **kwargs)
        except NotPiecewiseLinearError as error:
            raise self.refusal(node, str(error)) from None
        if not (isinstance(found, tuple) and len(found) == 2):
            return found
        map_, values = found
        self.nodes.append(Node(map_, tuple(v.place for v in values), shape))
        return Value(len(self.nodes), shape)

    def parts(self, node: fx.Node, args: Any, kwargs: Any) -> tuple[Value, ...]:
        """Read torch.chunk or torch.split."""
        x, found = args[0], []
        call: Any = node.target
        call = getattr(Tensor, call) if isinstance(call, str) else call
        for i in range(len(self.records[0][node])):
            pieces = [record[node][i] for record in self.records]
            shape = self.apart(node, pieces)
            map_ = Rearrangement(partial(_part, call, args[1:], kwargs, i))
            self.nodes.append(Node(map_, (x.place,), shape))
            found.append(Value(len(self.nodes), shape))
        return tuple(found)

    def reader(self, node: fx.Node) -> tuple[Any, tuple[Any, ...]]:
        """Return what reads a call, and its first argument if it is a module."""
        if node.op == "call_module":
            module = self.root.get_submodule(str(node.target))
            if type(module) in MODULES:
                return MODULES[type(module)], (module,)
        elif node.op == "call_method" and node.target in METHODS:
            return METHODS[str(node.target)], ()
        elif node.op == "call_function" and node.target in FUNCTIONS:
            return FUNCTIONS[node.target], ()
        raise self.refusal(node, ALLOWED)

    def apart(self, node: fx.Node, results: list[Any]) -> tuple[int, ...]:
        """Return the shape of one sample, or raise if the node mixes samples."""
        if not all(isinstance(result, Tensor) for result in results):
            raise self.refusal(node, "nodes that give a tensor")
        sample = tuple(results[0].shape[1:])
        for result, batch in zip(results, _BATCHES, strict=True):
            if tuple(result.shape) != (batch, *sample):
                raise self.refusal(node, "nodes that keep the samples apart, on axis 0")
        return sample

    def refusal(self, node: fx.Node, allowed: str) -> TypeError:
        """Return the error that names a node and what is allowed."""
        return TypeError(f"{self.name_of(node)} cannot be read; allowed: {allowed}")

    def name_of(self, node: fx.Node) -> str:
        if node.op == "call_module":
            module = self.root.get_submodule(str(node.target))
            return f"net.{node.target}, a {type(module).__name__},"
        target = getattr(node.target, "__name__", node.target)
        inside = list(node.meta.get("nn_module_stack", {}))
        where = ".".join(["net", *inside[-1:]]).rstrip(".")
        return f"node {node.name} of {where}, a call of {target},"


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps what every node gives."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.extra_traceback = False
        self.found: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        self.found[n] = super().run_node(n)
        return self.found[n]


def _part(
    call: Any, args: tuple[Any, ...], kwargs: Any, i: int, h: Sequence[Tensor]
) -> Tensor:
    part: Tensor = call(h[0], *args, **kwargs)[i]
    return part.contiguous()


def _holds_value(seen: Any) -> bool:
    parts = seen if isinstance(seen, tuple | list) else [seen]
    return any(isinstance(part, Value) for part in parts)

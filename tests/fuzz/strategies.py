"""Arguments of public functions: good ones by name, and bad ones by annotation.

`calls` draws a call of a function: every argument good, then up to two of them broken.
A good value is one that a reader would give; it may still not go with the others. What
a function needs beside its names stands in `OWN`, what is not called in `LEFT_OUT`.
"""

import ast
import inspect
import math
import textwrap

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn
from torch.nn.utils import prune

from helpers import data, networks
from helpers import encoder_decoder as ed
from helpers import greedy_layerwise as gl

N, D, CLASSES = 5, 3, 3
"""Samples, inputs and outputs of the networks and tensors that go together."""

HUGE = (1e300, -1e300, 1e38, 5e-324, 1e-310, -0.0, 1.0, 2.0)
FLOATS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(HUGE)
)
ARRAYS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.complex128]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
WILD = hnp.arrays(np.float64, st.sampled_from([(N,), (N, D), (D,)]), elements=FLOATS)


def matrices(*shape, low=-2.0, high=2.0):
    """Arrays of numbers of ordinary size."""
    return hnp.arrays(np.float64, shape, elements=st.floats(low, high, width=32))


def tensors(*shape, low=-2.0, high=2.0):
    """The same as tensors."""
    return matrices(*shape, low=low, high=high).map(torch.from_numpy)


def numbers(low, high):
    """Floating-point numbers of ordinary size."""
    return st.floats(low, high)


@st.composite
def good_networks(draw):
    """Plain networks from D inputs to CLASSES outputs, in both precisions."""
    depth = draw(st.integers(1, 2))
    widths = [D, *[draw(st.integers(1, 4)) for _ in range(depth)], CLASSES]
    name = draw(st.sampled_from(["relu", "tanh", "leaky_relu"]))
    dtype = draw(st.sampled_from([torch.float64, torch.float32]))
    seed = draw(st.integers(0, 9))
    return networks.mlp(widths, name, sigma_b=0.5, seed=seed, dtype=dtype).eval()


class Doubled(nn.Linear):
    """A layer that does not compute what its class says."""

    def forward(self, x):
        """Return twice the output."""
        return 2 * super().forward(x)


def _pruned(net):
    prune.l1_unstructured(net[0], "weight", 0.5)
    return net


def _frozen(net):
    return net.requires_grad_(False)


def _shared(net):
    layer = nn.Linear(D, D).to(net[0].weight)
    return nn.Sequential(layer, nn.ReLU(), layer)


def _subclassed(net):
    return nn.Sequential(Doubled(D, 4).to(net[0].weight), nn.ReLU(), nn.Linear(4, 3))


def _broken(net):
    with torch.no_grad():
        net[0].weight[0, 0] = math.nan
    return net


def _normed(net):
    return nn.Sequential(nn.Linear(D, 4), nn.BatchNorm1d(4), nn.Linear(4, CLASSES))


def _hooked(net):
    net[0].register_forward_hook(lambda module, given, out: 2 * out)
    return net


def _half(net):
    return net.half()


def _single(net):
    return nn.Sequential(nn.Linear(D, 1))


def _empty(net):
    return nn.Sequential()


CHANGES = (
    *(_pruned, _frozen, _shared, _subclassed, _broken, _normed, _hooked, _half),
    *(_single, _empty),
)
BAD_NETWORKS = st.builds(
    lambda net, change: change(net), good_networks(), st.sampled_from(CHANGES)
)


@st.composite
def encoder_decoders(draw):
    """Small encoder-decoder networks on signals of length 8."""
    return ed.EncoderDecoder(
        8,
        [1, *[draw(st.integers(1, 3)) for _ in range(draw(st.integers(1, 2)))]],
        taps=draw(st.sampled_from([1, 2, 3])),
        skip=draw(st.booleans()),
        seed=draw(st.integers(0, 9)),
    )


BY_NAME = {
    "seed": st.integers(0, 5),
    "seeds": st.lists(st.integers(0, 5), min_size=1, max_size=2, unique=True),
    "net": good_networks(),
    "model": good_networks(),
    "a": good_networks(),
    "b": good_networks(),
    "x": tensors(N, D),
    "y": st.lists(st.integers(0, CLASSES - 1), min_size=N, max_size=N).map(
        torch.tensor
    ),
    "lr": numbers(0.001, 0.1),
    "epochs": st.integers(1, 2),
    "steps": st.integers(1, 4),
    "batch_size": st.integers(1, 6),
    "progress": st.just(False),
    "n": st.integers(2, 60),
    "sigma": numbers(0.1, 2.0),
    "sigma_w": numbers(0.5, 2.0),
    "sigma_b": numbers(0.05, 1.0),
    "mu": numbers(0.01, 0.45),
    "level": numbers(0.6, 0.99),
    "q": numbers(0.2, 4.0),
    "q0": numbers(0.2, 4.0),
    "depth": st.integers(1, 5),
    "width": st.integers(1, 6),
    "dim": st.integers(1, 4),
    "beta": numbers(0.05, 1.0),
    "activation": st.sampled_from(["relu", "tanh", "erf", "leaky_relu"]),
    "k": st.integers(1, 3),
    "eigenvalues": matrices(30, low=0.125, high=9.0),
    "weight": matrices(6, 4),
    "network": encoder_decoders(),
    "dataset": st.builds(data.load, n_train=st.just(20), n_test=st.just(10)),
    "dtype": st.sampled_from([torch.float32, torch.float64]),
    "device": st.just("cpu"),
    "start": matrices(D),
    "end": matrices(D),
}
"""Argument -> good values, whatever the function."""


def settings_of(function):
    """Name -> annotation as text, for every argument that may be given by name."""
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    made = ast.parse(source).body[0].args
    every = [*made.posonlyargs, *made.args, *made.kwonlyargs]
    return {one.arg: ast.unparse(one.annotation) for one in every}


def bad(annotation):
    """Values of an argument's type that break it, or come near to it.

    Another type altogether is what mypy refuses, and is not tried; None for an argument
    without a table of bad values.
    """
    floats, whole = FLOATS, st.integers(-2, 3)
    tables = {
        "Module": BAD_NETWORKS,
        "Sequential": BAD_NETWORKS,
        "Model": BAD_NETWORKS,
        "Sequence[int]": st.lists(whole, max_size=3),
        "Sequence[float]": st.lists(floats, max_size=3),
        "Tensor": st.one_of(ARRAYS, WILD).map(lambda x: torch.from_numpy(x.copy())),
        "Array": st.one_of(ARRAYS, WILD, floats),
        "float": floats,
        "int": st.one_of(whole, floats),
        "Named": st.just("x"),
        "str": st.sampled_from(["x", ""]),
        "Literal": st.just("x"),
        "dtype": st.sampled_from([torch.float16, torch.int64]),
    }
    if "tuple" in annotation:
        return None
    for part, values in tables.items():
        if part in annotation:
            wrapped = "Sequence[nn" in annotation or "Sequence[Tensor" in annotation
            return st.lists(values, max_size=2) if wrapped else values
    return None


@st.composite
def calls(draw, name, function, own):
    """Keyword arguments of one call of a function, good but for at most two.

    Args:
        name: as in "networks.mlp".
        function: what is called.
        own: good values of its arguments, in place of those in `BY_NAME`.
    """
    parameters = inspect.signature(function).parameters
    annotations = settings_of(function)
    given = {}
    for one, annotation in annotations.items():
        needed = parameters[one].default is inspect.Parameter.empty
        good = own.get(one, BY_NAME.get(one))
        if good is not None and (needed or one in own or draw(st.booleans())):
            given[one] = draw(good)
        elif needed:
            raise KeyError(f"{name}: no good value of {one}: {annotation}")
    names = sorted(one for one in given if bad(annotations[one]) is not None)
    for one in draw(st.lists(st.sampled_from(names), max_size=2)) if names else ():
        given[one] = draw(bad(annotations[one]))
    return given


def greedy_networks():
    """A small network trained layer by layer for one epoch."""
    return st.builds(
        lambda seed: gl.train_greedy(
            data.load("digits", n_train=20, n_test=10), 2, 2, seed=seed,
            recipe=gl.Recipe(epochs=1), progress=False,
        ).network,
        st.integers(0, 1),
    )  # fmt: skip

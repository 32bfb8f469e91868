"""A fingerprint moves with all that a function reads, and with nothing else."""

import argparse
import dataclasses
import functools
import importlib
import os
import re
import subprocess
import sys
import threading
from collections import OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from helpers.fingerprints import fingerprint

NUMBERS = [1.0]
RATE = 0.1


@dataclasses.dataclass
class Settings:
    """Read by value."""

    rate: float = 0.1


@dataclasses.dataclass(slots=True)
class Slotted:
    """Read by value without a __dict__."""

    rate: float = 0.1


class Model:
    """A bound method of it depends on the object and on the class."""

    scale = 2.0

    def __init__(self):
        self.rate = 0.1

    def __call__(self, seed):
        return self.rate * self.inner(seed)

    def inner(self, seed):
        return self.scale * seed

    @property
    def doubled(self):
        return 2 * self.rate


def set_item(value):
    value["rate"] = 0.5


def set_attribute(value):
    value.rate = 0.5


def set_first(value):
    value[0] = 0.5


def set_weight(value):
    with torch.no_grad():
        value.weight[0, 0] += 1


MUTABLE = {
    "dict": (lambda: {"rate": 0.1}, set_item),
    "nested dict": (lambda: {"a": [{"b": 0.1}]}, lambda v: v["a"][0].update(b=0.5)),
    "defaultdict": (lambda: defaultdict(list, rate=0.1), set_item),
    "ordered dict": (lambda: OrderedDict(rate=0.1), set_item),
    "Namespace": (lambda: argparse.Namespace(rate=0.1), set_attribute),
    "SimpleNamespace": (lambda: SimpleNamespace(rate=0.1), set_attribute),
    "dataclass": (Settings, set_attribute),
    "slots": (Slotted, set_attribute),
    "object": (Model, set_attribute),
    "list": (lambda: [0.1, 2], set_first),
    "deque": (lambda: deque([0.1, 2]), set_first),
    "set": (lambda: {"a", "b"}, lambda v: v.add("c")),
    "bytearray": (lambda: bytearray(b"ab"), lambda v: v.append(1)),
    "array": (lambda: np.arange(3.0), set_first),
    "array of objects": (lambda: np.array([{"rate": 1}, None]), set_first),
    "strided array": (lambda: np.arange(6.0)[::2], set_first),
    "tensor": (lambda: torch.arange(3.0), set_first),
    "bfloat16": (lambda: torch.ones(3, dtype=torch.bfloat16), set_first),
    "scalar tensor": (lambda: torch.tensor(1.0), lambda v: v.fill_(2.0)),
    "module": (lambda: nn.Linear(2, 2, bias=False).eval(), set_weight),
    "mode": (lambda: nn.Dropout().eval(), lambda v: v.train()),
    "numpy generator": (lambda: np.random.default_rng(0), lambda v: v.normal()),
    "torch generator": (
        lambda: torch.Generator().manual_seed(0),
        lambda v: torch.rand(1, generator=v),
    ),
}


def captured(value):
    return lambda seed: (value, seed)


def default(value):
    def fn(seed, given=value):
        return given

    return fn


def keyword_default(value):
    def fn(seed, *, given=value):
        return given

    return fn


def partial(value):
    return functools.partial(lambda seed, given: given, given=value)


def inner(value):
    def fn(seed):
        def deep():
            return [value for _ in range(seed)]

        return deep()

    return fn


def attribute(value):
    def fn(seed):
        return seed

    fn.given = value
    return fn


WAYS = [captured, default, keyword_default, partial, inner, attribute]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", MUTABLE)
def test_a_value_that_changes_is_seen(way, kind):
    make, change = MUTABLE[kind]
    torch.manual_seed(0)
    value = make()
    fn = way(value)
    before = fingerprint(fn)
    assert fingerprint(fn) == before
    change(value)
    assert fingerprint(fn) != before


@pytest.mark.parametrize("kind", sorted({*MUTABLE} - {"module"}))
def test_an_equal_value_is_the_same(kind):
    make, _ = MUTABLE[kind]
    assert fingerprint(captured(make())) == fingerprint(captured(make()))


DIFFERENT = [
    0, 1, 1.0, True, -0.0, 1j, "1", b"1", None, (1,), [1], (1, 1), {1}, {1: 1}, ...,
    range(1), range(2), slice(1), np.float32(1), np.float64(1), np.int64(1),
    np.ones(1), np.ones((1, 1)), np.ones(1, dtype=np.float32), torch.ones(1),
    torch.ones(1, dtype=torch.float64), torch.float32, torch.device("cpu"), Decimal(1),
    Fraction(1, 2), Path("a"), Path("b"), re.compile("a"), re.compile("b"), np.sin,
    np.cos, abs, max, np.dtype("f4"), np.dtype("f8"), [[1]], [[], 1],
]  # fmt: skip


def test_different_values_differ():
    assert len({fingerprint(captured(value)) for value in DIFFERENT}) == len(DIFFERENT)


def test_bound_methods_and_callable_objects():
    model = Model()
    for fn in (model.inner, model):
        before = fingerprint(fn)
        model.rate += 1
        assert fingerprint(fn) != before
        assert fingerprint(fn) == fingerprint(fn)


def test_attributes_and_methods_of_a_class_of_the_same_module(monkeypatch):
    fn = captured(Model())
    before = {fingerprint(fn), fingerprint(Model().inner)}
    monkeypatch.setattr(Model, "scale", 3.0)
    after = {fingerprint(fn), fingerprint(Model().inner)}
    monkeypatch.undo()
    monkeypatch.setattr(Model, "doubled", property(lambda self: 3 * self.rate))
    other = {fingerprint(fn), fingerprint(Model().inner)}
    assert len(before | after | other) == 6


READS = {
    "lambda": lambda seed: (lambda: RATE * seed)(),
    "generator": lambda seed: sum(RATE * i for i in range(seed)),
    "comprehension": lambda seed: [RATE * i for i in range(seed)],
    "argument": lambda seed: sorted([seed], key=lambda i: RATE * i),
    "called": lambda seed: rate_of(seed),
    "two calls away": lambda seed: [outer_rate(i) for i in range(seed)],
    "cached": lambda seed: cached_rate(seed),
}


def rate_of(seed):
    return RATE * seed


def outer_rate(seed):
    return rate_of(seed) if seed else outer_rate(seed + 1)


@functools.lru_cache
def cached_rate(seed):
    return RATE * seed


def class_inside(seed):
    class Inside:
        rate = RATE

    return Inside.rate * seed


def double_inside(seed):
    def one():
        def two():
            return RATE

        return two

    return one()() * seed


READS |= {"class": class_inside, "two deep": double_inside}


@pytest.mark.parametrize("name", READS)
def test_a_global_read_inside_is_seen(monkeypatch, name):
    before = fingerprint(READS[name])
    monkeypatch.setattr(f"{__name__}.RATE", 0.5)
    assert fingerprint(READS[name]) != before


def test_a_mutable_global_is_read_by_value(monkeypatch):
    def fn(seed):
        return NUMBERS[0]

    before = fingerprint(fn)
    NUMBERS.append(2.0)
    try:
        assert fingerprint(fn) != before
    finally:
        NUMBERS.pop()
    assert fingerprint(fn) == before


@pytest.fixture
def settings(tmp_path, monkeypatch):
    (tmp_path / "settings_of_a_test.py").write_text("LR = 0.1\nOTHER = [1]\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("settings_of_a_test")
    del sys.modules["settings_of_a_test"]


def test_attributes_of_modules(settings, monkeypatch):
    monkeypatch.setitem(globals(), "settings", settings)

    def imports(seed):
        import settings_of_a_test

        return settings_of_a_test.LR

    def imports_from(seed):
        from settings_of_a_test import LR

        return LR

    functions = [lambda seed: globally(), imports, imports_from]
    before = [fingerprint(fn) for fn in functions]
    settings.OTHER.append(2)
    assert [fingerprint(fn) for fn in functions] == before
    settings.LR = 0.5
    assert not {fingerprint(fn) for fn in functions} & set(before)


def globally():
    return settings.LR  # set by the test above


def test_the_state_of_global_generators_does_not_count():
    def fn(seed):
        draw = np.random.normal
        return draw() + torch.randn(1) + np.random.default_rng(0).normal()

    before = fingerprint(fn)
    np.random.normal()  # noqa: NPY002
    torch.randn(1)
    assert fingerprint(fn) == before


def test_values_that_hold_themselves():
    ring = [1]
    ring.append(ring)
    other = [2]
    other.append(other)
    assert fingerprint(captured(ring)) == fingerprint(captured(ring))
    assert fingerprint(captured(ring)) != fingerprint(captured(other))
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="its values nest too deep"):
        fingerprint(captured(deep))
    while deep:
        deep = deep[0]  # or its end would recurse as deep


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"a": threading.Lock()}, r"""\"value\['a'\]\", a lock"""),
        (SimpleNamespace(lock=threading.Lock()), r"'value\.lock', a lock"),
        ((i for i in range(3)), "'value', a generator"),
        (sys.stderr, "'value', a "),
    ],
)
def test_what_cannot_be_compared_is_named(value, named):
    with pytest.raises(ValueError, match=f"cache cannot compare {named}.* fn reads"):
        fingerprint(captured(value))


LOCK = threading.Lock()


def test_a_global_that_cannot_be_compared_is_named():
    with pytest.raises(ValueError, match=r"compare 'LOCK', a lock that fn reads"):
        fingerprint(lambda seed: [LOCK for _ in range(seed)])
    fingerprint(lambda seed: print(seed, file=sys.stderr))


@pytest.mark.parametrize("fn", [lambda seed: eval("RATE"), lambda seed: globals()["R"]])
def test_names_that_are_not_in_the_code_are_refused(fn):
    with pytest.raises(ValueError, match=r"reads through (eval|globals)\(\.\.\.\)"):
        fingerprint(fn)


def test_no_source():
    for fn in (eval("lambda seed: seed"), np.sin, functools.partial(np.sin, 1), 3):
        with pytest.raises(ValueError, match="cache needs fn to be a def or lambda"):
            fingerprint(fn)


SCRIPT = """
import numpy as np
WORDS = {"a", "b", "c", "d"}
class Thing:
    def __init__(self): self.words = WORDS
thing = Thing()
def fn(seed):
    return seed in {"x", "y", "z"} or np.sum(seed) or thing.words
"""


def test_other_processes_agree(tmp_path):
    """Sets are ordered by hashes of strings, which differ from process to process."""
    (tmp_path / "script.py").write_text(SCRIPT)
    code = "import script; from helpers.fingerprints import fingerprint as f; "
    code += "print(f(script.fn))"
    said = set()
    for seed in "12":
        environment = os.environ | {"PYTHONHASHSEED": seed}
        paths = [str(tmp_path), *filter(None, sys.path)]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            check=True,
        )
        said.add(run.stdout)
    assert len(said) == 1

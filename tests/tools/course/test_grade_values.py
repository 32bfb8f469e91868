"""What crosses from a submission, and what is refused."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from places import tool

values = tool("course.grade_values")


def crossed(value):
    return values.decode(json.loads(json.dumps(values.encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        *(None, ..., True, 3, 2**70, "text", "ü\n", 0.1, 1e-320, -0.0, 2 - 3j),
        *([], [1, [2.5, None]], (1, ("a",)), {"a": 1, 2: (3,)}, math.inf, -math.inf),
    ],
)
def test_plain_values_come_back_the_same(value):
    back = crossed(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2", "|u1", "|b1", "<c16"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_arrays_come_back_the_same(dtype, shape):
    array = np.arange(math.prod(shape)).astype(dtype).reshape(shape)
    back = crossed(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


def test_arrays_of_any_layout():
    array = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(crossed(array.T[::-1, ::2]), array.T[::-1, ::2])


def test_nan_and_numbers_of_numpy_and_torch():
    assert math.isnan(crossed(math.nan))
    assert isinstance(crossed(np.float32(0.5)), np.float32)
    back = crossed(torch.tensor([1.0, 2.0], requires_grad=True))
    torch.testing.assert_close(back, torch.tensor([1.0, 2.0]))


def test_what_is_like_a_number_or_a_list_crosses_as_one():
    assert crossed(Fraction(1, 2)) == 0.5
    assert crossed(range(3)) == [0, 1, 2]
    assert crossed(x**2 for x in (1, 2)) == [1, 4]
    assert sorted(crossed({3, 1})) == [1, 3]


class Sly(float):
    def __reduce__(self):
        return (pytest.fail, ("this was run",))


def test_of_an_own_class_comes_the_number_and_nothing_else():
    assert type(crossed(Sly(2))) is float
    assert repr(crossed(object))[:8] == "<class '"
    assert repr(crossed(np.array([Sly(1)], dtype=object))).startswith("array(")


def test_an_endless_iterator_has_an_end(monkeypatch):
    monkeypatch.setattr(values, "MOST", 10)
    assert len(crossed(iter(int, 1))) == 10


GOOD = values.encode(np.zeros(3))


@pytest.mark.parametrize(
    "forged",
    [
        *(None, 3, [], {}, {"is": "no such"}, {"is": "plain", "value": [1]}),
        *({"is": "float", "value": 3}, {"is": "float", "value": "0x1p99999"}),
        {"is": "list", "value": None},
        {"is": "dict", "value": [{"is": "plain", "value": 1}]},
        {"is": "dict", "value": [{"is": "list", "value": [{"is": "list"}]}]},
        GOOD | {"type": "|O"},
        GOOD | {"type": "O8"},
        GOOD | {"shape": [10**12]},
        GOOD | {"shape": [-3]},
        GOOD | {"shape": "abc"},
        GOOD | {"value": "not base64"},
    ],
)
def test_what_encode_did_not_make_is_refused(forged):
    with pytest.raises(ValueError, match="the answer cannot be read"):
        values.decode(forged)


def test_lists_too_deep_are_refused():
    deep = {"is": "list", "value": []}
    for _ in range(5000):
        deep = {"is": "list", "value": [deep]}
    with pytest.raises(ValueError, match="the answer cannot be read"):
        values.decode(deep)

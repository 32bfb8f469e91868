"""An assumption that is not met is named."""

import pytest
from sublevel_sets.cases import LEAKY, RELU, X, Y, killed, nets, sample
from torch import nn

from helpers import sublevel_sets as ss


def refused(widths=(4, 24, 8, 3), n=12, activation=LEAKY, **options):
    a, b = nets(widths, activation)
    return ss.connecting_path(a, b, *sample(n, widths), **options)


ASSUMPTIONS = [
    (
        {"widths": (4, 11, 3)},
        r"assumption is not met. independent: the N = 12 rows of \[x, 1\] have rank 5"
        r".*; wide: n_1 = 11 is below 2N - 2 = 22, N = 12; exchange: n_1 = 11 is below "
        r"N = 12, N = 12",
    ),
    ({"widths": (4, 21, 3), "method": "wide"}, "n_1 = 21 is below 2N - 2 = 22"),
    (
        {"widths": (4, 24, 5, 5, 3), "method": "wide"},
        r"widths must decrease strictly from n_2 on, they are \(5, 5, 3\)",
    ),
    (
        {"widths": (12, 6, 7, 2), "n": 10, "method": "independent"},
        r"widths must decrease strictly from n_1 on, they are \(6, 7, 2\)",
    ),
    ({"method": "wide", "activation": RELU}, r"ReLU is not onto.*hidden layers \[2\]"),
    (
        {"widths": (12, 6, 2), "method": "independent", "activation": RELU},
        r"ReLU is not onto \(leaky ReLU is\): hidden layers \[1\]",
    ),
    ({"method": "best"}, "method must be 'auto' or one of .*got 'best'"),
    ({"loss": "hinge"}, r"loss must be one of \['cross_entropy', 'squared'\]"),
    ({"activation": nn.Tanh()}, "a must be a torch.nn.Sequential of Linear and ReLU"),
    ({"activation": nn.LeakyReLU(-0.1)}, r"slopes must lie in \[0, 1\]"),
    ({"activation": nn.LeakyReLU(1.0)}, "cannot be given rank N = 12.*linear"),
]


@pytest.mark.parametrize(("options", "told"), ASSUMPTIONS)
def test_an_assumption_that_is_not_met_is_named(options, told):
    with pytest.raises((ValueError, TypeError), match=told):
        refused(**options)


def test_repeated_and_nearly_repeated_samples_are_named():
    a, b = nets((4, 24, 3))
    x, y = sample(12, (4, 3))
    x[7] = x[2]
    with pytest.raises(ValueError, match="sample 2 comes 2 times"):
        ss.connecting_path(a, b, x, y)
    x[7] += 1e-13
    killed(a, 0)
    with pytest.raises(ValueError, match="network a cannot be given rank N = 12"):
        ss.connecting_path(a, b, x, y)


BAD = [
    (
        lambda: ss.descent_path(nets((4, 10, 3))[0], X, Y),
        "wide: n_1 = 10 is below N - 1 = 11, N = 12",
    ),
    (
        lambda: ss.descent_path(nets((4, 24, 3, 4))[0], X, sample(12, (4, 4))[1]),
        r"widths must not increase from n_2 on, they are \(3, 4\)",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

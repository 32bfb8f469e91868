"""The report as a whole: what it holds and leaves out, and what it leaves alone."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from report.cases import digits, small_cnn, trained_cnn
from torch import nn

from helpers.report import making, report
from helpers.report.budget import Budget
from helpers.report.instruments import INSTRUMENTS
from helpers.report.subject import read_subject

QUANTITIES = (
    "distance to the nearest error",
    "noise in which 5% of copies are errors",
    "nearest error over that of a flat boundary",
    "linear regions on a line to another class",
    "sensitivity of the output",
    "largest eigenvalue of the Hessian",
    "SGD noise along it, over isotropic noise",
    "exponent alpha of a weight's spectrum",
    "distance to the nearest boundary of regions",
)


@pytest.fixture(scope="module")
def made():
    return report(trained_cnn(), *digits(), seconds=1000, progress=False)


def test_every_instrument_has_its_rows(made):
    assert tuple(row.quantity for row in made.rows) == QUANTITIES
    assert all(math.isfinite(row.value) and row.value > 0 for row in made.rows)
    assert [told.instrument for told in made.measured] == [i.name for i in INSTRUMENTS]
    assert [told.instrument for told in made.left_out] == ["information of a layer"]
    names = [layer.name for layer in made.layers if layer.instrument.startswith("spec")]
    assert names == ["0.weight", "2.conv.weight", "5.weight"]


def test_values_at_initialisation_are_those_of_the_copy(made):
    """Read off the copy by the instruments themselves."""
    net, (x, y) = trained_cnn(), digits()
    subject = read_subject(net, x, y, 0)
    fresh, _ = making.fresh_copy(net, 0)
    other = replace(subject, net=fresh)
    for instrument in INSTRUMENTS:
        most = len(x) * instrument.per_input
        found = instrument.measure(other, min(instrument.sizes[-1], most))
        for reading in found.readings:
            row = made[reading.quantity]
            assert (row.initial, row.initial_low, row.initial_high) == (
                reading.value,
                reading.low,
                reading.high,
            )
    right = fresh(x).argmax(dim=1) == y
    assert made.initial_accuracy == pytest.approx(right.double().mean().item())


def test_a_report_is_the_same_again_and_depends_on_the_seed(made):
    again, other = (
        report(trained_cnn(), *digits(), seconds=1000, seed=seed, progress=False)
        for seed in (0, 1)
    )
    assert again == made
    assert other.rows != made.rows


def test_a_row_is_found_by_how_it_begins(made):
    assert made["sensitivity"].quantity == "sensitivity of the output"
    with pytest.raises(KeyError, match="quantity must begin one of"):
        made["distance"]


def test_what_an_instrument_refuses_is_told_and_the_others_go_on():
    torch.manual_seed(0)
    layers = nn.Flatten(), nn.Linear(64, 16), nn.GELU(), nn.Linear(16, 10)
    made = report(nn.Sequential(*layers).eval(), *digits(), progress=False)
    why = {told.instrument: told.sentence for told in made.left_out}
    assert set(why) == {
        "regions on a line",
        "distance to a boundary",
        "information of a layer",
    }
    assert "GELU" in why["regions on a line"]
    assert "\n" not in why["regions on a line"]
    assert [row.quantity for row in made.rows] == [
        name for name in QUANTITIES if "regions" not in name
    ]


def test_a_network_that_cannot_be_copied_has_no_second_column():
    net = trained_cnn()
    net.kept = net[0].weight * 2
    made = report(net, *digits(8), progress=False)
    assert made.initial_accuracy is None
    assert all(row.initial is None for row in made.rows)
    assert made.notes[-1].startswith("Nothing at initialisation: net cannot be copied")


def test_when_the_time_is_spent_nothing_is_begun(monkeypatch):
    """The first instrument takes all the time there is."""
    moments = iter([0.0, *[9.0] * 3, *[0.0] * 2, *[11.0] * 100])
    monkeypatch.setattr(Budget, "left", property(lambda self: 10 - next(moments)))
    made = report(trained_cnn(), *digits(8), seconds=10, progress=False)
    late = [told for told in made.left_out if told.chapter != "08_information_flow"]
    assert {told.sentence for told in late} == {"not run: 10 s were spent"}
    assert len(late) + len(made.measured) == len(INSTRUMENTS)
    assert made.measured


def test_a_short_time_gives_small_samples():
    short = report(trained_cnn(), *digits(), seconds=1e-9, progress=False)
    assert not short.rows
    assert all("1e-09 s were spent" in told.sentence for told in short.left_out[:-1])


def test_what_would_take_longer_than_its_share_is_not_begun(monkeypatch):
    slow = replace(INSTRUMENTS[-1], expected=lambda subject: 400.0)
    monkeypatch.setattr(making, "INSTRUMENTS", (slow,))
    made = report(trained_cnn(), *digits(8), seconds=60, progress=False)
    assert made.left_out[0].sentence == "not run: one input would take 400 s"
    assert report(trained_cnn(), *digits(8), seconds=600, progress=False).rows


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"seconds": 0}, ValueError, "seconds must be finite and > 0, got 0"),
        ({"seconds": math.nan}, ValueError, "seconds must be finite and > 0, got nan"),
        ({"seed": -1}, ValueError, "seed must be an integer >= 0, got -1"),
    ],
)
def test_arguments_out_of_range(arguments, error, said):
    with pytest.raises(error, match=said):
        report(small_cnn(), *digits(), progress=False, **arguments)


def test_a_callable_is_no_module():
    with pytest.raises(TypeError, match=r"net must be a torch\.nn\.Module, got funct"):
        report(lambda x: x, *digits(), progress=False)


def test_progress_is_a_bar_that_goes_through_the_instruments(monkeypatch):
    shown = []

    def bar(turns, **looks):
        shown.append((len(turns), looks))
        return turns

    monkeypatch.setattr(making, "tqdm", bar)
    report(small_cnn(), *digits(4), seconds=0.01, progress=False)
    assert not shown
    report(small_cnn(), *digits(4), seconds=0.01)
    assert [n for n, _ in shown] == [len(INSTRUMENTS)]


def everything(net):
    """All that a caller may find changed."""
    return {
        "state": {name: value.tolist() for name, value in net.state_dict().items()},
        "gradients": [
            None if p.grad is None else p.grad.tolist() for p in net.parameters()
        ],
        "frozen": [p.requires_grad for p in net.parameters()],
        "identities": [id(one) for one in (*net.parameters(), *net.buffers())],
        "modes": [module.training for module in net.modules()],
        "hooks": [
            {k: list(v) for k, v in vars(module).items() if k.endswith("hooks")}
            for module in net.modules()
        ],
        "names": [sorted(vars(module)) for module in net.modules()],
        "random": torch.get_rng_state().tolist(),
        "numpy": np.random.get_state()[1].tolist(),  # noqa: NPY002
        "autograd": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def lived_in():
    """A network with gradients, a frozen layer, a hook and a module in train mode."""
    net, (x, y) = trained_cnn(), digits()
    nn.functional.cross_entropy(net(x), y).backward()
    net[0].requires_grad_(False)
    net[1].train()
    net[4].register_forward_hook(lambda *_: None)
    return net


def test_the_network_is_left_as_it_was():
    net, (x, y) = lived_in(), digits()
    given = x.clone(), y.clone()
    torch.manual_seed(5)
    before = everything(net)
    made = report(net, x, y, seconds=1000, progress=False)
    after = everything(net)
    assert [key for key in before if before[key] != after[key]] == []
    assert torch.equal(x, given[0])
    assert torch.equal(y, given[1])
    assert any("hooks" in told.sentence for told in made.left_out)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("call", [1, 30, 300])
def test_it_is_left_so_when_a_pass_fails(error, call):
    """At the first pass, within an instrument, and within a later one."""
    net, calls = lived_in(), []

    def stop(*_):
        calls.append(0)
        if len(calls) == call:
            raise error("stop")

    net[2].register_forward_pre_hook(stop)
    torch.manual_seed(5)
    before = everything(net)
    if error is KeyboardInterrupt or call == 1:
        with pytest.raises((ValueError, KeyboardInterrupt), match="stop"):
            report(net, *digits(), seconds=1000, progress=False)
    else:
        made = report(net, *digits(), seconds=1000, progress=False)
        assert any("stop" in told.sentence for told in made.left_out)
    assert len(calls) >= call
    after = everything(net)
    assert [key for key in before if before[key] != after[key]] == []


def test_it_works_without_autograd():
    net, (x, y) = trained_cnn(), digits(8)
    plain = report(net, x, y, seconds=1000, progress=False)
    with torch.no_grad():
        assert report(net, x, y, seconds=1000, progress=False) == plain
    with torch.inference_mode():
        assert report(net, x, y, seconds=1000, progress=False) == plain


def test_float64_and_integer_inputs():
    net, (x, y) = copy.deepcopy(trained_cnn()).double(), digits(8)
    made = report(net, (x * 16).round().to(torch.uint8), y.int(), progress=False)
    assert len(made.rows) == len(QUANTITIES)

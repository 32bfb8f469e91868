"""What each instrument reads, beside an obvious route to the same number."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from report.cases import digits, small_cnn, trained_cnn
from torch import nn
from torch.nn.functional import cross_entropy

from helpers import adversarial_noise
from helpers.linear_regions import count_line_regions
from helpers.report.input_space import (
    PARTS,
    boundary_distance,
    errors_in_noise,
    line_regions,
    one_distance,
)
from helpers.report.inside import curvature, exponents, sensitivity
from helpers.report.instruments import INSTRUMENTS
from helpers.report.readings import quartiles
from helpers.report.subject import read_subject


@pytest.fixture
def subject():
    return read_subject(trained_cnn(), *digits(), 0)


def test_whole_lines_are_counted_one_by_one(subject):
    start, end = (ends.double() for ends in subject.pairs(5))
    counts = [
        count_line_regions(subject.net, a, b) for a, b in zip(start, end, strict=True)
    ]
    found = line_regions(subject, 5 * PARTS)
    assert found.readings[0] == quartiles(found.readings[0].quantity, counts)
    assert found.seen == "5 lines"


@pytest.mark.parametrize("size", [PARTS // 4, PARTS])
def test_a_part_of_a_line_has_its_share_of_the_breaks(subject, size):
    """On average over where the part lies, which a seed draws."""
    start, end = (ends.double() for ends in subject.pairs(2))
    whole = count_line_regions(subject.net, start, end).mean() - 1
    draws = []
    for seed in range(60):
        one = replace(subject, seed=seed)
        object.__setattr__(one, "pairs", lambda n: (start, end))
        found = line_regions(one, size).readings[0]
        draws.append((found.low + found.high) / 2 - 1)
    seen = f"{size / (2 * PARTS):.1%} of 2 lines, scaled up"
    assert line_regions(one, size).seen == seen
    # ends of a line lie in fewer parts than its middle: within a fifth, and 4 errors
    error = 4 * np.std(draws) / 60**0.5
    assert np.mean(draws) == pytest.approx(whole, abs=0.2 * whole + error)


def test_the_time_of_one_distance_grows_with_the_numbers_of_an_input(subject):
    """A pass for each number: 64 for digits; enlarged fourfold a side, 1024."""
    large = nn.Sequential(nn.AvgPool2d(4), subject.net).eval()
    x = subject.x.repeat_interleave(4, 2).repeat_interleave(4, 3)
    other = read_subject(large, x, subject.y, 0)
    times = [min(one_distance(one) for _ in range(20)) for one in (subject, other)]
    assert times[1] > 8 * times[0] > 0


def linear(subject, n=24):
    """A linear network on two of the classes, whose nearest errors are known."""
    torch.manual_seed(1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).double().eval()
    x = subject.x[:n].double()
    return read_subject(net, x, net(x).argmax(dim=1), 0)


def test_regions_on_a_line_by_a_grid(subject):
    """Slopes of the logits between 20,000 points change where a region ends."""
    net = trained_cnn().double()
    (start, _), (end, _) = subject.pairs(2)
    t = torch.linspace(0, 1, 20_001, dtype=torch.float64)[:, None, None, None]
    outputs = net(start.double() + t * (end - start).double()).detach()
    slopes = outputs.diff(dim=0)
    jumps = (slopes.diff(dim=0).abs().amax(dim=1) > 1e-9).numpy()
    runs = int(jumps[0]) + int((np.diff(jumps.astype(int)) == 1).sum())
    found = count_line_regions(subject.net, start.double(), end.double())
    # a break shows in one or two neighbouring jumps; close ones may share a run
    assert runs + 1 <= found <= runs + 4


def test_a_linear_network_has_a_flat_boundary(subject):
    """Its nearest error, and the noise whose errors are 5 %, in closed form."""
    one = linear(subject)
    found = errors_in_noise(one, 24).readings
    weight, bias = one.net[1].weight, one.net[1].bias
    normal, shift = weight[1] - weight[0], bias[1] - bias[0]
    exact = ((one.x.flatten(1) @ normal + shift).abs() / normal.norm()).detach()
    wanted = quartiles("", exact.numpy())
    assert found[0].value == pytest.approx(wanted.value, rel=1e-6)
    assert found[0].high == pytest.approx(wanted.high, rel=1e-6)
    # 20 of 400 draws: sd of the rate 0.011, of its normal quantile 0.11, so 0.07 of
    # the ratio; 4 standard errors of the median of 24 (1.25 / sqrt 24)
    assert found[2].value == pytest.approx(1, abs=4 * 0.07 * 1.25 / 24**0.5)


def test_errors_are_those_of_the_network_itself(subject):
    """At inputs that the caller's network has right."""
    x = subject.right[:6]
    near = adversarial_noise.nearest_error(
        subject.net, x, adversarial_noise.labels(subject.net, x)
    )
    assert errors_in_noise(subject, 6).readings[0] == quartiles(
        "distance to the nearest error", near.distance
    )
    fresh = replace(subject, net=small_cnn())
    assert errors_in_noise(fresh, 6).readings[0].value > 0


def test_no_input_right_is_told(subject):
    none = replace(subject, decided=(subject.y + 1) % 10)
    with pytest.raises(ValueError, match="the network has no input of x right"):
        errors_in_noise(none, 4)


def test_the_boundary_is_where_a_pattern_changes(subject):
    """No pattern changes within the distance, in 200 random directions."""
    found = boundary_distance(subject, 1).readings[0].value
    x = subject.x[:1].double()
    net = trained_cnn().double()
    generator = torch.Generator().manual_seed(0)
    away = torch.randn((200, *x.shape[1:]), generator=generator, dtype=torch.float64)
    away /= away.flatten(1).norm(dim=1).view(-1, 1, 1, 1)

    def slope(points):
        points = points.clone().requires_grad_()
        (found,) = torch.autograd.grad(net(points)[:, 0].sum(), points)
        return found

    inside, beyond = (slope(x + s * found * away) for s in (0.999, 50))
    assert (inside - slope(x)).abs().max() < 1e-12
    assert (beyond - slope(x)).abs().max() > 1e-6


def test_sensitivity_by_differences(subject):
    """At the output: a finite difference along the same kind of noise."""
    found = sensitivity(subject, 24)
    net, x = trained_cnn().double(), subject.x.double()
    generator = torch.Generator().manual_seed(9)
    noise = torch.randn((400, *x.shape), generator=generator, dtype=torch.float64)
    with torch.no_grad():
        moved = torch.stack([net(x + 1e-6 * one) - net(x) for one in noise]) / 1e-6
        signal = net(x)

    def spread(values):
        places = [dim for dim in range(values.ndim) if dim != 1]  # all but channels
        return values.var(dim=places, correction=0).mean()

    growth = moved.square().mean() / noise.square().mean()
    chi = (growth / spread(signal) * spread(x)).sqrt()
    low, high = found.readings[0].low, found.readings[0].high
    # four draws scatter about the mean over 400; twice their spread on either side
    assert low - 2 * (high - low) < chi < high + 2 * (high - low)
    assert found.by_layer[-1][1] == pytest.approx(found.readings[0].value)
    assert found.by_layer[2][0] == "2.conv (Conv2d)"


def test_curvature_from_the_dense_matrices():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.Tanh(), nn.Linear(3, 4))
    x, y = digits(16)
    subject = read_subject(net.double().eval(), x, y % 4, 0)
    parameters = dict(subject.net.named_parameters())
    sizes = [p.numel() for p in parameters.values()]

    def loss(theta, x, y):
        parts = zip(parameters.items(), theta.split(sizes), strict=True)
        moved = {name: part.view_as(p) for (name, p), part in parts}
        return cross_entropy(torch.func.functional_call(net, moved, x), y)

    theta = torch.cat([p.detach().flatten() for p in parameters.values()])
    hessian = torch.func.hessian(loss)(theta, subject.x, subject.y)
    slopes = torch.stack([
        torch.func.grad(loss)(theta, subject.x[i : i + 1], subject.y[i : i + 1])
        for i in range(16)
    ])  # fmt: skip
    covariance = torch.cov(slopes.T, correction=0)
    values, vectors = torch.linalg.eigh(hessian)
    along = vectors[:, -1] @ covariance @ vectors[:, -1]
    top, ratio = curvature(subject, 16).readings
    assert top.value == pytest.approx(values[-1].item(), rel=1e-3)
    wanted = along / covariance.trace() * len(theta)
    assert ratio.value == pytest.approx(wanted.item(), rel=1e-2)


def test_one_logit_has_the_curvature_of_two():
    """A logit l stands for (0, l): the same loss, so the same top eigenvalue."""
    x, y = digits(16)
    torch.manual_seed(0)
    one = nn.Sequential(nn.Flatten(), nn.Linear(64, 1)).eval()

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = one

        def forward(self, x):
            logit = self.one(x)
            return torch.cat([torch.zeros_like(logit), logit], dim=1)

    first, second = (
        curvature(read_subject(net.eval(), x, y % 2, 0), 16).readings
        for net in (one, Two())
    )
    assert first[0].value == pytest.approx(second[0].value, rel=1e-4)
    assert first[1].value == pytest.approx(second[1].value, rel=1e-3)


def test_exponents_have_a_row_a_weight(subject):
    found = exponents(subject, 1)
    names = [name for name, _ in found.by_layer]
    assert names == ["0.weight", "2.conv.weight", "5.weight"]
    assert found.readings[0].value == np.median([value for _, value in found.by_layer])
    tiny = read_subject(
        nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).eval(), *parts(subject), 0
    )
    with pytest.raises(ValueError, match="net has no weight with 8 different singular"):
        exponents(tiny, 1)


def parts(subject):
    return subject.x, subject.y % 2


def test_other_units_and_larger_logits_change_what_they_must(subject):
    """Inputs times 4 and the first layer over 4; the last layer times 8."""
    other = trained_cnn()
    with torch.no_grad():
        other[0].weight /= 4
        other[-1].weight *= 8
        other[-1].bias *= 8
    scaled = read_subject(other, digits()[0] * 4, digits()[1], 0)
    pairs = [
        (instrument(subject, size), instrument(scaled, size))
        for instrument, size in (
            (errors_in_noise, 8),
            (line_regions, 8 * PARTS),
            (sensitivity, 8),
            (exponents, 8),
        )
    ]
    ratios = [
        hers.value / ours.value
        for first, second in pairs
        for ours, hers in zip(first.readings, second.readings, strict=True)
    ]
    # an attack that follows the loss, which changes with the logits, may end elsewhere:
    # attacks agree within a few per cent in the median
    assert ratios[0] == pytest.approx(4, rel=0.03)
    assert ratios[2] == pytest.approx(1, rel=0.03)
    # the draws scale with the noise; searches end within 1e-4 of the root
    assert [ratios[1], *ratios[3:]] == pytest.approx([4, 1, 1, 1], rel=1e-3)


def test_quartiles_take_what_is_infinite():
    found = quartiles("d", [3.0, np.inf, 1.0, 2.0])
    assert (found.low, found.value, found.high) == (1.0, 2.0, 3.0)
    assert quartiles("d", [np.inf, np.inf, 1.0]).value == np.inf
    with pytest.raises(ValueError, match="d: nothing to measure"):
        quartiles("d", [])


def test_every_instrument_says_what_it_measures():
    assert len({one.name for one in INSTRUMENTS}) == len(INSTRUMENTS)
    for one in INSTRUMENTS:
        assert list(one.sizes) == sorted(set(one.sizes))
        assert one.sentence.endswith(".")

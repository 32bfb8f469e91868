"""Quality and speed of the attacks beside public ones, and of rare error rates.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds with
one thread; each test prints its ratios. Attacks are compared by the ratio of their
distance to the exact one (linear model) or the least that any attack found (network).
"""

import math
import warnings

import numpy as np
import pytest
import torch
import twins
from scipy import stats
from torch import nn

from helpers import adversarial_noise as an
from helpers import data, networks

from .timing import seconds

N_IMAGES = 100
WIDE = (-3.0, 4.0)  # foolbox needs bounds; these are out of reach
PIXELS = (0.0, 1.0)


def network(widths):
    """A trained network and the first test digits that it gets right."""
    digits = data.load("digits").flatten()
    net = networks.mlp(widths, seed=0, dtype=torch.float32)
    an.train_with_noise(
        net, digits.x_train, digits.y_train, 0.0, seed=0, progress=False
    )
    right = an.labels(net, digits.x_test) == digits.y_test
    return net, digits.x_test[right][:N_IMAGES], digits.y_test[right][:N_IMAGES]


def linear_distances(net, x, y, box):
    """Exact distances of a linear model."""
    weight, bias = (p.detach().double().numpy() for p in net[0].parameters())
    pairs = zip(x.double().numpy(), y.tolist(), strict=True)
    return np.array([twins.linear_distance(weight, bias, *p, box) for p in pairs])


def rivals(net, box):
    """name -> attack(x, y) of the public packages, images in their bounds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # foolbox imports names that scipy renames
        foolbox = pytest.importorskip("foolbox")
        torchattacks = pytest.importorskip("torchattacks")
    model = foolbox.PyTorchModel(net, bounds=box)

    def of_foolbox(attack):
        return lambda x, y: attack(model, x, y, epsilons=None)[1]

    found = {
        "foolbox DeepFool": of_foolbox(
            foolbox.attacks.L2DeepFoolAttack(steps=50, overshoot=1e-4)
        ),
        "foolbox DDN": of_foolbox(foolbox.attacks.DDNAttack(steps=300)),
        "foolbox Carlini-Wagner": of_foolbox(
            foolbox.attacks.L2CarliniWagnerAttack(binary_search_steps=9, steps=1000)
        ),
    }
    if box == PIXELS:  # torchattacks clamps to [0, 1] and wants pictures
        pictures = nn.Sequential(nn.Flatten(), *net)
        kinds = {
            "DeepFool": torchattacks.DeepFool(pictures),
            "CW": torchattacks.CW(pictures, c=1, steps=1000),
            "FAB": torchattacks.FAB(pictures, norm="L2", n_classes=10, eps=100.0),
        }
        for name, attack in kinds.items():
            found[f"torchattacks {name}"] = lambda x, y, attack=attack: attack(
                x.view(-1, 1, 8, 8), y
            ).flatten(1)
    return found


def distances(net, x, y, points):
    """Lengths of what an attack returns; infinite where the model is still right."""
    wrong = (an.labels(net, points.detach()) != y).numpy()
    length = (points.detach() - x).norm(dim=1).double().numpy()
    return np.where(wrong, length, math.inf)


@pytest.mark.parametrize("box", [PIXELS, WIDE], ids=["pixels", "free"])
@pytest.mark.parametrize(
    "widths", [[64, 10], [64, 128, 128, 10]], ids=["linear", "net"]
)
def test_nearest_error_beside_public_attacks(benchmark, say, widths, box):
    net, x, y = network(widths)

    def ours():
        return an.nearest_error(net, x, y, box=None if box is WIDE else box)

    ours()
    fast, found = seconds(ours, 3)
    lengths, times = {"ours": found.distance}, {"ours": fast}
    for name, attack in rivals(net, box).items():
        times[name], points = seconds(lambda attack=attack: attack(x, y), 1)
        lengths[name] = distances(net, x, y, points)
    best = np.min([*lengths.values()], axis=0)
    if len(widths) == 2:
        best = linear_distances(net, x, y, None if box is WIDE else box)
    summary = {}
    for name, length in lengths.items():
        ratio = length / best
        summary[name] = np.median(ratio), np.quantile(ratio, 0.95, method="higher")
        say(
            f"{name:24s} {times[name]:7.2f} s, ratio median {summary[name][0]:.5f}, "
            f"95th percentile {summary[name][1]:.5f}, worst {ratio.max():.4f}"
        )
    median, q95 = summary.pop("ours")
    tolerance = 2e-5  # of float32
    assert median <= min(m for m, _ in summary.values()) + tolerance
    assert q95 <= min(q for _, q in summary.values()) + tolerance
    assert fast < times["foolbox Carlini-Wagner"] / 10
    if len(widths) == 2:
        assert q95 < 1 + tolerance
    benchmark.extra_info["ratio"] = times["foolbox Carlini-Wagner"] / fast
    benchmark.pedantic(ours, rounds=2)


@pytest.mark.parametrize("features", [64, 784])
def test_rare_error_rate_at_1e_12(benchmark, say, features):
    """One half-space; plain Monte Carlo would need 1e14 draws for 10 %."""
    t = stats.norm.isf(1e-12)
    weight = torch.randn(features, generator=torch.Generator().manual_seed(0))
    weight /= weight.norm()

    def model(x):
        margin = x @ weight - 0.5
        return torch.stack([torch.zeros_like(margin), margin], dim=1)

    x, y = torch.zeros(10, features), torch.zeros(10, dtype=torch.long)

    def ours():
        return an.rare_error_rate(model, x, y, 0.5 / t, seed=1)

    fast, rate = seconds(ours, 2)
    error = np.abs(rate.log10 + 12)
    say(
        f"1e-12 in {features} dimensions: {fast / 10:.2f} s, log10 off by "
        f"{error.mean():.2f}, at most {error.max():.2f} in 10 runs, "
        f"{rate.calls.mean():.0f} calls"
    )
    benchmark.pedantic(ours, rounds=1)
    assert fast / 10 < 5
    assert error.max() < 0.4


def test_noise_scale_beside_bisection(benchmark, say):
    """The paper's search: bisection of [0, 1] to 0.001 with draws made once."""
    net, x, y = network([64, 128, 128, 10])
    x, y = x[:20], y[:20]

    def bisected():
        found = []
        for i, (image, label) in enumerate(zip(x, y, strict=True)):
            made = torch.Generator().manual_seed(i)
            noise = torch.randn((2000, 64), generator=made)
            low, high = 0.0, 1.0
            while high - low > 0.001:
                sigma = (low + high) / 2
                wrong = (an.labels(net, image + sigma * noise) != label).sum().item()
                low, high = (low, sigma) if wrong > 20 else (sigma, high)
            found.append(low)
        return np.array(found)

    fast, scale = seconds(lambda: an.noise_scale(net, x, y, seed=0), 3)
    slow, plain = seconds(bisected, 3)
    say(f"sigma(x_0, 0.01), 20 images: {fast:.2f} s, bisection {slow:.2f} s, "
        f"ratio {slow / fast:.1f}")  # fmt: skip
    assert np.median(np.abs(scale.sigma / plain - 1)) < 0.06
    assert slow / fast > 1.3
    benchmark.pedantic(lambda: an.noise_scale(net, x, y, seed=0), rounds=2)

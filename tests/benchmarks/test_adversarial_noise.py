"""Quality and speed of the attacks beside public ones, and of rare error rates.

Attacks are compared by the ratio of their distance to the exact one (linear model) or
the least that any attack found (network).
"""

import math
import warnings
from importlib.metadata import version

import numpy as np
import pytest
import torch
import twins
from scipy import stats
from torch import nn

from helpers import adversarial_noise as an
from helpers import data, networks

WIDE = (-3.0, 4.0)  # foolbox needs bounds; these are out of reach
PIXELS = (0.0, 1.0)
ROUNDING = 2e-5
"""Of float32, in a ratio of distances."""
STEP = 32 * torch.finfo(torch.float32).eps
"""How far beyond the boundary `nearest_error` goes in float32, in units of the largest
logit: at most twice the 10 or so units of its rounding level."""


def network(bench, widths, n_images):
    """A trained network and the first test digits that it gets right."""
    n, epochs = bench.size((200, 3), (1400, 30))
    digits = data.load("digits", n_train=n).flatten()
    net = networks.mlp(widths, seed=0, dtype=torch.float32)
    an.train_with_noise(
        net, digits.x_train, digits.y_train, 0.0, epochs=epochs, seed=0, progress=False
    )
    right = an.labels(net, digits.x_test) == digits.y_test
    return net, digits.x_test[right][:n_images], digits.y_test[right][:n_images]


def linear_distances(net, x, y, box):
    """Exact distances of a linear model."""
    weight, bias = (p.detach().double().numpy() for p in net[0].parameters())
    pairs = zip(x.double().numpy(), y.tolist(), strict=True)
    return np.array([twins.linear_distance(weight, bias, *p, box) for p in pairs])


def rivals(net, box, steps):
    """name -> attack(x, y) of the public packages, images in their bounds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # foolbox imports names that scipy renames
        foolbox = pytest.importorskip("foolbox")
        torchattacks = pytest.importorskip("torchattacks")
    model = foolbox.PyTorchModel(net.eval(), bounds=box)

    def of_foolbox(attack):
        return lambda x, y: attack(model, x, y, epsilons=None)[1]

    kinds = {
        "DeepFool": foolbox.attacks.L2DeepFoolAttack(steps=50, overshoot=1e-4),
        "DDN": foolbox.attacks.DDNAttack(steps=3 * steps // 10),
        "Carlini-Wagner": foolbox.attacks.L2CarliniWagnerAttack(
            binary_search_steps=9, steps=steps
        ),
    }
    named = f"foolbox {version('foolbox')}"
    found = {f"{named} {name}": of_foolbox(attack) for name, attack in kinds.items()}
    if box == PIXELS:  # torchattacks clamps to [0, 1] and wants pictures
        pictures = nn.Sequential(nn.Flatten(), *net)
        kinds = {
            "DeepFool": torchattacks.DeepFool(pictures),
            "CW": torchattacks.CW(pictures, c=1, steps=steps),
            "FAB": torchattacks.FAB(pictures, norm="L2", n_classes=10, eps=100.0),
        }
        for name, attack in kinds.items():
            found[f"torchattacks {version('torchattacks')} {name}"] = (
                lambda x, y, attack=attack: attack(x.view(-1, 1, 8, 8), y).flatten(1)
            )
    return found


def distances(net, x, y, points):
    """Lengths of what an attack returns; infinite where the model is still right."""
    wrong = (an.labels(net, points.detach()) != y).numpy()
    length = (points.detach() - x).norm(dim=1).double().numpy()
    return np.where(wrong, length, math.inf)


def told(length, best):
    """Median and 95th percentile of the ratio to the best distances, and in words."""
    ratio = length / best
    median, q95 = np.median(ratio), np.quantile(ratio, 0.95, method="higher")
    words = f"distance / best: median {median:.5f}, 95 % {q95:.5f}"
    return median, q95, words.replace("inf", "∞")


@pytest.mark.parametrize("box", [PIXELS, WIDE], ids=["pixels", "free"])
@pytest.mark.parametrize(
    "widths", [[64, 10], [64, 128, 128, 10]], ids=["linear", "net"]
)
def test_nearest_error_beside_public_attacks(bench, widths, box):
    net, x, y = network(bench, widths, bench.size(3, 100))
    bounds = None if box is WIDE else box

    def ours():
        return an.nearest_error(net, x, y, box=bounds)

    exact = linear_distances(net, x, y, bounds) if len(widths) == 2 else math.inf
    if len(widths) == 2:
        logit, weight = net(x).abs().max().item(), net[0].weight.detach().double()
        beyond = STEP * logit / torch.pdist(weight).min().item()
        assert (ours().distance < (1 + ROUNDING / 2) * exact + beyond).all()
    else:
        assert np.isfinite(ours().distance).all()
    races = {
        name: bench.race(ours, lambda attack=attack: attack(x, y))
        for name, attack in rivals(net, box, bench.size(20, 1000)).items()
    }
    found = next(iter(races.values())).found.distance
    lengths = {
        name: distances(net, x, y, race.their_found) for name, race in races.items()
    }
    best = np.min([found, *lengths.values()], axis=0) if len(widths) > 2 else exact
    median, q95, words = told(found, best)
    kind = "linear model" if len(widths) == 2 else f"network {widths}"
    for name, race in races.items():
        their_median, their_q95, their_words = told(lengths[name], best)
        bench.record(
            race,
            "adversarial_noise.nearest_error",
            f"nearest errors of {len(x)} digits, {kind}, "
            f"{'pixels in [0, 1]' if bounds else 'no bounds'}",
            beside=name,
            accuracy=words,
            their_accuracy=their_words,
            key=name,
            least=10 if name.endswith("Carlini-Wagner") else 0,
        )
        if bench.full:
            assert median <= their_median + ROUNDING
            assert q95 <= their_q95 + ROUNDING


@pytest.mark.parametrize("features", [64, 784])
def test_rare_error_rate_at_1e_12(bench, features):
    """One half-space; plain Monte Carlo would need 1e14 draws for 10 %."""
    runs, n = bench.size((2, 100), (10, 1000))
    features = bench.size(features // 16, features)
    t = stats.norm.isf(1e-12)
    weight = torch.randn(features, generator=torch.Generator().manual_seed(0))
    weight /= weight.norm()

    def model(x):
        margin = x @ weight - 0.5
        return torch.stack([torch.zeros_like(margin), margin], dim=1)

    x, y = torch.zeros(runs, features), torch.zeros(runs, dtype=torch.long)
    race = bench.race(lambda: an.rare_error_rate(model, x, y, 0.5 / t, n, seed=1))
    error = np.abs(race.found.log10 + 12)
    bench.record(
        race,
        "adversarial_noise.rare_error_rate",
        f"{runs} error rates of 1e-12 in {features} dimensions",
        accuracy=f"log10 off by {error.mean():.2f}, at most {error.max():.2f}",
        cost=f"{race.found.calls.mean():,.0f} calls of the model each",
        within=runs * 5,
    )
    assert error.max() < 0.4 * math.sqrt(1000 / n)


def test_noise_scale_beside_bisection(bench):
    """The paper's search: bisection of [0, 1] to 0.001 with draws made once."""
    n, draws = bench.size((2, 500), (20, 2000))
    net, x, y = network(bench, [64, 128, 128, 10], n)

    def bisected():
        found = []
        for i, (image, label) in enumerate(zip(x, y, strict=True)):
            made = torch.Generator().manual_seed(i)
            noise = torch.randn((draws, 64), generator=made)
            low, high = 0.0, 1.0
            while high - low > 0.001:
                sigma = (low + high) / 2
                wrong = (an.labels(net, image + sigma * noise) != label).sum().item()
                low, high = (low, sigma) if wrong > draws / 100 else (sigma, high)
            found.append(low)
        return np.array(found)

    race = bench.race(lambda: an.noise_scale(net, x, y, n=draws, seed=0), bisected)
    gap = np.median(np.abs(race.found.sigma / race.their_found - 1))
    bench.record(
        race,
        "adversarial_noise.noise_scale",
        f"the noise at which {n} digits have an error rate of 1 %, {draws:,} draws",
        beside="bisection, as in the paper",
        accuracy=f"within {100 * gap:.1f} % of the other (median)",
        least=1.3,
    )
    assert gap < 0.06 * math.sqrt(2000 / draws)

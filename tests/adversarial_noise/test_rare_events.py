"""Rare error rates of half-spaces, slabs, shells and staircases."""

import math

import numpy as np
import pytest
import torch
from adversarial_noise.cases import binary, halfspace, origin, shell, slab
from scipy import stats

from helpers import adversarial_noise as an


@pytest.mark.parametrize("log10", [-3, -7, -12])
def test_rare_error_rate_of_a_halfspace(log10):
    """Mean of 25 runs within 4 standard errors; each within 0.5, the spread as said."""
    t = stats.norm.isf(10.0**log10)
    x, y = origin(25, features=64, dtype=torch.float32)
    rate = an.rare_error_rate(halfspace(0.5), x, y, 0.5 / t, seed=1)
    error = rate.log10 - log10
    spread = error.std(ddof=1)
    assert abs(error.mean()) < 4 * spread / 5 + 0.01  # bias of a logarithm
    assert np.abs(error).max() < 0.5
    assert 0.6 < spread / rate.stderr.mean() < 1.6  # 4 standard errors of 25 draws


def test_rare_error_rate_of_other_shapes():
    x, y = origin(16, features=10)
    for model, exact in (
        (slab(5.0), 2 * stats.norm.sf(5)),
        (shell(7.0), stats.chi.sf(7, 10)),
        (halfspace(0.5), stats.norm.sf(0.5)),
    ):
        rate = an.rare_error_rate(model, x, y, 1.0, seed=2)
        error = rate.log10 - math.log10(exact)
        assert abs(error.mean()) < 4 * error.std(ddof=1) / 4 + 0.01


def test_rare_error_rate_with_any_share_to_keep():
    """1000 copies of 300 survivors: no survivor may be favoured."""
    x, y = origin(16, features=10)
    for keep, moves in ((0.3, 5), (0.07, 10)):
        rate = an.rare_error_rate(
            halfspace(1.0), x, y, 0.2, keep=keep, moves=moves, seed=0
        )
        error = rate.log10 - stats.norm.logsf(5) / math.log(10)
        assert abs(error.mean()) < 4 * rate.stderr.mean() / 4 + 0.01


@pytest.mark.parametrize(("lift", "crossing"), [(3.9, 4.0), (4.0, 13 / 3)])
def test_rare_error_rate_where_scores_tie(lift, crossing):
    """A staircase of scores, many particles on a step; a score of 0 is no error."""
    x, y = origin(16, features=10)
    model = binary(lambda x: torch.floor(3 * x[:, 0]) / 3 - lift)
    rate = an.rare_error_rate(model, x, y, 1.0, seed=0)
    error = rate.log10 - stats.norm.logsf(crossing) / math.log(10)
    assert abs(error.mean()) < 4 * error.std(ddof=1) / 4 + 0.02


def test_rare_error_rate_at_the_ends():
    x, y = origin(2)
    sure = an.rare_error_rate(halfspace(-99.0), x, y, 1.0, seed=0)
    assert (sure.log10 == 0).all()
    assert (sure.calls == 1000).all()
    never = an.rare_error_rate(binary(lambda x: -1 + 0 * x[:, 0]), x, y, 1.0, seed=0)
    assert (never.log10 == -math.inf).all()
    for distance, floor in ((9.0, 1e-6), (0.5, 0.5)):
        model = halfspace(distance)
        rarer = an.rare_error_rate(model, x, y, 1.0, floor=floor, seed=0)
        assert (rarer.log10 == -math.inf).all()


def test_rare_error_rate_counts_its_calls():
    x, y = origin(1)
    asked = []

    def model(inputs):
        asked.append(len(inputs))
        return halfspace(4.0)(inputs)

    rate = an.rare_error_rate(model, x, y, 1.0, 200, moves=3, seed=0)
    assert rate.calls[0] == sum(asked)
    levels = (rate.calls[0] / 200 - 1) / 3
    assert abs(levels - math.log(3.2e-5) / math.log(0.2)) < 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n": 19}, "n must be at least 20, got 19"),
        ({"keep": 1.0}, "keep must lie strictly between 0 and 1"),
        ({"n": 100, "keep": 0.01}, "n keep must be at least 2, got 100 times 0.01"),
        ({"moves": 0}, "moves must be at least 1, got 0"),
        ({"floor": 0.0}, "floor must lie strictly between 0 and 1"),
        ({"sigma": 0.0}, "sigma must be finite and > 0"),
    ],
)
def test_rare_error_rate_says_what_is_wrong(change, told):
    x, y = origin(1)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        an.rare_error_rate(halfspace(1.0), x, y, **({"sigma": 1.0} | change), seed=0)
    assert told in str(raised.value)


def test_splitting_depends_on_seed_and_place_alone():
    x, y = origin(2)
    both = an.rare_error_rate(halfspace(4.0), x, y, 1.0, seed=0).log10
    alone = an.rare_error_rate(halfspace(4.0), x[:1], y[:1], 1.0, seed=0).log10
    assert both[0] == alone[0]
    assert both[0] != both[1]
    assert an.rare_error_rate(halfspace(4.0), x, y, 1.0, seed=1).log10[0] != both[0]

"""Fits recover the laws that they fit."""

import math

import numpy as np
import pytest
from scipy import stats
from well_behaved.cases import trajectory

from helpers import well_behaved as wb


def test_fits_recover_the_laws_they_fit():
    layers = np.arange(61.0)
    slopes = np.array([0.1, 0.2, 0.3])
    rate = wb.growth_rate(trajectory(np.outer(slopes, layers) + 4))
    np.testing.assert_allclose(rate.draws, np.exp(slopes))
    np.testing.assert_allclose(rate.residual, 0, atol=1e-20)
    assert rate.value == pytest.approx(np.exp(slopes).mean())
    assert rate.stderr == pytest.approx(stats.sem(np.exp(slopes)))
    expected = stats.t.interval(0.9, 2, rate.value, rate.stderr)
    assert rate.interval(0.9) == pytest.approx(expected)
    power = wb.growth_exponent(trajectory(np.outer(slopes, np.log(layers + 1)) - 1), 2)
    np.testing.assert_allclose(power.draws, slopes)
    line = np.polyfit(layers[5:31], np.sin(layers[5:31]), 1, full=True)
    fit = wb.growth_rate(trajectory(np.sin(layers)), 5, 30)
    assert np.log(fit.draws[0]) == pytest.approx(line[0][0])
    assert fit.residual[0] == pytest.approx(line[1][0])
    assert fit.stderr == math.inf
    assert fit.interval() == (-math.inf, math.inf)


def test_a_fit_begins_at_layer_ten():
    """Least squares over layers 10 to 60; those before follow another law."""
    layers = np.arange(61.0)
    log_chi = np.where(layers < 10, 3 * layers, 0.2 * layers + np.sin(layers))
    for fit, abscissa in (
        (wb.growth_rate, layers),
        (wb.growth_exponent, np.log(layers + 1)),
    ):
        slope = np.polyfit(abscissa[10:], log_chi[10:], 1)[0]
        found = float(fit(trajectory(log_chi)).draws[0])
        found = math.log(found) if fit is wb.growth_rate else found
        assert found == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: wb.growth_rate(trajectory(np.zeros(9)), 7), "got first=7, last=8"),
        (lambda: wb.growth_rate(trajectory(np.zeros(9)), 1, 9), "depth=8"),
        (lambda: wb.growth_exponent(trajectory(np.zeros(9)), -1), "got first=-1"),
        (
            lambda: wb.growth_rate(trajectory(np.zeros(9)), 1).interval(2),
            "level must lie between 0 and 1, got 2",
        ),
    ],
)
def test_fits_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()

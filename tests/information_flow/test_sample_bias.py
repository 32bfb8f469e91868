"""The bias law against exact sums and simulation."""

import numpy as np
import pytest
from information_flow.cases import noise
from scipy import stats

from helpers import information_flow as inf


@pytest.mark.parametrize(
    ("beta", "c"),
    [(0.1, 1.0), (0.3, 0.998676), (0.5, 0.931403), (1, 0.5504), (2, 0.204054)],
)
def test_chi2_information_of_two_signs(beta, c):
    assert inf.chi2_information([-1, 1], beta) == pytest.approx(c, abs=1e-6)
    assert inf.bias_law(10, 1, beta).chi2 == pytest.approx(c, abs=1e-6)
    assert inf.bias_law(10, 4, beta).chi2 == pytest.approx((1 + c) ** 4 - 1, rel=1e-5)


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_bias_law_against_the_exact_bias_of_two_atoms(beta):
    """E h_n by summing over the binomial number of samples at the first atom."""
    share, n = 0.3, 200
    k = np.arange(n + 1)
    weights = np.stack([k / n, 1 - k / n], axis=1)
    h_n = inf.scalar_information([-1, 1], beta, weights)
    exact = inf.scalar_information([-1, 1], beta, [share, 1 - share])
    bias = exact - stats.binom.pmf(k, n, share) @ h_n
    law = inf.bias_law(n, 1, beta, probabilities=[share, 1 - share])
    assert bias == pytest.approx(law.leading, rel=3 / n)
    assert 0 < bias < law.bound < law.chi2 / n


def test_bias_law_against_simulation_in_four_dimensions():
    n, beta, rng = 100, 0.6, np.random.default_rng(5)
    exact = 4 * inf.scalar_information([-1, 1], beta) + noise(4, beta)
    found = np.array(
        [
            inf.smoothed_entropy(rng.choice([-1.0, 1.0], (n, 4)), beta, seed=s).value
            for s in range(150)
        ]
    )
    bias, error = exact - found.mean(), found.std() / 150**0.5
    law = inf.bias_law(n, 4, beta)
    # beyond leading order: up to (16^2 - 1) / (12 n^2), that of the entropy of 16 cells
    assert -4 * error < bias - law.leading < 4 * error + 255 / (12 * n**2)
    assert bias < law.bound + 4 * error


def test_bias_law_of_separate_atoms_is_that_of_miller_and_madow():
    law = inf.bias_law(50, 3, 0.01, atoms=[-1, 0, 1])
    assert law.leading == pytest.approx((27 - 1) / (2 * 50))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.bias_law(0, 1, 1.0), "n must be an integer >= 1, got 0"),
        (lambda: inf.bias_law(1, 0, 1.0), "dim must be an integer >= 1, got 0"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_atoms_of_several_channels_are_told():
    with pytest.raises(ValueError, match=r"atoms and probabilities must be \[k\], got"):
        inf.bias_law(1, 1, 1.0, np.zeros((2, 2)))

"""One neuron: quadratures against a fine grid."""

import math

import numpy as np
import pytest
from information_flow.cases import FOUR, entropy_1d, noise
from scipy import integrate, stats

from helpers import information_flow as inf


@pytest.mark.parametrize("beta", [0.01, 0.1, 0.5, 3.0])
def test_scalar_information_equals_the_entropy_on_a_grid(beta):
    atoms, share = [-0.9, -0.2, 0.1, 0.8], [0.4, 0.3, 0.2, 0.1]
    exact = entropy_1d(atoms, beta, share) - noise(1, beta)
    assert inf.scalar_information(atoms, beta, share) == pytest.approx(exact, abs=1e-7)
    equal = entropy_1d(atoms, beta) - noise(1, beta)
    assert inf.scalar_information(atoms, beta) == pytest.approx(equal, abs=1e-7)


def test_scalar_information_has_its_limits():
    far, near = np.array([-1.0, 0.0, 1.0]), np.zeros(3)
    assert inf.scalar_information(far, 0.01) == pytest.approx(math.log(3), abs=1e-12)
    assert inf.scalar_information(near, 0.01) == pytest.approx(0, abs=1e-12)
    merged = inf.scalar_information([0.0, 0.0, 0.0, 5.0], 0.1)
    assert merged == pytest.approx(0.5623351446, abs=1e-9)
    assert inf.scalar_information([0.0, 7.0], 0.1, [1.0, 0.0]) == pytest.approx(0)


def test_scalar_information_takes_many_channels_at_once(rng):
    atoms = rng.uniform(-1, 1, size=(5, 2, 3))
    found = inf.scalar_information(atoms, 0.2)
    assert found.shape == (5, 2)
    alone = inf.scalar_information(atoms[3, 1], 0.2)
    assert found[3, 1] == pytest.approx(alone, rel=1e-12)  # sums in another order
    shares = rng.dirichlet(np.ones(3), size=5)
    found = inf.scalar_information(atoms[0, 0], 0.2, shares)
    assert found[2] == pytest.approx(
        inf.scalar_information(atoms[0, 0], 0.2, shares[2])
    )


def test_atom_information_is_a_divergence():
    atoms, share, beta = np.array([-0.5, 0.7]), np.array([0.2, 0.8]), 0.4
    grid = np.linspace(-6, 6, 100_001)
    each = stats.norm.pdf(grid[:, None], atoms, beta)
    p = each @ share
    exact = integrate.trapezoid(each * np.log(each / p[:, None] + 1e-300), grid, axis=0)
    np.testing.assert_allclose(inf.atom_information(atoms, beta, share), exact, 1e-7)
    chi2 = integrate.trapezoid((each**2 @ share) / p, grid) - 1
    assert inf.chi2_information(atoms, beta, share) == pytest.approx(chi2, rel=1e-7)


def test_information_of_one_neuron_has_the_known_values():
    for w, value in ((1, 0.8450), (2, 0.5730)):
        exact = inf.scalar_information(np.tanh(w * FOUR[:, 0].numpy() - 2 * w), 0.1)
        assert exact == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.scalar_information([], 1.0), "atoms must be finite numbers"),
        (lambda: inf.scalar_information([0.0, np.inf], 1.0), "atoms must be finite"),
        (lambda: inf.scalar_information([0.0, 1.0], 1.0, [0.5, 0.6]),
         r"probabilities must be >= 0 and add up to 1, got \[0.5, 0.6\]"),
        (lambda: inf.chi2_information([0.0, 1.0], 1.0, [-0.5, 1.5]), "probabilities"),
        (lambda: inf.atom_information([0.0], -1.0), "beta"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_atoms_infinitely_far_apart_are_told_apart():
    """Two atoms: 0, and three that coincide; 1 / 4 and 3 / 4 of the weight."""
    atoms, entropy = [0.0, 1.0, 1.0, 1.0], math.log(4) - 0.75 * math.log(3)
    assert inf.scalar_information(atoms, 5e-324) == pytest.approx(entropy, abs=1e-12)
    assert inf.chi2_information(atoms, 5e-324) == pytest.approx(1, abs=1e-12)
    far = inf.scalar_information([-1e308, 1e308, 0.0], 1.0, [0.5, 0.5, 0.0])
    assert far == pytest.approx(math.log(2), abs=1e-12)


def test_information_is_not_negative_by_rounding():
    assert inf.scalar_information([0.0, 1.0, 1.0, 1.0], 33687711.0) >= 0


@pytest.mark.parametrize(
    ("given", "kind", "told"),
    [
        (([1j, 0], 1.0), TypeError, "atoms must hold real numbers"),
        (([0.0, 1.0], 1.0, [1j, 0]), TypeError, "probabilities must hold real"),
        (([0.0, 1.0, 2.0], 1.0, [0.5, 0.5]), ValueError, "atoms and probabilities mu"),
    ],
)
def test_what_is_no_law_is_told(given, kind, told):
    with pytest.raises(kind, match=told):
        inf.scalar_information(*given)

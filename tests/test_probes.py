"""The probes of a caller's function; what they refuse is tested with activations."""

import numpy as np
import pytest

from helpers.probes import check_antiderivative, check_elementwise

SMOOTH = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "steep": (lambda x: np.tanh(30 * x), lambda x: 30 * (1 - np.tanh(30 * x) ** 2)),
    "cubic": (lambda x: x**3, lambda x: 3 * x**2),
    "waves": (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x)),
    "large": (lambda x: 1e9 + x, np.ones_like),
    "growing": (np.exp, np.exp),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_pass(name):
    function, derivative = SMOOTH[name]
    check_elementwise(name, function)
    check_antiderivative(name, function, derivative)


@pytest.mark.parametrize("place", np.random.default_rng(0).uniform(-7.9, 7.9, 8))
@pytest.mark.parametrize("height", [1.0, 1e-3, 1e-5])
def test_a_jump_is_found_where_it_is(place, height):
    with pytest.raises(ValueError, match="it jumps there") as caught:
        check_antiderivative(
            "f", lambda x: np.tanh(x) + height * (x > place), SMOOTH["tanh"][1]
        )
    words = str(caught.value).replace(",", "").split()
    numbers = [float(word) for word in words if word[-1].isdigit()]
    assert numbers[0] == pytest.approx(height, rel=1e-2)
    assert numbers[1] <= place <= numbers[2]
    assert numbers[2] - numbers[1] <= 1 / 16 + 1e-3


def test_a_jump_at_a_kink_is_a_jump():
    with pytest.raises(ValueError, match=r"f changes by 1 at 0\.3 "):
        check_antiderivative("f", lambda x: 1.0 * (x > 0.3), np.zeros_like, (0.3,))
    check_antiderivative(
        "f", lambda x: abs(x - 0.3), lambda x: np.sign(x - 0.3), (0.3,)
    )

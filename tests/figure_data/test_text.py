"""Words of figures: formulas in Unicode and SVG, and their widths."""

import pytest
from matplotlib.textpath import TextPath

from helpers.figure_data import text


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("no formula", "no formula"),
        ("$\\sigma_w$", "σ_w"),
        ("$\\mathdefault{10^{-3}}$", "10⁻³"),
        ("variance $q_\\ell$", "variance q_ℓ"),
        ("$1-c_\\ell$", "1−c_ℓ"),
        ("independent, $\\sqrt{2}$", "independent, √2"),
        ("$\\sqrt{a+b}$", "√(a+b)"),
        ("$\\frac{x_1}{2}$", "(x₁)/2"),
        ("$\\hat{\\lambda}_{+}$", "λ\u0302₊"),
        ("$\\log\\|x\\|$", "log‖x‖"),
        ("$\\Delta=\\mathrm{const}$", "Δ = const"),
        ("5 $ of 6", "5 $ of 6"),
        ("costs \\$5", "costs $5"),
        ("barrier 2e-09, $x^2$: 1.5e+12", "barrier 2 × 10⁻⁹, x²: 1.5 × 10¹²"),
        ("barrier 0e+00", "barrier 0"),
        ("0.5 to 1e-05, a1e5", "0.5 to 10⁻⁵, a1e5"),
        ("$\\alpha \\leq \\infty$", "α≤∞"),
    ],
)
def test_formulas_are_said_in_plain_letters(given, plain):
    assert text.plain(given) == plain


def test_svg_moves_powers_up_and_back_and_leans_letters():
    assert text.svg("$x^2$ < y") == (
        '<tspan class="i">x</tspan><tspan dy="-40" class="p">2</tspan>'
        '<tspan dy="40"> &lt; y</tspan>'
    )


@pytest.mark.parametrize(
    "words",
    ["Width 100: the median ends at 0.45 of the law", "eigenvalue, trace 1", "10000",
     "H(Bin(T_5)) (nats)", "$\\mathdefault{10^{-12}}$", "MIMIMWW", "noise over signal"],
)  # fmt: skip
def test_widths_are_those_of_a_common_font_to_a_fifth(words):
    """DejaVu Sans is among the widest fonts of pages, Arial a tenth narrower."""
    real = TextPath((0, 0), words, size=12).get_extents().width
    assert text.width(words, 12) == pytest.approx(real, rel=0.2)

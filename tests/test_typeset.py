"""Formulas as one types them, in HTML: what becomes mathematics, and what stays."""

import html
import re

import pytest

from helpers.typeset import in_html


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("sigma_w^2 at delta", "σ<sub>w</sub><sup>2</sup> at δ"),
        ("N_z, I(X;T_5), lam_1", "N<sub>z</sub>, I(X;T<sub>5</sub>), λ<sub>1</sub>"),
        ("I_chi2 / n_S", "I<sub>χ<sup>2</sup></sub> / n<sub>S</sub>"),
        (
            "10^-4, 2^depth, 1.01^3",
            "10<sup>−4</sup>, 2<sup>depth</sup>, 1.01<sup>3</sup>",
        ),
        ("(1 - c)^(-1/2), D^-1/2", "(1 − c)<sup>−1/2</sup>, D<sup>−1/2</sup>"),
        ("(n r)^0.56, n^2.", "(n r)<sup>0.56</sup>, n<sup>2</sup>."),
        ("sqrt(2)/(3 pi)", "√2/(3 π)"),
        ("sqrt(chi_1), sqrt(2 / pi)", "√χ<sub>1</sub>, √(2 / π)"),
        ("Tr(H Sigma), Tr(H Sbar)", "Tr(H Σ), Tr(H S\N{COMBINING MACRON})"),
        ("Tr(Sigmabar), rhobar", "Tr(Σ\N{COMBINING MACRON}), ρ\N{COMBINING MACRON}"),
        ("B~(x) B(x)^T x", "B\N{COMBINING TILDE}(x) B(x)<sup>T</sup> x"),
        ("F_V'(q) > 1, V/V'", "F<sub>V</sub>′(q) &gt; 1, V/V′"),
        ("-sigma(0.01) Phi^-1(0.01)", "−σ(0.01) Φ<sup>−1</sup>(0.01)"),
        ("N_z(N_z-1)", "N<sub>z</sub>(N<sub>z</sub>−1)"),
        ("in [-2, 2], -1.5 to -1e-06", "in [−2, 2], −1.5 to −10<sup>−6</sup>"),
        ("2.1e-15, 1e+06", "2.1\xa0×\xa010<sup>−15</sup>, 10<sup>6</sup>"),
        ("jump 0e+00, 0.0e-3", "jump 0, 0"),
        ("800 x 400, 3 x SE", "800 × 400, 3 × SE"),
        ("a <= b -> c, entries +-1", "a ≤ b → c, entries ±1"),
        ("1.2 ± 0.1 (5 draws)", "1.2\xa0±\xa00.1 (5\xa0draws)"),
        ("2 (1 draw)", "2 (1\xa0draw)"),
    ],
)
def test_mathematics_is_set(typed, shown):
    assert in_html(typed) == shown


@pytest.mark.parametrize(
    "words",
    [
        "the authors' five points, Telgarsky's sawtooth, FC1's bulk",
        "60-10-5 neurons, CIFAR-10, VGG-11, Tracy-Widom, log-log, v1e3",
        "gl.cost, end_to_end, n.sigma, entry_sigma, helpers.pi",
        "chi-squared, an alpha-quantile, the delta method",
        "16x16 pixels, x against y, a x b, c * d",
        "pipe, epsilons, Sigmund, a crowbar, sqrt 2",
        '3 % of (5 runs), R & D < 2, "mean"',
    ],
)
def test_words_stay(words):
    assert in_html(words) == html.escape(words)


@pytest.mark.parametrize(
    "text", ["^", "_", "((a)^", "sqrt(", "x_(", "~'", "a^^2_", "±"]
)
def test_any_text_has_html_that_closes(text):
    tags = re.findall(r"<(/?)(su[bp])>", in_html(text))
    assert [name for close, name in tags if not close] == [
        name for close, name in tags if close
    ]

"""Examination questions: marks add up, and every computed number comes out again."""

import re
from math import comb, log

import numpy as np
import pytest
from places import CHAPTERS, ROOT
from scipy.stats import norm

from helpers import adversarial_noise as an
from helpers import edge_of_chaos as ec
from helpers import encoder_decoder as ed
from helpers import greedy_layerwise as gl
from helpers import heavy_tails as ht
from helpers import information_flow as inf
from helpers import linear_regions as lr
from helpers import sgd_noise as sn
from helpers import sublevel_sets as ss
from helpers import well_behaved as wb

STAFF = ROOT / "course" / "staff"
FOUR = np.array([-3.0, -1.0, 1.0, 3.0])
CORNERS = np.array([-1.0, 1.0])


def questions(chapter):
    """The text of each question with its answer, by number."""
    text = (STAFF / f"{chapter}.md").read_text(encoding="utf-8")
    parts = re.split(r"^## Question (\d) ", text, flags=re.MULTILINE)[1:]
    return {int(n): part for n, part in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_five_questions_of_twenty_marks_with_answers(chapter):
    found = questions(chapter)
    assert list(found) == [1, 2, 3, 4, 5]
    marks = [int(re.match(r"\((\d) marks\)\n", part)[1]) for part in found.values()]
    assert sum(marks) == 20
    assert all(part.count("**Answer.**") == 1 for part in found.values())


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_marks_of_an_answer_are_those_of_its_question(chapter):
    for number, part in questions(chapter).items():
        whole = int(re.match(r"\((\d) marks\)", part)[1])
        answer = re.sub(r"\$[^$]+\$", "", part.partition("**Answer.**")[2])
        given = sum(map(int, re.findall(r"\((\d)\)", answer)))
        assert given == whole or "One mark each." in answer, (chapter, number, given)


def test_questions_are_not_pages_of_the_book():
    assert "course/" not in (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert "\n  - course\n" in (ROOT / "_config.yml").read_text(encoding="utf-8")


def edge(name, sigma_b):
    return ec.edge_of_chaos(name, sigma_b)


def r(hessian, covariance):
    """The escaping efficiency over that of isotropic noise, axes as given."""
    return sn.escape_indicator(np.diag(hessian), np.diag(covariance), k=1).ratio


def neuron(w, b):
    """Information of one neuron with little noise."""
    return inf.scalar_information(np.tanh(w * FOUR + b), 0.02).item()


def tail(variance):
    """The chance of question 6.5, up to its constant."""
    return np.exp(-(0.257**2) / (2 * variance))


LEAKY = ec.relu_like(1.0, 0.2)
GROWTH = float(wb.activation_growth())
SPECTRUM = np.r_[np.ones(5), np.full(9995, 1e-3)]
SLIDE = 0.02 - 0.01 * (t := np.linspace(0, 1, 10_001)) - t * (1 - t) / 60 * 1.2
LIMIT = sn.descent_escape(np.diag([4.0, 1]), np.diag([0.75, 0.25]), 0.1, 1000).item()
SHELL = float(an.shell_distance(0.01, 1.0, 3072))

NUMBERS = [  # chapter, question, what is printed, its format, the number
    (1, 1, "0.608", ".3f", lr.expected_breakpoints([1], 1.0, [-1.0], [1.0])[0]),
    (1, 1, "30.4", ".1f", lr.expected_breakpoints([50], 1.0, [-1.0], [1.0])[0]),
    (1, 3, "1024", "d", lr.count_line_regions(lr.sawtooth(10), [0.0], [1.0])),
    (1, 4, "4657", ".0f", lr.expected_plane_regions(96, 2 * np.pi, 2 * np.pi)),
    (1, 4, "529", ".0f", lr.expected_plane_regions(32, 2 * np.pi, 2 * np.pi)),
    (1, 4, "1.48", ".2f", (1 + 32 + comb(32, 2)) ** 3 / 1e8),
    (2, 1, "1.387", ".3f", edge(LEAKY, 0.0).sigma_w),
    (2, 1, "0.615", ".3f", 0.8**2 / 1.04),
    (2, 1, "0.0117", ".4f", ec.kink_constant(LEAKY, 1.0) / 100**2),
    (2, 3, "4.48", ".2f", -1 / log(0.8)),
    (2, 3, "31.0", ".1f", log(1e-3) / log(0.8)),
    (2, 3, "61.9", ".1f", 2 * log(1e-3) / log(0.8)),
    (2, 4, "0.766", ".3f", np.exp(-4 / 3 * 60 / 300)),
    (3, 1, "1.2112", ".4f", GROWTH),
    (3, 1, "1.66", ".2f", 20 * np.log10(GROWTH)),
    (3, 1, "14500", ".0f", round(GROWTH**50, -2)),
    (3, 3, "0.576", ".3f", (GROWTH**4 - 1) / 2),
    (3, 3, "14.2", ".1f", 100 ** ((GROWTH**4 - 1) / 2)),
    (3, 3, r"4\cdot10^{16}", "", rf"{GROWTH**200 / 1e16:.0f}\cdot10^{{16}}"),
    (3, 4, "1.467", ".3f", GROWTH**2),
    (3, 4, "1.043", ".3f", (0.81 + 0.19 * GROWTH**2) ** 0.5),
    (3, 5, "0.020", ".3f", np.exp(-5 / (2 * 64) * 100)),
    (4, 2, "0.625", ".3f", ed.pooling_gain(np.pi / 2, 2, skip=True).item()),
    (4, 3, "464", "d", ed.most_cones(12, 4)),
    (4, 4, "0.044", ".3f", 12.8 / 64 - 0.25 + 2 * 0.25 * 12 / 64),
    (4, 5, "0.8125", ".4f", 1 - 3 * 4 / (16 * 4)),
    (5, 2, "0.010", ".3f", SLIDE[5000]),
    (5, 2, "0.00875", ".5f", SLIDE.min()),
    (5, 3, "0.0417", ".4f", ss.pass_height(np.diag([2.0, 1.0, 0.5]))),
    (6, 1, "1.3", ".1f", r([4.0, 1.0], [3.0, 1.0])),
    (6, 1, "1.6", ".1f", r([4.0, 1.0], [4.0, 0.0])),
    (6, 3, "0.0300", ".4f", LIMIT),
    (6, 4, "44.4", ".1f", float(sn.ratio_bound(10_000, 5, 0.75, 1.0))),
    (6, 4, "14.995", ".3f", SPECTRUM.sum()),
    (6, 4, "667", ".0f", 10_000 / SPECTRUM.sum()),
    (6, 4, "223", ".0f", 10_000 * (SPECTRUM**2).sum() / SPECTRUM.sum() ** 2),
    (6, 5, "0.00135", ".5f", tail(0.005)),
    (6, 5, "0.0368", ".4f", tail(0.01)),
    (6, 5, "27", ".0f", tail(0.01) / tail(0.005)),
    (7, 3, "0.733", ".3f", (2 * 50 * 4 + 3) / (50 * (3 * 4 - 1))),
    (7, 4, "0.425", ".3f", gl.error_bound(10, 0.01, 1.0, 0.5)[-1]),
    (7, 4, "23.3", ".1f", gl.error_bound(50, 0.01, 1.0, 0.0, stability=1.1)[-1]
     / gl.error_bound(50, 0.01, 1.0, 0.0)[-1]),
    (8, 1, "8.318", ".3f", log(4096)),
    (8, 2, "2.079", ".3f", -8 * log(1 / 8) / 8),
    (8, 2, "2.166", ".3f", 7 / 8 * log(8) + 2 * log(16) / 16),
    (8, 3, "0.562", ".3f", neuron(30, -60)),
    (8, 3, "0.693", ".3f", neuron(30, 0)),
    (8, 4, "0.550", ".3f", inf.chi2_information(CORNERS, 1.0).item()),
    (8, 4, "79.0", ".1f", 1.55**10 - 1),
    (8, 4, "3950", ".0f", round((1.55**10 - 1) / 0.02, -1)),
    (8, 4, "8.01", ".2f", log(3000)),
    (9, 1, "2.25", ".2f", ht.MarchenkoPastur(4).edges[1]),
    (9, 1, "113.8", ".1f", 256 / ht.MarchenkoPastur(4).edges[1]),
    (9, 2, "0.707", ".3f", 4**-0.25),
    (9, 2, "3.61", ".2f", ht.bbp(1.5, 4).position),
    (9, 2, "0.856", ".3f", ht.bbp(1.5, 4).right),
    (9, 4, "5.31", ".2f", ht.bbp(2.0, 4).position),
    (9, 5, "0.18", ".2f", 1.25 / 50**0.5),
    (10, 1, "0.465", ".3f", float(an.halfspace_distance(0.01, 0.2))),
    (10, 1, "12.0", ".1f", 5.6 / float(an.halfspace_distance(0.01, 0.2))),
    (10, 2, "1.6", ".1f", norm.cdf(2 * norm.ppf(0.01)) * 1e6),
    (10, 3, "3.06", ".2f", an.sandwich(0.01, 10)[1]),
    (10, 4, "57.1", ".1f", SHELL),
    (10, 4, "24.5", ".1f", SHELL / -norm.ppf(0.01)),
    (10, 5, "0.320", ".3f", float(an.halfspace_distance(0.1, 0.25))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("chapter", "question", "printed", "spec", "value"),
    NUMBERS,
    ids=[f"{row[0]}.{row[1]}-{row[2]}" for row in NUMBERS],
)
def test_a_computed_number_is_what_the_answer_prints(
    chapter, question, printed, spec, value
):
    assert printed in questions(CHAPTERS[chapter - 1])[question]
    assert format(value, spec) == printed


def test_the_layers_of_question_7_2_are_blind_and_no_others():
    assert [layer for layer in range(1, 5) if gl.is_blind(layer, 2, 7)] == [1, 2]


def test_a_silu_edge_repels_as_question_2_5_says():
    point = edge("silu", 0.2)
    assert ec.variance_slope("silu", point.q, point.sigma_w) > 1

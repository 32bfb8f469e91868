"""A report gathers its parts."""

import numpy as np
import pytest

from helpers import heavy_tails as ht


@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (40, 15, 2, 2)])
def test_a_report_gathers_the_parts(shape):
    w = np.random.default_rng(0).normal(size=shape)
    report, values = ht.analyze(w), ht.spectrum(w)
    bulk, tail = ht.fit_marchenko_pastur(values, 1.5), ht.fit_power_law(values)
    assert (report.n, report.m, report.q) == (60, 40, 1.5)
    assert report.sigma == bulk.sigma
    assert report.lambda_plus == bulk.law.edges[1]
    assert (report.n_spikes, report.excess, report.bulk_ks) == (
        bulk.n_spikes, bulk.excess, bulk.ks,
    )  # fmt: skip
    assert report.soft_rank == ht.soft_rank(values, report.lambda_plus)
    assert report.stable_rank == ht.stable_rank(values)
    assert report.entropy == ht.matrix_entropy(values)
    assert (report.alpha, report.xmin) == (tail.alpha, tail.xmin)
    assert report.gone == 0
    assert report.p is None
    asked = ht.analyze(w, n_draws=20)
    assert asked.p == ht.power_law_p_value(values, n_draws=20, seed=0)


REFUSED = {
    "or [out, in, *kernel], got shape [0, 3]": lambda: ht.analyze(np.ones((0, 3))),
    "weight must have 3 different singular values or more": lambda: ht.analyze(
        np.zeros((6, 4))
    ),
    "n_draws must be an integer >= 2, got 1": lambda: ht.analyze(np.eye(4), n_draws=1),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

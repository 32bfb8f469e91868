"""Speed of the spectra: the power-law scan and a whole layer beside public packages.

Run with `pytest tests/benchmarks --benchmark-enable`. Times are processor seconds, the
least of a few repeats, with one thread; each test prints its ratio.
"""

import contextlib
import importlib
import io
import logging
import warnings
from functools import partial

import numpy as np
import pytest
import torch

from helpers import heavy_tails as ht

from .timing import seconds


@pytest.fixture
def silently():
    """Run the packages without their warnings and progress, which are many."""

    def run(function):
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            return function()

    logging.disable(logging.CRITICAL)
    yield run
    logging.disable(logging.NOTSET)


def bulk_and_tail(n):
    """Nine tenths of a Marchenko-Pastur bulk, one tenth of a power law of 2.5."""
    law = ht.MarchenkoPastur(2)
    bulk = law.quantile((np.arange(n - n // 10) + 0.5) / (n - n // 10))
    tail = np.random.default_rng(0).pareto(1.5, n // 10) + 1
    return np.sort(np.append(bulk, law.edges[1] * tail))


def test_power_law_beside_powerlaw(benchmark, say, silently):
    powerlaw = silently(lambda: importlib.import_module("powerlaw"))
    values = bulk_and_tail(10_000)
    fast, fit = seconds(lambda: ht.fit_power_law(values), 20)
    slow, other = seconds(lambda: silently(lambda: powerlaw.Fit(values)), 1)
    for ours, theirs in ("alpha", "alpha"), ("xmin", "xmin"), ("ks", "D"):
        assert getattr(fit, ours) == pytest.approx(getattr(other, theirs), abs=5e-5)
    assert fit.sigma == pytest.approx(other.sigma, abs=5e-5)
    say(
        f"power law, 10,000 eigenvalues: {fast * 1e3:.2f} ms, powerlaw 1.5 "
        f"{slow:.1f} s, ratio {slow / fast:.0f}; alpha {fit.alpha:.4f} and "
        f"{other.alpha:.4f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(lambda: ht.fit_power_law(values), rounds=5)
    assert slow / fast >= 100


def test_power_law_grows_as_sorting_does(benchmark, say):
    sizes, times = [10_000, 100_000, 1_000_000], []
    for n in sizes:
        values = bulk_and_tail(n)
        times.append(seconds(partial(ht.fit_power_law, values), 3)[0])
    exponent = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    say(f"power law, a million eigenvalues: {times[-1]:.2f} s, exponent {exponent:.2f}")
    benchmark.extra_info["exponent"] = exponent
    benchmark.pedantic(lambda: ht.fit_power_law(values), rounds=1)
    assert exponent < 1.3


def test_truncated_power_law_beside_powerlaw(benchmark, say, silently):
    powerlaw = silently(lambda: importlib.import_module("powerlaw"))
    values = bulk_and_tail(4000)
    xmin = ht.fit_power_law(values).xmin

    def ours():
        return ht.fit_truncated_power_law(values, xmin)

    def theirs():
        return powerlaw.Truncated_Power_Law(xmin=xmin, data=values)

    fast, fit = seconds(ours, 10)
    slow, other = seconds(lambda: silently(theirs), 1)
    reached = silently(lambda: other.loglikelihoods(values).sum())
    say(
        f"truncated power law: {fast * 1e3:.1f} ms, powerlaw 1.5 {slow:.2f} s, ratio "
        f"{slow / fast:.0f}; alpha {fit.alpha:.4f} and {other.alpha:.4f}"
    )
    assert fit.log_likelihood >= reached - 1e-6
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=3)


@pytest.mark.parametrize(
    ("n", "m", "least"), [(512, 256, 20), (1536, 384, 20), (1280, 1000, 4)]
)
def test_a_layer_beside_weightwatcher(benchmark, say, silently, n, m, least):
    """Eigenvalues, bulk, power law, ranks: what both report in one call.

    The eigenvalues of the largest layer are a tenth of weightwatcher's whole time, and
    nearly all of ours, so that no more than a ratio of ten is to be had there.
    """
    module = silently(lambda: importlib.import_module("weightwatcher"))
    layer = torch.nn.Linear(m, n, bias=False)
    w = ht.heavy_tailed_matrix(n, m, 3.0, model="rows", seed=0) / n**0.5
    layer.weight.data = torch.tensor(w, dtype=torch.float32)
    watcher = silently(lambda: module.WeightWatcher(model=torch.nn.Sequential(layer)))

    def ours():
        return ht.analyze(layer.weight)

    def theirs():
        return silently(lambda: watcher.analyze(mp_fit=True))

    theirs()
    fast, report = seconds(ours, 10)
    slow, table = seconds(theirs, 3)
    eigenvalues = seconds(lambda: ht.spectrum(layer.weight), 5)[0]
    row = table.iloc[0]
    assert report.alpha == pytest.approx(row.alpha, abs=5e-5)
    assert report.stable_rank == pytest.approx(row.stable_rank, rel=1e-4)
    assert report.entropy == pytest.approx(row.entropy, abs=1e-4)
    say(
        f"layer {n} x {m}: {fast * 1e3:.1f} ms (eigenvalues {eigenvalues * 1e3:.1f}), "
        f"weightwatcher 0.7.7 {slow * 1e3:.0f} ms, ratio {slow / fast:.0f}"
    )
    benchmark.extra_info["ratio"] = slow / fast
    benchmark.pedantic(ours, rounds=3)
    assert slow / fast >= least

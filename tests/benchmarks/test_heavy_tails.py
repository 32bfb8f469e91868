"""Speed of the spectra: the power-law scan and a whole layer beside public packages."""

import contextlib
import io
import logging
import warnings
from functools import partial
from importlib.metadata import version

import numpy as np
import pytest
import torch

from helpers import heavy_tails as ht

from .bench import exponent


@pytest.fixture
def silently():
    """Run the packages without their warnings and progress, which are many."""

    def run(function, *arguments):
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            return function(*arguments)

    logging.disable(logging.CRITICAL)
    yield run
    logging.disable(logging.NOTSET)


def bulk_and_tail(n):
    """Nine tenths of a Marchenko-Pastur bulk, one tenth of a power law of 2.5."""
    law = ht.MarchenkoPastur(2)
    bulk = law.quantile((np.arange(n - n // 10) + 0.5) / (n - n // 10))
    tail = np.random.default_rng(0).pareto(1.5, n // 10) + 1
    return np.sort(np.append(bulk, law.edges[1] * tail))


def test_power_law_beside_powerlaw(bench, silently):
    values = bulk_and_tail(bench.size(200, 10_000))
    assert ht.fit_power_law(values).alpha > 1
    powerlaw = silently(pytest.importorskip, "powerlaw")
    race = bench.race(
        lambda: ht.fit_power_law(values), lambda: silently(powerlaw.Fit, values)
    )
    fit, other = race.found, race.their_found
    for name, theirs in ("alpha", "alpha"), ("xmin", "xmin"), ("ks", "D"):
        assert getattr(fit, name) == pytest.approx(getattr(other, theirs), abs=5e-5)
    assert fit.sigma == pytest.approx(other.sigma, abs=5e-5)
    bench.record(
        race,
        "heavy_tails.fit_power_law",
        f"power law with its xmin, {len(values):,} eigenvalues",
        beside=f"powerlaw {version('powerlaw')}",
        accuracy=f"exponent {fit.alpha:.4f}",
        their_accuracy=f"exponent {other.alpha:.4f}",
        least=100,
    )


def test_power_law_grows_as_sorting_does(bench):
    sizes = bench.size([500, 1000], [10_000, 100_000, 1_000_000])
    races = [
        bench.race(partial(ht.fit_power_law, values))
        for values in map(bulk_and_tail, sizes)
    ]
    slope = exponent(sizes, races)
    bench.record(
        races[-1],
        "heavy_tails.fit_power_law",
        f"power law with its xmin, {sizes[-1]:,} eigenvalues",
        cost=f"grows as n^{slope:.2f} from n = {sizes[0]:,}",
    )
    assert not bench.full or slope < 1.3


def test_truncated_power_law_beside_powerlaw(bench, silently):
    values = bulk_and_tail(bench.size(200, 4000))
    xmin = ht.fit_power_law(values).xmin
    assert np.isfinite(ht.fit_truncated_power_law(values, xmin).log_likelihood)
    powerlaw = silently(pytest.importorskip, "powerlaw")
    race = bench.race(
        lambda: ht.fit_truncated_power_law(values, xmin),
        lambda: silently(partial(powerlaw.Truncated_Power_Law, xmin=xmin, data=values)),
    )
    fit, other = race.found, race.their_found
    reached = silently(lambda: other.loglikelihoods(values).sum())
    assert fit.log_likelihood >= reached - 1e-6
    bench.record(
        race,
        "heavy_tails.fit_truncated_power_law",
        f"truncated power law, {len(values):,} eigenvalues",
        beside=f"powerlaw {version('powerlaw')}",
        accuracy=f"log-likelihood {fit.log_likelihood:.4f}",
        their_accuracy=f"log-likelihood {reached:.4f}",
    )


@pytest.mark.parametrize(
    ("n", "m", "least"), [(512, 256, 20), (1536, 384, 20), (1280, 1000, 4)]
)
def test_a_layer_beside_weightwatcher(bench, silently, n, m, least):
    """Eigenvalues, bulk, power law, ranks: what both report in one call.

    The eigenvalues of the largest layer are a tenth of weightwatcher's whole time, and
    nearly all of ours, so that no more than a ratio of ten is to be had there.
    """
    n, m = bench.size((n // 8, m // 8), (n, m))
    layer = torch.nn.Linear(m, n, bias=False)
    w = ht.heavy_tailed_matrix(n, m, 3.0, model="rows", seed=0) / n**0.5
    layer.weight.data = torch.tensor(w, dtype=torch.float32)
    assert ht.analyze(layer.weight).alpha > 1
    module = silently(pytest.importorskip, "weightwatcher")
    watcher = silently(lambda: module.WeightWatcher(model=torch.nn.Sequential(layer)))
    race = bench.race(
        lambda: ht.analyze(layer.weight),
        lambda: silently(partial(watcher.analyze, mp_fit=True)),
    )
    report, row = race.found, race.their_found.iloc[0]
    assert report.alpha == pytest.approx(row.alpha, abs=5e-5)
    assert report.stable_rank == pytest.approx(row.stable_rank, rel=1e-4)
    assert report.entropy == pytest.approx(row.entropy, abs=1e-4)
    bench.record(
        race,
        "heavy_tails.analyze",
        f"a layer of {n} × {m}: eigenvalues, bulk, power law, ranks",
        beside=f"weightwatcher {version('weightwatcher')}",
        accuracy=f"exponent {report.alpha:.4f}",
        their_accuracy=f"exponent {row.alpha:.4f}",
        least=least,
    )


def test_a_model_beside_weightwatcher(bench, silently):
    """A convolution, two linear layers and an embedding: the two means of a model.

    Every spectrum has 20 eigenvalues or more; below, weightwatcher fits otherwise. By
    default it does not fit the bulk, which we do, and is asked only not to be faster.
    """
    width = bench.size(32, 512)
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(width // 8, width // 4, 3),
        torch.nn.Linear(2 * width, width),
        torch.nn.Linear(width, width // 2 + 8),
        torch.nn.Embedding(4 * width, width // 2 + 8),
    )
    assert ht.analyze_model(net, n_draws=0).mean_alpha > 1
    module = silently(pytest.importorskip, "weightwatcher")
    watcher = silently(lambda: module.WeightWatcher(model=net))
    race = bench.race(
        lambda: ht.analyze_model(net, n_draws=0), lambda: silently(watcher.analyze)
    )
    table, summary = race.found, watcher.get_summary(race.their_found)
    assert len(race.their_found) == len(table) == 4
    for row, theirs in zip(table, race.their_found.itertuples(), strict=True):
        assert row.alpha == pytest.approx(theirs.alpha, abs=5e-5)
        assert row.stable_rank == pytest.approx(theirs.stable_rank, rel=1e-4)
    assert table.mean_alpha == pytest.approx(summary["alpha"], abs=5e-5)
    assert table.weighted_alpha == pytest.approx(summary["alpha_weighted"], abs=5e-4)
    bench.record(
        race,
        "heavy_tails.analyze_model",
        f"a model of four layers, the largest {4 * width} × {width // 2 + 8}",
        beside=f"weightwatcher {version('weightwatcher')}",
        accuracy=f"weighted exponent {table.weighted_alpha:.4f}",
        their_accuracy=f"weighted exponent {summary['alpha_weighted']:.4f}",
        least=1,
    )

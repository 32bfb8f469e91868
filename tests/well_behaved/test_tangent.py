"""One layer without its weights, and the noise as the derivative of the signal."""

import numpy as np
import pytest
import torch
from well_behaved.cases import FLAT, Twin, effective_rank

from helpers import well_behaved as wb
from helpers.well_behaved.tangent import Layer, Pair, affine


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_layer_without_its_weights_has_the_law_of_one_with_them(dtype):
    """Columns of h W are independent N(0, gain / fan-in h h^T), h of any rank."""
    layer = Layer(False, 1, 0, False, False, 1e-3)
    n, columns, gain = 12, 100_000, 2.0
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1, 2, n))
    dx = np.stack([x[0, 0] - x[0, 1], 1e-6 * rng.normal(size=n)])[None]
    pair = Pair(*(torch.tensor(part, dtype=dtype) for part in (x, dx)))
    made = affine(pair, columns, gain, layer, [torch.Generator().manual_seed(0)])
    y = torch.cat([made.x, made.dx], 1)[0].double().numpy()
    h = np.concatenate([x, dx], 1)[0]
    law = gain / n * h @ h.T
    power = np.diag(law)
    error = np.sqrt((np.outer(power, power) + law**2) / columns)
    assert (abs(y @ y.T / columns - law) < 4.5 * error).all()  # p = 1e-4 in all
    assert abs((y[:, 1:] * y[:, :-1]).mean(1) / power).max() < 4.5 / columns**0.5
    kurtosis = (y**4).mean(1) / power**2
    assert abs(kurtosis - 3).max() < 4.5 * (96 / columns) ** 0.5
    rounding = 20 * torch.finfo(dtype).eps
    assert abs(y[0] - y[1] - y[2]).max() < rounding * abs(y).max()


@pytest.mark.parametrize("architecture", ["vanilla", "batch_norm_residual"])
def test_few_rows_in_a_wide_network_against_the_twin_with_weights(architecture):
    """Means over 150 networks each; 4.5 standard errors, 24 comparisons, p < 2e-4."""
    options = {"branch_depth": 1, "skip": 1.0, "eps": 1e-3}
    found = wb.propagate(
        architecture, 4, 40, FLAT, n_draws=150, batch_size=8, seed=6,
        dtype=torch.float64, **options,
    )  # fmt: skip
    twins = []
    for draw in range(150):
        twin = Twin(FLAT, 40, 8, 7, draw)
        states, _ = twin.run(architecture, 4, full=False, kernel=1, **options)
        chi = [twin.log_chi(pair) for pair in states[2:]]
        spread = [x.var(twin.axes).mean() / (x**2).mean() for x, _ in states[2:]]
        rank = [effective_rank(x, centre=True) for x, _ in states[2:]]
        noise = [effective_rank(y - x, centre=False) for x, y in states[2:]]
        twins.append([chi, spread, rank, noise])
    names = ("log_chi", "variability", "rank", "noise_rank")
    ours = np.stack([getattr(found, name)[:, 2:] for name in names], 1)
    both = np.stack([ours, np.array(twins)])
    error = np.sqrt((both.var(1, ddof=1) / 150).sum(0))
    assert (abs(both[0].mean(0) - both[1].mean(0)) < 4.5 * error).all()


@pytest.mark.parametrize("architecture", wb.ARCHITECTURES)
def test_small_finite_noise_is_the_tangent(architecture):
    options = {"n_draws": 3, "batch_size": 20, "seed": 1, "dtype": torch.float64}
    exact = wb.propagate(architecture, 6, 16, FLAT, **options)
    small = wb.propagate(architecture, 6, 16, FLAT, noise=1e-8, **options)
    np.testing.assert_allclose(small.log_chi, exact.log_chi, atol=1e-5)
    options["tangent"] = "full"
    exact = wb.propagate(architecture, 6, 16, FLAT, **options)
    small = wb.propagate(architecture, 6, 16, FLAT, noise=1e-8, **options)
    np.testing.assert_allclose(small.log_chi, exact.log_chi, atol=1e-5)


def test_large_noise_saturates_when_each_run_has_its_own_statistics():
    """Two runs of batch norm have equal power: |y - x|^2 is at most 4 |x|^2."""
    for noise in (0.1, 1.0):
        found = wb.propagate(
            "batch_norm", 60, 32, FLAT, n_draws=3, seed=0, batch_size=20, noise=noise,
            tangent="full",
        )  # fmt: skip
        raw = np.exp(found.log_chi[:, -1]) * noise
        spread = 2 / np.sqrt(found.variability[:, -1])
        assert (raw <= spread).all()
        assert raw.min() > 0.5

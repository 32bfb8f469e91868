"""Every moment against a slow twin by finite differences."""

import numpy as np
import pytest
import torch
from scipy import stats
from well_behaved.cases import POOLS, Twin, effective_rank

from helpers import well_behaved as wb

CASES = [
    (architecture, shape, tangent)
    for architecture in wb.ARCHITECTURES
    for shape in POOLS
    for tangent in ("frozen", "full")
    if tangent == "frozen" or architecture.startswith("batch_norm")
]


@pytest.mark.parametrize(("architecture", "shape", "tangent"), CASES)
def test_every_moment_equals_the_twin(architecture, shape, tangent):
    options = {"branch_depth": 2, "skip": 0.8, "eps": 1e-3}
    kernel = 1 if shape == "flat" else 3
    found = wb.propagate(
        architecture, 4, 9, POOLS[shape], n_draws=2, batch_size=16, seed=5,
        tangent=tangent, dtype=torch.float64, **options,
    )  # fmt: skip
    for draw in range(2):
        twin = Twin(POOLS[shape], 9, 16, 5, draw)
        states, inside = twin.run(
            architecture, 4, full=tangent == "full", kernel=kernel, **options
        )
        # differences of size 1e-6: error of order 1e-6 times the curvature, and 1e-9
        # from rounding; kinks between the two runs are met with chance 1e-5
        close = {"rtol": 1e-5, "atol": 1e-7}
        chi = [twin.log_chi(pair) for pair in states]
        np.testing.assert_allclose(found.log_chi[draw], chi, **close)
        signals = [x for x, _ in states]
        power = np.log([(x**2).mean() for x in signals])
        np.testing.assert_allclose(found.log_nu2[draw], power - power[0], **close)
        spread = [x.var(twin.axes).mean() / (x**2).mean() for x in signals]
        np.testing.assert_allclose(found.variability[draw], spread, **close)
        rank = [effective_rank(x, centre=True) for x in signals]
        np.testing.assert_allclose(found.rank[draw], rank, **close)
        rank = [effective_rank(y - x, centre=False) for x, y in states]
        np.testing.assert_allclose(found.noise_rank[draw], rank, **close)
        stages = np.array([[twin.log_chi(p) for p in layer] for layer in inside])
        growth = np.exp(np.diff(stages)).T
        np.testing.assert_allclose(found.affine_growth[draw], growth[0], **close)
        np.testing.assert_allclose(found.activation_growth[draw], growth[1], **close)
        for layer, (_, (z, _), _) in enumerate(inside):
            z = z.reshape(-1, z.shape[-1])
            deviation = z.std(0)
            kurtosis = stats.kurtosis(z, fisher=False).mean()
            assert found.kurtosis[draw, layer] == pytest.approx(kurtosis)
            mean_abs = (abs(z - z.mean(0)).mean(0) / deviation).mean()
            assert found.mean_abs[draw, layer] == pytest.approx(mean_abs)
            signs = np.maximum(z, 0).mean(0) * np.maximum(-z, 0).mean(0)
            product = signs.mean() / (deviation**2).mean()
            assert found.sign_product[draw, layer] == pytest.approx(product)
            mixed = ((z > 0).any(0) & (z < 0).any(0)).mean()
            assert found.mixed_signs[draw, layer] == pytest.approx(mixed)

"""Every view of the factors against the gradients themselves."""

import pytest
import torch
from sgd_noise.cases import CLASSES, X, frozen, net_of
from torch.nn import functional

from helpers.sgd_noise.stack import Stack


@pytest.mark.parametrize("make", [net_of, frozen])
def test_views_of_the_factors_are_those_of_their_rows(make):
    factors = Stack([make(), make()]).gradients(X, CLASSES, functional.cross_entropy)
    rows = factors.rows()
    generator = torch.Generator().manual_seed(0)
    c = torch.randn(rows.shape[:2], generator=generator, dtype=rows.dtype)
    v = torch.randn(rows.shape[::2], generator=generator, dtype=rows.dtype)
    expected = {
        "mean": rows.mean(1),
        "square_sum": rows.square().sum(1),
        "gram": rows @ rows.mT,
        "norms": rows.square().sum(2),
    }
    for name, value in expected.items():
        torch.testing.assert_close(getattr(factors, name)(), value)
    torch.testing.assert_close(factors.combine(c), (c[..., None] * rows).sum(1))
    torch.testing.assert_close(factors.dot(v), (rows @ v[..., None])[..., 0])

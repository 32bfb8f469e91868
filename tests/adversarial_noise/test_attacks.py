"""What each attack adds to the search."""

import math

import numpy as np
import torch
from adversarial_noise.cases import binary, origin, trained

from helpers import adversarial_noise as an
from helpers.adversarial_noise.attacks import ddn
from helpers.adversarial_noise.search import Search


def test_each_part_of_the_search_helps():
    net, x, y = trained()
    kinds = {
        "deepfool": {"ddn_steps": 0, "descent_steps": 0},
        "descent": {"ddn_steps": 0},
        "all": {},
    }
    found = {name: an.nearest_error(net, x, y, **kind) for name, kind in kinds.items()}
    long = an.nearest_error(net, x, y, ddn_steps=500, descent_steps=200).distance
    best = np.minimum(long, found["all"].distance)
    excess = {name: (f.distance / best - 1).mean() for name, f in found.items()}
    assert excess["deepfool"] > 3 * excess["descent"] > 3 * excess["all"]
    assert (found["deepfool"].distance >= found["descent"].distance - 1e-12).all()
    assert np.quantile(found["all"].distance / best, 0.95) < 1.001
    assert set(found["all"].attack) == {"deepfool", "ddn"}
    ddn_alone = an.nearest_error(net, x, y, descent_steps=0).distance
    assert (ddn_alone <= found["deepfool"].distance).all()
    assert np.median(ddn_alone / best) < np.median(found["deepfool"].distance / best)


def test_ddn_hands_in_the_nearest_of_its_wrong_points():
    """Errors lie beyond x_1 = 1, which the growing and shrinking sphere crosses."""
    seen, handed = [], []

    def score(x):
        seen.append(x.detach())
        return x[:, 0] - 1

    search = Search(binary(score), *origin(3), None)
    search.offer = lambda points, name: handed.append(points)
    seen.clear()
    ddn(search, 40, torch.tensor([0.2, 1.0, 3.0], dtype=torch.float64))
    points = torch.stack(seen)
    sizes = points.norm(dim=2).where(points[..., 0] > 1, math.inf)
    assert (sizes.isfinite().sum(0) > 2).all()
    np.testing.assert_allclose(handed[0].norm(dim=1), sizes.amin(0), rtol=1e-15)

"""What each attack adds to the search."""

import numpy as np
from adversarial_noise.cases import trained

from helpers import adversarial_noise as an


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

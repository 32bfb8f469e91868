"""Every phase is recognised, and each threshold crossed alone."""

from dataclasses import replace

import numpy as np
import pytest
from heavy_tails.cases import noise, planted

from helpers import heavy_tails as ht


def decayed(share):
    """Noise and many signals of all strengths, so that the edge is gone."""
    rng = np.random.default_rng(0)
    w, k = noise(400, 200), int(200 * share)
    u, v = (np.linalg.qr(rng.normal(size=(n, k)))[0] for n in (400, 200))
    strengths = 1.4 * (np.arange(1, k + 1) / k) ** -0.2
    return w + (u * strengths) @ v.T


LAYERS = {
    "random-like": lambda: noise(400, 200),
    "bleeding-out": lambda: ht.spiked_matrix(400, 200, 1.25, seed=0)[0],
    "bulk+spikes": lambda: planted(400, 200, 5, 1.0),
    "bulk-decay": lambda: decayed(0.4),
    "heavy-tailed": lambda: ht.heavy_tailed_matrix(400, 200, 1.5, seed=0),
    "rank-collapse": lambda: planted(400, 200, 50, 1.0) - 0.9999 * noise(400, 200, 1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_phase_is_recognised(name):
    found = ht.phase(LAYERS[name]())
    assert found.name == name
    assert found.number == list(LAYERS).index(name) + 1
    assert found == ht.phase(found.report)
    assert len(found.reason) > 10
    assert tuple(LAYERS) == ht.PHASES


def test_a_phase_follows_its_rule():
    """Each threshold crossed alone; the report of noise is the start."""
    base = replace(
        ht.analyze(noise(400, 200)), gone=0.0, excess=50.0, soft_rank=0.5, n_spikes=5,
        p=0.0, n_tail=20,
    )  # fmt: skip

    def named(**change):
        return ht.phase(replace(base, **change)).name

    tail = {"p": 0.02, "n_tail": 50, "alpha": 3.9}
    assert named() == "bulk+spikes"
    assert named(gone=0.11) == "rank-collapse"
    assert named(gone=0.09) == "bulk+spikes"
    assert named(excess=2.9, soft_rank=0.9) == "random-like"
    assert named(excess=3.1, soft_rank=0.81) == "bleeding-out"
    assert named(soft_rank=0.79) == "bulk+spikes"
    assert named(n_spikes=12) == "bulk+spikes"
    assert named(n_spikes=13) == "bulk-decay"
    assert named(**tail) == "bulk-decay"
    assert named(**tail | {"n_tail": 49}) == "bulk+spikes"
    assert named(**tail | {"p": 0.01}) == "bulk+spikes"
    assert named(**tail, soft_rank=0.19) == "heavy-tailed"
    assert named(**tail, soft_rank=0.21) == "bulk-decay"
    assert named(**tail | {"alpha": 4.1}, soft_rank=0.19) == "bulk-decay"
    assert named(soft_rank=0.19, p=0.5) == "bulk+spikes"
    many = {"soft_rank": 0.19, "n_spikes": 13, "alpha": 3.9}
    assert named(**many, p=0.02) == "heavy-tailed"
    assert named(**many, p=0.01) == "bulk-decay"


NAN = float("nan")
REFUSED = {
    "weight must be finite, got NaN or infinity": lambda: ht.phase(
        np.full((3, 3), NAN)
    ),
    "layer is a report without p: make it by analyze(weight": lambda: ht.phase(
        ht.analyze(noise(6, 4))
    ),
    "layer cannot be analysed: weight must have 3 different singular values": lambda: (
        ht.phase(np.zeros((6, 4)))
    ),
    "layer cannot be analysed: weight must be an array of numbers": lambda: ht.phase(
        [[1.0, 2.0], [3.0]]
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)

"""Signals that jump where and as often as they should, pieces of images."""

import numpy as np
import pytest
import torch

from helpers import encoder_decoder as ed


def test_jump_signals():
    """Means of a periodic pattern of 4 values: between two jumps nothing changes."""
    signals = ed.jump_signals(200, 32, 4, seed=0).numpy()
    assert signals.dtype == np.float32
    np.testing.assert_allclose(signals.mean(axis=1), 0, atol=1e-6)
    jumps = (abs(signals - np.roll(signals, 1, axis=1)) > 1e-6).sum(axis=1)
    assert (jumps == 4).all()
    assert abs(ed.jump_signals(3, 8, 1, seed=0)).max() < 1e-6
    np.testing.assert_array_equal(ed.jump_signals(200, 32, 4, seed=0), signals)
    assert abs(ed.jump_signals(200, 32, 4, seed=1).numpy() - signals).max() > 0.1
    places = (abs(signals - np.roll(signals, 1, axis=1)) > 1e-6).mean(axis=0)
    assert abs(places - 1 / 8).max() < 4.5 * (7 / 64 / 200) ** 0.5


@pytest.mark.parametrize("name", ed.PHOTOGRAPHS)
def test_photographs(name):
    image = ed.photograph(name)
    assert image.shape == (416, 640)
    assert image.dtype == torch.float32
    assert 0 <= float(image.min()) < 0.1
    assert 0.8 < float(image.max()) <= 1
    assert all(side % 32 == 0 for side in image.shape)


def test_crops_are_pieces_of_the_image():
    image = torch.arange(35.0).reshape(5, 7)
    pieces = ed.crops(image, 200, 3, seed=0).reshape(200, 3, 3)
    for piece in pieces:
        i, j = divmod(int(piece[0, 0]), 7)
        assert torch.equal(piece, image[i : i + 3, j : j + 3])
    assert (
        len({float(piece[0, 0]) for piece in pieces}) == 15
    )  # all places: p > 1 - 2e-5
    assert torch.equal(ed.crops(image, 5, 3, seed=1), ed.crops(image, 5, 3, seed=1))


BAD = [
    (lambda: ed.jump_signals(0, 8, seed=0), "n must be an integer >= 1, got 0"),
    (lambda: ed.jump_signals(1, 8, 9, seed=0), "n_jumps must be at most size = 8"),
    (lambda: ed.jump_signals(1, 8, seed=-1), "seed must be an integer >= 0, got -1"),
    (lambda: ed.photograph("cat"), "name must be one of ('china', 'flower')"),
    (lambda: ed.crops(torch.ones(4, 4), 1, 5, seed=0), "none below size = 5"),
    (lambda: ed.crops(torch.ones(4, 4), 1, 2.0, seed=0), "size must be an integer"),
    (lambda: ed.crops(torch.ones(4, 4) / 0, 1, 2, seed=0), "image must be finite"),
    (lambda: ed.crops(torch.ones(4, 4), 0, 2, seed=0), "n must be an integer >= 1"),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

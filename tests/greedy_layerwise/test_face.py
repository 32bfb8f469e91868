"""The public names of chapter 7."""

from helpers import greedy_layerwise as gl


def test_every_public_name_is_there():
    assert all(hasattr(gl, name) for name in gl.__all__)
    assert len(set(gl.__all__)) == len(gl.__all__)

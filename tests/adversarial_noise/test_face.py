"""The public names."""

from helpers import adversarial_noise as an


def test_the_public_names_are_there():
    assert sorted(an.__all__) == an.__all__
    assert all(hasattr(an, name) for name in an.__all__)

"""Draws of an image in any company."""

from adversarial_noise.cases import halfspace, origin

from helpers import adversarial_noise as an


def test_an_image_has_the_same_draws_in_any_company():
    x, y = origin(3)
    model = halfspace(1.0)
    alone = an.error_rate(model, x[:1], y[:1], 1.0, seed=3).mean[0]
    assert an.error_rate(model, x, y, 1.0, seed=3).mean[0] == alone
    assert an.error_rate(model, x, y, 1.0, seed=4).mean[0] != alone
    rates = an.error_rate(model, x, y, 1.0, 5000, seed=3).mean
    assert len(set(rates)) == 3

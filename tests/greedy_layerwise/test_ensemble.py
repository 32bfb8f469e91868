"""The mixture of heads by hand."""

import pytest
import torch
from greedy_layerwise.cases import images, network

from helpers import greedy_layerwise as gl


def test_the_ensemble_doubles_its_weights():
    net = network(2).eval()
    logits = net(images()).detach()
    mixed = (logits[..., 0] + 2 * logits[..., 1] + 4 * logits[..., 2]) / 7
    torch.testing.assert_close(gl.layer_ensemble(net, images()), mixed)
    shares = logits.softmax(1)
    mixed = (shares[..., 0] + 2 * shares[..., 1] + 4 * shares[..., 2]) / 7
    found = gl.layer_ensemble(net, images(), "probabilities")
    torch.testing.assert_close(found, mixed)
    torch.testing.assert_close(found.sum(1), torch.ones(6))
    with pytest.raises(
        ValueError, match="mix must be 'logits' or 'probabilities', got"
    ):
        gl.layer_ensemble(net, images(), "votes")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (torch.tensor(1.0), r"images must be .* got \[\]"),
        (images()[0], "images must be"),
        (images()[:0], "n >= 1"),
        (images() * torch.nan, "images must be finite"),
    ],
)
def test_images_are_checked(given, told):
    with pytest.raises(ValueError, match=told):
        gl.layer_ensemble(network(2).eval(), given)

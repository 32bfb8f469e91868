"""Networks trained at once take the steps that each takes alone."""

import pytest
import torch

from helpers import linear_regions as lr
from helpers import networks, training

ROWS = torch.linspace(-1, 1, 60, dtype=torch.float64).reshape(20, 3)
CLASSES = [torch.arange(20) % 2, torch.arange(20) // 10]
ONE = {"lr": 0.01, "batch_size": 8, "epochs": 3}


def nets():
    return [networks.mlp([3, 5, 4, 2], sigma_b=0.3, seed=k) for k in (0, 1)]


def weights(net):
    return [p.detach().clone() for p in net.parameters()]


def test_together_is_one_after_the_other():
    """Float64, 9 steps: sums in another order differ by less than 1e-12."""
    together = lr.train_together(nets(), ROWS, CLASSES, seeds=[7, 8], **ONE)
    assert list(together) == [0, 1, 2, 3]
    for k, net in enumerate(nets()):
        start = weights(net)
        order = torch.randperm(20, generator=torch.Generator().manual_seed(7 + k))
        training.train(
            net, ROWS[order], CLASSES[k][order], seed=7, progress=False, **ONE
        )
        for epoch, expected in ((0, start), (3, weights(net))):
            for a, b in zip(weights(together[epoch][k]), expected, strict=True):
                assert torch.allclose(a, b, rtol=0, atol=1e-12)
        assert not torch.allclose(start[0], weights(net)[0], rtol=0, atol=1e-3)


def test_the_networks_handed_in_stay_as_they_are():
    given = nets()
    found = lr.train_together(given, ROWS, CLASSES, seeds=[7, 8], record_every=2, **ONE)
    assert list(found) == [0, 2, 3]
    for net, fresh in zip(given, nets(), strict=True):
        for a, b in zip(weights(net), weights(fresh), strict=True):
            assert torch.equal(a, b)


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"labels must have one entry .* 2 networks"):
        lr.train_together(nets(), ROWS, CLASSES[:1], seeds=[7, 8], **ONE)
    with pytest.raises(ValueError, match=r"seeds must all differ, got \[7, 7\]"):
        lr.train_together(nets(), ROWS, CLASSES, seeds=[7, 7], **ONE)
    other = [nets()[0], networks.mlp([3, 4, 4, 2], seed=0)]
    with pytest.raises(ValueError, match="nets must be of one shape, got 2 shapes"):
        lr.train_together(other, ROWS, CLASSES, seeds=[7, 8], **ONE)


@pytest.mark.parametrize(
    ("second", "kind", "told"),
    [
        ({"dtype": torch.float32}, ValueError, "nets must be of one dtype"),
        ({"activation": "tanh"}, ValueError, "nets must be of one dtype and one act"),
    ],
)
def test_networks_of_two_kinds_are_refused(second, kind, told):
    pair = [networks.mlp([3, 4, 2], seed=0), networks.mlp([3, 4, 2], **second, seed=1)]
    x, y = torch.eye(3, dtype=torch.float64), torch.tensor([0, 1, 0])
    given = {"lr": 0.1, "batch_size": 1, "epochs": 1, "seeds": [0, 1]}
    with pytest.raises(kind, match=told):
        lr.train_together(pair, x, [y, y], **given)


def test_activations_other_than_relu_are_refused():
    x, y = torch.eye(3, dtype=torch.float64), torch.tensor([0, 1, 0])
    given = {"lr": 0.1, "batch_size": 1, "epochs": 1, "seeds": [0]}
    net = networks.mlp([3, 4, 2], "tanh", seed=0)
    with pytest.raises(TypeError, match=r"nets\[0\] must have ReLU as activation"):
        lr.train_together([net], x, [y], **given)

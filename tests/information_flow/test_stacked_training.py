"""Networks trained side by side as they would train alone."""

import math

import pytest
import torch
from information_flow.cases import SZT, tiny
from torch import nn

from helpers import information_flow as inf

NET = tiny(0.1)
DEEP = inf.NoisyMLP(SZT, 0.1, seed=0)


def trained(nets, penalties=None, checkpoints=(0, 3, 5), **options):
    x, y = inf.szt_dataset()
    chosen = {"lr": 0.01, "batch_size": 128, "seed": 0, "progress": False} | options
    return inf.train_together(
        nets, x[::4], y[::4], penalties=penalties, checkpoints=checkpoints, **chosen
    )


def test_networks_train_together_as_they_would_alone():
    nets = [inf.NoisyMLP(SZT, 0.0, seed=s) for s in range(3)]
    together = trained(nets, [0.0, 0.1, 0.0])
    for i, penalty in ((1, 0.1), (2, 0.0)):
        alone = trained([nets[i]], [penalty])
        for a, b in zip(alone.networks[0], together.networks[i], strict=True):
            for p, q in zip(a.parameters(), b.parameters(), strict=True):
                torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4)  # float32


def test_training_keeps_what_it_says():
    nets = [inf.NoisyMLP(SZT, beta, seed=7) for beta in (0.0, 0.1)]
    before = [p.clone() for p in nets[0].parameters()]
    found = trained(nets, checkpoints=(0, 4, 60), test_share=0.25)
    assert all(map(torch.equal, before, nets[0].parameters()))
    assert found.epoch.tolist() == [0, 4, 60]
    first = found.networks[0][0].linears[0].weight
    torch.testing.assert_close(first, nets[0].linears[0].weight, rtol=1e-6, atol=1e-7)
    assert first.dtype == torch.float64
    assert [net.beta for net in next(zip(*found.networks, strict=True))] == [0.0, 0.1]
    assert found.loss.shape == found.test_accuracy.shape == (2, 3)
    assert (found.loss[:, -1] < found.loss[:, 0]).all()
    assert (found.accuracy[:, -1] > 0.8).all()
    x, y = inf.szt_dataset()
    order = torch.randperm(1024, generator=torch.Generator().manual_seed(0))
    out = found.networks[0][2](x[::4])  # without noise
    right = (out.argmax(1) == y[::4]).double()
    loss = nn.functional.cross_entropy(out, y[::4], reduction="none").detach()
    for share, accuracy, losses in (
        (order[:256], found.test_accuracy, found.test_loss),
        (order[256:], found.accuracy, found.loss),
    ):
        assert accuracy[0, 2] == pytest.approx(right[share].mean().item(), abs=1e-6)
        assert losses[0, 2] == pytest.approx(loss[share].mean().item(), rel=1e-4)


def test_the_penalty_makes_the_rows_orthonormal():
    net = trained([inf.NoisyMLP(SZT, 0.01, seed=0)], [10.0], checkpoints=(40,))
    for linear in net.networks[0][0].linears[:-1]:
        w = linear.weight.detach()
        assert (w @ w.T - torch.eye(len(w))).abs().max() < 0.05


def test_training_depends_on_the_seed_alone():
    nets = [inf.NoisyMLP(SZT, 0.1, seed=0)]
    first, same, other = (trained(nets, seed=s).loss[0, -1] for s in (1, 1, 2))
    assert first == same != other


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: trained([]), "nets must be one or more of equal widths"),
        (lambda: trained([NET, inf.NoisyMLP([1, 2, 2], 0.1, seed=0)]), "equal widths"),
        (lambda: trained([DEEP], [0.1, 0.2]), "a penalty each"),
        (lambda: trained([DEEP], [-0.1]), r"penalties must be >= 0 .* got \[-0.1\]"),
        (lambda: trained([DEEP], checkpoints=(3, 3)),
         r"checkpoints must be >= 0 and increase, got \[3, 3\]"),
        (lambda: trained([DEEP], checkpoints=()), r"got \[\]"),
        (lambda: trained([DEEP], test_share=1.0),
         "test_share must be between 0 and 1, got 1.0"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lr": -1.0}, "lr must be a finite number > 0, got -1.0"),
        ({"test_share": 0.01}, "test_share must leave an input at least .* of 5"),
        ({"x": 1e300 * torch.ones(5, 3).double()}, "x must be finite"),
        ({"x": torch.zeros(5, 2)}, r"x must be \[n, 3\]"),
        ({"y": torch.tensor([0, 1, 2, 0, 1])}, r"y must lie in 0\.\.1"),
        ({"y": torch.zeros(4, dtype=torch.int64)}, "y must hold one integer label"),
        ({"penalties": [math.nan]}, "penalties must be >= 0 and finite"),
    ],
)
def test_what_cannot_be_trained_on_is_told(change, told):
    given = {"x": torch.zeros(5, 3), "y": torch.tensor([0, 1, 0, 1, 1])} | {
        "checkpoints": [1], "lr": 0.1, "batch_size": 1, "seed": 0, "progress": False
    }  # fmt: skip
    with pytest.raises(ValueError, match=told):
        inf.train_together(
            [inf.NoisyMLP([3, 2, 2], 0.1, seed=0)], **{**given, **change}
        )

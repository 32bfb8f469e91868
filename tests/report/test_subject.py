"""The caller's network, inputs and labels, checked and put in order."""

import pytest
import torch
from report.cases import digits, small_cnn, trained_cnn
from torch import nn

from helpers.report.subject import read_subject, share_right


def test_inputs_labels_and_decisions_stay_together():
    x, y = digits()
    subject = read_subject(trained_cnn(), x, y, 3)
    assert sorted(subject.y.tolist()) == sorted(y.tolist())
    assert not torch.equal(subject.x, x)  # an order of its own
    for row, label, decided in zip(subject.x, subject.y, subject.decided, strict=True):
        place = (x == row).flatten(1).all(dim=1).nonzero()[0, 0]
        assert y[place] == label
        assert trained_cnn()(x[place][None]).argmax() == decided
    wrong = subject.decided != subject.y
    assert share_right(subject) == pytest.approx(1 - wrong.double().mean().item())
    assert len(subject.right) == len(y) - int(wrong.sum())


def test_pairs_are_of_different_classes():
    x, y = digits()
    subject = read_subject(small_cnn(), x, y, 0)
    start, end = subject.pairs(20)
    assert len(start) == len(end) == 20
    for a, b in zip(start, end, strict=True):
        labels = [subject.y[(subject.x == one).flatten(1).all(dim=1)] for one in (a, b)]
        assert labels[0] != labels[1]
    with pytest.raises(ValueError, match="y must hold two classes or more, got one"):
        read_subject(small_cnn(), x, torch.zeros_like(y), 0).pairs(3)


def test_one_logit_is_two_classes():
    x, y = digits()
    subject = read_subject(small_cnn(1), x, y % 2, 0)
    assert subject.logits == 1
    assert torch.equal(
        subject.decided, (small_cnn(1)(subject.x)[:, 0] > 0).long().detach()
    )


class Pair(nn.Module):
    def forward(self, x):
        return x, x


X, Y = digits()


@pytest.mark.parametrize(
    ("net", "x", "y", "said"),
    [
        (small_cnn().train(), X, Y, r"must be in eval mode: net\.2\.norm"),
        (small_cnn(), X[:1], Y[:1], "x must hold 2 inputs or more, got 1"),
        (small_cnn(), X, Y[:3], "y must hold one integer label for each of the 24"),
        (small_cnn(), X, Y + 5, r"y must lie in 0\.\.9, the classes of the network"),
        (small_cnn(), X.flatten(1), Y, r"net does not take x of shape \[2, 64\]"),
        (small_cnn()[:3], X, Y, r"a classifier that gives logits \[n, C\] .*, got sha"),
        (Pair(), X, Y, r"a classifier that gives logits .*, got tuple"),
    ],
)
def test_what_is_no_classifier_of_these_is_refused(net, x, y, said):
    with pytest.raises(ValueError, match=said):
        read_subject(net, x, y, 0)

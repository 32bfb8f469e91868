"""Small classifiers for the tests of the report, and inputs for them."""

import functools

import torch
from torch import nn

from helpers import data, training


class Residual(nn.Module):
    """A block with batch norm and a skip."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return torch.relu(x + self.norm(self.conv(x)))


def small_cnn(outputs=10):
    """4 channels on 4 x 4 places, not trained, in eval mode."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        Residual(4),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16, outputs),
    ).eval()


def digits(n=24):
    """Some test digits and their labels."""
    loaded = data.load("digits", seed=0)
    return loaded.x_test[:n], loaded.y_test[:n]


@functools.cache
def _weights():
    net, loaded = small_cnn(), data.load("digits", seed=0)
    net.train()
    training.train(
        net,
        loaded.x_train[:500],
        loaded.y_train[:500],
        lr=0.01,
        batch_size=50,
        epochs=4,
        seed=0,
        progress=False,
    )
    return net.state_dict()


def trained_cnn():
    """The same network after four epochs on 500 digits, in eval mode."""
    net = small_cnn()
    net.load_state_dict(_weights())
    return net

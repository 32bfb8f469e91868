"""Convolutional and branching networks that the tests of chapter 1 share."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SHAPE = (2, 6, 6)


class Residual(nn.Module):
    """Batch norm, an overlapping max pooling, a sum of branches and a global mean."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(4, 4, 3, padding="same", groups=2)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        h = functional.max_pool2d(
            self.act(self.norm(self.stem(x))), 3, stride=2, padding=1
        )
        h = self.act(h + 0.5 * self.conv(h))
        return self.head(self.drop(h.mean((2, 3))))


class UNet(nn.Module):
    """A pooling, an upsampling, a transposed convolution and a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular")
        self.low = nn.Conv2d(3, 3, 2, dilation=2, padding=1)
        self.up = nn.ConvTranspose2d(3, 2, 2, stride=2)
        self.slope = nn.PReLU(5)
        self.out = nn.Conv2d(5, 1, 1)

    def forward(self, x):
        high = torch.relu(self.down(x))
        low = functional.leaky_relu(self.low(functional.avg_pool2d(high, 2)), 0.1)
        joined = torch.cat(
            [high, functional.interpolate(self.up(low), size=(6, 6))], dim=1
        )
        return torch.flatten(self.out(self.slope(joined)), 1)


class Dense(nn.Module):
    """A DenseNet of vectors, with a chunk, a reshape and sizes read from the input."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.randn(12))
        self.layers = nn.ModuleList(nn.Linear(12 + 4 * i, 4) for i in range(3))
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        h = x.reshape(x.size(0), 12, -1).mean(-1) - self.shift
        for layer in self.layers:
            h = torch.cat([h, layer(h).clamp(-1, 2)], 1)
        first, second = h.chunk(2, dim=1)
        return -self.head(torch.abs(first - second / 3).view(x.shape[0], -1))


class Maxima(nn.Module):
    """Pooling with padding, dilation and bins of two sizes, and the largest channel."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 2, stride=2)
        self.pool = nn.MaxPool2d(2, stride=1, padding=1, dilation=2)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        h = functional.adaptive_max_pool2d(functional.max_pool2d(self.conv(x), 2, 1), 2)
        deep = self.pool(functional.pad(x, (1, 1, 0, 0), mode="reflect")).amax(1)
        wide = functional.adaptive_max_pool2d(deep.unsqueeze(1), (2, 2))
        return self.head((h + wide).amax(1).flatten(1))


class ResidualMLP(nn.Module):
    """Vectors of six entries, two blocks with a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 8), nn.ReLU6())
            for _ in range(2)
        )
        self.outs = nn.ModuleList(nn.Linear(8, 6) for _ in range(2))

    def forward(self, x):
        for block, out in zip(self.blocks, self.outs, strict=True):
            x = x + out(block(3 * x))
        return functional.hardsigmoid(x)


KINDS = {
    "residual": (Residual, SHAPE),
    "u-net": (UNet, SHAPE),
    "dense": (Dense, SHAPE),
    "maxima": (Maxima, SHAPE),
    "residual mlp": (ResidualMLP, (6,)),
}


def network(kind, seed=0):
    """A random network in eval mode, float32, with statistics that are not 0 and 1."""
    torch.manual_seed(seed)
    net = KINDS[kind][0]()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return net.eval()


def points(kind, m, seed=0):
    return np.random.default_rng(seed).normal(size=(m, *KINDS[kind][1]))


def small_cnn(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(3, 4, 2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(16, 2),
    ).double()


def as_mlp(cnn, shape):
    """The same network with dense matrices, found column by column."""
    modules = []
    for module in cnn:
        if isinstance(module, nn.Conv2d | nn.Linear):
            size = int(np.prod(shape))
            unit = torch.eye(size, dtype=torch.float64).view(size, *shape)
            with torch.no_grad():
                bias = module(torch.zeros_like(unit[:1]))
                columns = (module(unit) - bias).flatten(1)
            dense = nn.Linear(*columns.shape, dtype=torch.float64)
            dense.weight = nn.Parameter(columns.T.contiguous())
            dense.bias = nn.Parameter(bias.flatten())
            modules.append(dense)
            shape = bias.shape[1:]
        elif isinstance(module, nn.Flatten):
            shape = (int(np.prod(shape)),)
        else:
            modules.append(module)
    return nn.Sequential(*modules)

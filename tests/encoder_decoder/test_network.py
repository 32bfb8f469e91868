"""The network against its definition, one sample, one tap, one block at a time."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from encoder_decoder.cases import EVERY, inputs, network, value

from helpers import encoder_decoder as ed


class Twin:
    def __init__(self, net):
        self.net, self.c = net, (net.taps - 1) // 2
        names = ("encoder", "decoder", "decoder_skip")
        self.filters = {
            name: [part.detach().numpy() for part in getattr(net, name)]
            for name in names
        }

    def phi(self, z):
        return z if self.net.activation == "linear" else np.maximum(z, 0)

    def encode(self, h, psi):
        out = np.zeros((len(psi), *h.shape[1:]))
        for n in np.ndindex(h.shape[1:]):
            for a in np.ndindex(psi.shape[2:]):
                place = tuple(
                    (i + b - self.c) % s
                    for i, b, s in zip(n, a, h.shape[1:], strict=True)
                )
                out[(slice(None), *n)] += psi[(..., *a)] @ h[(slice(None), *place)]
        return out

    def decode(self, z, psi):
        out = np.zeros((psi.shape[1], *z.shape[1:]))
        for n in np.ndindex(z.shape[1:]):
            for a in np.ndindex(psi.shape[2:]):
                place = tuple(
                    (i + b - self.c) % s
                    for i, b, s in zip(n, a, z.shape[1:], strict=True)
                )
                out[(slice(None), *place)] += psi[(..., *a)].T @ z[(slice(None), *n)]
        return out

    def blocks(self, z):
        """Yield the index of each block's pooled sample and its slices."""
        for n in np.ndindex(tuple(s // 2 for s in z.shape[1:])):
            yield n, tuple(slice(2 * i, 2 * i + 2) for i in n)

    def pool(self, z):
        """Return what goes down, and the function that the decoder unpools with."""
        axes, kind = z.ndim - 1, self.net.pooling
        if kind == "identity":
            return self.phi(z), lambda h: h
        half = tuple(s // 2 for s in z.shape[1:])
        down = np.zeros((len(z), *half))
        signs = list(product(*[[(1, 1), (1, -1)]] * axes))
        bands = [math.prod(np.ix_(*s)).astype(float) / 2 ** (axes / 2) for s in signs]
        code = np.zeros((len(bands), len(z), *half))
        for n, block in self.blocks(z):
            for j in range(len(z)):
                part = z[(j, *block)]
                down[(j, *n)] = part.max()
                for k, band in enumerate(bands):
                    code[(k, j, *n)] = (band * part).sum()
        code = self.phi(code)
        down = code[0] if kind in ("average", "haar") else self.phi(down)

        def unpool(h):
            made = np.zeros_like(z)
            for n, block in self.blocks(z):
                for j in range(len(z)):
                    here = (j, *block)
                    if kind == "max":
                        made[here] = h[(j, *n)]
                    elif kind == "switch":
                        largest = z[here] == z[here].max()
                        made[here] = h[(j, *n)] * largest
                    else:
                        made[here] = h[(j, *n)] * bands[0]
                        if kind == "haar":
                            for k, band in enumerate(bands[1:], 1):
                                made[here] += code[(k, j, *n)] * band
            return made

        return down, unpool

    def __call__(self, x):
        net = self.net
        h, kept = x.reshape(net.channels[0], *net.size), []
        for psi in self.filters["encoder"]:
            z = self.encode(h, psi)
            h, unpool = self.pool(z)
            kept.append((z, unpool))
        for level in reversed(range(net.depth)):
            z, unpool = kept[level]
            made = self.decode(net.alpha * unpool(h), self.filters["decoder"][level])
            if net.skip:
                made += self.decode(self.phi(z), self.filters["decoder_skip"][level])
            h = self.phi(made) if level else made
        return h.ravel()


@pytest.mark.parametrize(("shape", "pooling", "skip", "activation"), EVERY)
def test_the_network_is_its_definition(shape, pooling, skip, activation):
    net = network(shape, pooling=pooling, skip=skip, activation=activation, alpha=1.3)
    twin, x = Twin(net), inputs(net)
    expected = np.array([twin(row) for row in x])
    np.testing.assert_allclose(value(net, x), expected, atol=1e-13)
    np.testing.assert_allclose(value(net, x[0]), expected[0], atol=1e-13)


@pytest.mark.parametrize("pooling", ed.POOLINGS)
def test_a_network_is_positively_homogeneous(pooling):
    net = network("image", pooling=pooling, skip=True)
    x = inputs(net)
    np.testing.assert_allclose(value(net, 8 * x), 8 * value(net, x), rtol=1e-15)
    assert abs(value(net, -x) + value(net, x)).max() > 0.01


def test_the_same_filters_at_another_size_see_a_periodic_signal_alike():
    net = network("line", pooling="haar", skip=True, alpha=0.7)
    x = inputs(net).reshape(3, 2, 8)
    long = net.resized(24)
    tiled = value(long, np.tile(x, 3).reshape(3, -1))
    expected = np.tile(value(net, x.reshape(3, -1)).reshape(3, 2, 8), 3)
    np.testing.assert_allclose(tiled, expected.reshape(3, -1), atol=1e-13)
    with torch.no_grad():
        long.encoder[0].zero_()
    assert float(net.encoder[0].detach().abs().max()) > 0
    single = network(dtype=torch.float32)
    assert single.resized(16).encoder[0].dtype == torch.float32


def test_what_is_left_out_is_two_levels_of_three_taps():
    net, wanted = ed.EncoderDecoder(8, seed=0), [(4, 1, 3), (8, 4, 3)]
    assert [tuple(level.shape) for level in net.encoder] == wanted
    assert [tuple(level.shape) for level in net.decoder] == wanted
    assert (net.pooling, net.activation, net.alpha) == ("average", "relu", 1)
    assert not any(level.any() for level in net.decoder_skip)


BAD = [
    (lambda: ed.EncoderDecoder(8, (1, 2, 2), 5, seed=0), "taps must be at most 4"),
    (lambda: ed.EncoderDecoder(6, (1, 2, 2), 2, seed=0), "divisible by 4 (2 poolings)"),
    (
        lambda: network("line")(torch.ones(3)),
        "x must have shape [16] or [m, 16], got [3]",
    ),
    (
        lambda: network("line").resized((4, 4)),
        "size must have as many axes as (8,), got (4, 4)",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

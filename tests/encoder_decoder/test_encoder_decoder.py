"""Encoder-decoders against sums over samples, autograd, subset sums, and chapter 1."""

import math
from itertools import combinations, product

import numpy as np
import pytest
import torch

from helpers import encoder_decoder as ed
from helpers import linear_regions
from helpers.encoder_decoder.circular import (
    average,
    choose,
    conv_matrix,
    haar,
    unaverage,
    unhaar,
)
from helpers.encoder_decoder.pieces import _knots

RNG = np.random.default_rng(0)
SHAPES = {
    "line": (8, (2, 3, 4), 3),
    "even": (8, (1, 3, 2), 2),
    "image": ((4, 8), (1, 3, 2), 2),
}
EVERY = list(product(SHAPES, ed.POOLINGS, (False, True), ("relu", "linear")))
CONTINUOUS = [name for name in ed.POOLINGS if name != "switch"]


def network(shape="line", **options):
    size, channels, taps = SHAPES[shape]
    return ed.EncoderDecoder(size, channels, taps, **({"seed": 1} | options))


def inputs(net, m=3, seed=0):
    return np.random.default_rng(seed).normal(size=(m, net.n_in))


def value(net, x):
    return net(torch.as_tensor(x)).detach().numpy()


def jacobian(net, x):
    return torch.func.jacrev(net)(torch.as_tensor(x)).detach().numpy()


# The twin: the definition, one sample, one tap, one block at a time.


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


def test_filters_have_he_variance_and_skips_share_the_encoder():
    """Sample variance of k Gaussians: relative error sqrt(2 / k); 4.5 of them."""
    plain = ed.EncoderDecoder(8, (8, 64, 64), 3, seed=3)
    skips = ed.EncoderDecoder(8, (8, 64, 64), 3, skip=True, seed=3)
    fans = [
        (plain.encoder, (24, 192)), (plain.decoder, (192, 192)),
        (skips.decoder, (384, 384)), (skips.decoder_skip, (384, 384)),
    ]  # fmt: skip
    for filters, sizes in fans:
        for part, fan in zip(filters, sizes, strict=True):
            ratio = float(part.detach().square().mean()) * fan / 2
            assert abs(ratio - 1) < 4.5 * (2 / part.numel()) ** 0.5
    for a, b in zip(plain.encoder, skips.encoder, strict=True):
        assert torch.equal(a, b)
    assert not torch.allclose(skips.decoder[0], skips.decoder_skip[0])
    other = ed.EncoderDecoder(8, (8, 64, 64), 3, seed=4)
    assert not torch.allclose(plain.encoder[0], other.encoder[0])


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


# Matrices


@pytest.mark.parametrize("taps", [1, 2, 3, 4])
def test_a_convolution_matrix_is_made_of_shifts(taps):
    psi = torch.from_numpy(RNG.normal(size=(1, 1, taps)))
    shift = np.roll(np.eye(6), 1, axis=0)  # P x is x one place later
    before = (taps - 1) // 2
    powers = (np.linalg.matrix_power(shift, (a - before) % 6) for a in range(taps))
    expected = sum(float(w) * P for w, P in zip(psi[0, 0], powers, strict=True))
    np.testing.assert_allclose(conv_matrix(psi, (6,)).toarray(), expected)


def test_haar_is_orthogonal_and_average_is_its_low_band():
    for shape in ((2, 3, 8), (2, 3, 4, 6)):
        x = torch.from_numpy(RNG.normal(size=shape))
        bands = haar(x)
        assert bands.shape[2] == 2 ** (len(shape) - 2)
        assert torch.allclose(bands.square().sum(), x.square().sum())
        assert torch.allclose(unhaar(bands), x)
        assert torch.allclose(average(x), bands[:, :, 0])
        only = torch.zeros_like(bands)
        only[:, :, 0] = bands[:, :, 0]
        assert torch.allclose(unaverage(bands[:, :, 0]), unhaar(only))


def test_maxima_know_where_they_stand():
    x = torch.from_numpy(RNG.normal(size=(2, 3, 4, 6)))
    maxima, mask, margins = choose(x)
    assert torch.equal(maxima, torch.nn.functional.max_pool2d(x, 2))
    assert torch.equal(
        torch.nn.functional.max_pool2d(x * mask - 9.0 * ~mask, 2), maxima
    )
    assert int(mask.sum()) == maxima.numel()
    assert [m.shape for m in margins] == [(2, 3, 4, 3), (2, 3, 2, 3)]


# Frames


@pytest.mark.parametrize(("shape", "pooling", "skip", "activation"), EVERY)
def test_the_frames_multiply_to_the_jacobian(shape, pooling, skip, activation):
    net = network(shape, pooling=pooling, skip=skip, activation=activation, alpha=1.3)
    x = inputs(net)
    for point, frame in zip(x, ed.frames(net, x), strict=True):
        np.testing.assert_allclose(frame.jacobian, jacobian(net, point), atol=1e-13)
        rebuilt = frame.synthesis @ frame.coefficients(point)
        np.testing.assert_allclose(rebuilt, value(net, point), atol=1e-13)
        assert frame.divergence == pytest.approx(np.trace(frame.jacobian))
        one = ed.frames(net, point)
        np.testing.assert_array_equal(one.jacobian, frame.jacobian)


def test_atoms_are_the_code_and_what_goes_across():
    plain = ed.frames(network("line"), np.ones(16))
    skips = ed.frames(network("line", skip=True), np.ones(16))
    bands = ed.frames(network("line", pooling="haar"), np.ones(16))
    assert plain.n_atoms == 2 * 4
    assert skips.n_atoms == 2 * 4 + 8 * 3 + 4 * 4
    assert bands.n_atoms == 2 * 4 + 4 * 3 + 2 * 4
    assert skips.level.tolist() == [2] * 8 + [2] * 16 + [1] * 24
    assert skips.code.tolist() == [True] * 8 + [False] * 40
    assert repr(plain) == "Frames(n_in=16, atoms=8)"
    np.testing.assert_allclose(  # same encoder: the code's atoms are the same
        skips.analysis.toarray()[:, :8], plain.analysis.toarray()
    )


def test_the_coefficients_are_what_the_encoder_computes():
    net = network("line", skip=True)
    (x,) = inputs(net, 1)
    frame = ed.frames(net, x)
    units = net.trace(torch.as_tensor(x)[None]).units
    order = [("low", 1), ("skip", 1), ("skip", 0)]
    features = np.concatenate([units[name][0].relu().numpy() for name in order])
    np.testing.assert_allclose(frame.coefficients(x), features, atol=1e-14)
    assert (frame.coefficients(x)[~frame.alive] == 0).all()
    assert 0 < frame.alive.sum() < frame.n_atoms


def test_frame_bounds_bound_the_energy():
    net = network("line", skip=True)
    x = inputs(net, 200)
    frame = ed.frames(net, x[0])
    low, high = frame.bounds()
    energy = (frame.analysis.T @ x.T) ** 2
    ratio = energy.sum(axis=0) / (x**2).sum(axis=1)
    assert low <= ratio.min()
    assert ratio.max() <= high
    values = np.linalg.svd(frame.analysis.toarray(), compute_uv=False) ** 2
    assert (low, high) == pytest.approx((values[15], values[0]), abs=1e-12)
    assert ed.frames(network("line"), x[0]).bounds()[0] == pytest.approx(0, abs=1e-12)


def test_without_the_gates_of_the_decoder_the_operator_is_wrong():
    net = network("line")
    (x,) = inputs(net, 1)
    first, second = net.levels()
    gates = {key: gate[0].numpy() for key, gate in
             net.trace(torch.as_tensor(x)[None]).gates.items()}  # fmt: skip
    analysis = (first.conv @ first.low).toarray() * gates["low", 0]
    analysis = analysis @ (second.conv @ second.low).toarray() * gates["low", 1]
    outer, inner = ((one.decode @ one.low).toarray() for one in (first, second))
    open_gates = outer @ inner @ analysis.T
    gated = outer * gates["decoder", 1] @ inner @ analysis.T
    np.testing.assert_allclose(gated, jacobian(net, x), atol=1e-13)
    assert abs(open_gates - gated).max() > 0.1


# Perfect reconstruction


def reconstruction_error(net, seed=0):
    x = inputs(net, 5, seed)
    return abs(value(net, x) - x).max()


RECONSTRUCTING = list(
    product((1, 2), ("identity", "haar"), (1.0, 2.0), (False, True), (False, True))
)


@pytest.mark.parametrize(("axes", "pooling", "alpha", "skip", "paired"), RECONSTRUCTING)
def test_theorem_perfect_reconstruction(axes, pooling, alpha, skip, paired):
    """Rounding is amplified by the condition of Psi, at most 1e4 for these seeds."""
    grow = 2**axes * (1 + paired)
    channels = (1, grow + 2, grow * (grow + 2) + 2)
    filters = ed.perfect_reconstruction_filters(
        channels, 2, axes=axes, alpha=alpha, skip=skip, paired=paired, seed=0
    )
    options = {"pooling": pooling, "skip": skip, "filters": filters}
    activation = "relu" if paired else "linear"
    size = (8,) * axes
    net = ed.EncoderDecoder(
        size, channels, 2, alpha=alpha, activation=activation, **options
    )
    assert reconstruction_error(net) < 1e-11
    wrong = ed.EncoderDecoder(
        size, channels, 2, alpha=1.01 * alpha, activation=activation, **options
    )
    assert reconstruction_error(wrong) > 1e-3


@pytest.mark.parametrize("skip", [False, True])
def test_the_filters_fulfil_the_stated_condition(skip):
    filters = ed.perfect_reconstruction_filters(
        (1, 3, 7), 2, alpha=2.0, skip=skip, seed=5
    )
    for psi, dual in filters:
        psi, dual = (part.numpy().reshape(len(part), -1).T for part in (psi, dual))
        c = 1 / (2 * (2 + skip))
        np.testing.assert_allclose(psi @ dual.T, c * np.eye(len(psi)), atol=1e-12)


def test_a_constant_off_by_one_per_cent_compounds_over_the_levels():
    for depth in (1, 2, 3):
        channels = (1, 3, 7, 15)[: depth + 1]
        filters = ed.perfect_reconstruction_filters(channels, 2, seed=0)
        off = [(psi, 1.01 * dual) for psi, dual in filters]
        net = ed.EncoderDecoder(
            16, channels, 2, pooling="identity", activation="linear", filters=off
        )
        gain = ed.frames(net, np.ones(16)).jacobian
        np.testing.assert_allclose(gain, 1.01**depth * np.eye(16), atol=1e-10)


def test_relu_needs_paired_filters():
    filters = ed.perfect_reconstruction_filters((1, 4), 2, seed=0)
    net = ed.EncoderDecoder(8, (1, 4), 2, pooling="identity", filters=filters)
    assert reconstruction_error(net) > 0.1


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sines_pass_average_pooling_with_the_gain_of_the_law(depth, skip):
    channels = (1, 5, 21, 85)[: depth + 1]
    for taps in (2, 4):
        filters = ed.perfect_reconstruction_filters(channels, taps, skip=skip, seed=0)
        net = ed.EncoderDecoder(
            16, channels, taps, activation="linear", skip=skip, filters=filters
        )
        operator = ed.frames(net, np.ones(16)).jacobian
        for k in range(9):
            sine = np.exp(2j * np.pi * k * np.arange(16) / 16)
            gain = ed.pooling_gain(2 * np.pi * k / 16, depth, skip=skip)
            np.testing.assert_allclose(operator @ sine, gain * sine, atol=1e-10)


def test_the_gain_without_skips_is_fejers_kernel_and_with_them_at_least_half():
    w = np.linspace(0.01, np.pi, 50)
    fejer = (np.sin(8 * w / 2) / (8 * np.sin(w / 2))) ** 2
    np.testing.assert_allclose(ed.pooling_gain(w, 3), fejer, atol=1e-14)
    skips = ed.pooling_gain(w, 3, skip=True)
    assert 0.5 <= skips.min() < 0.501
    assert ed.pooling_gain(0.0, 3, skip=True) == ed.pooling_gain(0.0, 3) == 1


def test_one_tap_leaves_the_blocks_of_average_pooling():
    """With r = 1 nothing is averaged over shifts: 1/2, 3/4, 7/8, 1; or 0 and 1."""
    for skip, gains in (
        (True, [1 / 2] * 8 + [3 / 4] * 4 + [7 / 8] * 2 + [1] * 2),
        (False, [0] * 14 + [1] * 2),
    ):
        filters = ed.perfect_reconstruction_filters((1, 2, 3, 4), 1, skip=skip, seed=0)
        net = ed.EncoderDecoder(
            16, (1, 2, 3, 4), 1, activation="linear", skip=skip, filters=filters
        )
        operator = ed.frames(net, np.ones(16)).jacobian
        np.testing.assert_allclose(np.linalg.eigvalsh(operator), gains, atol=1e-12)


def test_only_sums_over_shifts_matter():
    """A dual that violates Psi Psi~^T = c I and reconstructs: not necessary."""
    (pair,) = ed.perfect_reconstruction_filters((1, 3), 2, seed=0)
    psi = pair[0].numpy().reshape(3, 2).T
    kernel = np.linalg.svd(psi)[2][2]
    dual = pair[1].numpy().reshape(3, 2).T
    twist = np.linalg.pinv(psi.T) @ np.eye(3)  # rows: psi twist^T = I
    moved = dual + np.array([[0.3, 0], [0, -0.3]]) @ twist
    moved = moved + np.outer([1.0, -2.0], kernel)
    assert abs(psi @ moved.T - 0.5 * np.eye(2)).max() > 0.2
    filters = [(pair[0], torch.from_numpy(moved.T.reshape(3, 1, 2).copy()))]
    net = ed.EncoderDecoder(
        8, (1, 3), 2, pooling="identity", activation="linear", filters=filters
    )
    assert reconstruction_error(net) < 1e-13


# Cones


def whitney(normals):
    """Regions of a central arrangement: sum over subsets of (-1)^(size - rank)."""
    n = len(normals)
    total = 1
    for size in range(1, n + 1):
        rows = np.array([normals[list(s)] for s in combinations(range(n), size)])
        rank = np.linalg.matrix_rank(rows, tol=1e-9)
        total += int(((-1.0) ** (size - rank)).sum())
    return total


def arrangement(channels, taps, seed, **options):
    net = ed.EncoderDecoder(4, (1, channels), taps, seed=seed, **options)
    return ed.cone_normals(net)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (3, 2), (5, 3), (7, 3), (9, 4), (8, 5)])
def test_theorem_zaslavsky_for_general_position(n, d):
    normals = np.random.default_rng(n).normal(size=(n, d))
    assert ed.count_cones(normals) == ed.most_cones(n, d) == whitney(normals)


def test_cones_of_special_arrangements():
    braid = np.array(
        [np.eye(4)[i] - np.eye(4)[j] for i, j in combinations(range(4), 2)]
    )
    assert ed.count_cones(braid) == 24  # orderings of four numbers
    both = np.concatenate([np.eye(4), braid, braid @ np.diag([1, -1, 1, -1])])
    assert ed.count_cones(np.eye(5)) == 32
    assert ed.count_cones(np.zeros((3, 2))) == 1
    assert ed.count_cones(np.zeros((0, 3))) == 1
    assert ed.count_cones([[2.0], [-1.0], [0.0]]) == 2
    assert ed.count_cones(np.ones((4, 3))) == 2
    assert ed.count_cones(both) == whitney(both)
    signed = [np.eye(4)[i] + s * np.eye(4)[j]
              for i, j in combinations(range(4), 2) for s in (1, -1)]  # fmt: skip
    assert ed.count_cones(np.array(signed)) == 192  # the Weyl group of D_4
    assert ed.count_cones(1e-200 * np.array(signed)) == 192


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("channels", "taps", "code", "both"),
    [(3, 3, 32, 1456), (4, 3, 58, 3666), (4, 2, 46, 2706)],
)
def test_cones_of_one_level_with_average_pooling(channels, taps, code, both, seed):
    normals = arrangement(channels, taps, seed)
    assert ed.count_cones(normals) == code == whitney(normals)
    with_skip = arrangement(channels, taps, seed, skip=True)
    assert ed.count_cones(with_skip) == both
    shuffled = np.random.default_rng(seed).permutation(with_skip)
    assert ed.count_cones(-3.0 * shuffled) == both
    points = np.random.default_rng(seed).normal(size=(20_000, 4))
    seen = len(np.unique(points @ with_skip.T > 0, axis=0))
    assert both / 3 < seen <= both  # every cone seen is one of them


def test_without_pooling_a_skip_adds_no_hyperplane():
    for channels, taps, count in ((3, 3, 464), (4, 3, 1144), (4, 2, 760)):
        options = {"pooling": "identity", "seed": 0}
        assert ed.count_cones(arrangement(channels, taps, **options)) == count
        skips = arrangement(channels, taps, skip=True, **options)
        assert ed.count_cones(skips) == count
    assert ed.most_cones(12, 4) == 464
    normals = arrangement(3, 3, pooling="identity", seed=0)
    assert whitney(normals) == 464


def test_why_average_pooling_loses_cones():
    """With three taps the code never sees the alternating signal: a space of d = 3."""
    normals = arrangement(3, 3, seed=0)
    np.testing.assert_allclose(normals @ [1, -1, 1, -1], 0, atol=1e-14)
    assert ed.most_cones(6, 3) == 32
    assert ed.most_cones(8, 3) == 58
    assert ed.most_cones(0, 3) == 1


def test_pattern_bits_by_hand():
    net = network("line", skip=True)  # 8 samples, channels 2, 3, 4
    bits = ed.pattern_bits(net)
    assert bits.paper == 4 * 3 + (8 * 3 + 4 * 4)
    assert bits.gates == 24 + 12 + 16 + 8 + 12
    steps = [ed.most_cones(n, 16) for n in (24, 12, 16, 8, 12)]
    assert bits.arrangements == pytest.approx(sum(map(math.log2, steps)))
    assert ed.pattern_bits(network("line")).paper == 12
    bands = ed.pattern_bits(network("line", pooling="haar"))
    assert (bands.paper, bands.gates) == (24, 24 + 16 + 12)
    maxima = ed.pattern_bits(network("line", pooling="max"))
    assert maxima.gates == 12 + 12 + 8 + 8 + 12


def test_no_more_patterns_than_the_bits_allow():
    net = ed.EncoderDecoder(4, (1, 2, 2), 2, skip=True, seed=0)
    points = np.random.default_rng(0).normal(size=(30_000, 4))
    margins = net.trace(torch.as_tensor(points)).margins
    seen = len(np.unique(np.hstack([m.numpy() > 0 for m in margins]), axis=0))
    bits = ed.pattern_bits(net)
    assert 50 < seen <= 2**bits.arrangements <= 2**bits.gates


# Pieces


SMOOTH = list(product(SHAPES, ("identity", "haar", "average"), (False, True)))


@pytest.mark.parametrize(("shape", "pooling", "skip"), SMOOTH)
def test_as_an_mlp_the_network_computes_the_same(shape, pooling, skip):
    net = network(shape, pooling=pooling, skip=skip, alpha=1.3)
    mlp = ed.as_mlp(net)
    x = inputs(net, 20)
    found = mlp(torch.as_tensor(x)).detach().numpy()
    np.testing.assert_allclose(found, value(net, x), atol=1e-12)
    assert len(mlp) == 4 * net.depth - 1


@pytest.mark.parametrize(("shape", "pooling", "skip"), SMOOTH)
def test_pieces_on_a_segment_are_those_of_chapter_1(shape, pooling, skip):
    net = network(shape, pooling=pooling, skip=skip)
    start, end = inputs(net, 2, seed=3)
    pieces = ed.pieces_on_segment(net, start, end)
    line = linear_regions.line_regions(ed.as_mlp(net), start, end)
    np.testing.assert_allclose(pieces.t, line.t, atol=1e-12)
    assert pieces.linear_count == 1 + line.bends.sum()
    assert pieces.count == len(line.t) + 1 > 5
    np.testing.assert_allclose(pieces.derivatives[:, 0], line.slope, atol=1e-10)


@pytest.mark.parametrize(("shape", "pooling", "skip"), SMOOTH)
def test_pieces_on_a_plane_are_those_of_chapter_1(shape, pooling, skip):
    net = network(shape, pooling=pooling, skip=skip)
    u, v = inputs(net, 2, seed=4)
    pieces = ed.pieces_on_plane(net, u, v)
    plane = linear_regions.plane_regions(
        ed.as_mlp(net), np.zeros(net.n_in), u, v, (-1, 1, -1, 1)
    )
    assert pieces.count == plane.count
    assert pieces.linear_count == plane.linear_count
    for middle, maps in zip(pieces.middles[:3], pieces.derivatives[:3], strict=True):
        both = jacobian(net, middle) @ np.stack([u, v]).T
        np.testing.assert_allclose(maps.T, both, atol=1e-12)


def signs(net, points):
    margins = net.trace(torch.as_tensor(points)).margins
    return np.hstack([margin.numpy() > 0 for margin in margins])


@pytest.mark.parametrize("shape", ["line", "even", "image"])
def test_pieces_with_maxima_against_bisection(shape):
    """Every change of pattern, found by halving; and a change at every breakpoint."""
    net = network(shape, pooling="max", skip=True)
    start, end = inputs(net, 2, seed=5)
    pieces = ed.pieces_on_segment(net, start, end)
    grid = np.linspace(0, 1, 4001)
    for _ in range(25):
        pattern = signs(net, start + grid[:, None] * (end - start))
        changed = (pattern[1:] != pattern[:-1]).any(axis=1) & (np.diff(grid) > 1e-9)
        if not changed.any():
            break
        halves = (grid[1:] + grid[:-1])[changed] / 2
        grid = np.sort(np.concatenate([grid, halves]))
    pattern = signs(net, start + grid[:, None] * (end - start))
    jumps = grid[1:][(pattern[1:] != pattern[:-1]).any(axis=1)]
    assert len(jumps) == len(pieces.t) > 20
    np.testing.assert_allclose(jumps, pieces.t, atol=2e-9)
    sides = [pieces.t + step for step in (1e-8, -1e-8)]
    beside = [signs(net, start + t[:, None] * (end - start)) for t in sides]
    assert (beside[0] != beside[1]).any(axis=1).all()


@pytest.mark.parametrize("skip", [False, True])
def test_one_level_cuts_a_plane_into_two_sectors_a_gate(skip):
    for seed in range(3):
        net = ed.EncoderDecoder(8, (1, 4), 3, skip=skip, seed=seed)
        u, v = np.random.default_rng(seed).normal(size=(2, 8))
        pieces = ed.pieces_on_plane(net, u, v)
        assert pieces.count == 2 * ed.pattern_bits(net).gates
        normals = ed.cone_normals(net) @ np.stack([u, v]).T
        angles = np.arctan2(-normals[:, 0], normals[:, 1]) % np.pi
        expected = np.sort(np.concatenate([angles, angles + np.pi]))
        np.testing.assert_allclose(pieces.t, expected, atol=1e-12)
        assert ed.count_cones(normals) == pieces.count


def test_the_middles_lie_inside_the_pieces():
    net = network("line", skip=True)
    u, v = inputs(net, 2)
    pieces = ed.pieces_on_plane(net, u, v)
    middles = np.unique(signs(net, pieces.middles), axis=0)
    assert len(middles) <= pieces.count == len(pieces.t)
    angles = np.arctan2(*(np.linalg.pinv(np.stack([u, v]).T) @ pieces.middles.T)[::-1])
    before = np.roll(pieces.t, 1)
    before[0] -= 2 * np.pi
    inside = (angles - before) % (2 * np.pi) < (pieces.t - before)
    assert inside.all()


def test_pieces_that_do_the_same_are_counted_once():
    net = network("line", skip=True)
    with torch.no_grad():
        for part in (net.decoder[0], net.decoder_skip[0]):
            part.zero_()
    u, v = inputs(net, 2)
    plane, segment = ed.pieces_on_plane(net, u, v), ed.pieces_on_segment(net, u, v)
    assert plane.linear_count == segment.linear_count == 1 < segment.count
    assert repr(segment) == f"Pieces(count={segment.count})"
    linear = network("line", activation="linear")
    for pieces in (
        ed.pieces_on_plane(linear, u, v),
        ed.pieces_on_segment(linear, u, v),
    ):
        assert pieces.count == pieces.linear_count == 1
        assert len(pieces.t) == 0


def test_float32_networks_are_counted_in_float64():
    net = network("line", skip=True, dtype=torch.float32)
    u, v = inputs(net, 2)
    pieces = ed.pieces_on_plane(net, u, v)
    assert pieces.count == ed.pieces_on_plane(net.double(), u, v).count
    assert net.encoder[0].requires_grad


def test_a_knot_at_an_end_or_twice_is_one_knot():
    """Two equal units, and one that vanishes at the start."""
    net = network("line")
    with torch.no_grad():
        net.encoder[0][1] = net.encoder[0][0]
    u, v = inputs(net, 2)
    t = _knots(net, lambda t: torch.as_tensor(u) * (1 - t[:, None])
               + torch.as_tensor(v) * t[:, None])  # fmt: skip
    assert (t.diff() > 1e-12).all()
    assert (float(t[0]), float(t[-1])) == (0, 1)


# Lipschitz constants


def test_local_constants_are_norms_of_jacobians():
    net = network("line", skip=True)
    x = inputs(net, 4)
    found = ed.lipschitz_bounds(net, x)
    expected = [np.linalg.svd(jacobian(net, row))[1][0] for row in x]
    np.testing.assert_allclose(found.local, expected)
    assert found.lower == max(found.local)
    assert ed.lipschitz_bounds(net, x[0]).lower == pytest.approx(expected[0])


@pytest.mark.parametrize("pooling", CONTINUOUS)
@pytest.mark.parametrize("skip", [False, True])
def test_theorem_lipschitz(pooling, skip):
    """No slope exceeds the largest K_p of the pieces that its segment crosses."""
    for seed in range(5):
        net = network("line", pooling=pooling, skip=skip, seed=seed, alpha=1.2)
        start, end = inputs(net, 2, seed)
        bounds = ed.lipschitz_bounds(net, ed.pieces_on_segment(net, start, end).middles)
        slope = np.linalg.norm(value(net, end) - value(net, start))
        slope /= np.linalg.norm(end - start)
        assert 0.01 < slope <= bounds.lower * (1 + 1e-12)
        assert bounds.lower <= bounds.upper


def test_where_the_network_jumps_the_theorem_fails():
    net = ed.EncoderDecoder(8, (1, 4), 3, pooling="switch", seed=0)
    u, v = inputs(net, 2)
    pieces = ed.pieces_on_segment(net, u, v)
    ends = u + (pieces.t[:, None] + [[[-1e-9]], [[1e-9]]]) * (v - u)
    rise = np.linalg.norm(value(net, ends[1]) - value(net, ends[0]), axis=1)
    bounds = ed.lipschitz_bounds(net, pieces.middles)
    assert rise.max() / (2e-9 * np.linalg.norm(v - u)) > 1000 * bounds.lower
    assert bounds.upper == math.inf


def norm(matrix):
    return np.linalg.svd(matrix.toarray(), compute_uv=False)[0]


def test_the_upper_bound_is_the_product_over_levels():
    for pooling in ("average", "haar", "max"):
        net = network("line", pooling=pooling, skip=True, alpha=1.5)
        upper = 1.0
        for level in reversed(net.levels()):
            encode = level.conv if pooling == "max" else level.conv @ level.low
            upper *= 1.5 * norm(level.decode @ level.low) * norm(encode)
            if pooling == "haar":
                high = norm(level.decode @ level.high) * norm(level.conv @ level.high)
                upper += 1.5 * high
            upper += norm(level.decode_skip) * norm(level.conv)
        found = ed.lipschitz_bounds(net, inputs(net, 1)).upper
        assert found == pytest.approx(upper)


# Landscape


def loss(net, x, y, matrix, level):
    """The squared loss with one decoder matrix free, written with matrices."""
    levels = net.levels()
    dense = {
        name: [
            None if part is None else torch.from_numpy(part.toarray())
            for part in (getattr(one, name) for one in levels)
        ]
        for name in ("conv", "low", "decode", "decode_skip")
    }
    h, kept = x, []
    for conv, low in zip(dense["conv"], dense["low"], strict=True):
        z = h @ conv
        kept.append(z.relu())
        h = (z @ low).relu()
    for index in reversed(range(net.depth)):
        made = h @ (dense["decode"][index] @ dense["low"][index]).T
        if level is None and index == net.depth - 1:
            made = h @ matrix.T
        if net.skip:
            free = level == index + 1
            made = (
                made + kept[index] @ (matrix if free else dense["decode_skip"][index]).T
            )
        h = made.relu() if index else made
    return (h - y).square().sum() / 2


@pytest.mark.parametrize("level", [1, 2, None])
def test_the_gradient_is_that_of_autograd(level):
    net = network("line", skip=True)
    x, y = (torch.as_tensor(inputs(net, 6, seed)) for seed in (1, 2))
    one = net.levels()[-1 if level is None else level - 1]
    start = one.decode @ one.low if level is None else one.decode_skip
    matrix = torch.from_numpy(start.toarray()).requires_grad_()
    value = loss(net, x, y, matrix, level)
    (gradient,) = torch.autograd.grad(value, matrix)
    found = ed.landscape_bounds(net, x, y, level)
    assert found.residual**2 / 2 == pytest.approx(value.item())
    assert found.gradient == pytest.approx(float(gradient.norm()))
    assert found.lower <= found.gradient <= found.upper


def test_theorem_landscape_bounds():
    for seed in range(4):
        net = ed.EncoderDecoder(16, (1, 4, 8), 3, skip=True, seed=seed)
        x, y = inputs(net, 10, seed), inputs(net, 10, seed + 9)
        for level in (1, 2, None):
            found = ed.landscape_bounds(net, x, y, level)
            assert found.lower <= found.gradient <= found.upper
            assert found.decoders[0] <= found.decoders[1]
        first = ed.landscape_bounds(net, x, y, 1)
        assert first.decoders == (1.0, 1.0)
        assert first.lower > 0
        features = net.trace(torch.as_tensor(x)).units["skip", 0].relu().numpy()
        values = np.linalg.svd(features)[1]
        assert first.features == pytest.approx((values[-1], values[0]))
        twice = ed.landscape_bounds(net, np.tile(x, (2, 1)), np.tile(y, (2, 1)), 1)
        assert twice.lower < 1e-10
    few = ed.EncoderDecoder(4, (1, 2), 3, skip=True, seed=0)
    many = inputs(few, 9)
    assert ed.landscape_bounds(few, many, many, 1).features[0] == 0


# SURE


@pytest.mark.parametrize("shape", ["line", "image"])
def test_sure_with_the_trace_of_the_jacobian(shape):
    net = network(shape, pooling="haar", skip=True)
    y = inputs(net, 70)
    found = ed.sure(net, y, 0.5)
    for row in (0, 69):
        trace = np.trace(jacobian(net, y[row]))
        expected = ((value(net, y[row]) - y[row]) ** 2).mean() - 0.25
        expected += 2 * 0.25 * trace / net.n_in
        assert found[row] == pytest.approx(expected)
    assert ed.sure(net, y[0], 0.5).shape == (1,)


def test_theorem_sure_is_unbiased():
    """Mean over 2000 draws of SURE minus the error: 4.5 standard errors, p = 7e-6."""
    net = ed.EncoderDecoder(16, (1, 4, 4), 3, skip=True, seed=0)
    rng = np.random.default_rng(1)
    x = 3 * rng.normal(size=16)
    y = x + rng.normal(size=(2000, 16))
    gap = ed.sure(net, y, 1.0) - ((value(net, y) - x) ** 2).mean(axis=1)
    error = gap.std(ddof=1) / 2000**0.5
    assert abs(gap.mean()) < 4.5 * error < 0.3 * abs(ed.sure(net, y, 1.0).mean())


# Signals


def test_jump_signals():
    """Means of a periodic pattern of 4 values: between two jumps nothing changes."""
    signals = ed.jump_signals(200, 32, 4, seed=0).numpy()
    assert signals.dtype == np.float32
    np.testing.assert_allclose(signals.mean(axis=1), 0, atol=1e-6)
    jumps = (abs(signals - np.roll(signals, 1, axis=1)) > 1e-6).sum(axis=1)
    assert (jumps == 4).all()
    assert abs(ed.jump_signals(3, 8, 1, seed=0)).max() < 1e-6
    np.testing.assert_array_equal(ed.jump_signals(200, 32, 4, seed=0), signals)
    assert abs(ed.jump_signals(200, 32, 4, seed=1).numpy() - signals).max() > 0.1
    places = (abs(signals - np.roll(signals, 1, axis=1)) > 1e-6).mean(axis=0)
    assert abs(places - 1 / 8).max() < 4.5 * (7 / 64 / 200) ** 0.5


@pytest.mark.parametrize("name", ed.PHOTOGRAPHS)
def test_photographs(name):
    image = ed.photograph(name)
    assert image.shape == (416, 640)
    assert image.dtype == torch.float32
    assert 0 <= float(image.min()) < 0.1
    assert 0.8 < float(image.max()) <= 1
    assert all(side % 32 == 0 for side in image.shape)


def test_crops_are_pieces_of_the_image():
    image = torch.arange(35.0).reshape(5, 7)
    pieces = ed.crops(image, 200, 3, seed=0).reshape(200, 3, 3)
    for piece in pieces:
        i, j = divmod(int(piece[0, 0]), 7)
        assert torch.equal(piece, image[i : i + 3, j : j + 3])
    assert (
        len({float(piece[0, 0]) for piece in pieces}) == 15
    )  # all places: p > 1 - 2e-5
    assert torch.equal(ed.crops(image, 5, 3, seed=1), ed.crops(image, 5, 3, seed=1))


def test_a_denoiser_learns_and_is_seeded():
    def made(**options):
        net = ed.EncoderDecoder(
            32, (1, 4, 4), 3, seed=0, dtype=torch.float32, skip=True
        )
        return ed.train_denoiser(net, clean, 0.5, **({"seed": 1} | options))

    clean = ed.jump_signals(960, 32, seed=0)
    start = ed.EncoderDecoder(32, (1, 4, 4), 3, seed=0, dtype=torch.float32, skip=True)
    noisy = clean + 0.5 * torch.randn(
        clean.shape, generator=torch.Generator().manual_seed(0)
    )
    net = made()
    assert float((net(noisy).detach() - clean).square().mean()) < 0.2 < 0.25
    assert torch.equal(net(noisy), made()(noisy))
    assert not torch.equal(net(noisy), made(seed=2)(noisy))
    still = made(lr=1e-9)
    for name in ("encoder", "decoder", "decoder_skip"):
        for level, (a, b) in enumerate(
            zip(getattr(start, name), getattr(still, name), strict=True)
        ):
            small = name != "encoder" and level == 0
            assert torch.allclose(b, a * (0.1 if small else 1), atol=1e-6)


def test_haar_thresholds():
    """By hand in one dimension; an orthonormal transform otherwise."""
    y = torch.tensor([3.0, 1.0, 0.0, 0.2], dtype=torch.float64)
    found = ed.haar_threshold(y, 0.5 * 2**0.5, 1)
    assert torch.allclose(found, torch.tensor([2.5, 1.5, 0.1, 0.1]).double())
    image = torch.from_numpy(RNG.normal(size=(8, 16)))
    assert torch.allclose(ed.haar_threshold(image, 0.0), image)
    blocks = torch.nn.functional.avg_pool2d(image[None], 8)[0]
    flat = blocks.repeat_interleave(8, 0).repeat_interleave(8, 1)
    assert torch.allclose(ed.haar_threshold(image, 1e3), flat)
    shifted = ed.haar_threshold(image, 0.3) - image
    assert float(shifted.square().sum()) <= 0.3**2 * (image.numel() - 2) + 1e-12


# Errors


NET, ONE = network("line", skip=True), ed.EncoderDecoder(8, (1, 4), 3, seed=0)
X = np.ones(16)
BAD = [
    (lambda: ed.EncoderDecoder(8, taps=0, seed=0), "taps must be an integer >= 1"),
    (lambda: ed.EncoderDecoder(8, (1, 2, 2), 5, seed=0), "taps must be at most 4"),
    (lambda: ed.EncoderDecoder(6, (1, 2, 2), 2, seed=0), "divisible by 4 (2 poolings)"),
    (lambda: ed.EncoderDecoder((4, 4, 4), seed=0), "size must have one or two axes"),
    (lambda: ed.EncoderDecoder(-8, seed=0), "size must be an integer >= 1, got -8"),
    (lambda: ed.EncoderDecoder(8.0, seed=0), "size must be an integer >= 1, got 8.0"),
    (lambda: ed.EncoderDecoder(8, (3,), seed=0), "channels must be (q_0, q_1, ..)"),
    (lambda: ed.EncoderDecoder(8, (1, 0), seed=0), "channels must be an integer >= 1"),
    (lambda: network(pooling="median"), "pooling must be one of ('identity', 'haar'"),
    (lambda: network(activation="tanh"), "activation must be one of ('relu', 'lin"),
    (lambda: network(alpha=0.0), "alpha must be finite and > 0, got 0.0"),
    (lambda: network(alpha=math.nan), "alpha must be finite and > 0, got nan"),
    (lambda: network(seed=None), "give either filters or seed, and not both"),
    (lambda: network(filters=[]), "give either filters or seed, and not both"),
    (lambda: network(seed=None, filters=[]), "filters must hold 2 pairs"),
    (
        lambda: ed.EncoderDecoder(8, (1, 2), 3, filters=[(torch.ones(2, 1, 3), torch.ones(1, 2, 3))]),  # noqa: E501
        "filters[0] must have shape (2, 1, 3), got (1, 2, 3)",
    ),
    (
        lambda: ed.EncoderDecoder(8, (1, 2), 1, filters=[(torch.ones(2, 1, 1), torch.full((2, 1, 1), math.inf))]),  # noqa: E501
        "filters[0] must be finite",
    ),
    (lambda: NET(torch.ones(3)), "x must have shape [16] or [m, 16], got [3]"),
    (lambda: NET.resized((4, 4)), "size must have as many axes as (8,), got (4, 4)"),
    (lambda: ed.frames(NET, np.ones(3)), "x must have shape [16] or [m, 16], got [3]"),
    (lambda: ed.frames(NET, X * math.nan), "x must be finite, got NaN or infinity"),
    (lambda: ed.count_cones(np.ones(3)), "normals must have shape [n, d], got [3]"),
    (lambda: ed.count_cones([[math.inf]]), "normals must be finite"),
    (lambda: ed.cone_normals(NET), "network must have one level and ReLU"),
    (
        lambda: ed.cone_normals(ed.EncoderDecoder(8, (1, 2), pooling="max", seed=0)),
        "pooling must be linear for one arrangement, got 'max'",
    ),
    (lambda: ed.most_cones(-1, 2), "n must be an integer >= 0, got -1"),
    (lambda: ed.most_cones(2, 0), "d must be an integer >= 1, got 0"),
    (lambda: ed.pattern_bits(network(activation="linear")), "network must have ReLU"),
    (lambda: ed.as_mlp(network(pooling="max")), "ReLU and a pooling that is linear"),
    (lambda: ed.as_mlp(network(activation="linear")), "network must have ReLU and"),
    (lambda: ed.pieces_on_segment(NET, X, X), "start and end must differ"),
    (lambda: ed.pieces_on_segment(NET, X[None], X), "start must have shape [16]"),
    (lambda: ed.pieces_on_plane(NET, X, -2 * X), "u and v must span a plane"),
    (lambda: ed.pieces_on_plane(NET, X, 0 * X), "u and v must span a plane"),
    (
        lambda: ed.pieces_on_plane(network(pooling="switch"), X, X),
        "network must be continuous, got pooling 'switch'",
    ),
    (lambda: ed.pooling_gain(0.1, 0), "depth must be an integer >= 1, got 0"),
    (lambda: ed.pieces_on_plane(NET, X, X[:3]), "v must have shape [16] or"),
    (lambda: ed.lipschitz_bounds(NET, X[:3]), "x must have shape [16]"),
    (lambda: ed.landscape_bounds(NET, X[None], np.ones((2, 16))), "the same shape"),
    (lambda: ed.landscape_bounds(NET, X, X, 3), "level must be None, or 1..2 with"),
    (lambda: ed.landscape_bounds(ONE, X[:8], X[:8], 1), "1..1 with skip branches"),
    (lambda: ed.landscape_bounds(network(activation="linear"), X, X), "have ReLU"),
    (lambda: ed.sure(NET, X, 0.0), "sigma must be finite and > 0, got 0.0"),
    (lambda: ed.sure(network(pooling="switch"), X, 1.0), "must be continuous"),
    (lambda: ed.jump_signals(0, 8, seed=0), "n must be an integer >= 1, got 0"),
    (lambda: ed.jump_signals(1, 8, 9, seed=0), "n_jumps must be at most size = 8"),
    (lambda: ed.jump_signals(1, 8, seed=-1), "seed must be an integer >= 0, got -1"),
    (lambda: ed.photograph("cat"), "name must be one of ('china', 'flower')"),
    (
        lambda: ed.train_denoiser(NET, torch.ones(40, 16), -1.0, seed=0),
        "sigma must be finite and > 0, got -1.0",
    ),
    (lambda: ed.haar_threshold(torch.ones(8), -1.0), "threshold must be >= 0, got -1"),
    (lambda: ed.haar_threshold(torch.ones(8), math.nan), "threshold must be >= 0"),
    (lambda: ed.haar_threshold(torch.ones(4), 1.0), "sides divisible by 8, got [4]"),
    (lambda: ed.crops(torch.ones(4, 4), 1, 5, seed=0), "none below size = 5"),
    (lambda: ed.crops(torch.ones(4, 4), 0, 2, seed=0), "n must be an integer >= 1"),
    (
        lambda: ed.perfect_reconstruction_filters((1, 3, 5), 2, seed=0),
        "channels must grow by a factor of 2 or more a level, got 3 and 5",
    ),
    (
        lambda: ed.perfect_reconstruction_filters((1, 5), 2, paired=True, seed=0),
        "by a factor of 4 or more a level, to even numbers, got 1 and 5",
    ),
    (
        lambda: ed.perfect_reconstruction_filters((1, 4), 2, axes=3, seed=0),
        "axes must be 1 or 2, got 3",
    ),
    (
        lambda: ed.perfect_reconstruction_filters((1, 4), 2, alpha=-1.0, seed=0),
        "alpha must be finite and > 0, got -1.0",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)

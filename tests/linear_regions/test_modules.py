"""Regions of networks with convolutions, norms, pooling and branches."""

import copy

import numpy as np
import pytest
import torch
from linear_regions.cases import assert_sound
from linear_regions.modules import KINDS, SHAPE, as_mlp, network, points, small_cnn
from torch import nn

from helpers import encoder_decoder
from helpers import linear_regions as lr

every_kind = pytest.mark.parametrize("kind", KINDS)
WINDOW = (-1.0, 1.5, -1.0, 1.5)


def on_line(net, start, end, t):
    x = start + t.reshape(-1, *[1] * start.ndim) * (end - start)
    with torch.no_grad():
        return copy.deepcopy(net).double()(torch.as_tensor(x)).flatten(1).numpy()


@every_kind
def test_pieces_and_bends_on_a_line_are_those_of_a_fine_grid(kind):
    """A second difference is not zero where a bend lies between its three points.

    Rounding is 1e-13; a bend below 1e-9 of the largest slope is none, and one that
    turns by less than 1e-6 of it is left out, where the grid might not show it.
    """
    net, (start, end) = network(kind), points(kind, 2)
    line = lr.line_regions(net, start, end)
    t = np.linspace(0, 1, 20_001)
    outputs, piece = on_line(net, start, end, t), np.searchsorted(line.t, t)
    ours = line.slope[piece] * t[:, None] + line.intercept[piece]
    np.testing.assert_allclose(ours, outputs, atol=1e-11 * np.abs(line.slope).max())
    bent = np.abs(np.diff(outputs, 2, axis=0)).max(axis=1) > 1e-11
    cell = np.searchsorted(t, line.t)
    near = np.zeros(len(t) + 1, dtype=bool)
    near[cell] = near[cell - 1] = True
    assert near[1:-2][bent].all()
    turn = np.abs(np.diff(line.slope, axis=0)).max(axis=1) / np.abs(line.slope).max()
    sharp = cell[(turn > 1e-4) & (cell > 1) & (cell < len(t) - 1)]
    assert len(sharp) > 2
    assert (bent[sharp - 1] | bent[sharp - 2]).all()


@every_kind
def test_many_lines_are_the_single_ones(kind):
    net, start, end = network(kind), points(kind, 3), points(kind, 3, seed=1)
    both = zip(start, end, lr.line_breakpoints(net, start, end), strict=True)
    for p, q, t in both:
        np.testing.assert_allclose(lr.line_breakpoints(net, p, q), t, atol=1e-12)


@every_kind
def test_lines_in_parts_are_lines_at_once(kind, monkeypatch):
    net, start, end = network(kind), points(kind, 3), points(kind, 3, seed=1)
    whole = lr.line_regions(net, start, end)
    monkeypatch.setattr("helpers.linear_regions.line_cuts._ENTRIES_AT_ONCE", 1)
    monkeypatch.setattr("helpers.linear_regions.line_cuts._FEWEST_KNOTS", 2)
    for one, other in zip(whole, lr.line_regions(net, start, end), strict=True):
        np.testing.assert_allclose(one.t, other.t, atol=1e-12)
        np.testing.assert_array_equal(one.neuron, other.neuron)
        np.testing.assert_allclose(one.slope, other.slope, atol=1e-9)


@every_kind
def test_plane_is_sound_and_agrees_with_lines_and_outputs(kind):
    """Euler's formula; the border against lines; maps against a forward pass."""
    net, plane = network(kind), points(kind, 3)
    regions = lr.plane_regions(net, *plane, WINDOW)
    assert_sound(regions, 6.25)
    assert regions.count > 30
    corners = np.array([[-1, -1], [1.5, -1], [1.5, 1.5], [-1, 1.5]])

    def at(places):
        return plane[0] + np.tensordot(places, plane[1:], axes=1)

    along = (at(corners), at(np.roll(corners, -1, axis=0)))
    lengths = lr.count_line_regions(net, *along, "activation")
    assert lengths.sum() == (regions.sides < 0).any(axis=1).sum()
    centroids = np.array([polygon.mean(axis=0) for polygon in regions.polygons])
    values = (regions.maps * np.c_[centroids, np.ones(regions.count)][:, None]).sum(-1)
    with torch.no_grad():
        outputs = copy.deepcopy(net).double()(torch.as_tensor(at(centroids)))
    np.testing.assert_allclose(values, outputs.flatten(1), atol=1e-10)


@every_kind
def test_layers_of_a_plane_nest(kind):
    regions = lr.plane_regions(network(kind), *points(kind, 3), WINDOW)
    layers = len(regions._steps) - 1
    for n_layers in range(layers):
        view = regions.after_layer(n_layers)
        assert_sound(view, 6.25)
        assert view.maps.shape[0] == view.count
    assert regions.after_layer(layers).count == regions.count


@every_kind
def test_distance_is_that_to_the_border_on_rays(kind):
    """No breakpoint is nearer; along the gradient of the gap there is one."""
    net, x = network(kind), points(kind, 2)
    distances = lr.distance_to_boundary(net, x)
    rays = np.random.default_rng(5).normal(size=(100, *x.shape[1:]))
    rays /= np.sqrt((rays**2).sum(axis=tuple(range(1, rays.ndim)), keepdims=True))
    for point, distance in zip(x, distances, strict=True):
        centre = np.broadcast_to(point, rays.shape)
        inside = centre + (1 - 1e-9) * distance * rays
        counts = lr.count_line_regions(net, centre, inside, "activation")
        assert (counts == 1).all()


def test_distance_is_reached_on_a_plane():
    """With two inputs the nearest border is a side of the point's polygon."""
    torch.manual_seed(3)
    net = nn.Sequential(
        nn.Linear(2, 12), nn.Unflatten(1, (3, 4)), nn.MaxPool1d(2), nn.Flatten(),
        nn.Linear(6, 4), nn.ReLU(),
    ).double().eval()  # fmt: skip
    axes = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])
    regions = lr.plane_regions(net, *axes, (-9, 9, -9, 9))
    centroids = np.array([polygon.mean(axis=0) for polygon in regions.polygons])
    for polygon, centre, distance in zip(
        regions.polygons,
        centroids,
        lr.distance_to_boundary(net, centroids),
        strict=True,
    ):
        if np.abs(polygon).max() < 9:
            side = np.roll(polygon, -1, axis=0) - polygon
            normal = np.c_[side[:, 1], -side[:, 0]]
            normal /= np.linalg.norm(normal, axis=1, keepdims=True)
            away = np.abs(((polygon - centre) * normal).sum(axis=1)).min()
            assert distance == pytest.approx(away, rel=1e-6)


def test_gradient_norms_are_autograds():
    net, x = network("residual").double(), torch.as_tensor(points("residual", 2))
    first, second = lr.gradient_norms(net, x)
    assert (first.shape, second.shape) == ((2, 144), (2, 36))
    for point, norms in zip(x, first, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda p: net.norm(net.stem(p[None])).flatten(), point
        )
        np.testing.assert_allclose(norms, jacobian.flatten(1).norm(dim=1), rtol=1e-10)


# Networks that can be written as another one.


def test_cnn_has_the_regions_of_its_dense_matrices():
    cnn = small_cnn()
    dense = as_mlp(cnn, SHAPE)
    start, end, v = points("residual", 3)
    one, other = (
        lr.line_regions(cnn, start, end),
        lr.line_regions(dense, start.ravel(), end.ravel()),
    )
    assert len(one.t) > 20
    for name in ("t", "layer", "neuron", "slope", "intercept"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-10)
    plane = lr.plane_regions(cnn, start, end, v, WINDOW)
    flat = lr.plane_regions(dense, start.ravel(), end.ravel(), v.ravel(), WINDOW)
    np.testing.assert_array_equal(plane.patterns, flat.patterns)
    np.testing.assert_allclose(plane.vertices, flat.vertices, atol=1e-9)
    np.testing.assert_allclose(
        lr.distance_to_boundary(cnn, start),
        lr.distance_to_boundary(dense, start.ravel()),
    )


def test_batch_norm_folded_by_hand():
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten())
    norm = net[1]
    norm.running_mean.copy_(torch.tensor([0.3, -1.0, 0.5]))
    norm.running_var.copy_(torch.tensor([0.5, 2.0, 1.0]))
    nn.init.normal_(norm.weight, generator=torch.Generator().manual_seed(0))
    net = net.double().eval()
    folded = copy.deepcopy(net[0])
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
    with torch.no_grad():
        folded.weight.mul_(scale[:, None, None, None])
        folded.bias.copy_((folded.bias - norm.running_mean) * scale + norm.bias)
    line = points("residual", 2)
    t, twin = (
        lr.line_breakpoints(n, *line)
        for n in (net, nn.Sequential(folded, nn.ReLU(), nn.Flatten()))
    )
    assert len(t) > 10
    np.testing.assert_allclose(t, twin, atol=1e-12)


def test_residual_block_is_an_mlp_that_carries_its_input():
    """x + V relu(Wx) on a line is V' h with h = (relu(Wx), x), x by two slopes of 1."""
    torch.manual_seed(0)
    block = nn.Linear(4, 5, dtype=torch.float64), nn.Linear(5, 4, dtype=torch.float64)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = block

        def forward(self, x):
            return torch.relu(x + self.outer(torch.relu(self.inner(x))))

    carry, add = nn.Linear(4, 9).double(), nn.Linear(9, 4).double()
    with torch.no_grad():
        carry.weight.copy_(torch.cat([block[0].weight, torch.eye(4)]))
        carry.bias.copy_(torch.cat([block[0].bias, torch.full((4,), 100.0)]))
        add.weight.copy_(torch.cat([block[1].weight, torch.eye(4)], dim=1))
        add.bias.copy_(block[1].bias - 100)
    mlp = nn.Sequential(carry, nn.ReLU(), add, nn.ReLU())
    start, end = np.random.default_rng(2).normal(scale=2, size=(2, 20, 4))
    one, other = (lr.line_breakpoints(n, start, end) for n in (Block(), mlp))
    assert sum(map(len, one)) > 40
    for t, twin in zip(one, other, strict=True):
        np.testing.assert_allclose(t, twin, atol=1e-11)


def winner_changes(values):
    """Where the largest of the lines (a_i, b_i) on [0, 1] changes, by brute force."""
    a, b = values
    found = []
    for i in range(len(a)):
        for j in range(i):
            if a[i] != a[j] and (a[i] - a[j]) * (b[i] - b[j]) < 0:
                t = (a[i] - a[j]) / (a[i] - a[j] - b[i] + b[j])
                heights = a + t * (b - a)
                if heights[i] >= heights.max() - 1e-12:
                    found.append(t)
    return found


def test_max_pooling_breaks_where_brute_force_finds_a_new_winner():
    ends = np.random.default_rng(0).normal(size=(2, 1, 6, 6))
    pool = nn.MaxPool2d(3, stride=3)
    line = lr.line_regions(pool, *ends)
    windows = [
        ends[:, 0, 3 * i : 3 * i + 3, 3 * j : 3 * j + 3].reshape(2, 9)
        for i in range(2)
        for j in range(2)
    ]
    brute = [winner_changes(window) for window in windows]
    assert sum(map(len, brute)) > 2
    np.testing.assert_allclose(line.t, np.sort(np.concatenate(brute)), atol=1e-13)
    for i, changes in enumerate(brute):
        np.testing.assert_allclose(line.t[line.neuron == i], sorted(changes))
    assert (line.layer == 1).all()


def test_max_pooling_cuts_a_plane_where_the_winner_changes():
    """The largest of five planes: as many regions as winners, none cut in two."""
    rng = np.random.default_rng(1)
    plane = rng.normal(size=(3, 1, 1, 5))
    regions = lr.plane_regions(nn.MaxPool2d((1, 5)), *plane, (-9, 9, -9, 9))
    places = rng.uniform(-9, 9, size=(100_000, 2))
    heights = plane[0] + np.tensordot(places, plane[1:], axes=1)
    winners, frequency = np.unique(heights.argmax(axis=-1), return_counts=True)
    assert regions.count == len(winners) > 3
    assert regions.patterns[:, 0].tolist() != []
    areas = np.zeros(5)
    areas[regions.patterns[:, 0]] = regions.areas
    share = areas[winners] / 324
    error = np.sqrt(share * (1 - share) / len(places))
    assert (np.abs(frequency / len(places) - share) < 5 * error).all()
    assert_sound(regions, 324)


def test_ties_under_a_maximum_are_one_breakpoint():
    """Three lines through one point, and windows that share the pair that crosses."""
    start = np.array([[[0.0, 1.0, 2.0, -9.0]]])
    end = np.array([[[2.0, 1.0, 0.0, -9.0]]])
    pool = nn.MaxPool2d((1, 3), stride=1)
    np.testing.assert_allclose(lr.line_breakpoints(pool, start, end), [0.5, 0.5][:1])
    flat = np.zeros((1, 1, 4))
    assert len(lr.line_breakpoints(pool, flat, flat + 1.0)) == 0


class AsModules(nn.Module):
    """Ye & Sung's network, average pooling and a skip, written with torch's layers."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        encoder, decoder = self.network.encoder, self.network.decoder
        across, half = self.network.decoder_skip, 0.5**0.5

        def analyze(h, w):
            return torch.conv1d(nn.functional.pad(h, (1, 1), mode="circular"), w)

        def synthesize(h, w):
            return analyze(h, w.transpose(0, 1).flip((2,)))

        z1 = analyze(x[:, None], encoder[0])
        h1, s1 = torch.relu(nn.functional.avg_pool1d(z1, 2) / half), torch.relu(z1)
        z2 = analyze(h1, encoder[1])
        h2, s2 = torch.relu(nn.functional.avg_pool1d(z2, 2) / half), torch.relu(z2)
        u2 = nn.functional.interpolate(h2, scale_factor=2) * half
        g1 = torch.relu(synthesize(u2, decoder[1]) + synthesize(s2, across[1]))
        u1 = nn.functional.interpolate(g1, scale_factor=2) * half
        return (synthesize(u1, decoder[0]) + synthesize(s1, across[0])).flatten(1)


def test_encoder_decoder_has_the_pieces_that_chapter_4_counts():
    net = encoder_decoder.EncoderDecoder(16, (1, 2, 3), skip=True, seed=0)
    start, end = np.random.default_rng(0).normal(size=(2, 16))
    theirs = encoder_decoder.pieces_on_segment(net, start, end)
    ours = lr.line_breakpoints(AsModules(net), start, end)
    assert len(ours) > 20
    np.testing.assert_allclose(ours, theirs.t, atol=1e-11)

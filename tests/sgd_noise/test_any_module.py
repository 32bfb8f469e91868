"""Networks of every kind against plain loops over autograd, and route against route."""

import numpy as np
import pytest
import torch
from sgd_noise.modules import (
    IMAGES,
    KINDS,
    LABELS,
    ROWS,
    N,
    Wrapped,
    cnn,
    new_weight_norm,
    old_weight_norm,
    plain,
    plain_hessian,
    plain_rows,
    seeded,
    smooth,
    trained,
)
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from helpers import sgd_noise as sn
from helpers.sgd_noise import memory

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_noise_and_curvature_of_any_network(kind):
    make, x = KINDS[kind]
    net = seeded(make)()
    with sdpa_kernel([SDPBackend.MATH]):
        rows, exact = plain_rows(net, x, LABELS), plain_hessian(net, x, LABELS)
    np.testing.assert_allclose(sn.per_sample_gradients(net, x, LABELS), rows, **CLOSE)
    noise, h = sn.GradientNoise(net, x, LABELS, 4), sn.HessianOperator(net, x, LABELS)
    sigma = np.cov(rows.T, bias=True) / 4
    np.testing.assert_allclose(noise.dense(), sigma, **CLOSE)
    np.testing.assert_allclose(h.dense(), exact, **CLOSE)
    v = np.random.default_rng(0).normal(size=(len(exact), 2))
    np.testing.assert_allclose(h @ v, exact @ v, **CLOSE)
    np.testing.assert_allclose(noise @ v, sigma @ v, **CLOSE)
    np.testing.assert_allclose(noise.diagonal(), np.diag(sigma), **CLOSE)
    assert h.trace() == pytest.approx(np.trace(exact), abs=1e-12)
    assert noise.trace() == pytest.approx(np.trace(sigma))
    found, right = (
        sn.escape_indicator(*pair, k=3) for pair in ((h, noise), (exact, sigma))
    )
    assert found.ratio == pytest.approx(right.ratio)
    assert found.alignment == pytest.approx(right.alignment)
    values = sn.top_eigenpairs(h, 3)[0]
    np.testing.assert_allclose(values, np.linalg.eigvalsh(exact)[::-1][:3], **CLOSE)
    np.testing.assert_allclose(
        noise.top(3)[0], np.linalg.eigvalsh(sigma)[::-1][:3], **CLOSE
    )


@pytest.mark.parametrize("kind", ["cnn", "attention", "shared bias", "pruned", "fast"])
def test_losses_at_displaced_parameters_of_any_network(kind):
    make, x = KINDS[kind]
    net, moved = seeded(make)(), seeded(make)()
    size = sum(p.numel() for p in trained(net))
    step = np.random.default_rng(0).normal(size=(1, size))
    with torch.no_grad():
        parts = torch.as_tensor(step[0]).split([p.numel() for p in trained(net)])
        for p, part in zip(trained(moved), parts, strict=True):
            p.add_(part.view_as(p))
        right = float(functional.cross_entropy(moved(x.clone()), LABELS))
    found = sn.displaced_losses(net, x, LABELS, step)
    assert found == pytest.approx(right, rel=1e-12)
    mean, error = sn.expected_sharpness(net, x, LABELS, scale=1e-3, draws=200, seed=0)
    second = 1e-6 / 2 * sn.HessianOperator(net, x, LABELS).trace()
    assert abs(mean - second) < 5 * error + 0.05 * abs(second)


@pytest.mark.parametrize("make", [old_weight_norm, new_weight_norm])
def test_weight_norm_has_a_gradient_but_no_second_derivative(make):
    """That of torch 2.13 is not symmetric, and not what finite differences give."""
    net = seeded(make)()
    rows = sn.per_sample_gradients(net, ROWS, LABELS)
    np.testing.assert_allclose(rows, plain_rows(net, ROWS, LABELS), **CLOSE)
    with pytest.raises(ValueError, match="symmetric second derivative"):
        sn.HessianOperator(net, ROWS, LABELS)


@pytest.mark.parametrize("make", [plain, smooth])
def test_the_general_route_gives_what_the_fast_one_gives(make):
    net = make()
    pair = [
        (
            sn.per_sample_gradients(one, ROWS, LABELS),
            sn.GradientNoise(one, ROWS, LABELS, 4).sample(3, seed=0),
            sn.GradientNoise(one, ROWS, LABELS, 4).top(5)[0],
            sn.hessian(one, ROWS, LABELS),
            sn.HessianOperator(one, ROWS, LABELS).trace(),
            sn.displaced_losses(one, ROWS, LABELS, np.full((2, 39), 0.1)),
        )
        for one in (net, Wrapped(net))
    ]
    for fast, general in zip(*pair, strict=True):
        np.testing.assert_allclose(general, fast, **CLOSE)


@pytest.mark.parametrize("make", [seeded(cnn), plain])
def test_batches_that_do_not_fit_are_streamed(make, monkeypatch):
    """A budget of some samples at a time; a plain network's factors are kept."""
    net, x = make(), IMAGES if make is not plain else ROWS
    jobs = {
        "noise": lambda: sn.GradientNoise(net, x, LABELS, 4),
        "curvature": lambda: sn.HessianOperator(net, x, LABELS),
    }
    whole = {name: job() for name, job in jobs.items()}
    v = np.random.default_rng(0).normal(size=(whole["noise"].shape[0], 3))
    each = whole["curvature"]._problem.bytes_each
    monkeypatch.setattr(memory, "BUDGET", 5 * each)
    parts = {name: job() for name, job in jobs.items()}
    assert len(parts["curvature"]._parts) == 3
    for name, one in parts.items():
        np.testing.assert_allclose(one @ v, whole[name] @ v, **CLOSE)
        np.testing.assert_allclose(one.dense(), whole[name].dense(), **CLOSE)
        assert one.trace() == pytest.approx(whole[name].trace())
    np.testing.assert_allclose(
        parts["noise"].top(4)[0], whole["noise"].top(4)[0], **CLOSE
    )
    draws = [one["noise"].sample(40, seed=0, gaussian=True) for one in (parts, whole)]
    np.testing.assert_allclose(*draws, **CLOSE)
    pair = [
        sn.escape_indicator(one["curvature"], one["noise"], k=3)
        for one in (parts, whole)
    ]
    assert pair[0].indicator == pytest.approx(pair[1].indicator)


def test_what_is_kept_at_once_is_within_the_budget(monkeypatch):
    net = seeded(cnn)()
    h = sn.HessianOperator(net, IMAGES, LABELS)
    problem = h._problem
    fixed = memory.saved_bytes(lambda: problem.slope(slice(1))) - problem.bytes_each / 2
    for size in (2, 3, 6):
        monkeypatch.setattr(memory, "BUDGET", size * problem.bytes_each)
        for part in problem.parts():
            kept = memory.saved_bytes(lambda part=part: problem.slope(part))
            assert kept - fixed <= memory.BUDGET / 2
    assert max(len(range(N)[part]) for part in problem.parts()) == 6

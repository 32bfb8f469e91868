"""A plain loop as the twin, one particle and one sample at a time."""

import math

import numpy as np
import pytest

from helpers import sgd_noise as sn


def plain_escape(noise, curvature, trace, lr, steps, runs, samples, seed):
    rng = np.random.default_rng(seed)
    turn = np.array([[1, -1], [1, 1]]) / math.sqrt(2)
    data = rng.normal(size=(runs, samples, 2)) * np.sqrt([1e-3, 1e-4])
    draws = [rng.normal(size=(runs, 2)) for _ in range(steps)]
    paths = np.zeros((runs, steps + 1, 2))
    for r in range(runs):
        w = np.ones(2)
        paths[r, 0] = w
        for step in range(steps):
            slopes, curves = [], []
            for x in data[r] @ turn:
                p, q = turn @ (w - x - 1)
                away = w - x + 1
                if curvature[0] * p**2 + curvature[1] * q**2 < away @ away:
                    inner = 2 * np.diag(curvature)
                    slopes.append(turn.T @ inner @ np.array([p, q]))
                    curves.append(turn.T @ inner @ turn)
                else:
                    slopes.append(2 * away)
                    curves.append(2 * np.eye(2))
            cov = np.cov(np.transpose(slopes), bias=True)
            hess = np.mean(curves, axis=0)
            kick = plain_kick(noise, turn, cov, hess, draws[step][r])
            w = w - lr * np.mean(slopes, axis=0) + math.sqrt(trace) * kick
            paths[r, step + 1] = w
    return paths


def plain_kick(noise, turn, cov, hess, z):
    """The helper's use of z: along p and q, except for diagonal: along w1 and w2."""
    if noise == "gd":
        return np.zeros(2)
    if noise == "constant":
        return turn.T @ z / math.sqrt(2)
    if noise == "diagonal":
        return np.sqrt(np.diag(cov) / np.trace(cov)) * z
    if noise == "first":
        values, vectors = np.linalg.eigh(hess)
        axis = vectors[:, 1] if values[1] - values[0] > 1e-9 else np.array([0, 1])
        return z[0] * axis * np.sign(axis[1])
    matrix = cov if noise == "leading" else hess
    root = np.linalg.cholesky(turn @ matrix @ turn.T / np.trace(matrix))
    return turn.T @ root @ z


@pytest.mark.parametrize("noise", sn.SHAPES)
def test_particles_move_as_in_a_plain_loop(noise):
    """Noise eight times the paper's, so that ridges are crossed and straddled."""
    options = {"trace": 0.08, "lr": 0.005, "steps": 40, "runs": 8, "samples": 6}
    found = sn.TwoBasins().escape(noise, seed=3, **options)
    right = plain_escape(noise, (10.0, 100.0), seed=3, **options)
    np.testing.assert_allclose(found.paths, right, atol=1e-9)
    if noise != "gd":
        assert found.exit_step.any()


@pytest.mark.parametrize("curvature", [(10.0, 100.0), (100.0, 10.0), (3.0, 2.0)])
def test_the_first_axis_is_that_of_the_larger_curvature(curvature):
    """With hardly a gradient step, all that moves a particle is the noise."""
    basins = sn.TwoBasins(curvature)
    found = basins.escape("first", lr=1e-15, steps=1, runs=9, samples=2, seed=0)
    moves = found.paths[:, 1] - 1
    first = np.linalg.eigh(basins.hessian)[1][:, 1]
    sizes = np.linalg.norm(moves, axis=1)
    np.testing.assert_allclose(np.abs(moves @ first), sizes, rtol=1e-12)
    assert (sizes > 0).all()

"""Which functions are fuzzed, and the good arguments that their names do not give."""

import importlib
import inspect
import json
from pathlib import Path

import numpy as np
import torch
from fuzz.strategies import (
    CLASSES,
    D,
    N,
    encoder_decoders,
    good_networks,
    greedy_networks,
    matrices,
    numbers,
    tensors,
)
from hypothesis import strategies as st

from helpers import data, networks
from helpers import encoder_decoder as ed
from helpers import heavy_tails as ht
from helpers import information_flow as inf
from helpers import sublevel_sets as sub
from helpers import well_behaved as wb

PUBLIC = Path(__file__).parent.parent / "public_names.json"
ROOMS = [
    *("activations", "adversarial_noise", "data", "edge_of_chaos", "encoder_decoder"),
    *("greedy_layerwise", "heavy_tails", "information_flow", "linear_regions"),
    *("networks", "sgd_noise", "sublevel_sets", "training", "training_checks"),
    "well_behaved",
]

LEFT_OUT = {
    "edge_of_chaos.final_accuracies": "trains; its parts are fuzzed",
    "greedy_layerwise.train_end_to_end": "trains for seconds a call",
    "greedy_layerwise.train_greedy": "trains for seconds a call",
    "heavy_tails.analyze_file": "reads files; broken ones are among its tests",
    "heavy_tails.pretrained_table": "takes no argument",
    "heavy_tails.pretrained_weights": "reads installed packages",
    "information_flow.szt_dataset": "takes no argument",
    "linear_regions.plot_plane": "draws",
    "sgd_noise.plot_basins": "draws",
    "training_checks.check_alike": "behind the rooms' train_together, which are fuzzed",
    "training_checks.check_counts": "behind training.train, which is fuzzed",
    "training_checks.placed": "behind training.train, which is fuzzed",
    "training_checks.read_rows": "behind the rooms' train_together, which are fuzzed",
    "training_checks.same_shape": "behind training.train, which is fuzzed",
}
"""Function -> why it is not fuzzed."""

_MLPS = st.builds(
    lambda widths, seed: networks.mlp([D, *widths, CLASSES], "leaky_relu", seed=seed),
    st.sampled_from([[8], [10, 4], [4, 4]]),
    st.integers(0, 5),
)
_NOISY = st.builds(
    lambda seed: inf.NoisyMLP([D, 2, 2], 0.1, seed=seed), st.integers(0, 5)
)
_TARGETS = matrices(N, CLASSES)
_SIGNAL = matrices(8)
_WIDTH = {"widths": st.lists(st.integers(1, 4), min_size=2, max_size=4)}
_PATHS = st.builds(
    lambda a, b, x, y: sub.linear_path(a, b, x, y),
    *(_MLPS.filter(lambda net: len(net) == 3), _MLPS.filter(lambda n: len(n) == 3)),
    *(matrices(N, D), _TARGETS),
)
_SUBLEVEL = {"net": _MLPS, "a": _MLPS, "b": _MLPS, "x": matrices(N, D), "y": _TARGETS}
_PSD = matrices(3, 3).map(lambda a: a @ a.T + 0.1 * np.eye(3))
_EIGENVALUES = st.builds(
    lambda seed: ht.spectrum(ht.heavy_tailed_matrix(80, 60, 2.5, seed=seed)),
    st.integers(0, 5),
)
_HEAVY = {"eigenvalues": _EIGENVALUES, "xmin": numbers(0.5, 2.0)}
_INFORMATION = {
    "net": _NOISY,
    "x": matrices(N, D),
    "layer": st.just(1),
    "draws": st.integers(1, 50),
    "n_inputs": st.integers(1, 4),
    "n_inner": st.integers(2, 20),
    "atoms": matrices(4),
    "samples": matrices(6, 2),
    "points": matrices(3, 2),
}
_SETS = st.builds(
    lambda seed: data.load("digits", n_train=20, n_test=10, seed=seed).flatten(),
    st.integers(0, 3),
)

OWN = {
    "activations": {"right": numbers(-2, 2), "left": numbers(-2, 2)},
    "adversarial_noise": {
        "images": tensors(2, 1, 8, 8, low=0, high=1),
        "kind": st.sampled_from(["fog", "contrast", "gaussian_noise"]),
        "severity": st.integers(1, 5),
        "inputs": tensors(N, D),
        "n": st.integers(20, 60),
        "n_classes": st.integers(2, 5),
        "errors": st.integers(0, 20),
        "radius": numbers(0.1, 1),
        "dataset": st.sampled_from(["cifar10", "imagenet"]),
        "ddn_steps": st.integers(1, 5),
        "deepfool_steps": st.integers(1, 5),
        "descent_steps": st.integers(1, 3),
        "moves": st.integers(1, 2),
        "floor": st.just(1e-3),
    },
    "data": {
        "name": st.just("digits"),
        "n_train": st.integers(1, 50),
        "n_test": st.integers(1, 50),
        "fraction": numbers(0, 1),
    },
    "edge_of_chaos": {
        "c": matrices(3, low=-1, high=1),
        "gap": matrices(3, low=0, high=2),
        "c0": numbers(-1, 1),
        "gram": _PSD,
        "n_networks": st.integers(1, 3),
        "right": numbers(-2, 2),
        "left": numbers(-2, 2),
        "nets": st.lists(good_networks(), min_size=1, max_size=2),
        "scales": st.lists(numbers(0.1, 2), min_size=1, max_size=2),
        "rates": st.lists(numbers(0.01, 0.1), min_size=1, max_size=2),
    },
    "encoder_decoder": {
        "normals": matrices(4, 2),
        "image": tensors(12, 12),
        "size": st.sampled_from([4, 8]),
        "n": st.integers(1, 5),
        "d": st.integers(1, 3),
        "x": _SIGNAL,
        "y": tensors(8),
        "threshold": numbers(0, 2),
        "depth": st.integers(1, 3),
        "n_jumps": st.integers(0, 4),
        "points": matrices(2, 8),
        "channels": st.lists(st.integers(1, 3), min_size=2, max_size=3),
        "taps": st.integers(1, 3),
        "frequency": matrices(4, low=-3, high=3),
        "start": _SIGNAL,
        "end": _SIGNAL,
        "u": _SIGNAL,
        "v": _SIGNAL,
        "networks": st.lists(encoder_decoders(), min_size=1, max_size=2),
        "clean": tensors(3, 1, 8),
        "name": st.sampled_from(list(ed.PHOTOGRAPHS)),
        "seed": st.integers(0, 5),
    },
    "greedy_layerwise": {
        "image_shape": st.sampled_from([(1, 8, 8), (3, 16, 16)]),
        "n_classes": st.integers(2, 10),
        "images": tensors(2, 1, 8, 8),
        "pad": st.integers(0, 4),
        "epsilon": numbers(0, 1),
        "input_norm": numbers(0, 3),
        "bias": numbers(0, 1),
        "stability": numbers(0.5, 2),
        "layer": st.integers(1, 4),
        "distance": st.integers(1, 3),
        "network": greedy_networks(),
        "features": tensors(N, D),
        "labels": st.lists(st.integers(0, 2), min_size=N, max_size=N),
        "side": st.sampled_from([8, 12]),
        "ridge": numbers(1e-3, 1),
        "depth": st.integers(1, 3),
    },
    "heavy_tails": _HEAVY
    | {
        "theta": numbers(0, 4),
        "q": numbers(0.1, 1),
        "n": st.integers(10, 40),
        "m": st.integers(5, 10),
        "vectors": matrices(4, 3),
        "layer": matrices(60, 50),
        "n_draws": st.integers(2, 3),
        "edge": numbers(0.5, 5),
        "s": numbers(-5, 3),
    },
    "information_flow": _INFORMATION
    | {
        "n": st.integers(1, 100),
        "activations": matrices(6, 2, low=-1, high=1),
        "nets": st.lists(_NOISY, min_size=1, max_size=2),
        "checkpoints": st.just([1]),
    },
    "linear_regions": _WIDTH
    | {
        "t": matrices(3),
        "scale": numbers(0.1, 2),
        "n_neurons": st.integers(1, 9),
        "layer": st.integers(1, 4),
        "n_in": st.integers(1, 4),
        "norm": numbers(0.1, 3),
        "area": numbers(0.1, 3),
        "perimeter": numbers(0.1, 3),
        "n": st.integers(1, 5),
        "origin": matrices(D),
        "u": matrices(D),
        "v": matrices(D),
        "extent": st.just((-1.0, 1.0, -1.0, 1.0)),
        "nets": st.lists(good_networks(), min_size=1, max_size=2),
        "labels": st.just([torch.zeros(N, dtype=torch.int64)]),
        "x": tensors(N, D),
    },
    "networks": _WIDTH | {"name_or_module": st.sampled_from(["relu", "tanh"])},
    "sgd_noise": {
        "hessian": _PSD,
        "covariance": _PSD,
        "noise": _PSD,
        "operator": _PSD,
        "eta": numbers(0.001, 0.1),
        "t": numbers(0, 5),
        "delta": numbers(0.1, 2),
        "steps": st.integers(1, 3),
        "scale": numbers(0.001, 0.1),
        "draws": st.integers(2, 4),
        "dimension": st.integers(5, 50),
        "gap": numbers(1, 5),
        "nets": st.lists(good_networks(), min_size=1, max_size=2),
        "k": st.integers(1, 2),
        "sets": st.lists(_SETS, min_size=1, max_size=2),
    },
    "sgd_noise.look": {
        "nets": st.lists(
            st.builds(
                lambda seed: networks.mlp([64, 4, 10], seed=seed), st.integers(0, 5)
            ),
            min_size=1,
            max_size=2,
        )
    },
    "information_flow.train_together": {
        "x": tensors(N, D),
        "y": st.just(torch.tensor([0, 1, 0, 1, 1])),
    },
    "sgd_noise.displaced_losses": {
        "net": st.builds(
            lambda seed: networks.mlp([D, 2, CLASSES], seed=seed), st.integers(0, 5)
        ),
        "steps": matrices(2, (D + 1) * 2 + 3 * CLASSES),
    },
    "sgd_noise.dynamics": {"noise": st.sampled_from(["gd", "sgd", "gaussian"])},
    "sublevel_sets": _SUBLEVEL
    | {
        "path": _PATHS,
        "ways": st.tuples(_MLPS, _MLPS, matrices(N, D), _TARGETS).map(lambda w: [w]),
        "start": matrices(2, 4),
        "end": matrices(2, 4),
        "t": numbers(0, 1),
        "points": st.integers(2, 5),
        "outputs": matrices(N, 8),
        "i": st.integers(0, 3),
        "j": st.integers(0, 3),
        "bends": st.just(1),
    },
    "training": {"loss": st.sampled_from(["cross_entropy"])},
    "training_checks.mse": {
        "outputs": tensors(N, CLASSES),
        "targets": tensors(N, CLASSES),
    },
    "well_behaved": {
        "mean_abs": matrices(4, low=0.125, high=1),
        "rank": matrices(4, low=1, high=9),
        "branch_depth": st.integers(1, 3),
        "skip": numbers(0.1, 1),
        "inputs": matrices(N, D),
        "architecture": st.sampled_from(["vanilla", "batch_norm"]),
        "n_draws": st.integers(1, 2),
        "batch_size": st.integers(2, 5),
        "width": st.integers(2, 8),
        "trajectory": st.builds(
            lambda seed: wb.propagate(
                "batch_norm", 30, 8, np.eye(8), n_draws=2, batch_size=8, seed=seed
            ),
            st.integers(0, 3),
        ),
    },
}
"""Room, or room and function -> good values in place of those by name alone."""

CHANGES = {
    "training.train": {"net"},
    "heavy_tails.momentum_sgd": {"net"},
    **{
        name: {"net", "nets", "network", "networks"}
        for name in (
            "adversarial_noise.train_adversarially",
            "adversarial_noise.train_with_noise",
            "edge_of_chaos.train_together",
            "encoder_decoder.train_denoiser",
            "encoder_decoder.train_denoisers",
            "linear_regions.train_together",
            "information_flow.train_together",
        )
    },
}
"""Function -> the arguments that it is there to change."""

DRAWS = {"greedy_layerwise.crop_and_flip"}
"""Functions that draw from torch's global generator, as they say."""

INSIDE = {
    "networks.activation": {"activation"},
    "sublevel_sets.bezier_paths": {"a", "b", "x", "y"},
}
"""Function -> names that its errors may give, as its docstring explains them."""

FOUND = {}
"""Function -> what was found in it and is not mended yet."""


def own(name):
    """The good values that a function has beside those by name."""
    room = name.partition(".")[0]
    return OWN.get(room, {}) | OWN.get(name, {})


def functions():
    """Every public function that is fuzzed, by room and name."""
    public = json.loads(PUBLIC.read_text())
    for room in ROOMS:
        module = importlib.import_module(f"helpers.{room}")
        for name in public[room]:
            value = getattr(module, name)
            if inspect.isfunction(value) and f"{room}.{name}" not in LEFT_OUT:
                yield f"{room}.{name}", value

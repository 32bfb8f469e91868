"""What every answer obeys, and what single functions' answers do."""

import copy
import dataclasses
import signal
from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from helpers import encoder_decoder as ed
from helpers import heavy_tails as ht
from helpers import networks

NAN_MEANS = {
    "adversarial_noise.probit_distance": "a point that is an error already",
    "adversarial_noise.published_accuracy": "not published",
    "heavy_tails.analyze": "not asked for (p without draws)",
    "networks.activation": "what the caller's own module holds",
    "well_behaved.propagate_module": "a signal that is constant over the data",
}
"""Function -> what NaN in its answer says; elsewhere there is none."""

SECONDS = 10
"""Of the processor, after which a call counts as never ending."""


def values(found):
    """The arrays in an answer, at any depth."""
    if isinstance(found, torch.Tensor):
        yield found.detach().cpu().numpy()
    elif isinstance(found, np.ndarray | np.generic | float | int | complex):
        yield np.asarray(found)
    elif isinstance(found, nn.Module):
        yield from values(list(found.state_dict().values()))
    elif dataclasses.is_dataclass(found):
        yield from values([getattr(found, f.name) for f in dataclasses.fields(found)])
    elif isinstance(found, Mapping):
        yield from values(list(found.values()))
    elif isinstance(found, list | tuple):
        for one in found:
            yield from values(one)


def no_nan(name, found):
    """An answer without NaN, but where NaN says something."""
    for one in values(found):
        if one.dtype.kind in "fc" and name not in NAN_MEANS:
            assert not np.isnan(one).any(), f"NaN in the answer: {found}"


def unit(found):
    """Every number lies in 0..1, to rounding."""
    for one in values(found):
        assert (one >= -1e-12).all()
        assert (one <= 1 + 1e-12).all()


def not_negative(found):
    """No number is below 0."""
    assert all((one >= 0).all() for one in values(found))


def permuted(given, found):
    """The same numbers in another shape."""
    images = given["images"].flatten()
    torch.testing.assert_close(found.flatten().sort()[0], images.sort()[0])


def cones(given, found):
    """Between 1 and the most there can be; the same for other lengths of normals."""
    normals = np.asarray(given["normals"], dtype=float)
    assert 1 <= found <= ed.most_cones(max(len(normals), 1), normals.shape[1])
    assert ed.count_cones(-normals) == found


def spectrum(given, found):
    """Not negative, ascending, of the right sum, quadratic in the matrix."""
    weight = np.asarray(given["weight"], dtype=float)
    assert (found >= 0).all()
    assert (np.diff(found) >= 0).all()
    if weight.ndim == 2 and 1e-100 < np.abs(weight).max() < 1e100:
        np.testing.assert_allclose(found.sum(), (weight**2).sum(), rtol=1e-6)
        twice, rounding = ht.spectrum(2 * weight), 1e-12 * found[-1]
        np.testing.assert_allclose(twice, 4 * found, rtol=1e-6, atol=rounding)


def precise(given, found):
    """The network in float32 is that in float64, rounded."""
    other = networks.mlp(**{**given, "dtype": torch.float64})
    for one, two in zip(found.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two.to(one.dtype), rtol=0, atol=0)


def same_images(given, found):
    """Random labels are labels of the same images."""
    before = given["dataset"]
    assert torch.equal(found.x_train, before.x_train)
    assert int(found.y_train.max()) < before.n_classes


def sizes(given, found):
    """As many images as were asked for."""
    for name, x in (("n_train", found.x_train), ("n_test", found.x_test)):
        assert given.get(name) in (None, len(x))


def permutes_neurons(given, found):
    """The function of a network with two neurons swapped is the same."""
    net = copy.deepcopy(given["net"]).double()  # as the answer is
    x = torch.eye(net[0].in_features, dtype=torch.float64)
    torch.testing.assert_close(found(x), net(x))


def linear_ends(given, found):
    """Signals in 0-jump to n_jumps pieces."""
    jumps = (found[..., 1:] != found[..., :-1]).flatten(1).sum(1)
    assert (jumps <= given.get("n_jumps", 4)).all()


def shrinks(given, found):
    """Soft thresholding of an orthogonal transform adds no energy."""
    y = given["y"]
    assert found.shape == y.shape
    assert found.norm() <= y.norm() * (1 + 1e-5) + 1e-300


LAWS = {
    "adversarial_noise.corrupt": lambda given, found: unit(found),
    "adversarial_noise.sandwich": lambda given, found: found[0] <= found[1],
    "data.load": sizes,
    "data.random_labels": same_images,
    "edge_of_chaos.correlation_map": lambda given, found: unit(np.abs(found)),
    "edge_of_chaos.depth_scale": lambda given, found: not_negative(found),
    "edge_of_chaos.variance_map": lambda given, found: not_negative(found),
    "encoder_decoder.count_cones": cones,
    "encoder_decoder.haar_threshold": shrinks,
    "encoder_decoder.jump_signals": linear_ends,
    "encoder_decoder.most_cones": lambda given, found: not_negative(found - 1),
    "encoder_decoder.pattern_bits": lambda given, found: not_negative(found),
    "encoder_decoder.lipschitz_bounds": lambda given, found: not_negative(found),
    "greedy_layerwise.error_bound": lambda given, found: not_negative(found),
    "greedy_layerwise.linear_separability": lambda given, found: unit(found),
    "greedy_layerwise.space_to_depth": permuted,
    "heavy_tails.matrix_entropy": lambda given, found: unit(found),
    "heavy_tails.spectrum": spectrum,
    "heavy_tails.tracy_widom_cdf": lambda given, found: unit(found),
    "information_flow.scalar_information": lambda given, found: not_negative(found),
    "linear_regions.count_line_regions": lambda given, found: not_negative(
        np.asarray(found) - 1
    ),
    "linear_regions.distance_to_boundary": lambda given, found: not_negative(found),
    "networks.mlp": precise,
    "sublevel_sets.pass_height": lambda given, found: not_negative(found),
    "sublevel_sets.swapped": permutes_neurons,
}
"""Function -> what its answer obeys, given its arguments."""


def frozen(value):
    """What must be the same after a call: arrays, networks, modes and gradients."""
    if isinstance(value, nn.Module):
        modes = [module.training for module in value.modules()]
        wanted = [p.requires_grad for p in value.parameters()]
        grads = [p.grad is None for p in value.parameters()]
        return [*map(copy.copy, values(value))], modes, wanted, grads
    if isinstance(value, torch.Tensor | np.ndarray):
        return [one.copy() for one in values(value)], [], [], []
    return [], [], [], []


def assert_same(before, after):
    """Two such states, NaN equal to itself."""
    for one, two in zip(before[0], after[0], strict=True):
        np.testing.assert_array_equal(one, two)
    assert before[1:] == after[1:]


@contextmanager
def bounded(seconds=SECONDS):
    """Raise when a block has used the processor for longer."""

    def stop(number, frame):
        raise AssertionError(f"took more than {seconds} s of the processor")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)

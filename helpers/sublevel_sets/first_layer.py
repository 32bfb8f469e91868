"""Moves of the first hidden layer that leave the training outputs alone.

A neuron whose outgoing weights are zero is silent, and its incoming weights can move
freely. A neuron whose feature is a combination of others can be made silent by
handing its outgoing weights over to them. The ones behind the features (the bias of
the next layer) are one more feature, always there: N - 1 neurons and the ones can span
the R^N of all values on N samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg

from helpers.sublevel_sets.full_rank import independent_columns
from helpers.sublevel_sets.matrices import Array, Indices, Theta, activate, with_ones
from helpers.sublevel_sets.paths import Segment, line

_BIAS = -1  # the row of the second matrix that holds the bias
_DRAWS = 4  # candidates for each gap between samples
_GAIN = 5.0  # a swap must multiply the volume of the basis by this
_LEAST_PIVOT = 1e-8  # of new features, relative to the largest of them


class FirstLayer:
    """A network on its way, with the segments walked so far.

    Attributes:
        name: which network, for the names of the segments.
        theta: its matrices, replaced at every move.
        segments: what was walked.
    """

    def __init__(self, name: str, theta: Theta, x: Array, slope: float) -> None:
        self.name, self.theta, self.segments = name, theta, list[Segment]()
        self._data, self._slope = with_ones(x), slope

    @property
    def features(self) -> Array:
        """What the first layer makes of the samples, [N, n_1]."""
        return self._made(self.theta[0])

    def rewire(self, what: str, neurons: Sequence[int], incoming: Array) -> None:
        """Move the incoming weights [n_0 + 1, k] of k silent neurons."""
        first = self.theta[0].copy()
        first[:, neurons] = incoming
        self._walk(what, (first, *self.theta[1:]))

    def hand_over(
        self,
        what: str,
        givers: Sequence[int] | Indices,
        takers: Sequence[int],
        c: Array,
    ) -> None:
        """Silence givers whose features are those of the takers times c."""
        second = self.theta[1].copy()
        second[takers] += c @ second[givers]
        second[givers] = 0
        self._walk(what, (self.theta[0], second, *self.theta[2:]))

    def silence(self) -> list[int]:
        """Keep neurons whose features, with the ones, are independent."""
        features = self.features
        mean = features.mean(axis=0)
        kept, rest, c = independent_columns(features - mean)
        ones = mean[rest] - mean[kept] @ c
        if len(rest):
            takers = [*kept, _BIAS]
            self.hand_over("silence", rest, takers, np.vstack([c, ones]))
        return [int(i) for i in kept]

    def span(self, active: list[int], rng: np.random.Generator) -> list[int]:
        """Redraw silent neurons so that N - 1 features and the ones span R^N.

        Returns:
            The active neurons and as many others as that takes.
        """
        missing = len(self._data) - 1 - len(active)
        if missing == 0:
            return active
        drawn = _random_neurons(self._data, rng)
        new = self._made(drawn)
        q = np.linalg.qr(with_ones(self.features[:, active]))[0]
        r, order = linalg.qr(new - q @ (q.T @ new), mode="r", pivoting=True)
        pivot = abs(r[missing - 1, missing - 1]) / np.linalg.norm(new, axis=0).max()
        if pivot < _LEAST_PIVOT:
            n = len(self._data)
            raise ValueError(
                f"the features of network {self.name} cannot be given rank N = {n}: "
                f"the best new neurons leave a pivot of {pivot:.1g}, at least "
                f"{_LEAST_PIVOT:g} is needed; are two samples nearly equal, or is the "
                "activation linear?"
            )
        slots = self.others(active)[:missing]
        self.rewire("redraw", slots, drawn[:, order[:missing]])
        return active + slots

    def swap_in(
        self, slot: int, incoming: Array, basis: list[int], fixed: Sequence[int] = ()
    ) -> None:
        """Put a neuron into a silent slot; silence one of the basis that is not fixed.

        The one with the largest share in the new feature: this multiplies the volume
        that the basis spans by the share, and every number handed over stays small.
        """
        self.rewire("take in", [slot], incoming)
        features = self.features
        c = _coefficients(features[:, basis], features[:, slot])
        size = np.abs(c[:-1]) * np.linalg.norm(features[:, basis], axis=0)
        movable = [k for k, i in enumerate(basis) if i not in fixed]
        out = max(movable, key=size.__getitem__)
        takers = [*basis[:out], *basis[out + 1 :], _BIAS, slot]
        shares = np.append(-np.delete(c, out), 1) / c[out]
        self.hand_over("hand over", [basis[out]], takers, shares[:, None])
        basis[out] = slot

    def condition(self, basis: list[int], rng: np.random.Generator) -> None:
        """Swap random neurons in while that multiplies the volume of the basis."""
        for _ in range(len(basis)):
            drawn = _random_neurons(self._data, rng)
            new, old = self._made(drawn), self.features[:, basis]
            length = np.linalg.norm(old, axis=0)[:, None]
            gain = np.abs(_coefficients(old, new)[:-1]) * length
            gain /= np.linalg.norm(new, axis=0)
            if gain.max() < _GAIN:
                return
            best = np.unravel_index(gain.argmax(), gain.shape)[1]
            self.swap_in(self.others(basis)[0], drawn[:, [best]], basis)

    def others(self, neurons: Sequence[int]) -> list[int]:
        """Return the neurons that are not among these."""
        return sorted(set(range(self.theta[0].shape[1])) - set(neurons))

    def _made(self, incoming: Array) -> Array:
        return activate(self._data @ incoming, self._slope)

    def _walk(self, what: str, theta: Theta) -> None:
        name = f"{self.name}: {what}"
        self.segments.append(line(name, "constant", self.theta, theta))
        self.theta = theta


def share_slots(a: FirstLayer, b: FirstLayer, rng: np.random.Generator) -> None:
    """Give both networks one first layer, in which each is active on slots of its own.

    Needs as many neurons as a's basis and b's active ones together, 2N - 2 at most.
    """
    basis, active = a.span(a.silence(), rng), b.silence()
    going = [i for i in active if i in basis]
    free = [i for i in a.others(basis) if i not in active][: len(going)]
    if going:
        b.rewire("copy", free, b.theta[0][:, going])
        b.hand_over("hand over", going, free, np.eye(len(going)))
    slots = [i for i in active if i not in basis] + free
    rest = b.others(slots)
    a.rewire("adopt", slots, b.theta[0][:, slots])
    b.rewire("adopt", rest, a.theta[0][:, rest])
    b.theta = (a.theta[0], *b.theta[1:])


def exchange(a: FirstLayer, b: FirstLayer, rng: np.random.Generator) -> None:
    """Put b's neurons into a one by one, so that a gets b's first layer.

    Steinitz: a new feature is a combination of a basis in which some feature not yet
    exchanged takes part; that one hands over and falls silent. N neurons are enough.
    """
    waiting = b.span(b.silence(), rng)
    b.condition(waiting, rng)
    basis = a.span(a.silence(), rng)
    placed: list[int] = []
    while waiting:
        ready = [i for i in waiting if i not in basis]
        if not ready:
            old, new = waiting[0], a.others(basis)[0]
            a.rewire("copy", [new], a.theta[0][:, [old]])
            a.hand_over("hand over", [old], [new], np.eye(1))
            basis[basis.index(old)] = new
            ready = [old]
        slot = ready[0]
        a.swap_in(slot, b.theta[0][:, [slot]], basis, placed)
        placed.append(slot)
        waiting.remove(slot)
    rest = a.others(placed)
    a.rewire("adopt", rest, b.theta[0][:, rest])
    a.theta = (b.theta[0], *a.theta[1:])


def _coefficients(basis: Array, features: Array) -> Array:
    """Return c with features = [basis, 1] c; N - 1 columns in the basis."""
    return np.asarray(np.linalg.solve(with_ones(basis), features), dtype=np.float64)


def _random_neurons(data: Array, rng: np.random.Generator) -> Array:
    """Return incoming weights of random neurons, 4 with a kink in each gap of samples.

    Along any direction in which the samples differ, ReLUs with one kink in each of the
    N - 1 gaps have triangular features: with the ones they span R^N.
    """
    gap = np.tile(np.arange(len(data) - 1), _DRAWS)
    weights = rng.normal(size=(data.shape[1] - 1, len(gap)))
    z = np.sort(data[:, :-1] @ weights, axis=0)
    column, place = np.arange(len(gap)), rng.random(len(gap))
    kinks = (1 - place) * z[gap, column] + place * z[gap + 1, column]
    spread: Array = z.std(axis=0)
    return np.vstack([weights, -kinks]) / spread

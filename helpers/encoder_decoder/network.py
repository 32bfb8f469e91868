"""The encoder-decoder network, and what decides which linear piece an input is on."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from helpers.encoder_decoder.arguments import (
    check_channels,
    check_count,
    check_name,
    check_positive,
    check_size,
)
from helpers.encoder_decoder.convolutions import analyze, synthesize
from helpers.encoder_decoder.filters import (
    Filters,
    check_filters,
    filter_shapes,
    gaussian_filters,
)
from helpers.encoder_decoder.levels import Level, level_matrices
from helpers.encoder_decoder.poolings import (
    POOLINGS,
    average,
    choose,
    haar,
    spread,
    unaverage,
    unhaar,
)


@dataclass
class Trace:
    """What decided which linear piece of the network an input is on.

    Attributes:
        margins: one array [m, units] a step, in the order of the computation, of
            numbers whose signs decide: pre-activations, differences for a maximum.
        units: the pre-activations by kind ("skip", "low", "high", "decoder") and level
            (0-based; for "decoder" that of the features it makes), [m, n].
        gates: which units are open, by kind and level; "select" is which entries are
            the maximum of their block.
    """

    margins: list[Tensor] = field(default_factory=list)
    units: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    gates: dict[tuple[str, int], Tensor] = field(default_factory=dict)


class EncoderDecoder(nn.Module):
    r"""A convolutional encoder-decoder without biases, as in Ye & Sung 2019.

    Level l = 1..kappa has k_l channels. With circular convolutions conv_l (encoder),
    deconv_l and deconv^s_l (decoder), pooling Phi^T and ReLU phi:

        encoder  z = conv_l(h_(l-1)),   h_l = phi(Phi^T z),   h^s_l = phi(z)
        decoder  h~_(l-1) = phi(deconv_l(alpha Phi h~_l) + deconv^s_l(h^s_l)),

    h~_kappa = h_kappa; the last layer, which makes the output h~_0, is linear and the
    term with h^s_l is there with `skip` only. Positively homogeneous:
    f(t x) = t f(x), t >= 0.

    Poolings halve each axis of space, except "identity":

        identity  Phi = I
        average   Phi^T z = (z[2i] + z[2i+1]) / sqrt(2) along each axis
        haar      as average; the other Haar bands, after phi, go straight across to the
                  decoder of their level, which inverts the Haar step (Han & Ye 2018)
        max       the maximum of each block; the decoder repeats it over the block
        switch    the same, and the decoder puts it back where it was (0 elsewhere): not
                  continuous

    Args:
        size: N_0, samples of the signal, or (height, width) of the image.
        channels: (k_0, k_1, .., k_kappa).
        taps: m, length of the filters along each axis, at most the smallest size.
        pooling: one of the names above.
        skip: whether there are skip branches.
        activation: "relu" or "linear".
        alpha: gain of the unpooling, above 0.
        filters: filters of encoder and decoder for every level, copied; the skip branch
            gets the decoder's. None draws them from `seed`.
        seed: integer; filters are N(0, 2 / fan-in), where a skip branch doubles the
            fan-in of the decoder. Networks with and without skip share the encoder.
        dtype: type of the parameters.

    Raises:
        ValueError: an argument out of its range, filters that do not fit, or both
            `filters` and `seed` or neither.
    """

    def __init__(
        self,
        size: int | tuple[int, ...],
        channels: Sequence[int] = (1, 4, 8),
        taps: int = 3,
        *,
        pooling: str = "average",
        skip: bool = False,
        activation: str = "relu",
        alpha: float = 1.0,
        filters: Filters | None = None,
        seed: int | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        self.size = check_size(size)
        self.channels = check_channels(channels)
        self.taps = check_count("taps", taps)
        self.pooling = check_name("pooling", pooling, POOLINGS)
        self.activation = check_name("activation", activation, ("relu", "linear"))
        self.skip = bool(skip)
        self.alpha = check_positive("alpha", alpha)
        self._check_sizes()
        shapes = filter_shapes(self.channels, self.taps, len(self.size))
        if filters is None and seed is not None:
            seed = operator.index(seed)
            drawn = gaussian_filters(shapes, skip=self.skip, seed=seed)
            encoder, decoder, across = drawn
        elif filters is not None and seed is None:
            encoder, decoder = check_filters(filters, shapes)
            across = decoder
        else:
            raise ValueError("give either filters or seed, and not both")
        self.encoder = _parameters(encoder, dtype)
        self.decoder = _parameters(decoder, dtype)
        self.decoder_skip = _parameters(across * self.skip, dtype)

    @property
    def depth(self) -> int:
        """Number of levels, kappa."""
        return len(self.channels) - 1

    @property
    def sizes(self) -> list[tuple[int, ...]]:
        """Size of the signals h_l for l = 0..kappa."""
        factor = 1 if self.pooling == "identity" else 2
        return [
            tuple(n // factor**level for n in self.size)
            for level in range(self.depth + 1)
        ]

    @property
    def n_in(self) -> int:
        """Length n_0 of inputs and outputs, all channels together."""
        return self.channels[0] * math.prod(self.size)

    def forward(self, x: Tensor) -> Tensor:
        """Return f(x); x is [n_0] or [m, n_0], channel after channel, row after row.

        Raises:
            ValueError: another shape.
        """
        return self._run(x, None)

    def trace(self, x: Tensor) -> Trace:
        """Return what decides on which linear piece each input [m, n_0] is."""
        found = Trace()
        self._run(x, found)
        return found

    def levels(self) -> list[Level]:
        """Return the matrices of every level; sparse, in float64."""
        skips = list(self.decoder_skip) or [None] * self.depth
        every = zip(self.sizes[:-1], self.encoder, self.decoder, skips, strict=True)
        return [
            level_matrices(
                encode,
                decode,
                across,
                size=size,
                pooling=self.pooling,
                gain=self.alpha,
            )
            for size, encode, decode, across in every
        ]

    def resized(self, size: int | tuple[int, ...]) -> "EncoderDecoder":
        """Return a network with copies of these filters for signals of another size.

        Raises:
            ValueError: a size that does not fit the depth, or of other dimension.
        """
        if len(check_size(size)) != len(self.size):
            raise ValueError(f"size must have as many axes as {self.size}, got {size}")
        other = EncoderDecoder(
            size,
            self.channels,
            self.taps,
            pooling=self.pooling,
            skip=self.skip,
            activation=self.activation,
            alpha=self.alpha,
            filters=list(zip(self.encoder, self.decoder, strict=True)),
            dtype=self.encoder[0].dtype,
        )
        other.load_state_dict(self.state_dict())
        return other

    def _run(self, x: Tensor, trace: Trace | None) -> Tensor:
        if x.ndim not in (1, 2) or x.shape[-1] != self.n_in:
            raise ValueError(
                f"x must have shape [{self.n_in}] or [m, {self.n_in}], "
                f"got {list(x.shape)}"
            )
        h = x.reshape(-1, self.channels[0], *self.size)
        kept = []
        for level, filters in enumerate(self.encoder):
            z = analyze(h, filters)
            skip = self._gate(z, trace, ("skip", level)) if self.skip else None
            h, across = self._pool(z, trace, level)
            kept.append((skip, across))
        for level in reversed(range(self.depth)):
            skip, across = kept[level]
            z = synthesize(self._unpool(h, across), self.decoder[level])
            if skip is not None:
                z = z + synthesize(skip, self.decoder_skip[level])
            h = self._gate(z, trace, ("decoder", level)) if level else z
        return h.reshape(x.shape)

    def _gate(self, z: Tensor, trace: Trace | None, name: tuple[str, int]) -> Tensor:
        if self.activation == "linear":
            return z
        if trace is not None:
            flat = z.detach().flatten(1)
            trace.margins.append(flat)
            trace.units[name] = flat
            trace.gates[name] = flat > 0
        return z.relu()

    def _pool(
        self, z: Tensor, trace: Trace | None, level: int
    ) -> tuple[Tensor, Tensor | None]:
        """Return h_l, and what else the decoder of this level is given."""
        across = None
        if self.pooling == "average":
            z = average(z)
        elif self.pooling == "haar":
            bands = haar(z)
            z = bands[:, :, 0]
            across = self._gate(bands[:, :, 1:], trace, ("high", level))
        elif self.pooling in ("max", "switch"):
            z, across, margins = choose(z)
            if trace is not None:
                trace.margins += [margin.detach().flatten(1) for margin in margins]
                trace.gates["select", level] = across.flatten(1)
        return self._gate(z, trace, ("low", level)), across

    def _unpool(self, h: Tensor, across: Tensor | None) -> Tensor:
        if across is None:
            made = h if self.pooling == "identity" else unaverage(h)
        elif self.pooling == "haar":
            made = unhaar(torch.cat([h[:, :, None], across], dim=2))
        else:
            made = spread(h) if self.pooling == "max" else spread(h) * across
        return made if self.alpha == 1 else self.alpha * made

    def _check_sizes(self) -> None:
        block = 1 if self.pooling == "identity" else 2**self.depth
        if any(n % block for n in self.size):
            raise ValueError(
                f"size must be divisible by {block} ({self.depth} poolings), "
                f"got {self.size}"
            )
        if self.taps > min(self.sizes[-2]):
            raise ValueError(
                f"taps must be at most {min(self.sizes[-2])}, the smallest size that "
                f"is filtered, got {self.taps}"
            )


def read_inputs(network: EncoderDecoder, x: ArrayLike, name: str = "x") -> Tensor:
    """Return inputs as a tensor [m, n_0] of the network's type, or raise."""
    like = network.encoder[0]
    given = np.asarray(x)
    if given.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got {given.dtype}")
    points = torch.as_tensor(given).to(like)
    if points.ndim not in (1, 2) or points.shape[-1] != network.n_in:
        raise ValueError(
            f"{name} must have shape [{network.n_in}] or [m, {network.n_in}], "
            f"got {list(points.shape)}"
        )
    if not points.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return points.reshape(-1, network.n_in)


def _parameters(filters: Sequence[Tensor], dtype: torch.dtype) -> nn.ParameterList:
    return nn.ParameterList(nn.Parameter(part.to(dtype).clone()) for part in filters)

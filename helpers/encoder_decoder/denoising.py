"""Denoisers: networks trained to take noise off, and thresholds in a fixed frame."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import mse_loss, softshrink

from helpers.encoder_decoder.arguments import check_count, check_positive
from helpers.encoder_decoder.network import EncoderDecoder
from helpers.encoder_decoder.poolings import haar, unhaar
from helpers.training import train


def train_denoiser(
    network: EncoderDecoder,
    clean: Tensor,
    sigma: float,
    *,
    lr: float = 0.01,
    batch_size: int = 32,
    seed: int,
) -> EncoderDecoder:
    """Train one network to take noise off its signals, in one pass over them.

    `train_denoisers` for a single network.

    Args:
        network: trained in place.
        clean: signals [n, n_0].
        sigma: standard deviation of the noise, above 0.
        lr: learning rate.
        batch_size: signals a step.
        seed: integer; order and noise.

    Returns:
        The network.

    Raises:
        ValueError: an argument out of range.
        DivergedError: the loss is not finite.

    Cost: 1 s for 200 steps of 32 signals with 64 samples, 8 channels, 3 levels.
    """
    return train_denoisers(
        [network], clean[None], sigma, lr=lr, batch_size=batch_size, seed=seed
    )[0]


def train_denoisers(
    networks: Sequence[EncoderDecoder],
    clean: Tensor,
    sigma: float,
    *,
    lr: float = 0.01,
    batch_size: int = 32,
    epochs: int = 1,
    seed: int,
) -> list[EncoderDecoder]:
    """Train networks to take noise off their signals.

    Adam on the squared error; every batch gets new noise N(0, sigma^2). The filters
    that make the output begin a tenth as large, so that training starts near f = 0.
    The networks share nothing but the computation: each has its own signals and noise.

    Args:
        networks: of one architecture, trained in place.
        clean: signals of each, [networks, n, n_0].
        sigma: standard deviation of the noise, above 0.
        lr: learning rate.
        batch_size: signals a step.
        epochs: passes over the signals; the losses before and after cost two more.
        seed: integer; order and noise.

    Returns:
        The networks.

    Raises:
        ValueError: an argument out of range.
        DivergedError: a loss is not finite.

    Cost: 2 s for 4 networks and 200 steps of 32 signals with 64 samples, 8 channels, 3
    levels.
    """
    check_positive("sigma", sigma)
    if clean.ndim != 3 or len(clean) != len(networks):
        raise ValueError(
            f"clean must have shape [{len(networks)}, n, n_0], got {list(clean.shape)}"
        )
    with torch.no_grad():
        for network in networks:
            for filters in (*network.decoder[:1], *network.decoder_skip[:1]):
                filters *= 0.1
    stack = _SideBySide(networks)
    signals = clean.transpose(0, 1)
    train(
        stack,
        signals,
        signals,
        loss=lambda made, true: len(networks) * mse_loss(made, true),
        lr=lr,
        batch_size=batch_size,
        epochs=epochs,
        seed=seed,
        record_every=max(epochs, 1),
        augment=lambda x: x + sigma * torch.randn_like(x),
        progress=False,
    )
    stack.hand_back(networks)
    return list(networks)


class _SideBySide(nn.Module):
    """Networks of one architecture as one: from [m, networks, n_0] to the same."""

    def __init__(self, networks: Sequence[EncoderDecoder]) -> None:
        super().__init__()
        stacked, _ = stack_module_state(list(networks))
        self._names = list(stacked)
        self._filters = nn.ParameterList(
            nn.Parameter(part.detach()) for part in stacked.values()
        )
        # inside a function, its own filters are no parameters of this module
        self._one = partial(functional_call, networks[0])

    def forward(self, x: Tensor) -> Tensor:
        named = dict(zip(self._names, self._filters, strict=True))
        made: Tensor = vmap(self._one, in_dims=(0, 1), out_dims=1)(named, x)
        return made

    def hand_back(self, networks: Sequence[EncoderDecoder]) -> None:
        """Copy the filters into the networks they belong to."""
        for index, network in enumerate(networks):
            parts = [filters.detach()[index] for filters in self._filters]
            network.load_state_dict(dict(zip(self._names, parts, strict=True)))


def haar_threshold(y: Tensor, threshold: float, depth: int = 3) -> Tensor:
    """Denoise by soft thresholds on Haar coefficients (Donoho & Johnstone 1994).

    The orthonormal Haar transform of `depth` levels; every high band loses `threshold`
    in size, at most down to 0; back again. A fixed frame, for comparison.

    Args:
        y: a signal [n] or an image [height, width], sides divisible by 2^depth.
        threshold: 0 or more, in the units of y; for noise of standard deviation sigma
            about sigma to 3 sigma.
        depth: number of levels.

    Returns:
        The denoised signal or image.

    Raises:
        ValueError: an argument out of range.
    """
    check_count("depth", depth)
    if not threshold >= 0:
        raise ValueError(f"threshold must be >= 0, got {threshold!r}")
    if y.ndim not in (1, 2) or any(n % 2**depth for n in y.shape):
        raise ValueError(
            f"y must be a signal or image with sides divisible by {2**depth}, "
            f"got {list(y.shape)}"
        )
    return _shrunk(y[None, None], threshold, depth)[0, 0]


def _shrunk(z: Tensor, threshold: float, depth: int) -> Tensor:
    if not depth:
        return z
    bands = haar(z)
    low = _shrunk(bands[:, :, 0], threshold, depth - 1)
    high = softshrink(bands[:, :, 1:], threshold)
    return unhaar(torch.cat([low[:, :, None], high], dim=2))
